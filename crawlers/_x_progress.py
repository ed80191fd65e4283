"""How far an X timeline has been read: what a cursor holds, so that a crawl may be killed between any two pages.

X pages from the newest post back, and only the newest 3,200 are there. So the lower bound may rise only when a whole walk has
come down to it; until then the cursor carries the walk itself: the same bounds, and where its next page begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.records import Cursor
from crawlers._strict import is_digits
from crawlers._x_posts import id_at

EDITABLE = timedelta(minutes=35)  # a post can be edited for 30 minutes; the rest is for clocks that differ
_EARLIEST = datetime(2010, 11, 6, 0, 0, 1, tzinfo=UTC)  # X refuses a start_time before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way down a timeline. `since_id`, `start_time` and `until_id` are as asked, and stay the same on all its pages."""

    started_at: datetime
    since_id: str = ""
    start_time: str = ""
    until_id: str = ""
    token: str = ""  # of the next page
    newest_id: str = ""
    oldest_id: str = ""
    seen: int = 0

    def past(self, ids: Sequence[str], token: str) -> Walk:
        """The walk after a page with these version ids."""
        known = [one for one in (*ids, self.newest_id, self.oldest_id) if one]
        newest, oldest = max(known, key=int, default=""), min(known, key=int, default="")
        return replace(self, token=token, newest_id=newest, oldest_id=oldest, seen=self.seen + len(ids))

    def without_token(self) -> Walk:
        """The same walk, gone on with by the oldest id seen, for when X has forgotten the token."""
        return replace(self, token="", until_id=self.oldest_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one account. Everything up to `since_id` has been seen in its last form."""

    native_id: str = field(default="", repr=False)
    since_id: str = ""
    start_time: str = ""
    walk: Walk | None = None

    def begin(self, now: datetime) -> Walk:
        return Walk(started_at=now, since_id=self.since_id, start_time="" if self.since_id else self.start_time)

    def finish(self, walk: Walk) -> Progress:
        """Raise the bound to the newest post seen, less what could still be edited when the walk began."""
        settled = min(walk.newest_id or self.since_id or "0", id_at(walk.started_at - EDITABLE), key=int)
        return replace(self, since_id=max(settled, self.since_id or "0", key=int).lstrip("0"), walk=None)

    def cursor(self) -> Cursor:
        state: dict[str, Any] = {"native_id": self.native_id, "since_id": self.since_id, "start_time": self.start_time}
        if self.walk:
            walk = {name: getattr(self.walk, name) for name in Walk.__slots__}
            state["walk"] = walk | {"started_at": self.walk.started_at.isoformat()}
        return Cursor(state)


def read_progress(cursor: Cursor | None, native_id: str, since: datetime | None) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another account's or none of ours."""
    start_time = max(since, _EARLIEST).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if since else ""
    fresh = Progress(native_id=native_id, start_time=start_time)
    state = cursor.state if cursor else {}
    since_id = state.get("since_id")
    if state.get("native_id") != native_id or not (since_id == "" or is_digits(since_id)):
        return fresh
    start_time = state.get("start_time") or start_time
    return replace(fresh, since_id=str(since_id), start_time=start_time, walk=_read_walk(state.get("walk")))


def _read_walk(state: Any) -> Walk | None:
    try:
        return Walk(**{**state, "started_at": datetime.fromisoformat(state["started_at"])})
    except (TypeError, KeyError, ValueError):
        return None  # begun anew from the same bound: nothing is lost
