"""Reddit's JSON in our words: users, submissions and comments, and what became of those that are gone.

A submission's id begins with t3_, a comment's with t1_. Texts are the Markdown that the author wrote. Reddit leaves an empty
place where a post was: its author is then [deleted], or its text [removed].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from core.errors import AccountPrivate, ParseError
from core.records import Account, GoneReason, Media, Post, PostType, Precision, Profile, Reference
from crawlers._html_text import read_html
from crawlers._strict import link, mapping, objects, text

_FULL_NAME = re.compile(r"t[13]_[a-z0-9]{1,13}", re.ASCII)
_USER_ID = re.compile(r"[a-z0-9]{1,13}", re.ASCII)
_MEDIA_KEY = re.compile(r"[A-Za-z0-9_.|-]{1,128}", re.ASCII)
_REDDITS_OWN = re.compile(r"(?:[a-z0-9-]+\.)?(?:reddit\.com|redd\.it|redditmedia\.com|redditstatic\.com)", re.ASCII)
_BLANKS = frozenset({"[deleted]", "[removed]", "[ Removed by Reddit ]"})
_BY_AUTHOR = frozenset({"deleted", "author"})  # of removed_by_category
_MAX_PARTS = 100
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800  # seconds since 1970: the years 2000 to 2099


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    native_id: str = field(repr=False)  # t2_...
    name: str = field(repr=False)
    profile: Profile


def is_full_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _FULL_NAME.fullmatch(value) is not None


def parse_user(document: Mapping[str, Any]) -> User:
    """The user of an about answer.

    Raises:
        AccountPrivate: Reddit has suspended it. ParseError: no user.
    """
    data = mapping(document, "data")
    if data.get("is_suspended") is True:
        raise AccountPrivate("Reddit has suspended the account")
    name, own = text(data, "name"), data.get("id")
    if not isinstance(own, str) or not _USER_ID.fullmatch(own) or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name, re.ASCII):
        raise ParseError("id, name: expected a user's")
    shown = mapping(data, "subreddit")  # a profile is a subreddit of one's own
    bio = text(shown, "public_description")
    picture = link(data, "snoovatar_img") or link(data, "icon_img")
    return User(
        native_id=f"t2_{own}",
        name=name,
        profile=Profile(
            display_name=text(shown, "title") or name,
            bio=bio,
            url=f"https://www.reddit.com/user/{name}",
            links=_bare_links(bio),
            picture_url=picture,
        ),
    )


def author_of(data: Mapping[str, Any]) -> str:
    """The id of who wrote it, empty where Reddit says that nobody did any more."""
    author = data.get("author_fullname")
    if author is None and data.get("author") == "[deleted]":
        return ""
    if not isinstance(author, str):
        raise ParseError("author_fullname: expected who wrote it")
    return author


def gone_reason(data: Mapping[str, Any]) -> GoneReason | None:
    """Why nothing but its place is left of a post, None while its words stand.

    A comment is no more than its text; a submission has a title too, so that what its author wrote into it proves nothing.
    """
    category = data.get("removed_by_category")
    words = data.get("body")
    if isinstance(category, str) and category:
        return GoneReason.DELETED if category in _BY_AUTHOR else GoneReason.REMOVED
    if isinstance(words, str) and words in _BLANKS:
        return GoneReason.DELETED if words == "[deleted]" else GoneReason.REMOVED
    return GoneReason.DELETED if data.get("author") == "[deleted]" else None


def is_public(data: Mapping[str, Any]) -> bool:
    """Whether everybody may read the place where it was posted."""
    return data.get("subreddit_type") not in ("private", "employees_only", "gold_only")


def made_at(data: Mapping[str, Any]) -> datetime | None:
    return _time(data, "created_utc")


def parse_post(kind: object, data: Mapping[str, Any], account: Account) -> Post:
    """A submission ('t3') or a comment ('t1'). Raises ParseError when it is not what Reddit promises."""
    if kind not in ("t1", "t3"):
        raise ParseError("kind: expected a submission or a comment")
    native_id = data.get("name")
    if not is_full_name(native_id) or not str(native_id).startswith(f"{kind}_"):
        raise ParseError("name: expected a post's full name")
    shared = _shared(account, str(native_id), data)
    return _comment(data, shared) if kind == "t1" else _submission(data, shared)


def _shared(account: Account, native_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    posted_at = made_at(data)
    edited = data.get("edited")
    edited_at = None if edited in (None, False, True) else _time(data, "edited")  # True: so long ago that nobody knows when
    return {
        "platform": "reddit",
        "account_id": account.id,
        "native_id": native_id,
        "url": _permalink(data),
        "posted_at": posted_at,
        "posted_at_precision": Precision.EXACT if posted_at else Precision.UNKNOWN,
        "edited_at": edited_at,
        "revision": edited_at.isoformat() if edited_at else "",
    }


def _comment(data: Mapping[str, Any], shared: dict[str, Any]) -> Post:
    if not isinstance(data.get("body"), str):
        raise ParseError("body: expected text")
    parent, thread = data.get("parent_id"), data.get("link_id")
    if not is_full_name(parent):
        raise ParseError("parent_id: expected a post's full name")
    answers_post = parent == thread
    return Post(
        **shared,
        text=text(data, "body"),
        in_reply_to=Reference(
            native_id=str(parent),
            url=link(data, "link_permalink") if answers_post else "",
            text=text(data, "link_title") if answers_post else "",
        ),
        links=_links(data, "body"),
    )


def _submission(data: Mapping[str, Any], shared: dict[str, Any]) -> Post:
    if not isinstance(data.get("title"), str) or not isinstance(data.get("selftext"), str):
        raise ParseError("title, selftext: expected text")
    original = _crosspost(data)
    title, words = text(data, "title"), text(data, "selftext")
    source = (objects(data, "crosspost_parent_list") or [{}])[0] if original else data
    is_repost = original is not None and not words and title == text(source, "title")
    media = tuple(_media(source))
    return Post(
        **shared,
        type=_type(is_repost, media),
        title=title,
        text="\n".join(filter(None, [text(source, "selftext") if is_repost else words, *_options(data)])),
        repost_of=original if is_repost else None,
        quote_of=None if is_repost else original,
        links=_distinct([*_links(data, "selftext"), *_target(source)]),
        media=media,
    )


def _crosspost(data: Mapping[str, Any]) -> Reference | None:
    parent = data.get("crosspost_parent")
    if parent is None:
        return None
    if not is_full_name(parent):
        raise ParseError("crosspost_parent: expected a post's full name")
    shown = (objects(data, "crosspost_parent_list") or [{}])[0]
    is_there = bool(shown) and gone_reason(shown) is None
    words = "\n".join(filter(None, [text(shown, "title"), text(shown, "selftext")])) if is_there else ""
    return Reference(native_id=str(parent), url=_permalink(shown), text=words, available=is_there)


def _type(is_repost: bool, media: tuple[Media, ...]) -> PostType:
    if is_repost:
        return PostType.REPOST
    kinds = {one.kind for one in media}
    return PostType.VIDEO if "video" in kinds else PostType.IMAGE if kinds else PostType.NOTE


def _options(data: Mapping[str, Any]) -> list[str]:
    """A poll's options: they are the author's words."""
    return [f"- {text(one, 'text')}" for one in objects(mapping(data, "poll_data"), "options")[:_MAX_PARTS]]


def _media(data: Mapping[str, Any]) -> Iterable[Media]:
    """Pictures of a gallery with their captions, a single picture, or Reddit's own video."""
    address = link(data, "url")
    host, path = urlsplit(address).hostname or "", urlsplit(address).path.strip("/")
    files = mapping(data, "media_metadata")
    entries = objects(mapping(data, "gallery_data"), "items")[:_MAX_PARTS]
    for entry in entries or [{"media_id": key} for key in list(files)[:_MAX_PARTS]]:
        key = entry.get("media_id")
        if not isinstance(key, str) or not _MEDIA_KEY.fullmatch(key):
            raise ParseError("gallery_data, media_metadata: expected a picture's id")
        source = mapping(mapping(files, key), "s")
        yield Media(kind="image", native_key=key, url=link(source, "u") or link(source, "gif"), alt_text=text(entry, "caption"))
    if host == "i.redd.it" and _MEDIA_KEY.fullmatch(path):
        yield Media(kind="image", native_key=path, url=address)
    if host == "v.redd.it" and _MEDIA_KEY.fullmatch(path):
        video = mapping(mapping(data, "media"), "reddit_video")
        yield Media(kind="video", native_key=path, url=link(video, "fallback_url").partition("?")[0] or address)


