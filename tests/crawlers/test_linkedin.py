"""The LinkedIn crawler against a small stateful stand-in: paging, kills, moves of the list, edits, deletions, secrets."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from crawled import stored
from purse import Purse

from core.errors import (
    AccountNotFound,
    BudgetExhausted,
)
from core.records import CrawledPage, Cursor, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers.linkedin_pages import LinkedInCrawler, LinkedInOptions

ROOT = Path(__file__).parents[2]
PAGE, NAME, TOKEN = 2414183, "harbor-clinic", "AQinvented-linkedin/token"
AUTHOR = f"urn:li:organization:{PAGE}"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


class LinkedIn:
    """One page with posts, last changed first."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.posts: dict[str, dict[str, Any]] = {}
        self.forbidden: set[str] = set()
        self.count = 10  # the most that it gives at once
        self.total: int | None = None  # another one than the truth
        self.name = NAME
        self.on_list: Any = lambda: None  # happens before each list

    def post(self, at: datetime, words: str, **more: Any) -> str:
        urn = f"urn:li:share:{7_000_000_000_000_000_000 + len(self.posts)}"
        self.posts[urn] = {
            "id": urn,
            "author": AUTHOR,
            "commentary": words,
            "createdAt": ms(at),
            "publishedAt": ms(at),
            "lastModifiedAt": ms(at),
            "lifecycleState": "PUBLISHED",
            "visibility": "PUBLIC",
            "lifecycleStateInfo": {"isEditedByAuthor": False},
            **more,
        }
        return urn

    def edit(self, urn: str, at: datetime, words: str) -> None:
        changes = {"commentary": words, "lastModifiedAt": ms(at), "lifecycleStateInfo": {"isEditedByAuthor": True}}
        self.posts[urn] |= changes

    def error(self, status: int, code: str = "X") -> Any:
        return self.reply({"status": status, "code": code, "message": "…"}, status)

    def answer(self, asked: Any) -> Any:
        headers = asked.headers
        assert headers["linkedin-version"] == "202610"
        assert headers["x-restli-protocol-version"] == "2.0.0"
        assert TOKEN not in asked.path + str(asked.query)
        if headers["authorization"] != f"Bearer {TOKEN}":
            return self.error(401, "INVALID_ACCESS_TOKEN")
        organization = {"id": PAGE, "vanityName": self.name, "localizedName": "Harbor", "localizedDescription": "A."}
        if asked.path == "/rest/organizations":
            found = [organization] if asked.query["vanityName"] == self.name else []
            return self.reply({"elements": found, "paging": {}})
        if asked.path == f"/rest/organizations/{PAGE}":
            return self.reply(organization)
        if asked.path == "/rest/posts" and "ids" in asked.query:
            return self.lookup(asked.query["ids"][5:-1].split(","))
        if asked.path == "/rest/posts":
            return self.listed(int(asked.query["start"]), int(asked.query["count"]))
        urn = asked.path.removeprefix("/rest/posts/").replace("%3A", ":")
        if urn in self.forbidden:
            return self.error(403, "ACCESS_DENIED")
        return self.reply(self.posts[urn]) if urn in self.posts else self.error(404, "NOT_FOUND")

    def listed(self, start: int, count: int) -> Any:
        self.on_list()
        newest = sorted(self.posts.values(), key=lambda one: one["lastModifiedAt"], reverse=True)
        newest = [one for one in newest if one["id"] not in self.forbidden]
        count = min(count, self.count)
        links = [{"rel": "next", "href": "…"}] if start + count < len(newest) and self.total is None else []
        paging = {"start": start, "count": count, "links": links, "total": len(newest) if self.total is None else self.total}
        return self.reply({"elements": newest[start : start + count], "paging": paging})

    def lookup(self, ids: list[str]) -> Any:
        assert len(ids) <= 50
        seen = {one: self.posts[one] for one in ids if one in self.posts and one not in self.forbidden}
        errors = {one: {"status": 403 if one in self.forbidden else 404} for one in ids if one not in seen}
        return self.reply({"results": seen, "errors": errors, "statuses": {}})


@pytest.fixture
def linkedin(loopback):
    world = LinkedIn(loopback.Reply)
    loopback.answer = world.answer
    return world


@pytest.fixture
def crawler(loopback, clock, linkedin):
    crawler = LinkedInCrawler(
        LinkedInOptions(access_token=TOKEN, base_url=loopback.url, page_size=10), clock=clock, sleep=lambda _: None
    )
    yield crawler
    crawler.close()


@pytest.fixture
def account(make_account):
    return make_account("linkedin", NAME)


def crawl(crawler: LinkedInCrawler, account: Any, cursor: Cursor | None = None, **more: Any) -> list[CrawledPage]:
    return list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, **more)))


def ids(pages: list[CrawledPage]) -> set[str]:
    return {post.native_id for page in pages for post in page.posts}


def known(urn: str, clock: Any, missing_path: str = "") -> KnownPost:
    return KnownPost(native_id=urn, url="", revision="", posted_at=START, last_verified_at=clock(), missing_path=missing_path)


