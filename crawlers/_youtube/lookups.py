"""Videos looked up by id: those of a page of uploads, those not understood earlier, stored ones that are due.

A video that is missing from the answer is deleted, private or terminated: YouTube does not say which, so that it takes a second
look by another path. oEmbed, which is keyless, tells a little more; without it the list of uploads is asked for the one video.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import BudgetExhausted, CrawlError, ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._notes import join
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import not_understood, objects
from crawlers._youtube.api import MAX_IDS, YouTubeClient, YouTubeSite
from crawlers._youtube.problems import Unseen
from crawlers._youtube.progress import Progress
from crawlers._youtube.videos import Channel, fate, is_anothers, parse_item, parse_video, watch_url, with_items

LOOKUP, OEMBED, PLAYLIST = "lookup", "oembed", "playlist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of the videos asked for. Each of them is in one of these."""

    raw: tuple[RawPage, ...]
    posts: tuple[Post, ...] = ()
    gone: tuple[Gone, ...] = ()
    broken: tuple[str, ...] = field(default=(), repr=False)  # there, but not understood
    absent: tuple[str, ...] = field(default=(), repr=False)
    foreign: tuple[str, ...] = field(default=(), repr=False)  # another channel's


def look_up(client: YouTubeClient, account: Account, channel_id: str, ids: Sequence[str]) -> Found:
    """At most MAX_IDS videos."""
    answer = client.videos(ids)
    items: dict[str, Any] = {}
    for item in with_items(answer.json())["items"]:
        native_id = item.get("id") if isinstance(item, dict) else None
        if isinstance(native_id, str):
            items.setdefault(native_id, item)
    posts: list[Post] = []
    gone: list[Gone] = []
    broken: list[str] = []
    foreign: list[str] = []
    for native_id in (one for one in ids if one in items):
        try:
            if reason := fate(items[native_id]):
                gone.append(Gone(native_id=native_id, reason=reason, definite=True, path=LOOKUP))
            elif is_anothers(items[native_id], channel_id):
                foreign.append(native_id)
            else:
                posts.append(parse_video(items[native_id], account))
        except ParseError:
            broken.append(native_id)
    return Found(
        raw=(answer.raw,),
        posts=tuple(posts),
        gone=tuple(gone),
        broken=tuple(broken),
        absent=tuple(one for one in ids if one not in items),
        foreign=tuple(foreign),
    )


def catch_up(
    client: YouTubeClient, account: Account, progress: Progress, overdue: Sequence[str]
) -> Generator[CrawledPage, None, Progress]:
    """Look up what was not understood. The cursor of each page holds what is still outstanding; returns the last one's."""
    for start in range(0, len(overdue), MAX_IDS):
        asked = overdue[start : start + MAX_IDS]
        found = look_up(client, account, progress.native_id, asked)
        progress, _ = progress.keep(read={*asked} - {*found.broken}, broken=())
        note = join(still_outstanding(len(found.broken)), never_read(len(found.absent) + len(found.gone)))
        yield CrawledPage(raw=found.raw, posts=found.posts, cursor=progress.cursor(), note=note)
    return progress


def look_again(
    client: YouTubeClient, site: YouTubeSite | None, account: Account, channel: Channel, due: Sequence[KnownPost]
) -> Iterator[CrawledPage]:
    """What became of stored videos. Those missing a second time are looked for by the other path."""
    missed_before = {known.native_id for known in due if known.missing_path == LOOKUP}
    ids = [known.native_id for known in due]
    for start in range(0, len(ids), MAX_IDS):
        found = look_up(client, account, channel.native_id, ids[start : start + MAX_IDS])
        first = [one for one in found.absent if one not in missed_before]
        gone = [*found.gone, *(Gone(native_id=one, reason=GoneReason.UNAVAILABLE, path=LOOKUP) for one in first)]
        moved = len(found.foreign)
        yield CrawledPage(
            raw=found.raw,
            posts=found.posts,
            gone=tuple(gone),
            verified=found.broken,  # not understood, but there
            note=join(not_understood(len(found.broken)), f"{moved} stored posts are another channel's now" if moved else ""),
        )
        for one in (one for one in found.absent if one in missed_before):
            yield _look_elsewhere(client, site, channel, one)


def _look_elsewhere(client: YouTubeClient, site: YouTubeSite | None, channel: Channel, video_id: str) -> CrawledPage:
    if site:
        try:
            answer = site.embedded(watch_url(video_id))
        except BudgetExhausted:
            raise
        except CrawlError:
            pass  # it is a courtesy of YouTube's; the list of uploads is there too
        else:
            return _told_by_oembed(answer.raw, video_id)
    items = []
    try:
        listed = client.in_playlist(channel.uploads, video_id)
        items = [parse_item(item) for item in objects(with_items(listed.json()), "items")]
        raw: RawPage | None = listed.raw
    except Unseen as unseen:  # not even the list
        raw = unseen.raw
    if any(item.video_id == video_id and not item.is_hidden for item in items):
        # the list may run late, and is no place where a video can be watched: neither gone nor verified
        return CrawledPage(raw=(raw,) if raw else (), note="1 stored post is listed, but its lookup does not show it")
    gone = Gone(native_id=video_id, reason=GoneReason.PRIVATE if items else GoneReason.UNAVAILABLE, path=PLAYLIST)
    return CrawledPage(raw=(raw,) if raw else (), gone=(gone,))


def _told_by_oembed(raw: RawPage, video_id: str) -> CrawledPage:
    if raw.status == 200:
        note = "1 stored post can be watched, but its lookup does not show it"
        return CrawledPage(raw=(raw,), verified=(video_id,), note=note)
    # 401 and 403 may mean that embedding is off; but a public video with that would have been found by its id
    reason = GoneReason.PRIVATE if raw.status in {401, 403} else GoneReason.UNAVAILABLE
    return CrawledPage(raw=(raw,), gone=(Gone(native_id=video_id, reason=reason, path=OEMBED),))
