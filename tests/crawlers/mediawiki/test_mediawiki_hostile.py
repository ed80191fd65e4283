"""Wikis whose clock is wrong, or that answer without end: nothing is lost, and every crawl ends."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from core.errors import ParseError, PlatformDown, RateLimited
from core.records import Cursor
from crawlers._mediawiki import client
from crawlers._mediawiki.wikitext import plain_text


def spoil(wiki: Any, concerned: Any, change: Any) -> None:
    """Answers to questions that are `concerned` pass through `change`."""
    honest = wiki.answer

    def answer(asked: Any) -> Any:
        reply = honest(asked)
        return change(reply.body, asked.query) or reply if concerned(asked.query) else reply

    wiki.loopback.answer = answer


def is_list(name: str) -> Any:
    return lambda query: query.get("list") == name


@pytest.mark.parametrize("days", [2, 365])
def test_a_wiki_whose_clock_was_ahead_for_a_night_is_read_on(wiki, crawls, days):
    wiki.write("first", "words")
    crawls.night()

    def skew(body: Any, _query: Any) -> None:
        body["query"]["general"]["time"] = (wiki.clock.now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    spoil(wiki, lambda query: "siteinfo" in query["meta"], skew)
    crawls.night()
    wiki.loopback.answer = wiki.answer
    for number in range(3):
        wiki.write(f"Page {number}", "words")
        night = crawls.night()
        assert (set(night.posts), night.notes) == ({f"Page {number}"}, [])


@pytest.mark.parametrize("name", ["read_until", "walked_at", "started_at"])
def test_a_time_that_has_not_come_yet_is_not_believed(wiki, crawls, name):
    wiki.write("first", "words")
    crawls.night()
    wiki.write("second", "words", silently=True)
    state = dict(crawls.cursor.state)
    ahead = wiki.now + 365 * 86_400
    if name == "started_at":
        state["walk"] = {"started_at": ahead, "namespaces": [0, 6], "at": 2, "place": {}, "has_gaps": False}
    else:
        state[name] = ahead
    crawls.cursor = Cursor(state)
    night = crawls.night()
    assert set(night.posts) == {"first", "second"}
    assert night.notes == ["this wiki's clock, or ours, was ahead at an earlier crawl: all pages are read again"]
    assert (crawls.night().told, crawls.night().notes) == ([], [])


def test_lines_of_a_time_to_come_do_not_move_us_there(wiki, crawls):
    crawls.night()
    wiki.write("from the future", "words")
    wiki.lines[-1]["timestamp"] = "2029-01-01T00:00:00Z"
    assert set(crawls.night().posts) == {"from the future"}
    wiki.write("from today", "words")
    assert "from today" in crawls.night().posts


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"batchcomplete": True},
        {"batchcomplete": True, "query": {"recentchanges": {}}},
        {"query": {"recentchanges": []}},
        {"batchcomplete": True, "query": {"recentchanges": [{}] * 501}},
        {"batchcomplete": True, "query": {"recentchanges": []}, "continue": {"rccontinue": "0", "continue": "-||"}},
    ],
    ids=["empty", "no list", "an object", "neither end nor place", "too long", "a loop"],
)
def test_what_is_no_list_of_changes_is_not_taken_for_an_empty_one(wiki, crawls, answer):
    crawls.night()
    wiki.write("new", "words")
    spoil(wiki, is_list("recentchanges"), lambda _body, _query: wiki.loopback.Reply(answer))
    assert isinstance(crawls.night().error, ParseError)
    wiki.loopback.answer = wiki.answer
    assert set(crawls.night().posts) == {"new"}


def test_a_log_of_deletions_without_end_is_left_at_the_limit_and_said_so(wiki, crawls):
    wiki.write("kept", "as it was")
    crawls.night()
    wiki.clock.move(days=20)
    wiki.recent_from = wiki.now
    places = iter(range(10_000))

    def go_on(body: Any, _query: Any) -> None:
        body["continue"] = {"lecontinue": str(next(places)), "continue": "-||"}

    spoil(wiki, is_list("logevents"), go_on)
    night = crawls.night(max_pages=9)
    assert night.error is None
    assert [note for note in night.notes if note.startswith("page limit reached in the log of deletions")]
    assert next(places) < 10


def test_an_answer_with_more_pages_or_bytes_than_asked_for_is_refused(wiki, crawls, monkeypatch):
    def more(body: Any, _query: Any) -> None:
        body["query"]["pages"] = [{"pageid": number} for number in range(1, 502)]

    spoil(wiki, lambda query: query.get("generator") == "allpages", more)
    assert isinstance(crawls.night().error, ParseError)

    monkeypatch.setattr(client, "_MOST_BYTES", 20_000)
    wiki.write("large", "words " * 4000)
    wiki.loopback.answer = wiki.answer
    assert isinstance(crawls.night().error, ParseError)


def test_revisions_of_one_page_do_not_pile_up(wiki, crawls):
    wiki.write("Page", "words")
    parts = iter(range(10_000))

    def pile(body: Any, _query: Any) -> None:
        body.pop("batchcomplete")
        body["continue"] = {"rvcontinue": str(next(parts)), "continue": "||"}
        body["query"]["pages"][0]["revisions"] = [{"revid": number} for number in range(300)]

    spoil(wiki, lambda query: "revisions" in query.get("prop", ""), pile)
    assert isinstance(crawls.night().error, ParseError)
    assert next(parts) == 2


def test_all_waits_of_a_crawl_together_are_bounded(wiki, crawls):
    for number in range(30):
        wiki.write(f"Page {number}", "words")
    turns: dict[str, int] = {}

    def busy(_body: Any, query: Any) -> Any:
        key = str(sorted(query.items()))
        turns[key] = turns.get(key, 0) + 1
        return wiki.loopback.Reply(b"", 503, {"Retry-After": "59"}) if turns[key] % 3 else None

    spoil(wiki, lambda _query: True, busy)
    night = crawls.night(page_size=1)
    assert isinstance(night.error, RateLimited)
    assert sum(crawls.slept) <= client._LONGEST_ALTOGETHER
    wiki.loopback.answer = wiki.answer
    assert len({**night.posts, **crawls.night().posts}) == 30


def test_a_place_that_cannot_be_sent_back_is_not_kept(wiki, crawls):
    wiki.page_cap = 1
    wiki.write("one", "words")
    wiki.write("two", "words")

    def odd(body: Any, _query: Any) -> None:
        if "continue" in body:
            body["continue"]["gapcontinue"] = "a\ud800b"

    spoil(wiki, lambda query: query.get("generator") == "allpages", odd)
    assert isinstance(crawls.night().error, ParseError)
    wiki.loopback.answer = wiki.answer
    assert set(crawls.night().posts) == {"one", "two"}


def test_a_stored_place_that_the_wiki_refuses_is_left_for_the_top(wiki, crawls):
    wiki.page_cap = 1
    for number in range(4):
        wiki.write(f"Page {number}", "words")
    assert len(crawls.night(max_pages=3).posts) < 4
    state = dict(crawls.cursor.state)
    state["walk"] = {**state["walk"], "place": {"gapcontinue": "broken", "continue": "gapcontinue||"}}
    crawls.cursor = Cursor(state)
    refusal = {"error": {"code": "invalidtitle"}}
    wiki.loopback.answer = lambda asked: (
        wiki.loopback.Reply(refusal) if asked.query.get("gapcontinue") == "broken" else wiki.answer(asked)
    )
    night = crawls.night()
    assert (night.error, len(night.posts)) == (None, 4)


def test_a_visit_whose_questions_took_too_long_ends(wiki, crawls, monkeypatch):
    wiki.write("Page", "words")
    monkeypatch.setattr("crawlers._exchange.VISIT_SECONDS", -1.0)
    night = crawls.night()
    assert isinstance(night.error, PlatformDown)
    assert wiki.loopback.asked == []
    monkeypatch.undo()
    assert set(crawls.night().posts) == {"Page"}


@pytest.mark.parametrize(
    "wikitext",
    [
        "[[File:a|" + "1" * 100_000 + "]]",
        "<gallery>\nA|" + "1" * 100_000 + "\n</gallery>",
        "[http://" + "a" * 100_000,
        "[tel:" * 20_000,
    ],
    ids=["size of a picture", "in a gallery", "an address without its end", "many of them"],
)
def test_no_page_takes_long_to_read(wikitext):
    began = time.process_time()
    plain_text(wikitext)
    assert time.process_time() - began < 2
    assert plain_text("[[File:A.png|120px|x80px|3x4 px|a door]]").text == "a door"
    assert plain_text("[https://one.example/a the <b>way</b>] [tel:5550100]").text == "the way 5550100"
