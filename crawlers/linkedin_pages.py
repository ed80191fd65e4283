"""LinkedIn: the own posts of organisation pages that our token's member administers, read through the Posts API.

LinkedIn lists a page's posts by their last change, so that each crawl reads down to where the last one began and meets new and
edited posts alike; then it asks for the older posts that are due. There is no lawful way to personal profiles, and none to
pages of others: docs/platforms/linkedin.md says what to do instead.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, Blocked, ParseError
from core.records import Account, CrawledPage, Gone, Post, RawPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._found import Found, Sight
from crawlers._linkedin.client import MAX_IDS, LinkedInClient, Place, is_place
from crawlers._linkedin.lookups import catch_up, look_again
from crawlers._linkedin.posts import (
    Page,
    hidden,
    is_page_number,
    is_post_id,
    moment_of,
    page_number,
    parse_page,
    parse_post,
    unread_content,
    utc,
)
from crawlers._notes import join, stopped
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._strict import mapping, objects
from crawlers._walk import Progress, Walk, read_progress

_NAME = re.compile(r"[\w&.'-]{1,100}")
_PERSON = re.compile(r"(https?://)?([a-z]{1,4}\.)?(linkedin\.com/)?(in|pub)/|urn:li:(person|member):", re.IGNORECASE)
_OVERLAP = timedelta(hours=1)  # behind the newest change seen: LinkedIn's index may lag
_AGAIN = 3  # posts of the stretch before that are asked for once more, so that a deletion in between skips none
_PATIENCE = 2  # times that one crawl begins a walk again because the list moved
_MONTHS = 10  # from then on a version's end is near: it lives about twelve
_PERSONAL = (
    "LinkedIn: this is a personal profile, and LinkedIn has no interface that may read one: take it off the list, "
    "or list the person's own site or newsletter instead"
)


class LinkedInOptions(CrawlerOptions):
    access_token: SecretStr | None = None  # of a member who administers every listed page
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://api.linkedin.com"
    version: Annotated[str, Field(pattern=r"^20\d{2}(0[1-9]|1[0-2])$")] = "202610"
    members_too: bool = False  # also posts that only people who are logged in may see
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    page_size: Annotated[int, Field(ge=10, le=100)] = 100
    max_pages: Annotated[int, Field(gt=0)] = 60  # of one account and crawl


class LinkedInCrawler(Crawler):
    """Reads LinkedIn pages; a handle is the page's name in its address (linkedin.com/company/<name>), or its number."""

    platform = "linkedin"
    title = "LinkedIn"
    about = About(
        reads="public posts of our own organisation pages alone; no others' pages, no personal profiles",
        through="linkedin-api-client, Posts API",
        new_posts="last changed first, down to the last crawl",
        edits="by last change",
        deletions="looked up by id; LinkedIn says so",
        credentials="token of a page administrator",
        tried="sandbox",
    )
    recheck_batch = MAX_IDS
    Options = LinkedInOptions
    options: LinkedInOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: LinkedInClient | None = None

    def missing_credentials(self) -> str:
        if words_of(self.options.access_token):
            return ""
        return (
            "LinkedIn needs the access token of a member who administers the pages (Community Management API, "
            "r_organization_social): set NIGHTROUNDS_PLATFORMS__LINKEDIN__ACCESS_TOKEN"
        )

    def close(self) -> None:
        if self._opened:
            self._opened.close()
        self._opened = None

    def demand_askable(self, account: Account) -> None:
        if _PERSON.match(account.handle.strip()):
            raise Blocked(_PERSONAL)
        super().demand_askable(account)
        if not (is_page_number(account.native_id) or _NAME.fullmatch(account.handle)):  # a number is a name, too
            raise AccountNotFound("LinkedIn: a handle is a page's name as in linkedin.com/company/<name>, or its number")

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the page itself, then its posts from the last changed back, then what became of `request.recheck`."""
        account = request.account
        known_id = account.native_id or (request.cursor.state.get("native_id") if request.cursor else None)
        self.demand_askable(replace(account, native_id=str(known_id)) if known_id else account)
        client = self._client()
        client.read_for(request.meter)
        raw, page = _find(client, account, str(known_id) if is_page_number(known_id) else "")
        state = request.cursor.state if request.cursor else {}
        progress = read_progress(state, page.native_id, request.since, is_id=is_post_id, is_place=is_place)
        yield CrawledPage(
            raw=raw,
            profile=page.profile,
            native_account_id=page.native_id,
            handle=None if is_page_number(account.handle) else page.vanity_name or None,
            cursor=progress.cursor(),
            note=_near_its_end(self.options.version, self.clock()),
        )
        sight = Sight()
        earlier = progress.outstanding
        progress = yield from self._read_posts(client, account, page, progress, sight)
        members_too = self.options.members_too
        overdue = [one for one in progress.outstanding if one in earlier and one not in sight.broken_ids]
        yield from catch_up(client, account, progress, overdue, members_too=members_too)
        due = [one for one in request.recheck if one.native_id not in sight.told and is_post_id(one.native_id)]
        yield from look_again(client, account, due, members_too=members_too)
        if sight.broken and not sight.understood:
            raise ParseError(f"LinkedIn: none of the {sight.broken} posts of the page was understood")

    def _client(self) -> LinkedInClient:
        if self._opened is None:
            self._opened = LinkedInClient(
                token=words_of(self.options.access_token),
                version=self.options.version,
                base_url=self.options.base_url,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened

    def _read_posts(
        self, client: LinkedInClient, account: Account, page: Page, progress: Progress[Place], sight: Sight
    ) -> Generator[CrawledPage, None, Progress[Place]]:
        """Finish the walk that an earlier crawl left, then take one from the top; a page of broken posts is stepped over."""
        resumed = progress.walk is not None
        began_again = 0
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock(), _OVERLAP)
            answer = client.posts(page.urn, start=walk.place["start"] if walk.place else 0, count=self.options.page_size)
            stretch = _read_stretch(answer.json(), account, page.urn, walk, self.options)
            if stretch.follows_not:  # posts went while we read, and others moved up past us: nothing of this is counted
                began_again += 1
                progress = replace(progress, walk=walk.from_the_top())
                give_up = began_again > _PATIENCE or not pages_left
                note = "LinkedIn's list changed faster than we can read it: the next crawl begins here again" if give_up else ""
                yield CrawledPage(raw=(answer.raw,), cursor=progress.cursor(), note=note)
                if give_up:
                    break
                continue
            sight.add(stretch)
            progress, has_room = progress.keep(read=[post.native_id for post in stretch.posts], broken=stretch.broken_ids)
            has_gap = not has_room or stretch.has_nameless or not stretch.is_sorted
            walk = walk.past([utc(time) for time in stretch.times], stretch.place, has_gap=has_gap)
            more = stretch.place is not None
            progress = replace(progress, walk=walk) if more else progress.finish(walk)
            note = join(stretch.told, stopped(more=more, resumed=resumed, pages_left=pages_left))
            yield CrawledPage(raw=(answer.raw,), posts=stretch.posts, gone=stretch.gone, cursor=progress.cursor(), note=note)
            if not more and not resumed:
                break
            resumed = resumed and more
        return progress


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch(Found):
    """`times` are milliseconds since 1970. `place` is where the next stretch begins, None behind the last that is wanted."""

    times: tuple[int, ...]
    place: Place | None
    unread: int  # posts whose content is of a kind that we don't read
    is_sorted: bool
    follows_not: bool  # it does not reach up to where the one before ended

    @property
    def told(self) -> str:
        """What the note says of it."""
        return join(
            self.note,
            f"content of a kind that is not read in {self.unread} post{'' if self.unread == 1 else 's'}" if self.unread else "",
            "" if self.is_sorted else "LinkedIn's list is not in the order of changes",
        )


def _find(client: LinkedInClient, account: Account, known_id: str) -> tuple[tuple[RawPage, ...], Page]:
    """The page, asked for by its number: whoever goes by its name alone gets no more than its name.

    Raises AccountNotFound where there is none of that name.
    """
    evidence: list[RawPage] = []
    number = known_id or (account.handle if is_page_number(account.handle) else "")
    if not number:
        answer = client.by_vanity_name(account.handle)
        evidence.append(answer.raw)
        wanted = account.handle.casefold()
        named = [
            item
            for item in objects(answer.json(), "elements")
            if isinstance(item.get("vanityName"), str) and item["vanityName"].casefold() == wanted
        ]
        if not named:
            raise AccountNotFound("LinkedIn knows no page of this name")
        number = page_number(named[0])
    answer = client.organization(number)
    page = parse_page(answer.json())
    if page.native_id != number:
        raise ParseError("LinkedIn answered with another page than the one that was asked for")
    return (*evidence, answer.raw), page


def _read_stretch(
    document: dict[str, Any], account: Account, author: str, walk: Walk[Place], options: LinkedInOptions
) -> _Stretch:
    """Raises ParseError for what is no list of posts."""
    items = document.get("elements")
    if not isinstance(items, list):
        raise ParseError("LinkedIn answered without a list of posts")
    posts: list[Post] = []
    gone: list[Gone] = []
    times: list[int] = []
    broken_ids: list[str] = []
    broken = others = unread = 0
    lowest = walk.place["lowest"] if walk.place else None
    for item in items:
        try:
            times.append(moment_of(item, "lastModifiedAt"))
            if item.get("author") != author:
                others += 1
            elif sighting := hidden(item, members_too=options.members_too, path="listing"):
                gone.append(sighting)
            else:
                posts.append(parse_post(item, account))
                unread += unread_content(item)
        except (ParseError, AttributeError):
            broken += 1
            broken_ids += [item["id"]] if isinstance(item, dict) and is_post_id(item.get("id")) else []
    return _Stretch(
        posts=tuple(posts),
        gone=tuple(gone),
        times=tuple(times),
        place=_onward(document, walk, times, len(items)),
        broken=broken,
        broken_ids=tuple(broken_ids),
        others=others,
        unread=unread,
        is_sorted=times == sorted(times, reverse=True),
        follows_not=lowest is not None and (times[0] < lowest if times else not items),
    )


def _onward(document: Mapping[str, Any], walk: Walk[Place], times: list[int], shown: int) -> Place | None:
    """Where the next stretch begins, None behind the last wanted one.

    LinkedIn may give fewer posts than it counts. Without a link to a next page or a total, one with nothing new is the last.
    """
    paging = mapping(document, "paging")
    served = paging.get("count")
    step = served if isinstance(served, int) and not isinstance(served, bool) and 0 < served <= 100 else shown
    start, total = walk.place["start"] if walk.place else 0, paging.get("total")
    links = paging.get("links")
    is_told = isinstance(links, list) and any(isinstance(one, dict) and one.get("rel") == "next" for one in links)
    if isinstance(total, int) and not isinstance(total, bool) and total >= start + shown:  # else it counts something else
        is_told = is_told or start + step < total
    elif not links:
        is_told = shown > (_AGAIN if start else 0)
    if not is_told or (walk.since is not None and times and min(times) < walk.since * 1000):
        return None
    lowest = [walk.place["lowest"]] if walk.place and walk.place["lowest"] is not None else []
    return {"start": start + max(step - _AGAIN, 1), "lowest": min([*times, *lowest], default=None)}


def _near_its_end(version: str, now: datetime) -> str:
    months = (now.year - int(version[:4])) * 12 + now.month - int(version[4:])
    if months < _MONTHS:
        return ""
    return (
        f"this version of LinkedIn's API is {months} months old and will be retired; "
        "set NIGHTROUNDS_PLATFORMS__LINKEDIN__VERSION to a newer one"
    )
