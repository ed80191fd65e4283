"""Professional accounts and media as Instagram writes them in business discovery.

What a reader meets: addresses are signed anew at every answer, the @ is dropped from the captions of others, a hidden like
count is left out, and so is the address of a video with licensed sound. A post's `extra` may tell `video`, `reel`,
`licensed_sound` and `hidden_likes`.
"""

from __future__ import annotations

from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.platforms._graph_base import words
from nightrounds.sandbox.platforms._graph_objects import graph_time, signed
from nightrounds.sandbox.view import Shown, Standing
from nightrounds.sandbox.world import Picture, WorldAccount

USER_FIELDS = words(
    "biography followers_count follows_count has_profile_pic id is_published media media_count name profile_picture_url "
    "username website"
)
MEDIA_FIELDS = words(
    "alt_text caption children comments_count id like_count media_product_type media_type media_url owner permalink "
    "thumbnail_url timestamp username view_count"
)
CHILD_FIELDS = words("alt_text id media_type media_url owner permalink thumbnail_url timestamp username")


def id_of_user(account: WorldAccount) -> str:
    return str(17_841_400_000_000_000 + number_of(f"instagram {account.key}", below=10**11))


def id_of_media(shown: Shown) -> str:
    return str(17_900_000_000_000_000 + number_of(f"instagram {shown.post.id}", below=10**14))


def user(standing: Standing, media_count: int) -> dict[str, Any]:
    account = standing.account
    data = {
        "id": id_of_user(account),
        "username": standing.handle,
        "name": standing.display_name,
        "biography": standing.bio,
        "website": account.link,
        "profile_picture_url": signed(f"instagram-{account.key}"),
        "followers_count": account.followers,
        "follows_count": account.followers // 40,
        "media_count": media_count,
    }
    return {name: value for name, value in data.items() if value not in ("", None)}


def media(shown: Shown, *, is_ours: bool) -> dict[str, Any]:
    post, extra = shown.post, shown.post.extra
    is_video = bool(extra.get("video"))
    likes = number_of(f"liked {post.id}", below=1 + shown.account.followers // 20)
    caption = shown.now.text
    data: dict[str, Any] = {
        "id": id_of_media(shown),
        "caption": caption if is_ours else caption.replace("@", ""),
        "media_type": "VIDEO" if is_video else "CAROUSEL_ALBUM" if len(post.pictures) > 1 else "IMAGE",
        "media_product_type": "REELS" if extra.get("reel") else "FEED",
        "permalink": f"https://www.instagram.com/{'reel' if extra.get('reel') else 'p'}/{_shortcode(post.id)}/",
        "timestamp": graph_time(post.at),
        "like_count": None if extra.get("hidden_likes") else likes,
        "comments_count": likes // 12,
        "media_url": "" if extra.get("licensed_sound") else signed(post.pictures[0].name if post.pictures else post.id),
        "thumbnail_url": signed(f"{post.id}_thumb") if is_video else "",
        "username": shown.account.handle,
        "alt_text": post.pictures[0].alt if len(post.pictures) == 1 else "",
    }
    if len(post.pictures) > 1:
        data["children"] = {"data": [_child(shown, picture) for picture in post.pictures]}
    return {name: value for name, value in data.items() if value not in ("", None)}


def _child(shown: Shown, picture: Picture) -> dict[str, Any]:
    data = {
        "id": str(17_800_000_000_000_000 + number_of(f"{shown.post.id} {picture.name}", below=10**14)),
        "media_type": "IMAGE",
        "media_url": signed(picture.name),
        "timestamp": graph_time(shown.post.at),
        "alt_text": picture.alt,
    }
    return {name: value for name, value in data.items() if value != ""}


def _shortcode(name: str) -> str:
    return f"C{number_of(f'shortcode {name}', below=16**9):09x}"
