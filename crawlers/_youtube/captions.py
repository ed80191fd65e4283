"""What is said in videos: the caption tracks that a channel's owner lets us read, each kept as a post of its own.

A track has an id, an edit time and an end of its own, and costs 250 units where its video costs a fiftieth of one. Were its
words a part of the video's post, each cheap look at the video would seem to remove them. `native_id` is
`<video>/captions/<track>`, `url` the video's, `text` the words without their times.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import AccountPrivate, AuthError, ParseError, PermissionMissing
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, PostType, Precision, RawPage
from crawlers._strict import instant, mapping, objects
from crawlers._youtube.api import YouTubeClient
from crawlers._youtube.problems import Unseen
from crawlers._youtube.progress import Progress
from crawlers._youtube.videos import is_video_id, language, watch_url, with_items

MAX_TRANSCRIPT = 1_000_000  # code points; ten hours of quick talk
_WAIT = timedelta(days=7)  # for tracks to appear: YouTube's own need hours, people's need days
_TRACK_ID = re.compile(r"[A-Za-z0-9_=-]{1,200}", re.ASCII)
_TIMING = re.compile(r"\s*(\d+:)?\d{1,2}:\d\d[.,]\d{3}\s*-->.*")
_TAG = re.compile(r"</?[A-Za-z0-9][^<>\n]{0,200}>|<\d[\d:.]*>")
_UNFIT = re.compile("[\ud800-\udfff\x00]")


@dataclass(slots=True, kw_only=True)
class CaptionReader:
    """Reads the captions of one channel's videos, those of at most `most` videos in a crawl."""

    client: YouTubeClient
    account: Account
    most: int
    clock: Callable[[], datetime]
    unread: int = field(default=0, init=False)

    def read_new(self, progress: Progress) -> Iterator[CrawledPage]:
        """Captions that are due, oldest first. Each page's cursor says what is left. Raises what `refusals` names."""
        for video_id, posted_at in sorted(progress.captions.due.items(), key=lambda one: one[1]):
            if not self.most:
                self.unread += 1
                continue
            self.most -= 1
            found = self._read(video_id, {}, posted_at)
            is_final = bool(found.posts) or self.clock().timestamp() - posted_at > _WAIT.total_seconds()
            if is_final and not found.note:
                progress = replace(progress, captions=progress.captions.answered(video_id))
            yield replace(found, cursor=progress.cursor())

    def look_again(self, due: Sequence[KnownPost]) -> Iterator[CrawledPage]:
        """Stored tracks: changed, unchanged or gone."""
        by_video: dict[str, dict[str, KnownPost]] = defaultdict(dict)
        for known in due:
            by_video[video_of(known.native_id)][known.native_id] = known
        for video_id, tracks in by_video.items():
            if not self.most:
                self.unread += 1
                continue
            self.most -= 1
            times = [int(known.posted_at.timestamp()) for known in tracks.values() if known.posted_at]
            yield self._read(video_id, tracks, min(times, default=0))

    def _read(self, video_id: str, stored: Mapping[str, KnownPost], posted_at: int) -> CrawledPage:
        raws: list[RawPage] = []
        try:
            listed = self.client.captions(video_id)
        except Unseen as unseen:  # the video itself is gone, and its captions with it
            gone = tuple(Gone(native_id=one, reason=GoneReason.UNAVAILABLE) for one in stored)
            return CrawledPage(raw=(unseen.raw,) if unseen.raw else (), gone=gone)
        raws.append(listed.raw)
        posts: list[Post] = []
        verified: list[str] = []
        shown: set[str] = set()
        broken = 0
        for item in objects(with_items(listed.json()), "items"):
            try:
                track = parse_track(item, video_id)
                if not track.is_public:
                    continue
                shown.add(track.native_id)
                known = stored.get(track.native_id)
                if not track.is_ready or (known and known.revision == track.revision):
                    verified += [track.native_id] if known else []
                    continue
                answer = self.client.caption(track.track_id)
                raws.append(answer.raw)
                words = words_of(answer.raw.body)
                posts += [track.post(self.account, words, posted_at)] if words or known else []
            except (ParseError, Unseen):
                broken += 1
        # a track that its video's owner is not shown does not exist any more
        gone = (
            ()
            if broken
            else tuple(Gone(native_id=one, reason=GoneReason.DELETED, definite=True) for one in stored if one not in shown)
        )
        note = f"{broken} caption track{'' if broken == 1 else 's'} not understood" if broken else ""
        return CrawledPage(raw=tuple(raws), posts=tuple(posts), gone=gone, verified=tuple(verified), note=note)

    @property
    def note(self) -> str:
        return f"the captions of {self.unread} videos wait for another night" if self.unread else ""


