"""What Reddit can refuse and who is then to act; the login that is renewed; where secrets must not stand."""

from __future__ import annotations

import base64
import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from crawled import crawlers_of

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    Blocked,
    ParseError,
    PlatformDown,
    RateLimited,
)
from core.seams import CrawlRequest
from crawlers.reddit import RedditCrawler

SECRET = "an-invented-secret"
TOKEN = "invented-access-token"
AGENT = "linux:org.example.rounds:1.0 (by /u/me)"
LOGIN = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "*"}
ABOUT = {"kind": "t2", "data": {"id": "8hbrcl", "name": "harbor_clinic", "subreddit": {"title": "Harbor"}}}
EMPTY = {"kind": "Listing", "data": {"after": None, "children": []}}


@pytest.fixture
def make_crawler(loopback, clock):
    login = {"client_id": "an-id", "client_secret": SECRET, "user_agent": AGENT}
    with crawlers_of(RedditCrawler, clock, **login, base_url=loopback.url, timeout=5) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("reddit", "u/harbor_clinic")


def answering(loopback: Any, about: Any = ABOUT, login: Any = LOGIN, listing: Any = EMPTY) -> None:
    replies = [one if isinstance(one, loopback.Reply) else loopback.Reply(one) for one in (login, about, listing)]

    def answer(asked: Any) -> Any:
        return replies[0 if asked.path.endswith("access_token") else 1 if asked.path.endswith("about") else 2]

    loopback.answer = answer


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, {"message": "Unauthorized", "error": 401}, AuthError, "login that it has just given"),
        (403, {"message": "Forbidden", "error": 403, "reason": "private"}, AccountPrivate, "does not show"),
        (403, b"<html>whoa there, pardner!", Blocked, "in place of data"),
        (200, b"<html>log in", Blocked, "in place of data"),
        (404, {"message": "Not Found", "error": 404}, AccountNotFound, "no such account"),
        (451, {"message": "Unavailable", "error": 451}, AccountPrivate, "withholds"),
        (400, {"message": "Bad Request", "error": 400}, ParseError, "refused the question"),
        (500, {"message": "x"}, PlatformDown, "out of order"),
        (502, b"<html>", PlatformDown, "out of order"),
        (302, b"", ParseError, "redirect"),
        (200, {"kind": "t2", "data": {"name": "harbor_clinic", "is_suspended": True}}, AccountPrivate, "suspended"),
        (200, {"kind": "t2", "data": {"name": "../x", "id": "a"}}, ParseError, "id, name"),
        (200, [], ParseError, "no JSON object"),
    ],
)
def test_each_refusal_is_told_apart(make_crawler, account, loopback, status, body, error, words):
    media_type = "text/html" if isinstance(body, bytes) else "application/json; charset=UTF-8"
    answering(
        loopback, loopback.Reply(body, status, {"Location": "https://evil.example/"} if status == 302 else {}, media_type)
    )
    with pytest.raises(error, match=words) as caught:
        list(make_crawler().crawl(CrawlRequest(account=account)))
    assert not [secret for secret in (SECRET, TOKEN, "harbor") if secret in str(caught.value)]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"message": "Unauthorized", "error": 401}, AuthError),
        (400, {"message": "Bad Request", "error": 400}, AuthError),
        (200, {"error": "unsupported_grant_type"}, AuthError),
        (429, {"message": "Too Many Requests", "error": 429}, RateLimited),
        (503, {}, PlatformDown),
        (404, {}, ParseError),
        (200, b"<html>", Blocked),
        (200, {"access_token": "", "expires_in": 3600, "scope": "*"}, ParseError),
        (200, {"access_token": TOKEN, "expires_in": "soon", "scope": "*"}, ParseError),
        (200, {}, ParseError),
    ],
)
def test_a_refused_login_asks_nothing_more(make_crawler, account, loopback, status, body, error):
    media_type = "text/html" if isinstance(body, bytes) else "application/json"
    answering(loopback, login=loopback.Reply(body, status, {}, media_type))
    with pytest.raises(error):
        list(make_crawler().crawl(CrawlRequest(account=account)))
    assert {asked.path for asked in loopback.asked} == {"/api/v1/access_token"}


def test_a_login_that_reddit_has_ended_is_renewed_once(make_crawler, account, loopback):
    replies = [loopback.Reply(LOGIN), loopback.Reply({"error": 401}, 401), loopback.Reply(LOGIN), loopback.Reply(ABOUT)]
    loopback.answer = lambda _: replies.pop(0) if replies else loopback.Reply(EMPTY)
    assert len(list(make_crawler().crawl(CrawlRequest(account=account)))) == 3


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Ratelimit-Reset": "240"}, 240),
        ({"X-Ratelimit-Reset": "240.7"}, 240),
        ({"Retry-After": "90"}, 90),
        ({"X-Ratelimit-Reset": "-5"}, None),
        ({}, None),
    ],
)
def test_a_rate_limit_says_until_when(make_crawler, account, loopback, clock, headers, wait):
    answering(loopback, loopback.Reply({"message": "Too Many Requests", "error": 429}, 429, headers))
    with pytest.raises(RateLimited) as caught:
        list(make_crawler().crawl(CrawlRequest(account=account)))
    assert caught.value.until == (clock.now + timedelta(seconds=wait) if wait else None)
    assert len(loopback.asked) == 2


