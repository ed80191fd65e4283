"""The Instagram crawler against a small stateful stand-in: paging in the expansion, kills, edits, absences, identities."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crawled import known, stored, texts
from purse import Purse

from core.errors import AccountNotFound, AuthError, BudgetExhausted, Outdated, ParseError, PermissionMissing, RateLimited
from core.records import CrawledPage, Cursor, GoneReason
from core.seams import UNMETERED, CrawlRequest, Meter
from crawlers.instagram_business import InstagramCrawler, InstagramOptions

OURS, CLINIC = "17841400000000001", "17841400000000077"
HANDLE = "harbor.clinic"
TOKEN = "EAAGinvented|instagram/token"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Instagram:
    """One account with media, newest first, seen through ours; a further page's address carries the token."""

    def __init__(self, loopback: Any) -> None:
        self.reply = loopback.Reply
        self.posts: dict[str, tuple[datetime, str]] = {}
        self.gone: set[str] = set()
        self.spoiled: set[str] = set()
        self.native_id, self.username = CLINIC, HANDLE
        self.page_size = 5
        self.pages_asked = self.miscounted = 0
        loopback.answer = self.answer

    def post(self, at: datetime, words: str) -> str:
        native_id = str(17_900_000_000_000_001 + len(self.posts))
        self.posts[native_id] = (at, words)
        return native_id

    def shown(self, native_id: str) -> dict[str, Any]:
        at, words = self.posts[native_id]
        stamp = "garbage" if native_id in self.spoiled else at.strftime("%Y-%m-%dT%H:%M:%S+0000")
        return {"id": native_id, "caption": words, "media_type": "IMAGE", "timestamp": stamp, "username": HANDLE}

    def error(self, code: int, status: int = 400, **more: Any) -> Any:
        return self.reply({"error": {"message": f"{TOKEN} {HANDLE}", "type": "X", "code": code, **more}}, status)

    def answer(self, asked: Any) -> Any:
        assert "access_token" not in asked.query
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.error(190, 401)
        node, fields = asked.path.removeprefix("/v26.0/"), asked.query["fields"]
        if node != OURS:
            is_there = self.native_id == OURS and node in self.posts and node not in self.gone
            assert fields == "id"
            return self.reply({"id": node}) if is_there else self.error(100, error_subcode=33)
        name = re.match(r"business_discovery\.username\(([\w.]+)\)\{id", fields)
        if name is None or name[1] != self.username:
            return self.error(110, error_subcode=2207013)
        found: dict[str, Any] = {"id": self.native_id, "username": self.username, "name": "Harbor Clinic"}
        found["media_count"] = len(self.posts) - len(self.gone) + self.miscounted
        if "media.limit" in fields:
            found = {"id": self.native_id, "media_count": found["media_count"], **self.media(fields)}
        return self.reply({"business_discovery": found, "id": OURS})

    def media(self, fields: str) -> dict[str, Any]:
        self.pages_asked += 1
        after = re.search(r"\.after\(([^)]*)\)", fields)
        ids = sorted((one for one in self.posts if one not in self.gone), key=lambda one: self.posts[one][0], reverse=True)
        if after:
            ids = [one for one in ids if self.posts[one][0] < self.posts[after[1]][0]]
        page, rest = ids[: self.page_size], ids[self.page_size :]
        if not ids:
            return {}
        paging: dict[str, Any] = {"cursors": {"before": page[0]}}
        if rest:
            paging["cursors"]["after"] = page[-1]
            paging["next"] = f"https://graph.facebook.com/v26.0/x?access_token={TOKEN}&after={page[-1]}"
        return {"media": {"data": [self.shown(one) for one in page], "paging": paging}}


@pytest.fixture
def instagram(loopback):
    return Instagram(loopback)


@pytest.fixture
def crawl(loopback, clock, make_account):
    """Crawl once; `killed_after` pages the crawl is broken off."""

    def crawl(
        cursor: Cursor | None = None,
        *,
        handle: str = HANDLE,
        native_id: str | None = None,
        since: datetime | None = None,
        recheck: Any = (),
        meter: Meter = UNMETERED,
        killed_after: int | None = None,
        **options: Any,
    ) -> list[CrawledPage]:
        given = {"access_token": TOKEN, "ig_user_id": OURS, "base_url": loopback.url, "timeout": 5, **options}
        crawler = InstagramCrawler(InstagramOptions(**given), clock=clock, sleep=lambda _: None)
        account = make_account("instagram", handle, native_id)
        request = CrawlRequest(account=account, cursor=cursor, since=since, recheck=recheck, meter=meter)
        try:
            pages = crawler.crawl(request)
            return list(pages) if killed_after is None else [next(pages) for _ in range(killed_after)]
        finally:
            crawler.close()

    return crawl


