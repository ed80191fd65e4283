"""Tweets as X's account archive writes them, read into posts.

An archive has the form of X's old API (v1.1) with every number as a string. Ids, revisions, addresses and media keys are those
that the crawler of X gives, so that a post known from both is one post. What differs from the API: a repost does not name the
post that it repeats, and a long post's full text stands in a file of its own (`note-tweet.js`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from core.records import Media, Post, PostType, Precision, Reference
from crawlers._archive.post_lines import BadPost, parse_time, storable
from crawlers._x.posts import time_of

_NOTES_LIMIT = 64 << 20  # characters of long posts held in memory
_ID = re.compile(r"[0-9]{1,20}")
_REPOST = re.compile(r"RT @\w{1,20}: ")
_STATUS = re.compile(r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/\w+/status/([0-9]{1,20})")
_CUT = re.compile(r"(?:…|\s)*(?:\s*https://t\.co/\w+)*\s*$")  # how a long post's short form ends
_MEDIA: dict[str, tuple[Literal["image", "video"], str]] = {  # type -> ours, and the prefix of X's media key
    "photo": ("image", "3"),
    "video": ("video", "7"),
    "animated_gif": ("video", "16"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """The full text of a long post, with the bytes that it was read from."""

    text: str = field(repr=False)
    links: tuple[str, ...] = field(repr=False)
    raw: bytes = field(repr=False)


class Notes:
    """The long posts of an archive. A note has an id of its own: it is joined by its first tweet's id where the archive tells
    that, else by the second in which both were written and by how they begin."""

    def __init__(self, items: Iterable[bytes | None]) -> None:
        self._by_tweet: dict[str, Note] = {}
        self._by_second: dict[datetime, list[Note]] = {}
        held = 0
        for raw in items:
            try:
                data = _mapping(parse_item(raw or b"").get("noteTweet"))
                core = _mapping(data.get("core"))
                created_at, _ = parse_time(_text(data, "createdAt"))
            except BadPost:
                continue  # its tweet keeps the short text
            urls = [_text(url, "expandedUrl") for url in _mappings(core.get("urls"))]
            note = Note(_text(core, "text"), tuple(url for url in urls if url), raw or b"")
            held += len(note.text)
            if held > _NOTES_LIMIT:
                break
            if first := _text(_mapping(data.get("lifecycle")), "initialTweetId"):
                self._by_tweet[first] = note
            elif created_at:
                self._by_second.setdefault(created_at.replace(microsecond=0), []).append(note)

    def find(self, tweet_id: str, written_at: datetime | None, text: str) -> Note | None:
        if note := self._by_tweet.get(tweet_id):
            return note
        if written_at is None:
            return None
        beginning = _CUT.sub("", text)
        near = (written_at, written_at - timedelta(seconds=1), written_at + timedelta(seconds=1))
        return next((n for at in near for n in self._by_second.get(at, ()) if n.text.startswith(beginning)), None)


def parse_item(raw: bytes) -> dict[str, Any]:
    """One object of a part.

    Raises:
        BadPost: no JSON object.
    """
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadPost("not valid JSON") from None
    if not isinstance(data, dict):
        raise BadPost("expected a JSON object")
    return data


def parse_tweet(raw: bytes) -> dict[str, Any]:
    """The tweet in one object of `tweets.js`; older archives have it without the wrapper.

    Raises:
        BadPost: no tweet.
    """
    data = parse_item(raw)
    tweet = data.get("tweet", data)
    if not isinstance(tweet, dict) or not _ID.fullmatch(tweet_id(tweet)):
        raise BadPost("expected a tweet with an id")
    return tweet


def tweet_id(tweet: dict[str, Any]) -> str:
    return _text(tweet, "id_str") or _text(tweet, "id")


def edit_history(tweet: dict[str, Any]) -> list[str]:
    """Ids of all versions, oldest first; only its own for a tweet that was never edited."""
    info = _mapping(tweet.get("edit_info"))
    edit = _mapping(info.get("edit"))
    initial = _mapping(edit.get("editControlInitial")) or _mapping(info.get("initial"))
    ids = initial.get("editTweetIds")
    known = {i for i in ids if isinstance(i, str) and _ID.fullmatch(i)} if isinstance(ids, list) else set[str]()
    first = _text(edit, "initialTweetId")
    return sorted(known | {tweet_id(tweet)} | ({first} if _ID.fullmatch(first) else set()), key=int)


def post_of(tweet: dict[str, Any], notes: Notes) -> tuple[Post, bytes]:
    """The post, and the bytes of its long form where it has one.

    Raises:
        BadPost: it has no text.
    """
    if not isinstance(tweet.get("full_text", tweet.get("text")), str):
        raise BadPost("text is missing")
    own, history = tweet_id(tweet), edit_history(tweet)
    text = _unescape(_text(tweet, "full_text") or _text(tweet, "text"))
    written_at = _written_at(tweet)
    posted_at = written_at if len(history) == 1 else time_of(history[0])
    note = notes.find(history[0], written_at, text)
    entities = _mapping(tweet.get("entities"))
    urls = [url for item in _mappings(entities.get("urls")) if (url := _text(item, "expanded_url") or _text(item, "url"))]
    repost = _REPOST.match(text)
    replied, lang = _text(tweet, "in_reply_to_status_id_str"), _text(tweet, "lang")
    quoted = _STATUS.match(urls[-1]) if urls and not repost else None
    shown = text[repost.end() :] if repost else _unescape(note.text) if note else text
    post = Post(
        platform="",
        account_id="",
        native_id=history[0],
        url=_permalink(history[-1]),
        type=PostType.REPOST if repost else PostType.NOTE,
        text=shown,
        lang=lang if re.fullmatch(r"(?!q)[a-z]{2}", lang) else "und",
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        edited_at=written_at if len(history) > 1 else None,
        revision=own,
        in_reply_to=_reference(replied) if _ID.fullmatch(replied) else None,
        repost_of=Reference(native_id="", text=shown) if repost else None,
        quote_of=_reference(quoted[1]) if quoted else None,
        links=tuple(dict.fromkeys([*(note.links if note else ()), *urls])),
        media=tuple(_media(tweet, entities)),
    )
    return post, note.raw if note else b""


def _reference(key: str) -> Reference:
    return Reference(native_id=key, url=_permalink(key), available=False)


def _permalink(key: str) -> str:
    """As the crawler of X writes it: the address that survives a change of handle."""
    return f"https://x.com/i/web/status/{key}"


def _media(tweet: dict[str, Any], entities: dict[str, Any]) -> Iterable[Media]:
    extended = _mapping(tweet.get("extended_entities"))
    for item in _mappings(extended.get("media")) or _mappings(entities.get("media")):
        kind, prefix = _MEDIA.get(_text(item, "type"), ("image", "3"))
        key = _text(item, "id_str") or _text(item, "id")
        if _ID.fullmatch(key):
            url = _text(item, "media_url_https") or _text(item, "media_url")
            yield Media(kind=kind, native_key=f"{prefix}_{key}", url=url, alt_text=_text(item, "ext_alt_text"))


def _written_at(tweet: dict[str, Any]) -> datetime | None:
    try:
        return parse_time(_text(tweet, "created_at"))[0] or time_of(tweet_id(tweet))
    except BadPost:
        return time_of(tweet_id(tweet))


def _unescape(text: str) -> str:
    """X escapes these three characters and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return storable(value) if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
