"""What a cursor holds of a channel: how far its list of uploads has been read, when it may rest, and which captions are due.

A page token is an offset into the list: deletions in the meantime would let it skip videos, so a stored one is good only while
the list has not become shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict, TypeGuard

from core.records import Cursor
from crawlers import _walk
from crawlers._youtube.videos import is_video_id

_LONGEST_TOKEN = 500
_MOST_ASKED = 2000  # ids whose captions were asked for; older ones fall out, and would cost another question at the most


class Place(TypedDict):
    """A page of the list, and how many videos the list had when its token was given."""

    token: str
    total: int


def is_place(value: object) -> TypeGuard[Place]:
    if not isinstance(value, Mapping):
        return False
    token, total = value.get("token"), value.get("total")
    return isinstance(token, str) and len(token) <= _LONGEST_TOKEN and isinstance(total, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """Videos whose captions are still to be read, with the times when they were posted, and those that were asked for."""

    due: Mapping[str, int] = field(default_factory=dict, repr=False)
    asked: tuple[str, ...] = field(default=(), repr=False)

    def want(self, videos: Mapping[str, int]) -> Captions:
        fresh = {one: at for one, at in videos.items() if one not in self.asked}
        return replace(self, due={**self.due, **fresh})

    def answered(self, video_id: str) -> Captions:
        left = {one: at for one, at in self.due.items() if one != video_id}
        return Captions(due=left, asked=(*(one for one in self.asked if one != video_id), video_id)[-_MOST_ASKED:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(_walk.Progress[Place]):
    """`feed` (a digest) and `count` are what the channel's feed and its count of videos said before the last whole walk, at
    `walked_at`.
    """

    feed: str = ""
    count: str = ""
    walked_at: int = 0
    captions: Captions = Captions()

    def may_rest(self, *, feed: str, count: str, now: datetime, within: timedelta) -> bool:
        """Whether nothing speaks for walking the list again: no change is told and the last walk is young and whole."""
        is_whole = self.walk is None and self.read_until is not None and self.reaches_wanted and not self.outstanding
        is_young = abs(now.timestamp() - self.walked_at) < within.total_seconds()
        return bool(is_whole and is_young and feed and (feed, count) == (self.feed, self.count))

    def done(self, walk: _walk.Walk[Place], *, feed: str, count: str) -> Progress:
        """After a walk that came down to its bound."""
        finished = self.finish(walk)
        return finished if walk.has_gaps else replace(finished, feed=feed, count=count, walked_at=walk.started_at)

    def cursor(self) -> Cursor:
        state = {**self.state(), "feed": self.feed, "count": self.count, "walked_at": self.walked_at}
        if self.captions != Captions():
            state["captions"] = {"due": dict(self.captions.due), "asked": list(self.captions.asked)}
        return Cursor(state)


def read_progress(cursor: Cursor | None, native_id: str, since: datetime | None) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another channel's or none of ours."""
    state = cursor.state if cursor and cursor.state.get("native_id") == native_id else {}
    uploads = _walk.read_progress(state, native_id, since, is_id=is_video_id, is_place=is_place)
    feed, count, walked_at = state.get("feed"), state.get("count"), state.get("walked_at")
    return Progress(
        **{one.name: getattr(uploads, one.name) for one in fields(uploads)},
        feed=feed if isinstance(feed, str) else "",
        count=count if isinstance(count, str) else "",
        walked_at=walked_at if isinstance(walked_at, int) else 0,
        captions=_read_captions(state.get("captions")),
    )


def _read_captions(state: Any) -> Captions:
    if not isinstance(state, Mapping) or not isinstance(state.get("due"), Mapping):
        return Captions()
    due = {one: at for one, at in state["due"].items() if is_video_id(one) and isinstance(at, int)}
    asked = state.get("asked")
    held = tuple(one for one in asked if is_video_id(one)) if isinstance(asked, list) else ()
    return Captions(due=due, asked=held)
