"""Facebook: the own posts of known Pages, read through the Graph API.

Each crawl reads the Page's `published_posts` down through a trailing window again, because Graph does not say what was edited,
then asks for the older posts that are due. A Page that granted us a task needs a Page or system-user token; any other Page
needs the Page Public Content Access feature (App Review). Graph shows about 600 ranked posts a Page and year.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AuthError, ParseError
from core.records import Account, CrawledPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._exchange import Answer
from crawlers._found import Found, Sight, find_posts
from crawlers._graph.client import GraphClient, Place, is_place, onward
from crawlers._graph.errors import Refused, Service
from crawlers._graph.facebook_lookups import catch_up, look_again, look_elsewhere
from crawlers._graph.facebook_posts import (
    PAGE_FIELDS,
    POST_FIELDS,
    Page,
    is_anothers,
    is_page_id,
    is_post_id,
    parse_page,
    parse_post,
)
from crawlers._notes import join, stopped
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._walk import Progress, Walk, read_progress

SERVICE = Service(
    name="Facebook",
    platform="facebook",
    collector="facebook_pages 1",
    permissions="pages_read_engagement or Page Public Content Access",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_RANKED = 600  # posts of a Page that Graph returns for a year, about


class FacebookOptions(CrawlerOptions):
    access_token: SecretStr | None = None  # a system user's, for every Page without its own
    page_tokens: dict[str, SecretStr] = Field(default_factory=dict)  # handle or id of a Page -> its own token
    app_secret: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://graph.facebook.com"
    version: Annotated[str, Field(pattern=r"^v\d{2}\.\d$")] = "v26.0"
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    page_size: Annotated[int, Field(gt=0, le=100)] = 50  # Graph refuses 100 of some Pages' posts as too much data
    max_pages: Annotated[int, Field(gt=0)] = 60  # of one account and crawl
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back each crawl looks for edits


class FacebookCrawler(Crawler):
    """Reads Facebook Pages; a handle is the Page's user name or id."""

    platform = "facebook"
    title = "Facebook"
    about = About(
        reads="own posts of our Pages; of anybody's after Meta's App Review",
        through="facebook-sdk, Graph API v26.0",
        new_posts="newest first, trailing window",
        edits="re-read window",
        deletions="two sightings: by id, then another token or the list",
        credentials="page or system-user token",
        tried="sandbox",
    )
    recheck_batch = 50
    Options = FacebookOptions
    options: FacebookOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: dict[str, GraphClient] = {}

    def missing_credentials(self) -> str:
        if any(map(words_of, [self.options.access_token, *self.options.page_tokens.values()])):
            return ""
        return (
            "Facebook needs an access token: make one for a system user with pages_read_engagement and set "
            "NIGHTROUNDS_PLATFORMS__FACEBOOK__ACCESS_TOKEN, or page_tokens under [platforms.facebook] in nightrounds.toml"
        )

    def credential_of(self, account: Account) -> str:
        """A Page with a token of its own stands and falls alone."""
        own = self._own_token(account.handle, account.native_id or "")
        return f"{self.platform} page {account.id}" if own else self.platform

    def _own_token(self, *names: str) -> SecretStr | None:
        own = {key.casefold(): token for key, token in self.options.page_tokens.items()}
        return next((own[name.casefold()] for name in names if name.casefold() in own), None)

    def close(self) -> None:
        for client in self._opened.values():
            client.close()
        self._opened.clear()

    def demand_askable(self, account: Account) -> None:
        self._tokens(account, _name(account, account.native_id))

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the Page, then its posts from the newest back, then what became of `request.recheck`."""
        account = request.account
        known_id = account.native_id or (request.cursor.state.get("native_id") if request.cursor else None)
        name = _name(account, known_id)
        client, second = self._clients(request, name)
        answer = client.node(name, PAGE_FIELDS)
        page = parse_page(answer.json())
        state = request.cursor.state if request.cursor else {}
        progress = read_progress(state, page.native_id, request.since, is_id=is_post_id, is_place=is_place)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=page.profile,
            native_account_id=page.native_id,
            handle=_handle(account, page),
            cursor=progress.cursor(),
            note=_other_version(client, answer),
        )
        sight = Sight()
        earlier = progress.outstanding
        progress = yield from self._read_posts(client, account, progress, sight)
        overdue = [one for one in progress.outstanding if one in earlier and one not in sight.broken_ids]
        yield from catch_up(client, account, progress, overdue)
        due = [one for one in request.recheck if one.native_id not in sight.told and is_post_id(one.native_id)]
        yield from look_again(client, account, [one.native_id for one in due if one.missing_path != "lookup"])
        yield from look_elsewhere(client, second, account, page.native_id, [one for one in due if one.missing_path == "lookup"])
        if sight.broken and not sight.understood:
            raise ParseError(f"Facebook: none of the {sight.broken} posts of the Page was understood")

    def _clients(self, request: CrawlRequest, name: str) -> tuple[GraphClient, GraphClient | None]:
        """The client of the Page's own token, else of the general one; and of the general one where it is the second.

        Raises:
            AuthError: there is neither.
        """
        clients = [self._opened_for(secret) for secret in self._tokens(request.account, name)]
        for client in clients:
            client.read_for(request.meter)
        return clients[0], clients[1] if len(clients) > 1 else None

    def _tokens(self, account: Account, name: str) -> list[str]:
        """The Page's own token and the general one, as far as they are there. Raises AuthError where neither is."""
        tokens = [self._own_token(account.handle, name), self.options.access_token]
        found = [secret for secret in dict.fromkeys(map(words_of, tokens)) if secret]
        if not found:
            raise AuthError(
                self.missing_credentials()
                or "Facebook: this Page has no token in page_tokens; set NIGHTROUNDS_PLATFORMS__FACEBOOK__ACCESS_TOKEN"
            )
        return found

    def _opened_for(self, secret: str) -> GraphClient:
        if secret not in self._opened:
            self._opened[secret] = GraphClient(
                SERVICE,
                token=secret,
                app_secret=words_of(self.options.app_secret),
                version=self.options.version,
                base_url=self.options.base_url,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened[secret]

    def _read_posts(
        self, client: GraphClient, account: Account, progress: Progress[Place], sight: Sight
    ) -> Generator[CrawledPage, None, Progress[Place]]:
        """Finish the walk that an earlier crawl left, then take one from the top; a page of broken posts is stepped over."""
        resumed = progress.walk is not None
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock(), timedelta(days=self.options.reread_days))
            answer, walk = self._ask_posts(client, progress.native_id, walk)
            document = answer.json()
            found = _parse_posts(document, account, progress.native_id)
            place = onward(document)
            if place and place == walk.place:
                raise ParseError("Facebook leads from a page of posts back to the same page")
            sight.add(found)
            progress, has_room = progress.keep(read=[post.native_id for post in found.posts], broken=found.broken_ids)
            walk = walk.past([post.posted_at for post in found.posts], place, has_gap=not has_room or found.has_nameless)
            progress = replace(progress, walk=walk) if place else progress.finish(walk)
            at_limit = not place and walk.since is None and walk.seen >= 0.97 * _RANKED
            note = join(
                found.note,
                "platform window limit reached: Facebook may hold more posts than it shows" if at_limit else "",
                stopped(more=bool(place), resumed=resumed, pages_left=pages_left),
            )
            yield CrawledPage(raw=(answer.raw,), posts=found.posts, cursor=progress.cursor(), note=note)
            if not place and not resumed:
                break
            resumed = resumed and bool(place)
        return progress

    def _ask_posts(self, client: GraphClient, page_id: str, walk: Walk[Place]) -> tuple[Answer, Walk[Place]]:
        """One page, and the walk as it was asked for: Graph may have forgotten the place of an earlier day."""
        asked: dict[str, Any] = {"fields": POST_FIELDS, "limit": self.options.page_size}
        if walk.since is not None:
            asked["since"] = walk.since
        try:
            return client.edge(page_id, "published_posts", **asked, **(walk.place or {})), walk
        except Refused:
            if not walk.is_stored:
                raise
        return client.edge(page_id, "published_posts", **asked), walk.from_the_top()


def _parse_posts(document: dict[str, Any], account: Account, page_id: str) -> Found:
    """Raises ParseError for what is no page of posts."""
    return find_posts(
        document.get("data"),
        lambda item: parse_post(item, account),
        is_id=is_post_id,
        is_anothers=lambda item: is_anothers(item, page_id),
    )


def _name(account: Account, known_id: object) -> str:
    """What the Page is asked for by. Raises AccountNotFound for a handle that is none."""
    name = str(known_id) if is_page_id(known_id) else account.handle
    if not _NAME.fullmatch(name):
        raise AccountNotFound("Facebook: a handle is a Page's user name or id, without its address")
    return name


def _handle(account: Account, page: Page) -> str | None:
    """The Page's user name; where the account list names the Page by its id, that is no rename."""
    return account.handle if account.handle == page.native_id else page.username or None


def _other_version(client: GraphClient, answer: Answer) -> str:
    served = client.served_version(answer)
    return f"Facebook answered in another version of its API than {client.version}; it may have retired ours" if served else ""
