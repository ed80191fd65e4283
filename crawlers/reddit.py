"""Reddit: the submissions and comments of known accounts, read with an application-only login.

A handle is u/name. Communities (r/name) are not read: what stands there is other people's. Each crawl reads both lists of an
account down through a trailing window again, then asks for the older posts that are due. Reddit shows the newest 1,000 of each
list. Its terms ask that what is deleted there is deleted here too, and want its agreement to uses of this kind beforehand.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, ParseError
from core.records import Account, CrawledPage, Gone, Post
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._found import Found, Sight
from crawlers._notes import join
from crawlers._rebase import trusted_base_url
from crawlers._reddit.client import API_URL, RedditClient
from crawlers._reddit.lookups import Lists, catch_up, cursor_of, look_again
from crawlers._reddit.posts import author_of, gone_reason, is_full_name, is_public, made_at, parse_post, parse_user
from crawlers._secret import words_of
from crawlers._strict import mapping
from crawlers._walk import Walk, read_progress

_HANDLE = re.compile(r"(?P<prefix>/?u/)?(?P<name>[A-Za-z0-9_-]{3,20})/?", re.ASCII)
_AGENT = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+ \(by /?u/[\w-]+\)", re.ASCII)
_LISTINGS = ("submitted", "comments")
_REACHABLE = 1000  # posts of one listing


class RedditOptions(CrawlerOptions):
    client_secret: SecretStr | None = None
    client_id: str = ""
    user_agent: str = ""  # as Reddit wants it: <platform>:<app id>:<version> (by /u/<name>)
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = API_URL  # another one also takes the login
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    max_pages: Annotated[int, Field(gt=0)] = 40  # of one list and crawl; ten full ones hold what Reddit shows
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back each crawl looks for edits


class RedditCrawler(Crawler):
    """Reads Reddit accounts; a handle is u/name."""

    platform = "reddit"
    title = "Reddit"
    about = About(
        reads="anybody's submissions and comments",
        through="praw, application-only login",
        new_posts="newest first, trailing window",
        edits="edit time, re-read window",
        deletions="looked up by id, own word of who removed it",
        credentials="client id and secret; Reddit's approval beforehand",
        tried="sandbox",
    )
    Options = RedditOptions
    options: RedditOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: RedditClient | None = None

    def missing_credentials(self) -> str:
        options, lacking = self.options, []
        if not options.client_id.strip():
            lacking.append("NIGHTROUNDS_PLATFORMS__REDDIT__CLIENT_ID")
        if not words_of(options.client_secret):
            lacking.append("NIGHTROUNDS_PLATFORMS__REDDIT__CLIENT_SECRET")
        if lacking:
            return f"Reddit needs an application's id and secret: register one and set {' and '.join(lacking)}"
        if not _AGENT.fullmatch(options.user_agent.strip()):
            return (
                "Reddit wants to know who asks: set NIGHTROUNDS_PLATFORMS__REDDIT__USER_AGENT "
                "to something like 'linux:org.example.nightrounds:1.0 (by /u/your_account)'"
            )
        return ""

    def close(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None

    def demand_askable(self, account: Account) -> None:
        _name(account.handle)
        super().demand_askable(account)

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the account, its submissions and its comments from the newest back, then what became of `request.recheck`."""
        account = request.account
        self.demand_askable(account)
        prefix, name = _name(account.handle)
        client = self._client
        client.meter = request.meter
        answer = client.about(name)
        user = parse_user(answer.json())
        if account.native_id and account.native_id != user.native_id:
            raise AccountNotFound("Reddit: the name belongs to another account now")
        state: Mapping[str, Any] = request.cursor.state if request.cursor else {}
        lists: Lists = {
            listing: read_progress(state.get(listing), user.native_id, request.since, is_id=is_full_name, is_place=is_full_name)
            for listing in _LISTINGS
        }
        yield CrawledPage(
            raw=(answer.raw,),
            profile=user.profile,
            native_account_id=user.native_id,
            handle=f"{prefix}{user.name}",
            cursor=cursor_of(lists),
        )
        sight = Sight()
        for listing in _LISTINGS:
            earlier = lists[listing].outstanding
            lists = yield from self._read_list(client, account, name, lists, listing, sight)
            overdue = [one for one in lists[listing].outstanding if one in earlier and one not in sight.broken_ids]
            lists = yield from catch_up(client, account, lists, listing, overdue)
        due = [one for one in request.recheck if one.native_id not in sight.told]
        yield from look_again(client, account, due)
        if sight.broken and not sight.understood:
            raise ParseError(f"Reddit: none of the {sight.broken} posts of the account was understood")

    @property
    def _client(self) -> RedditClient:
        if self._opened is None:
            self._opened = RedditClient(
                client_id=self.options.client_id.strip(),
                client_secret=words_of(self.options.client_secret),
                user_agent=self.options.user_agent.strip(),
                base_url=self.options.base_url,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened

    def _read_list(
        self, client: RedditClient, account: Account, user: str, lists: Lists, name: str, sight: Sight
    ) -> Generator[CrawledPage, None, Lists]:
        """One walk from the top. It is not gone on with another day: behind a post that is gone by then Reddit shows nothing,
        which looks like the end. So the bound moves with the last page alone."""
        progress = lists[name]
        walk = progress.begin(self.clock(), timedelta(days=self.options.reread_days))
        shown: set[str] = set()
        for pages_left in reversed(range(self.options.max_pages)):
            answer = client.posts(user, name, walk.place)
            found = _parse_listing(answer.json(), account, progress.native_id)
            repeats = bool(found.times) and shown.issuperset(found.ids)
            leads_back = found.after is not None and (repeats or found.after == walk.place)
            place = None if leads_back or walk.is_below(found.times) else found.after
            sight.add(found)
            shown.update(found.ids)
            progress, has_room = progress.keep(read=found.read_ids, broken=found.broken_ids)
            walk = walk.past(found.times, place, has_gap=not has_room or leads_back or found.has_nameless)
            if not place:
                progress = progress.finish(walk)
            lists = {**lists, name: progress}
            note = join(
                found.note,
                "Reddit shows the same posts again: there may be older ones" if leads_back else "",
                _window_limit(walk, found),
                "page limit reached: there are older posts" if place and not pages_left else "",
            )
            yield CrawledPage(
                raw=(answer.raw,),
                posts=found.posts,
                gone=found.gone,
                cursor=cursor_of(lists),
                note=note,
            )
            if not place:
                break
        return lists


def _name(handle: str) -> tuple[str, str]:
    """A handle's u/ (or nothing), and the name. Raises AccountNotFound."""
    if re.match(r"/?r/", handle):
        raise AccountNotFound(
            "Reddit: a community (r/...) is no account, most of what stands there is other people's; list the accounts "
            "(u/name) that the institution posts with"
        )
    parts = _HANDLE.fullmatch(handle)
    if not parts:
        raise AccountNotFound("Reddit: a handle is u/ and 3 to 20 letters, digits, underscores or hyphens")
    return parts["prefix"] or "", parts["name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found(Found):
    """`times` has one entry an item, None where it tells none. `after` is the id behind which the next page begins."""

    ids: tuple[str, ...] = field(repr=False)
    times: tuple[datetime | None, ...]
    after: str | None = field(repr=False)

    @property
    def read_ids(self) -> set[str]:
        return {*self.ids} - {*self.broken_ids}


def _parse_listing(document: Mapping[str, Any], account: Account, author: str) -> _Found:
    """A page's items one by one: what is broken costs itself alone. Raises ParseError for what is no listing."""
    data = mapping(document, "data")
    items, after = data.get("children"), data.get("after")
    if document.get("kind") != "Listing" or not isinstance(items, list):
        raise ParseError("Reddit answered without a list of posts")
    if after is not None and not is_full_name(after):
        raise ParseError("after: expected a post's full name")
    posts: list[Post] = []
    gone: list[Gone] = []
    ids: list[str] = []
    broken_ids: list[str] = []
    times: list[datetime | None] = []
    broken = hidden = others = 0
    for item in items:
        own = item["data"].get("name") if isinstance(item, dict) and isinstance(item.get("data"), dict) else None
        ids += [str(own)] if is_full_name(own) else []
        try:
            inner = item["data"]
            if (reason := gone_reason(inner)) and is_full_name(own):
                gone.append(Gone(native_id=str(own), reason=reason, definite=True, path="listing"))
            elif author_of(inner) != author:
                others += 1
            elif not is_public(inner):
                hidden += 1
            else:
                posts.append(parse_post(item.get("kind"), inner, account))
            times.append(made_at(inner))
        except (ParseError, AttributeError, TypeError, KeyError):
            broken += 1
            times.append(None)
            broken_ids += [str(own)] if is_full_name(own) else []
    return _Found(
        posts=tuple(posts),
        gone=tuple(gone),
        ids=tuple(ids),
        times=tuple(times),
        after=after,
        broken=broken,
        broken_ids=tuple(broken_ids),
        hidden=hidden,
        others=others,
    )


def _window_limit(walk: Walk[str], found: _Found) -> str:
    """Reddit ends a list at about a thousand posts, whether there are older ones or not."""
    at_end = not found.after and not walk.is_below(found.times)
    return "platform window limit reached: Reddit shows no older posts" if at_end and walk.seen >= 0.97 * _REACHABLE else ""
