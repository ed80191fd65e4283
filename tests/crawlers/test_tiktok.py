"""The TikTok crawler against a small stateful stand-in: paging, kills, edits, disappearances, tokens, errors, secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from crawled import crawlers_of, stored
from purse import Purse

from core.errors import (
    AccountNotFound,
    Actor,
    AuthError,
    Blocked,
    BudgetExhausted,
    CrawlError,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.records import CrawledPage, Cursor, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers.tiktok import TikTokCrawler, TikTokOptions

OPEN_ID, HANDLE, TOKEN = "-000aBcD-1a2b", "harborclinic", "act.invented-token-of-harbor"
REFRESH, SECRET = "rft.invented-refresh-0", "invented-client-secret"
START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


class TikTok:
    """One account with public videos, newest first."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.videos: dict[str, dict[str, Any]] = {}
        self.access, self.refresh = {TOKEN}, REFRESH
        self.open_id, self.handle = OPEN_ID, HANDLE
        self.rotates = True
        self.renewals = 0

    def post(self, at: datetime, words: str) -> str:
        native_id = str(7_450_000_000_000_000_000 + len(self.videos))
        video = {"id": native_id, "title": words[:10], "video_description": words, "create_time": int(at.timestamp())}
        self.videos[native_id] = {**video, "share_url": f"https://www.tiktok.com/@{HANDLE}/video/{native_id}?utm=1"}
        return native_id

    def good(self, data: dict[str, Any]) -> Any:
        return self.reply({"data": data, "error": {"code": "ok", "message": "", "log_id": "1"}})

    def bad(self, status: int, code: str) -> Any:
        return self.reply({"data": {}, "error": {"code": code, "message": "…", "log_id": "1"}}, status)

    def answer(self, asked: Any) -> Any:
        assert not any(secret in asked.path + str(asked.query) for secret in (TOKEN, REFRESH, SECRET))
        if asked.path == "/v2/oauth/token/":
            return self.renewed({name: values[0] for name, values in parse_qs(asked.body.decode()).items()})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
            return self.bad(401, "access_token_invalid")
        if asked.path == "/v2/user/info/":
            user = {"open_id": self.open_id, "username": self.handle, "display_name": "Harbor", "bio_description": "A."}
            return self.good({"user": user})
        body = json.loads(asked.body)
        if asked.path == "/v2/video/query/":
            wanted = body["filters"]["video_ids"]
            assert len(wanted) <= 20
            return self.good({"videos": [self.videos[one] for one in wanted if one in self.videos]})
        before = body.get("cursor", 2**62)
        newest = sorted(self.videos.values(), key=lambda one: one["create_time"], reverse=True)
        newest = [one for one in newest if one["create_time"] * 1000 < before]
        page = newest[: body["max_count"]]
        cursor = page[-1]["create_time"] * 1000 if page else before
        return self.good({"videos": page, "cursor": cursor, "has_more": len(newest) > len(page)})

    def renewed(self, form: dict[str, str]) -> Any:
        asked_for = (form["client_key"], form["client_secret"], form["grant_type"])
        if asked_for != ("invented-key", SECRET, "refresh_token") or form["refresh_token"] != self.refresh:
            return self.reply({"error": "invalid_grant", "error_description": "…", "log_id": "1"}, 400)
        self.renewals += 1
        number = self.renewals
        self.refresh = f"rft.invented-refresh-{number}" if self.rotates else self.refresh
        self.access = {*self.access, f"act.invented-renewed-{number}"}
        return self.reply({"access_token": f"act.invented-renewed-{number}", "refresh_token": self.refresh, "expires_in": 7200})


@pytest.fixture
def tiktok(loopback):
    world = TikTok(loopback.Reply)
    loopback.answer = world.answer
    return world


@pytest.fixture
def make_crawler(loopback, clock, tiktok):
    with crawlers_of(TikTokCrawler, clock, tokens={HANDLE: TOKEN}, page_size=5, base_url=loopback.url) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("tiktok", HANDLE)


RENEWS = {"client_key": "invented-key", "client_secret": SECRET, "refresh_tokens": {HANDLE: REFRESH}}


def crawl(crawler: TikTokCrawler, account: Any, cursor: Cursor | None = None, **more: Any) -> list[CrawledPage]:
    return list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, **more)))


