"""Threads: the posts of known public profiles, and posts and replies of accounts that gave us a token, through its Graph API.

A profile that is looked up by name tells no immutable id and shows no replies; such an account is known by its name alone. An
account with a token of its own (`own_tokens`) tells its id, its replies, and what became of a single post. Each crawl reads a
trailing window again, because nothing says what was edited; what is due and no longer listed is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AuthError, ParseError, PermissionMissing
from core.records import Account, CrawledPage, Cursor, KnownPost
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._exchange import Answer
from crawlers._graph.client import GraphClient, Place, is_place
from crawlers._graph.errors import NodeUnseen, Service
from crawlers._graph.listing import Listing, ListReader, look_up, missing_from, sightings
from crawlers._graph.same_account import Acquaintance
from crawlers._graph.threads_posts import (
    OWN_PROFILE_FIELDS,
    OptionalField,
    ThreadsProfile,
    fields_of,
    is_username,
    parse_own_profile,
    parse_page,
    parse_public_profile,
)
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._strict import is_digits
from crawlers._walk import read_progress

SERVICE = Service(
    name="Threads",
    platform="threads",
    collector="threads 1",
    permissions=(
        "threads_basic, or threads_profile_discovery for other profiles (App Review: without it Meta's own alone are shown), "
        "or threads_read_replies for replies"
    ),
    field_hint="; leave it out by NIGHTROUNDS_PLATFORMS__THREADS__LEAVE_OUT",
)
_VERSION = "v1.0"  # Threads has had no other
ListName = Literal["posts", "replies"]


class ThreadsOptions(CrawlerOptions):
    access_token: SecretStr | None = None  # with threads_profile_discovery, for every account without its own
    own_tokens: dict[str, SecretStr] = Field(default_factory=dict)  # handle or id of an account -> its own token
    app_secret: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://graph.threads.net"
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    page_size: Annotated[int, Field(gt=0, le=100)] = 50
    max_pages: Annotated[int, Field(gt=0)] = 60  # of one list of one account and crawl
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back each crawl looks for edits
    replies: bool = True  # read the replies of accounts with a token of their own
    leave_out: tuple[OptionalField, ...] = ()  # fields that Threads does not have for this app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How one account is read: with a token of its own (`is_own`) or by discovery."""

    client: GraphClient
    account: Account
    is_own: bool