REFUSALS = (AuthError, PermissionMissing, AccountPrivate)  # an owner's token that is dead or may not: the API key still lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    native_id: str = field(repr=False)
    track_id: str = field(repr=False)
    video_id: str = field(repr=False)
    lang: str
    edited_at: datetime | None
    revision: str = field(repr=False)
    is_public: bool  # no draft
    is_ready: bool  # its words are there

    def post(self, account: Account, words: str, posted_at: int) -> Post:
        return Post(
            platform=account.platform,
            account_id=account.id,
            native_id=self.native_id,
            url=watch_url(self.video_id),
            type=PostType.VIDEO,
            text=words,
            lang=self.lang,
            posted_at=datetime.fromtimestamp(posted_at, UTC) if posted_at > 0 else None,
            posted_at_precision=Precision.EXACT if posted_at > 0 else Precision.UNKNOWN,
            edited_at=self.edited_at,
            revision=self.revision,
        )


def is_caption_id(native_id: str) -> bool:
    parts = native_id.split("/")
    return len(parts) == 3 and is_video_id(parts[0]) and parts[1] == "captions" and bool(_TRACK_ID.fullmatch(parts[2]))


def video_of(native_id: str) -> str:
    """The video of a caption track."""
    return native_id.partition("/")[0]


def parse_track(item: Mapping[str, Any], video_id: str) -> Track:
    """A track of this video. Raises ParseError."""
    snippet = mapping(item, "snippet")
    track_id, status = item.get("id"), snippet.get("status")
    if not isinstance(track_id, str) or not _TRACK_ID.fullmatch(track_id) or snippet.get("videoId") != video_id:
        raise ParseError("id: expected a caption track of the video")
    edited_at = instant(snippet, "lastUpdated")
    if edited_at is None:
        raise ParseError("lastUpdated: expected a time")
    return Track(
        native_id=f"{video_id}/captions/{track_id}",
        track_id=track_id,
        video_id=video_id,
        lang=language(snippet.get("language")),
        edited_at=edited_at,
        revision=edited_at.isoformat(),
        is_public=snippet.get("isDraft") is not True,
        is_ready=status == "serving",
    )


def words_of(body: bytes) -> str:
    """The words of a WebVTT or SubRip file: cues without their times, numbers and marks. Raises ParseError."""
    try:
        whole = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        whole = ""
    if "-->" not in whole or len(whole) > 4 * MAX_TRANSCRIPT:
        raise ParseError("expected captions")
    spoken = _UNFIT.sub("\ufffd", "\n".join(_spoken(re.split(r"\r\n|\r|\n", whole))))
    if len(spoken) > MAX_TRANSCRIPT:
        raise ParseError("expected fewer words in captions")
    return spoken


def _spoken(lines: Iterable[str]) -> Iterator[str]:
    """Lines between a timing and the next empty line; rolling captions repeat the line before, which is dropped."""
    in_cue, last = False, ""
    for line in lines:
        if _TIMING.fullmatch(line):
            in_cue = True
        elif not line.strip():
            in_cue = False
        elif in_cue:
            words = html.unescape(_TAG.sub("", line)).strip()
            if words and words != last:
                yield words
                last = words