def notes(pages: list[CrawledPage]) -> str:
    return "; ".join(page.note for page in pages if page.note) or "complete"


def test_the_first_crawl_reads_all_and_the_next_one_the_trailing_window(instagram, crawl, clock):
    old = instagram.post(clock.now - timedelta(days=50), "old")
    recent = instagram.post(clock.now - timedelta(days=5), "recent")
    first = crawl()
    assert texts(first) == ["recent", "old"]
    assert (first[0].native_account_id, first[0].handle) == (CLINIC, HANDLE)
    instagram.posts[recent] = (instagram.posts[recent][0], "recent, corrected")
    instagram.posts[old] = (instagram.posts[old][0], "old, corrected")
    clock.move(days=1)
    assert texts(crawl(stored(first))) == ["recent, corrected"]
    assert texts(crawl(stored(first), recheck=[known(old, instagram.posts[old][0])])) == [
        "recent, corrected",
        "old, corrected",
    ]


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_killed_between_any_two_pages_nothing_is_lost(instagram, crawl, clock, killed_after):
    ids = {instagram.post(START + timedelta(hours=n), f"p{n}") for n in range(17)}
    kept = crawl(killed_after=killed_after, reread_days=0)
    clock.move(days=1)
    ids |= {instagram.post(clock.now - timedelta(hours=n + 1), f"later {n}") for n in range(7)}
    rest = crawl(stored(kept), reread_days=0)
    assert {post.native_id for page in kept + rest for post in page.posts} == ids


def test_a_night_reads_no_deeper_than_its_window(instagram, crawl, clock):
    for n in range(40):
        instagram.post(clock.now - timedelta(days=4 * n + 1), f"p{n}")
    first = crawl()
    asked = instagram.pages_asked
    clock.move(days=1)
    assert len(texts(crawl(stored(first)))) == 8
    assert instagram.pages_asked - asked == 3, "one page beyond the window, to see that it is all older"


def test_a_backfill_starts_where_it_was_asked_to(instagram, crawl):
    for day in range(12):
        instagram.post(START + timedelta(days=day), f"day {day}")
    assert texts(crawl(since=START + timedelta(days=10))) == ["day 11", "day 10"]


def test_the_page_limit_is_told_and_the_next_crawl_goes_on(instagram, crawl):
    for n in range(20):
        instagram.post(START + timedelta(hours=n), f"p{n}")
    first = crawl(max_pages=2)
    assert "page limit reached" in notes(first)
    second = crawl(stored(first), max_pages=2)
    assert sorted(texts(first + second)) == sorted(f"p{n}" for n in range(20))


@pytest.mark.parametrize("age_days", [3, 200])
def test_what_is_due_and_no_longer_listed_is_missing_by_the_list(instagram, crawl, clock, age_days):
    ids = [instagram.post(clock.now - timedelta(days=20 * n + 3), f"p{n}") for n in range(15)]
    cursor = stored(crawl())
    away = next(one for one in ids if instagram.posts[one][0] <= clock.now - timedelta(days=age_days))
    instagram.gone = {away}
    pages = crawl(cursor, recheck=[known(one, instagram.posts[one][0]) for one in ids])
    (gone,) = [one for page in pages for one in page.gone]
    assert (gone.native_id, gone.reason, gone.definite, gone.path) == (away, GoneReason.UNAVAILABLE, False, "listing")
    assert {post.native_id for page in pages for post in page.posts} == {*ids} - {away}
    assert all(page.raw for page in pages), "every sighting has its evidence"
    assert notes(pages) == "complete"


def test_nothing_is_missing_from_a_list_that_was_not_read_down_to_it(instagram, crawl, clock):
    ids = [instagram.post(clock.now - timedelta(days=40 * n + 1), f"p{n}") for n in range(30)]
    cursor = stored(crawl())
    instagram.gone = {ids[-1]}
    pages = crawl(cursor, recheck=[known(ids[-1], instagram.posts[ids[-1]][0])], max_pages=2)
    assert [one for page in pages for one in page.gone] == []
    assert notes(pages) == "page limit reached: 1 older posts were not looked at again"


