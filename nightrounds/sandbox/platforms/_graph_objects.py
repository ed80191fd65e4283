"""Pages, Page posts and photos as the Graph API writes them.

What a reader meets: picture addresses are signed anew at every answer, `updated_time` moves for a comment too, outside links
are wrapped in l.facebook.com with the real one in `unshimmed_url`, the description of a single photo repeats the message.
"""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from nightrounds.sandbox.native_ids import number_of, page_id, page_post_id
from nightrounds.sandbox.platforms._graph_fields import Asked
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, Picture, WorldAccount


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PAGE_FIELDS = _words(
    "about affiliation bio birthday category category_list company_overview cover current_location description "
    "description_html display_subtext emails engagement fan_count followers_count founded general_info "
    "has_transitioned_to_new_page_experience id impressum is_community_page is_owned is_permanently_closed "
    "is_published is_unclaimed is_verified link location mission name name_with_location_descriptor "
    "overall_star_rating personal_info phone picture privacy_info_url rating_count single_line_address "
    "talking_about_count username verification_status website were_here_count"
)
POST_FIELDS = _words(
    "actions admin_creator application attachments backdated_time child_attachments comments created_time event "
    "from full_picture icon id is_expired is_hidden is_inline_created is_instagram_eligible is_popular "
    "is_published is_spherical likes message message_tags parent_id permalink_url picture place privacy "
    "promotable_id properties reactions scheduled_publish_time shares sharedposts status_type story story_tags "
    "target timeline_visibility to updated_time via"
)
RETIRED_POST_FIELDS = frozenset({"caption", "description", "link", "name", "object_id", "source", "type"})
PHOTO_FIELDS = _words(
    "alt_text alt_text_custom created_time from height id images link name page_story_id picture updated_time width"
)
_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]’”'…]")
_SIGNATURES = itertools.count(1)


def graph_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def id_of_page(account: WorldAccount) -> str:
    return page_id(account.key)


def id_of_post(shown: Shown) -> str:
    return page_post_id(page_id(shown.account.key), shown.post.id)


def id_of_photo(shown: Shown, picture: Picture) -> str:
    return str(122_000_000_000_000_000 + number_of(f"photo {shown.post.id} {picture.name}", below=10**15))


def signed(name: str) -> str:
    """A picture's address, good for a while: the same picture has another one in each answer."""
    turn = next(_SIGNATURES)
    signature = f"{number_of(f'{name} {turn}', below=16**16):016x}"
    return f"https://scontent.sandbox.example/v/t39.30808-6/{name}_n.jpg?_nc_cat=1&oh=00_{signature}&oe={0x6A000000 + turn:X}"


def page(standing: Standing) -> dict[str, Any]:
    account = standing.account
    data = {
        "id": id_of_page(account),
        "name": standing.display_name,
        "username": standing.handle,
        "about": standing.bio,
        "category": "Hospital" if account.kind == "official" else "Community",
        "link": f"https://www.facebook.com/{standing.handle}",
        "website": account.link,
        "fan_count": account.followers,
        "followers_count": account.followers + account.followers // 50,
        "verification_status": "blue_verified" if account.followers > 20_000 else "not_verified",
        "is_published": True,
        "is_verified": account.followers > 20_000,
        "single_line_address": account.location,
        "picture": {"data": {"height": 50, "width": 50, "is_silhouette": False, "url": signed(f"page-{account.key}")}},
    }
    return {key: value for key, value in data.items() if value not in ("", None)}