def filled(linkedin: LinkedIn, number: int = 45) -> list[str]:
    return [linkedin.post(START + timedelta(hours=hour), f"words {hour}") for hour in range(number)]


def test_a_backfill_reads_everything_and_the_next_crawl_what_changed(crawler, account, linkedin, loopback):
    urns = filled(linkedin)
    pages = crawl(crawler, account)
    assert ids(pages) == set(urns)
    assert (pages[0].native_account_id, pages[0].handle, pages[0].profile.bio) == (str(PAGE), NAME, "A.")
    assert not [page.note for page in pages if page.note]
    linkedin.edit(urns[3], START + timedelta(days=5), "other words")
    new = linkedin.post(START + timedelta(days=6), "new words")
    asked = len(loopback.asked)
    pages = crawl(crawler, account, stored(pages))
    posts = {post.native_id: post for page in pages for post in page.posts}
    assert {urns[3], new} <= posts.keys()
    assert len(loopback.asked) - asked == 2, "the page by its number, then one stretch"
    assert posts[urns[3]].edited_at == START + timedelta(days=5)
    assert posts[new].edited_at is None


def test_since_bounds_the_backfill_and_an_earlier_one_reads_on(crawler, account, linkedin):
    urns = filled(linkedin)
    pages = crawl(crawler, account, since=START + timedelta(hours=30))
    assert set(urns[30:]) <= ids(pages)
    assert urns[0] not in ids(pages)
    pages = crawl(crawler, account, stored(pages), since=START - timedelta(days=3))
    assert ids(pages) == set(urns)


@pytest.mark.parametrize("killed_after", range(1, 8))
def test_a_kill_between_any_two_pages_loses_nothing(crawler, account, linkedin, killed_after):
    urns = filled(linkedin)
    seen: set[str] = set()
    cursor = None
    for number, page in enumerate(crawler.crawl(CrawlRequest(account=account)), start=1):
        seen |= {post.native_id for post in page.posts}
        cursor = page.cursor or cursor
        if number == killed_after:
            break
    new = linkedin.post(START + timedelta(days=9), "posted while we were dead")
    linkedin.edit(urns[1], START + timedelta(days=9, hours=1), "edited while we were dead")
    for gone in urns[40:44]:
        del linkedin.posts[gone]
    pages = crawl(crawler, account, cursor)
    assert (seen | ids(pages)) >= {*urns[:40], urns[44], new}
    assert any(post.text == "edited while we were dead" for page in pages for post in page.posts)


@pytest.mark.parametrize("deleted", [1, 3, 6, 30])
def test_posts_deleted_while_we_read_make_no_other_slip_through(crawler, account, linkedin, deleted):
    urns = filled(linkedin)
    calls = 0

    def once() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            for gone in list(reversed(urns))[:deleted]:
                del linkedin.posts[gone]

    linkedin.on_list = once
    pages = crawl(crawler, account)
    assert ids(pages) >= linkedin.posts.keys()
    assert not [page.note for page in pages if page.note]


def test_a_list_that_never_stands_still_is_told(crawler, account, linkedin):
    filled(linkedin, 400)

    def always() -> None:
        for gone in sorted(linkedin.posts, reverse=True)[:8]:
            del linkedin.posts[gone]

    linkedin.on_list = always
    pages = crawl(crawler, account)
    assert "changed faster" in pages[-1].note
    linkedin.on_list = lambda: None
    assert ids(crawl(crawler, account, stored(pages))) == linkedin.posts.keys()


def test_a_list_out_of_order_is_told_and_read_again(crawler, account, linkedin, loopback):
    urns = filled(linkedin, 5)
    items = [linkedin.posts[urn] for urn in urns]

    def unsorted(asked: Any) -> Any:
        if asked.path == "/rest/posts":
            return loopback.Reply({"elements": items, "paging": {"start": 0, "count": 10, "links": [], "total": 5}})
        return linkedin.answer(asked)

    loopback.answer = unsorted
    pages = crawl(crawler, account)
    assert "order" in pages[-1].note
    assert stored(pages).state["read_until"] is None


def test_the_page_limit_is_told_and_the_next_crawl_goes_on(loopback, clock, linkedin, account):
    options = LinkedInOptions(access_token=TOKEN, base_url=loopback.url, page_size=10, max_pages=3)
    crawler = LinkedInCrawler(options, clock=clock, sleep=lambda _: None)
    urns, seen, cursor = filled(linkedin), set(), None
    for _ in range(4):
        pages = crawl(crawler, account, cursor)
        seen |= ids(pages)
        cursor = stored(pages)
    assert seen == set(urns)
    assert "page limit" in crawl(crawler, account)[-1].note
    crawler.close()


