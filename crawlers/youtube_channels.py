"""YouTube: the videos of known channels (uploads, shorts, broadcasts, premieres), read through the Data API v3.

One crawl: the channel, its list of uploads from the newest back, the videos on it by id, then the stored ones that are due.
Where the channel's keyless feed and its count of videos tell no change, the list is left alone for that night: a hint that
saves quota and proves nothing, so the list is walked again every few days whatever they say, and stored videos are looked up
by id when they are due in any case. YouTube asks that what is kept is refreshed within 30 days, or deleted.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from core.errors import AccountNotFound, AccountPrivate, AuthError, BudgetExhausted, CrawlError, ParseError
from core.records import Account, CrawledPage, RawPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._notes import join, stopped
from crawlers._rebase import trusted_base_url
from crawlers._secret import words_of
from crawlers._walk import Walk, seconds
from crawlers._youtube.api import YouTubeClient, YouTubeSite
from crawlers._youtube.captions import REFUSALS, CaptionReader, is_caption_id
from crawlers._youtube.lookups import catch_up, look_again, look_up
from crawlers._youtube.problems import Refused, Unseen
from crawlers._youtube.progress import Place, Progress, read_progress
from crawlers._youtube.uploads import Listed, Sight, parse_list, read_page
from crawlers._youtube.videos import Channel, is_channel_id, is_video_id, parse_channel

_HANDLE = re.compile(r"@?[\w.·-]{1,100}")
_USER = re.compile(r"user/([A-Za-z0-9_-]{1,64})", re.ASCII)
_RESTARTS = 2  # of a walk in one crawl, because the list became shorter meanwhile
_REACHABLE = 20_000  # videos that a list of uploads shows
_FEED_SECONDS = 10.0
_FEED_REST = timedelta(hours=1)  # a feed that failed is not asked for again so soon, nor is that of another channel
_UNSTEADY = re.compile(rb"<media:community>.*?</media:community>", re.DOTALL)  # views and ratings


def _site_url(url: str) -> str:
    return trusted_base_url(url) if url else ""


class YouTubeOptions(CrawlerOptions):
    api_key: SecretStr | None = None
    owner_tokens: dict[str, SecretStr] = Field(default_factory=dict)  # channel id -> its owner's OAuth token, for captions
    base_url: Annotated[str, AfterValidator(trusted_base_url)] = "https://youtube.googleapis.com"
    feed_url: Annotated[str, AfterValidator(_site_url)] = "https://www.youtube.com"  # feeds and oEmbed; empty for neither
    daily_units: Annotated[int, Field(gt=0)] | None = 10_000  # Google's own allowance for a project
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds for one whole answer
    page_size: Annotated[int, Field(gt=0, le=50)] = 50
    max_pages: Annotated[int, Field(gt=0)] = 100  # of one account and crawl, each 2 units
    reread_days: Annotated[int, Field(ge=0)] = 30  # how far back a walk looks for edits
    walk_every_days: Annotated[int, Field(ge=0)] = 7  # a walk at least so often, whatever the feed says
    captions_a_night: Annotated[int, Field(ge=0)] = 10  # videos of one channel; each 50 units, and 200 for each track


class YouTubeCrawler(Crawler):
    """Reads YouTube channels; a handle is '@name' or 'name', a channel's id, or 'user/name' for a legacy user name."""

    platform = "youtube"
    title = "YouTube"
    about = About(
        reads="videos of anybody's channels: title and description; captions with the owner's token",
        through="google-api-python-client, Data API v3",
        new_posts="feed as a hint, list of uploads, trailing window",
        edits="re-read window, looked up by id",
        deletions="looked up by id, two sightings",
        credentials="API key",
        tried="specification: Google's discovery document",
    )
    recheck_batch = 50
    Options = YouTubeOptions
    options: YouTubeOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(options, clock=clock, sleep=sleep)
        self._opened: dict[tuple[str, bool], YouTubeClient] = {}
        self._opened_site: YouTubeSite | None = None
        self._feed_rests_until: datetime | None = None

    def missing_credentials(self) -> str:
        if self._key:
            return ""
        return (
            "YouTube needs an API key: make one in the Google Cloud console for a project with the YouTube Data API v3 and set "
            "NIGHTROUNDS_PLATFORMS__YOUTUBE__API_KEY, or api_key under [platforms.youtube] in nightrounds.toml"
        )

    def demand_askable(self, account: Account) -> None:
        _selector_of(account, account.native_id)
        super().demand_askable(account)

    @property
    def _key(self) -> str:
        return words_of(self.options.api_key)

    def close(self) -> None:
        for client in self._opened.values():
            client.close()
        self._opened.clear()
        if self._opened_site:
            self._opened_site.close()
            self._opened_site = None

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield the channel, then its videos from the newest back, then what became of `request.recheck`, then captions."""
        account = request.account
        known_id = account.native_id or (request.cursor.state.get("native_id") if request.cursor else None)
        selector = _selector_of(account, known_id)
        client, site = self._client(request, self._key), self._site(request)
        answer = client.channel(**selector)
        channel = parse_channel(answer.json(), selector.get("id", ""))
        progress = read_progress(request.cursor, channel.native_id, request.since)
        yield CrawledPage(
            raw=(answer.raw,),
            profile=channel.profile,
            native_account_id=channel.native_id,
            handle=_handle(account, channel),
            cursor=progress.cursor(),
        )
        if channel.is_private:
            raise AccountPrivate("YouTube: the channel is private")
        sight = Sight()
        earlier = progress.outstanding
        feed, feed_raw = self._ask_feed(site, channel.native_id)
        every = timedelta(days=self.options.walk_every_days)
        if progress.may_rest(feed=feed, count=channel.video_count, now=self.clock(), within=every):
            yield CrawledPage(raw=feed_raw)
        else:
            progress = yield from self._walk(client, account, channel, progress, sight, feed)
        overdue = [one for one in progress.outstanding if one in earlier and one not in sight.broken]
        progress = yield from catch_up(client, account, progress, overdue)
        due = [one for one in request.recheck if one.native_id not in sight.posts]
        yield from look_again(client, site, account, channel, [one for one in due if is_video_id(one.native_id)])
        yield from self._read_captions(request, progress)
        if sight.trouble and not sight.understood:
            raise ParseError(f"YouTube: none of the {sight.trouble} videos of the channel was understood")

    def _client(self, request: CrawlRequest, secret: str, *, is_token: bool = False) -> YouTubeClient:
        """Raises AuthError where there is no secret."""
        if not secret:
            raise AuthError(self.missing_credentials() or "YouTube: the owner's token is empty")
        client = self._opened.get((secret, is_token))
        if client is None:
            client = self._opened[secret, is_token] = YouTubeClient(
                secret=secret,
                is_token=is_token,
                base_url=self.options.base_url,
                timeout=self.options.timeout,
                clock=self.clock,
                sleep=self.sleep,
            )
        client.meter(request.meter)
        return client

    def _site(self, request: CrawlRequest) -> YouTubeSite | None:
        if not self.options.feed_url:
            return None
        if self._opened_site is None:
            seconds = min(_FEED_SECONDS, self.options.timeout)
            self._opened_site = YouTubeSite(base_url=self.options.feed_url, timeout=seconds, clock=self.clock, sleep=self.sleep)
        self._opened_site.meter(request.meter)
        return self._opened_site

    def _ask_feed(self, site: YouTubeSite | None, channel_id: str) -> tuple[str, tuple[RawPage, ...]]:
        """A digest of what the feed says of its videos, and the feed; empty where there is none: then the list is walked."""
        now = self.clock()
        if site is None or (self._feed_rests_until and now < self._feed_rests_until):
            return "", ()
        try:
            answer = site.feed(channel_id)
        except BudgetExhausted:
            raise
        except ParseError:
            return "", ()  # this channel's: others may have theirs
        except CrawlError:
            self._feed_rests_until = now + _FEED_REST
            return "", ()
        return hashlib.sha256(_UNSTEADY.sub(b"", answer.raw.body)).hexdigest(), (answer.raw,)

    def _walk(
        self, client: YouTubeClient, account: Account, channel: Channel, progress: Progress, sight: Sight, feed: str
    ) -> Generator[CrawledPage, None, Progress]:
        """Finish the walk that an earlier crawl left, then take one from the top; a page of broken videos is stepped over."""
        resumed = progress.walk is not None
        has_owner = bool(self._owner_token(channel.native_id))
        restarts_left = _RESTARTS
        for pages_left in reversed(range(self.options.max_pages)):
            walk = progress.walk or progress.begin(self.clock(), timedelta(days=self.options.reread_days))
            asked = walk.place
            listed, walk = self._list(client, channel, walk, may_restart=restarts_left > 0)
            restarts_left -= walk.place != asked
            shrank = listed.shrank_since(walk.place)
            if listed.onward and walk.place and listed.onward["token"] == walk.place["token"]:
                raise ParseError("YouTube leads from a page of uploads back to the same page")
            found = (
                look_up(client, account, channel.native_id, listed.wanted(walk.since)) if listed.wanted(walk.since) else None
            )
            page = read_page(listed, found)
            sight.add(page)
            progress, has_room = progress.keep(read=page.read, broken=page.broken)
            place = None if listed.is_all_before(walk.since) else listed.onward
            is_end = place is None
            seen = walk.seen + len(listed.times)
            count = channel.video_count if restarts_left == _RESTARTS else ""  # told before videos were deleted
            at_limit = is_end and walk.since is None and seen >= 0.97 * _REACHABLE
            missing = "" if at_limit or listed.onward else listed.missing(seen, count)
            has_gap = listed.nameless > 0 or not has_room or shrank or bool(missing and seen < max(listed.total, 1))
            walk = walk.past(listed.times, place, has_gap=has_gap)
            resting = "" if missing else feed  # of a list that is short of videos nothing is believed
            progress = progress.done(walk, feed=resting, count=channel.video_count) if is_end else replace(progress, walk=walk)
            if has_owner and found:
                fresh = {post.native_id: seconds(post.posted_at) if post.posted_at else 0 for post in found.posts}
                progress = replace(progress, captions=progress.captions.want(fresh))
            note = join(
                page.note,
                "platform window limit reached: YouTube shows no older videos" if at_limit else "",
                missing,
                "the list of uploads became shorter while it was read: videos may have been skipped" if shrank else "",
                stopped(more=not is_end, resumed=resumed, pages_left=pages_left),
            )
            yield CrawledPage(
                raw=(*listed.raw, *(found.raw if found else ())),
                posts=found.posts if found else (),
                gone=page.gone,
                cursor=progress.cursor(),
                note=note,
            )
            if is_end and not resumed:
                break
            resumed = resumed and not is_end
        return progress

    def _list(
        self, client: YouTubeClient, channel: Channel, walk: Walk[Place], *, may_restart: bool
    ) -> tuple[Listed, Walk[Place]]:
        """One page, and the walk as it was asked for: a token is an offset, and skips videos once the list became shorter."""
        try:
            answer = client.playlist(
                channel.uploads, size=self.options.page_size, token=walk.place["token"] if walk.place else ""
            )
            listed = parse_list(answer.json(), answer.raw)
            if not may_restart or not listed.shrank_since(walk.place):
                return listed, walk
        except Unseen:
            if channel.video_count not in {"", "0"}:
                raise
            return Listed(raw=()), walk  # a channel without a video has no list
        except Refused:
            if not walk.is_stored:
                raise
        answer = client.playlist(channel.uploads, size=self.options.page_size)
        return parse_list(answer.json(), answer.raw), walk.from_the_top()

    def _owner_token(self, channel_id: str) -> str:
        return words_of(self.options.owner_tokens.get(channel_id))

    def _read_captions(self, request: CrawlRequest, progress: Progress) -> Iterator[CrawledPage]:
        """New captions and stored ones. An owner's token that is refused costs the captions alone, and is told."""
        stored = [known for known in request.recheck if is_caption_id(known.native_id)]
        token = self._owner_token(progress.native_id)
        if not token:
            if stored:
                yield CrawledPage(
                    raw=(), note=f"no owner's token: {len(stored)} stored caption tracks were not looked at again"
                )
            return
        client = self._client(request, token, is_token=True)
        reader = CaptionReader(client=client, account=request.account, most=self.options.captions_a_night, clock=self.clock)
        try:
            yield from reader.look_again(stored)
            yield from reader.read_new(progress)
        except REFUSALS as refusal:
            yield CrawledPage(raw=(), note=f"captions were not read: the owner's token was refused ({type(refusal).__name__})")
        if reader.note:
            yield CrawledPage(raw=(), note=reader.note)


def _selector_of(account: Account, known_id: object) -> dict[str, str]:
    """What the channel is asked for by. Raises AccountNotFound."""
    return {"id": str(known_id)} if is_channel_id(known_id) else _selector(account.handle)


def _selector(handle: str) -> dict[str, str]:
    if is_channel_id(handle):
        return {"id": handle}
    if user := _USER.fullmatch(handle):
        return {"forUsername": user[1]}
    if _HANDLE.fullmatch(handle):
        return {"forHandle": handle}
    raise AccountNotFound("YouTube: a handle is '@name', a channel's id, or 'user/name' for a legacy user name")


def _handle(account: Account, channel: Channel) -> str | None:
    """The channel's handle as the account list writes it; where the list names it by id or user name, that is no rename."""
    if is_channel_id(account.handle) or "/" in account.handle:
        return account.handle
    told = channel.handle.removeprefix("@")
    return (f"@{told}" if account.handle.startswith("@") else told) if told else None
