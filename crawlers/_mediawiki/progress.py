"""How far a wiki has been read: what a cursor holds, so that a crawl may be killed between any two pages.

First all pages are walked, namespace by namespace. From then on the list of recent changes tells what is new, edited, moved,
restored or deleted, read from a little before `read_until`; `told` are the revisions behind that which were already read. All
pages are walked again once in a while, because not all that changes a wiki is written into that list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.records import Cursor
from crawlers._mediawiki.client import is_place
from crawlers._mediawiki.pages import is_page_id
from crawlers._outstanding import keep, read_held

OVERLAP = 900  # seconds that changes may come to stand in the list after their time
_MOST_TOLD = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way over all pages, by title. Times are the wiki's, in seconds since 1970."""

    started_at: int
    namespaces: tuple[int, ...]
    at: int = 0  # index of the namespace being walked
    place: Mapping[str, str] = field(default_factory=dict, repr=False)
    has_gaps: bool = False

    @property
    def done(self) -> bool:
        return self.at >= len(self.namespaces)

    def past(self, place: Mapping[str, str], *, has_gap: bool) -> Walk:
        at = self.at if place else self.at + 1
        return replace(self, at=at, place=dict(place), has_gaps=self.has_gaps or has_gap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one wiki. `read_until` is None until all pages were walked once."""

    native_id: str = field(repr=False)
    path: str = field(default="", repr=False)  # of api.php
    read_until: int | None = None
    walked_at: int | None = None
    namespaces: tuple[int, ...] = ()  # those of the last walk
    told: Mapping[int, int] = field(default_factory=dict, repr=False)  # revision: its time
    outstanding: tuple[str, ...] = field(default=(), repr=False)  # ids of pages not understood
    walk: Walk | None = None

    def keep(self, *, read: Iterable[str], broken: Iterable[str]) -> tuple[Progress, bool]:
        """With the broken pages outstanding, and whether all found room."""
        outstanding, has_room = keep(self.outstanding, read=read, broken=broken)
        return replace(self, outstanding=outstanding), has_room

    def heard(self, revisions: Mapping[int, int]) -> Progress:
        return replace(self, told={**self.told, **revisions})

    def reach(self, moment: int) -> Progress:
        """Changes were read up to `moment`."""
        moment = max(moment, self.read_until or 0)
        recent = sorted(((at, one) for one, at in self.told.items() if at >= moment - OVERLAP), reverse=True)[:_MOST_TOLD]
        return replace(self, read_until=moment, told={one: at for at, one in recent})

    def lose(self) -> Progress:
        """The list of changes no longer reaches back to where it was read: all pages are to be walked anew."""
        return replace(self, read_until=None, told={}, walk=None)

    def is_ahead(self, now: int) -> bool:
        """Whether it holds a time that has not come yet, as a wiki leaves it whose clock was wrong. `now` is our own."""
        times = (self.read_until, self.walked_at, self.walk.started_at if self.walk else None)
        return any(one is not None and one > now + OVERLAP for one in times)

    def forget(self) -> Progress:
        """Nothing is known but the pages that are outstanding."""
        return replace(self.lose(), walked_at=None)

    def finish(self, walk: Walk) -> Progress:
        """The walk is over. One with gaps counts for nothing, and the next crawl begins another."""
        if walk.has_gaps:
            return replace(self, walk=None)
        return replace(
            self,
            walk=None,
            walked_at=walk.started_at,
            namespaces=walk.namespaces,
            read_until=walk.started_at if self.read_until is None else self.read_until,
        )

    def cursor(self) -> Cursor:
        state: dict[str, Any] = {
            "native_id": self.native_id,
            "path": self.path,
            "read_until": self.read_until,
            "walked_at": self.walked_at,
            "namespaces": list(self.namespaces),
            "told": [[one, at] for one, at in self.told.items()],
            "outstanding": list(self.outstanding),
        }
        if self.walk:
            state["walk"] = {
                "started_at": self.walk.started_at,
                "namespaces": list(self.walk.namespaces),
                "at": self.walk.at,
                "place": dict(self.walk.place),
                "has_gaps": self.walk.has_gaps,
            }
        return Cursor(state)


def known_path(cursor: Cursor | None) -> str:
    """Where an earlier crawl found api.php, empty where that is not known."""
    path = cursor.state.get("path") if cursor else None
    return path if isinstance(path, str) and path.startswith("/") and path.endswith("api.php") else ""


def read_progress(cursor: Cursor | None, native_id: str, path: str) -> Progress:
    """The progress that a cursor holds; a new one where there is none, or where it is another wiki's or none of ours."""
    fresh = Progress(native_id=native_id, path=path)
    state = cursor.state if cursor else {}
    read_until, walked_at, namespaces = state.get("read_until"), state.get("walked_at"), state.get("namespaces")
    if state.get("native_id") != native_id or not (_is_time(read_until) and _is_time(walked_at)):
        return fresh
    told = state.get("told")
    pairs = told if isinstance(told, list) and all(_are_numbers(pair) and len(pair) == 2 for pair in told) else []
    return replace(
        fresh,
        read_until=read_until,
        walked_at=walked_at,
        namespaces=tuple(namespaces) if isinstance(namespaces, list) and _are_numbers(namespaces) else (),
        told=dict(pairs),
        outstanding=read_held(state.get("outstanding"), is_page_id),
        walk=_read_walk(state.get("walk")),
    )


def _read_walk(state: Any) -> Walk | None:
    """A walk that can't be read is begun anew: nothing is lost."""
    if not isinstance(state, Mapping) or not _are_numbers(state.get("namespaces")) or not is_place(state.get("place")):
        return None
    started_at, at = state.get("started_at"), state.get("at")
    if not isinstance(started_at, int) or not isinstance(at, int) or not 0 <= at <= len(state["namespaces"]):
        return None
    has_gaps = state.get("has_gaps") is not False
    namespaces, place = tuple(state["namespaces"]), dict(state["place"])
    return Walk(started_at=started_at, namespaces=namespaces, at=at, place=place, has_gaps=has_gaps)


def _is_time(value: Any) -> bool:
    return value is None or isinstance(value, int)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, int) for one in value)
