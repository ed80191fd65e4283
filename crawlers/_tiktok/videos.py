"""TikTok's JSON in our words: an account as a profile, and its videos.

A video's words are its caption; what is said or shown in it is not told. Cover addresses are signed and expire after hours, so
that a video is known by its id. TikTok tells no time of an edit: storage finds edits by comparing contents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from core.errors import ParseError
from core.records import Account, Media, Post, PostType, Precision, Profile
from crawlers._strict import digits, link, link_on, text

USER_FIELDS = "open_id,union_id,avatar_url,display_name,bio_description,profile_deep_link,is_verified,username"
VIDEO_FIELDS = (
    "id,title,video_description,create_time,share_url,cover_image_url,duration,height,width,"
    "like_count,comment_count,share_count,view_count"
)
_HANDLE = re.compile(r"[\w.]{1,64}")
_OPEN_ID = re.compile(r"[A-Za-z0-9._-]{4,128}", re.ASCII)
_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2100))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`native_id` is the open_id: one account's own name within our application."""

    native_id: str = field(repr=False)
    handle: str | None = field(repr=False)  # None where TikTok tells a name that is none
    profile: Profile


def parse_user(item: Mapping[str, Any]) -> User:
    """Raises ParseError for what is no account."""
    native_id, handle = item.get("open_id"), text(item, "username")
    if not isinstance(native_id, str) or not _OPEN_ID.fullmatch(native_id):
        raise ParseError("open_id: expected an account's id")
    if not handle:
        raise ParseError("username: expected the account's handle")
    return User(
        native_id=native_id,
        handle=handle if _HANDLE.fullmatch(handle) else None,
        profile=Profile(
            display_name=text(item, "display_name"),
            bio=text(item, "bio_description"),
            url=link(item, "profile_deep_link"),
            picture_url=link(item, "avatar_url"),
        ),
    )


def seconds_of(item: Mapping[str, Any]) -> int:
    """When a video was made, in seconds since 1970. Raises ParseError."""
    value = item.get("create_time")
    if isinstance(value, int) and not isinstance(value, bool) and _FIRST <= value < _LAST:
        return value
    raise ParseError("create_time: expected seconds since 1970")


def parse_video(item: Mapping[str, Any], account: Account) -> Post:
    """One video. Raises ParseError when it is not what TikTok promises."""
    native_id = digits(item, "id")
    caption, title = text(item, "video_description"), text(item, "title")
    cover = link(item, "cover_image_url")
    media = [Media(kind="video", native_key=native_id)]
    if cover:
        media.append(Media(kind="image", native_key=f"{native_id} cover", url=cover))
    return Post(
        platform="tiktok",
        account_id=account.id,
        native_id=native_id,
        url=_permalink(item),
        type=PostType.VIDEO,
        title="" if not caption or caption.startswith(title) else title,  # TikTok often repeats the caption, cut short
        text=caption or title,
        posted_at=datetime.fromtimestamp(seconds_of(item), UTC),
        posted_at_precision=Precision.EXACT,
        media=tuple(media),
    )


def _permalink(item: Mapping[str, Any]) -> str:
    """TikTok's own address without what it adds for counting."""
    parts = urlsplit(link_on(item, "share_url", "tiktok.com"))
    return f"https://{parts.hostname}{parts.path}" if parts.hostname else ""
