"""TikTok videos looked up by id: stored ones that are due for another look, and those an earlier night did not understand.

A lookup gives the account's own public videos and leaves the others out: deleted, made private and removed look the same. So a
video that is missing needs a second sighting, and the listing at its own time is the other path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._notes import join
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import mapping, not_understood
from crawlers._tiktok.client import MAX_COUNT, MAX_IDS, DisplayClient
from crawlers._tiktok.videos import parse_video, seconds_of
from crawlers._walk import Progress, seconds

LOOKUP, LISTING = "lookup", "listing"


def videos_in(document: dict[str, Any]) -> list[Any]:
    """The videos of an answer. Raises ParseError where it holds no list of them: that is no empty one."""
    items = mapping(document, "data").get("videos")
    if not isinstance(items, list):
        raise ParseError("TikTok answered without a list of videos")
    return items


def look_again(client: DisplayClient, account: Account, due: Sequence[KnownPost]) -> Iterator[CrawledPage]:
    """What became of stored videos. One that the lookup missed before is looked for in the listing."""
    elsewhere = [one for one in due if one.missing_path == LOOKUP and one.posted_at is not None]
    together = [one.native_id for one in due if one not in elsewhere]
    for raw, asked, items in _lookups(client, together):
        posts, broken = _read(asked, items, account)
        missing = [one for one in asked if one not in items]
        yield CrawledPage(
            raw=(raw,),
            posts=tuple(posts),
            gone=tuple(Gone(native_id=one, reason=GoneReason.UNAVAILABLE, path=LOOKUP) for one in missing),
            verified=tuple(broken),  # not understood, but there
            note=not_understood(len(broken)),
        )
    for known in elsewhere:
        yield _in_the_listing(client, account, known)


def _in_the_listing(client: DisplayClient, account: Account, known: KnownPost) -> CrawledPage:
    made_at = seconds(known.posted_at) if known.posted_at else 0
    answer = client.videos(before=(made_at + 1) * 1000, count=MAX_COUNT)
    document = answer.json()
    listed = videos_in(document)
    items = {item["id"]: item for item in listed if isinstance(item, dict) and isinstance(item.get("id"), str)}
    posts, broken = _read([known.native_id], items, account)
    gone: tuple[Gone, ...] = ()
    note = not_understood(len(broken))
    if known.native_id not in items:
        if mapping(document, "data").get("has_more") is False or any(_is_older(item, made_at) for item in listed):
            gone = (Gone(native_id=known.native_id, reason=GoneReason.UNAVAILABLE, path=LISTING),)
        else:
            note = "TikTok's listing says nothing of a looked-up video"
    return CrawledPage(raw=(answer.raw,), posts=tuple(posts), gone=gone, verified=tuple(broken), note=note)


def _is_older(item: Any, made_at: int) -> bool:
    try:
        return isinstance(item, dict) and seconds_of(item) < made_at
    except ParseError:
        return False


def catch_up(client: DisplayClient, account: Account, progress: Progress[int], overdue: Sequence[str]) -> Iterator[CrawledPage]:
    """Look up what was not understood. The cursor of each page holds what is still outstanding."""
    for raw, asked, items in _lookups(client, overdue):
        posts, broken = _read(asked, items, account)
        lost = {one for one in asked if one not in items}
        progress, _ = progress.keep(read=lost | {post.native_id for post in posts}, broken=())
        note = join(still_outstanding(len(broken)), never_read(len(lost)))
        yield CrawledPage(raw=(raw,), posts=tuple(posts), cursor=progress.cursor(), note=note)


def _read(asked: Sequence[str], items: dict[str, Any], account: Account) -> tuple[list[Post], list[str]]:
    """The posts that were asked for and came, and the ids of those that came and were not understood."""
    posts: list[Post] = []
    broken: list[str] = []
    for native_id in asked:
        if native_id in items:
            try:
                posts.append(parse_video(items[native_id], account))
            except ParseError:
                broken.append(native_id)
    return posts, broken


def _lookups(client: DisplayClient, ids: Sequence[str]) -> Iterator[tuple[RawPage, Sequence[str], dict[str, Any]]]:
    """Evidence, the ids asked for, and what came by id. Raises ParseError where something came that tells no id."""
    for start in range(0, len(ids), MAX_IDS):
        asked = ids[start : start + MAX_IDS]
        answer = client.lookup(asked)
        listed = videos_in(answer.json())
        if not all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in listed):
            raise ParseError("TikTok answered a lookup with videos that tell no id")
        yield answer.raw, asked, {item["id"]: item for item in listed}
