"""What a Page showed in part: said in a note, kept in the cursor, and made good on a later night."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import ParseError
from core.records import CrawledPage, Cursor
from core.seams import CrawlRequest
from crawlers._outstanding import LIMIT
from crawlers.facebook_pages import FacebookCrawler, FacebookOptions

PAGE = "100000000000077"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Nights:
    """A Page with posts, and crawls of it night after night with the cursor that the night before left."""

    def __init__(self, loopback: Any, clock: Any, account: Any) -> None:
        self.loopback, self.clock, self.account = loopback, clock, account
        self.posts: dict[str, tuple[datetime, str]] = {}
        self.spoiled: set[str] = set()
        self.page_size = 5
        self.cursor: Cursor | None = None
        self.read: list[str] = []
        loopback.answer = self.answer

    def post(self, at: datetime, words: str) -> str:
        native_id = f"{PAGE}_{len(self.posts) + 1}"
        self.posts[native_id] = (at, words)
        return native_id

    def shown(self, native_id: str) -> dict[str, Any]:
        at, words = self.posts[native_id]
        created = "garbage" if native_id in self.spoiled else at.strftime("%Y-%m-%dT%H:%M:%S+0000")
        return {"id": native_id, "message": words, "created_time": created, "from": {"id": PAGE}}

    def answer(self, asked: Any) -> Any:
        query = asked.query
        if "ids" in query:
            ids = query["ids"].split(",")
            if any(one not in self.posts for one in ids):
                return self.loopback.Reply({"error": {"message": "…", "code": 100, "error_subcode": 33}}, 400)
            return self.loopback.Reply({one: self.shown(one) for one in ids})
        if not asked.path.endswith("/published_posts"):
            return self.loopback.Reply({"id": PAGE, "name": "Harbor Clinic", "username": "HarborClinic"})
        ids = sorted(self.posts, key=lambda one: self.posts[one][0], reverse=True)
        ids = [one for one in ids if self.posts[one][0].timestamp() >= int(query.get("since", 0))]
        if after := query.get("after"):
            ids = [one for one in ids if self.posts[one][0] < self.posts[after][0]]
        page = ids[: self.page_size]
        paging: dict[str, Any] = {"cursors": {"after": page[-1]}} if page else {}
        if ids[self.page_size :]:
            paging["next"] = "https://graph.facebook.com/v26.0/x"
        return self.loopback.Reply({"data": [self.shown(one) for one in page], "paging": paging})

    def crawl(self, since: datetime | None = None, **options: Any) -> str:
        """Tonight's notes, 'complete' where there are none."""
        given = FacebookOptions(access_token="invented", base_url=self.loopback.url, timeout=5, **options)
        crawler = FacebookCrawler(given, clock=self.clock, sleep=lambda _: None)
        pages: list[CrawledPage] = []
        try:
            for page in crawler.crawl(CrawlRequest(account=self.account, cursor=self.cursor, since=since)):
                pages.append(page)
                if page.cursor:
                    self.cursor = Cursor(json.loads(json.dumps(dict(page.cursor.state))))
        finally:
            crawler.close()
            self.read = [post.text for page in pages for post in page.posts]
            self.clock.move(days=1)
        return "; ".join(page.note for page in pages if page.note) or "complete"


@pytest.fixture
def nights(loopback, clock, make_account):
    return Nights(loopback, clock, make_account("facebook", "HarborClinic"))


def test_a_resumed_walk_that_uses_the_last_page_up_says_that_the_top_was_not_read(nights, clock):
    for n in range(10):
        nights.post(START + timedelta(hours=n), f"old {n}")
    assert "page limit" in nights.crawl(max_pages=1, reread_days=0)
    for n in range(4):
        nights.post(clock.now - timedelta(hours=n + 1), f"new {n}")
    assert nights.crawl(max_pages=1, reread_days=0) == "more is to be read: the page limit was reached"
    assert nights.crawl(max_pages=1, reread_days=0) == "complete"
    assert {f"new {n}" for n in range(4)} <= set(nights.read)


