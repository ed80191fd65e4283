"""What a wiki refuses, breaks or hides: the right error or note, the right wait, and nothing that leaks."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.errors import AccountNotFound, AccountPrivate, Blocked, ParseError, PlatformDown, RateLimited, Scope
from crawlers._mediawiki.client import _LONGEST_WAIT
from crawlers.mediawiki import MediaWikiCrawler, MediaWikiOptions

HTML = {"media_type": "text/html; charset=utf-8"}
SECRET_TITLE = "Zinnia Quillfeather"


def refused(code: str) -> dict:
    return {"error": {"code": code, "info": f"A long story about {SECRET_TITLE}.", "docref": "See api.php."}}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"body": refused("readapidenied")}, AccountPrivate),
        ({"body": refused("internal_api_error_DBQueryError")}, PlatformDown),
        ({"body": refused("unknown_action")}, ParseError),
        ({"body": refused("ratelimited")}, RateLimited),
        ({"body": {"error": ["odd"]}}, ParseError),
        ({"body": {"error": {"code": "<b>odd</b>"}}}, ParseError),
        ({"body": {"batchcomplete": True, "query": {"general": {}}}}, ParseError),
        ({"body": {"query": {"pages": {"1": {}}}}}, ParseError),
        ({"body": {"continue": {"Z": 1}}}, ParseError),
        ({"body": [1]}, ParseError),
        ({"body": b"{", "status": 200}, ParseError),
        ({"body": b"", "status": 429}, RateLimited),
        ({"body": b"", "status": 503}, PlatformDown),
        ({"body": b"", "status": 503, "headers": {"Retry-After": "900"}}, RateLimited),
        ({"body": b"<html>", "status": 502, **HTML}, PlatformDown),
        ({"body": b"<html>", "status": 401, **HTML}, AccountPrivate),
        ({"body": b"<html>", "status": 403, **HTML}, Blocked),
        ({"body": b"<html>", "status": 404, **HTML}, AccountNotFound),
        ({"body": b"<html>Are you a robot?", "status": 200, **HTML}, AccountNotFound),
        ({"body": b"", "status": 301, "headers": {"Location": "https://wiki.example.org/api.php"}}, ParseError),
    ],
)
def test_a_refusal_is_the_right_error(wiki, crawls, reply, error, caplog):
    caplog.set_level(logging.DEBUG)
    wiki.loopback.reply_with(wiki.loopback.Reply(**reply))
    night = crawls.night()
    assert isinstance(night.error, error)
    told = "".join(traceback.format_exception(night.error)) + caplog.text
    assert SECRET_TITLE not in told
    assert "wiki.example.org" not in told


def test_a_web_page_where_the_api_was_is_a_wall_and_no_missing_wiki(wiki, crawls):
    crawls.night()
    wiki.loopback.reply_with(wiki.loopback.Reply(b"<html>Are you a robot?</html>", 200, **HTML))
    assert type(crawls.night().error) is Blocked
    wiki.loopback.reply_with(wiki.loopback.Reply(b"<html>Gone</html>", 404, **HTML))
    assert type(crawls.night().error) is AccountNotFound


def test_a_lagging_wiki_is_waited_for(wiki, crawls):
    wiki.write("Page", "words")
    lag = wiki.loopback.Reply(refused("maxlag"), headers={"Retry-After": "7", "X-Database-Lag": "9"})
    left = [lag, lag]
    sound = wiki.answer
    wiki.loopback.answer = lambda asked: left.pop() if left else sound(asked)
    night = crawls.night()
    assert (night.error, set(night.posts)) == (None, {"Page"})
    assert crawls.slept == [7.0, 7.0]
    assert {asked.query["maxlag"] for asked in wiki.loopback.asked} == {"5"}


def test_a_wiki_that_lags_on_is_left_with_the_time_that_it_named(wiki, crawls, clock):
    wiki.loopback.reply_with(wiki.loopback.Reply(refused("maxlag"), headers={"Retry-After": "30", "X-Database-Lag": "99"}))
    night = crawls.night()
    assert isinstance(night.error, RateLimited)
    assert night.error.until == clock.now + timedelta(seconds=30)
    assert len(wiki.loopback.asked) == 3


def test_a_long_wait_is_the_schedulers_business(wiki, crawls, clock):
    wiki.loopback.reply_with(wiki.loopback.Reply(b"", 429, {"Retry-After": str(int(_LONGEST_WAIT) + 1)}))
    night = crawls.night()
    assert isinstance(night.error, RateLimited)
    assert crawls.slept == []
    assert len(wiki.loopback.asked) == 1


def test_a_wiki_stops_no_other(crawls, make_account):
    one, two = make_account("mediawiki", "https://a.example/"), make_account("mediawiki", "https://b.example/")
    crawler = crawls.crawler()
    assert RateLimited.scope is Scope.CREDENTIAL
    assert crawler.credential_of(one) != crawler.credential_of(two)
    assert "example" not in crawler.credential_of(one)
    assert crawler.missing_credentials() == ""


def test_a_failure_in_the_middle_keeps_what_was_read(wiki, crawls):
    for number in range(6):
        wiki.write(f"Page {number}", "words")
    sound = wiki.answer
    down = wiki.loopback.Reply(b"", 500)
    wiki.loopback.answer = lambda asked: down if "gapcontinue" in asked.query else sound(asked)
    one = crawls.night(page_size=3)
    assert isinstance(one.error, PlatformDown)
    assert len(one.posts) == 3
    wiki.loopback.answer = sound
    two = crawls.night(page_size=3)
    assert len({**one.posts, **two.posts}) == 6


def test_a_challenge_page_in_the_middle_is_a_wall(wiki, crawls):
    wiki.write("Page", "words")
    sound, wall = wiki.answer, wiki.loopback.Reply(b"<html>Are you a robot?</html>", 200, **HTML)
    wiki.loopback.answer = lambda asked: wall if "generator" in asked.query else sound(asked)
    night = crawls.night()
    assert type(night.error) is Blocked
    assert night.told == []


def test_a_page_not_understood_costs_itself_and_is_looked_up_until_it_is(wiki, crawls):
    bad = wiki.write("broken at first", "words")
    wiki.write("sound", "words")
    wiki.spoiled.add(bad)
    one = crawls.night()
    assert (set(one.posts), one.notes[0]) == ({"sound"}, "1 post not understood")
    assert crawls.night().notes == ["1 post not understood"]
    wiki.spoiled.clear()
    three = crawls.night()
    assert (set(three.posts), three.notes) == ({"broken at first"}, [])
    assert crawls.night().told == []


def test_a_page_that_went_before_it_was_understood_is_told_once(wiki, crawls):
    bad = wiki.write("broken", "words")
    wiki.spoiled.add(bad)
    crawls.night()
    wiki.pages[bad]["gone"] = True
    assert crawls.night().notes == ["1 post gone before being understood"]
    assert crawls.night().notes == []


def test_a_change_not_understood_is_said_and_read_again(wiki, crawls):
    crawls.night()
    wiki.write("told well", "words")
    wiki.write("told badly", "words")
    wiki.lines[-1]["pageid"] = "two"
    one = crawls.night()
    assert (set(one.posts), one.notes) == ({"told well"}, ["1 changes not understood"])
    wiki.lines[-1]["pageid"] = 2
    two = crawls.night()
    assert (set(two.posts), two.notes) == ({"told badly"}, [])


def test_a_place_that_the_wiki_forgot_begins_the_namespace_anew(wiki, crawls):
    for number in range(6):
        wiki.write(f"Page {number}", "words")
    crawls.night(page_size=3, max_pages=2)
    sound = wiki.answer
    wiki.loopback.answer = lambda asked: (
        wiki.loopback.Reply(refused("badcontinue")) if asked.query.get("gapcontinue") == "4" else sound(asked)
    )
    night = crawls.night(page_size=5)
    assert len(night.posts) == 6


def test_what_holds_no_text_or_is_too_large_is_counted(wiki, crawls):
    wiki.write("A board", '{"flow": 1}', model="flow-board")
    wiki.write("Data", '{"beds": 12}', model="json")
    wiki.write("Endless", "word " * 900_000)
    night = crawls.night()
    assert {title: post.text for title, post in night.posts.items()} == {"Data": '{"beds": 12}'}
    assert night.notes == ["2 too large or of a content model that can't be read left out"]


def test_large_pages_are_asked_for_in_groups(wiki, crawls):
    for number in range(5):
        wiki.write(f"Page {number}", "word " * 200_000)
    night = crawls.night()
    assert len(night.posts) == 5
    asked = [one.query["pageids"] for one in wiki.loopback.asked if "revisions" in one.query.get("prop", "")]
    assert asked[:3] == ["1|2", "3|4", "5"]


def test_an_answer_spread_over_many_parts_is_put_together(wiki, crawls):
    page = wiki.write("Page", "words")
    wiki.write("Other", "words")
    sound = wiki.answer

    def in_parts(asked):
        reply = sound(asked)
        if "revisions" in asked.query.get("prop", "") and "pageids" in asked.query:
            first = "rvcontinue" not in asked.query
            pages = reply.body["query"]["pages"]
            reply.body["query"]["pages"] = [
                p if (p["pageid"] == page) == first else {k: p[k] for k in p if k != "revisions"} for p in pages
            ]
            if first:
                reply.body.pop("batchcomplete")
                reply.body["continue"] = {"rvcontinue": "2", "continue": "||"}
        return reply

    wiki.loopback.answer = in_parts
    assert set(crawls.night().posts) == {"Page", "Other"}


def test_the_cursor_of_another_wiki_or_of_none_is_not_used(wiki, crawls):
    wiki.write("Page", "words")
    crawls.night()
    state = dict(crawls.cursor.state)
    for junk in (
        {"native_id": "other"},
        {"read_until": "x"},
        {"told": [[1]], "outstanding": 3, "walk": {"place": 1}, "namespaces": 0},
    ):
        crawls.cursor = type(crawls.cursor)(json.loads(json.dumps(state | junk)))
        assert crawls.night().error is None
    crawls.cursor = type(crawls.cursor)({})
    assert set(crawls.night().posts) == {"Page"}


@pytest.mark.parametrize(
    ("handle", "error"),
    [
        ("wiki.harbor.example", AccountNotFound),
        ("ftp://wiki.example.org/", AccountNotFound),
        ("https://wiki.example.org/#User:Someone", AccountNotFound),
        ("https://wiki.example.org:8080/", Blocked),
        ("https://a:b@wiki.example.org/", Blocked),
        ("http://127.0.0.1/", Blocked),
        ("http://2130706433/", Blocked),
        ("http://[::1]/w/api.php", Blocked),
        ("http://169.254.169.254/", Blocked),
    ],
)
def test_an_address_that_must_not_be_asked_is_not(handle, error, crawls, make_account):
    crawls.account = make_account("mediawiki", handle)
    night = crawls.night(base_url="")
    assert type(night.error) is error
    assert handle not in str(night.error)


def test_the_api_is_looked_for_once_and_remembered(wiki, crawls, make_account):
    crawls.account = make_account("mediawiki", "http://wiki.example.org/guide/Main_Page")
    wiki.write("Page", "words")
    assert set(crawls.night().posts) == {"Page"}
    paths = [asked.path for asked in wiki.loopback.asked]
    assert paths[:4] == ["/guide/api.php", "/guide/w/api.php", "/w/api.php", "/api.php"]
    wiki.loopback.asked.clear()
    crawls.night()
    assert {asked.path for asked in wiki.loopback.asked} == {"/api.php"}
    assert {asked.headers["host"] for asked in wiki.loopback.asked} == {"wiki.example.org"}


def test_we_say_who_we_are(wiki, crawls):
    crawls.night(contact_url="https://harbor.example/crawler")
    agent = wiki.loopback.asked[0].headers["user-agent"]
    assert agent.startswith("NightRounds (+https://harbor.example/crawler) mwclient/")


@pytest.mark.parametrize(
    "wrong", [{"base_url": "http://elsewhere.example"}, {"namespaces": [-1]}, {"page_size": 51}, {"rebase": {}}]
)
def test_a_wrong_option_is_refused(wrong):
    with pytest.raises(ValidationError):
        MediaWikiOptions(**wrong)


def test_the_crawler_tells_of_itself():
    assert MediaWikiCrawler.platform == "mediawiki"
    assert MediaWikiCrawler.about.credentials == "none"