class ThreadsCrawler(Crawler):
    """Reads Threads; a handle is the user name."""

    platform = "threads"
    title = "Threads"
    about = About(
        reads="anybody's public posts after Meta's App Review; posts and replies of accounts that gave us a token",
        through="facebook-sdk, Threads API v1.0",
        new_posts="newest first, trailing window",
        edits="re-read window",
        deletions="absent from the whole list, then by id or absent again",
        credentials="token with threads_profile_discovery, or the account's own",
        tried="sandbox",
    )
    Options = ThreadsOptions
    options: ThreadsOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: dict[str, GraphClient] = {}

    def missing_credentials(self) -> str:
        if any(map(words_of, [self.options.access_token, *self.options.own_tokens.values()])):
            return ""
        return (
            "Threads needs an access token with threads_basic and threads_profile_discovery: set "
            "NIGHTROUNDS_PLATFORMS__THREADS__ACCESS_TOKEN, or own_tokens under [platforms.threads] in nightrounds.toml"
        )

    def credential_of(self, account: Account) -> str:
        """An account with a token of its own stands and falls alone."""
        return f"{self.platform} account {account.id}" if self._own_token(account) else self.platform

    def _own_token(self, account: Account) -> str:
        own = {name.casefold(): words_of(token) for name, token in self.options.own_tokens.items()}
        return own.get(account.handle.casefold(), "") or own.get((account.native_id or "").casefold(), "")

    def close(self) -> None:
        for client in self._opened.values():
            client.close()
        self._opened.clear()

    def demand_askable(self, account: Account) -> None:
        if not is_username(account.handle):
            raise AccountNotFound("Threads: a handle is the user name, without the @")
        if not (self._own_token(account) or words_of(self.options.access_token)):
            raise AuthError(
                self.missing_credentials()
                or "Threads: this account has no token in own_tokens; set NIGHTROUNDS_PLATFORMS__THREADS__ACCESS_TOKEN"
            )

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the account, then its posts (and replies) from the newest back, then what became of `request.recheck`."""
        account = request.account
        self.demand_askable(account)
        way = self._way(request)
        answer, found = _look_up_account(way)
        readers = self._readers(request, way, found)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=found.profile,
            native_account_id=found.native_id,
            handle=found.username,
            cursor=_cursor(readers),
        )
        unread, shown = "", set[str]()
        known = Acquaintance.of(request.cursor.state if request.cursor else {}, request.recheck)
        for reader in readers:
            reader.spare(shown)
            try:
                yield from reader.pages() if way.is_own else known.recognised(reader, "Threads")
                shown |= reader.sight.told
            except PermissionMissing:
                if reader.listing.name == "posts":
                    raise
                unread = "the account's replies were not read: its token lacks threads_read_replies"
        if unread:
            yield CrawledPage(raw=(answer.raw,), note=unread)
        missing = missing_from(readers, request.recheck)
        yield from _sight_missing(way, readers, missing)
        broken = sum(reader.sight.broken for reader in readers)
        if broken and not any(reader.sight.understood for reader in readers):
            raise ParseError(f"Threads: none of the {broken} posts of the account was understood")

    def _way(self, request: CrawlRequest) -> _Way:
        own = self._own_token(request.account)
        token = own or words_of(self.options.access_token)
        if token not in self._opened:
            self._opened[token] = GraphClient(
                SERVICE,
                token=token,
                app_secret=words_of(self.options.app_secret),
                version=_VERSION,
                base_url=self.options.base_url,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        client = self._opened[token]
        client.read_for(request.meter)
        return _Way(client=client, account=request.account, is_own=bool(own))

    def _readers(self, request: CrawlRequest, way: _Way, found: ThreadsProfile) -> list[ListReader]:
        """One reader for each list of the account; their cursor holds the progress of all."""
        state = request.cursor.state if request.cursor else {}
        names: list[ListName] = ["posts", "replies"] if way.is_own and self.options.replies else ["posts"]
        known_as = found.native_id or found.username.casefold()
        readers: list[ListReader] = []
        for name in names:
            progress = read_progress(state.get(name), known_as, request.since, is_id=is_digits, is_place=is_place)
            reader = ListReader(
                self._listing(name, way, found),
                progress,
                due=request.recheck,
                cursor=lambda: _cursor(readers),
                clock=self.clock,
                reread=timedelta(days=self.options.reread_days),
                max_pages=self.options.max_pages,
            )
            readers.append(reader)
        return readers

    def _listing(self, name: ListName, way: _Way, found: ThreadsProfile) -> Listing:
        asked: dict[str, Any] = {
            "fields": fields_of(name, without=self.options.leave_out),
            "limit": self.options.page_size,
        }

        def ask(place: Place | None) -> Answer:
            if not way.is_own:
                return way.client.node("profile_posts", username=found.username, **asked, **(place or {}))
            return way.client.edge(str(found.native_id), "threads" if name == "posts" else name, **asked, **(place or {}))

        return Listing(name=name, ask=ask, read=lambda document: parse_page(document, way.account, found.username))


def _look_up_account(way: _Way) -> tuple[Answer, ThreadsProfile]:
    """Raises AccountNotFound, and PermissionMissing for an own token that is somebody else's."""
    account, code = way.account, 0
    if way.is_own:
        answer = way.client.node("me", OWN_PROFILE_FIELDS)
        found = parse_own_profile(answer.json())
        if found.native_id != account.native_id and (account.native_id or not _same(found.username, account.handle)):
            raise PermissionMissing(
                "Threads: the token in own_tokens is another account's, or the account was renamed before it was first read"
            )
        return answer, found
    try:
        answer = way.client.node("profile_lookup", username=account.handle)
    except NodeUnseen as unseen:
        code = unseen.code
    if code:
        raise AccountNotFound(
            f"Threads shows no public profile of this user name (code {code}): it was renamed or deleted, is private or a "
            "minor's, or has fewer than 100 followers; look at it and correct the account list, or have the account's owner "
            "give a token for own_tokens"
        )
    found = parse_public_profile(answer.json())
    if not _same(found.username, account.handle):
        raise ParseError("Threads answered with another profile than the one asked for")
    return answer, found


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _cursor(readers: Sequence[ListReader]) -> Cursor:
    state: dict[str, Any] = {reader.listing.name: reader.progress.state() for reader in readers}
    return Cursor(state)


def _sight_missing(way: _Way, readers: Sequence[ListReader], missing: Sequence[KnownPost]) -> Iterator[CrawledPage]:
    """An account's own token asks for a single post, the second path; discovery has its list alone."""
    by_id = [one for one in missing if way.is_own and one.missing_path == "listing" and is_digits(one.native_id)]
    yield from sightings(readers, [one for one in missing if one not in by_id])
    for known in by_id:
        yield look_up(way.client, known)
