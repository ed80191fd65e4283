"""One small stateful YouTube channel, and crawlers that read it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from crawled import crawlers_of

from crawlers.youtube_channels import YouTubeCrawler

CHANNEL = "UCinventedHarborClinic00"
UPLOADS = "UUinventedHarborClinic00"
HANDLE = "@HarborClinic"
KEY = "AIzaInvented-key_of/tests+1"


class Tube:
    """One channel with videos, newest first; page tokens are offsets, as the real ones are."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.videos: dict[str, tuple[datetime, str]] = {}
        self.gone: set[str] = set()  # neither listed nor shown
        self.unshown: set[str] = set()  # listed, but not shown
        self.hidden: set[str] = set()  # listed as private, not shown
        self.handle = HANDLE.lower()
        self.page_size = 5
        self.feed_status = 200
        self.oembed: dict[str, int] = {}
        self.refuse_tokens = False
        self.privacy = "public"

    def post(self, at: datetime, words: str) -> str:
        video_id = f"video{len(self.videos):06}"
        self.videos[video_id] = (at, words)
        return video_id

    def listed(self) -> list[str]:
        return sorted((one for one in self.videos if one not in self.gone), key=lambda one: self.videos[one][0], reverse=True)

    def answer(self, asked: Any) -> Any:
        assert "key" not in asked.query
        if asked.path == "/feeds/videos.xml":
            assert "x-goog-api-key" not in asked.headers, "the feed is keyless"
            return self.feed()
        if asked.path == "/oembed":
            status = self.oembed.get(asked.query["url"].partition("v=")[2], 404)
            return self.reply({"title": "…"} if status == 200 else b"Not Found", status)
        assert asked.headers["x-goog-api-key"] == KEY
        method = asked.path.removeprefix("/youtube/v3/")
        return {"channels": self.channels, "playlistItems": self.items, "videos": self.lookup}[method](asked.query)

    def channels(self, query: dict[str, str]) -> Any:
        known = {("forHandle", HANDLE), ("id", CHANNEL), ("forUsername", "HarborFilms"), ("forHandle", "HarborClinic")}
        if not known & set(query.items()):
            return self.reply({"pageInfo": {"totalResults": 0}})
        shown = sum(one not in self.unshown | self.hidden for one in self.listed())
        snippet = {"title": "Harbor Clinic", "description": "Films.", "customUrl": self.handle}
        details = {"relatedPlaylists": {"uploads": UPLOADS}}
        statistics, status = {"videoCount": str(shown)}, {"privacyStatus": self.privacy}
        item = {"id": CHANNEL, "snippet": snippet, "contentDetails": details, "statistics": statistics, "status": status}
        return self.reply({"items": [item]})

    def items(self, query: dict[str, str]) -> Any:
        if self.refuse_tokens and "pageToken" in query:
            return self.refusal(400, "invalidPageToken")
        every = self.listed()
        if not every:
            return self.refusal(404, "playlistNotFound")
        if "videoId" in query:
            every = [one for one in every if one == query["videoId"]]
        start = int(base64.b64decode(query["pageToken"])) if "pageToken" in query else 0
        page = every[start : start + self.page_size]
        body: dict[str, Any] = {"items": [self.item(one) for one in page], "pageInfo": {"totalResults": len(every)}}
        if start + len(page) < len(every):
            body["nextPageToken"] = base64.b64encode(str(start + len(page)).encode()).decode()
        return self.reply(body)

    def item(self, one: str) -> dict[str, Any]:
        at = self.videos[one][0].strftime("%Y-%m-%dT%H:%M:%SZ")
        details = {"videoId": one, "videoPublishedAt": at}
        privacy = "private" if one in self.hidden else "public"
        return {"snippet": {"publishedAt": at}, "contentDetails": details, "status": {"privacyStatus": privacy}}

    def lookup(self, query: dict[str, str]) -> Any:
        unseen = self.gone | self.unshown | self.hidden
        asked = query["id"].split(",")
        assert len(asked) <= 50
        return self.reply({"items": [self.shown(one) for one in asked if one in self.videos and one not in unseen]})

    def shown(self, one: str) -> dict[str, Any]:
        at, words = self.videos[one]
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        snippet = {"channelId": CHANNEL, "title": "t", "description": words, "publishedAt": stamp}
        return {"id": one, "etag": f"e-{words}", "snippet": snippet, "status": {"privacyStatus": "public"}}

    def feed(self) -> Any:
        entries = "".join(f"<entry>{one} {self.videos[one][1]}</entry>" for one in self.listed()[:15])
        views = f"<media:community>{datetime.now(UTC)}</media:community>"
        body = f"<feed><id>yt:channel:{CHANNEL}</id>{entries}{views}</feed>"
        return self.reply(body.encode(), self.feed_status, media_type="text/xml; charset=UTF-8")

    def refusal(self, status: int, reason: str) -> Any:
        return self.reply({"error": {"code": status, "message": "…", "errors": [{"reason": reason}]}}, status)


@pytest.fixture
def tube(loopback):
    tube = Tube(loopback.Reply)
    loopback.answer = tube.answer
    return tube


@pytest.fixture
def make_crawler(loopback, clock):
    with crawlers_of(YouTubeCrawler, clock, api_key=KEY, base_url=loopback.url, feed_url=loopback.url, timeout=5) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("youtube", HANDLE)
