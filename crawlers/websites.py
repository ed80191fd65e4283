"""Websites, blogs and microsites: reads a site's own posts from the best source that it offers, by Scrapy in a child process.

An account's handle is the site's address, such as https://blog.example.org/. robots.txt is obeyed, one request is made at a
time, and no connection goes to an address that is not public.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from w3lib.url import safe_url_string

from core import errors
from core.errors import AccountNotFound, Blocked, CrawlError, ParseError, RateLimited
from core.records import Account, CrawledPage, Kind
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._egress import Egress, EgressRefused, origin
from crawlers._website.child import Children
from crawlers._website.frames import Failure, Job
from crawlers._website.rules import SiteRules

log = logging.getLogger(__name__)


class SiteRateLimited(RateLimited):
    """One site asks us to wait. There is no shared credential: the other sites go on."""

    scope = errors.Scope.ACCOUNT


class WebsiteOptions(CrawlerOptions):
    """`[platforms.website]`. Times are seconds; the limits are per account and run."""

    contact_url: str = ""  # where a site's owner can complain of our visits; named in the user agent
    user_agent: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")] = "NightRounds"  # also its name for robots.txt
    delay: Annotated[float, Field(ge=0, le=60)] = 1.0  # between two requests; 0 only suits loopback
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # of one request
    time_limit: Annotated[float, Field(gt=0, le=7200)] = 900.0  # of one account; then the child process is killed
    max_pages: Annotated[int, Field(gt=0)] = 600
    max_posts: Annotated[int, Field(gt=0)] = 500
    comments: bool = True  # read what a site's own users answer under its posts, on official WordPress sites
    sites: dict[str, SiteRules] = Field(default={})  # origin, or origin and path, of a site: how to read it
    rebase: dict[str, str] = Field(default={})  # origin of a site: loopback origin that stands in for it

    @field_validator("rebase")
    @classmethod
    def _only_loopback(cls, rebase: dict[str, str]) -> dict[str, str]:
        for source, target in rebase.items():
            try:
                origin(source)
                if not origin(target).startswith("http://") or not ip_address(urlsplit(target).hostname or "").is_loopback:
                    raise ValueError
            except (EgressRefused, ValueError):
                raise ValueError(
                    "expected origin: http://127.0.0.1:PORT (stand-ins are plain http on a loopback address)"
                ) from None
        return rebase

    @field_validator("sites")
    @classmethod
    def _only_sites(cls, sites: dict[str, SiteRules]) -> dict[str, SiteRules]:
        try:
            return {_place(source): rules for source, rules in sites.items()}
        except (EgressRefused, ValueError):
            raise ValueError("expected a site's address as the key, such as https://campaign.example.org") from None

    def rules_of(self, url: str) -> SiteRules:
        """The rules of a site's address: those whose key is the longest beginning of it."""
        place = _place(url)
        fitting = [key for key in self.sites if place == key or place.startswith(f"{key}/")]
        return self.sites[max(fitting, key=len)] if fitting else SiteRules()


class WebsiteCrawler(Crawler):
    """Reads one site a call. The cursor holds the source that was chosen, validators and marks of what was seen, never text.

    Sites are read by child processes, one site after another in each; a child that dies costs the account that it was reading.
    """

    platform = "website"
    title = "Websites and blogs"
    about = About(
        reads="anybody's public websites, blogs, microsites",
        through="scrapy: WordPress REST, Atom, RSS, JSON Feed, sitemap, HTML, CSS selectors",
        new_posts="modified since, ETag",
        edits="modified time, re-reads",
        deletions="id sweep, 404 or 410",
        credentials="none",
        tried="real: WordPress",
    )
    Options = WebsiteOptions
    options: WebsiteOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._children = Children()

    def demand_askable(self, account: Account) -> None:
        _base_url(account.handle, self.options.rebase)

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the site's pages as they are read.

        Raises:
            AccountNotFound: no such host or page, or the site has moved. AccountPrivate: it wants a login.
            Blocked: robots.txt, a refusal, a wall, or our own guard. RateLimited: 429, or 503 with Retry-After.
            PlatformDown: 5xx, time-outs, the time limit. ParseError: nothing on it can be read.
            BudgetExhausted: the day's calls are spent; no request was sent beyond them.
        """
        job = self._job(request)
        handle: str | None = request.account.handle
        with closing(self._children.frames(job, request.meter.ask)) as frames:
            for frame in frames:
                if page := frame.crawled_page():
                    yield replace(page, handle=handle)
                    handle = None  # told once
                if frame.counts is not None:
                    log.info("website: %s", ", ".join(f"{count} {what}" for what, count in frame.counts.items()))
                if frame.failure:
                    raise self._error(frame.failure)

    def close(self) -> None:
        self._children.close()

    def _job(self, request: CrawlRequest) -> Job:
        options = self.options
        base_url = _base_url(request.account.handle, options.rebase)
        return Job(
            base_url=base_url,
            account_id=request.account.id,
            now=self.clock(),
            comments=options.comments and request.account.kind is Kind.OFFICIAL,
            rules=options.rules_of(base_url),
            state=dict(request.cursor.state) if request.cursor else {},
            since=request.since,
            recheck=tuple(request.recheck),
            user_agent=f"{options.user_agent} (+{options.contact_url})" if options.contact_url else options.user_agent,
            robots_agent=options.user_agent,
            **options.model_dump(include={"rebase", "delay", "timeout", "time_limit", "max_pages", "max_posts"}),
        )

    def _error(self, failure: Failure) -> CrawlError:
        kind: Any = getattr(errors, failure.error, ParseError)
        if kind is RateLimited:
            wait = failure.retry_after
            return SiteRateLimited(failure.message, until=self.clock() + timedelta(seconds=wait) if wait is not None else None)
        return kind(failure.message) if issubclass(kind, CrawlError) else ParseError(failure.message)


def _place(url: str) -> str:
    """Origin and path of a site's address, in one spelling. Raises EgressRefused, ValueError."""
    return origin(url) + urlsplit(url).path.rstrip("/")


def _base_url(handle: str, rebase: dict[str, str]) -> str:
    """The handle as an absolute URL with a path, in ASCII.

    Raises:
        AccountNotFound: it is no web address. Blocked: one that our guard refuses.
    """
    parts = urlsplit(handle.strip()) if handle.isprintable() else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc:
        raise AccountNotFound("the handle is no web address; expected one such as https://blog.example.org/")
    try:
        Egress(rebase).check(handle.strip())
    except EgressRefused as refusal:
        raise Blocked(f"our own guard refused {refusal}") from None
    return safe_url_string(parts._replace(path=parts.path or "/", fragment="").geturl())  # a name in any script, as DNS has it
