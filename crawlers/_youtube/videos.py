"""The Data API's JSON in our words: a channel as a profile, an item of its uploads, a video as a post or as gone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import AccountNotFound, ParseError
from core.records import Account, GoneReason, Media, Post, PostType, Precision, Profile
from crawlers._strict import instant, link, mapping, objects, text

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}", re.ASCII)
_LIST_ID = re.compile(r"[A-Za-z0-9_-]{2,64}", re.ASCII)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(-[A-Za-z0-9-]{1,30})?", re.ASCII)
_LINK = re.compile(r"https?://[^\s<>\"'\[\]{}]+", re.IGNORECASE)
_MOST_LINKS = 100
_THUMBNAILS = ("maxres", "standard", "high", "medium", "default")  # largest first
_ETAG_LENGTH = 200
_REJECTED = {"uploaderAccountSuspended": GoneReason.SUSPENDED, "uploaderAccountClosed": GoneReason.DELETED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    native_id: str = field(repr=False)
    handle: str = field(repr=False)  # with its @, empty where the channel has none
    uploads: str = field(repr=False)  # id of the playlist of everything uploaded
    profile: Profile
    video_count: str  # of public videos, in YouTube's own digits; empty where it does not tell
    is_private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of the list of uploads. `at` is the later of the times when it was added and when it was made public."""

    video_id: str = field(repr=False)
    at: datetime | None
    is_hidden: bool  # the list itself says that the video can't be seen


def is_video_id(value: object) -> bool:
    return isinstance(value, str) and _VIDEO_ID.fullmatch(value) is not None


def is_channel_id(value: object) -> bool:
    return isinstance(value, str) and _CHANNEL_ID.fullmatch(value) is not None


def watch_url(video_id: str) -> str:
    return f"https://www.youtube.com/watch?v={video_id}"


def with_items(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer itself, if it holds a list of items. What isn't there is told by an empty list, never by none at all."""
    if not isinstance(answer.get("items"), list):
        raise ParseError("items: expected a list")
    return answer


def parse_channel(answer: Mapping[str, Any], known_id: str = "") -> Channel:
    """The one channel of an answer. Raises AccountNotFound for none, ParseError for what is no channel or another one."""
    items = objects(answer, "items")
    if not items:
        if not answer.keys() & {"kind", "pageInfo"}:  # of channels YouTube gives no list at all where it finds none
            with_items(answer)
        raise AccountNotFound("YouTube shows no such channel: it never was, was closed, hidden or terminated")
    item = items[0]
    native_id = item.get("id")
    if len(items) > 1 or not is_channel_id(native_id) or (known_id and native_id != known_id):
        raise ParseError("id: expected the one channel that was asked for")
    snippet = mapping(item, "snippet")
    uploads = mapping(mapping(item, "contentDetails"), "relatedPlaylists").get("uploads")
    if not isinstance(uploads, str) or not _LIST_ID.fullmatch(uploads):
        raise ParseError("uploads: expected the id of a playlist")
    count = mapping(item, "statistics").get("videoCount")
    bio = text(snippet, "description")
    return Channel(
        native_id=str(native_id),
        handle=text(snippet, "customUrl"),
        uploads=uploads,
        profile=Profile(
            display_name=text(snippet, "title"),
            bio=bio,
            url=f"https://www.youtube.com/channel/{native_id}",
            links=_links_in(bio),
            picture_url=_thumbnail(snippet),
        ),
        video_count=count if isinstance(count, str) and count.isdecimal() and len(count) < 20 else "",
        is_private=mapping(item, "status").get("privacyStatus") == "private",
    )


def parse_item(item: Mapping[str, Any]) -> Item:
    """Raises ParseError for a line without a video's id."""
    snippet, details = mapping(item, "snippet"), mapping(item, "contentDetails")
    video_id = details.get("videoId") or mapping(snippet, "resourceId").get("videoId")
    if not is_video_id(video_id):
        raise ParseError("videoId: expected a video's id")
    times = [instant(snippet, "publishedAt"), instant(details, "videoPublishedAt")]
    is_hidden = mapping(item, "status").get("privacyStatus") in ("private", "privacyStatusUnspecified")
    return Item(video_id=str(video_id), at=max((t for t in times if t), default=None), is_hidden=is_hidden)


def fate(item: Mapping[str, Any]) -> GoneReason | None:
    """Why a video that the API shows can't be watched, None where it can be, somewhere at least.

    A video that is blocked in some countries stays a post: it is public in the others, and its words are here to be read.
    """
    status = mapping(item, "status")
    upload = status.get("uploadStatus")
    if upload == "deleted":
        return GoneReason.DELETED
    if upload == "rejected":
        return _REJECTED.get(str(status.get("rejectionReason")), GoneReason.REMOVED)
    if upload == "failed":
        return GoneReason.UNAVAILABLE
    if status.get("privacyStatus") == "private":
        return GoneReason.PRIVATE
    allowed = mapping(mapping(item, "contentDetails"), "regionRestriction").get("allowed")
    return GoneReason.WITHHELD if allowed == [] else None  # an empty list allows no country


def is_anothers(item: Mapping[str, Any], channel_id: str) -> bool:
    """Raises ParseError where the video does not say whose it is."""
    owner = mapping(item, "snippet").get("channelId")
    if not is_channel_id(owner):
        raise ParseError("channelId: expected a channel's id")
    return owner != channel_id


def parse_video(item: Mapping[str, Any], account: Account) -> Post:
    """One video: uploads, shorts, live broadcasts and premieres alike. Raises ParseError."""
    native_id = item.get("id")
    snippet = mapping(item, "snippet")
    if not is_video_id(native_id) or "title" not in snippet:
        raise ParseError("id, snippet: expected a video")
    description = text(snippet, "description")
    posted_at = instant(snippet, "publishedAt")
    etag = text(item, "etag")[:_ETAG_LENGTH]
    return Post(
        platform=account.platform,
        account_id=account.id,
        native_id=str(native_id),
        url=watch_url(str(native_id)),
        type=PostType.VIDEO,
        title=text(snippet, "title"),
        text=description,
        lang=language(snippet.get("defaultLanguage"), snippet.get("defaultAudioLanguage")),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        revision=etag,
        links=_links_in(description),
        media=(
            Media(kind="video", native_key=str(native_id), url=watch_url(str(native_id))),
            *([Media(kind="image", native_key=f"{native_id}/thumbnail", url=shown)] if (shown := _thumbnail(snippet)) else []),
        ),
    )


def language(*told: object) -> str:
    """The primary subtag of the first language that is one; 'zxx' is YouTube's word for no speech at all."""
    for value in told:
        match = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
        if match and match[1].casefold() not in {"zxx", "und"}:
            return match[1].lower()
    return "und"


def _links_in(words: str) -> tuple[str, ...]:
    """Addresses in a description, which YouTube leaves as they were written."""
    found = (link({"url": match.rstrip(".,;:!?…" if "(" in match else ".,;:!?…)")}, "url") for match in _LINK.findall(words))
    return tuple(dict.fromkeys(filter(None, found)))[:_MOST_LINKS]


def _thumbnail(snippet: Mapping[str, Any]) -> str:
    thumbnails = snippet.get("thumbnails")
    if not isinstance(thumbnails, dict):
        return ""
    sizes = (thumbnails.get(name) for name in _THUMBNAILS)
    return next((address for size in sizes if isinstance(size, dict) and (address := link(size, "url"))), "")
