"""Sites that can't be read: each refusal says who must act, and none of them quotes the site."""

from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    Actor,
    Blocked,
    CrawlError,
    ParseError,
    PlatformDown,
    RateLimited,
    Scope,
)
from core.seams import CrawlRequest
from crawlers.websites import WebsiteCrawler, WebsiteOptions

NOW = datetime(2026, 3, 10, tzinfo=UTC)
CANARY = "canary-51c0ffee"


@pytest.mark.parametrize(
    ("name", "answer", "error", "said"),
    [
        ("login", (401, {}, b""), AccountPrivate, "401"),
        ("forbidden", (403, {}, b""), Blocked, "403"),
        ("challenge", (503, {"cf-mitigated": "challenge"}, b"<title>Just a moment...</title>"), Blocked, "challenge"),
        ("nothing", (404, {}, b""), AccountNotFound, "404"),
        ("broken", (500, {}, b""), PlatformDown, "500"),
        ("away", (301, {"Location": f"http://other.example.net/{CANARY}"}, b""), AccountNotFound, "moved"),
        ("inside", (302, {"Location": "http://127.0.0.1:9/"}, b""), AccountNotFound, "moved"),
        ("round", (302, {"Location": "/"}, b""), ParseError, "redirects"),
        (
            "bomb",
            (200, {"Content-Encoding": "gzip", "Content-Type": "text/html"}, gzip.compress(b" " * 20_000_000)),
            ParseError,
            "larger",
        ),
        ("large", (200, {"Content-Type": "text/html"}, b" " * 9_000_000), ParseError, "larger"),
        ("empty", (200, {"Content-Type": "text/html"}, b"<html><body></body></html>"), ParseError, "nothing"),
    ],
)
def test_each_refusal_says_who_must_act(
    web: Any, crawl_night: Any, name: str, answer: Any, error: type[CrawlError], said: str
) -> None:
    web.answers[f"{name}.example.org/"] = answer
    found = crawl_night(f"{name}.example.org").error
    assert type(found) is error
    assert said in str(found)
    assert "example" not in str(found)
    assert CANARY not in repr(found)


def test_a_site_that_asks_us_to_wait_stops_only_itself(web: Any, crawl_night: Any) -> None:
    web.put("wait.example.org/", "", status=429, Retry_After="120")
    found = crawl_night("wait.example.org").error
    assert isinstance(found, RateLimited)
    assert found.until == NOW + timedelta(seconds=120)
    assert (found.scope, found.actor) == (Scope.ACCOUNT, Actor.NOBODY)


def test_robots_txt_is_obeyed_before_anything_is_read(web: Any, crawl_night: Any) -> None:
    web.home("robots.example.org")
    web.put("robots.example.org/robots.txt", "User-agent: NightRounds\nDisallow: /", "text/plain")
    found = crawl_night("robots.example.org").error
    assert isinstance(found, Blocked)
    assert "robots.txt" in str(found)
    assert web.asked_of("robots.example.org") == ["/robots.txt"]


def test_nothing_of_a_site_reaches_logs_or_the_terminal(
    web: Any, crawl_night: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    host = f"{CANARY}.example.org"
    web.home(host, f"/{CANARY}")
    item = f"<item><guid>{CANARY}</guid><title>{CANARY}</title><link>/{CANARY}/x</link></item>"
    rss = f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>"
    web.put(f"{host}/{CANARY}", rss, "application/rss+xml")
    with caplog.at_level(logging.DEBUG):
        night = crawl_night(host)
    assert "a listed article is not there" in night.notes
    said = caplog.text + "".join(capfd.readouterr()) + night.notes + repr(night.pages)
    assert "requests" in caplog.text
    assert CANARY not in said


@pytest.mark.parametrize(
    "handle", ["blog.example.org", "ftp://blog.example.org/", "", "http://", f"http://{CANARY}\n.example.org/"]
)
def test_a_handle_that_is_no_address(account: Any, handle: str) -> None:
    with pytest.raises(AccountNotFound) as caught:
        list(WebsiteCrawler(WebsiteOptions(), clock=lambda: NOW).crawl(CrawlRequest(account=account(handle))))
    assert CANARY not in str(caught.value)


def test_a_host_name_may_be_in_any_script(job_for: Any) -> None:
    assert job_for("bücher.example.org").base_url == "http://xn--bcher-kva.example.org/"


@pytest.mark.parametrize("target", ["http://10.0.0.1:80", "https://127.0.0.1:80", "http://example.org:80", "x"])
def test_only_loopback_may_stand_in_for_a_site(target: str) -> None:
    with pytest.raises(ValidationError):
        WebsiteOptions(rebase={"http://blog.example.org": target})
