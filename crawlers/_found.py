"""One page of a list of posts, item by item: a broken one costs itself, and is told. And what a crawl was shown so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.errors import ParseError
from core.records import Gone, Post
from crawlers._notes import join
from crawlers._strict import not_understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The posts of one page, read."""

    posts: tuple[Post, ...] = ()
    gone: tuple[Gone, ...] = ()  # posts that the list says are gone
    broken: int = 0
    broken_ids: tuple[str, ...] = field(default=(), repr=False)  # of those broken posts that tell one
    hidden: int = 0  # left out, because they are not public
    others: int = 0  # left out, because they are not the account's own

    @property
    def has_nameless(self) -> bool:
        """Whether something was shown that can't be asked for by id."""
        return self.broken > len(self.broken_ids)

    @property
    def note(self) -> str:
        return join(
            not_understood(self.broken),
            f"{self.hidden} not public left out" if self.hidden else "",
            f"{self.others} not the account's own left out" if self.others else "",
        )


@dataclass(slots=True)
class Sight:
    """What a crawl was shown so far."""

    told: set[str] = field(default_factory=set)  # ids of posts understood: their words, or that they are gone for good
    broken_ids: set[str] = field(default_factory=set)
    broken: int = 0
    understood: int = 0

    def add(self, found: Found) -> None:
        self.told.update(post.native_id for post in found.posts)
        self.told.update(gone.native_id for gone in found.gone if gone.definite)
        self.broken_ids.update(found.broken_ids)
        self.broken += found.broken
        self.understood += len(found.posts) + len(found.gone) + found.hidden + found.others

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
