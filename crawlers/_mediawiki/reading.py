"""Pages of a wiki by their ids: first what the wiki tells of them in short, then the content of those that are to be read.

Contents are asked for in groups of bounded size, because a wiki cuts an answer that grows beyond 8 MiB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Cursor, Gone, GoneReason, Post, RawPage
from crawlers._mediawiki.client import Told, WikiClient
from crawlers._mediawiki.pages import (
    CONTENT,
    INFO,
    PAST,
    Page,
    Wiki,
    Withheld,
    first_time,
    parse_page,
    parse_posts,
    whole_number,
)
from crawlers._strict import not_understood

AT_ONCE = 50  # pages or revisions of one question, the most that a wiki takes from strangers
_GROUP = 2 * 2**20  # bytes of content asked for together
_LARGEST = 4 * 2**20  # bytes of a page that is read at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one answer shows of some pages. `broken` are ids of pages not understood, `nameless` counts those without one."""

    raw: tuple[RawPage, ...]
    posts: tuple[Post, ...] = ()
    gone: tuple[Gone, ...] = ()
    verified: tuple[str, ...] = field(default=(), repr=False)
    broken: tuple[str, ...] = field(default=(), repr=False)
    nameless: int = 0
    left_out: int = 0

    @property
    def settled(self) -> tuple[str, ...]:
        """Ids of pages that need no other look."""
        return (*(post.native_id for post in self.posts), *(one.native_id for one in self.gone), *self.verified)

    def crawled(self, cursor: Cursor | None = None, *notes: str) -> CrawledPage:
        own = [
            not_understood(len(self.broken) + self.nameless),
            f"{self.left_out} too large or of a content model that can't be read left out" if self.left_out else "",
        ]
        note = "; ".join(filter(None, [*own, *notes]))
        return CrawledPage(raw=self.raw, posts=self.posts, gone=self.gone, verified=self.verified, cursor=cursor, note=note)


