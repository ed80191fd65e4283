"""Bluesky records of the world's accounts: identities, record keys, content ids, and the records themselves.

Everything is derived from the world's own names. A content id is a CIDv1 of SHA-256, as the protocol has it, over our JSON in
place of DAG-CBOR: two versions of a post have two, and each is the same in every run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.view import Scene, Shown, View
from nightrounds.sandbox.world import Elsewhere, Picture

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_SHOWN_URL = 30  # characters of an address that a post's text shows


def did_of(name: str) -> str:
    """did:plc, of an account's key or of anybody's name."""
    digest = hashlib.sha256(f"did {name}".encode()).digest()
    return f"did:plc:{base64.b32encode(digest).decode().lower()[:24]}"


def tid(at: datetime, name: str) -> str:
    """A record key: microseconds since 1970 and a clock's own ten bits, in letters that sort."""
    number = int(at.timestamp()) * 1_000_000 << 10 | number_of(f"tid {name}", below=1 << 10)
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -5, -5))


def content_id(value: Any, *, codec: int = 0x71) -> str:
    """0x71 is a record, 0x55 a picture's bytes."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return "b" + base64.b32encode(bytes([1, codec, 0x12, 0x20]) + digest).decode().lower().rstrip("=")


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def collection_of(shown: Shown) -> str:
    """A repost with words of its own is a quote, and so a post."""
    return REPOST if shown.post.repost is not None else POST


def key_of(shown: Shown) -> str:
    return str(shown.post.extra.get("rkey") or tid(shown.post.at, shown.post.id))


def uri_of(shown: Shown) -> str:
    return f"at://{did_of(shown.account.key)}/{collection_of(shown)}/{key_of(shown)}"


def elsewhere_uri(other: Elsewhere) -> str:
    """The address of a post outside of the watched accounts, made of its author and words."""
    made_at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    return f"at://{did_of(other.by)}/{POST}/{tid(made_at, other.by + other.text)}"


def elsewhere_record(other: Elsewhere) -> dict[str, Any]:
    return {"$type": POST, "createdAt": "2026-09-01T12:00:00.000Z", "langs": ["en"], "text": other.text}


def blob(shown: Shown, name: str, kind: str) -> dict[str, Any]:
    key = content_id([shown.post.id, name], codec=0x55)
    return {"$type": "blob", "mimeType": kind, "ref": {"$link": key}, "size": 10_000 + number_of(key, below=900_000)}


def record_of(view: View, shown: Shown) -> dict[str, Any]:
    """The record as it stands in the repository. `extra` may hold: card, video, created_at, self_labels, langs."""
    post, extra = shown.post, shown.post.extra
    created = extra.get("created_at") or moment(post.at)
    if post.repost is not None:
        return {"$type": REPOST, "createdAt": created, "subject": _strong(view, post.repost)}
    words, facets = _with_facets(shown.now.text)
    record: dict[str, Any] = {"$type": POST, "createdAt": created, "langs": extra.get("langs", [post.lang]), "text": words}
    if facets:
        record["facets"] = facets
    if post.reply_to is not None:
        strong = _strong(view, post.reply_to)
        record["reply"] = {"parent": strong, "root": _root(view, post.reply_to) or strong}
    if embed := _embed(view, shown):
        record["embed"] = embed
    if extra.get("self_labels"):
        values = [{"val": value} for value in extra["self_labels"]]
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    return record


def _strong(view: View, target: str | Elsewhere) -> dict[str, str]:
    """The address and content id of a post at the time of linking: its first version."""
    if isinstance(target, Elsewhere):
        return {"cid": content_id(elsewhere_record(target)), "uri": elsewhere_uri(target)}
    shown = view.by_id[target]
    return {"cid": content_id(record_of(view, shown)), "uri": uri_of(shown)}


def _root(view: View, target: str | Elsewhere) -> dict[str, str] | None:
    """Where a thread begins, None where the answered post begins it."""
    above = view.by_id[target].post.reply_to if isinstance(target, str) else None
    return None if above is None else _root(view, above) or _strong(view, above)


def _with_facets(words: str) -> tuple[str, list[dict[str, Any]]]:
    """The text as clients write it: addresses without scheme and cut short, each one whole in a facet over its UTF-8 bytes."""
    facets: list[dict[str, Any]] = []
    written, at = "", 0
    for found in _URL.finditer(words):
        bare = found[0].partition("://")[2]
        shown = bare if len(bare) <= _SHOWN_URL else bare[: _SHOWN_URL - 3] + "..."
        written += words[at : found.start()]
        start = len(written.encode())
        written += shown
        feature = {"$type": "app.bsky.richtext.facet#link", "uri": found[0]}
        facets.append({"features": [feature], "index": {"byteEnd": len(written.encode()), "byteStart": start}})
        at = found.end()
    return written + words[at:], facets


def _embed(view: View, shown: Shown) -> dict[str, Any] | None:
    media = _media(shown)
    if shown.post.quote is None:
        return media
    quoted = {"$type": "app.bsky.embed.record", "record": _strong(view, shown.post.quote)}
    return {"$type": "app.bsky.embed.recordWithMedia", "media": media, "record": quoted} if media else quoted


def _media(shown: Shown) -> dict[str, Any] | None:
    extra, pictures = shown.post.extra, shown.post.pictures
    if pictures:
        return {"$type": "app.bsky.embed.images", "images": [_image(shown, picture) for picture in pictures]}
    if "video" in extra:
        return {"$type": "app.bsky.embed.video", "alt": extra["video"], "video": blob(shown, "video", "video/mp4")}
    if "card" in extra:
        return {"$type": "app.bsky.embed.external", "external": dict(extra["card"])}
    return None


def _image(shown: Shown, picture: Picture) -> dict[str, Any]:
    return {"alt": picture.alt, "aspectRatio": {"height": 900, "width": 1600}, "image": blob(shown, picture.name, "image/jpeg")}


def every_elsewhere(scene: Scene) -> dict[str, Elsewhere]:
    """Posts of outsiders that this platform's accounts answer, quote or repeat, by address."""
    found = {}
    for standing in scene.view.accounts("bluesky"):
        for shown in scene.view.ever_posted(standing.account):
            for target in (shown.post.reply_to, shown.post.quote, shown.post.repost):
                if isinstance(target, Elsewhere):
                    found[elsewhere_uri(target)] = target
    return found
