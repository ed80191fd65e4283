"""How far a Page has been read: what a cursor holds, so that a crawl may be killed between any two pages.

Graph pages from the newest post back. `read_until` moves only when a whole walk is done; each walk goes back behind it by the
window in which edits are looked for. Until it is done the cursor carries the walk: its bound, and where its next page begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.records import Cursor
from crawlers._graph import PLACES


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way down a Page's posts. Times are seconds since 1970, as Graph takes them."""

    started_at: int
    since: int | None
    place: Mapping[str, str] = field(default_factory=dict, repr=False)  # parameters of the next page
    seen: int = 0
    is_stored: bool = False  # the place is an earlier crawl's

    def past(self, posts: int, place: Mapping[str, str]) -> Walk:
        return replace(self, place=place, seen=self.seen + posts, is_stored=False)

    def from_the_top(self) -> Walk:
        """The same walk begun again, for when Graph has forgotten the place."""
        return replace(self, place={}, is_stored=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one Page. `since` bounds the first walk."""

    native_id: str = field(repr=False)
    since: int | None
    read_until: int | None = None
    walk: Walk | None = None

    def begin(self, now: datetime, window: timedelta) -> Walk:
        bound = self.since if self.read_until is None else self.read_until - int(window.total_seconds())
        return Walk(started_at=int(now.timestamp()), since=bound)

    def finish(self, walk: Walk) -> Progress:
        return replace(self, read_until=walk.started_at, walk=None)

    def cursor(self) -> Cursor:
        state: dict[str, Any] = {"native_id": self.native_id, "since": self.since, "read_until": self.read_until}
        if self.walk:
            place = dict(self.walk.place)
            state["walk"] = {
                "started_at": self.walk.started_at,
                "since": self.walk.since,
                "place": place,
                "seen": self.walk.seen,
            }
        return Cursor(state)


def read_progress(cursor: Cursor | None, native_id: str, since: datetime | None) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another Page's or none of ours."""
    fresh = Progress(native_id=native_id, since=int(since.timestamp()) if since else None)
    state = cursor.state if cursor else {}
    bound, read_until = state.get("since"), state.get("read_until")
    if state.get("native_id") != native_id or not (_is_time(bound) and _is_time(read_until)):
        return fresh
    return replace(fresh, since=bound, read_until=read_until, walk=_read_walk(state.get("walk")))


def _read_walk(state: Any) -> Walk | None:
    """A walk that can't be read is begun anew from the same bound: nothing is lost."""
    if not isinstance(state, Mapping) or not _is_place(state.get("place")):
        return None
    started_at, since, seen = state.get("started_at"), state.get("since"), state.get("seen")
    if not isinstance(started_at, int) or not _is_time(since) or not isinstance(seen, int):
        return None
    return Walk(started_at=started_at, since=since, place=dict(state["place"]), seen=seen, is_stored=True)


def _is_place(value: Any) -> bool:
    return isinstance(value, Mapping) and all(name in PLACES and isinstance(place, str) for name, place in value.items())


def _is_time(value: Any) -> bool:
    return value is None or isinstance(value, int)