def ids(pages: list[CrawledPage]) -> set[str]:
    return {post.native_id for page in pages for post in page.posts}


def filled(tiktok: TikTok, number: int = 23) -> list[str]:
    return [tiktok.post(START + timedelta(days=3 * day), f"words {day}") for day in range(number)]


def known(native_id: str, tiktok: TikTok, clock: Any, missing_path: str = "") -> KnownPost:
    made_at = datetime.fromtimestamp(tiktok.videos[native_id]["create_time"], UTC)
    return KnownPost(
        native_id=native_id, url="", revision="", posted_at=made_at, last_verified_at=clock(), missing_path=missing_path
    )


def test_a_backfill_reads_everything_and_the_next_crawl_the_window(make_crawler, account, tiktok):
    native_ids, crawler = filled(tiktok), make_crawler(reread_days=10)
    pages = crawl(crawler, account)
    assert ids(pages) == set(native_ids)
    assert (pages[0].native_account_id, pages[0].handle, pages[0].profile.bio) == (OPEN_ID, HANDLE, "A.")
    assert not [page.note for page in pages if page.note]
    tiktok.videos[native_ids[-2]]["video_description"] = "other words"
    new = tiktok.post(START + timedelta(days=75), "new words")
    pages = crawl(crawler, account, stored(pages))
    posts = {post.native_id: post for page in pages for post in page.posts}
    assert {*native_ids[-4:], new} <= posts.keys()
    assert native_ids[0] not in posts
    assert posts[native_ids[-2]].text == "other words"


def test_since_bounds_the_backfill_and_an_earlier_one_reads_on(make_crawler, account, tiktok):
    native_ids, crawler = filled(tiktok), make_crawler()
    pages = crawl(crawler, account, since=START + timedelta(days=50))
    assert set(native_ids[17:]) <= ids(pages)
    assert native_ids[0] not in ids(pages)
    assert ids(crawl(crawler, account, stored(pages), since=START - timedelta(days=3))) == set(native_ids)


@pytest.mark.parametrize("killed_after", range(1, 7))
def test_a_kill_between_any_two_pages_loses_nothing(make_crawler, account, tiktok, killed_after):
    native_ids, crawler = filled(tiktok), make_crawler()
    seen: set[str] = set()
    cursor = None
    for number, page in enumerate(crawler.crawl(CrawlRequest(account=account)), start=1):
        seen |= {post.native_id for post in page.posts}
        cursor = page.cursor or cursor
        if number == killed_after:
            break
    new = tiktok.post(START + timedelta(days=77), "posted while we were dead")
    del tiktok.videos[native_ids[-1]]
    assert (seen | ids(crawl(crawler, account, cursor))) >= {*native_ids[:-1], new}


def test_the_page_limit_is_told_and_the_next_crawl_goes_on(make_crawler, account, tiktok):
    native_ids, crawler = filled(tiktok), make_crawler(max_pages=2)
    seen, cursor = set(), None
    for _ in range(5):
        pages = crawl(crawler, account, cursor)
        seen |= ids(pages)
        cursor = stored(pages)
    assert seen == set(native_ids)
    assert "page limit" in crawl(crawler, account)[-1].note


def test_what_is_missing_is_sighted_by_two_paths(make_crawler, account, tiktok, clock):
    native_ids, crawler = filled(tiktok), make_crawler(reread_days=1)
    cursor = stored(crawl(crawler, account))
    tiktok.videos[native_ids[2]]["video_description"] = "changed in silence"
    tiktok.videos[native_ids[3]]["create_time"] = "no time"
    due = [known(one, tiktok, clock) for one in (native_ids[0], native_ids[1], native_ids[2])]
    due.append(KnownPost(native_id=native_ids[3], url="", revision="", posted_at=None, last_verified_at=clock()))
    del tiktok.videos[native_ids[0]]
    tiktok.videos[native_ids[3]]["create_time"] = 17
    pages = crawl(crawler, account, cursor, recheck=due)
    gone = [sight for page in pages for sight in page.gone]
    assert [(one.native_id, one.reason, one.definite, one.path) for one in gone] == [
        (native_ids[0], GoneReason.UNAVAILABLE, False, "lookup")
    ]
    assert any(post.text == "changed in silence" for page in pages for post in page.posts)
    assert native_ids[3] in {one for page in pages for one in page.verified}