def test_a_post_not_understood_is_looked_up_until_it_is_read(nights, loopback):
    nights.spoiled.add(nights.post(START - timedelta(days=90), "broken at first"))
    nights.post(START, "sound")
    assert nights.crawl() == "1 post not understood"
    assert nights.crawl() == "1 post of earlier nights still not understood"
    nights.spoiled.clear()
    assert nights.crawl() == "complete"
    assert "broken at first" in nights.read
    loopback.asked.clear()
    assert nights.crawl() == "complete"
    assert not [asked for asked in loopback.asked if "ids" in asked.query]


def test_a_post_that_went_before_it_was_understood_is_told_once(nights):
    bad = nights.post(START - timedelta(days=90), "broken")
    other = nights.post(START - timedelta(days=91), "broken too")
    nights.spoiled.update({bad, other})
    nights.post(START, "sound")
    nights.crawl()
    del nights.posts[bad]
    told = nights.crawl()
    assert "1 post gone before being understood" in told
    assert "1 post of earlier nights still not understood" in told
    nights.spoiled.clear()
    assert nights.crawl() == "complete"
    assert "broken too" in nights.read


def test_more_broken_posts_than_the_cursor_holds_are_found_by_walking_again(nights):
    nights.page_size = 100
    nights.spoiled.update(nights.post(START - timedelta(days=90, minutes=n), f"p{n}") for n in range(LIMIT + 5))
    nights.post(START, "sound")
    assert "not understood" in nights.crawl()
    nights.spoiled.clear()
    assert nights.crawl() == "complete"
    assert len(set(nights.read)) == LIMIT + 6


def test_a_tail_page_of_broken_posts_does_not_stop_what_is_new(nights, clock):
    nights.spoiled.add(nights.post(START - timedelta(days=90), "broken"))
    for n in range(5):
        nights.post(START + timedelta(hours=n), f"p{n}")
    assert nights.crawl() == "1 post not understood"
    nights.post(clock.now - timedelta(hours=2), "new")
    assert nights.crawl() == "1 post of earlier nights still not understood"
    assert "new" in nights.read


def test_a_page_of_which_nothing_was_understood_fails_and_is_read_once_it_is_mended(nights):
    nights.spoiled.update(nights.post(START + timedelta(hours=n), f"p{n}") for n in range(7))
    with pytest.raises(ParseError, match="none of the 7"):
        nights.crawl()
    nights.spoiled.clear()
    assert nights.crawl() == "complete"
    assert len(nights.read) == 7


@pytest.mark.parametrize("ahead", [100, 365])
def test_a_clock_that_was_ahead_one_night_hides_nothing(nights, clock, ahead):
    nights.post(START, "p")
    right = clock.now
    clock.now += timedelta(days=ahead)
    nights.crawl(since=clock.now - timedelta(days=200))
    clock.now = right
    nights.post(right - timedelta(hours=1), "new")
    assert nights.crawl(since=right - timedelta(days=200)) == "complete"
    assert nights.read == ["new", "p"]


def test_asking_for_an_earlier_time_walks_down_to_it_and_a_later_one_does_not(nights, clock):
    nights.post(START - timedelta(days=200), "long ago")
    nights.post(START, "p")
    nights.crawl(since=clock.now - timedelta(days=90))
    assert nights.read == ["p"]
    nights.crawl(since=clock.now - timedelta(days=365))
    assert nights.read == ["p", "long ago"]
    nights.crawl(since=clock.now - timedelta(days=365))
    assert nights.read == ["p"]


def test_a_crawl_without_a_cursor_yields_what_is_newer_than_asked(nights):
    nights.post(START, "old")
    nights.post(START + timedelta(days=10), "new")
    assert nights.crawl(since=START + timedelta(days=9)) == "complete"
    assert nights.read == ["new"]
