"""What X showed in part: said in a note, kept in the cursor, and made good on a later night."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import ParseError
from core.records import CrawledPage, Cursor
from core.seams import CrawlRequest
from crawlers._outstanding import LIMIT
from crawlers.x_timelines import XCrawler, XOptions

USER = "1700000000000000001"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
TIMELINE = f"/2/users/{USER}/tweets"


class Nights:
    """Crawls night after night with the cursor that the night before left, as storage would hold it."""

    def __init__(self, loopback: Any, clock: Any, account: Any) -> None:
        self.url, self.clock, self.account = loopback.url, clock, account
        self.cursor: Cursor | None = None
        self.read: list[str] = []

    def crawl(self, since: datetime | None = None, **options: Any) -> str:
        """Tonight's notes, 'complete' where there are none."""
        crawler = XCrawler(
            XOptions(bearer_token="invented-bearer-token", base_url=self.url, timeout=5, **options),
            clock=self.clock,
            sleep=lambda _: None,
        )
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
def world(make_x_world):
    return make_x_world("tweet")


@pytest.fixture
def nights(loopback, clock, make_account):
    return Nights(loopback, clock, make_account("x", "harbor_clinic"))


@pytest.fixture
def spoiled(world):
    """Version ids whose post X shows with a time that is none."""
    ids: set[str] = set()
    real = world.shown
    world.shown = lambda version: real(version) | ({"created_at": "garbage"} if version in ids else {})
    return ids


def change_timeline(world, loopback, change):
    def answer(asked):
        reply = world.answer(asked)
        return loopback.Reply(change(dict(reply.body), asked.query)) if asked.path == TIMELINE else reply

    loopback.answer = answer


def test_a_resumed_walk_that_uses_the_last_page_up_says_that_the_top_was_not_read(world, nights, clock):
    for n in range(10):
        world.post(START + timedelta(hours=n), f"old {n}")
    assert "page limit" in nights.crawl(max_pages=1)
    for n in range(5):
        world.post(clock.now - timedelta(hours=n + 1), f"new {n}")
    assert nights.crawl(max_pages=1) == "more is to be read: the page limit was reached"
    assert nights.crawl(max_pages=1) == "complete"
    assert sorted(nights.read) == [f"new {n}" for n in range(5)]


def test_a_post_not_understood_is_looked_up_until_it_is_read(world, nights, spoiled, loopback):
    world.post(START, "sound")
    bad = world.post(START + timedelta(days=1), "broken at first")
    spoiled.add(bad)
    assert nights.crawl() == "1 post not understood"
    assert nights.crawl() == "1 post of earlier nights still not understood"
    spoiled.clear()
    assert nights.crawl() == "complete"
    assert nights.read == ["broken at first"]
    loopback.asked.clear()
    assert nights.crawl() == "complete"
    assert not [asked for asked in loopback.asked if asked.path == "/2/tweets"]


def test_a_post_that_went_before_it_was_understood_is_told_once(world, nights, spoiled):
    world.post(START, "sound")
    bad = world.post(START + timedelta(days=1), "broken")
    spoiled.add(bad)
    nights.crawl()
    world.problems[bad] = "resource-unavailable"
    assert nights.crawl() == "1 post of earlier nights still not understood"
    world.problems[bad] = "resource-not-found"
    assert nights.crawl() == "1 post gone before being understood"
    assert nights.crawl() == "complete"


def test_more_broken_posts_than_the_cursor_holds_are_found_by_walking_again(world, nights, spoiled):
    world.page_size = 100
    spoiled.update(world.post(START + timedelta(minutes=n), f"p{n}") for n in range(LIMIT + 5))
    world.post(START + timedelta(days=1), "sound")
    assert "not understood" in nights.crawl()
    spoiled.clear()
    assert nights.crawl() == "complete"
    assert len(set(nights.read)) == LIMIT + 6


def test_a_tail_page_of_broken_posts_does_not_stop_what_is_new(world, nights, spoiled, clock):
    spoiled.add(world.post(START, "broken"))
    for n in range(5):
        world.post(START + timedelta(days=1, hours=n), f"p{n}")
    assert nights.crawl() == "1 post not understood"
    world.post(clock.now - timedelta(hours=2), "new")
    assert nights.crawl() == "1 post of earlier nights still not understood"
    assert nights.read == ["new"]