@pytest.mark.parametrize("index", [0, 7, 18])
def test_the_second_path_is_the_listing_at_its_own_time(make_crawler, account, tiktok, clock, index):
    native_ids, crawler = filled(tiktok), make_crawler(reread_days=1)
    cursor = stored(crawl(crawler, account))
    due = [known(native_ids[index], tiktok, clock, "lookup"), known(native_ids[index + 1], tiktok, clock, "lookup")]
    del tiktok.videos[native_ids[index]]
    pages = crawl(crawler, account, cursor, recheck=due)
    gone = [sight for page in pages for sight in page.gone]
    assert [(one.native_id, one.path) for one in gone] == [(native_ids[index], "listing")]
    assert native_ids[index + 1] in ids(pages), "it is there after all"


def test_a_video_not_understood_stays_outstanding_until_it_is_read(make_crawler, account, tiktok):
    native_ids, crawler = filled(tiktok), make_crawler(reread_days=1)
    tiktok.videos[native_ids[1]]["video_description"] = ["no text"]
    pages = crawl(crawler, account)
    assert "1 post not understood" in [page.note for page in pages]
    assert stored(pages).state["outstanding"] == [native_ids[1]]
    pages = crawl(crawler, account, stored(pages))
    assert [page.note for page in pages if page.note] == ["1 post of earlier nights still not understood"]
    tiktok.videos[native_ids[1]]["video_description"] = "words at last"
    pages = crawl(crawler, account, stored(pages))
    assert native_ids[1] in ids(pages)
    assert stored(pages).state["outstanding"] == []


def test_an_account_without_a_token_is_honestly_not_available(make_crawler, make_account, loopback):
    with pytest.raises(PermissionMissing, match="not available") as caught:
        crawl(make_crawler(), make_account("tiktok", "somebody"))
    assert caught.value.actor is Actor.CREDENTIAL_OWNER
    assert "academic" in str(caught.value)
    assert loopback.asked == []


def test_a_token_of_another_account_is_refused(make_crawler, make_account, account, tiktok):
    tiktok.handle = "somebodyelse"
    with pytest.raises(AccountNotFound, match="another account"):
        crawl(make_crawler(), account)
    assert crawl(make_crawler(), make_account("tiktok", HANDLE, OPEN_ID))[0].handle == "somebodyelse", "a rename"
    with pytest.raises(AccountNotFound, match="another account"):
        crawl(make_crawler(), make_account("tiktok", HANDLE, "another-open-id"))


def test_each_account_stands_and_falls_alone(make_crawler, make_account):
    crawler = make_crawler()
    assert crawler.credential_of(make_account("tiktok", "a")) != crawler.credential_of(make_account("tiktok", "b"))


def test_a_dead_token_is_renewed_once_and_the_loss_of_the_old_one_is_told(make_crawler, account, tiktok, loopback):
    native_ids, crawler = filled(tiktok, 3), make_crawler(**RENEWS)
    tiktok.access = set()
    pages = crawl(crawler, account)
    assert ids(pages) == set(native_ids)
    assert "used up" in pages[0].note
    assert not any(page.note for page in pages[1:])
    renewals = [asked for asked in loopback.asked if "oauth" in asked.path]
    assert len(renewals) == 1
    crawl(crawler, account)
    assert len([asked for asked in loopback.asked if "oauth" in asked.path]) == 1, "the new token serves the whole run"
    tiktok.access = set()
    assert ids(crawl(crawler, account)) == set(native_ids), "and the new refresh token is remembered in it"
    with pytest.raises(AuthError, match="invalid_grant"):
        crawl(make_crawler(**RENEWS, tokens={}), account)


def test_a_refresh_token_that_stays_good_needs_no_word(make_crawler, account, tiktok):
    tiktok.rotates = False
    assert not any(page.note for page in crawl(make_crawler(**RENEWS, tokens={}), account))


@pytest.mark.parametrize("lacking", RENEWS)
def test_nothing_is_renewed_without_all_that_it_takes(make_crawler, account, tiktok, loopback, lacking):
    tiktok.access = set()
    crawler = make_crawler(**{name: value for name, value in RENEWS.items() if name != lacking})
    with pytest.raises(AuthError, match="access_token_invalid"):
        crawl(crawler, account)
    assert not any("oauth" in asked.path for asked in loopback.asked)


