"""What YouTube's refusals become, how often they are asked again, what they cost, and that nothing of them leaks."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from canary import assert_says_nothing
from pydantic import ValidationError

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    BudgetExhausted,
    CrawlError,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.seams import CrawlRequest, Meter
from crawlers.youtube_channels import YouTubeCrawler, YouTubeOptions

KEY = "AIzaCanary/key%2F=of-tests"
HANDLE = "@CanaryChannel"
WORDS = "canary words of a video"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
HTML = b"<html><body>" + WORDS.encode() + b"</body></html>"


def error(status: int, reason: object, *details: object) -> tuple[int, dict[str, object]]:
    """Google puts keys and names into its messages; this does so always."""
    message = f"{WORDS}: https://youtube.example/?key={KEY} of {HANDLE}"
    told: dict[str, object] = {"code": status, "message": message, "errors": [{"message": message, "reason": reason}]}
    return status, {"error": told | ({"details": list(details)} if details else {})}


def info(reason: str, **metadata: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}


FINAL = [
    (*error(403, "quotaExceeded"), BudgetExhausted),
    (*error(403, "dailyLimitExceeded"), BudgetExhausted),
    (*error(429, "rateLimitExceeded", info("RATE_LIMIT_EXCEEDED", quota_limit="defaultPerDayPerProject")), BudgetExhausted),
    (*error(429, "rateLimitExceeded", info("RATE_LIMIT_EXCEEDED", quota_limit="defaultPerMinutePerProject")), RateLimited),
    (*error(403, "rateLimitExceeded"), RateLimited),
    (*error(403, "userRateLimitExceeded"), RateLimited),
    (429, {}, RateLimited),
    (*error(400, "keyInvalid"), AuthError),
    (*error(400, "badRequest", info("API_KEY_INVALID")), AuthError),
    (*error(400, "keyExpired"), AuthError),
    (*error(401, "authError"), AuthError),
    (401, {"error": WORDS}, AuthError),
    (*error(403, "accessNotConfigured"), PermissionMissing),
    (*error(403, "forbidden", info("SERVICE_DISABLED")), PermissionMissing),
    (*error(403, "ipRefererBlocked"), PermissionMissing),
    (403, {"error": [1]}, PermissionMissing),
    (*error(404, "channelNotFound"), AccountNotFound),
    (*error(404, "somethingNotFound"), AccountNotFound),
    (*error(403, "channelSuspended"), AccountPrivate),
    (*error(403, "channelClosed"), AccountPrivate),
    (*error(400, "invalidParameter"), ParseError),
    (*error(400, ["no", "reason"]), ParseError),
    (*error(400, None), ParseError),
    (*error(410, "gone"), Outdated),
    (404, {}, ParseError),
    (200, error(403, "quotaExceeded")[1], BudgetExhausted),
    (200, {"items": []}, AccountNotFound),
    (200, {"kind": "youtube#channelListResponse"}, AccountNotFound),
    (200, {"items": [{"id": WORDS}]}, ParseError),
    (200, {"items": [{"id": "UCinventedHarborClinic00"}] * 2}, ParseError),
    (200, {"items": [{"id": "UCinventedHarborClinic00", "contentDetails": WORDS}]}, ParseError),
    (200, [WORDS], ParseError),
    (200, b"[" * 100_000, ParseError),
    (302, b"", ParseError),
]
RETRIED = [
    (*error(503, "backendError"), PlatformDown),
    (*error(500, "internalError"), PlatformDown),
    (*error(400, "processingFailure"), PlatformDown),
    (500, {}, PlatformDown),
    (502, HTML, PlatformDown),
    (200, HTML, PlatformDown),
    (403, HTML, PlatformDown),
    (200, b'{"items": [{"id": "' + WORDS.encode(), ParseError),
    (200, b"\xff", ParseError),
]


class Counted(Meter):
    def __init__(self) -> None:
        self.units: list[int] = []

    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        self.units.append(units)

    def took(self, resource: str, count: int) -> None:
        raise AssertionError


def reply(loopback, status, body, headers=None):
    html = isinstance(body, bytes) and body.startswith(b"<")
    where = {"Location": f"https://elsewhere.example/?key={KEY}"} if status == 302 else {}
    return loopback.Reply(body, status, {**where, **(headers or {})}, media_type="text/html" if html else "application/json")


@pytest.fixture
def meter():
    return Counted()


@pytest.fixture
def crawl(loopback, clock, make_account, meter):
    def crawl() -> list[object]:
        options = YouTubeOptions(api_key=KEY, base_url=loopback.url, feed_url="", timeout=1)
        crawler = YouTubeCrawler(options, clock=clock, sleep=lambda _: None)
        try:
            return list(crawler.crawl(CrawlRequest(account=make_account("youtube", HANDLE), meter=meter)))
        finally:
            crawler.close()

    return crawl


@pytest.mark.parametrize(("status", "body", "kind"), FINAL)
def test_a_refusal_is_asked_once_and_says_nothing(crawl, loopback, caplog, meter, status, body, kind):
    loopback.reply_with(reply(loopback, status, body))
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        crawl()
    assert len(loopback.asked) == 1
    assert meter.units == [1], "a refused question costs too"
    assert "key" not in loopback.asked[0].query
    assert_says_nothing(caught.value)
    assert "canary" not in caplog.text.casefold()


@pytest.mark.parametrize(("status", "body", "kind"), RETRIED)
def test_an_outage_is_asked_again_and_each_try_is_charged(crawl, loopback, caplog, meter, status, body, kind):
    loopback.reply_with(reply(loopback, status, body))
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        crawl()
    assert len(loopback.asked) == 4
    assert meter.units == [1, 1, 1, 1]
    assert_says_nothing(caught.value)
    assert "canary" not in caplog.text.casefold()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (NOW, datetime(2026, 11, 20, 8, 0, tzinfo=UTC)),
        (NOW + timedelta(hours=5), datetime(2026, 11, 21, 8, 0, tzinfo=UTC)),
        (NOW + timedelta(hours=9), datetime(2026, 11, 21, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_spent_quota_is_told_to_last_until_midnight_pacific_time(crawl, loopback, clock, now, until):
    clock.now = now
    loopback.reply_with(reply(loopback, *error(403, "quotaExceeded")))
    with pytest.raises(BudgetExhausted) as caught:
        crawl()
    assert caught.value.until == until


def test_how_long_to_wait_is_told_where_youtube_tells_it(crawl, loopback):
    loopback.reply_with(reply(loopback, *error(429, "rateLimitExceeded"), {"Retry-After": "90"}))
    with pytest.raises(RateLimited) as caught:
        crawl()
    assert caught.value.until == NOW + timedelta(seconds=90)
    loopback.reply_with(reply(loopback, *error(429, "rateLimitExceeded")))
    with pytest.raises(RateLimited) as caught:
        crawl()
    assert caught.value.until is None


@pytest.mark.parametrize("fault", [{"drip": 0.01}, {"cut": True}])
def test_a_body_that_trickles_or_breaks_off_is_a_platform_down(crawl, loopback, monkeypatch, fault):
    monkeypatch.setattr("crawlers._exchange.TRIES", 1)
    loopback.reply_with(loopback.Reply({"items": WORDS * 50}, **fault))
    with pytest.raises(PlatformDown) as caught:
        crawl()
    assert_says_nothing(caught.value)


def test_an_unreachable_platform_is_told_without_the_address(clock, make_account):
    options = YouTubeOptions(api_key=KEY, base_url="http://127.0.0.1:9", feed_url="")
    crawler = YouTubeCrawler(options, clock=clock, sleep=lambda _: None)
    with pytest.raises(CrawlError, match="can't be reached") as caught:
        list(crawler.crawl(CrawlRequest(account=make_account("youtube", HANDLE))))
    assert_says_nothing(caught.value)
    crawler.close()


def test_an_unreachable_feed_rests_for_an_hour_and_costs_nobody_its_crawl(tube, make_crawler, make_account, clock, loopback):
    tube.post(NOW - timedelta(days=1), "p")
    crawler = make_crawler(feed_url="http://127.0.0.1:9")
    naps: list[float] = []
    crawler.sleep = naps.append
    request = CrawlRequest(account=make_account("youtube", "@HarborClinic"))
    for _ in range(2):
        assert sum(len(page.posts) for page in crawler.crawl(request)) == 1
    assert len(naps) == 3, "three pauses between the four tries of the first crawl, none in the second"


def test_options_never_show_a_secret_and_take_no_wrong_ones():
    options = YouTubeOptions(api_key=KEY, owner_tokens={"UCx": KEY})
    assert options.daily_units == 10_000
    assert "canary" not in repr(options).casefold()
    wrong = (
        {"api_key": [KEY]}, {"owner_tokens": [KEY]}, {"base_url": f"http://{KEY}"}, {"feed_url": f"http://{KEY}"},
        {"page_size": 51}, {"developerKey": KEY},
    )  # fmt: skip
    for given in wrong:
        with pytest.raises(ValidationError) as caught:
            YouTubeOptions(**given)
        assert "canary" not in str(caught.value).casefold()
