"""How far a list has been read that a platform shows from the newest (or last changed) post back: what a cursor holds of it.

A walk leads from the top of the list down to a bound. Until it is done the cursor carries it, with the place of its next page,
so that a crawl may be killed between any two pages. `read_until` moves only when a whole walk is done; the next one goes back
behind it by the window in which something may have changed. It moves to the newest post seen and not to our own time: a clock
that was wrong one night hides nothing in the next. All times here are whole seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Self, TypeGuard, TypeVar

from core.records import Cursor
from crawlers._outstanding import keep, read_held

_EARLIER_BY = 86_400  # seconds; a lower bound that differs by less is the same night's, asked for at another hour
_FARTHEST = 10**11  # seconds; a number beyond it counts something else

Place = TypeVar("Place")  # where a page begins, in the platform's own terms and as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk(Generic[Place]):
    """One way down a list, to posts of the time `since`; None is down to its end."""

    started_at: int
    since: int | None
    place: Place | None = field(default=None, repr=False)  # of the next page; None at the top
    seen: int = 0  # posts
    newest: int = 0  # time of the newest of them
    has_gaps: bool = False  # something was shown that can't be asked for by id
    is_stored: bool = False  # the place is an earlier crawl's

    def past(self, times: Sequence[datetime | None], place: Place | None, *, has_gap: bool) -> Self:
        """The walk behind a page whose posts have these times, None where one tells none."""
        return replace(
            self,
            place=place,
            seen=self.seen + len(times),
            newest=max([self.newest, *(seconds(time) for time in times if time)]),
            has_gaps=self.has_gaps or has_gap,
            is_stored=False,
        )

    def is_below(self, times: Iterable[datetime | None]) -> bool:
        """Whether a whole page lies before the bound. One post alone says nothing: an old one may be pinned to the top."""
        told = [time.timestamp() for time in times if time]
        return self.since is not None and bool(told) and max(told) < self.since

    def from_the_top(self) -> Self:
        """The same walk begun again, for when its place is good no more."""
        return replace(self, place=None, seen=0, is_stored=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Generic[Place]):
    """What is known of one list of an account's: everything from `floor` (None: its end) up to `read_until`, but for
    `outstanding`. `read_until` is None where no post was seen yet. `wanted` is from when on this crawl asks for posts.
    """

    native_id: str = field(repr=False)  # of the account
    wanted: int | None
    floor: int | None = None
    read_until: int | None = None
    outstanding: tuple[str, ...] = field(default=(), repr=False)  # ids of posts not understood
    walk: Walk[Place] | None = None

    @property
    def reaches_wanted(self) -> bool:
        """Whether what was read reaches as far down as this crawl asks."""
        return self.floor is None or (self.wanted is not None and self.floor - self.wanted <= _EARLIER_BY)

    def begin(self, now: datetime, window: timedelta) -> Walk[Place]:
        """From the top down behind what was read, or as deep as is asked where that was never covered."""
        if self.read_until is None:
            since = self.wanted if self.wanted is None or self.floor is None else min(self.wanted, self.floor)
        elif self.reaches_wanted:
            since = min(self.read_until, seconds(now)) - int(window.total_seconds())
        else:
            since = self.wanted
        return Walk(started_at=seconds(now), since=since)

    def keep(self, *, read: Iterable[str], broken: Iterable[str]) -> tuple[Self, bool]:
        """With the broken posts of a page outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def finish(self, walk: Walk[Place]) -> Self:
        """Raise `read_until` to the newest post seen. A walk with gaps raises nothing, and is taken again."""
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
            kept = ("started_at", "since", "place", "seen", "newest", "has_gaps")
            state["walk"] = {name: getattr(self.walk, name) for name in kept}
        return state

    def cursor(self) -> Cursor:
        return Cursor(self.state())


def read_progress(
    state: object,
    native_id: str,
    since: datetime | None,
    *,
    is_id: Callable[[object], bool],
    is_place: Callable[[object], TypeGuard[Place]],
) -> Progress[Place]:
    """The progress that a cursor's state holds; a new one where it holds none of ours, or another account's."""
    fresh: Progress[Place] = Progress(native_id=native_id, wanted=seconds(since) if since else None)
    if not isinstance(state, Mapping) or state.get("native_id") != native_id:
        return fresh
    floor, read_until = state.get("since"), state.get("read_until")
    if not (_is_time(floor) and _is_time(read_until)):
        return fresh
    return replace(
        fresh,
        floor=floor,
        read_until=read_until,
        outstanding=read_held(state.get("outstanding"), is_id),
        walk=_read_walk(state.get("walk"), is_place),
    )


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _read_walk(state: object, is_place: Callable[[object], TypeGuard[Place]]) -> Walk[Place] | None:
    """A walk that can't be read is begun anew from the same bound: nothing is lost."""
    if not isinstance(state, Mapping):
        return None
    since, place = state.get("since"), state.get("place")
    started_at, seen, newest = (state.get(name) for name in ("started_at", "seen", "newest"))
    if not (_is_time(since) and _is_number(started_at) and _is_number(seen) and _is_number(newest)):
        return None
    if place is not None and not is_place(place):
        return None
    has_gaps = state.get("has_gaps") is not False
    return Walk(started_at=started_at, since=since, place=place, seen=seen, newest=newest, has_gaps=has_gaps, is_stored=True)


def _is_time(value: object) -> TypeGuard[int | None]:
    return value is None or _is_number(value)


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _FARTHEST