@pytest.mark.parametrize("status", [200, 503])
def test_a_renewal_is_never_asked_for_twice(make_crawler, account, loopback, status):
    loopback.reply_with(loopback.Reply(b'{"access_tok', status))
    with pytest.raises(PlatformDown, match="old one"):
        crawl(make_crawler(**RENEWS, tokens={}), account)
    assert len(loopback.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "access_token_invalid", AuthError),
        (401, "scope_not_authorized", PermissionMissing),
        (400, "scope_permission_missed", PermissionMissing),
        (403, "", PermissionMissing),
        (429, "rate_limit_exceeded", RateLimited),
        (500, "internal_error", PlatformDown),
        (200, "internal_error", PlatformDown),
        (400, "invalid_params", ParseError),
        (200, "something_new", ParseError),
        (401, "", AuthError),
    ],
)
def test_errors_are_mapped(make_crawler, account, tiktok, loopback, clock, status, code, error):
    loopback.reply_with(tiktok.bad(status, code))
    with pytest.raises(CrawlError) as caught:
        crawl(make_crawler(), account)
    assert type(caught.value) is error
    assert HANDLE not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert caught.value.until == clock() + timedelta(minutes=1)


def test_a_login_page_is_no_data(make_crawler, account, loopback):
    loopback.reply_with(loopback.Reply(b"<html>Log in</html>", 200, {}, "text/html"))
    with pytest.raises(Blocked, match="login"):
        crawl(make_crawler(), account)


@pytest.mark.parametrize("data", [{}, {"videos": None}, {"videos": []}, {"videos": [], "has_more": True, "cursor": 0}])
def test_a_page_that_does_not_say_all_is_no_empty_list(make_crawler, account, tiktok, loopback, data):
    def answer(asked: Any) -> Any:
        return tiktok.good(data) if asked.path == "/v2/video/list/" else tiktok.answer(asked)

    loopback.answer = answer
    with pytest.raises(ParseError):
        crawl(make_crawler(), account)


def test_a_list_that_leads_nowhere_ends(make_crawler, account, tiktok, loopback):
    def answer(asked: Any) -> Any:
        if asked.path == "/v2/video/list/":
            return tiktok.good({"videos": [], "has_more": True, "cursor": 1_794_000_000_000})
        return tiktok.answer(asked)

    loopback.answer = answer
    with pytest.raises(ParseError, match="same page"):
        crawl(make_crawler(), account)


def test_a_budget_stops_before_the_question(make_crawler, account, tiktok, loopback):
    filled(tiktok)
    with pytest.raises(BudgetExhausted):
        crawl(make_crawler(), account, meter=Purse(3))
    assert len(loopback.asked) == 3


def test_secrets_are_nowhere(make_crawler, account, tiktok, caplog):
    caplog.set_level("DEBUG")
    tiktok.post(START, "words of act.invented-renewed-1 and of nobody")
    tiktok.access = set()
    crawler = make_crawler(**RENEWS)
    pages = crawl(crawler, account)
    evidence = b"".join(raw.body + raw.url.encode() + repr(raw.headers).encode() for page in pages for raw in page.raw)
    for secret in (TOKEN, REFRESH, SECRET, tiktok.refresh, "act.invented-renewed-1"):
        assert secret.encode() not in evidence
        assert secret not in caplog.text
        assert secret not in repr(crawler.options)
    assert b"REDACTED" in evidence
    assert HANDLE not in caplog.text


def test_without_tokens_it_says_what_is_missing(clock):
    assert "NIGHTROUNDS_PLATFORMS__TIKTOK__TOKENS" in TikTokCrawler(TikTokOptions(), clock=clock).missing_credentials()
    lame = TikTokOptions(refresh_tokens={HANDLE: REFRESH})
    assert TikTokCrawler(lame, clock=clock).missing_credentials(), "a refresh token without the application opens nothing"


def test_a_name_that_is_none_is_no_new_handle(tiktok, make_crawler, make_account):
    tiktok.handle = "har bor\u202e"
    known = replace(make_account("tiktok", HANDLE), native_id=OPEN_ID)
    assert next(make_crawler().crawl(CrawlRequest(account=known))).handle is None
