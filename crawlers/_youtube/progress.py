"""How far a channel has been read: what a cursor holds, so that a crawl may be killed between any two pages.

The list of uploads leads from the newest back. `read_until` moves only when a whole walk is done, and to the newest video seen,
never to our own time. A page token is an offset into the list: deletions in the meantime would let it skip videos, so a
stored one is good only while the list has not become shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.records import Cursor
from crawlers._outstanding import keep, read_held
from crawlers._youtube.videos import is_video_id

_EARLIER_BY = 86_400  # seconds; a lower bound that differs by less is the same night's, asked for at another hour
_LONGEST_TOKEN = 500
_MOST_ASKED = 2000  # ids whose captions were asked for; older ones fall out, and would cost another question at the most


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way down the list. Times are seconds since 1970; `total` is how many videos the list had."""

    started_at: int
    since: int | None
    token: str = field(default="", repr=False)
    total: int = 0
    seen: int = 0
    newest: int = 0
    has_gaps: bool = False
    is_stored: bool = False  # the token is an earlier crawl's

    def from_the_top(self) -> Walk:
        """The same walk begun again, for when its token is good no more."""
        return replace(self, token="", seen=0, is_stored=False)


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
class Progress:
    """What is known of one channel: everything from `floor` (None: the beginning) up to `read_until`, but for `outstanding`.

    `feed` (a digest) and `count` are what the channel's feed and its count of videos said before the last whole walk, at
    `walked_at`.
    """

    native_id: str = field(repr=False)
    wanted: int | None
    floor: int | None = None
    read_until: int | None = None
    outstanding: tuple[str, ...] = field(default=(), repr=False)
    walk: Walk | None = None
    feed: str = ""
    count: str = ""
    walked_at: int = 0
    captions: Captions = Captions()

    @property
    def reaches_wanted(self) -> bool:
        return self.floor is None or (self.wanted is not None and self.floor - self.wanted <= _EARLIER_BY)

    def may_rest(self, *, feed: str, count: str, now: datetime, within: timedelta) -> bool:
        """Whether nothing speaks for walking the list again: no change is told and the last walk is young and whole."""
        is_whole = self.walk is None and self.read_until is not None and self.reaches_wanted and not self.outstanding
        is_young = abs(now.timestamp() - self.walked_at) < within.total_seconds()
        return bool(is_whole and is_young and feed and (feed, count) == (self.feed, self.count))

    def begin(self, now: datetime, window: timedelta) -> Walk:
        """From the top down behind what was read, or as deep as is asked where that was never covered."""
        started_at = int(now.timestamp())
        if self.read_until is None:
            since = self.wanted if self.wanted is None or self.floor is None else min(self.wanted, self.floor)
            return Walk(started_at=started_at, since=since)
        if not self.reaches_wanted:
            return Walk(started_at=started_at, since=self.wanted)
        return Walk(started_at=started_at, since=min(self.read_until, started_at) - int(window.total_seconds()))

    def keep(self, *, read: Iterable[str], broken: Iterable[str]) -> tuple[Progress, bool]:
        """With the broken videos of a page outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def finish(self, walk: Walk, *, feed: str, count: str) -> Progress:
        if walk.has_gaps:
            return replace(self, walk=None)
        done = replace(self, walk=None, feed=feed, count=count, walked_at=walk.started_at)
        newest = min(walk.newest, walk.started_at)
        if self.read_until is None:
            return replace(done, read_until=newest or None, floor=walk.since)
        floor = None if self.floor is None or walk.since is None else min(self.floor, walk.since)
        return replace(done, read_until=max(newest, min(self.read_until, walk.started_at)), floor=floor)

    def cursor(self) -> Cursor:
        state: dict[str, Any] = {
            "native_id": self.native_id,
            "since": self.floor,
            "read_until": self.read_until,
            "outstanding": list(self.outstanding),
            "feed": self.feed,
            "count": self.count,
            "walked_at": self.walked_at,
        }
        if self.captions != Captions():
            state["captions"] = {"due": dict(self.captions.due), "asked": list(self.captions.asked)}
        if self.walk:
            state["walk"] = {
                name: getattr(self.walk, name)
                for name in ("started_at", "since", "token", "total", "seen", "newest", "has_gaps")
            }
        return Cursor(state)


def read_progress(cursor: Cursor | None, native_id: str, since: datetime | None) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another channel's or none of ours."""
    fresh = Progress(native_id=native_id, wanted=int(since.timestamp()) if since else None)
    state = cursor.state if cursor else {}
    floor, read_until = state.get("since"), state.get("read_until")
    if state.get("native_id") != native_id or not (_is_time(floor) and _is_time(read_until)):
        return fresh
    feed, count, walked_at = state.get("feed"), state.get("count"), state.get("walked_at")
    return replace(
        fresh,
        floor=floor,
        read_until=read_until,
        outstanding=read_held(state.get("outstanding"), is_video_id),
        walk=_read_walk(state.get("walk")),
        feed=feed if isinstance(feed, str) else "",
        count=count if isinstance(count, str) else "",
        walked_at=walked_at if isinstance(walked_at, int) else 0,
        captions=_read_captions(state.get("captions")),
    )


def _read_walk(state: Any) -> Walk | None:
    """A walk that can't be read is begun anew from the same bound: nothing is lost."""
    if not isinstance(state, Mapping):
        return None
    token, since = state.get("token"), state.get("since")
    numbers = {name: state.get(name) for name in ("started_at", "total", "seen", "newest")}
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN or not _is_time(since):
        return None
    if not all(isinstance(number, int) for number in numbers.values()):
        return None
    return Walk(since=since, token=token, has_gaps=state.get("has_gaps") is not False, is_stored=True, **numbers)  # type: ignore[arg-type]


def _read_captions(state: Any) -> Captions:
    if not isinstance(state, Mapping) or not isinstance(state.get("due"), Mapping):
        return Captions()
    due = {one: at for one, at in state["due"].items() if is_video_id(one) and isinstance(at, int)}
    asked = state.get("asked")
    held = tuple(one for one in asked if is_video_id(one)) if isinstance(asked, list) else ()
    return Captions(due=due, asked=held)


def _is_time(value: Any) -> bool:
    return value is None or isinstance(value, int)