def test_a_timeline_of_which_nothing_was_understood_fails_and_is_read_once_it_is_mended(world, nights, spoiled):
    spoiled.update(world.post(START + timedelta(hours=n), f"p{n}") for n in range(7))
    with pytest.raises(ParseError, match="none of the 7"):
        nights.crawl()
    spoiled.clear()
    assert nights.crawl() == "complete"
    assert len(nights.read) == 7


@pytest.mark.parametrize("kept_back", ["resource-not-found", "resource-unavailable"])
def test_a_later_version_that_never_appears_is_noted_and_the_shown_one_taken(world, nights, loopback, kept_back):
    first = world.post(START, "as first written")
    last = world.edit(first, START + timedelta(minutes=5), "as edited")
    world.problems[last] = kept_back
    change_timeline(world, loopback, lambda _, query: {"data": [world.shown(first)], "meta": {"result_count": 1}})
    assert nights.crawl() == "X names a later version of 1 edited posts and does not show it"
    assert nights.read == ["as first written"]
    loopback.answer = world.answer
    is_for_good = kept_back == "resource-not-found"
    assert nights.crawl() == ("complete" if is_for_good else "X names a later version of 1 edited posts and does not show it")
    del world.problems[last]
    assert nights.crawl() == "complete"
    assert nights.read == ["as edited"]


@pytest.mark.parametrize(
    ("meta", "note"),
    [({"result_count": 50}, "X gave 1 posts on a page"), ({}, "did not say"), (None, "did not say")],
)
def test_a_page_that_holds_posts_back_settles_nothing(world, nights, loopback, meta, note):
    world.post(START, "held back")
    shown = world.post(START + timedelta(days=1), "shown")
    part = {"data": [world.shown(shown)], **({"meta": meta} if meta is not None else {})}
    change_timeline(world, loopback, lambda _, query: part)
    assert note in nights.crawl()
    loopback.answer = world.answer
    assert nights.crawl() == "complete"
    assert "held back" in nights.read


def test_a_clock_that_was_a_year_ahead_on_the_first_night_hides_nothing(world, nights, clock):
    world.post(START, "p")
    right = clock.now
    clock.now += timedelta(days=365)
    nights.crawl(since=clock.now - timedelta(days=30))
    assert nights.read == []
    clock.now = right
    assert nights.crawl(since=right - timedelta(days=30)) == "complete"
    assert nights.read == ["p"]


def test_asking_for_an_earlier_time_walks_down_to_it_and_a_later_one_does_not(world, nights, clock):
    world.post(START - timedelta(days=200), "long ago")
    world.post(START, "p")
    nights.crawl(since=clock.now - timedelta(days=90))
    assert nights.read == ["p"]
    nights.crawl(since=clock.now - timedelta(days=90))
    assert nights.read == []
    nights.crawl(since=clock.now - timedelta(days=365))
    assert nights.read == ["p", "long ago"]
    nights.crawl(since=clock.now - timedelta(days=365))
    assert nights.read == []


def test_replies_are_read_once_they_are_no_longer_excluded(world, nights, loopback, clock):
    reply = world.post(START, "a reply")
    world.post(START + timedelta(days=1), "p")

    def without_replies(body, query):
        data = [one for one in body.get("data", []) if one["id"] != reply or "exclude" not in query]
        return {**({"data": data} if data else {}), "meta": {"result_count": len(data)}}

    change_timeline(world, loopback, without_replies)
    since = clock.now - timedelta(days=90)
    nights.crawl(since=since, exclude_replies=True)
    assert nights.read == ["p"]
    nights.crawl(since=since)
    assert nights.read == ["p", "a reply"]
    nights.crawl(since=since)
    assert nights.read == []


def test_a_crawl_without_a_cursor_yields_what_is_newer_than_asked(world, nights):
    world.post(START, "old")
    world.post(START + timedelta(days=10), "new")
    assert nights.crawl(since=START + timedelta(days=9)) == "complete"
    assert nights.read == ["new"]