def test_nothing_is_missing_where_something_was_shown_that_tells_no_id(instagram, crawl, clock, monkeypatch):
    one, sound = (instagram.post(clock.now - timedelta(days=n), "p") for n in (3, 4))
    cursor, whole = stored(crawl()), instagram.shown
    monkeypatch.setattr(instagram, "shown", lambda native_id: whole(native_id) if native_id == sound else {"caption": "x"})
    pages = crawl(cursor, recheck=[known(one, instagram.posts[one][0])])
    assert ([gone for page in pages for gone in page.gone], notes(pages)) == ([], "1 post not understood")


def test_a_due_post_that_is_there_and_not_understood_is_not_missing(instagram, crawl, clock):
    one, other = (instagram.post(clock.now - timedelta(days=n), "p") for n in (3, 4))
    cursor = stored(crawl())
    instagram.spoiled = {one}
    pages = crawl(cursor, recheck=[known(one, instagram.posts[one][0]), known(other, instagram.posts[other][0])])
    assert [gone for page in pages for gone in page.gone] == []
    assert notes(pages) == "1 post not understood"


def test_our_own_account_has_a_second_path_and_others_have_not(instagram, crawl, clock):
    kept, away = (instagram.post(clock.now - timedelta(days=n), f"p{n}") for n in (3, 4))
    at = instagram.posts[away][0]
    cursor = stored(crawl())
    instagram.gone = {away}
    other = crawl(cursor, recheck=[known(away, at, "listing")])
    assert [one.path for page in other for one in page.gone] == ["listing"]
    instagram.native_id, instagram.gone = OURS, {away}
    assert [one.path for page in crawl(recheck=[known(away, at)]) for one in page.gone] == ["listing"]
    assert [one.path for page in crawl(recheck=[known(away, at, "listing")]) for one in page.gone] == ["node"]
    instagram.gone = set()
    instagram.media = lambda _: {"media": {"data": [instagram.shown(kept)]}}  # type: ignore[method-assign]
    pages = crawl(recheck=[known(away, at, "listing")])
    assert [one for page in pages for one in page.gone] == []
    assert pages[-1].verified == (away,)


def test_a_post_not_understood_is_sought_until_it_is_read(instagram, crawl, clock):
    for n in range(12):
        instagram.post(START - timedelta(days=60 + n), f"p{n}")
    bad = instagram.post(START - timedelta(days=90), "broken at first")
    instagram.post(START, "sound")
    instagram.spoiled = {bad}
    first = crawl()
    assert notes(first) == "1 post not understood"
    second = crawl(stored(first))
    assert notes(second) == "1 post not understood"
    instagram.spoiled = set()
    third = crawl(stored(second))
    assert "broken at first" in texts(third)
    assert notes(third) == "complete"
    asked = instagram.pages_asked
    assert notes(crawl(stored(third))) == "complete"
    assert instagram.pages_asked == asked + 2, "nothing below the window is sought any more"


def test_a_post_that_went_before_it_was_understood_is_told_once(instagram, crawl):
    bad = instagram.post(START - timedelta(days=90), "broken")
    instagram.post(START, "sound")
    instagram.spoiled = {bad}
    first = crawl()
    instagram.gone = {bad}
    second = crawl(stored(first))
    assert notes(second) == "1 post gone before being understood"
    assert notes(crawl(stored(second))) == "complete"


def test_a_name_that_changed_hands_is_an_error_and_not_anothers_posts(instagram, crawl):
    instagram.post(START, "another's words")
    with pytest.raises(AccountNotFound, match="belongs to another account now"):
        crawl(native_id="17841400000000099")
    assert instagram.pages_asked == 0


def test_another_account_in_the_middle_of_a_walk_is_an_error(instagram, crawl, monkeypatch):
    for n in range(8):
        instagram.post(START + timedelta(hours=n), f"p{n}")
    whole = instagram.media
    monkeypatch.setattr(instagram, "media", lambda fields: whole(fields) | {"id": "17841400000000099"})
    with pytest.raises(ParseError, match="another account's media"):
        crawl()


def test_a_name_that_nobody_has_is_the_curators(instagram, crawl):
    instagram.username = "renamed.since"
    with pytest.raises(AccountNotFound, match="renamed or deleted, is personal or private") as caught:
        crawl()
    assert HANDLE not in str(caught.value)
    assert TOKEN not in repr([caught.value, caught.value.__context__, caught.value.__cause__])


@pytest.mark.parametrize("handle", ["", "@harbor", "a b", "x){id},y(", "https://www.instagram.com/x", "a" * 31, "é"])
def test_a_handle_that_can_not_be_is_never_asked_for(instagram, crawl, loopback, handle):
    with pytest.raises(AccountNotFound):
        crawl(handle=handle)
    assert loopback.asked == []


