"""X: the timelines of known accounts, read through API v2 with an app-only bearer token.

One crawl: the profile, what an interrupted crawl left, what is new, then the posts that are due for another look. An edited
post keeps the id of its first version (`native_id`); `revision` is the id of the version seen. Needs X's pay-per-use access:
each post read is billed once a day ($0.005 in August 2026), each user $0.010. X's rules ask that what it deletes is deleted
here too, and forbid inferring anyone's health: only the accounts' own posts are collected, never replies by others.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AccountPrivate, ParseError
from core.records import Account, CrawledPage, Post
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._exchange import Answer
from crawlers._rebase import trusted_base_url
from crawlers._strict import is_digits, mapping, not_understood
from crawlers._x.client import StaleToken, Vocabulary, XClient
from crawlers._x.lookups import catch_up, look_again
from crawlers._x.posts import Includes, parse_post, parse_user, raise_for_unseen_user, version_ids
from crawlers._x.progress import Progress, Walk, read_progress

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII)
_REACHABLE = {False: 3200, True: 800}  # how many posts X's timelines go back; the fewer when replies are excluded


class XOptions(CrawlerOptions):
    bearer_token: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://api.x.com"
    vocabulary: Vocabulary = "tweet"  # X's specification renamed its fields in August 2026
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    max_pages: Annotated[int, Field(gt=0)] = 40  # of one account and crawl; 40 hold more than X shows
    exclude_replies: bool = False


class XCrawler(Crawler):
    """Reads timelines of X accounts; a handle is written without the @."""

    platform = "x"
    title = "X"
    about = About(
        reads="anybody's public posts, replies among them",
        through="tweepy, X API v2, both vocabularies",
        new_posts="since the newest seen",
        edits="35 minutes' overlap, re-reads",
        deletions="looked up by id",
        credentials="app-only bearer token",
        tried="specification: both of X's published ones",
    )
    recheck_batch = 100
    Options = XOptions
    options: XOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: XClient | None = None

    def missing_credentials(self) -> str:
        token = self.options.bearer_token
        if token and token.get_secret_value().strip():
            return ""
        return (
            "X needs an app-only bearer token: make one in X's developer console and set "
            "NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN, or bearer_token under [platforms.x] in nightrounds.toml"
        )

    def close(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None

    def demand_askable(self, account: Account) -> None:
        super().demand_askable(account)
        if not is_digits(account.native_id) and not _HANDLE.fullmatch(account.handle):
            raise AccountNotFound("X: a handle is 1 to 15 letters, digits or underscores, without the @")

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the profile, then timeline pages from the newest post back, then what became of `request.recheck`."""
        account = request.account
        known_id = account.native_id or (request.cursor.state.get("native_id") if request.cursor else None)
        self.demand_askable(replace(account, native_id=str(known_id)) if known_id else account)
        client = self._client
        client.read_for(request.meter)
        answer = client.user_by_id(str(known_id)) if is_digits(known_id) else client.user_by_handle(account.handle)
        user = parse_user(answer.json())
        progress = read_progress(request.cursor, user.native_id, request.since, exclude_replies=self.options.exclude_replies)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=user.profile,
            native_account_id=user.native_id,
            cursor=progress.cursor(),
            handle=user.handle,
        )
        if user.protected:
            raise AccountPrivate("X: the account is protected")
        sight = _Sight()
        earlier = progress.outstanding
        progress = yield from self._read_timeline(account, progress, sight)
        overdue = [one for one in progress.outstanding if one in sight.superseded or (one in earlier and one not in sight.ids)]
        yield from catch_up(self._client, account, progress, overdue)
        yield from look_again(self._client, account, [one for one in request.recheck if one.native_id not in sight.posts])
        if sight.broken and not sight.understood:
            raise ParseError(f"X: none of the {sight.broken} posts of the timeline was understood")

    @property
    def _client(self) -> XClient:
        if self._opened is None:
            assert self.options.bearer_token
            self._opened = XClient(
                bearer_token=self.options.bearer_token.get_secret_value().strip(),
                base_url=self.options.base_url,
                vocabulary=self.options.vocabulary,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened

    def _read_timeline(self, account: Account, progress: Progress, sight: _Sight) -> Generator[CrawledPage, None, Progress]:
        """Finish the walk that an earlier crawl left, then take one from the top; a page of broken posts is stepped over."""
        resumed = progress.walk is not None
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock())
            answer, walk = self._ask_timeline(progress.native_id, walk)
            page = _parse_page(answer.json(), account, progress.native_id)
            if page.token and page.token == walk.token:
                raise ParseError("X leads from a page of the timeline back to the same page")
            superseded = sight.add(page)
            progress, has_room = progress.keep(read=page.read_ids, broken=(*page.broken_ids, *superseded))
            has_gap = not has_room or page.broken > len(page.broken_ids) or bool(page.gap)
            walk = walk.past(page.ids, page.token, has_gap=has_gap)
            progress = replace(progress, walk=walk) if page.token else progress.finish(walk)
            notes = [page.note]
            if not page.token and walk.seen >= 0.97 * _REACHABLE[self.options.exclude_replies]:
                notes.append("platform window limit reached: X shows no older posts")
            if not pages_left and page.token:
                notes.append("page limit reached: the next crawl goes on here")
            elif not pages_left and resumed:
                notes.append("more is to be read: the page limit was reached")
            yield CrawledPage(
                raw=(answer.raw,), posts=page.posts, cursor=progress.cursor(), note="; ".join(filter(None, notes))
            )
            if not page.token and not resumed:
                break
            resumed = resumed and bool(page.token)
        return progress

    def _ask_timeline(self, native_id: str, walk: Walk) -> tuple[Answer, Walk]:
        """One page, and the walk as it was asked for: X may have forgotten the token of an earlier day."""
        exclude = "replies" if walk.exclude_replies else ""
        bounds: dict[str, Any] = {"since_id": walk.since_id, "start_time": walk.start_time, "exclude": exclude}
        try:
            return (
                self._client.timeline(native_id, pagination_token=walk.token, until_id=walk.until_id, **bounds),
                walk,
            )
        except StaleToken:
            walk = walk.without_token()
        return self._client.timeline(native_id, until_id=walk.until_id, **bounds), walk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A timeline page, read. `ids` are of all versions on it, those of posts not understood too.

    `broken_ids` are those of the `broken` posts that tell one; `superseded` maps old versions to the newest that they name.
    `gap` says what X held back without a way to ask for it.
    """

    posts: tuple[Post, ...]
    ids: tuple[str, ...] = field(repr=False)
    token: str = field(repr=False)
    broken: int
    broken_ids: tuple[str, ...] = field(repr=False)
    superseded: dict[str, str] = field(repr=False)
    foreign: int
    gap: str

    @property
    def read_ids(self) -> set[str]:
        return {*self.ids, *(post.native_id for post in self.posts)} - {*self.broken_ids}

    @property
    def note(self) -> str:
        foreign = f"{self.foreign} by another account left out" if self.foreign else ""
        return "; ".join(filter(None, [not_understood(self.broken), foreign, self.gap]))


@dataclass(slots=True)
class _Sight:
    """What the timeline showed in this crawl."""

    posts: set[str] = field(default_factory=set)  # native ids of posts understood
    ids: set[str] = field(default_factory=set)  # of versions, understood or not
    superseded: set[str] = field(default_factory=set)  # old versions whose newest was not shown
    broken: int = 0
    understood: int = 0

    def add(self, page: _Page) -> list[str]:
        """The page's old versions whose newest has not been shown so far."""
        self.posts.update(post.native_id for post in page.posts)
        self.ids.update(page.ids)
        self.broken += page.broken
        self.understood += len(page.ids) - len(page.broken_ids)
        found = [old for old, newest in page.superseded.items() if newest not in self.ids]
        self.superseded.update(found)
        return found


