"""One crawl of one site: what may be fetched, how an answer or its failure is to be understood, and what was seen so far."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from w3lib.url import safe_url_string

from core.errors import AccountNotFound, AccountPrivate, Blocked, CrawlError, ParseError, PlatformDown, RateLimited
from core.records import CrawledPage, Cursor, Gone, KnownPost, Post, Profile, RawPage
from crawlers._egress import EgressRefused, UnknownHost
from crawlers._website.frames import Job
from crawlers._website.walls import Wall, wall_of

_KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "link", "server", "x-wp-total", "x-wp-totalpages")


class RobotsRefused(IgnoreRequest):
    """robots.txt asks us not to fetch this."""


class RobotsUnreachable(IgnoreRequest):
    """robots.txt could not be read, which RFC 9309 (2.3.1.4) takes for a refusal of everything."""


class LeftSite(IgnoreRequest):
    """The address, or one it redirects to, lies on another site."""


class OffSite(Blocked):
    """As an error: what was asked for lies on another site, which is not ours to read."""


class RobotsDisallow(Blocked):
    """As an error: robots.txt asks us not to read this."""


class Walled(Blocked):
    """As an error: a bot check, a consent wall or an empty frame for scripts came instead of a page."""


class LoginWall(AccountPrivate):
    """As an error: the site wants a login."""


class Enough(Exception):
    """A limit of the options is reached. What was given so far stands, the next run goes on."""


def digest(text: str) -> str:
    """A short, stable mark of a text that is not to be kept itself."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Listing:
    """The keys of what a site lists tonight, whole down to the time `back_to` (None: down to its beginning)."""

    keys: frozenset[str] = field(repr=False)
    back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a page in order, without numbers, and those of its address."""

    words: tuple[str, ...] = field(default=(), repr=False)
    address: frozenset[str] = field(default=frozenset(), repr=False)


class Site:
    """What the rungs of the ladder share. `state` is the crawl's cursor, given out with each page."""

    def __init__(
        self, job: Job, *, download: Callable[[Request], Awaitable[Response]], emit: Callable[[CrawledPage], None]
    ) -> None:
        self.job = job
        self.base_url = job.base_url
        self.state: dict[str, Any] = copy.deepcopy(job.state)
        self.sitemaps: list[str] = []  # from robots.txt, once that was read
        self.retry_after: float | None = None
        self.crawl_delay = 0.0  # what robots.txt asks for beyond our own delay
        self.requests = 0
        self.listing: Listing | None = None  # where this run read the whole of one
        self.nowhere: Said | None = None  # at an address that can't exist, once it was asked for
        self._began = time.monotonic()
        self._stop_at = self._began + 0.9 * job.time_limit  # an orderly end before the parent's hard one
        self.posts = 0
        self.shown_live: set[str] = set()  # native ids that this run has already shown to be live
        self.swept: set[str] = set()  # native ids that a sweep has judged, live or gone
        self.troubles: Counter[str] = Counter()
        self._host = _bare_host(job.base_url)
        self._path = _folder(job.base_url)
        self._download = download
        self._emit = emit

    def holds(self, url: str) -> bool:
        """Whether a URL lies on this site: its host, with or without www."""
        try:
            return urlsplit(url).scheme in {"http", "https"} and _bare_host(url) == self._host
        except ValueError:
            return False

    def inside(self, url: str) -> bool:
        """Whether a URL belongs to the account: on its site, and within its path where its address has one."""
        if not self.holds(url):
            return False
        path = urlsplit(url).path or "/"
        return path == self._path or path.startswith(f"{self._path}/")

    @property
    def is_part(self) -> bool:
        """Whether the account is a part of a site: an address with a path."""
        return bool(self._path)

    def now(self) -> datetime:
        """The time by the pipeline's clock."""
        return self.job.now + timedelta(seconds=time.monotonic() - self._began)

    def absolute(self, link: str, base: str) -> str:
        """A link as an absolute URL of this site without its fragment, empty when it leads elsewhere."""
        try:
            url = urldefrag(safe_url_string(urljoin(base, link.strip()))).url
        except ValueError:
            return ""
        return url if self.holds(url) and len(url) <= 2048 else ""

    async def fetch(self, url: str, validators: Mapping[str, str] | None = None) -> Response:
        """Fetch one address of the site. Answers of any status come back; `validators` make the request conditional.

        Raises:
            Enough: as many requests as the options allow were made, or their time is up.
            CrawlError: nothing came back, or something that may not or can't be read.
        """
        if self.requests >= self.job.max_pages:
            raise Enough("pages")
        if time.monotonic() > self._stop_at:
            raise Enough("time")
        await asyncio.sleep(self.crawl_delay)
        self.requests += 1
        headers = {"Cache-Control": "max-age=0"}
        for name, header in (("etag", "If-None-Match"), ("last_modified", "If-Modified-Since")):
            if validators and validators.get(name):
                headers[header] = validators[name]
        try:
            response = await self._download(Request(url, headers=headers, meta={"handle_httpstatus_list": [304]}))
        except Exception as error:
            raise _as_crawl_error(error) from None
        if response.status == 429 or (response.status == 503 and "Retry-After" in response.headers):
            self.retry_after = _seconds(response.headers.get("Retry-After"))
            raise RateLimited(f"the site asks us to wait (HTTP {response.status})")
        if response.status == 304 and len(headers) == 1:
            raise PlatformDown("the site says 'unchanged' (HTTP 304) though we named nothing that it could be compared with")
        return response

    def raw(self, response: Response) -> RawPage:
        """The answer as evidence. Its body is unpacked, so Content-Encoding is left out."""
        names = {name: response.headers.get(name) for name in _KEPT_HEADERS}
        headers = tuple((name, value.decode("latin-1")[:2000]) for name, value in names.items() if value)
        return RawPage(
            url=response.url,
            body=response.body,
            media_type=content_type(response).partition(";")[0].strip().lower()[:100] or "application/octet-stream",
            status=response.status,
            fetched_at=self.now(),
            collector=_collector(),
            headers=headers,
        )

    def give(
        self,
        *raw: RawPage,
        posts: tuple[Post, ...] = (),
        gone: tuple[Gone, ...] = (),
        verified: tuple[str, ...] = (),
        profile: Profile | None = None,
        note: str = "",
    ) -> None:
        """Hand one page over, with the crawl's state as it now stands."""
        self.posts += len(posts)
        self.shown_live.update(post.native_id for post in posts)
        self.shown_live.update(verified)
        cursor = Cursor(copy.deepcopy(self.state))
        self._emit(CrawledPage(raw=raw, posts=posts, gone=gone, verified=verified, profile=profile, cursor=cursor, note=note))

    def demand_room(self) -> None:
        """Raises Enough when as many posts as the options allow were given."""
        if self.posts >= self.job.max_posts:
            raise Enough("posts")

    def wanted(self, *times: datetime | None) -> bool:
        """Whether a post of these times (posted, edited) is young enough. One without a time is."""
        known = [time for time in times if time]
        return self.job.since is None or not known or max(known) >= self.job.since

    @property
    def recheck(self) -> tuple[KnownPost, ...]:
        """Stored posts that are due and that this run has not shown yet."""
        return tuple(known for known in self.job.recheck if known.native_id not in self.shown_live)


