"""How far an account's posts have been read, on platforms that page from the newest back: what a cursor holds.

`read_until` moves only when a whole walk is done; each walk goes back behind it by the window in which edits are looked for.
It moves to the newest post seen and not to our own time: a clock that was wrong one night hides nothing in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from crawlers._outstanding import keep, read_held

_EARLIER_BY = 86_400  # seconds; a lower bound that differs by less is the same night's, asked for at another hour

IsId = Callable[[object], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way down an account's posts. Times are seconds since 1970; `since` None is down to the oldest."""

    started_at: int
    since: int | None
    place: str = field(default="", repr=False)  # the id behind which the next page begins
    seen: int = 0
    newest: int = 0  # when the newest post seen was made
    has_gaps: bool = False  # the platform showed something that can't be asked for by id

    def past(self, times: Sequence[datetime | None], place: str, *, has_gap: bool) -> Walk:
        """The walk after a page. `times` are those of all its posts, None where one tells none."""
        newest = max((int(time.timestamp()) for time in times if time), default=0)
        return replace(
            self,
            place=place,
            seen=self.seen + len(times),
            newest=max(newest, self.newest),
            has_gaps=self.has_gaps or has_gap,
        )

    def is_below(self, times: Iterable[datetime | None]) -> bool:
        """Whether a whole page lies before the bound. One post alone says nothing: servers show them out of order too."""
        made = [time.timestamp() for time in times if time]
        return self.since is not None and bool(made) and max(made) < self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one list of posts: everything from `floor` (None: the beginning) up to `read_until`, but for
    `outstanding`. `read_until` is None where no post was seen yet. `wanted` is from when on this crawl asks for posts.
    """

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
        """Raise the bound to the newest post seen; a walk with gaps raises nothing, and is taken again."""
        if walk.has_gaps:
            return replace(self, walk=None)
        newest = min(walk.newest, walk.started_at)
        if self.read_until is None:
            return replace(self, read_until=newest or None, floor=walk.since, walk=None)
        floor = None if self.floor is None or walk.since is None else min(self.floor, walk.since)
        return replace(self, read_until=max(newest, min(self.read_until, walk.started_at)), floor=floor, walk=None)

    def state(self) -> dict[str, Any]:
        """As a cursor holds it."""
        state: dict[str, Any] = {
            "since": self.floor,
            "read_until": self.read_until,
            "outstanding": list(self.outstanding),
        }
        if self.walk:
            state["walk"] = {name: getattr(self.walk, name) for name in Walk.__slots__}
        return state


def read_progress(state: Any, since: datetime | None, is_id: IsId) -> Progress:
    """The progress that a cursor's part holds; a new one where there is none, or where it is none of ours."""
    fresh = Progress(wanted=int(since.timestamp()) if since else None)
    if not isinstance(state, Mapping):
        return fresh
    floor, read_until = state.get("since"), state.get("read_until")
    if not (_is_time(floor) and _is_time(read_until)):
        return fresh
    return replace(
        fresh,
        floor=floor,
        read_until=read_until,
        outstanding=read_held(state.get("outstanding"), is_id),
        walk=_read_walk(state.get("walk"), is_id),
    )


def _read_walk(state: Any, is_id: IsId) -> Walk | None:
    """A walk that can't be read is begun anew from the same bound: nothing is lost."""
    if not isinstance(state, Mapping) or not is_id(state.get("place")) or not _is_time(state.get("since")):
        return None
    started_at, seen, newest = (state.get(name) for name in ("started_at", "seen", "newest"))
    if not isinstance(started_at, int) or not isinstance(seen, int) or not isinstance(newest, int):
        return None
    gaps = state.get("has_gaps") is not False
    return Walk(started_at=started_at, since=state["since"], place=str(state["place"]), seen=seen, newest=newest, has_gaps=gaps)


def _is_time(value: Any) -> bool:
    return value is None or isinstance(value, int)
