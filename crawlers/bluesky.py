"""Bluesky: the own posts of known accounts, read without a login from the server that holds each account's repository.

The AppView tells the account and the words that its posts answer or quote; the repository tells every post and repost that is
live, so new, edited and deleted ones are seen in one walk. Nothing is read where the repository has not changed and nothing is
due. Where the repository can't be read, the AppView's feed is, and the coverage says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from core.errors import AccountNotFound, Blocked, CrawlError, ParseError, PlatformDown
from core.records import Account, CrawledPage, RawPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._bluesky.api import Refused, Server, models
from crawlers._bluesky.feed import Feed
from crawlers._bluesky.hosts import DID, Hosts, NotAsked
from crawlers._bluesky.progress import Progress, read_progress
from crawlers._bluesky.repository import Repository
from crawlers._bluesky.views import Shown, did_of, is_handle, profile_of, raise_for_labels, state_of, unavailable
from crawlers._egress import EgressRefused, origin
from crawlers._rebase import trusted_base_url

_HOST_PATTERN = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_REV = re.compile(r"[234567a-z]{13}", re.ASCII)
_BASE_URL = "base_url"  # as a target of `rebase`


class BlueskyOptions(CrawlerOptions):
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://public.api.bsky.app"  # the AppView
    plc_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://plc.directory"
    pds_hosts: list[str] = Field(default=["*.host.bsky.network", "bsky.social"])  # servers that may hold an account
    pds_hosts_added: list[str] = Field(default=[])  # to these, such as an institution's own server
    rebase: dict[str, Literal["base_url"] | str] = Field(default={})  # origin: loopback origin that stands in for it
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    max_pages: Annotated[int, Field(gt=0)] = 500  # of 100 records each, of one account and crawl
    reread_days: Annotated[int, Field(ge=0)] = 7  # how far back a feed is read again for edits

    @field_validator("pds_hosts", "pds_hosts_added")
    @classmethod
    def _host_names(cls, patterns: list[str]) -> list[str]:
        lowered = [pattern.casefold() for pattern in patterns]
        if not all(_HOST_PATTERN.fullmatch(pattern) for pattern in lowered):
            raise ValueError("expected host names, such as pds.example.org or *.host.example.org")
        return lowered

    @field_validator("rebase")
    @classmethod
    def _only_loopback(cls, rebase: dict[str, str]) -> dict[str, str]:
        for source, target in rebase.items():
            try:
                origin(source)
                is_local = target == _BASE_URL or ip_address(urlsplit(origin(target)).hostname or "").is_loopback
                if not is_local or not (target == _BASE_URL or target.startswith("http://")):
                    raise ValueError
            except (EgressRefused, ValueError):
                raise ValueError(
                    "expected origin: http://127.0.0.1:PORT, or base_url (stand-ins are on this machine)"
                ) from None
        return rebase

    @model_validator(mode="after")
    def _base_url_is_local(self) -> BlueskyOptions:
        if _BASE_URL in self.rebase.values() and urlsplit(self.base_url).scheme != "http":
            raise ValueError("rebase: base_url may stand in for others only where it is on this machine")
        return self

    @property
    def stand_ins(self) -> dict[str, str]:
        return {source: self.base_url if target == _BASE_URL else target for source, target in self.rebase.items()}


class BlueskyCrawler(Crawler):
    """Reads Bluesky accounts; a handle is written without the @, or a DID."""

    platform = "bluesky"
    title = "Bluesky"
    about = About(
        reads="anybody's public posts and reposts, replies among them",
        through="atproto, account's repository and AppView",
        new_posts="repository, when its revision changed",
        edits="same address, other content id",
        deletions="no longer in the repository",
        credentials="none",
        tried="real: directory, PDS and AppView",
    )
    Options = BlueskyOptions
    options: BlueskyOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: Hosts | None = None

    @property
    def _hosts(self) -> Hosts:
        if self._opened is None:
            self._opened = Hosts(
                base_url=self.options.base_url,
                plc_url=self.options.plc_url,
                rebase=self.options.stand_ins,
                patterns=[*self.options.pds_hosts, *self.options.pds_hosts_added],
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened

    def close(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None

    def demand_askable(self, account: Account) -> None:
        _actor(account.native_id or account.handle)

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the account, then its repository page by page, or its feed where that can't be read."""
        self._hosts.charge(request.meter)
        account = request.account
        shown, profile = self._profile(request)
        raise_for_labels(shown, account)
        progress = read_progress(request.cursor, shown.did, request.since)
        yield CrawledPage(
            raw=(profile,),
            profile=shown.profile,
            native_account_id=shown.did,
            handle=shown.handle,
            cursor=progress.cursor(),
        )
        try:
            yield from self._posts(request, progress, profile)
        except Refused as refused:  # the account was shut while we were reading
            if refused.what not in {"missing", "deactivated", "suspended", "taken down"}:
                raise
            raise unavailable(refused.what) from None

    def _posts(self, request: CrawlRequest, progress: Progress, profile: RawPage) -> Iterator[CrawledPage]:
        try:
            server, rev, raw = self._repository(progress.did)
        except NotAsked as refused:
            yield CrawledPage(raw=refused.raw or (profile,), note=f"repository not read: {refused}")
            yield from self._feed(request).read(progress)
            return
        yield CrawledPage(raw=raw)
        yield from Repository(
            server=server,
            appview=self._hosts.appview,
            account=request.account,
            recheck=request.recheck,
            max_pages=self.options.max_pages,
            now=self.clock(),
        ).read(progress, rev)

    def _feed(self, request: CrawlRequest) -> Feed:
        return Feed(
            appview=self._hosts.appview,
            account=request.account,
            recheck=request.recheck,
            max_pages=self.options.max_pages,
            reread=timedelta(days=self.options.reread_days),
            now=self.clock(),
        )

    def _profile(self, request: CrawlRequest) -> tuple[Shown, RawPage]:
        """The account by its DID where that is known. Where it is not shown, its own server says why.

        Raises:
            AccountNotFound, AccountPrivate: in that server's words, if it can be asked.
        """
        known = request.account.native_id or (request.cursor.state.get("did") if request.cursor else None)
        actor, is_did = _actor(str(known or request.account.handle))
        try:
            shown, raw = profile_of(self._hosts.appview, actor)
        except Refused as refused:
            if refused.what == "other":
                raise
            raise self._why_unseen(actor, is_did, refused) from None
        if is_did and shown.did != actor:
            raise ParseError("Bluesky answered with another account than was asked for")
        return shown, raw

    def _why_unseen(self, actor: str, is_did: bool, refused: Refused) -> CrawlError:
        """What became of an account that the AppView does not show: it says 'not found' of deactivated ones too."""
        try:
            self._repository(actor if is_did else did_of(self._hosts.appview, actor))
        except (NotAsked, PlatformDown):
            return unavailable(refused.what)
        except CrawlError as error:
            return error
        return unavailable(refused.what)

    def _repository(self, did: str) -> tuple[Server, str, tuple[RawPage, ...]]:
        """The server, the repository's revision there, and the evidence.

        Raises:
            NotAsked: it can't or must not be asked. AccountNotFound, AccountPrivate: it says that the account is not active.
        """
        raw: list[RawPage] = []
        try:
            server, document = self._hosts.server_of(did)
            raw.append(document)
            status = server.query("com.atproto.sync.getRepoStatus", models.ComAtprotoSyncGetRepoStatus.Params(did=did))
            raw.append(status.raw)
            if error := state_of(status.json()):
                raise error
            commit = server.query("com.atproto.sync.getLatestCommit", models.ComAtprotoSyncGetLatestCommit.Params(did=did))
            raw.append(commit.raw)
        except Refused as refused:
            if refused.what in {"deactivated", "suspended", "taken down"}:
                raise unavailable(refused.what) from None
            why = (
                "the account's server does not know it"
                if refused.what == "missing"
                else "the account's server refused the question"
            )
            raise NotAsked(why, *raw, refused.raw) from None
        except (PlatformDown, ParseError, Blocked) as error:
            raise NotAsked(str(error), *raw) from None
        rev: Any = commit.json().get("rev")
        if not isinstance(rev, str) or not _REV.fullmatch(rev):
            raise NotAsked("the account's server tells no revision", *raw)
        return server, rev, tuple(raw)


def _actor(name: str) -> tuple[str, bool]:
    """A DID, or a handle as Bluesky spells it; and whether it is a DID. Raises AccountNotFound for what is neither."""
    if DID.fullmatch(name):
        return name, True
    handle = name.casefold().removeprefix("@")
    if not is_handle(handle):
        raise AccountNotFound("Bluesky: a handle is a domain name, such as name.bsky.social, or a DID")
    return handle, False
