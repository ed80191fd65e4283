"""Graph's JSON in our words: the Page as a profile, and its posts with attachments.

Facebook signs picture addresses anew at every answer: media is known by its target id. It tells no time of an edit
(`updated_time` moves for comments too), so `edited_at` stays empty and storage finds edits by comparing contents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from core.errors import ParseError
from core.records import Account, Media, Post, PostType, Precision, Profile, Reference
from crawlers._strict import instant, link, link_on, mapping, objects, text

PAGE_FIELDS = "id,name,username,about,description,website,link"
POST_FIELDS = (
    "id,message,story,created_time,updated_time,permalink_url,from,status_type,full_picture,parent_id,is_published,is_hidden,"
    "message_tags,story_tags,shares,"
    "attachments{media_type,media,target,title,description,url,unshimmed_url,subattachments},"
    "reactions.summary(true).limit(0),comments.summary(true).limit(0)"
)
_POST_ID = re.compile(r"[0-9]{1,20}(_[0-9]{1,20})?", re.ASCII)
_PAGE_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_MAX_ATTACHMENTS = 100
_TYPES = {"added_video": PostType.VIDEO, "added_photos": PostType.IMAGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    native_id: str = field(repr=False)
    username: str = field(repr=False)
    profile: Profile


def is_post_id(value: object) -> bool:
    return isinstance(value, str) and _POST_ID.fullmatch(value) is not None


def is_page_id(value: object) -> bool:
    return isinstance(value, str) and _PAGE_ID.fullmatch(value) is not None


def parse_page(node: Mapping[str, Any]) -> Page:
    """Raises ParseError for what is no Page."""
    native_id = node.get("id")
    if not is_page_id(native_id):
        raise ParseError("id: expected a Page's id as a string of digits")
    sites = re.findall(r"[^\s,]+", text(node, "website"))
    links = [link({"site": site if "://" in site else f"https://{site}"}, "site") for site in sites[:20]]
    return Page(
        native_id=str(native_id),
        username=text(node, "username"),
        profile=Profile(
            display_name=text(node, "name"),
            bio="\n".join(filter(None, dict.fromkeys([text(node, "about"), text(node, "description")]))),
            url=link(node, "link") or f"https://www.facebook.com/{native_id}",
            links=tuple(dict.fromkeys(filter(None, links))),
        ),
    )


def is_anothers(item: Mapping[str, Any], page_id: str) -> bool:
    """Whether a visitor wrote it, or it is not published: neither is the Page's own public post."""
    author = mapping(item, "from").get("id")
    return (author is not None and author != page_id) or item.get("is_published") is False


def parse_post(item: Mapping[str, Any], account: Account) -> Post:
    """One post. Raises ParseError when its id, text, time or attachments are not what Graph promises."""
    native_id, parent = item.get("id"), item.get("parent_id")
    if not is_post_id(native_id):
        raise ParseError("id: expected a post's id as a string")
    if parent is not None and not is_post_id(parent):
        raise ParseError("parent_id: expected a post's id as a string")
    message = text(item, "message")
    attachments = list(_flattened(item))
    shared = Reference(native_id=str(parent), text=_words_of(attachments)) if parent else None
    is_repost = shared is not None and not message
    posted_at = instant(item, "created_time")
    return Post(
        platform="facebook",
        account_id=account.id,
        native_id=str(native_id),
        url=_permalink(item, str(native_id)),
        type=PostType.REPOST if is_repost else _TYPES.get(str(item.get("status_type")), PostType.NOTE),
        text=shared.text if shared and is_repost else message,
        summary=text(item, "story"),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        repost_of=shared if is_repost else None,
        quote_of=None if is_repost else shared,
        links=tuple(dict.fromkeys(filter(None, (_target_link(one) for one in attachments)))),
        media=tuple(_media(attachments, message)),
    )


def _flattened(item: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Attachments, an album's own pictures in place of the album."""
    for attachment in objects(mapping(item, "attachments"), "data")[:_MAX_ATTACHMENTS]:
        parts = objects(mapping(attachment, "subattachments"), "data")[:_MAX_ATTACHMENTS]
        yield from parts or [attachment]


def _media(attachments: Iterable[Mapping[str, Any]], message: str) -> Iterable[Media]:
    for attachment in attachments:
        kind = str(attachment.get("media_type") or attachment.get("type"))
        is_video = "video" in kind
        target = mapping(attachment, "target").get("id")
        if not (is_video or kind in {"photo", "album"}) or not isinstance(target, str):
            continue
        media = mapping(attachment, "media")
        medium: Literal["image", "video"] = "video" if is_video else "image"
        address = link(media, "source") or link(mapping(media, "image"), "src")
        caption = text(attachment, "description")  # Graph repeats the message as a single picture's caption
        yield Media(kind=medium, native_key=target, url=address, alt_text="" if caption == message else caption)


def _target_link(attachment: Mapping[str, Any]) -> str:
    """Where a link attachment leads, without Facebook's own redirect around it."""
    if attachment.get("media_type") not in (None, "link", "share", "event", "profile_media"):
        return ""
    address = link(attachment, "unshimmed_url") or link(attachment, "url")
    parts = urlsplit(address)
    if parts.hostname in {"l.facebook.com", "lm.facebook.com"} and parts.path == "/l.php":
        inner = parse_qs(parts.query).get("u", [""])[0]
        return link({"u": inner}, "u")
    return address


def _words_of(attachments: Iterable[Mapping[str, Any]]) -> str:
    return next((words for words in (text(one, "description") for one in attachments) if words), "")


def _permalink(item: Mapping[str, Any], native_id: str) -> str:
    return link_on(item, "permalink_url", "facebook.com") or f"https://www.facebook.com/{native_id}"
