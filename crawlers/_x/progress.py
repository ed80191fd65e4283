"""How far an X timeline has been read: what a cursor holds, so that a crawl may be killed between any two pages.

X pages from the newest post back, and only the newest 3,200 are there. So the lower bound may rise only when a whole walk has
come down to it; until then the cursor carries the walk itself: the same bounds, and where its next page begins. A walk with
gaps raises nothing, and is taken again. What was covered downwards is kept too: who asks for more gets a walk down to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.records import Cursor
from crawlers._outstanding import keep, read_held
from crawlers._strict import is_digits
from crawlers._x.posts import id_at

EDITABLE = timedelta(minutes=35)  # a post can be edited for 30 minutes; the rest is for clocks that differ
_EARLIER_BY = timedelta(days=1)  # a lower bound that differs by less is the same night's, asked for at another hour
_FORM = "%Y-%m-%dT%H:%M:%SZ"
_EARLIEST = datetime(2010, 11, 6, 0, 0, 1, tzinfo=UTC)  # X refuses a start_time before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way down a timeline. The bounds and `exclude_replies` are as asked, and stay the same on all its pages."""

    started_at: datetime
    since_id: str = ""
    start_time: str = ""
    until_id: str = ""
    exclude_replies: bool = False
    token: str = ""  # of the next page
    newest_id: str = ""
    oldest_id: str = ""
    seen: int = 0
    has_gaps: bool = False  # X held something back that can't be asked for by id

    def past(self, ids: Sequence[str], token: str, *, has_gap: bool = False) -> Walk:
        """The walk after a page with these version ids."""
        known = [one for one in (*ids, self.newest_id, self.oldest_id) if one]
        newest, oldest = max(known, key=int, default=""), min(known, key=int, default="")
        gaps = self.has_gaps or has_gap
        return replace(self, token=token, newest_id=newest, oldest_id=oldest, seen=self.seen + len(ids), has_gaps=gaps)

    def without_token(self) -> Walk:
        """The same walk, gone on with by the oldest id seen, for when X has forgotten the token."""
        return replace(self, token="", until_id=self.oldest_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one account: everything from `floor` up to `since_id` has been seen in its last form, but for
    `outstanding`. `wanted` and `exclude_replies` are what this crawl asks for.
    """

    native_id: str = field(default="", repr=False)
    since_id: str = ""
    floor: str | None = None  # start of what was walked; empty for all that X shows, None for nothing yet
    with_replies: bool = True  # whether all of it was walked with replies
    outstanding: tuple[str, ...] = field(default=(), repr=False)  # version ids of posts not understood
    walk: Walk | None = None
    wanted: str = ""
    exclude_replies: bool = False

    def begin(self, now: datetime) -> Walk:
        """From the top down to what is settled, or as deep as is asked where that was never covered."""
        walk = Walk(started_at=now, exclude_replies=self.exclude_replies)
        gains_replies = not self.with_replies and not self.exclude_replies
        if self.since_id and not gains_replies and not _is_earlier(self.wanted, self.floor):
            return replace(walk, since_id=self.since_id)
        return replace(walk, start_time=self.wanted if self.floor is None else min(self.wanted, self.floor))

    def keep(self, *, read: Iterable[str], broken: Iterable[str]) -> tuple[Progress, bool]:
        """With the broken posts of a page outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def finish(self, walk: Walk) -> Progress:
        """Raise the bound to the newest post seen, less what could still be edited when the walk began."""
        if walk.has_gaps:
            return replace(self, walk=None)
        settled = min(walk.newest_id or self.since_id or "0", id_at(walk.started_at - EDITABLE), key=int)
        reaches_floor = not walk.since_id
        return replace(
            self,
            since_id=max(settled, self.since_id or "0", key=int).lstrip("0"),
            floor=walk.start_time if reaches_floor else self.floor,
            with_replies=not walk.exclude_replies and (reaches_floor or self.with_replies),
            walk=None,
        )

    def cursor(self) -> Cursor:
        state: dict[str, Any] = {
            "native_id": self.native_id,
            "since_id": self.since_id,
            "start_time": self.floor,
            "with_replies": self.with_replies,
            "outstanding": list(self.outstanding),
        }
        if self.walk:
            walk = {name: getattr(self.walk, name) for name in Walk.__slots__}
            state["walk"] = walk | {"started_at": self.walk.started_at.isoformat()}
        return Cursor(state)


def read_progress(cursor: Cursor | None, native_id: str, since: datetime | None, *, exclude_replies: bool = False) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another account's or none of ours."""
    wanted = max(since, _EARLIEST).astimezone(UTC).strftime(_FORM) if since else ""
    fresh = Progress(native_id=native_id, wanted=wanted, exclude_replies=exclude_replies)
    state = cursor.state if cursor else {}
    since_id, floor = state.get("since_id"), state.get("start_time")
    if state.get("native_id") != native_id or not (since_id == "" or is_digits(since_id)):
        return fresh
    walk = _read_walk(state.get("walk"))
    return replace(
        fresh,
        since_id=str(since_id),
        floor=floor if _is_start(floor) else "" if since_id else None,
        with_replies=state.get("with_replies") is not False,
        outstanding=read_held(state.get("outstanding"), is_digits),
        walk=walk if walk and walk.exclude_replies == exclude_replies else None,
    )


def _is_earlier(wanted: str, floor: str | None) -> bool:
    """Only an earlier date counts: each night asks from a later one than the night before."""
    if not floor:
        return False
    return not wanted or datetime.strptime(floor, _FORM) - datetime.strptime(wanted, _FORM) > _EARLIER_BY


def _is_start(value: Any) -> bool:
    try:
        return value == "" or bool(datetime.strptime(value, _FORM))
    except (TypeError, ValueError):
        return False


def _read_walk(state: Any) -> Walk | None:
    try:
        return Walk(**{**state, "started_at": datetime.fromisoformat(state["started_at"])})
    except (TypeError, KeyError, ValueError):
        return None  # begun anew from the same bound: nothing is lost
