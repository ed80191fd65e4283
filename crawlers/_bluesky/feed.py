"""The feed of an account as the AppView shows it, for when its repository can't be read.

Newest first, back behind a trailing window in which edits are looked for. Stored posts that are due are looked up by address;
one that the AppView leaves out takes a second sighting, by its thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Media, Post, RawPage
from crawlers._bluesky.api import Refused, Server, models
from crawlers._bluesky.posts import (
    POST,
    REPOST,
    Context,
    claimed_time,
    is_own,
    parse_post,
    parse_repost,
    parse_uri,
    unread_embeds,
)
from crawlers._bluesky.progress import FeedWalk, Progress, is_place
from crawlers._bluesky.views import context_of, embedded, look_up
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import link, mapping, not_understood, objects

_PAGE = 100  # items of one answer, the most there is
_REMOVED = {"!takedown", "!hide"}


@dataclass(slots=True)
class _Page:
    """A page of the feed, read."""

    posts: list[Post] = field(default_factory=list)
    broken: int = 0
    broken_ids: list[str] = field(default_factory=list)
    unread: int = 0
    times: list[datetime] = field(default_factory=list)  # by which the feed is ordered


class Feed:
    """Reads one account through the AppView alone."""

    def __init__(
        self,
        *,
        appview: Server,
        account: Account,
        recheck: Sequence[KnownPost],
        max_pages: int,
        reread: timedelta,
        now: datetime,
    ) -> None:
        self._appview = appview
        self._account = account
        self._recheck = recheck
        self._max_pages = max_pages
        self._reread = reread
        self._now = now

    def read(self, progress: Progress) -> Iterator[CrawledPage]:
        """Finish an earlier crawl's walk, take one from the top, then look up what is due and what was not understood."""
        seen: set[str] = set()
        earlier, broken_now = progress.outstanding, set[str]()
        resumed = progress.feed is not None
        for pages_left in reversed(range(self._max_pages)):
            walk = progress.feed or progress.begin_feed(self._now, self._reread)
            raw, document, walk = self._ask(progress.did, walk)
            page = self._parse_page(document, progress.did)
            place = _place(document, walk)
            if walk.since is not None and page.times and max(page.times).timestamp() < walk.since:
                place = ""
            seen.update(post.native_id for post in page.posts)
            broken_now.update(page.broken_ids)
            progress, has_room = progress.keep(read={post.native_id for post in page.posts}, broken=page.broken_ids)
            walk = replace(
                walk,
                place=place,
                newest=max([walk.newest, *(int(moment.timestamp()) for moment in page.times)]),
                has_gaps=walk.has_gaps or not has_room or page.broken > len(page.broken_ids),
            )
            progress = replace(progress, feed=walk) if place else progress.finish_feed(walk, self._now)
            notes = [
                not_understood(page.broken),
                f"{page.unread} embed{'' if page.unread == 1 else 's'} of an unknown kind not read" if page.unread else "",
                "page limit reached: the next crawl goes on here" if not pages_left and (place or resumed) else "",
            ]
            yield CrawledPage(
                raw=(raw,), posts=tuple(page.posts), cursor=progress.cursor(), note="; ".join(filter(None, notes))
            )
            if not place and not resumed:
                break
            resumed = resumed and bool(place)
        overdue = [one for one in progress.outstanding if one in earlier and one not in broken_now]
        yield from self._catch_up(progress, overdue)
        yield from self._look_again([one for one in self._recheck if one.native_id not in seen], progress.did)

    def _ask(self, did: str, walk: FeedWalk) -> tuple[RawPage, dict[str, Any], FeedWalk]:
        """One page, and the walk as it was asked for: the AppView may not know the place of an earlier day."""
        for one in (walk, replace(walk, place="")):
            params = models.AppBskyFeedGetAuthorFeed.Params(
                actor=did, limit=_PAGE, filter="posts_with_replies", include_pins=False, cursor=one.place or None
            )
            try:
                answer = self._appview.query("app.bsky.feed.getAuthorFeed", params)
            except Refused as refused:
                if refused.what != "stale cursor" or not one.place:
                    raise
                continue
            return answer.raw, answer.json(), one
        raise ParseError("Bluesky does not take the question for a feed")

    def _parse_page(self, document: Mapping[str, Any], did: str) -> _Page:
        items = document.get("feed")
        if not isinstance(items, list):
            raise ParseError("Bluesky answered without a feed")
        page = _Page()
        for item in items:
            try:
                self._parse_item(item, did, page)
            except (ParseError, AttributeError):
                page.broken += 1
                page.broken_ids += _own_addresses(item, did)
        return page

    def _parse_item(self, item: Mapping[str, Any], did: str, page: _Page) -> None:
        """Raises ParseError or AttributeError for what is no item of a feed."""
        view, reason = mapping(item, "post"), mapping(item, "reason")
        if str(reason.get("$type")).endswith("#reasonRepost"):
            if mapping(reason, "by").get("did") != did:
                return
            address, moment = reason.get("uri"), claimed_time(reason.get("indexedAt"))
            found = context_of(view)
            if not is_own(address, did) or found is None or moment is None:
                raise ParseError("reason: expected a repost with its address and time")
            record = {"$type": REPOST, "subject": {"uri": found[0]}}
            page.posts.append(
                parse_repost(
                    str(address),
                    reason.get("cid"),
                    record,
                    self._account,
                    now=self._now,
                    indexed_at=moment,
                    contexts=dict([found]),
                )
            )
        elif mapping(view, "author").get("did") == did:
            contexts = embedded(view)
            found = context_of(mapping(mapping(item, "reply"), "parent"))
            post, moment = self._parse_view(view, did, contexts | (dict([found]) if found else {}))
            page.posts.append(post)
            page.unread += unread_embeds(mapping(view, "record"))
        else:
            return
        page.times.append(moment)

    def _parse_view(self, view: Mapping[str, Any], did: str, contexts: Mapping[str, Context]) -> tuple[Post, datetime]:
        """A post and when the AppView has put it in its order. Raises ParseError."""
        address, indexed_at = view.get("uri"), claimed_time(view.get("indexedAt"))
        if not is_own(address, did) or indexed_at is None:
            raise ParseError("post: expected a post of the account with its address and time")
        record = mapping(view, "record")
        post = parse_post(
            str(address),
            view.get("cid"),
            record,
            self._account,
            now=self._now,
            indexed_at=indexed_at,
            contexts=contexts,
        )
        moment = min(indexed_at, claimed_time(record.get("createdAt")) or indexed_at)
        return replace(post, media=tuple(_addressed(post.media, view))), moment

    def _look_again(self, due: Sequence[KnownPost], did: str) -> Iterator[CrawledPage]:
        posts_due = {one.native_id: one for one in due if is_own(one.native_id, did) and "/" + POST + "/" in one.native_id}
        second = [one for one, known in posts_due.items() if known.missing_path == "lookup"]
        for raw, asked, views in look_up(self._appview, [one for one in posts_due if one not in second]):
            posts: list[Post] = []
            verified: list[str] = []
            gone: list[Gone] = []
            by_address = {view.get("uri"): view for view in views}
            for address in asked:
                view = by_address.get(address)
                if view is None:
                    gone.append(Gone(native_id=address, reason=GoneReason.UNAVAILABLE, path="lookup"))
                elif _is_removed(view, did):
                    gone.append(Gone(native_id=address, reason=GoneReason.REMOVED, definite=True, path="lookup"))
                else:
                    self._add(view, did, posts, verified)
            note = not_understood(len(verified))
            yield CrawledPage(raw=(raw,), posts=tuple(posts), verified=tuple(verified), gone=tuple(gone), note=note)
        for address in second:
            yield self._by_thread(address, did)

    def _by_thread(self, address: str, did: str) -> CrawledPage:
        """The second way to look for a post that a lookup left out."""
        params = models.AppBskyFeedGetPostThread.Params(uri=address, depth=0, parent_height=0)
        gone = (Gone(native_id=address, reason=GoneReason.UNAVAILABLE, path="thread"),)
        try:
            answer = self._appview.query("app.bsky.feed.getPostThread", params)
        except Refused as refused:
            if refused.what != "missing":
                raise
            return CrawledPage(raw=(refused.raw,), gone=gone)
        thread = mapping(answer.json(), "thread")
        view = mapping(thread, "post")
        if view.get("uri") != address:
            return CrawledPage(raw=(answer.raw,), gone=gone if thread.get("notFound") is True else ())
        posts: list[Post] = []
        verified: list[str] = []
        self._add(view, did, posts, verified)
        return CrawledPage(raw=(answer.raw,), posts=tuple(posts), verified=tuple(verified), note=not_understood(len(verified)))

    def _add(self, view: Mapping[str, Any], did: str, posts: list[Post], verified: list[str]) -> None:
        try:
            posts.append(self._parse_view(view, did, embedded(view))[0])
        except ParseError:
            verified.append(str(view.get("uri")))  # not understood, but there

    def _catch_up(self, progress: Progress, overdue: Sequence[str]) -> Iterator[CrawledPage]:
        """Look up what an earlier night did not understand; a repost can't be looked up and waits for the repository."""
        wanted = [one for one in overdue if (uri := parse_uri(one)) and uri.collection == POST]
        for raw, asked, views in look_up(self._appview, wanted):
            by_address = {view.get("uri"): view for view in views}
            posts: list[Post] = []
            broken: list[str] = []
            lost = {address for address in asked if address not in by_address}
            for address in asked:
                if address not in lost:
                    self._add(by_address[address], progress.did, posts, broken)
            progress, _ = progress.keep(read={post.native_id for post in posts} | lost, broken=[])
            notes = [still_outstanding(len(broken)), never_read(len(lost))]
            yield CrawledPage(raw=(raw,), posts=tuple(posts), cursor=progress.cursor(), note="; ".join(filter(None, notes)))


