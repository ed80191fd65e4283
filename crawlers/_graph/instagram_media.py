"""Instagram's JSON in our words: a professional account as a profile, and its media with their children as posts.

Addresses of pictures are signed anew at every answer: media is known by its id. Instagram tells no time of an edit, leaves a
hidden like count out, and leaves out the address of a video with licensed sound or whose owner allows no downloads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ParseError
from core.records import Account, Media, Post, PostType, Precision, Profile
from crawlers._found import Found, find_posts
from crawlers._graph.client import Place
from crawlers._strict import digits, instant, is_digits, link, link_on, mapping, objects, text

PROFILE_FIELDS = "id,username,name,biography,website,profile_picture_url,followers_count,media_count"
_USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}", re.ASCII)
_CURSOR = re.compile(r"[A-Za-z0-9+/=_-]{1,1000}", re.ASCII)  # it goes into an expression: nothing may end it early
_TYPES = {"IMAGE": PostType.IMAGE, "CAROUSEL_ALBUM": PostType.IMAGE, "VIDEO": PostType.VIDEO, "AUDIO": PostType.NOTE}
_MAX_CHILDREN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """A business or creator account as business discovery shows it."""

    native_id: str = field(repr=False)
    username: str = field(repr=False)
    media_count: int | None  # as Instagram counts, None where it does not tell
    profile: Profile


def is_username(value: str) -> bool:
    return _USERNAME.fullmatch(value) is not None


def _media_fields(*, alt_text: bool) -> str:
    alt = ",alt_text" if alt_text else ""
    return (
        "id,caption,media_type,media_product_type,permalink,timestamp,like_count,comments_count,media_url,thumbnail_url,username"
        f"{alt},children{{id,media_type,media_url,thumbnail_url{alt}}}"
    )


def profile_question(username: str) -> str:
    return f"business_discovery.username({username}){{{PROFILE_FIELDS}}}"


def media_question(username: str, *, limit: int, after: str, alt_text: bool) -> str:
    """One page of media: the cursor stands inside of the field expansion.

    Raises:
        ParseError: the cursor is none that can stand there.
    """
    if after and not _CURSOR.fullmatch(after):
        raise ParseError("Instagram: a page's cursor that can't be one")
    place = f".after({after})" if after else ""
    media = f"media.limit({limit}){place}{{{_media_fields(alt_text=alt_text)}}}"
    return f"business_discovery.username({username}){{id,media_count,{media}}}"


def parse_professional(document: Mapping[str, Any]) -> Professional:
    """Raises ParseError for what is no answer of business discovery."""
    node = _discovered(document)
    username = text(node, "username")
    if not is_username(username):
        raise ParseError("username: expected a user name")
    website, count = link(node, "website"), node.get("media_count")
    return Professional(
        native_id=digits(node, "id"),
        username=username,
        media_count=count if isinstance(count, int) and not isinstance(count, bool) else None,
        profile=Profile(
            display_name=text(node, "name"),
            bio=text(node, "biography"),
            url=f"https://www.instagram.com/{username}/",
            links=(website,) if website else (),
            picture_url=link(node, "profile_picture_url"),
        ),
    )


def parse_media_page(document: Mapping[str, Any], account: Account, native_id: str) -> tuple[Found, Place | None]:
    """The posts of one page and the place of the next, empty on the last one.

    Raises:
        ParseError: it is no page of this account's media.
    """
    node = _discovered(document)
    if digits(node, "id") != native_id:
        raise ParseError("Instagram answered with another account's media")
    media = mapping(node, "media")
    if not media and node.get("media_count") == 0:  # an account without media has no such key
        return Found(), None
    found = find_posts(media.get("data"), lambda item: parse_media(item, account), is_id=is_digits)
    after = mapping(mapping(media, "paging"), "cursors").get("after")
    if after is None or not media["data"]:
        return found, None
    if not isinstance(after, str) or not _CURSOR.fullmatch(after):
        raise ParseError("Instagram says that a page follows, but not where")
    return found, {"after": after}


def parse_media(item: dict[str, Any], account: Account) -> Post:
    """One post. Raises ParseError when its id, caption, time, type or children are not what Instagram promises."""
    native_id, posted_at, kind = digits(item, "id"), instant(item, "timestamp"), item.get("media_type")
    if posted_at is None:
        raise ParseError("timestamp: expected a time")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ParseError("media_type: expected one of Instagram's")
    children = objects(mapping(item, "children"), "data")[:_MAX_CHILDREN]
    return Post(
        platform="instagram",
        account_id=account.id,
        native_id=native_id,
        url=link_on(item, "permalink", "instagram.com"),
        type=_TYPES[kind],
        text=text(item, "caption"),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT,
        media=tuple(_media(children or [item])),
    )


def _discovered(document: Mapping[str, Any]) -> dict[str, Any]:
    node = mapping(document, "business_discovery")
    if not node:
        raise ParseError("Instagram answered without the account that was asked for")
    return node


def _media(items: Iterable[Mapping[str, Any]]) -> Iterable[Media]:
    for item in items:
        yield Media(
            kind="video" if item.get("media_type") == "VIDEO" else "image",
            native_key=digits(item, "id"),
            url=link(item, "media_url") or link(item, "thumbnail_url"),
            alt_text=text(item, "alt_text"),
        )
