"""TikTok: the public videos of accounts whose owners let our application in, read through the Display API.

Each crawl reads the account's videos down through a trailing window again, because TikTok does not say what was edited, then
asks for the older ones that are due. There is no lawful way to other accounts: the Research API is for academic researchers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeGuard

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AuthError, ParseError, PermissionMissing
from core.records import Account, CrawledPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest, Meter
from crawlers._exchange import Answer
from crawlers._found import Sight, find_posts
from crawlers._notes import join, stopped
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._strict import is_digits, mapping
from crawlers._tiktok.client import MAX_COUNT, MAX_IDS, DisplayClient, renew
from crawlers._tiktok.lookups import catch_up, look_again, videos_in
from crawlers._tiktok.videos import User, parse_user, parse_video
from crawlers._walk import Progress, Walk, read_progress

_NOT_AVAILABLE = (
    "TikTok: not available: it shows videos only of accounts whose owners consent, and the Research API is for academic "
    "researchers; ask the owner to let our application in, and put the token under NIGHTROUNDS_PLATFORMS__TIKTOK__TOKENS"
)
_NO_APPLICATION = (
    "TikTok renews refresh_tokens only for the application that they were given to: set "
    "NIGHTROUNDS_PLATFORMS__TIKTOK__CLIENT_KEY and NIGHTROUNDS_PLATFORMS__TIKTOK__CLIENT_SECRET, or client_key and "
    "client_secret under [platforms.tiktok] in nightrounds.toml"
)
_REPLACED = (
    "TikTok has replaced the account's refresh token: the one in the settings is used up, and the new one is not kept; "
    "see docs/platforms/tiktok.md"
)


class TikTokOptions(CrawlerOptions):
    client_secret: SecretStr | None = None  # of our application; with client_key and refresh_tokens
    client_key: str | None = None
    tokens: dict[str, SecretStr] = Field(default_factory=dict)  # handle or open_id -> access token, good for hours
    refresh_tokens: dict[str, SecretStr] = Field(default_factory=dict)  # handle or open_id -> refresh token, good once
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://open.tiktokapis.com"
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    page_size: Annotated[int, Field(gt=0, le=MAX_COUNT)] = MAX_COUNT
    max_pages: Annotated[int, Field(gt=0)] = 150  # of one account and crawl
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back each crawl looks for edits


class TikTokCrawler(Crawler):
    """Reads TikTok accounts that consented, each with its own token."""

    platform = "tiktok"
    title = "TikTok"
    about = About(
        reads="public videos (captions) of our own accounts and those whose owners consented; no others",
        through="Display API v2, no library",
        new_posts="newest first, trailing window",
        edits="re-read window",
        deletions="looked up by id, two sightings",
        credentials="each account's own token",
        tried="sandbox",
    )
    recheck_batch = MAX_IDS
    Options = TikTokOptions
    options: TikTokOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: dict[str, DisplayClient] = {}  # by account
        self._renewed: dict[str, str] = {}  # account -> the refresh token that counts now; in memory, for this run

    def missing_credentials(self) -> str:
        if any(map(words_of, [*self.options.tokens.values(), *self._renewable().values()])):
            return ""
        if any(map(words_of, self.options.refresh_tokens.values())):
            return _NO_APPLICATION
        return (
            "TikTok needs a token of each account, given by its owner's consent: set NIGHTROUNDS_PLATFORMS__TIKTOK__TOKENS, "
            "or tokens under [platforms.tiktok] in nightrounds.toml"
        )

    def demand_askable(self, account: Account) -> None:
        """An account is asked for by its token alone: the handle need only be that under which the token is set."""
        if not (self._token(self.options.tokens, account) or self._token(self._renewable(), account)):
            is_renewable = bool(self._token(self.options.refresh_tokens, account))
            raise PermissionMissing(self.missing_credentials() or (_NO_APPLICATION if is_renewable else _NOT_AVAILABLE))

    def _renewable(self) -> dict[str, SecretStr]:
        """Refresh tokens, where the application that may use them is known."""
        return self.options.refresh_tokens if self.options.client_key and self.options.client_secret else {}

    def credential_of(self, account: Account) -> str:
        """Every account stands and falls alone."""
        return f"{self.platform} account {account.id}"

    def close(self) -> None:
        for client in self._opened.values():
            client.close()
        self._opened.clear()

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the account, then its videos from the newest back, then what became of `request.recheck`."""
        account = request.account
        self.demand_askable(account)
        client, answer, was_replaced = self._begin(account, request.meter)
        user = parse_user(mapping(mapping(answer.json(), "data"), "user"))
        _refuse_anothers(account, user)
        state = request.cursor.state if request.cursor else {}
        progress = read_progress(state, user.native_id, request.since, is_id=is_digits, is_place=_is_place)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=user.profile,
            native_account_id=user.native_id,
            handle=user.handle,
            cursor=progress.cursor(),
            note=_REPLACED if was_replaced else "",
        )
        sight = Sight()
        earlier = progress.outstanding
        progress = yield from self._read_videos(client, account, progress, sight)
        overdue = [one for one in progress.outstanding if one in earlier and one not in sight.broken_ids]
        yield from catch_up(client, account, progress, overdue)
        due = [one for one in request.recheck if one.native_id not in sight.told and is_digits(one.native_id)]
        yield from look_again(client, account, due)
        if sight.broken and not sight.understood:
            raise ParseError(f"TikTok: none of the {sight.broken} videos of the account was understood")

    def _begin(self, account: Account, meter: Meter) -> tuple[DisplayClient, Answer, bool]:
        """A client whose token is good, the account as it is told, and whether the settings' refresh token is used up.

        Raises PermissionMissing where the account has no token, CrawlError for anything else.
        """
        access, refresh = self._token(self.options.tokens, account), self._token(self._renewable(), account)
        if access and account.id not in self._opened:
            self._opened[account.id] = self._client(access)
        if account.id in self._opened:
            client = self._opened[account.id]
            client.read_for(meter)
            try:
                return client, client.user(), False
            except AuthError:
                if not refresh:
                    raise
        client, was_replaced = self._renew(account, refresh, meter)
        return client, client.user(), was_replaced

    def _renew(self, account: Account, refresh: str, meter: Meter) -> tuple[DisplayClient, bool]:
        used = self._renewed.get(account.id, refresh)
        renewed = renew(
            refresh_token=used,
            client_key=self.options.client_key or "",
            client_secret=words_of(self.options.client_secret),
            base_url=self.options.base_url,
            timeout=self.options.timeout,
            clock=self.clock,
            meter=meter,
        )
        self._renewed[account.id] = renewed.refresh_token
        if account.id in self._opened:
            self._opened[account.id].close()
        client = self._opened[account.id] = self._client(renewed.access_token)
        client.read_for(meter)
        return client, renewed.refresh_token != refresh

    def _client(self, token: str) -> DisplayClient:
        return DisplayClient(
            token=token, base_url=self.options.base_url, timeout=self.options.timeout, clock=self.clock, sleep=self.sleep
        )

    @staticmethod
    def _token(tokens: dict[str, SecretStr], account: Account) -> str:
        by_name = {name.removeprefix("@").casefold(): token for name, token in tokens.items()}
        names = [account.handle.casefold(), (account.native_id or "").casefold()]
        return next((words_of(by_name[name]) for name in names if name in by_name), "")

    def _read_videos(
        self, client: DisplayClient, account: Account, progress: Progress[int], sight: Sight
    ) -> Generator[CrawledPage, None, Progress[int]]:
        """Finish the walk that an earlier crawl left, then take one from the top; a page of broken videos is stepped over."""
        resumed = progress.walk is not None
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock(), timedelta(days=self.options.reread_days))
            answer = client.videos(before=walk.place, count=self.options.page_size)
            document = answer.json()
            found = find_posts(videos_in(document), lambda item: parse_video(item, account), is_id=is_digits)
            place = _onward(mapping(document, "data"), walk)
            sight.add(found)
            progress, has_room = progress.keep(read=[post.native_id for post in found.posts], broken=found.broken_ids)
            walk = walk.past([post.posted_at for post in found.posts], place, has_gap=not has_room or found.has_nameless)
            progress = replace(progress, walk=walk) if place else progress.finish(walk)
            note = join(found.note, stopped(more=bool(place), resumed=resumed, pages_left=pages_left))
            yield CrawledPage(raw=(answer.raw,), posts=found.posts, cursor=progress.cursor(), note=note)
            if not place and not resumed:
                break
            resumed = resumed and bool(place)
        return progress


def _is_place(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _onward(data: dict[str, Any], walk: Walk[int]) -> int | None:
    """Where the next page begins: a time in milliseconds since 1970, which TikTok's cursor is. Raises ParseError."""
    has_more, cursor = data.get("has_more"), data.get("cursor")
    if has_more is False:
        return None
    if has_more is not True or not isinstance(cursor, int) or isinstance(cursor, bool):
        raise ParseError("TikTok does not say whether and where more videos follow")
    if cursor <= 0 or (walk.place is not None and cursor >= walk.place):
        raise ParseError("TikTok leads from a page of videos back to the same page")
    return None if walk.since is not None and cursor < walk.since * 1000 else cursor


def _refuse_anothers(account: Account, user: User) -> None:
    """Raise AccountNotFound where the token speaks for another account than the listed one."""
    is_it = (
        (user.handle or "").casefold() == account.handle.casefold()
        if account.native_id is None
        else user.native_id == account.native_id
    )
    if not is_it:
        raise AccountNotFound(
            "TikTok: the token is of another account than the one it is given for, or its application changed"
        )
