"""How far a list of Graph's has been read: what a cursor holds, so that a crawl may be killed between any two pages.

Graph pages from the newest post back. `read_until` moves only when a whole walk is done; each walk goes back behind it by the
window in which edits are looked for. Until it is done the cursor carries the walk: its bound, and where its next page begins.
It moves to the newest post seen and not to our own time: a clock that was wrong one night hides nothing in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.records import Cursor, Post
from crawlers._graph.client import PLACES
from crawlers._outstanding import keep, read_held

_EARLIER_BY = 86_400  # seconds; a lower bound that differs by less is the same night's, asked for at another hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way down a list of posts. Times are seconds since 1970, as Graph takes them."""

    started_at: int
    since: int | None
    place: Mapping[str, str] = field(default_factory=dict, repr=False)  # parameters of the next page
    seen: int = 0
    newest: int = 0  # when the newest post seen was made
    has_gaps: bool = False  # Graph showed something that can't be asked for by id
    is_stored: bool = False  # the place is an earlier crawl's

    def past(self, posts: Sequence[Post], place: Mapping[str, str], *, has_gap: bool) -> Walk:
        newest = max((int(post.posted_at.timestamp()) for post in posts if post.posted_at), default=0)
        return replace(
            self,
            place=place,
            seen=self.seen + len(posts),
            newest=max(newest, self.newest),
            has_gaps=self.has_gaps or has_gap,
            is_stored=False,
        )

    def from_the_top(self) -> Walk:
        """The same walk begun again, for when Graph has forgotten the place."""
        return replace(self, place={}, is_stored=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one list: everything from `floor` (None: the beginning) up to `read_until`, but for `outstanding`.

    `read_until` is None where no post was seen yet. `wanted` is from when on this crawl asks for posts.
    """

    native_id: str = field(repr=False)
    wanted: int | None
    floor: int | None = None
    read_until: int | None = None
    outstanding: tuple[str, ...] = field(default=(), repr=False)  # ids of posts not understood
    walk: Walk | None = None

    def begin(self, now: datetime, window: timedelta) -> Walk:
        """From the top down behind what was read, or as deep as is asked where that was never covered."""
        started_at = int(now.timestamp())
        if self.read_until is None:
            since = self.wanted if self.wanted is None or self.floor is None else min(self.wanted, self.floor)
            return Walk(started_at=started_at, since=since)
        if self.floor is not None and (self.wanted is None or self.floor - self.wanted > _EARLIER_BY):
            return Walk(started_at=started_at, since=self.wanted)
        return Walk(started_at=started_at, since=min(self.read_until, started_at) - int(window.total_seconds()))

    def keep(self, *, read: Iterable[str], broken: Iterable[str]) -> tuple[Progress, bool]:
        """With the broken posts of a page outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def finish(self, walk: Walk) -> Progress:
        if walk.has_gaps:
            return replace(self, walk=None)
        newest = min(walk.newest, walk.started_at)
        if self.read_until is None:
            return replace(self, read_until=newest or None, floor=walk.since, walk=None)
        floor = None if self.floor is None or walk.since is None else min(self.floor, walk.since)
        return replace(self, read_until=max(newest, min(self.read_until, walk.started_at)), floor=floor, walk=None)

    def state(self) -> dict[str, Any]:
        """As JSON."""
        state: dict[str, Any] = {
            "native_id": self.native_id,
            "since": self.floor,
            "read_until": self.read_until,
            "outstanding": list(self.outstanding),
        }
        if self.walk:
            state["walk"] = {
                "started_at": self.walk.started_at,
                "since": self.walk.since,
                "place": dict(self.walk.place),
                "seen": self.walk.seen,
                "newest": self.walk.newest,
                "has_gaps": self.walk.has_gaps,
            }
        return state

    def cursor(self) -> Cursor:
        return Cursor(self.state())


def read_progress(
    state: Mapping[str, Any], native_id: str, since: datetime | None, *, is_id: Callable[[object], bool]
) -> Progress:
    """The progress that a cursor's state holds; a new one where it holds none, or where it is another account's."""
    fresh = Progress(native_id=native_id, wanted=int(since.timestamp()) if since else None)
    floor, read_until = state.get("since"), state.get("read_until")
    if state.get("native_id") != native_id or not (_is_time(floor) and _is_time(read_until)):
        return fresh
    return replace(
        fresh,
        floor=floor,
        read_until=read_until,
        outstanding=read_held(state.get("outstanding"), is_id),
        walk=_read_walk(state.get("walk")),
    )


def _read_walk(state: Any) -> Walk | None:
    """A walk that can't be read is begun anew from the same bound: nothing is lost."""
    if not isinstance(state, Mapping) or not _is_place(state.get("place")):
        return None
    started_at, since, seen, newest = (state.get(name) for name in ("started_at", "since", "seen", "newest"))
    if not isinstance(started_at, int) or not _is_time(since) or not isinstance(seen, int) or not isinstance(newest, int):
        return None
    place, has_gaps = dict(state["place"]), state.get("has_gaps") is not False
    return Walk(started_at=started_at, since=since, place=place, seen=seen, newest=newest, has_gaps=has_gaps, is_stored=True)


def _is_place(value: Any) -> bool:
    return isinstance(value, Mapping) and all(name in PLACES and isinstance(place, str) for name, place in value.items())


def _is_time(value: Any) -> bool:
    return value is None or isinstance(value, int)
