"""A page of a channel's list of uploads, and what the lookup of its videos came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import ParseError
from core.records import Gone, GoneReason, RawPage
from crawlers._notes import join
from crawlers._strict import mapping, not_understood
from crawlers._walk import seconds
from crawlers._youtube.lookups import LOOKUP, Found
from crawlers._youtube.progress import Place, is_place
from crawlers._youtube.videos import Item, parse_item, with_items


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the list of uploads. `nameless` counts lines without a video's id; `onward` is None on the last page."""

    raw: tuple[RawPage, ...]
    items: tuple[Item, ...] = ()
    nameless: int = 0
    total: int = 0  # videos that the list has
    onward: Place | None = field(default=None, repr=False)

    def wanted(self, since: int | None) -> list[str]:
        """The videos not older than that."""
        recent = (item.video_id for item in self.items if since is None or item.at is None or seconds(item.at) >= since)
        return list(dict.fromkeys(recent))

    @property
    def times(self) -> list[datetime | None]:
        """One entry a line."""
        return [*(item.at for item in self.items), *[None] * self.nameless]

    def shrank_since(self, place: Place | None) -> bool:
        """Whether the list lost videos since that place was told: as many of those that live may now stand before it."""
        return place is not None and self.total < place["total"]

    def missing(self, seen: int, count: str) -> str:
        """What a note says where the list ends, having shown `seen` videos, and YouTube counts more."""
        counted = max(self.total, int(count or 0))
        return f"the list of uploads ended after {seen} of {counted} videos" if seen < counted else ""

    def is_all_before(self, since: int | None) -> bool:
        return bool(self.items) and not self.nameless and not self.wanted(since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page of the list and the lookup of its videos came to, by id."""

    shown: tuple[str, ...] = field(default=(), repr=False)
    read: tuple[str, ...] = field(default=(), repr=False)
    broken: tuple[str, ...] = field(default=(), repr=False)
    gone: tuple[Gone, ...] = ()
    nameless: int = 0
    note: str = ""


@dataclass(slots=True)
class Sight:
    """What the channel showed in this crawl."""

    posts: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    trouble: int = 0
    understood: int = 0

    def add(self, page: Page) -> None:
        self.posts.update(page.shown)
        self.broken.update(page.broken)
        self.trouble += len(page.broken) + page.nameless
        self.understood += len(page.read)


def read_page(listed: Listed, found: Found | None) -> Page:
    """A video that is listed as hidden and not shown is gone; one that is listed as public and not shown is not understood."""
    if found is None:
        return Page(nameless=listed.nameless, note=not_understood(listed.nameless))
    hidden = {item.video_id for item in listed.items if item.is_hidden}
    unseen = tuple(one for one in found.absent if one in hidden)
    broken = (*found.broken, *(one for one in found.absent if one not in hidden))
    gone = (*found.gone, *(Gone(native_id=one, reason=GoneReason.UNAVAILABLE, path=LOOKUP) for one in unseen))
    shown = tuple(post.native_id for post in found.posts)
    foreign = f"{len(found.foreign)} of another channel left out" if found.foreign else ""
    return Page(
        shown=shown,
        read=(*shown, *(sight.native_id for sight in gone), *found.foreign),
        broken=broken,
        gone=gone,
        nameless=listed.nameless,
        note=join(not_understood(len(broken) + listed.nameless), foreign),
    )


def parse_list(answer: Mapping[str, Any], raw: RawPage) -> Listed:
    """Raises ParseError for what is no page of a list."""
    lines = with_items(answer)["items"]
    token = answer.get("nextPageToken") or ""
    total = mapping(answer, "pageInfo").get("totalResults")
    count = total if isinstance(total, int) and not isinstance(total, bool) and 0 <= total < 10**9 else 0
    place = {"token": token, "total": count}
    if not is_place(place):
        raise ParseError("YouTube: expected the next page's token as text")
    items: list[Item] = []
    nameless = 0
    for line in lines:
        try:
            items.append(parse_item(line))
        except (ParseError, AttributeError):
            nameless += 1
    return Listed(raw=(raw,), items=tuple(items), nameless=nameless, total=count, onward=place if token else None)
