"""Profiles, posts and replies as Threads writes them.

What a reader meets: addresses are signed anew at every answer, an absent field is left out rather than null, a repost is a
post of its own kind. A post's `extra` may tell `video`, `poll` (its options) and `link` (the attached address).
"""

from __future__ import annotations

from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.platforms._graph_base import words
from nightrounds.sandbox.platforms._graph_objects import graph_time, signed
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, Picture, WorldAccount

OWN_FIELDS = words("id is_verified name recently_searched_keywords threads_biography threads_profile_picture_url username")
LOOKUP_FIELDS = words(
    "biography follower_count is_verified likes_count name profile_picture_url quotes_count replies_count reposts_count "
    "username views_count"
)
_COMMON = words(
    "children gif_url has_replies id is_quote_post is_verified media_product_type media_type media_url permalink "
    "profile_picture_url quoted_post reply_audience reposted_post shortcode text thumbnail_url timestamp topic_tag "
    "username"
)
POST_FIELDS = _COMMON | {"alt_text", "link_attachment_url", "location_id", "poll_attachment"}
OWN_POST_FIELDS = POST_FIELDS | {"owner"}
REPLY_FIELDS = _COMMON | {"hide_status", "is_reply", "is_reply_owned_by_me", "replied_to", "root_post"}
CHILD_FIELDS = words("alt_text gif_url id media_type media_url owner permalink shortcode thumbnail_url timestamp username")


def id_of_user(account: WorldAccount) -> str:
    return str(25_000_000_000_000_000 + number_of(f"threads {account.key}", below=10**15))


def id_of_post(shown: Shown) -> str:
    return str(18_000_000_000_000_000 + number_of(f"threads {shown.post.id}", below=10**14))


def own_profile(standing: Standing) -> dict[str, Any]:
    return _present(
        {
            "id": id_of_user(standing.account),
            "username": standing.handle,
            "name": standing.display_name,
            "threads_biography": standing.bio,
            "threads_profile_picture_url": signed(f"threads-{standing.account.key}"),
            "is_verified": False,
        }
    )


def public_profile(standing: Standing) -> dict[str, Any]:
    """A profile looked up by name. It tells no id."""
    likes = number_of(f"liked {standing.account.key}", below=1 + standing.account.followers)
    return _present(
        {
            "username": standing.handle,
            "name": standing.display_name,
            "profile_picture_url": signed(f"threads-{standing.account.key}"),
            "biography": standing.bio,
            "is_verified": False,
            "follower_count": standing.account.followers,
            "likes_count": likes,
            "quotes_count": likes // 40,
            "replies_count": likes // 10,
            "reposts_count": likes // 20,
            "views_count": likes * 30,
        }
    )


def post(scene: Scene, shown: Shown) -> dict[str, Any]:
    one, extra = shown.post, shown.post.extra
    quoted, reposted = _target(scene, shown, one.quote), _target(scene, shown, one.repost)
    picture = one.pictures[0] if len(one.pictures) == 1 else None
    kind = _kind(shown)
    data: dict[str, Any] = {
        "id": id_of_post(shown),
        "media_product_type": "THREADS",
        "media_type": kind,
        "media_url": signed(picture.name if picture else one.id) if kind in {"IMAGE", "VIDEO"} else "",
        "permalink": _permalink(scene.standing(shown.account).handle, one.id),
        "owner": {"id": id_of_user(shown.account)},
        "username": scene.standing(shown.account).handle,
        "text": "" if reposted else shown.now.text,
        "timestamp": graph_time(one.at),
        "shortcode": _shortcode(one.id),
        "thumbnail_url": signed(f"{one.id}_thumb") if kind == "VIDEO" else "",
        "is_quote_post": quoted is not None,
        "quoted_post": quoted,
        "reposted_post": reposted,
        "has_replies": number_of(f"replies {one.id}", below=2) == 1,
        "alt_text": picture.alt if picture else "",
        "link_attachment_url": extra.get("link", ""),
        "is_reply": one.reply_to is not None,
    }
    if one.reply_to is not None:
        data["replied_to"] = data["root_post"] = _target(scene, shown, one.reply_to)
        data["is_reply_owned_by_me"] = True
    if options := extra.get("poll"):
        data["poll_attachment"] = {f"option_{letter}": words for letter, words in zip("abcd", options, strict=False)}
    if len(one.pictures) > 1:
        data["children"] = {"data": [_child(shown, each) for each in one.pictures]}
    return _present(data)


def _kind(shown: Shown) -> str:
    if shown.post.repost is not None:
        return "REPOST_FACADE"
    if shown.post.extra.get("video"):
        return "VIDEO"
    return {0: "TEXT_POST", 1: "IMAGE"}.get(len(shown.post.pictures), "CAROUSEL_ALBUM")


def _target(scene: Scene, shown: Shown, target: str | Elsewhere | None) -> dict[str, Any] | None:
    """Another post as it is shown beside one; nothing of one that is gone."""
    if target is None:
        return None
    if isinstance(target, Elsewhere):
        if target.gone:
            return None
        name = f"{shown.post.id} of {target.by}"
        native_id = str(18_000_000_000_000_000 + number_of(name, below=10**14))
        return {"id": native_id, "permalink": _permalink(target.by, name), "username": target.by, "text": target.text}
    other = scene.view.by_id[target]
    if other.gone:
        return None
    handle = scene.standing(other.account).handle
    permalink = _permalink(handle, other.post.id)
    return {"id": id_of_post(other), "permalink": permalink, "username": handle, "text": other.now.text}


def _child(shown: Shown, picture: Picture) -> dict[str, Any]:
    native_id = str(18_500_000_000_000_000 + number_of(f"{shown.post.id} {picture.name}", below=10**14))
    data = {"id": native_id, "media_type": "IMAGE", "media_url": signed(picture.name), "alt_text": picture.alt}
    return _present(data)


def _permalink(handle: str, name: str) -> str:
    return f"https://www.threads.com/@{handle}/post/{_shortcode(name)}"


def _shortcode(name: str) -> str:
    return f"D{number_of(f'threads shortcode {name}', below=16**9):09x}"


def _present(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in ("", None)}
