"""Stored videos that are due for another look: shown, missing, and missing a second time by another path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from crawled import known, texts

from core.errors import ParseError
from core.records import CrawledPage, Cursor, GoneReason
from core.seams import CrawlRequest

CHANNEL = "UCinventedHarborClinic00"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def notes(pages: list[CrawledPage]) -> list[str]:
    return [page.note for page in pages if page.note]


def test_what_is_missing_is_looked_for_by_another_path_the_second_time(tube, make_crawler, account, clock, loopback):
    ids = [tube.post(clock.now - timedelta(days=100 + n), f"p{n}") for n in range(60)]
    tube.gone = {ids[3], ids[4], ids[5], ids[6]}
    tube.oembed = {ids[4]: 401, ids[6]: 200}
    cursor = Cursor({"native_id": CHANNEL, "since": None, "read_until": int(clock.now.timestamp())})
    due = [known(one, missing_path="lookup" if one in {ids[4], ids[5], ids[6]} else "") for one in ids]
    pages = list(make_crawler().crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
    sightings = {gone.native_id: (gone.reason, gone.definite, gone.path) for page in pages for gone in page.gone}
    assert sightings == {
        ids[3]: (GoneReason.UNAVAILABLE, False, "lookup"),
        ids[4]: (GoneReason.PRIVATE, False, "oembed"),
        ids[5]: (GoneReason.UNAVAILABLE, False, "oembed"),
    }
    assert [page.verified for page in pages if page.verified] == [(ids[6],)]
    assert notes(pages) == ["1 stored post can be watched, but its lookup does not show it"]
    assert len(texts(pages)) == 56
    assert all(page.raw for page in pages), "every sighting has its evidence"


@pytest.mark.parametrize("feed_url", ["", "down"])
def test_without_oembed_the_list_of_uploads_is_the_other_path(tube, make_crawler, account, clock, loopback, feed_url):
    gone, listed, hidden = (tube.post(clock.now - timedelta(days=100 + n), "p") for n in range(3))
    tube.post(clock.now - timedelta(days=200), "still here")
    tube.gone, tube.unshown, tube.hidden = {gone}, {listed}, {hidden}
    options = {"feed_url": ""}
    if feed_url == "down":
        options = {}
        answer = tube.answer
        loopback.answer = lambda asked: loopback.Reply(status=503) if asked.path == "/oembed" else answer(asked)
    cursor = Cursor({"native_id": CHANNEL, "since": None, "read_until": int(clock.now.timestamp())})
    due = [known(one, missing_path="lookup") for one in (gone, listed, hidden)]
    pages = list(make_crawler(**options).crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
    assert [(g.native_id, g.reason, g.definite, g.path) for page in pages for g in page.gone] == [
        (gone, GoneReason.UNAVAILABLE, False, "playlist"),
        (hidden, GoneReason.PRIVATE, False, "playlist"),
    ]
    assert notes(pages) == ["1 stored post is listed, but its lookup does not show it"]


def test_recheck_leaves_out_what_the_walk_has_just_shown_and_what_is_no_id(tube, make_crawler, account, loopback):
    one = tube.post(START, "here")
    list(make_crawler().crawl(CrawlRequest(account=account, recheck=[known(one), known("x&key=1")])))
    assert [asked.path for asked in loopback.asked].count("/youtube/v3/videos") == 1


@pytest.mark.parametrize("method", ["videos", "playlistItems", "channels"])
def test_an_answer_without_its_list_tells_nothing_of_anything(tube, make_crawler, account, clock, loopback, method):
    """`{}` is no word of YouTube's on absence: nothing may be buried for it."""
    ids = [tube.post(clock.now - timedelta(days=100 + n), "p") for n in range(3)]
    answer = tube.answer
    loopback.answer = lambda asked: loopback.Reply({}) if asked.path.endswith(method) else answer(asked)
    cursor = Cursor({"native_id": CHANNEL, "since": None, "read_until": int(clock.now.timestamp())})
    due = [known(one, missing_path="lookup") for one in ids]
    seen: list[CrawledPage] = []
    with pytest.raises(ParseError):
        seen.extend(make_crawler(feed_url="").crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
    assert not [page.gone for page in seen if page.gone]
