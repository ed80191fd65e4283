"""Wikis made with MediaWiki: every page of a wiki's content namespaces, and its descriptions of files.

An account's handle is the wiki's address (https://wiki.example.org/) or that of its api.php. The first crawl walks over all
pages; later ones read what the list of recent changes tells, and walk again once in a while.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit

from mwclient.client import __version__
from pydantic import AfterValidator, Field
from w3lib.url import safe_url_string

from core.errors import AccountNotFound, Blocked, ParseError
from core.records import Account, CrawledPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._egress import Egress, EgressRefused
from crawlers._mediawiki.changes import LIMIT_REACHED, follow, reaches_back, read_deletions, until_last
from crawlers._mediawiki.client import BadPlace, NoApi, Told, WikiClient
from crawlers._mediawiki.pages import FILES, INFO, SITE, Wiki, is_page_id, parse_wiki
from crawlers._mediawiki.progress import Progress, Walk, known_path, read_progress
from crawlers._mediawiki.reading import Reader
from crawlers._outstanding import never_read
from crawlers._rebase import trusted_base_url

_AHEAD = "this wiki's clock, or ours, was ahead at an earlier crawl: all pages are read again"
_LOST = "recent changes no longer reach back to the last look: all pages are read again, what was overwritten meanwhile is lost"


def _trusted_or_none(url: str) -> str:
    return trusted_base_url(url) if url else ""


class MediaWikiOptions(CrawlerOptions):
    """`[platforms.mediawiki]`. Times are seconds unless they say otherwise; the limits are per account and crawl."""

    contact_url: str = ""  # where a wiki's owner can complain of our visits; named in the user agent
    user_agent: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")] = "NightRounds"
    namespaces: tuple[Annotated[int, Field(ge=0)], ...] = ()  # none: those that the wiki says hold content, and File
    delay: Annotated[float, Field(ge=0, le=60)] = 0.2  # between two questions
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # of one whole answer
    page_size: Annotated[int, Field(gt=0, le=50)] = 50  # pages of one answer of the walk
    max_pages: Annotated[int, Field(gt=0)] = (
        1000  # answers after which the walk, or the reading of changes, pauses until the next crawl
    )
    sweep_days: Annotated[int, Field(gt=0)] = 30  # how often all pages are walked again
    base_url: Annotated[str, AfterValidator(_trusted_or_none)] = (
        ""  # what answers in place of every wiki: a gateway, the sandbox
    )


class MediaWikiCrawler(Crawler):
    """Reads one wiki a call."""

    platform = "mediawiki"
    title = "Wikis (MediaWiki)"
    about = About(
        reads="all pages of anybody's public wikis, with overwritten edits",
        through="mwclient, api.php",
        new_posts="recent changes",
        edits="recent changes, by revision",
        deletions="deletion log, looked up by id",
        credentials="none",
        tried="real: MediaWiki",
    )
    Options = MediaWikiOptions
    options: MediaWikiOptions

    def credential_of(self, account: Account) -> str:
        """Each wiki stands alone: one that makes us wait stops no other, and budgets are each wiki's own."""
        return f"{self.platform} {account.id}"

    def demand_askable(self, account: Account) -> None:
        _web_address(account.handle)

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the wiki, what changed (or all its pages), then what became of `request.recheck`.

        `request.since` is not heeded: a page is as public today as on the day when it was written.

        Raises:
            AccountNotFound: no such host, or no MediaWiki there. AccountPrivate: members only.
            Blocked: refused by the wiki or by our own guard. RateLimited, PlatformDown, ParseError.
        """
        client, told, wiki, path = self._open(request)
        try:
            reader = Reader(client, wiki, request.account)
            progress = read_progress(request.cursor, wiki.native_id, path)
            is_ahead = progress.is_ahead(int(self.clock().timestamp()))
            progress = progress.forget() if is_ahead else progress
            yield CrawledPage(
                raw=told.raw,
                profile=wiki.profile,
                native_account_id=wiki.native_id,
                cursor=progress.cursor(),
                note=_AHEAD if is_ahead else "",
            )
            yield from self._read(reader, progress, request)
        finally:
            client.close()

    def _read(self, reader: Reader, progress: Progress, request: CrawlRequest) -> Iterator[CrawledPage]:
        wiki, most = reader.wiki, self.options.max_pages
        held = progress.outstanding
        namespaces = self._namespaces(wiki)
        seen: set[str] = set()
        if progress.read_until is not None:
            progress = yield from self._check_reach(reader, progress)
        was_read = progress.read_until is not None
        if was_read:
            progress, seen = yield from follow(reader, progress, namespaces, most)
        progress = progress if progress.walk and progress.walk.namespaces == namespaces else replace(progress, walk=None)
        age = wiki.now - (progress.walked_at or 0)
        if progress.walk or not was_read or progress.namespaces != namespaces or age > self.options.sweep_days * 86_400:
            progress = yield from self._walk(reader, progress, namespaces, seen)
            if not was_read and progress.read_until is not None:
                progress, more = yield from follow(reader, progress, namespaces, most)
                seen |= more
        for sight in reader.look([one for one in progress.outstanding if one in held]):
            gone = len(sight.gone)
            progress, _ = progress.keep(read=sight.settled, broken=sight.broken)
            yield sight.crawled(progress.cursor(), never_read(gone))
        due = {one.native_id: one for one in request.recheck if one.native_id not in seen and is_page_id(one.native_id)}
        for sight in reader.look(
            list(due),
            known={native_id: one.revision for native_id, one in due.items()},
            posted_at={native_id: one.posted_at for native_id, one in due.items()},
        ):
            yield sight.crawled()

    def _open(self, request: CrawlRequest) -> tuple[WikiClient, Told, Wiki, str]:
        """Find the wiki's API. Raises CrawlError."""
        address = _web_address(request.account.handle)
        known = known_path(request.cursor)
        for path in [known] if known else _paths(urlsplit(address).path):
            parts = urlsplit(address)
            place = f"{parts.scheme}://{parts.netloc}{path}"
            contact = f"{self.options.user_agent} (+{self.options.contact_url})" if self.options.contact_url else ""
            client = WikiClient(
                place,
                base_url=self.options.base_url,
                is_known=bool(known),
                user_agent=f"{contact or self.options.user_agent} mwclient/{__version__}",
                seconds=self.options.timeout,
                delay=self.options.delay,
                meter=request.meter,
                clock=self.clock,
                sleep=self.sleep,
            )
            try:
                told = client.tell(**SITE)
                wiki = parse_wiki(told.query, place)
                return client, told, replace(wiki, now=min(wiki.now, int(self.clock().timestamp()))), path
            except NoApi:
                client.close()
            except BaseException:
                client.close()
                raise
        raise AccountNotFound("no MediaWiki was found at this address; name the address of its api.php in the account list")

    def _namespaces(self, wiki: Wiki) -> tuple[int, ...]:
        return tuple(sorted(set(self.options.namespaces or (*wiki.content_namespaces, FILES))))

    def _check_reach(self, reader: Reader, progress: Progress) -> Generator[CrawledPage, None, Progress]:
        """Where recent changes no longer reach back: say so, read the log of deletions, and have all pages walked anew."""
        raw, reaches = reaches_back(reader, progress)
        if reaches:
            return progress
        yield from read_deletions(reader, progress.read_until or 0, self.options.max_pages)
        progress = progress.lose()
        yield CrawledPage(raw=raw, cursor=progress.cursor(), note=_LOST)
        return progress

    def _walk(
        self, reader: Reader, progress: Progress, namespaces: Sequence[int], seen: set[str]
    ) -> Generator[CrawledPage, None, Progress]:
        """Go over all pages from where the last crawl stopped."""
        walk = progress.walk or Walk(started_at=reader.wiki.now, namespaces=tuple(namespaces))
        is_stored = bool(walk.place)  # a place that an earlier crawl left may be one that the wiki no longer takes
        while not walk.done:
            try:
                told = reader.client.list(
                    generator="allpages",
                    gapnamespace=walk.namespaces[walk.at],
                    gapfilterredir="nonredirects",
                    gaplimit=self.options.page_size,
                    **INFO,
                    **walk.place,
                )
            except ParseError as error:
                if not walk.place or not (is_stored or isinstance(error, BadPlace)):
                    raise
                walk, is_stored = replace(walk, place={}), False
                continue
            is_stored = False
            has_gap = False
            for sight, is_last in until_last(reader.read(told)):
                progress, has_room = progress.keep(read=sight.settled, broken=sight.broken)
                seen.update(sight.settled)
                has_gap = has_gap or not has_room or bool(sight.nameless)
                if is_last:
                    walk = walk.past(told.place, has_gap=has_gap)
                    progress = progress.finish(walk) if walk.done else replace(progress, walk=walk)
                pauses = is_last and not walk.done and reader.client.asked >= self.options.max_pages
                yield sight.crawled(progress.cursor() if is_last else None, LIMIT_REACHED if pauses else "")
                if pauses:
                    return progress
        return progress


def _web_address(handle: str) -> str:
    """The handle as an absolute address in ASCII.

    Raises:
        AccountNotFound: it is no web address. Blocked: one that our guard refuses.
    """
    parts = urlsplit(handle.strip()) if handle.isprintable() else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc or parts.fragment:
        raise AccountNotFound("the handle is no wiki's address; expected one such as https://wiki.example.org/")
    try:
        Egress({}).check(handle.strip())
    except EgressRefused as refusal:
        raise Blocked(f"our own guard refused {refusal}") from None
    return safe_url_string(parts._replace(netloc=parts.netloc.lower(), query="").geturl())


def _paths(path: str) -> list[str]:
    """Where api.php may lie, likeliest first."""
    if path.endswith("api.php"):
        return [path]
    folder = path[: path.rfind("/") + 1] or "/"
    return list(dict.fromkeys([f"{folder}api.php", f"{folder}w/api.php", "/w/api.php", "/api.php"]))