def _parse_page(document: dict[str, Any], account: Account, native_id: str) -> _Page:
    """Raises AccountNotFound or AccountPrivate for errors in place of posts, ParseError for what is no page."""
    meta = mapping(document, "meta")
    items = document.get("data")
    announced = meta.get("result_count")
    if items is None:
        raise_for_unseen_user(document)
        if announced != 0:
            raise ParseError("X answered with neither posts nor an empty page")
        items = []
    if not isinstance(items, list):
        raise ParseError("X: expected a list of posts")
    token = meta.get("next_token") or ""
    if not isinstance(token, str) or len(token) > 1000:
        raise ParseError("X: expected the next page's token as text")
    includes = Includes(document)
    posts: list[Post] = []
    broken_ids: list[str] = []
    superseded: dict[str, str] = {}
    broken = foreign = 0
    for item in items:
        try:
            if item.get("author_id") not in (None, native_id):
                foreign += 1
            elif (newest := version_ids(item)[-1]) != item["id"]:
                superseded[item["id"]] = newest
            else:
                posts.append(parse_post(item, includes, account))
        except (ParseError, AttributeError):
            broken += 1
            broken_ids += [item["id"]] if isinstance(item, dict) and is_digits(item.get("id")) else []
    ids = tuple(item["id"] for item in items if isinstance(item, dict) and is_digits(item.get("id")))
    return _Page(
        posts=tuple(posts),
        ids=ids,
        token=token,
        broken=broken,
        broken_ids=tuple(broken_ids),
        superseded=superseded,
        foreign=foreign,
        gap=_gap(announced, len(items)),
    )


def _gap(announced: object, given: int) -> str:
    if announced is None:
        return "X did not say how many posts a page has and whether more follow"
    return "" if announced == given else f"X gave {given} posts on a page and said that there are more or fewer"
