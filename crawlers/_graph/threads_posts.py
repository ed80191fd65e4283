"""Threads' JSON in our words: profiles, and posts with what they quote, repeat or answer.

Addresses of pictures are signed anew at every answer: media is known by its id. Threads tells no time of an edit. A repost is a
post of its own kind (REPOST_FACADE) with the original beside it; a poll's options are part of what a reader sees.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import ParseError
from core.records import Account, Media, Post, PostType, Precision, Profile, Reference
from crawlers._found import Found, find_posts
from crawlers._graph.client import Place, onward
from crawlers._strict import digits, instant, is_digits, link, link_on, mapping, objects, text

OWN_PROFILE_FIELDS = "id,username,name,threads_profile_picture_url,threads_biography"
_REFERENCE = "{id,permalink,username,text}"
_FIELDS = (
    "id",
    "media_product_type",
    "media_type",
    "media_url",
    "permalink",
    "username",
    "text",
    "timestamp",
    "shortcode",
    "thumbnail_url",
    "is_quote_post",
    "has_replies",
    "gif_url",
    f"quoted_post{_REFERENCE}",
    f"reposted_post{_REFERENCE}",
)
_OF_POSTS = ("alt_text", "link_attachment_url", "poll_attachment")  # not in the documented fields of replies
_OF_REPLIES = ("is_reply", f"root_post{_REFERENCE}", f"replied_to{_REFERENCE}")
_OF_CHILDREN = ("id", "media_type", "media_url", "thumbnail_url")
OptionalField = Literal["alt_text", "gif_url", "link_attachment_url", "poll_attachment"]
_USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}", re.ASCII)
_REPOST = "REPOST_FACADE"
_TYPES = {
    "TEXT_POST": PostType.NOTE,
    "IMAGE": PostType.IMAGE,
    "CAROUSEL_ALBUM": PostType.IMAGE,
    "VIDEO": PostType.VIDEO,
    "AUDIO": PostType.NOTE,
    _REPOST: PostType.REPOST,
}
_MEDIA: dict[str, Literal["image", "video", "audio"]] = {"IMAGE": "image", "VIDEO": "video", "AUDIO": "audio"}
_MAX_CHILDREN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadsProfile:
    """An account as Threads tells it; a public profile that is looked up by name tells no id."""

    native_id: str | None = field(repr=False)
    username: str = field(repr=False)
    profile: Profile


def is_username(value: str) -> bool:
    return _USERNAME.fullmatch(value) is not None


def fields_of(listing: Literal["posts", "replies"], *, without: Collection[str] = ()) -> str:
    """The fields to ask for: Threads refuses a whole question for one field that it does not have."""
    is_post = listing == "posts"
    children = (*_OF_CHILDREN, *(("alt_text",) if is_post else ()))
    inner = ",".join(name for name in children if name not in without)
    fields = (*_FIELDS, *(_OF_POSTS if is_post else _OF_REPLIES), f"children{{{inner}}}")
    return ",".join(name for name in fields if name not in without)


def parse_own_profile(node: Mapping[str, Any]) -> ThreadsProfile:
    """The account that a token belongs to. Raises ParseError for what is none."""
    return _profile(node, digits(node, "id"), bio="threads_biography", picture="threads_profile_picture_url")


def parse_public_profile(node: Mapping[str, Any]) -> ThreadsProfile:
    """A profile looked up by name. Raises ParseError for what is none."""
    return _profile(node, None, bio="biography", picture="profile_picture_url")


def parse_page(document: Mapping[str, Any], account: Account, username: str) -> tuple[Found, Place | None]:
    """The posts of one page and the place of the next, None on the last one. Raises ParseError for what is no page."""
    found = find_posts(
        document.get("data"),
        lambda item: parse_post(item, account),
        is_id=is_digits,
        is_anothers=lambda item: _is_anothers(item, username),
    )
    return found, onward(document)


def parse_post(item: dict[str, Any], account: Account) -> Post:
    """One post. Raises ParseError when its id, text, time, type or children are not what Threads promises."""
    native_id, posted_at, kind = digits(item, "id"), instant(item, "timestamp"), item.get("media_type")
    if posted_at is None:
        raise ParseError("timestamp: expected a time")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ParseError("media_type: expected one of Threads'")
    original = _reference(item, "reposted_post") if kind == _REPOST else None
    children = objects(mapping(item, "children"), "data")[:_MAX_CHILDREN]
    words = "\n".join(filter(None, [text(item, "text"), *_poll_options(item)]))
    links = (link(item, "link_attachment_url"), link(item, "gif_url"))
    return Post(
        platform="threads",
        account_id=account.id,
        native_id=native_id,
        url=_permalink(item),
        type=_TYPES[kind],
        text=words or (original.text if original else ""),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT,
        in_reply_to=_reference(item, "replied_to"),
        repost_of=original,
        quote_of=_reference(item, "quoted_post"),
        links=tuple(dict.fromkeys(filter(None, links))),
        media=tuple(_media(children or [item])),
    )


def _profile(node: Mapping[str, Any], native_id: str | None, *, bio: str, picture: str) -> ThreadsProfile:
    username = text(node, "username")
    if not is_username(username):
        raise ParseError("username: expected a user name")
    return ThreadsProfile(
        native_id=native_id,
        username=username,
        profile=Profile(
            display_name=text(node, "name"),
            bio=text(node, bio),
            url=f"https://www.threads.com/@{username}",
            picture_url=link(node, picture),
        ),
    )


def _is_anothers(item: Mapping[str, Any], username: str) -> bool:
    author = item.get("username")
    return isinstance(author, str) and author.casefold() != username.casefold()


def _reference(item: Mapping[str, Any], key: str) -> Reference | None:
    node = mapping(item, key)
    if not node:
        return None
    return Reference(native_id=digits(node, "id"), url=_permalink(node), text=text(node, "text"))


def _poll_options(item: Mapping[str, Any]) -> list[str]:
    poll = mapping(item, "poll_attachment")
    return [text(poll, f"option_{letter}") for letter in "abcd"]


def _media(items: Iterable[Mapping[str, Any]]) -> Iterable[Media]:
    for item in items:
        kind = _MEDIA.get(str(item.get("media_type")))
        if kind:
            address = link(item, "media_url") or link(item, "thumbnail_url")
            yield Media(kind=kind, native_key=digits(item, "id"), url=address, alt_text=text(item, "alt_text"))


def _permalink(item: Mapping[str, Any]) -> str:
    return link_on(item, "permalink", "threads.com", "threads.net")
