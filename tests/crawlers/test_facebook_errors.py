"""What Graph's error codes and outages become, how often they are asked again, and that nothing of them leaks."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from canary import assert_says_nothing
from pydantic import ValidationError

from core.errors import (
    AccountNotFound,
    Actor,
    AuthError,
    Blocked,
    BudgetExhausted,
    CrawlError,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
    Scope,
)
from core.seams import CrawlRequest
from crawlers.facebook_pages import FacebookCrawler, FacebookOptions

TOKEN = "EAAG|canary/token%2F=of-tests"
SECRET = "canary app secret"
HANDLE = "CanaryPage"
WORDS = "canary words of a post"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
HTML = b"<html><body>" + WORDS.encode() + b"</body></html>"


def error(code: object, **more: object) -> dict[str, object]:
    """Graph puts tokens and names into its messages; this does so always."""
    message = f"{WORDS}: Malformed access token {TOKEN} of {HANDLE}"
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}}


FINAL = [
    (400, error(190), AuthError),
    (401, error(190, error_subcode=463), AuthError),
    (400, error(190, error_subcode="463"), AuthError),
    (400, error(102), AuthError),
    (403, error(10), PermissionMissing),
    (403, error(200), PermissionMissing),
    (403, error(299), PermissionMissing),
    (400, error(3), PermissionMissing),
    (400, error(4, is_transient=True), RateLimited),
    (400, error(17), RateLimited),
    (403, error(32), RateLimited),
    (403, error(341), RateLimited),
    (403, error(613), RateLimited),
    (403, error(80001), RateLimited),
    (400, error(100, error_subcode=33), AccountNotFound),
    (400, error(803), AccountNotFound),
    (400, error(100), ParseError),
    (
        400,
        error(100, message="(#100) Pages Public Content Access requires either app secret proof or an app token"),
        PermissionMissing,
    ),
    (400, error(100, message="API calls from the server require an appsecret_proof argument"), PermissionMissing),
    (400, error(100, message="(#100) Tried accessing nonexisting field (canary) on node type (Page)"), Outdated),
    (400, error(368), Blocked),
    (400, error(2635), Outdated),
    (400, error(12), Outdated),
    (400, error(31337), ParseError),
    (400, error(None), ParseError),
    (400, {"error": WORDS}, ParseError),
    (402, {"error": [1]}, BudgetExhausted),
    (401, {}, AuthError),
    (429, {}, RateLimited),
    (200, error(190), AuthError),
    (200, {"error": WORDS}, ParseError),
    (200, {"id": 100000000000077, "name": WORDS}, ParseError),
    (200, {"id": "100000000000077", "name": [WORDS]}, ParseError),
    (200, [WORDS], ParseError),
    (200, b"[" * 100_000, ParseError),
    (302, b"", ParseError),
]
RETRIED = [
    (500, error(1), PlatformDown),
    (500, error(2, is_transient=True), PlatformDown),
    (400, error(31337, is_transient=True), PlatformDown),
    (503, {}, PlatformDown),
    (502, HTML, PlatformDown),
    (200, HTML, PlatformDown),
    (403, HTML, PlatformDown),
    (200, b'{"id": "100000000000077", "name": "' + WORDS.encode(), ParseError),
    (200, b"\xff", ParseError),
]


def reply(loopback, status, body, headers=None):
    html = isinstance(body, bytes) and body.startswith(b"<")
    where = {"Location": f"https://elsewhere.example/?access_token={TOKEN}"} if status == 302 else {}
    return loopback.Reply(body, status, {**where, **(headers or {})}, media_type="text/html" if html else "application/json")


@pytest.fixture
def naps():
    return []


@pytest.fixture
def crawl(loopback, clock, make_account, naps):
    def crawl() -> list[object]:
        options = FacebookOptions(access_token=TOKEN, app_secret=SECRET, base_url=loopback.url, timeout=1)
        crawler = FacebookCrawler(options, clock=clock, sleep=naps.append)
        try:
            return list(crawler.crawl(CrawlRequest(account=make_account("facebook", HANDLE))))
        finally:
            crawler.close()

    return crawl


@pytest.mark.parametrize(("status", "body", "kind"), FINAL)
def test_a_refusal_is_asked_once_and_says_nothing(crawl, loopback, caplog, status, body, kind):
    loopback.reply_with(reply(loopback, status, body))
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        crawl()
    assert len(loopback.asked) == 1
    assert_says_nothing(caught.value)
    assert "canary" not in caplog.text.casefold()


@pytest.mark.parametrize(("status", "body", "kind"), RETRIED)
def test_an_outage_is_asked_again_with_growing_jitter(crawl, loopback, naps, caplog, status, body, kind):
    loopback.reply_with(reply(loopback, status, body))
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        crawl()
    assert len(loopback.asked) == 4
    assert len(naps) == 3
    assert_says_nothing(caught.value)
    assert "canary" not in caplog.text.casefold()


def test_the_time_of_regained_access_is_told(crawl, loopback):
    usage = '{"9": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 12}]}'
    loopback.reply_with(reply(loopback, 403, error(80001), {"X-Business-Use-Case-Usage": usage}))
    with pytest.raises(RateLimited) as caught:
        crawl()
    assert caught.value.until == NOW + timedelta(minutes=12)
    loopback.reply_with(reply(loopback, 403, error(4), {"X-App-Usage": '{"call_count": 100}'}))
    with pytest.raises(RateLimited) as caught:
        crawl()
    assert caught.value.until is None


def test_a_blocked_app_stops_the_whole_credential(crawl, loopback):
    loopback.reply_with(reply(loopback, 400, error(368)))
    with pytest.raises(Blocked) as caught:
        crawl()
    assert (caught.value.scope, caught.value.actor) == (Scope.CREDENTIAL, Actor.CREDENTIAL_OWNER)


def test_why_a_token_died_is_told(crawl, loopback):
    loopback.reply_with(reply(loopback, 400, error(190, error_subcode=463)))
    with pytest.raises(AuthError, match=r"it has expired \(code 190, subcode 463\)"):
        crawl()


def test_an_answer_without_a_content_type_is_judged_by_its_bytes(crawl, loopback):
    loopback.reply_with(loopback.Reply(error(190), 400, media_type=None))
    with pytest.raises(AuthError):
        crawl()


@pytest.mark.parametrize("fault", [{"drip": 0.01}, {"cut": True}])
def test_a_body_that_trickles_or_breaks_off_is_a_platform_down(crawl, loopback, monkeypatch, fault):
    monkeypatch.setattr("crawlers._exchange.TRIES", 1)
    loopback.reply_with(loopback.Reply({"name": WORDS * 50}, **fault))
    with pytest.raises(PlatformDown) as caught:
        crawl()
    assert_says_nothing(caught.value)


def test_an_unreachable_platform_is_told_without_the_address(clock, make_account):
    options = FacebookOptions(access_token=TOKEN, app_secret=SECRET, base_url="http://127.0.0.1:9")
    crawler = FacebookCrawler(options, clock=clock, sleep=lambda _: None)
    with pytest.raises(CrawlError, match="can't be reached") as caught:
        list(crawler.crawl(CrawlRequest(account=make_account("facebook", HANDLE))))
    assert_says_nothing(caught.value)


def test_options_never_show_a_token():
    options = FacebookOptions(access_token=TOKEN, page_tokens={"p": TOKEN}, app_secret=SECRET)
    assert "canary" not in repr(options)
    for wrong in ({"access_token": [TOKEN]}, {"page_tokens": [TOKEN]}, {"version": TOKEN}, {"base_url": f"http://{TOKEN}"}):
        with pytest.raises(ValidationError) as caught:
            FacebookOptions(**wrong)
        assert "canary" not in str(caught.value)
