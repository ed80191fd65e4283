"""Captions: what their owner's token opens becomes posts of their own, within a nightly allowance, and nothing is dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from core.errors import BudgetExhausted, ParseError
from core.records import Cursor, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers._youtube.captions import is_caption_id, words_of

CHANNEL = "UCinventedHarborClinic00"
TOKEN = "ya29.invented-owner/token"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
VTT = """\ufeffWEBVTT
Kind: captions

STYLE
::cue { color: red }

1
00:00.000 --> 00:02.000 align:start
The <c.loud>tide</c> &amp; the bell

00:02.000 --> 00:04.000
The tide &amp; the bell
rings at <00:03.000>noon
"""


class Captions:
    """Tracks of videos, and the tube behind them."""

    def __init__(self, tube: Any, reply: type) -> None:
        self.tube, self.reply = tube, reply
        self.tracks: dict[str, dict[str, dict[str, Any]]] = {}
        self.files: dict[str, bytes] = {}
        self.refused: tuple[int, str] | None = None

    def add(self, video: str, track: str, body: str = VTT, **snippet: Any) -> None:
        told = {"videoId": video, "lastUpdated": "2026-11-02T10:00:00.123Z", "language": "en", "status": "serving", **snippet}
        self.tracks.setdefault(video, {})[track] = told
        self.files[track] = body.encode()

    def answer(self, asked: Any) -> Any:
        if not asked.path.startswith("/youtube/v3/captions"):
            return self.tube.answer(asked)
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert "x-goog-api-key" not in asked.headers
        if self.refused:
            return self.tube.refusal(*self.refused)
        if asked.path.endswith("/captions"):
            if asked.query["videoId"] in self.tube.gone:
                return self.tube.refusal(404, "videoNotFound")
            tracks = self.tracks.get(asked.query["videoId"], {})
            return self.reply({"items": [{"id": one, "snippet": snippet} for one, snippet in tracks.items()]})
        assert asked.query["tfmt"] == "vtt"
        return self.reply(self.files[unquote(asked.path.rpartition("/")[2])], media_type="application/octet-stream")


@pytest.fixture
def captions(tube, loopback):
    captions = Captions(tube, loopback.Reply)
    loopback.answer = captions.answer
    return captions


@pytest.fixture
def read(make_crawler, account):
    """Crawl, and what came out: pages, and the cursor as storage would hold it."""

    def read(cursor: Cursor | None = None, recheck: tuple[KnownPost, ...] = (), **options: Any) -> Any:
        given = {"owner_tokens": {CHANNEL: TOKEN}, "walk_every_days": 0, **options}
        pages = list(make_crawler(**given).crawl(CrawlRequest(account=account, cursor=cursor, recheck=recheck)))
        last = [page.cursor for page in pages if page.cursor][-1]
        return pages, Cursor(json.loads(json.dumps(dict(last.state))))

    return read


def posts(pages: Any) -> dict[str, Any]:
    return {post.native_id: post for page in pages for post in page.posts if is_caption_id(post.native_id)}


def stored(video: str, track: str, revision: str) -> KnownPost:
    return KnownPost(native_id=f"{video}/captions/{track}", url="", revision=revision, posted_at=START, last_verified_at=START)


def asked_for(loopback: Any) -> list[str]:
    return [asked.path.partition("/captions")[2] or "list" for asked in loopback.asked if "/captions" in asked.path]


def test_the_words_of_a_track_are_a_post_beside_its_video(tube, captions, read, loopback):
    video = tube.post(START, "described")
    captions.add(video, "AUieDa_1=", trackKind="asr")
    pages, cursor = read()
    (post,) = posts(pages).values()
    assert post.native_id == f"{video}/captions/AUieDa_1="
    assert post.text == "The tide & the bell\nrings at noon"
    assert (post.url, post.lang) == (f"https://www.youtube.com/watch?v={video}", "en")
    assert (post.posted_at, post.edited_at) == (START, datetime(2026, 11, 2, 10, 0, 0, 123000, tzinfo=UTC))
    assert not any(TOKEN in f"{raw.body!r}{raw.url}" for page in pages for raw in page.raw)
    loopback.asked.clear()
    again, _ = read(cursor)
    assert posts(again) == {}
    assert asked_for(loopback) == [], "what was read is not paid for again"


def test_without_the_owners_token_no_captions_are_asked_for(tube, captions, read, loopback):
    video = tube.post(START, "described")
    captions.add(video, "track")
    pages, _ = read(owner_tokens={"UCsomebodyElsesChannel00": TOKEN})
    assert asked_for(loopback) == []
    assert not [page.note for page in pages if page.note]
    pages, _ = read(owner_tokens={}, recheck=(stored(video, "track", ""),))
    assert [page.note for page in pages if page.note] == ["no owner's token: 1 stored caption tracks were not looked at again"]


def test_a_nights_allowance_is_kept_to_told_and_gone_on_with(tube, captions, read, loopback):
    for n in range(5):
        captions.add(tube.post(START + timedelta(hours=n), f"p{n}"), f"track{n}")
    first, cursor = read(captions_a_night=2)
    assert [page.note for page in first if page.note] == ["the captions of 3 videos wait for another night"]
    second, cursor = read(cursor, captions_a_night=2)
    third, cursor = read(cursor, captions_a_night=2)
    assert not [page.note for page in third if page.note]
    assert [len(posts(pages)) for pages in (first, second, third)] == [2, 2, 1]
    assert len(asked_for(loopback)) == 10


def test_a_young_video_without_captions_is_asked_about_for_a_week(tube, captions, read, clock, loopback):
    video = tube.post(clock.now - timedelta(hours=1), "young")
    _, cursor = read()
    assert asked_for(loopback) == ["list"]
    captions.add(video, "track")
    clock.move(days=2)
    pages, cursor = read(cursor)
    assert len(posts(pages)) == 1
    silent = tube.post(clock.now - timedelta(hours=1), "silent")
    for _ in range(10):
        clock.move(days=1)
        pages, cursor = read(cursor)
    assert sum(asked.query.get("videoId") == silent for asked in loopback.asked if "/captions" in asked.path) == 7


def test_drafts_and_unfinished_tracks_are_not_read(tube, captions, read, loopback):
    video = tube.post(START, "p")
    captions.add(video, "draft", isDraft=True)
    captions.add(video, "syncing", status="syncing")
    captions.add(video, "failed", status="failed")
    pages, _ = read()
    assert posts(pages) == {}
    assert asked_for(loopback) == ["list"]


def test_stored_tracks_changed_unchanged_taken_down_or_gone_with_their_video(tube, captions, read, clock):
    video, lost = tube.post(START, "p"), tube.post(START, "q")
    captions.add(video, "same")
    captions.add(video, "changed", lastUpdated="2026-11-19T10:00:00Z")
    captions.add(video, "waiting", status="syncing")
    tube.gone = {lost}
    same = "2026-11-02T10:00:00.123000+00:00"
    due = [stored(video, track, same) for track in ("same", "changed", "deleted", "waiting")] + [stored(lost, "any", same)]
    pages, _ = read(recheck=tuple(due))
    page = next(page for page in pages if page.verified)
    assert page.verified == (f"{video}/captions/same", f"{video}/captions/waiting")
    assert [post.native_id for post in page.posts] == [f"{video}/captions/changed"]
    gone = {one.native_id: (one.reason, one.definite) for page in pages for one in page.gone}
    assert gone == {
        f"{video}/captions/deleted": (GoneReason.DELETED, True),
        f"{lost}/captions/any": (GoneReason.UNAVAILABLE, False),
    }


@pytest.mark.parametrize(("refused", "name"), [((401, "authError"), "AuthError"), ((403, "forbidden"), "PermissionMissing")])
def test_an_owners_dead_token_costs_the_captions_alone(tube, captions, read, refused, name):
    tube.post(START, "described")
    captions.refused = refused
    pages, cursor = read()
    assert [post.text for page in pages for post in page.posts] == ["described"]
    assert [page.note for page in pages if page.note] == [f"captions were not read: the owner's token was refused ({name})"]
    captions.refused = None
    assert list(cursor.state["captions"]["due"]) == ["video000000"], "they are asked for when the token lives again"


def test_a_quota_spent_on_captions_stops_the_credential(tube, captions, read):
    tube.post(START, "described")
    captions.refused = (403, "quotaExceeded")
    with pytest.raises(BudgetExhausted):
        read()


def test_a_track_that_is_not_understood_is_told_and_stays_due(tube, captions, read):
    video = tube.post(START, "p")
    captions.add(video, "good")
    captions.add(video, "bad", body="<html>no captions</html>")
    captions.add(video, "undated", lastUpdated=None)
    pages, cursor = read()
    assert list(posts(pages)) == [f"{video}/captions/good"]
    assert [page.note for page in pages if page.note] == ["2 caption tracks not understood"]
    assert video in cursor.state["captions"]["due"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe-->", b"WEBVTT\n\nno cue", b"-->" + b"x" * 4_000_001])
def test_what_is_no_caption_file_is_refused(body):
    with pytest.raises(ParseError):
        words_of(body)


def test_a_subrip_file_is_read_too():
    srt = b"1\r\n00:00:01,000 --> 00:00:02,500\r\nOne\r\nTwo\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nThree\r\n"
    assert words_of(srt) == "One\nTwo\nThree"
