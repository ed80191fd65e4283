"""The repository of an account, read from the server that holds it: every record that is live, with its content id.

`com.atproto.repo.listRecords` needs no key and leaves nothing out: an edit is the same address with another content id, and
what is no longer there is deleted. Context (what a post answers or quotes, what a repost repeats) is asked of the AppView for
records that are new, and for edited ones that are due. None of it is part of a post's content: nothing changes without it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._bluesky.api import Refused, Server, models
from crawlers._bluesky.posts import (
    POST,
    Context,
    Contexts,
    claimed_time,
    is_orderly,
    is_own,
    parse_post,
    parse_repost,
    parse_uri,
    references_of,
    time_of,
    unread_embeds,
)
from crawlers._bluesky.progress import Leg, Progress, Walk, is_place
from crawlers._bluesky.views import contexts_for
from crawlers._exchange import Answer
from crawlers._strict import not_understood, text

_PAGE = 100  # records of one answer, the most there is
_MOST_EMPTY = 3  # pages in a row without a record, though more are told to follow


@dataclass(frozen=True, slots=True)
class _Record:
    uri: str = field(repr=False)
    did: str = field(repr=False)
    key: str = field(repr=False)
    cid: object = field(repr=False)
    value: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A page of records. `broken` counts entries that are none; `place` is where the next page begins, empty at the end."""

    raw: RawPage
    records: list[_Record] = field(repr=False)
    broken: int
    place: str = field(repr=False)


@dataclass(slots=True)
class _Read:
    """What one page came to."""

    posts: list[Post] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    raw: list[RawPage] = field(default_factory=list)
    broken: int = 0
    unread: int = 0