@pytest.mark.parametrize("cursor", ["x){id}", "a(b", "a b", "x" * 1001, 7, ""])
def test_a_place_that_would_leave_its_expression_is_never_asked_for(instagram, crawl, loopback, monkeypatch, cursor):
    instagram.post(START, "p")
    body = {"media": {"data": [instagram.shown("17900000000000001")], "paging": {"cursors": {"after": cursor}}}}
    monkeypatch.setattr(instagram, "media", lambda _: body)
    with pytest.raises(ParseError, match="not where"):
        crawl()
    assert len(loopback.asked) == 2
    state = {"native_id": CLINIC, "since": None, "read_until": None}
    walk = {"started_at": 1, "since": None, "place": {"after": "x){id}"}, "seen": 1, "newest": 1, "has_gaps": False}
    with pytest.raises(ParseError, match="can't be one"):
        crawl(Cursor({**state, "walk": walk}))
    assert not [asked for asked in loopback.asked if "x){id}" in asked.query["fields"]]


def test_an_account_without_media_is_complete_and_one_that_hides_them_is_not(instagram, crawl, monkeypatch):
    assert notes(crawl()) == "complete"
    one = instagram.post(START, "p")
    monkeypatch.setattr(instagram, "media", lambda _: {"media": {"data": []}})
    pages = crawl(recheck=[known(one, START)])
    assert (notes(pages), pages[-1].gone) == ("Instagram counts posts of this account and shows none", ())
    monkeypatch.setattr(instagram, "media", lambda _: {})
    with pytest.raises(ParseError):
        crawl()
    monkeypatch.undo()
    instagram.miscounted = 499
    assert notes(crawl()) == "Instagram counts 500 posts of this account and shows 1"


@pytest.mark.parametrize(
    ("code", "more", "kind", "words"),
    [
        (100, {"error_subcode": 33}, PermissionMissing, "check ig_user_id"),
        (10, {}, PermissionMissing, "instagram_manage_insights"),
        (190, {"error_subcode": 463}, AuthError, "it has expired"),
        (80002, {}, RateLimited, "business limit"),
        (100, {"message": "(#100) Tried accessing nonexisting field (alt_text)"}, Outdated, "ALT_TEXT=false"),
    ],
)
def test_refusals_say_what_to_do(instagram, crawl, loopback, code, more, kind, words):
    loopback.reply_with(instagram.error(code, **more))
    with pytest.raises(kind, match=words) as caught:
        crawl()
    assert TOKEN not in str(caught.value)
    assert HANDLE not in str(caught.value)


def test_without_credentials_it_says_what_to_do(crawl, clock, loopback):
    def crawler(**options: Any) -> InstagramCrawler:
        return InstagramCrawler(InstagramOptions(**options), clock=clock)

    assert "INSTAGRAM__ACCESS_TOKEN" in crawler(ig_user_id=OURS).missing_credentials()
    assert "INSTAGRAM__IG_USER_ID" in crawler(access_token=TOKEN).missing_credentials()
    assert crawler(access_token=TOKEN, ig_user_id=OURS).missing_credentials() == ""
    with pytest.raises(AuthError, match="IG_USER_ID"):
        crawl(ig_user_id=None)
    assert loopback.asked == []


def test_the_days_budget_stops_before_the_question(instagram, crawl, loopback):
    for n in range(8):
        instagram.post(START + timedelta(hours=n), f"p{n}")
    with pytest.raises(BudgetExhausted):
        crawl(meter=Purse(2))
    assert len(loopback.asked) == 2


def test_secrets_are_in_the_header_and_nowhere_in_the_evidence(instagram, crawl, loopback):
    for n in range(7):
        instagram.post(START + timedelta(hours=n), f"p{n}")
    pages = crawl(app_secret="invented app secret")
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in loopback.asked)
    proofs = {asked.query["appsecret_proof"] for asked in loopback.asked}
    for raw in (raw for page in pages for raw in page.raw):
        shown = f"{raw.url} {raw.headers} {raw.body!r}"
        assert not [secret for secret in (TOKEN, "invented app secret", *proofs) if secret in shown]
    assert ".after(" in pages[-1].raw[0].url
    assert b"REDACTED" in pages[1].raw[0].body
    assert pages[0].raw[0].collector.startswith("instagram_business 1, facebook-sdk ")


def test_alt_text_can_be_left_out_of_the_question(instagram, crawl, loopback):
    instagram.post(START, "p")
    crawl()
    assert loopback.asked[-1].query["fields"].count("alt_text") == 2
    crawl(alt_text=False)
    assert "alt_text" not in loopback.asked[-1].query["fields"]
