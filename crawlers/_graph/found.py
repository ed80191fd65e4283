"""One page of a list of Graph's, item by item: a broken one costs itself, and is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.errors import ParseError
from core.records import Post
from crawlers._strict import not_understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The posts of one page, read."""

    posts: tuple[Post, ...]
    broken: int = 0
    broken_ids: tuple[str, ...] = field(default=(), repr=False)  # of those broken posts that tell one
    others: int = 0  # left out, because somebody else wrote them or they are not public

    @property
    def note(self) -> str:
        return join(not_understood(self.broken), f"{self.others} not the account's own left out" if self.others else "")


@dataclass(slots=True)
class Sight:
    """What a crawl was shown so far."""

    posts: set[str] = field(default_factory=set)  # ids of posts understood
    broken_ids: set[str] = field(default_factory=set)
    broken: int = 0
    understood: int = 0

    def add(self, found: Found) -> None:
        self.posts.update(post.native_id for post in found.posts)
        self.broken_ids.update(found.broken_ids)
        self.broken += found.broken
        self.understood += len(found.posts) + found.others

    @property
    def has_nameless(self) -> bool:
        """Whether something was shown that can't be told from a stored post."""
        return self.broken > len(self.broken_ids)


def find_posts(
    items: Any,
    parse: Callable[[dict[str, Any]], Post],
    *,
    is_id: Callable[[object], bool],
    is_anothers: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> Found:
    """Raises ParseError for what is no list of posts."""
    if not isinstance(items, list):
        raise ParseError("the platform answered without a list of posts")
    posts: list[Post] = []
    broken_ids: list[str] = []
    broken = others = 0
    for item in items:
        try:
            if is_anothers(item):
                others += 1
            else:
                posts.append(parse(item))
        except (ParseError, AttributeError):
            broken += 1
            broken_ids += [item["id"]] if isinstance(item, dict) and is_id(item.get("id")) else []
    return Found(posts=tuple(posts), broken=broken, broken_ids=tuple(broken_ids), others=others)


def join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
