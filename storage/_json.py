"""Posts and profiles as the JSON that is sealed into a row, and back. A field that an older row lacks takes its default."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.records import Media, Post, PostType, Precision, Profile, Reference


def profile_to_json(profile: Profile) -> dict[str, Any]:
    return {
        "display_name": profile.display_name,
        "bio": profile.bio,
        "url": profile.url,
        "links": list(profile.links),
        "picture_url": profile.picture_url,
        "picture_sha256": profile.picture_sha256,
        "picture_hash": profile.picture_hash,
    }


def profile_from_json(data: dict[str, Any]) -> Profile:
    return Profile(**{**data, "links": tuple(data["links"])})


def post_to_json(post: Post) -> dict[str, Any]:
    """Everything but platform and account, which stand in columns."""
    return {
        "native_id": post.native_id,
        "url": post.url,
        "type": post.type.value,
        "title": post.title,
        "text": post.text,
        "summary": post.summary,
        "lang": post.lang,
        "posted_at": _time_to_json(post.posted_at),
        "posted_at_precision": post.posted_at_precision.value,
        "edited_at": _time_to_json(post.edited_at),
        "revision": post.revision,
        "in_reply_to": _reference_to_json(post.in_reply_to),
        "repost_of": _reference_to_json(post.repost_of),
        "quote_of": _reference_to_json(post.quote_of),
        "links": list(post.links),
        "media": [
            {"kind": m.kind, "native_key": m.native_key, "url": m.url, "alt_text": m.alt_text, "path": m.path}
            for m in post.media
        ],
    }


def post_from_json(data: dict[str, Any], *, platform: str, account_id: str) -> Post:
    return Post(
        **{
            **data,
            "platform": platform,
            "account_id": account_id,
            "type": PostType(data["type"]),
            "posted_at": _time_from_json(data["posted_at"]),
            "posted_at_precision": Precision(data["posted_at_precision"]),
            "edited_at": _time_from_json(data["edited_at"]),
            "in_reply_to": _reference_from_json(data["in_reply_to"]),
            "repost_of": _reference_from_json(data["repost_of"]),
            "quote_of": _reference_from_json(data["quote_of"]),
            "links": tuple(data["links"]),
            "media": tuple(Media(**media) for media in data["media"]),
        }
    )


def _time_to_json(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time_from_json(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _reference_to_json(reference: Reference | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    return {
        "native_id": reference.native_id,
        "url": reference.url,
        "text": reference.text,
        "available": reference.available,
    }


def _reference_from_json(data: dict[str, Any] | None) -> Reference | None:
    return Reference(**data) if data else None
