"""How far an account has been read, where a platform lists its posts from the newest (or last changed) one back.

`read_until` moves only when a whole walk is done; each walk goes back behind it by the window in which something may have
changed. Until it is done the cursor carries the walk: its bound, and where its next page begins, so that a crawl may be killed
between any two pages. `read_until` is the time of the newest post seen and not our own: a clock that was wrong one night hides
nothing in the next. All times are milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.records import Cursor
from crawlers._outstanding import keep, read_held

_EARLIER_BY = 86_400_000  # a lower bound that differs by less is the same night's, asked for at another hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way back through the posts. `place` is where its next page begins, in the platform's own count; None at the top."""

    started_at: int
    since: int | None
    place: int | None = None
    newest: int = 0  # time of the newest post seen
    lowest: int | None = None  # time of the oldest one
    has_gaps: bool = False  # something was shown that can't be asked for by id
    is_stored: bool = False  # the place is an earlier crawl's

    def past(self, times: Iterable[int], place: int | None, *, has_gap: bool) -> Walk:
        """The walk behind a page whose posts have these times."""
        seen = list(times)
        bounds = [*seen, *([] if self.lowest is None else [self.lowest])]
        return replace(
            self,
            place=place,
            newest=max([self.newest, *seen]),
            lowest=min(bounds, default=None),
            has_gaps=self.has_gaps or has_gap,
            is_stored=False,
        )

    def from_the_top(self) -> Walk:
        """The same walk begun again, for when its place can't be trusted any more."""
        return replace(self, place=None, lowest=None, is_stored=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one account: everything from `floor` (None: the beginning) up to `read_until`, but for `outstanding`.

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
        started_at = milliseconds(now)
        if self.read_until is None:
            since = self.wanted if self.wanted is None or self.floor is None else min(self.wanted, self.floor)
            return Walk(started_at=started_at, since=since)
        if self.floor is not None and (self.wanted is None or self.floor - self.wanted > _EARLIER_BY):
            return Walk(started_at=started_at, since=self.wanted)
        back = int(window.total_seconds() * 1000)
        return Walk(started_at=started_at, since=min(self.read_until, started_at) - back)

    def keep(self, *, read: Iterable[str], broken: Iterable[str]) -> tuple[Progress, bool]:
        """With the broken posts of a page outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def finish(self, walk: Walk) -> Progress:
        """A walk with gaps is taken again from the same bound."""
        if walk.has_gaps:
            return replace(self, walk=None)
        newest = min(walk.newest, walk.started_at)
        if self.read_until is None:
            return replace(self, read_until=newest or None, floor=walk.since, walk=None)
        floor = None if self.floor is None or walk.since is None else min(self.floor, walk.since)
        return replace(self, read_until=max(newest, min(self.read_until, walk.started_at)), floor=floor, walk=None)

    def cursor(self) -> Cursor:
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
                "place": self.walk.place,
                "newest": self.walk.newest,
                "lowest": self.walk.lowest,
                "has_gaps": self.walk.has_gaps,
            }
        return Cursor(state)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def read_progress(
    cursor: Cursor | None, native_id: str, since: datetime | None, is_post_id: Callable[[object], bool]
) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another account's or none of ours."""
    fresh = Progress(native_id=native_id, wanted=milliseconds(since) if since else None)
    state = cursor.state if cursor else {}
    floor, read_until = state.get("since"), state.get("read_until")
    if state.get("native_id") != native_id or not (_is_time(floor) and _is_time(read_until)):
        return fresh
    return replace(
        fresh,
        floor=floor,
        read_until=read_until,
        outstanding=read_held(state.get("outstanding"), is_post_id),
        walk=_read_walk(state.get("walk")),
    )


def _read_walk(state: Any) -> Walk | None:
    """A walk that can't be read is begun anew from the same bound: nothing is lost."""
    if not isinstance(state, Mapping):
        return None
    started_at, newest = state.get("started_at"), state.get("newest")
    since, place, lowest = state.get("since"), state.get("place"), state.get("lowest")
    if not isinstance(started_at, int) or not isinstance(newest, int):
        return None
    if not (_is_time(since) and _is_time(place) and _is_time(lowest)):
        return None
    return Walk(
        started_at=started_at,
        since=since,
        place=place,
        newest=newest,
        lowest=lowest,
        has_gaps=state.get("has_gaps") is not False,
        is_stored=True,
    )


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