def test_what_became_of_stored_posts(crawler, account, linkedin, clock):
    urns = filled(linkedin, 30)
    cursor = stored(crawl(crawler, account))
    del linkedin.posts[urns[0]]
    linkedin.forbidden |= {urns[1], urns[2]}
    linkedin.posts[urns[3]] |= {"lifecycleState": "DRAFT"}
    linkedin.posts[urns[4]] |= {"commentary": "changed in silence"}
    linkedin.posts[urns[5]] |= {"commentary": 7}
    due = [known(urn, clock) for urn in (urns[0], urns[1], *urns[3:7])] + [known(urns[2], clock, "lookup")]
    pages = crawl(crawler, account, cursor, recheck=due)
    gone = {sight.native_id: sight for page in pages for sight in page.gone}
    assert (gone[urns[0]].reason, gone[urns[0]].definite) == (GoneReason.DELETED, True)
    assert (gone[urns[1]].reason, gone[urns[1]].definite, gone[urns[1]].path) == (GoneReason.PRIVATE, False, "lookup")
    assert (gone[urns[2]].definite, gone[urns[2]].path) == (False, "single")
    assert (gone[urns[3]].reason, gone[urns[3]].definite) == (GoneReason.PRIVATE, True)
    assert any(post.text == "changed in silence" for page in pages for post in page.posts)
    assert urns[5] in {one for page in pages for one in page.verified}
    assert urns[6] in ids(pages)
    assert any("not understood" in page.note for page in pages)


def test_a_post_not_understood_stays_outstanding_until_it_is_read(crawler, account, linkedin):
    urns = filled(linkedin, 30)
    linkedin.posts[urns[1]]["commentary"] = ["no text"]
    pages = crawl(crawler, account)
    assert "1 post not understood" in [page.note for page in pages]
    assert stored(pages).state["outstanding"] == [urns[1]]
    pages = crawl(crawler, account, stored(pages))
    assert [page.note for page in pages if page.note] == ["1 post of earlier nights still not understood"]
    linkedin.posts[urns[1]]["commentary"] = "words at last"
    pages = crawl(crawler, account, stored(pages))
    assert urns[1] in ids(pages)
    assert stored(pages).state["outstanding"] == []


def test_what_is_for_members_is_read_only_when_that_is_wanted(loopback, clock, linkedin, account, crawler):
    urn = linkedin.post(START, "for members", visibility="LOGGED_IN")
    pages = crawl(crawler, account)
    assert ids(pages) == set()
    assert not any(page.note for page in pages)
    options = LinkedInOptions(access_token=TOKEN, base_url=loopback.url, members_too=True)
    wanted = LinkedInCrawler(options, clock=clock, sleep=lambda _: None)
    assert ids(crawl(wanted, account)) == {urn}
    wanted.close()


def test_a_known_page_is_asked_for_by_number_and_tells_its_new_name(crawler, make_account, linkedin):
    linkedin.name = "harbor-health"
    first = crawl(crawler, make_account("linkedin", NAME, str(PAGE)))[0]
    assert first.handle == "harbor-health"
    assert crawl(crawler, make_account("linkedin", str(PAGE)))[0].handle is None, "a number is no name"
    with pytest.raises(AccountNotFound):
        crawl(crawler, make_account("linkedin", NAME))


@pytest.mark.parametrize(
    ("now", "told"), [(datetime(2027, 7, 31, tzinfo=UTC), False), (datetime(2027, 8, 1, tzinfo=UTC), True)]
)
def test_a_version_near_its_end_is_told(crawler, account, linkedin, clock, now, told):
    clock.now = now
    assert ("will be retired" in crawl(crawler, account)[0].note) is told


def test_a_budget_stops_before_the_question(crawler, account, linkedin, loopback):
    filled(linkedin)
    with pytest.raises(BudgetExhausted):
        crawl(crawler, account, meter=Purse(3))
    assert len(loopback.asked) == 3


def test_the_token_is_nowhere(crawler, account, linkedin, loopback, caplog):
    caplog.set_level("DEBUG")
    linkedin.post(START, f"a careless post with {TOKEN} in it")
    pages = crawl(crawler, account)
    evidence = b"".join(raw.body + raw.url.encode() + repr(raw.headers).encode() for page in pages for raw in page.raw)
    assert TOKEN.encode() not in evidence
    assert b"REDACTED" in evidence
    assert TOKEN not in caplog.text
    assert NAME not in caplog.text
    assert TOKEN not in repr(crawler.options)


def test_the_private_api_is_in_no_lock_file():
    """`linkedin-api` drives LinkedIn's private interface with a user's password; ours is `linkedin-api-client`."""
    files = [path for pattern in ("*.lock", "requirements*.txt", "pyproject.toml") for path in ROOT.glob(pattern)]
    assert ROOT / "requirements.lock" in files
    for path in files:
        assert not re.search(r"(?im)^\W*linkedin[-_.]api(?![-_.]?client)\b", path.read_text(encoding="utf-8")), path.name
    assert "linkedin-api-client==" in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_a_total_below_what_was_shown_is_not_believed(linkedin, crawler, account, clock):
    linkedin.total = 0
    ids = {linkedin.post(clock.now - timedelta(hours=n + 1), f"p{n}") for n in range(25)}
    pages = list(crawler.crawl(CrawlRequest(account=account)))
    assert {post.native_id for page in pages for post in page.posts} == ids
