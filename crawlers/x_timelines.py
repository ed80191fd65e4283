"""X: the timelines of known accounts, read through API v2 with an app-only bearer token.

One crawl: the profile, what an interrupted crawl left, what is new, then the posts that are due for another look. An edited
post keeps the id of its first version (`native_id`); `revision` is the id of the version seen. Needs X's pay-per-use access:
each post read is billed once a day ($0.005 in August 2026), each user $0.010. X's rules ask that what it deletes is deleted
here too, and forbid inferring anyone's health: only the accounts' own posts are collected, never replies by others.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AccountPrivate, AuthError, ParseError
from core.records import Account, CrawledPage, Gone, KnownPost, Post
from core.seams import Crawler, CrawlerOptions, CrawlRequest
from crawlers._exchange import Answer
from crawlers._rebase import trusted_base_url
from crawlers._strict import is_digits, mapping, not_understood, objects
from crawlers._x_client import MAX_IDS, StaleToken, Vocabulary, XClient
from crawlers._x_posts import Includes, gone_reason, parse_post, parse_user, raise_for_unseen_user, version_ids
from crawlers._x_progress import Progress, Walk, read_progress

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII)
_REACHABLE = {False: 3200, True: 800}  # how many posts X's timelines go back; the fewer when replies are excluded
_LOOKUP_ROUNDS = 3  # a version that is looked up may have been replaced by another one


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
    Options = XOptions
    options: XOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock)
        self._sleep = sleep
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

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the profile, then timeline pages from the newest post back, then what became of `request.recheck`."""
        account = request.account
        known_id = account.native_id or (request.cursor.state.get("native_id") if request.cursor else None)
        if is_digits(known_id):
            answer = self._client.user_by_id(str(known_id))
        elif _HANDLE.fullmatch(account.handle):
            answer = self._client.user_by_handle(account.handle)
        else:
            raise AccountNotFound("X: a handle is 1 to 15 letters, digits or underscores, without the @")
        user = parse_user(answer.json())
        progress = read_progress(request.cursor, user.native_id, request.since)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=user.profile,
            native_account_id=user.native_id,
            cursor=progress.cursor(),
            note="" if user.handle.casefold() == account.handle.casefold() else "renamed: the account has another handle now",
        )
        if user.protected:
            raise AccountPrivate("X: the account is protected")
        seen: set[str] = set()
        for page in self._read_timeline(account, progress):
            seen.update(post.native_id for post in page.posts)
            yield page
        yield from self._look_again(account, [known for known in request.recheck if known.native_id not in seen])

    @property
    def _client(self) -> XClient:
        if problem := self.missing_credentials():
            raise AuthError(problem)
        if self._opened is None:
            assert self.options.bearer_token
            self._opened = XClient(
                bearer_token=self.options.bearer_token.get_secret_value().strip(),
                base_url=self.options.base_url,
                vocabulary=self.options.vocabulary,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self._sleep,
            )
        return self._opened

    def _read_timeline(self, account: Account, progress: Progress) -> Iterator[CrawledPage]:
        """Finish the walk that an earlier crawl left, then take one from the top."""
        resumed = progress.walk is not None
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock())
            answer, walk = self._ask_timeline(progress.native_id, walk)
            page = _parse_page(answer.json(), account, progress.native_id)
            if page.token and page.token == walk.token:
                raise ParseError("X leads from a page of the timeline back to the same page")
            if page.is_garbled:
                yield CrawledPage(raw=(answer.raw,), note=page.note)
                raise ParseError(f"X: none of the {page.broken} posts of a page was understood")
            walk = walk.past(page.ids, page.token)
            progress = replace(progress, walk=walk) if page.token else progress.finish(walk)
            notes = [page.note]
            if not page.token and walk.seen >= 0.97 * _REACHABLE[self.options.exclude_replies]:
                notes.append("platform window limit reached: X shows no older posts")
            if page.token and not pages_left:
                notes.append("page limit reached: the next crawl goes on here")
            yield CrawledPage(
                raw=(answer.raw,), posts=page.posts, cursor=progress.cursor(), note="; ".join(filter(None, notes))
            )
            if not page.token and not resumed:
                return
            resumed = resumed and bool(page.token)

    def _ask_timeline(self, native_id: str, walk: Walk) -> tuple[Answer, Walk]:
        """One page, and the walk as it was asked for: X may have forgotten the token of an earlier day."""
        exclude = "replies" if self.options.exclude_replies else ""
        bounds: dict[str, Any] = {"since_id": walk.since_id, "start_time": walk.start_time, "exclude": exclude}
        try:
            return (
                self._client.timeline(native_id, pagination_token=walk.token, until_id=walk.until_id, **bounds),
                walk,
            )
        except StaleToken:
            walk = walk.without_token()
        return self._client.timeline(native_id, until_id=walk.until_id, **bounds), walk

    def _look_again(self, account: Account, recheck: list[KnownPost]) -> Iterator[CrawledPage]:
        """Look stored posts up by the version last seen, then by a newer version where the history shows one."""
        asked = {_last_version(known): known.native_id for known in recheck if is_digits(_last_version(known))}
        for _ in range(_LOOKUP_ROUNDS):
            newer: dict[str, str] = {}
            ids = list(asked)
            for start in range(0, len(ids), MAX_IDS):
                batch = {one: asked[one] for one in ids[start : start + MAX_IDS]}
                answer = self._client.posts(list(batch))
                page, found = _parse_lookup(answer, account, batch)
                newer |= found
                yield page
            if not newer:
                return
            asked = newer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A timeline page, read. `ids` are of all versions on it, those of posts not understood too."""

    posts: tuple[Post, ...]
    ids: tuple[str, ...] = field(repr=False)
    token: str = field(repr=False)
    broken: int
    foreign: int

    @property
    def is_garbled(self) -> bool:
        return self.broken > 0 and not self.posts and not self.foreign

    @property
    def note(self) -> str:
        foreign = f"{self.foreign} by another account left out" if self.foreign else ""
        return "; ".join(filter(None, [not_understood(self.broken), foreign]))


def _parse_page(document: dict[str, Any], account: Account, native_id: str) -> _Page:
    """Raises AccountNotFound or AccountPrivate for errors in place of posts, ParseError for what is no page."""
    meta = mapping(document, "meta")
    items = document.get("data")
    if items is None:
        raise_for_unseen_user(document)
        if meta.get("result_count") != 0:
            raise ParseError("X answered with neither posts nor an empty page")
        items = []
    if not isinstance(items, list):
        raise ParseError("X: expected a list of posts")
    token = meta.get("next_token") or ""
    if not isinstance(token, str) or len(token) > 1000:
        raise ParseError("X: expected the next page's token as text")
    includes = Includes(document)
    posts: list[Post] = []
    broken = foreign = 0
    for item in items:
        try:
            if item.get("author_id") not in (None, native_id):
                foreign += 1
            elif version_ids(item)[-1] == item["id"]:  # else the page has, or a page had, the version that replaced it
                posts.append(parse_post(item, includes, account))
        except (ParseError, AttributeError):
            broken += 1
    ids = tuple(item["id"] for item in items if isinstance(item, dict) and is_digits(item.get("id")))
    return _Page(posts=tuple(posts), ids=ids, token=token, broken=broken, foreign=foreign)


def _last_version(known: KnownPost) -> str:
    return known.revision or known.native_id


def _parse_lookup(answer: Answer, account: Account, asked: dict[str, str]) -> tuple[CrawledPage, dict[str, str]]:
    """The page of a lookup, and newer versions to look up. `asked` maps version ids to native ids."""
    document = answer.json()
    includes = Includes(document)
    posts: list[Post] = []
    verified: list[str] = []
    newer: dict[str, str] = {}
    broken = 0
    for item in objects(document, "data"):
        native_id = asked.get(str(item.get("id")))
        if native_id is None:
            continue
        try:
            latest = version_ids(item)[-1]
            if latest != item["id"]:
                newer[latest] = native_id
            else:
                posts.append(replace(parse_post(item, includes, account), native_id=native_id))
        except ParseError:
            broken += 1
            verified.append(native_id)  # not understood, but there
    gone = []
    for error in objects(document, "errors"):
        version = error.get("resource_id") or error.get("value")
        if isinstance(version, str) and version in asked and error.get("resource_type") in ("tweet", "post"):
            reason, definite = gone_reason(error)
            gone.append(Gone(native_id=asked[version], reason=reason, definite=definite))
    answered = {post.native_id for post in posts} | {one.native_id for one in gone} | {*verified, *newer.values()}
    silent = len(set(asked.values()) - answered)
    notes = [not_understood(broken), f"X said nothing of {silent} looked-up posts" if silent else ""]
    return (
        CrawledPage(
            raw=(answer.raw,),
            posts=tuple(posts),
            gone=tuple(gone),
            verified=tuple(verified),
            note="; ".join(filter(None, notes)),
        ),
        newer,
    )