class Repository:
    """Reads one account. `recheck` are the stored posts that are due."""

    def __init__(
        self,
        *,
        server: Server,
        appview: Server,
        account: Account,
        recheck: Sequence[KnownPost],
        max_pages: int,
        now: datetime,
    ) -> None:
        self._server = server
        self._appview = appview
        self._account = account
        self._recheck = recheck
        self._max_pages = max_pages
        self._now = now
        self._fetch_from = server.address

    def read(self, progress: Progress, rev: str) -> Iterator[CrawledPage]:
        """Finish an earlier crawl's walk, then take a whole one if the repository has changed or posts are due."""
        due = {known.native_id: known for known in self._recheck if is_own(known.native_id, progress.did)}
        if progress.walk is None and progress.rev == rev and not due:
            return
        seen = yield from self._walk(progress, rev, due)
        yield from self._look_again([one for one in due if one not in seen], progress.did)

    def _walk(self, progress: Progress, rev: str, due: Mapping[str, KnownPost]) -> Generator[CrawledPage, None, set[str]]:
        """Yields pages; returns the addresses of all records seen."""
        seen: set[str] = set()
        resumed = is_stored = progress.walk is not None
        progress = progress.orderly(self._now)
        empty = 0
        for pages_left in reversed(range(self._max_pages)):
            walk = progress.walk or progress.begin(rev)
            leg = walk.legs[walk.leg]
            listed = self._list(progress.did, walk, is_stored=is_stored)
            is_stored = False
            records, broken, place = listed.records, listed.broken, listed.place
            empty = 0 if records or broken or not place else empty + 1
            if gives_up := empty == _MOST_EMPTY:
                place, empty = "", 0
            seen.update(record.uri for record in records)
            known_key = (walk if leg.is_upward else progress).newest.get(leg.collection, "")
            if leg.news_only and any(record.key <= known_key for record in records):
                place = ""
            page = self._read_page(records, leg, progress.floor, known_key, due)
            broken += page.broken
            told = [record.key for record in records if is_orderly(record.key, self._now)]
            walk = walk.past(told, place, has_gap=bool(broken) or gives_up)
            progress = progress.go_on(walk)
            is_done = walk.is_done and (not resumed or progress.rev == rev)
            at_limit = not pages_left and not is_done
            notes = [
                not_understood(broken),
                f"{page.unread} embed{'' if page.unread == 1 else 's'} of an unknown kind not read" if page.unread else "",
                f"{_MOST_EMPTY} empty pages in a row: there may be more posts behind them" if gives_up else "",
                "page limit reached: the next crawl goes on here" if at_limit else "",
            ]
            yield CrawledPage(
                raw=(listed.raw, *page.raw),
                posts=tuple(page.posts),
                verified=tuple(page.verified),
                cursor=progress.cursor(),
                note="; ".join(filter(None, notes)),
            )
            if is_done:
                break
            resumed = resumed and not walk.is_done
        return seen

    def _list(self, did: str, walk: Walk, *, is_stored: bool) -> _Listed:
        """One page. Where that of an earlier day's place is none, the first one of its leg: the place may be to blame."""
        leg = walk.legs[walk.leg]
        params = models.ComAtprotoRepoListRecords.Params(
            repo=did, collection=leg.collection, limit=_PAGE, cursor=walk.place or None, reverse=leg.is_upward
        )
        try:
            answer = self._server.query("com.atproto.repo.listRecords", params)
            listed = _parse_page(answer, did, leg)
            if listed.place and listed.place == walk.place:
                raise ParseError("Bluesky leads from a page of records back to the same page")
        except ParseError:
            if not is_stored or not walk.place:
                raise
        else:
            return listed
        return self._list(did, replace(walk, place=""), is_stored=False)

    def _read_page(
        self, records: Sequence[_Record], leg: Leg, floor: int | None, known_key: str, due: Mapping[str, KnownPost]
    ) -> _Read:
        """`known_key` is the newest record that was read with its context."""
        page = _Read()
        fresh = [
            record
            for record in records
            if record.key > known_key
            or not is_orderly(record.key, self._now)
            or (record.uri in due and due[record.uri].revision != record.cid)
        ]
        own = {record.uri: Context(record=record.value, did=record.did) for record in records if leg.collection == POST}
        wanted = dict.fromkeys(one for record in fresh for one in references_of(record.value) if one not in own)
        page.raw, contexts = contexts_for(self._appview, list(wanted)) if wanted else ([], {})
        contexts |= {address: context for address, context in own.items() if _has_text(context)}
        read_anew = {record.uri for record in fresh}
        for record in records:
            if leg.collection != POST and record.uri not in read_anew:
                page.verified.append(record.uri)  # never edited, and known since it was news
                continue
            try:
                post = self._parse(record, leg, contexts)
            except ParseError:
                page.broken += 1
                page.verified.append(record.uri)  # not understood, but there
                continue
            if _is_wanted(record, floor):
                page.posts.append(post)
                page.unread += unread_embeds(record.value)
        return page

    def _parse(self, record: _Record, leg: Leg, contexts: Contexts) -> Post:
        parts = (record.uri, record.cid, record.value, self._account)
        if leg.collection == POST:
            return parse_post(*parts, now=self._now, server=self._fetch_from, contexts=contexts)
        return parse_repost(*parts, now=self._now, contexts=contexts)

    def _look_again(self, addresses: Sequence[str], did: str) -> Iterator[CrawledPage]:
        """What no page showed is asked for by itself: one page that left something out must not bury it."""
        for address in addresses:
            uri = parse_uri(address)
            if uri is None:
                continue
            params = models.ComAtprotoRepoGetRecord.Params(repo=did, collection=uri.collection, rkey=uri.rkey)
            try:
                answer = self._server.query("com.atproto.repo.getRecord", params)
            except Refused as refused:
                if refused.what != "no record":
                    raise
                gone = Gone(native_id=address, reason=GoneReason.DELETED, definite=True, path="record")
                yield CrawledPage(raw=(refused.raw,), gone=(gone,))
                continue
            document = answer.json()
            posts: tuple[Post, ...] = ()
            note = ""
            try:
                if uri.collection == POST and isinstance(document.get("value"), dict):
                    record = _Record(address, did, uri.rkey, document.get("cid"), document["value"])
                    posts = (self._parse(record, Leg(POST, True, False), {}),)
            except ParseError:
                note = not_understood(1)
            yield CrawledPage(raw=(answer.raw,), posts=posts, verified=() if posts else (address,), note=note)


def _parse_page(answer: Answer, did: str, leg: Leg) -> _Listed:
    """Raises ParseError for what is no page of records."""
    document = answer.json()
    entries, place = document.get("records"), document.get("cursor")
    if not isinstance(entries, list):
        raise ParseError("Bluesky answered without a list of records")
    if place is not None and not is_place(place):
        raise ParseError("cursor: expected where the next page begins, as text")
    records: list[_Record] = []
    broken = 0
    for entry in entries:
        address = entry.get("uri") if isinstance(entry, dict) else None
        uri, value = parse_uri(address), entry.get("value") if isinstance(entry, dict) else None
        if uri is None or uri.did != did or uri.collection != leg.collection or not isinstance(value, dict):
            broken += 1
        else:
            records.append(_Record(str(address), did, uri.rkey, entry.get("cid"), value))
    return _Listed(raw=answer.raw, records=records, broken=broken, place=place or "")


def _is_wanted(record: _Record, floor: int | None) -> bool:
    """Whether it is not older than was asked for, by its author's word and by its key: either alone may be wrong."""
    told = [moment for moment in (claimed_time(record.value.get("createdAt")), time_of(record.key)) if moment]
    return floor is None or not told or max(told).timestamp() >= floor


def _has_text(context: Context) -> bool:
    try:
        return bool(text(context.record, "text"))
    except ParseError:
        return False
