"""Mastodon and servers that speak like it (Pleroma, GoToSocial, Pixelfed, WordPress with Enable Mastodon Apps): public posts.

A handle is user@host, the host being the account's own server. The hosts come from the account list: only https, and only to
public addresses. Each crawl reads the account's posts down through a trailing window again, because edits do not come up
anew, then asks for older posts that are due. No key is needed where a server shows posts to everybody.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AccountPrivate, Blocked, ParseError
from core.records import Account, Basis, CrawledPage, Kind, Post
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._found import Found, Sight
from crawlers._mastodon.client import MastodonClient, is_id, items_of, onward
from crawlers._mastodon.lookups import catch_up, look_again
from crawlers._mastodon.statuses import User, author_of, is_public, parse_status, parse_user
from crawlers._notes import join, stopped
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._strict import instant
from crawlers._walk import Progress, read_progress

_HANDLE = re.compile(
    r"(?P<user>[a-z0-9_](?:[a-z0-9_.-]{0,62}[a-z0-9_])?)"
    r"@(?P<host>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9]))",
    re.IGNORECASE | re.ASCII,
)
_MOST_EMPTY = 3  # pages in a row that show nothing, though more are told to follow
_ASKED = frozenset({Basis.OWNED, Basis.CONSENTED})  # with these the person, or the institution, has agreed

OptOut = Literal["noindex", "indexable", "discoverable"]


class MastodonOptions(CrawlerOptions):
    tokens: dict[str, SecretStr] = Field(default_factory=dict)  # host -> token, for servers that ask everybody to log in
    contact_url: str = ""  # where a server's owner can complain of our visits; named in the user agent
    honour: tuple[OptOut, ...] = ("noindex", "indexable", "discoverable")  # opt-outs of personnel that are obeyed
    base_url: Annotated[str, AfterValidator(trusted_base_url)] | None = None  # a stand-in for every server
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    max_pages: Annotated[int, Field(gt=0)] = 100  # of one account and crawl
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back each crawl looks for edits


class MastodonCrawler(Crawler):
    """Reads accounts of Mastodon-compatible servers; a handle is user@host."""

    platform = "mastodon"
    title = "Mastodon"
    about = About(
        reads="anybody's public posts, replies and boosts among them",
        through="Mastodon.py, each account's own server",
        new_posts="newest first, trailing window",
        edits="edit time, re-read window",
        deletions="looked up by id, tombstones, two sightings",
        credentials="none; a token for closed servers",
        tried="sandbox",
    )
    Options = MastodonOptions
    options: MastodonOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: dict[str, MastodonClient] = {}

    def credential_of(self, account: Account) -> str:
        """Each server stands and falls alone."""
        handle = _HANDLE.fullmatch(account.handle)
        return f"{self.platform} {handle['host'].lower()}" if handle else self.platform

    def close(self) -> None:
        for client in self._opened.values():
            client.close()
        self._opened.clear()

    def demand_askable(self, account: Account) -> None:
        _, host = _user_and_host(account.handle)
        if account.native_id:
            _id_on(host, account.native_id)

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the account, then its posts from the newest back, then what became of `request.recheck`.

        An account that has moved is read to its end; only then AccountNotFound says so.
        """
        account = request.account
        name, host = _user_and_host(account.handle)
        client = self._client(host)
        client.exchange.meter = request.meter
        known_id = account.native_id or (request.cursor.state.get("native_id") if request.cursor else None)
        answer = client.account_by_id(_id_on(host, known_id)) if known_id else client.account_by_name(name)
        user = parse_user(answer.json(), host)
        self._refuse(account, user)
        native_id = f"{user.native_id}@{host}"
        state = request.cursor.state if request.cursor else {}
        progress = read_progress(state, native_id, request.since, is_id=is_id, is_place=is_id)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=user.profile,
            native_account_id=native_id,
            handle=f"{user.username}@{account.handle.rpartition('@')[2]}" if user.username else None,
            cursor=progress.cursor(),
        )
        sight = Sight()
        earlier = progress.outstanding
        progress = yield from self._read_posts(client, account, user, progress, sight)
        overdue = [one for one in progress.outstanding if one in earlier and one not in sight.broken_ids]
        yield from catch_up(client, account, user.native_id, progress, overdue)
        due = [one for one in request.recheck if one.native_id not in sight.told]
        yield from look_again(client, account, user.native_id, due)
        if sight.broken and not sight.understood:
            raise ParseError(f"Mastodon: none of the {sight.broken} posts of the account was understood")
        if user.has_moved:
            raise AccountNotFound("Mastodon: the account has moved to another one; decide whether that one is to be watched")

    def _client(self, host: str) -> MastodonClient:
        if host not in self._opened:
            tokens = {name.lower(): words_of(token) for name, token in self.options.tokens.items()}
            contact = self.options.contact_url
            self._opened[host] = MastodonClient(
                host,
                token=tokens.get(host, ""),
                base_url=self.options.base_url,
                user_agent=f"NightRounds (+{contact})" if contact else "NightRounds",
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened[host]

    def _refuse(self, account: Account, user: User) -> None:
        """Raise for an account that may not be read. Of a person who asks not to be found not even the profile is kept."""
        if user.is_suspended:
            raise AccountPrivate("the Mastodon server has suspended the account")
        wishes = [name for name in user.opt_outs if name in self.options.honour]
        if wishes and account.kind is Kind.PERSONNEL and account.basis not in _ASKED:
            told = ", ".join(wishes)
            raise Blocked(f"Mastodon: the person asks not to be found ({told}); record a consent, or take it off the list")

    def _read_posts(
        self, client: MastodonClient, account: Account, user: User, progress: Progress[str], sight: Sight
    ) -> Generator[CrawledPage, None, Progress[str]]:
        """Finish the walk that an earlier crawl left, then take one from the top; a page of broken posts is stepped over."""
        resumed = progress.walk is not None
        shown: set[str] = set()  # ids of this walk
        empty = 0  # pages in a row
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock(), timedelta(days=self.options.reread_days))
            answer = client.statuses(user.native_id, walk.place)
            items = items_of(answer)
            found = _parse_posts(items, account, user.native_id)
            sight.add(found)
            told = onward(answer)
            place = (found.ids[-1] if found.ids else None) if told is None else told or None
            repeats = bool(found.ids) and shown.issuperset(found.ids)
            # A server that tells no next page is asked until nothing new comes; one that tells it has no reason to repeat.
            leads_back = place is not None and told is not None and (repeats or place == walk.place)
            empty = 0 if items else empty + 1  # a server may filter a whole page away, and tell where the next one is
            gives_up = place is not None and empty == _MOST_EMPTY
            if repeats or leads_back or gives_up or walk.is_below(found.times):
                place = None
            shown.update(found.ids)
            progress, has_room = progress.keep(read=found.read_ids, broken=found.broken_ids)
            has_gap = not has_room or leads_back or gives_up or found.has_nameless
            walk = walk.past(found.times, place, has_gap=has_gap)
            progress = replace(progress, walk=walk) if place else progress.finish(walk)
            note = join(
                found.note,
                "the server shows the same posts again: there may be older ones" if leads_back else "",
                f"{_MOST_EMPTY} empty pages in a row: there may be older posts behind them" if gives_up else "",
                stopped(more=place is not None, resumed=resumed, pages_left=pages_left),
            )
            yield CrawledPage(raw=(answer.raw,), posts=found.posts, cursor=progress.cursor(), note=note)
            if not place:
                if not resumed:
                    break
                resumed = False
                shown.clear()
        return progress


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found(Found):
    """`times` has one entry an item, None where it tells none."""

    ids: tuple[str, ...] = field(repr=False)
    times: tuple[datetime | None, ...]

    @property
    def read_ids(self) -> set[str]:
        return {*self.ids} - {*self.broken_ids}