class Reader:
    """Reads pages of one wiki for one account."""

    def __init__(self, client: WikiClient, wiki: Wiki, account: Account) -> None:
        self.client = client
        self.wiki = wiki
        self.account = account

    def look(
        self,
        ids: Sequence[str],
        *,
        path: str = "lookup",
        posted_at: Mapping[str, datetime | None] | None = None,
        known: Mapping[str, str] | None = None,
    ) -> Iterator[Sight]:
        """What became of pages. `known` holds revisions that were already read, `posted_at` when pages were made."""
        for start in range(0, len(ids), AT_ONCE):
            asked = ids[start : start + AT_ONCE]
            told = self.client.tell(pageids="|".join(asked), **INFO)
            yield from self.read(told, posted_at=posted_at, known=known, path=path, asked=asked)

    def look_by_title(self, titles: Sequence[str]) -> Iterator[Sight]:
        """The pages that stand at these titles; a title may lead nowhere."""
        for start in range(0, len(titles), 10):  # titles are long, and an address must not be
            told = self.client.tell(titles="|".join(titles[start : start + 10]), **INFO)
            here = [item for item in told.pages if item.get("missing") is not True]
            yield from self.read(Told(raw=told.raw, query=told.query, pages=tuple(here), place={}))

    def read(
        self,
        told: Told,
        *,
        posted_at: Mapping[str, datetime | None] | None = None,
        known: Mapping[str, str] | None = None,
        path: str = "lookup",
        asked: Iterable[str] = (),
    ) -> Iterator[Sight]:
        """The pages of an answer in short, then the contents of those that are to be read. `asked` must all be answered for."""
        found = _Found()
        wanted: list[Page] = []
        for item in told.pages:
            try:
                page = parse_page(item)
            except ParseError:
                found.nameless += 1
                continue
            if page.missing or page.redirect:
                found.gone.append(_gone(page, path))
            elif not page.readable or page.length > _LARGEST:
                found.verified.append(page.native_id)
                found.left_out += 1
            elif page.revision and str(page.revision) == (known or {}).get(page.native_id):
                found.verified.append(page.native_id)
            else:
                wanted.append(page)
        seen = {*(one.native_id for one in found.gone), *found.verified, *(page.native_id for page in wanted)}
        silent = [native_id for native_id in asked if native_id not in seen]
        found.broken += silent
        found.nameless = max(0, found.nameless - len(silent))  # they are the same pages
        yield found.sight(told.raw)
        for group in _groups(wanted):
            yield self._contents(group, posted_at or {}, path)

    def past(self, revisions: Sequence[int], posted_at: Mapping[str, datetime | None]) -> Sight:
        """Revisions that were overwritten since. Those that the wiki has hidden or removed are left out."""
        told = self.client.tell(revids="|".join(map(str, revisions)), **PAST)
        found = _Found()
        for item in told.pages:
            self._take(item, found, posted_at, "lookup", is_past=True)
        return found.sight(told.raw)

    def made_at(self, native_id: str) -> tuple[tuple[RawPage, ...], datetime | None]:
        """When a page's first revision was made, None where the wiki does not tell."""
        told = self.client.list(pageids=native_id, prop="revisions", rvdir="newer", rvlimit=1, rvprop="ids|timestamp")
        try:
            return told.raw, first_time(told.pages[0]) if told.pages else None
        except ParseError:
            return told.raw, None

    def _contents(self, pages: Sequence[Page], posted_at: Mapping[str, datetime | None], path: str) -> Sight:
        told = self.client.tell(pageids="|".join(page.native_id for page in pages), **CONTENT)
        found = _Found()
        for item in told.pages:
            self._take(item, found, posted_at, path)
        seen = {*(post.native_id for post in found.posts), *(one.native_id for one in found.gone), *found.broken}
        found.broken += [page.native_id for page in pages if page.native_id not in seen]
        found.nameless = 0  # each page was asked for by its id
        return found.sight(told.raw)

    def _take(
        self, item: dict[str, Any], found: _Found, posted_at: Mapping[str, datetime | None], path: str, *, is_past: bool = False
    ) -> None:
        native_id = ""
        try:
            page = parse_page(item)
            native_id = page.native_id
            if page.missing or (page.redirect and not is_past):
                found.gone.append(_gone(page, path))
            else:
                found.posts += parse_posts(item, self.account, self.wiki, posted_at.get(native_id))
        except Withheld:
            if not is_past:
                found.gone.append(Gone(native_id=native_id, reason=GoneReason.REMOVED, definite=True, path=path))
        except ParseError:
            found.broken += [native_id] if native_id else []
            found.nameless += 0 if native_id else 1


class _Found:
    """What an answer shows, while it is being read."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.gone: list[Gone] = []
        self.verified: list[str] = []
        self.broken: list[str] = []
        self.nameless = 0
        self.left_out = 0

    def sight(self, raw: tuple[RawPage, ...]) -> Sight:
        return Sight(
            raw=raw,
            posts=tuple(self.posts),
            gone=tuple(self.gone),
            verified=tuple(self.verified),
            broken=tuple(dict.fromkeys(self.broken)),
            nameless=self.nameless,
            left_out=self.left_out,
        )


def _gone(page: Page, path: str) -> Gone:
    """The wiki itself says so: the page is no more, or it only leads to another."""
    reason = GoneReason.DELETED if page.missing else GoneReason.RENAMED
    return Gone(native_id=page.native_id, reason=reason, definite=True, path=path)


def _groups(pages: Iterable[Page]) -> Iterator[list[Page]]:
    group: list[Page] = []
    size = 0
    for page in pages:
        if group and (len(group) == AT_ONCE or size + page.length > _GROUP):
            yield group
            group, size = [], 0
        group.append(page)
        size += page.length
    if group:
        yield group


def revisions_of(told: Told) -> dict[str, int]:
    """The current revision of each page of an answer, as far as they are understood."""
    current: dict[str, int] = {}
    for item in told.pages:
        try:
            current[str(whole_number(item, "pageid"))] = whole_number(item, "lastrevid")
        except ParseError:
            continue
    return current
