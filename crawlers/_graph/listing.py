"""Reads lists that Graph shows from the newest post back and in no other way: Instagram's media, Threads' posts and replies.

Such a list is walked down through a trailing window at each crawl, because nothing says what was edited, and on below it to
the stored posts that are due for another look. What is due and was not there, where all of its time was shown, is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from core.errors import ParseError
from core.records import CrawledPage, Cursor, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._exchange import Answer
from crawlers._found import Found, Sight
from crawlers._graph.client import GraphClient, Place
from crawlers._graph.errors import NodeUnseen, Refused
from crawlers._notes import join, stopped
from crawlers._outstanding import never_read, still_outstanding
from crawlers._walk import Progress, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list of an account: how a page of it is asked for, and read. A page without a place is the last one."""

    name: str
    ask: Callable[[Place | None], Answer]
    read: Callable[[dict[str, Any]], tuple[Found, Place | None]]


class ListReader:
    """Reads one list in one crawl. `progress` moves with each page; `cursor` makes the account's cursor of all its lists."""

    def __init__(
        self,
        listing: Listing,
        progress: Progress[Place],
        *,
        due: Sequence[KnownPost],
        cursor: Callable[[], Cursor],
        clock: Callable[[], datetime],
        reread: timedelta,
        max_pages: int,
    ) -> None:
        self.listing = listing
        self.progress = progress
        self.sight = Sight()
        self.raw: tuple[RawPage, ...] = ()  # of the last page
        self._due = {known.native_id: known for known in due}
        self._earlier = progress.outstanding
        self._cursor = cursor
        self._clock = clock
        self._reread = reread
        self._pages_left = max_pages
        self._depth = float("inf")  # all that is newer than this (seconds since 1970) was shown, from the top on
        self._place: Place | None = None  # where the list goes on below what was shown
        self._ended = False

    def pages(self) -> Iterator[CrawledPage]:
        yield from self._walk()
        yield from self._sweep()
        yield from self._give_up_lost()

    def spare(self, native_ids: Iterable[str]) -> None:
        """Another list has shown these: they need not be looked for in this one."""
        for native_id in native_ids:
            self._due.pop(native_id, None)

    def has_covered(self, known: KnownPost) -> bool:
        """Whether the post would have been shown if it still stood in this list."""
        if self.sight.has_nameless:
            return False  # one that can't be told from it was shown
        return self._ended or (known.posted_at is not None and known.posted_at.timestamp() > self._depth)

    def has_passed(self, moment: int) -> bool:
        """Whether all that is newer than this (seconds since 1970) was shown, from the top on."""
        return self._ended or self._depth <= moment

    @property
    def whole(self) -> int | None:
        """How many posts the list has, where this crawl read it from its top to its end and understood whose they are."""
        if not self._ended or self.sight.has_nameless:
            return None
        return len(self.sight.told | self.sight.broken_ids)

    def has_shown(self, native_id: str) -> bool:
        return native_id in self.sight.told or native_id in self.sight.broken_ids

    def _walk(self) -> Iterator[CrawledPage]:
        """Finish the walk that an earlier crawl left, then take one from the top."""
        resumed = self.progress.walk is not None
        while self._pages_left:
            walk = self.progress.walk or self.progress.begin(self._clock(), self._reread)
            answer, walk = self._ask_stored(walk)
            found, place = self._take(answer, walk.place, from_top=not resumed)
            times = [post.posted_at for post in found.posts]
            is_down = not place or walk.is_below(times)
            self.progress, has_room = self.progress.keep(read=_ids(found), broken=found.broken_ids)
            walk = walk.past(times, place, has_gap=not has_room or found.has_nameless)
            self.progress = self.progress.finish(walk) if is_down else replace(self.progress, walk=walk)
            limit = stopped(more=not is_down, resumed=resumed, pages_left=self._pages_left)
            posts = tuple(post for post in found.posts if _is_wanted(post, walk.since) or post.native_id in self._due)
            yield CrawledPage(raw=self.raw, posts=posts, cursor=self._cursor(), note=join(found.note, limit))
            if is_down and not resumed:
                return
            resumed = resumed and not is_down
        self._place, self._depth, self._ended = None, float("inf"), False  # the top was not read down to where it may be judged

    def _sweep(self) -> Iterator[CrawledPage]:
        """On below the window, for stored posts and for those that an earlier night did not understand."""
        while self._place and (sought := self._sought()):
            if not self._pages_left:
                note = f"page limit reached: {len(sought)} older posts were not looked at again"
                yield CrawledPage(raw=self.raw, cursor=self._cursor(), note=note)
                return
            found, _ = self._take(self.listing.ask(self._place), self._place, from_top=True)
            wanted = {*self._due, *self.progress.outstanding}
            posts = tuple(post for post in found.posts if post.native_id in wanted)
            self.progress, _ = self.progress.keep(read=_ids(found), broken=())
            verified = tuple(one for one in found.broken_ids if one in self._due)
            yield CrawledPage(raw=self.raw, posts=posts, verified=verified, cursor=self._cursor(), note=found.note)

    def _give_up_lost(self) -> Iterator[CrawledPage]:
        """Posts not understood at first that the whole list no longer shows, and those that it still shows so."""
        kept = [one for one in self.progress.outstanding if one in self._earlier]
        lost = [one for one in kept if self._ended and not self.sight.has_nameless and one not in self.sight.broken_ids]
        # what this crawl showed and did not understand is told by its page
        waiting = [one for one in kept if one not in lost and one not in self.sight.broken_ids]
        if lost or waiting:
            self.progress, _ = self.progress.keep(read=lost, broken=())
            note = join(never_read(len(lost)), still_outstanding(len(waiting)))
            yield CrawledPage(raw=self.raw, cursor=self._cursor(), note=note)

    def _sought(self) -> list[str]:
        """What may still come further down."""
        unseen = [known for known in self._due.values() if not self.has_shown(known.native_id)]
        deeper = [one.native_id for one in unseen if one.posted_at is None or one.posted_at.timestamp() <= self._depth]
        return deeper + [one for one in self.progress.outstanding if not self.has_shown(one)]

    def _take(self, answer: Answer, place: Place | None, *, from_top: bool) -> tuple[Found, Place | None]:
        found, onward = self.listing.read(answer.json())
        if onward and onward == place:
            raise ParseError("the platform leads from a page of posts back to the same page")
        self._pages_left -= 1
        self.raw = (answer.raw,)
        self.sight.add(found)
        if from_top:
            self._place, self._ended = onward, not onward
            self._depth = min(self._depth, _newest(found))
        return found, onward

    def _ask_stored(self, walk: Walk[Place]) -> tuple[Answer, Walk[Place]]:
        """One page, and the walk as it was asked for: the platform may have forgotten the place of an earlier day."""
        try:
            return self.listing.ask(walk.place), walk
        except Refused:
            if not walk.is_stored or not walk.place:
                raise
        return self.listing.ask(None), walk.from_the_top()