def test_it_stops_before_the_limit_is_passed_and_never_sleeps_in_the_library(make_crawler, account, loopback, clock):
    spent = {"X-Ratelimit-Used": "599", "X-Ratelimit-Remaining": "1.0", "X-Ratelimit-Reset": "300"}
    answering(loopback, loopback.Reply(ABOUT, 200, spent))
    crawler = make_crawler()
    crawl = crawler.crawl(CrawlRequest(account=account))
    began = time.monotonic()
    next(crawl)
    with pytest.raises(RateLimited) as caught:
        next(crawl)
    assert caught.value.until == clock.now + timedelta(minutes=5)
    clock.move(minutes=6)
    answering(loopback)
    assert list(crawler.crawl(CrawlRequest(account=account)))
    assert time.monotonic() - began < 3


def test_one_server_error_is_asked_again_by_us_alone(make_crawler, account, loopback):
    began = time.monotonic()
    replies = [loopback.Reply(LOGIN), loopback.Reply(b"", 503), loopback.Reply(ABOUT)]
    loopback.answer = lambda _: replies.pop(0) if replies else loopback.Reply(EMPTY)
    assert len(list(make_crawler().crawl(CrawlRequest(account=account)))) == 3
    assert len(loopback.asked) == 5
    assert time.monotonic() - began < 1.5, "the library's own retries sleep for seconds"


@pytest.mark.parametrize("fault", ["drip", "cut", "huge", "closed"])
def test_what_goes_wrong_on_the_way_is_the_platforms_or_too_much(make_crawler, account, loopback, monkeypatch, fault):
    reply = {
        "drip": loopback.Reply(b"{" + b" " * 900, drip=0.02),
        "cut": loopback.Reply(b'{"id": "4', cut=True),
        "huge": loopback.Reply(b"x" * 200_000),
        "closed": loopback.Reply(b""),
    }[fault]
    answering(loopback, reply)
    monkeypatch.setattr("crawlers._rebase.MAX_BODY", 100_000)
    crawler = make_crawler(timeout=0.3)
    if fault == "closed":
        loopback.close()
    with pytest.raises(ParseError if fault == "huge" else PlatformDown) as caught:
        list(crawler.crawl(CrawlRequest(account=account)))
    assert "client library failed" not in str(caught.value)


@pytest.mark.parametrize("handle", ["r/nyc", "/r/nyc", "r/nyc/"])
def test_a_community_is_refused_in_plain_words(make_crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound, match="community"):
        list(make_crawler().crawl(CrawlRequest(account=make_account("reddit", handle))))
    assert loopback.asked == []


@pytest.mark.parametrize(
    "handle", ["", "u/", "u/ab", "u/a/../b", "u/é3x", "u/" + "x" * 21, "https://www.reddit.com/u/x", "a b c", "u/x?y=1"]
)
def test_a_handle_that_can_not_be_is_never_asked_for(make_crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound):
        list(make_crawler().crawl(CrawlRequest(account=make_account("reddit", handle))))
    assert loopback.asked == []


@pytest.mark.parametrize("handle", ["u/Harbor_Clinic", "/u/harbor_clinic", "harbor_clinic"])
def test_a_handle_keeps_the_form_in_which_it_was_listed(make_crawler, make_account, loopback, handle):
    answering(loopback)
    page = next(make_crawler().crawl(CrawlRequest(account=make_account("reddit", handle))))
    assert page.handle.casefold() == handle.casefold()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_id": ""}, "CLIENT_ID"),
        ({"client_secret": " "}, "CLIENT_SECRET"),
        ({"client_secret": None}, "CLIENT_SECRET"),
        ({"user_agent": ""}, "USER_AGENT"),
        ({"user_agent": "Mozilla/5.0 (Windows NT 10.0)"}, "USER_AGENT"),
    ],
)
def test_without_credentials_or_an_honest_name_it_says_what_to_do(make_crawler, account, loopback, options, words):
    crawler = make_crawler(**options)
    assert f"NIGHTROUNDS_PLATFORMS__REDDIT__{words}" in crawler.missing_credentials()
    with pytest.raises(AuthError, match=words):
        list(crawler.crawl(CrawlRequest(account=account)))
    assert loopback.asked == []
    assert make_crawler().missing_credentials() == ""


def test_the_secrets_stand_in_headers_and_nowhere_else(make_crawler, account, loopback, caplog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_username", "somebody")
    (tmp_path / "praw.ini").write_text("[DEFAULT]\nusername=somebody\npassword=else\nrefresh_token=planted\n")
    caplog.set_level(logging.DEBUG)
    basic = base64.b64encode(f"an-id:{SECRET}".encode()).decode()
    echo = {"kind": "t2", "data": {**ABOUT["data"], "subreddit": {"title": f"{TOKEN} {SECRET} {basic}"}}}
    answering(loopback, echo)
    crawler = make_crawler()
    pages = list(crawler.crawl(CrawlRequest(account=account)))
    login, *rest = loopback.asked
    assert (login.headers["authorization"], login.body) == (f"Basic {basic}", b"grant_type=client_credentials")
    assert {asked.headers["authorization"] for asked in rest} == {f"bearer {TOKEN}"}
    assert all(asked.headers["user-agent"].startswith(AGENT) for asked in loopback.asked)
    shown = "".join(f"{raw.url} {raw.headers} {raw.body!r}" for page in pages for raw in page.raw)
    shown += caplog.text + repr(crawler.options) + pages[0].profile.display_name
    assert not [secret for secret in (TOKEN, SECRET, basic) if secret in shown]
    assert "REDACTED" in shown
    assert "harbor" not in caplog.text
    assert pages[0].raw[0].collector.startswith("reddit 1, praw 8.")
