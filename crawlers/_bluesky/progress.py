"""How far an account has been read: what a cursor holds, so that a crawl may be killed between any two pages.

A walk through the repository goes leg by leg. The first one reads posts and reposts from the newest record back to the oldest.
Later ones first read what is newer than the newest record known, so that news never wait behind a long list, then everything
once more from the oldest on: in that order answers stay the same bytes from night to night, and are kept as evidence once.
A feed is walked from the newest item back (only where the repository can't be read).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeGuard

from core.records import Cursor
from crawlers._bluesky.posts import POST, REPOST, is_orderly, is_own
from crawlers._outstanding import keep, read_held

_EARLIER_BY = 86_400  # seconds; a lower bound that differs by less is the same night's, asked for at another hour
_PLACE = re.compile(r"[^\x00-\x1f\ud800-\udfff]{0,1000}")


class Leg(NamedTuple):
    collection: str
    is_upward: bool  # from the oldest on
    news_only: bool


_WHOLE = (Leg(POST, False, False), Leg(REPOST, False, False))
_AGAIN = (Leg(POST, False, True), Leg(REPOST, False, True), Leg(POST, True, False), Leg(REPOST, True, False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way through the repository as it was at `rev`."""

    rev: str = field(repr=False)
    is_first: bool
    leg: int = 0
    place: str = field(default="", repr=False)
    newest: Mapping[str, str] = field(default_factory=dict, repr=False)  # collection -> greatest key seen
    has_gaps: bool = False

    @property
    def legs(self) -> tuple[Leg, ...]:
        return _WHOLE if self.is_first else _AGAIN

    def past(self, keys: list[str], place: str, *, has_gap: bool) -> Walk:
        """After a page; on to the next leg where `place` is empty."""
        collection = self.legs[self.leg].collection
        newest = max([self.newest.get(collection, ""), *keys])
        return replace(
            self,
            leg=self.leg if place else self.leg + 1,
            place=place,
            newest={**self.newest, collection: newest},
            has_gaps=self.has_gaps or has_gap,
        )

    @property
    def is_done(self) -> bool:
        return self.leg >= len(self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWalk:
    """One way down the AppView's feed. Times are seconds since 1970."""

    since: int | None
    place: str = field(default="", repr=False)
    newest: int = 0
    has_gaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`rev`: the repository's state that was read whole, empty where none was. `floor`: what is older is not wanted."""

    did: str = field(repr=False)
    floor: int | None
    rev: str = field(default="", repr=False)
    newest: Mapping[str, str] = field(default_factory=dict, repr=False)
    walk: Walk | None = None
    feed_until: int | None = None  # the newest item of the feed that was read
    feed: FeedWalk | None = None
    outstanding: tuple[str, ...] = field(default=(), repr=False)  # addresses in the feed that were not understood

    def orderly(self, now: datetime) -> Progress:
        """Without the keys that can't have been made yet: with them nothing would be news any more."""
        walk = replace(self.walk, newest=_orderly(self.walk.newest, now)) if self.walk else None
        return replace(self, newest=_orderly(self.newest, now), walk=walk)

    def begin(self, rev: str) -> Walk:
        return Walk(rev=rev, is_first=not self.newest)

    def go_on(self, walk: Walk) -> Progress:
        """With a walk as far as it came; where it is done and had gaps, the next one reads them again."""
        if not walk.is_done:
            return replace(self, walk=walk)
        if walk.has_gaps:
            return replace(self, walk=None, rev="")
        newest = {name: max(self.newest.get(name, ""), walk.newest.get(name, "")) for name in (POST, REPOST)}
        return replace(self, walk=None, rev=walk.rev, newest=newest)

    def begin_feed(self, now: datetime, window: timedelta) -> FeedWalk:
        if self.feed_until is None:
            return FeedWalk(since=self.floor)
        return FeedWalk(since=min(self.feed_until, int(now.timestamp())) - int(window.total_seconds()))

    def finish_feed(self, walk: FeedWalk, now: datetime) -> Progress:
        if walk.has_gaps:
            return replace(self, feed=None)
        newest = min(max(walk.newest, self.feed_until or 0), int(now.timestamp()))
        return replace(self, feed=None, feed_until=newest or None)

    def keep(self, *, read: set[str], broken: list[str]) -> tuple[Progress, bool]:
        """With the broken posts of a page outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def cursor(self) -> Cursor:
        state: dict[str, Any] = {
            "did": self.did,
            "floor": self.floor,
            "rev": self.rev,
            "newest": dict(self.newest),
            "feed_until": self.feed_until,
            "outstanding": list(self.outstanding),
        }
        if self.walk:
            walk = self.walk
            state["walk"] = {
                "rev": walk.rev,
                "is_first": walk.is_first,
                "leg": walk.leg,
                "place": walk.place,
                "newest": dict(walk.newest),
                "has_gaps": walk.has_gaps,
            }
        if self.feed:
            feed = self.feed
            state["feed"] = {"since": feed.since, "place": feed.place, "newest": feed.newest, "has_gaps": feed.has_gaps}
        return Cursor(state)


def read_progress(cursor: Cursor | None, did: str, since: datetime | None) -> Progress:
    """The progress that a cursor holds; a new one where there is none, it is another's, or does not reach as far back."""
    wanted = int(since.timestamp()) if since else None
    state = cursor.state if cursor else {}
    floor = state.get("floor")
    if state.get("did") != did or not _is_time(floor):
        return Progress(did=did, floor=wanted)
    outstanding = read_held(state.get("outstanding"), lambda value: is_own(value, did))
    if floor is not None and (wanted is None or floor - wanted > _EARLIER_BY):
        return Progress(did=did, floor=wanted, outstanding=outstanding)
    feed_until = state.get("feed_until")
    return Progress(
        did=did,
        floor=floor,
        rev=_text(state.get("rev")),
        newest=_keys(state.get("newest")),
        walk=_read_walk(state.get("walk")),
        feed_until=feed_until if _is_time(feed_until) else None,
        feed=_read_feed(state.get("feed")),
        outstanding=outstanding,
    )


def _read_walk(state: Any) -> Walk | None:
    """A walk that can't be read is begun anew: nothing is lost."""
    if not isinstance(state, Mapping) or not isinstance(state.get("leg"), int) or not isinstance(state.get("place"), str):
        return None
    walk = Walk(
        rev=_text(state.get("rev")),
        is_first=state.get("is_first") is True,
        leg=state["leg"],
        place=_text(state["place"]),
        newest=_keys(state.get("newest")),
        has_gaps=state.get("has_gaps") is not False,
    )
    return walk if 0 <= walk.leg < len(walk.legs) else None


def _read_feed(state: Any) -> FeedWalk | None:
    if not isinstance(state, Mapping) or not isinstance(state.get("newest"), int) or not _is_time(state.get("since")):
        return None
    has_gaps = state.get("has_gaps") is not False
    return FeedWalk(since=state.get("since"), place=_text(state.get("place")), newest=state["newest"], has_gaps=has_gaps)


def _keys(value: Any) -> dict[str, str]:
    return {name: _text(value[name]) for name in (POST, REPOST) if name in value} if isinstance(value, Mapping) else {}


def _orderly(keys: Mapping[str, str], now: datetime) -> dict[str, str]:
    return {name: key if is_orderly(key, now) else "" for name, key in keys.items()}


def is_place(value: object) -> TypeGuard[str]:
    """Whether it can be sent back to its server as it is."""
    return isinstance(value, str) and _PLACE.fullmatch(value) is not None


def _text(value: Any) -> str:
    return value if is_place(value) else ""


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