def validators_of(response: Response) -> dict[str, str]:
    """What makes the next request for the same address conditional."""
    found = {"etag": response.headers.get("ETag"), "last_modified": response.headers.get("Last-Modified")}
    return {name: value.decode("latin-1") for name, value in found.items() if value and len(value) <= 500}


def content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def demand_readable(response: Response) -> None:
    """Raises the CrawlError that an answer other than 200 or 304 means, or a wall with any status."""
    status, wall = response.status, wall_of(response)
    if wall is Wall.LOGIN and status not in {404, 410}:
        raise LoginWall(wall.value)
    if wall is not None and wall is not Wall.LOGIN:
        raise Walled(wall.value)
    if status in {200, 304}:
        return
    if status == 401:
        raise LoginWall("the site wants a login (HTTP 401)")
    if status in {403, 451}:
        raise Blocked(f"the site refuses our collector (HTTP {status})")
    if status in {404, 410}:
        raise AccountNotFound(f"nothing stands at this address (HTTP {status})")
    if status >= 500:
        raise PlatformDown(f"the site failed (HTTP {status})")
    raise ParseError(f"the site answered with HTTP {status}")


def _folder(url: str) -> str:
    """The path that an account's address lies in, without its last slash; empty for a whole site. A file is no folder."""
    head, _, last = (urlsplit(url).path or "/").rstrip("/").rpartition("/")
    return head if "." in last or not last else f"{head}/{last}"


def _bare_host(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port in {None, 80, 443} else f":{parts.port}"
    return (parts.hostname or "").rstrip(".").removeprefix("www.") + port


def _as_crawl_error(error: Exception) -> CrawlError:
    """What a failed download means. The cause is dropped: its text holds the address."""
    if isinstance(error, EgressRefused):
        return Blocked(f"our own guard refused {error}")
    if isinstance(error, RobotsRefused):
        return RobotsDisallow("robots.txt asks us not to read this")
    if isinstance(error, RobotsUnreachable):
        return PlatformDown("robots.txt could not be read, and without it nothing is asked for")
    if isinstance(error, LeftSite):
        return OffSite("the address leads to another site")
    if isinstance(error, UnknownHost):
        return AccountNotFound("the site's host name does not exist any more")
    if isinstance(error, DownloadCancelledError):
        return ParseError("an answer is larger than we read")
    if isinstance(error, CannotResolveHostError):
        return PlatformDown("the name service gave no answer for the site's host")
    if isinstance(error, IgnoreRequest):
        return ParseError("an answer redirects without end, or is larger than we read once unpacked")
    return PlatformDown(f"no whole answer came back ({type(error).__name__})")


def _seconds(retry_after: bytes | None) -> float | None:
    text = (retry_after or b"").decode("latin-1").strip()
    if text.isdigit():
        return float(min(int(text[:9]), 7 * 86400))
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), 7 * 86400.0)


def _collector() -> str:
    try:
        return f"crawlers.websites {version('nightrounds')}"
    except PackageNotFoundError:
        return "crawlers.websites"
