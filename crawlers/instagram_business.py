"""Instagram: the posts of known business and creator accounts, read by business discovery through the Graph API.

Everything is asked through one professional account of our own (`ig_user_id`). Others are addressed by user name alone: the id
that comes back is compared with the one known, so that a name that changed hands is an error and not another's posts. Their
media can't be asked for by id: each crawl reads a trailing window again, and what is due and no longer listed is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, ParseError, PermissionMissing
from core.records import Account, CrawledPage, KnownPost
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._exchange import Answer
from crawlers._graph.client import GraphClient, Place, is_place
from crawlers._graph.errors import NodeUnseen, Service
from crawlers._graph.instagram_media import (
    is_username,
    media_question,
    parse_media_page,
    parse_professional,
    profile_question,
)
from crawlers._graph.listing import Listing, ListReader, look_up, missing_from, sightings
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._strict import is_digits
from crawlers._walk import read_progress

_UNKNOWN_USER = 110  # of the account asked for; everything else that is not seen is our own
SERVICE = Service(
    name="Instagram",
    platform="instagram",
    collector="instagram_business 1",
    permissions="instagram_basic, instagram_manage_insights or pages_read_engagement",
    field_hint=(
        "; or ig_user_id is not the id of a professional account, or alt_text is not for this app "
        "(NIGHTROUNDS_PLATFORMS__INSTAGRAM__ALT_TEXT=false)"
    ),
)


class InstagramOptions(CrawlerOptions):
    access_token: SecretStr | None = None  # of a Facebook user or system user with a role on our own account's Page
    # our own professional account, which asks
    ig_user_id: Annotated[str | None, Field(pattern=r"^[0-9]{1,19}$", examples=["17841400000000000"])] = None
    app_secret: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://graph.facebook.com"
    version: Annotated[str, Field(pattern=r"^v\d{2}\.\d$")] = "v26.0"
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    page_size: Annotated[int, Field(gt=0, le=100)] = 50
    max_pages: Annotated[int, Field(gt=0)] = 60  # of one account and crawl
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back each crawl looks for edits
    alt_text: bool = True  # ask for the descriptions of pictures


class InstagramCrawler(Crawler):
    """Reads Instagram's professional accounts; a handle is the user name."""

    platform = "instagram"
    title = "Instagram"
    about = About(
        reads="posts and reels of anybody's business and creator accounts; no personal ones",
        through="facebook-sdk, Graph API v26.0, business discovery",
        new_posts="newest first, trailing window",
        edits="re-read window",
        deletions="absent from the whole list, two sightings",
        credentials="Facebook user token with a professional account of ours",
        tried="sandbox",
    )
    Options = InstagramOptions
    options: InstagramOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: GraphClient | None = None

    def missing_credentials(self) -> str:
        if not words_of(self.options.access_token):
            return (
                "Instagram needs an access token with instagram_basic, instagram_manage_insights and pages_read_engagement: "
                "set NIGHTROUNDS_PLATFORMS__INSTAGRAM__ACCESS_TOKEN, or access_token under [platforms.instagram] in "
                "nightrounds.toml"
            )
        if not self.options.ig_user_id:
            return (
                "Instagram needs the id of a professional account of ours that asks for the others: set "
                "NIGHTROUNDS_PLATFORMS__INSTAGRAM__IG_USER_ID"
            )
        return ""

    def close(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None

    def demand_askable(self, account: Account) -> None:
        super().demand_askable(account)
        if not is_username(account.handle):
            raise AccountNotFound("Instagram: a handle is the user name, without the @")

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the account, then its media from the newest back, then what became of `request.recheck`."""
        self.demand_askable(request.account)
        account, client = request.account, self._client
        client.read_for(request.meter)
        answer = self._discover(profile_question(account.handle))
        found = parse_professional(answer.json())
        if account.native_id not in (None, found.native_id):
            raise AccountNotFound(
                "Instagram: this user name belongs to another account now; find out the watched account's new name"
            )
        state = request.cursor.state if request.cursor else {}
        progress = read_progress(state, found.native_id, request.since, is_id=is_digits, is_place=is_place)
        reader = ListReader(
            self._listing(account, found.native_id),
            progress,
            due=request.recheck,
            cursor=lambda: reader.progress.cursor(),
            clock=self.clock,
            reread=timedelta(days=self.options.reread_days),
            max_pages=self.options.max_pages,
        )
        yield CrawledPage(
            raw=(answer.raw,),
            profile=found.profile,
            native_account_id=found.native_id,
            handle=found.username,
            cursor=progress.cursor(),
            note=_other_version(client, answer),
        )
        yield from reader.pages()
        if found.media_count != 0 and not (reader.sight.told or reader.sight.broken):
            yield CrawledPage(raw=reader.raw, note="Instagram counts posts of this account and shows none")
            return
        if reader.whole is not None and reader.whole < (found.media_count or 0):
            note = f"Instagram counts {found.media_count} posts of this account and shows {reader.whole}"
            yield CrawledPage(raw=reader.raw, note=note)
        yield from self._sight_missing(reader, request.recheck, is_ours=found.native_id == self.options.ig_user_id)
        if reader.sight.broken and not reader.sight.understood:
            raise ParseError(f"Instagram: none of the {reader.sight.broken} posts of the account was understood")

    @property
    def _client(self) -> GraphClient:
        if self._opened is None:
            self._opened = GraphClient(
                SERVICE,
                token=words_of(self.options.access_token),
                app_secret=words_of(self.options.app_secret),
                version=self.options.version,
                base_url=self.options.base_url,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._opened

    def _discover(self, question: str) -> Answer:
        """Ask through our own account. Raises AccountNotFound and PermissionMissing in the words of whoever must act."""
        code = 0
        try:
            return self._client.node(str(self.options.ig_user_id), question)
        except NodeUnseen as unseen:
            code = unseen.code
        if code != _UNKNOWN_USER:
            raise PermissionMissing(
                f"Instagram: the token may not see our own account (code {code}); check ig_user_id and the token's role"
            )
        raise AccountNotFound(
            f"Instagram shows no professional account of this user name (code {code}): it was renamed or deleted, is personal "
            "or private, or is shown to adults alone; look at it and correct the account list"
        )

    def _listing(self, account: Account, native_id: str) -> Listing:
        def ask(place: Place | None) -> Answer:
            options = self.options
            after = place.get("after", "") if place else ""
            return self._discover(
                media_question(account.handle, limit=options.page_size, after=after, alt_text=options.alt_text)
            )

        return Listing(name="media", ask=ask, read=lambda document: parse_media_page(document, account, native_id))

    def _sight_missing(self, reader: ListReader, due: Sequence[KnownPost], *, is_ours: bool) -> Iterator[CrawledPage]:
        """Media of our own account can be asked for by id: the second path. That of others can't."""
        missing = missing_from([reader], due)
        by_id = [one for one in missing if is_ours and one.missing_path == "listing" and is_digits(one.native_id)]
        yield from sightings([reader], [one for one in missing if one not in by_id])
        for known in by_id:
            yield look_up(self._client, known)


def _other_version(client: GraphClient, answer: Answer) -> str:
    served = client.served_version(answer)
    return f"Instagram answered in another version of its API than {client.version}; it may have retired ours" if served else ""
