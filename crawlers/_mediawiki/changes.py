"""What became of a wiki since it was read: its list of recent changes, and the log of deletions where that no longer reaches.

Edits that were overwritten before we came are read too: they stay public in a page's history. They are told before the page as
it stands, so that storage keeps them in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.errors import ParseError
from core.records import CrawledPage, RawPage
from crawlers._mediawiki.pages import INFO, whole_number
from crawlers._mediawiki.progress import OVERLAP, Progress
from crawlers._mediawiki.reading import AT_ONCE, Reader, revisions_of
from crawlers._strict import instant, mapping, objects, text

LIMIT_REACHED = "page limit reached: the next crawl goes on here"
_LOG_LIMIT = "page limit reached in the log of deletions: the rest shows as stored pages are looked up"
_LATE = 3600  # seconds by which lines may come late to a list without new ones; the overlap is for those that stand there
_SURELY_KEPT = 7 * 86_400  # seconds for which every wiki keeps its recent changes; by default it is 90 days
_AT_ONCE = 500  # changes of one answer, the most that a wiki gives to strangers
_PAGE_LOGS = {"delete", "move", "import", "merge", "upload", "contentmodel", "pagelang"}
_BY_TITLE = {"restore", "import", "merge"}  # the page may have got another id
_GROUP = 2 * 2**20  # bytes of overwritten revisions asked for together
_T = TypeVar("_T")


@dataclass(slots=True)
class _Changed:
    """One page in a part of the list: its revisions (id: time and size), and whether a log speaks of it."""

    revisions: dict[int, tuple[int, int]] = field(default_factory=dict)
    logged: bool = False
    made_at: datetime | None = None


@dataclass(slots=True)
class _Changes:
    """A part of the list, by pages."""

    pages: dict[str, _Changed] = field(default_factory=dict)
    titles: dict[str, None] = field(default_factory=dict)
    last: int = 0  # time of the last change
    broken: int = 0

    def add(self, entry: Mapping[str, Any], namespaces: Sequence[int]) -> None:
        """Raises ParseError."""
        at = instant(entry, "timestamp")
        if at is None:
            raise ParseError("timestamp: expected a time")
        kind, page_id, title = entry.get("type"), whole_number(entry, "pageid"), text(entry, "title")
        if kind == "log":
            self._add_logged(entry, namespaces, page_id, title)
        elif entry.get("ns") in namespaces:
            revision = whole_number(entry, "revid")
            if not page_id or not revision:
                raise ParseError("expected a page's and a revision's id")
            page = self.pages.setdefault(str(page_id), _Changed())
            page.revisions[revision] = (int(at.timestamp()), whole_number(entry, "newlen"))
            page.made_at = at if kind == "new" else page.made_at
        self.last = max(self.last, int(at.timestamp()))

    def _add_logged(self, entry: Mapping[str, Any], namespaces: Sequence[int], page_id: int, title: str) -> None:
        params = mapping(entry, "logparams") if isinstance(entry.get("logparams"), dict) else {}
        if text(entry, "logtype") not in _PAGE_LOGS or not {entry.get("ns"), params.get("target_ns")} & {*namespaces}:
            return
        if page_id:
            self.pages.setdefault(str(page_id), _Changed()).logged = True
        action = text(entry, "logaction")
        if not page_id or action in _BY_TITLE or text(entry, "logtype") in _BY_TITLE:
            for one in (title, text(params, "dest_title")):
                self.titles |= {one: None} if one and "|" not in one else {}


def reaches_back(reader: Reader, progress: Progress) -> tuple[tuple[RawPage, ...], bool]:
    """Whether the list of recent changes still holds all since it was read."""
    read_until = progress.read_until or 0
    if reader.wiki.now - read_until <= _SURELY_KEPT:
        return (), True
    told = reader.client.list(list="recentchanges", rcdir="newer", rclimit=1, rcprop="ids|timestamp")
    oldest = [at for at in (instant(entry, "timestamp") for entry in objects(told.query, "recentchanges")) if at]
    return told.raw, bool(oldest) and int(oldest[0].timestamp()) <= read_until - OVERLAP


def read_deletions(reader: Reader, since: int, most: int) -> Iterator[CrawledPage]:
    """What the log of deletions, which is kept for good, tells since then; stops after `most` questions of the whole crawl."""
    place: Mapping[str, str] = {}
    while True:
        told = reader.client.list(
            list="logevents",
            letype="delete",
            ledir="newer",
            lestart=_iso(since),
            leprop="ids|type|timestamp",
            lelimit=_AT_ONCE,
            **place,
        )
        ids = dict.fromkeys(
            str(one) for one in (whole_number(entry, "logpage") for entry in objects(told.query, "logevents")) if one
        )
        stops = bool(told.place) and reader.client.asked >= most
        yield CrawledPage(raw=told.raw, note=_LOG_LIMIT if stops else "")
        for sight in reader.look(list(ids), path="log"):
            yield sight.crawled()
        if stops or not told.place:
            return
        place = told.place


def follow(
    reader: Reader, progress: Progress, namespaces: Sequence[int], most: int
) -> Generator[CrawledPage, None, tuple[Progress, set[str]]]:
    """Read what changed. Returns the progress, and ids of the pages seen; stops after `most` questions of the whole crawl."""
    since = _iso((progress.read_until or 0) - OVERLAP)
    place: Mapping[str, str] = {}
    seen: set[str] = set()
    while True:
        told = reader.client.list(
            list="recentchanges",
            rctype="edit|new|log",
            rcdir="newer",
            rcstart=since,
            rcprop="title|ids|timestamp|loginfo|sizes",
            rclimit=_AT_ONCE,
            **place,
        )
        changes = _Changes()
        for entry in objects(told.query, "recentchanges"):
            try:
                changes.add(entry, namespaces)
            except ParseError:
                changes.broken += 1
        ids = [one for one, page in changes.pages.items() if page.logged or page.revisions.keys() - progress.told.keys()]
        for start in range(0, len(ids), AT_ONCE):
            progress = yield from _read_pages(reader, progress, ids[start : start + AT_ONCE], changes, seen)
        for sight in reader.look_by_title(list(changes.titles)):
            progress, _ = progress.keep(read=sight.settled, broken=sight.broken)
            seen.update(sight.settled)
            yield sight.crawled(progress.cursor())
        notes = [f"{changes.broken} changes not understood"] if changes.broken else []
        if not changes.broken:  # else the next crawl reads from before them
            newest = min(changes.last, reader.wiki.now)
            progress = progress.reach(newest if told.place else max(newest, reader.wiki.now - _LATE))
        is_over = not told.place or bool(changes.broken)
        if not is_over and reader.client.asked >= most:
            notes.append(LIMIT_REACHED)
            is_over = True
        yield CrawledPage(raw=told.raw, cursor=progress.cursor(), note="; ".join(notes))
        if is_over:
            return progress, seen
        place = told.place


def _read_pages(
    reader: Reader, progress: Progress, ids: Sequence[str], changes: _Changes, seen: set[str]
) -> Generator[CrawledPage, None, Progress]:
    """Overwritten revisions of some pages first, then the pages as they stand; only then does the cursor know of them."""
    told = reader.client.tell(pageids="|".join(ids), **INFO)
    current = revisions_of(told)
    made: dict[str, datetime | None] = {}
    raw = told.raw
    for item in told.pages:
        native_id = str(item.get("pageid"))
        if native_id in changes.pages and item.get("missing") is not True and item.get("new") is not True:
            made[native_id] = changes.pages[native_id].made_at
            if made[native_id] is None:
                evidence, made[native_id] = reader.made_at(native_id)
                raw += evidence
    for group in _past(ids, changes, current, progress):
        yield reader.past(group, made).crawled()
    whole = replace(told, raw=raw)
    for sight, is_last in until_last(reader.read(whole, posted_at=made, path="log", asked=ids)):
        progress, has_room = progress.keep(read=sight.settled, broken=sight.broken)
        seen.update(sight.settled)
        if is_last:
            progress = progress.heard({one: at for page in ids for one, (at, _) in changes.pages[page].revisions.items()})
        notes = [] if has_room and not sight.nameless else ["more pages not understood than can be noted"]
        yield sight.crawled(progress.cursor() if is_last else None, *notes)
    return progress


def _past(ids: Iterable[str], changes: _Changes, current: Mapping[str, int], progress: Progress) -> Iterator[list[int]]:
    """Revisions that are not the current ones and were not read yet, in the order in which they were made.

    What was overwritten before the last walk began is history that nobody was to read.
    """
    floor = progress.walked_at or 0
    sizes = {
        revision: size
        for native_id in ids
        if current.get(native_id)
        for revision, (at, size) in changes.pages[native_id].revisions.items()
        if revision != current[native_id] and revision not in progress.told and at >= floor
    }
    group: list[int] = []
    for revision in sorted(sizes):
        if group and (len(group) == AT_ONCE or sum(sizes[one] for one in group) + sizes[revision] > _GROUP):
            yield group
            group = []
        group.append(revision)
    if group:
        yield group


def until_last(sights: Iterable[_T]) -> Iterator[tuple[_T, bool]]:
    """Each with whether it is the last one."""
    before: list[_T] = []
    for sight in sights:
        if before:
            yield before.pop(), False
        before.append(sight)
    for sight in before:
        yield sight, True


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(max(seconds, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