def post(scene: Scene, shown: Shown, asked: dict[str, Asked]) -> dict[str, Any]:
    """A post. `asked` shapes the edges `comments`, `reactions` and `likes`."""
    account, own_id = shown.account, id_of_post(shown)
    standing = scene.standing(account)
    page_number, post_number = own_id.split("_")
    attachments = _attachments(shown)
    pictures = shown.post.pictures
    likes = number_of(f"liked {shown.post.id}", below=1 + account.followers // 30)
    updated = max([shown.now.at, *([at] if (at := shown.post.commented_at) and at <= scene.view.at else [])])
    data = {
        "id": own_id,
        "message": shown.now.text,
        "story": f"{standing.display_name} shared a post." if shown.post.repost is not None else "",
        "created_time": graph_time(shown.post.at),
        "updated_time": graph_time(updated),
        "permalink_url": f"https://www.facebook.com/{page_number}/posts/{post_number}",
        "from": {"name": standing.display_name, "id": page_number},
        "status_type": _status_type(shown),
        "full_picture": signed(pictures[0].name) if pictures else "",
        "picture": signed(f"{pictures[0].name}_s") if pictures else "",
        "parent_id": _parent(scene, shown),
        "is_published": True,
        "is_hidden": False,
        "is_expired": False,
        "shares": {"count": likes // 8} if likes >= 8 else None,
        "attachments": {"data": attachments} if attachments else None,
        "reactions": _edge(asked.get("reactions"), likes, viewer_reaction="NONE"),
        "likes": _edge(asked.get("likes"), likes - likes // 7, can_like=True, has_liked=False),
        "comments": _edge(asked.get("comments"), likes // 11, order="ranked", can_comment=True),
        "privacy": {"allow": "", "deny": "", "description": "Public", "friends": "", "value": "EVERYONE"},
    }
    return {key: value for key, value in data.items() if value not in ("", None)}


def photo(scene: Scene, shown: Shown, picture: Picture) -> dict[str, Any]:
    data = {
        "id": id_of_photo(shown, picture),
        "alt_text": "May be an image of text",
        "alt_text_custom": picture.alt,
        "name": shown.now.text,
        "created_time": graph_time(shown.post.at),
        "updated_time": graph_time(shown.post.at),
        "from": {"name": scene.standing(shown.account).display_name, "id": id_of_page(shown.account)},
        "page_story_id": id_of_post(shown),
        "width": 1200,
        "height": 900,
        "picture": signed(picture.name),
        "images": [{"width": 1200, "height": 900, "source": signed(picture.name)}],
        "link": _photo_page(shown, picture),
    }
    return {key: value for key, value in data.items() if value != ""}


def chosen(data: dict[str, Any], asked: dict[str, Asked]) -> dict[str, Any]:
    """The fields that were asked for, and always the id."""
    kept = {name: _inner(data[name], wish) for name, wish in asked.items() if name in data}
    return kept | ({"id": data["id"]} if "id" in data else {})


def _inner(value: Any, wish: Asked) -> Any:
    if not wish.inner:
        return value
    if isinstance(value, list):
        return [_inner(item, wish) for item in value]
    if isinstance(value, dict) and isinstance(value.get("data"), list | dict):
        return value | {"data": _inner(value["data"], wish)}
    return {name: _inner(value[name], inner) for name, inner in wish.inner.items() if name in value}


def _edge(wish: Asked | None, count: int, **summary: Any) -> dict[str, Any]:
    """An edge beside a post: no people in it (this API gives strangers' names to nobody), their number if asked."""
    data: dict[str, Any] = {"data": []}
    if wish is not None and "summary" in wish.modifiers:
        data["summary"] = {"total_count": count} | summary
    return data


def _status_type(shown: Shown) -> str:
    if shown.post.repost is not None or _LINK.search(shown.now.text):
        return "shared_story"
    return "added_photos" if shown.post.pictures else "mobile_status_update"


def _parent(scene: Scene, shown: Shown) -> str | None:
    target = shown.post.repost
    if target is None:
        return None
    if isinstance(target, Elsewhere):
        return page_post_id(page_id(target.by), shown.post.id)
    return id_of_post(scene.view.by_id[target])


def _photo_page(shown: Shown, picture: Picture) -> str:
    return f"https://www.facebook.com/{id_of_page(shown.account)}/photos/{id_of_photo(shown, picture)}"


def _attachments(shown: Shown) -> list[dict[str, Any]]:
    pictures = shown.post.pictures
    if len(pictures) > 1:
        album = {"media_type": "album", "type": "album", "title": "Photos from the post"}
        first = _photo(shown, pictures[0], pictures[0].alt)
        parts = [_photo(shown, picture, picture.alt) for picture in pictures]
        return [first | album | {"subattachments": {"data": parts}}]
    if pictures:
        return [_photo(shown, pictures[0], shown.now.text)]
    if isinstance(shown.post.repost, Elsewhere):
        url = f"https://www.facebook.com/{shown.post.repost.by}"
        shared = {"media_type": "link", "type": "share", "title": shown.post.repost.by, "url": url, "unshimmed_url": url}
        return [shared | {"description": shown.post.repost.text, "target": {"url": url}}]
    if match := _LINK.search(shown.now.text):
        shim = f"https://l.facebook.com/l.php?u={quote(match[0], safe='')}&h=AT{number_of(match[0], below=10**12):x}&s=1"
        host = match[0].split("/")[2]
        link = {"media_type": "link", "type": "share", "title": host, "url": shim, "unshimmed_url": match[0]}
        return [link | {"target": {"url": shim}}]
    return []


def _photo(shown: Shown, picture: Picture, description: str) -> dict[str, Any]:
    url = _photo_page(shown, picture)
    data = {
        "media_type": "photo",
        "type": "photo",
        "description": description,
        "media": {"image": {"height": 720, "width": 960, "src": signed(picture.name)}},
        "target": {"id": id_of_photo(shown, picture), "url": url},
        "url": url,
        "unshimmed_url": url,
    }
    return {key: value for key, value in data.items() if value != ""}