def missing_from(readers: Sequence[ListReader], due: Sequence[KnownPost]) -> list[KnownPost]:
    """What is due and stands in none of the lists, though each showed all of its time."""
    return [
        known
        for known in due
        if not any(reader.has_shown(known.native_id) for reader in readers)
        and all(reader.has_covered(known) for reader in readers)
    ]


def sightings(readers: Sequence[ListReader], missing: Sequence[KnownPost]) -> Iterator[CrawledPage]:
    """One page for all that is missing from the lists, with their last answers as evidence."""
    if missing:
        gone = (Gone(native_id=one.native_id, reason=GoneReason.UNAVAILABLE, path="listing") for one in missing)
        yield CrawledPage(raw=tuple(raw for reader in readers for raw in reader.raw), gone=tuple(gone))


def _ids(found: Found) -> list[str]:
    return [post.native_id for post in found.posts]


def _newest(found: Found) -> float:
    return max((post.posted_at.timestamp() for post in found.posts if post.posted_at), default=float("inf"))


def _is_wanted(post: Post, since: int | None) -> bool:
    return since is None or post.posted_at is None or post.posted_at.timestamp() >= since


def look_up(client: GraphClient, known: KnownPost) -> CrawledPage:
    """Whether a post that the list no longer shows still stands under its id: the second path, for accounts of our own.

    Only its being is asked for: a list and a node write the same post in different ways, which would look like an edit.
    """
    try:
        answer = client.node(known.native_id, "id")
    except NodeUnseen as unseen:
        gone = Gone(native_id=known.native_id, reason=GoneReason.UNAVAILABLE, path="node")
        return CrawledPage(raw=(unseen.raw,) if unseen.raw else (), gone=(gone,))
    if answer.json().get("id") != known.native_id:
        raise ParseError("the platform answered with another post than the one asked for")
    return CrawledPage(raw=(answer.raw,), verified=(known.native_id,))