def _parse_posts(items: list[Any], account: Account, author: str) -> _Found:
    """A page's items one by one: what is broken costs itself alone."""
    posts: list[Post] = []
    broken_ids: list[str] = []
    times: list[datetime | None] = []
    broken = hidden = others = 0
    for item in items:
        try:
            if author_of(item) != author:
                others += 1
            elif not is_public(item):
                hidden += 1
            else:
                posts.append(parse_status(item, account))
            times.append(instant(item, "created_at"))
        except (ParseError, AttributeError):
            broken += 1
            times.append(None)
            broken_ids += [item["id"]] if isinstance(item, dict) and is_id(item.get("id")) else []
    return _Found(
        posts=tuple(posts),
        ids=tuple(item["id"] for item in items if isinstance(item, dict) and is_id(item.get("id"))),
        times=tuple(times),
        broken=broken,
        broken_ids=tuple(broken_ids),
        hidden=hidden,
        others=others,
    )


def _user_and_host(handle: str) -> tuple[str, str]:
    """Raises AccountNotFound."""
    parts = _HANDLE.fullmatch(handle)
    if not parts:
        raise AccountNotFound("Mastodon: a handle is user@host, the host being the account's own server")
    return parts["user"], parts["host"].lower()


def _id_on(host: str, native_id: object) -> str:
    """The server's own id of an account. Raises AccountNotFound for one of another server, or of another shape."""
    own, _, server = str(native_id).rpartition("@")
    if not is_id(own) or server.lower() != host:
        raise AccountNotFound("Mastodon: an account's native id is id@host, with the host of its handle")
    return own
