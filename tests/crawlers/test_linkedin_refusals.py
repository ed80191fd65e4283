"""What the LinkedIn crawler refuses to ask, and what it makes of LinkedIn's refusals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import (
    AccountNotFound,
    Actor,
    AuthError,
    Blocked,
    CrawlError,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.seams import CrawlRequest
from crawlers.linkedin_pages import LinkedInCrawler, LinkedInOptions

NAME, TOKEN = "harbor-clinic", "AQinvented-linkedin/token"


@pytest.fixture
def crawler(loopback, clock):
    crawler = LinkedInCrawler(LinkedInOptions(access_token=TOKEN, base_url=loopback.url), clock=clock, sleep=lambda _: None)
    yield crawler
    crawler.close()


@pytest.fixture
def account(make_account):
    return make_account("linkedin", NAME)


def crawl(crawler, account):
    return list(crawler.crawl(CrawlRequest(account=account)))


@pytest.mark.parametrize(
    "handle", ["in/someone", "pub/someone/1", "https://www.linkedin.com/in/someone/", "urn:li:person:abc", "linkedin.com/in/x"]
)
def test_a_personal_profile_is_refused_in_plain_words(crawler, make_account, loopback, handle):
    with pytest.raises(Blocked, match="personal profile") as caught:
        crawl(crawler, make_account("linkedin", handle))
    assert caught.value.actor is Actor.CURATOR
    assert "someone" not in str(caught.value)
    assert loopback.asked == []


@pytest.mark.parametrize("handle", ["company/harbor", "https://x.example/", "a b", "x" * 101])
def test_what_is_no_name_is_not_asked_for(crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound):
        crawl(crawler, make_account("linkedin", handle))
    assert loopback.asked == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "EXPIRED_ACCESS_TOKEN", AuthError),
        (401, "REVOKED_ACCESS_TOKEN", AuthError),
        (403, "ACCESS_DENIED", PermissionMissing),
        (404, "NOT_FOUND", AccountNotFound),
        (426, "NONEXISTENT_VERSION", Outdated),
        (400, "NONEXISTENT_VERSION", Outdated),
        (400, "VERSION_MISSING", Outdated),
        (400, "ILLEGAL_ARGUMENT", ParseError),
        (500, "INTERNAL_SERVER_ERROR", PlatformDown),
        (503, "", PlatformDown),
        (999, "", Blocked),
    ],
)
def test_errors_are_mapped(crawler, account, loopback, status, code, error):
    loopback.reply_with(loopback.Reply({"status": status, "code": code, "message": f"{TOKEN} harbor-clinic"}, status))
    with pytest.raises(CrawlError) as caught:
        crawl(crawler, account)
    assert type(caught.value) is error
    assert TOKEN not in str(caught.value)
    assert NAME not in str(caught.value)


def test_the_daily_limit_lasts_until_midnight_utc(crawler, account, loopback, clock):
    loopback.reply_with(loopback.Reply({"status": 429, "code": "TOO_MANY_REQUESTS"}, 429))
    with pytest.raises(RateLimited) as caught:
        crawl(crawler, account)
    assert caught.value.until == datetime(2026, 11, 21, tzinfo=UTC)
    assert len(loopback.asked) == 1


def test_a_login_page_is_no_data(crawler, account, loopback):
    loopback.reply_with(loopback.Reply(b"<html>Log in</html>", 200, {}, "text/html"))
    with pytest.raises(Blocked, match="login"):
        crawl(crawler, account)


def test_without_a_token_it_says_what_is_missing(clock):
    assert (
        "NIGHTROUNDS_PLATFORMS__LINKEDIN__ACCESS_TOKEN" in LinkedInCrawler(LinkedInOptions(), clock=clock).missing_credentials()
    )