def _place(document: Mapping[str, Any], walk: FeedWalk) -> str:
    """Where the next page begins, empty on the last one. Raises ParseError."""
    place = document.get("cursor")
    if not place:
        return ""
    if not is_place(place) or place == walk.place:
        raise ParseError("cursor: expected where the next page begins, as text, and not the same page")
    return place


def _own_addresses(item: Any, did: str) -> list[str]:
    """The address of a broken item, where it still tells one of the account's own."""
    told = [item.get("reason"), item.get("post")] if isinstance(item, dict) else []
    return [one["uri"] for one in told if isinstance(one, dict) and is_own(one.get("uri"), did)][:1]


def _is_removed(view: Mapping[str, Any], did: str) -> bool:
    """Whether moderators, and not the author, have hidden a post."""
    labels = view.get("labels")
    return isinstance(labels, list) and any(
        isinstance(one, dict) and one.get("src") != did and one.get("val") in _REMOVED and one.get("neg") is not True
        for one in labels
    )


def _addressed(media: Sequence[Media], view: Mapping[str, Any]) -> Iterator[Media]:
    """Pictures with the address under which the AppView shows them."""
    embed = view.get("embed")
    shown = embed.get("media", embed) if isinstance(embed, dict) else {}
    try:
        pictures = objects(shown, "images") or objects(shown, "items") if isinstance(shown, dict) else []
    except ParseError:
        pictures = []
    addresses = [link(one, "fullsize") for one in pictures]
    for one in media:
        yield replace(one, url=next((address for address in addresses if one.native_key in address), one.url))