def _target(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a link post leads, none where it leads to Reddit's own pictures or to itself."""
    address = link(data, "url")
    host = (urlsplit(address).hostname or "").casefold()
    return () if not address or data.get("is_self") is True or _REDDITS_OWN.fullmatch(host) else (address,)


def _links(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The links of a Markdown text, from the HTML that Reddit makes of it; where it gives none, the bare ones."""
    markup = text(data, f"{name}_html")
    return read_html(markup).links if markup else _bare_links(text(data, name))


def _bare_links(words: str) -> tuple[str, ...]:
    found = (one.rstrip(".,;:!?*_~") for one in re.findall(r"https?://[^\s<>\[\]()\"']+", words))
    return _distinct(address for one in found if (address := link({"url": one}, "url")))


def _permalink(data: Mapping[str, Any]) -> str:
    path = data.get("permalink")
    is_path = isinstance(path, str) and path.startswith("/") and not path.startswith("//")
    return link({"url": f"https://www.reddit.com{path}"}, "url") if is_path else ""


def _time(data: Mapping[str, Any], key: str) -> datetime | None:
    """Seconds since 1970, as UTC; None where it is absent."""
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _EARLIEST <= value < _LATEST:
        raise ParseError(f"{key}: expected seconds since 1970")
    return datetime.fromtimestamp(int(value), UTC)


def _distinct(links: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(links))[:_MAX_PARTS]
