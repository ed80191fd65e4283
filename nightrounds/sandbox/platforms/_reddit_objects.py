"""Users, submissions and comments as Reddit writes them, and the places that deleted ones leave behind."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

from nightrounds.sandbox.native_ids import number_of, slug
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, WorldAccount

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)|(https?://\S+)")


def base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def name_of(account: WorldAccount) -> str:
    return account.handle.removeprefix("u/")


def user_id(account: WorldAccount) -> str:
    return base36(36**5 + number_of(f"user {account.key}", below=36**5))


def is_comment(shown: Shown) -> bool:
    return shown.post.reply_to is not None


def own_id(at: datetime, name: str) -> str:
    """Ids rise with time."""
    return base36(int(at.timestamp()) * 1000 + number_of(name, below=1000))


def full_name(shown: Shown) -> str:
    return f"{'t1' if is_comment(shown) else 't3'}_{own_id(shown.post.at, shown.post.id)}"


def user(standing: Standing) -> dict[str, Any]:
    own = standing.account
    return {
        "id": user_id(own),
        "name": name_of(own),
        "created_utc": own.joined.timestamp(),
        "is_employee": False,
        "has_verified_email": True,
        "link_karma": own.followers,
        "comment_karma": own.followers,
        "icon_img": f"https://styles.sandbox.example/{own.key}.png?width=256&s={number_of(own.key, below=10**9)}",
        "snoovatar_img": "",
        "subreddit": {
            "display_name": f"u_{name_of(own)}",
            "title": standing.display_name,
            "public_description": standing.bio,
            "subreddit_type": "user",
            "over_18": False,
        },
    }


def thing(scene: Scene, shown: Shown) -> dict[str, Any]:
    """A submission or a comment with its kind; what is gone keeps its place."""
    data = _comment(shown) if is_comment(shown) else _submission(scene, shown)
    if shown.gone:
        data |= _emptied(shown)
    return {"kind": "t1" if is_comment(shown) else "t3", "data": data}


def permalink(shown: Shown) -> str:
    place = f"/r/{_subreddit(shown)}/comments"
    if is_comment(shown):
        thread = own_id(shown.post.at - timedelta(hours=3), f"{shown.post.id} thread")
        return f"{place}/{thread}/a_thread/{own_id(shown.post.at, shown.post.id)}/"
    return f"{place}/{own_id(shown.post.at, shown.post.id)}/{slug(shown.now.title).replace('-', '_')}/"


def _shared(shown: Shown) -> dict[str, Any]:
    own, post = shown.account, shown.post
    return {
        "id": own_id(post.at, post.id),
        "name": full_name(shown),
        "author": name_of(own),
        "author_fullname": f"t2_{user_id(own)}",
        "created_utc": post.at.timestamp(),
        "edited": shown.now.at.timestamp() if shown.edited else False,
        "subreddit": _subreddit(shown),
        "subreddit_name_prefixed": f"r/{_subreddit(shown)}",
        "subreddit_type": "public",
        "permalink": permalink(shown),
        "score": number_of(f"{post.id} score", below=200),
        "over_18": False,
        "stickied": False,
        "locked": False,
    }


def _submission(scene: Scene, shown: Shown) -> dict[str, Any]:
    post, address = shown.post, f"https://www.reddit.com{permalink(shown)}"
    target = post.extra.get("url")
    data = _shared(shown) | {
        "title": shown.now.title,
        "selftext": shown.now.text,
        "selftext_html": _marked_up(shown.now.text) if shown.now.text else None,
        "is_self": not (target or post.pictures or post.quote),
        "url": target or address,
        "removed_by_category": None,
        "num_comments": number_of(f"{post.id} comments", below=60),
        "is_video": False,
    }
    if post.pictures:
        keys = [f"{number_of(f'{post.id} {picture.name}', below=10**12):012d}" for picture in post.pictures]
        data |= {
            "is_gallery": True,
            "gallery_data": {
                "items": [
                    {"media_id": key, "id": number, "caption": picture.alt}
                    for number, (key, picture) in enumerate(zip(keys, post.pictures, strict=True))
                ]
            },
            "media_metadata": {
                key: {
                    "status": "valid",
                    "e": "Image",
                    "m": "image/jpg",
                    "id": key,
                    "s": {"u": f"https://preview.redd.it/{key}.jpg"},
                }
                for key in keys
            },
        }
    if isinstance(post.quote, str):
        original = scene.view.by_id[post.quote]
        data |= {
            "crosspost_parent": full_name(original),
            "crosspost_parent_list": [thing(scene, original)["data"]],
            "url": permalink(original),
        }
    return data


def _comment(shown: Shown) -> dict[str, Any]:
    post, answered = shown.post, shown.post.reply_to
    assert isinstance(answered, Elsewhere)
    thread = own_id(post.at - timedelta(hours=3), f"{post.id} thread")
    return _shared(shown) | {
        "body": shown.now.text,
        "body_html": _marked_up(shown.now.text),
        "parent_id": f"t3_{thread}",
        "link_id": f"t3_{thread}",
        "link_title": answered.text,
        "link_author": answered.by,
        "link_permalink": f"https://www.reddit.com/r/{_subreddit(shown)}/comments/{thread}/a_thread/",
        "link_url": f"https://www.reddit.com/r/{_subreddit(shown)}/comments/{thread}/a_thread/",
    }


def _emptied(shown: Shown) -> dict[str, Any]:
    words = "body" if is_comment(shown) else "selftext"
    if remover := shown.post.extra.get("removed_by"):
        left = {words: "[removed]", f"{words}_html": None}
        return left if is_comment(shown) else left | {"removed_by_category": remover}
    left = {words: "[deleted]", f"{words}_html": None, "author": "[deleted]", "author_fullname": None}
    return left if is_comment(shown) else left | {"removed_by_category": "deleted"}


def _subreddit(shown: Shown) -> str:
    return str(shown.post.extra.get("subreddit", f"u_{name_of(shown.account)}"))


def _marked_up(text: str) -> str:
    def anchor(found: re.Match[str]) -> str:
        address = found[2] or found[3]
        return f'<a href="{html.escape(address)}">{html.escape(found[1] or address)}</a>'

    pieces, end = [], 0
    for found in _LINK.finditer(text):
        pieces += [html.escape(text[end : found.start()]), anchor(found)]
        end = found.end()
    inner = "".join([*pieces, html.escape(text[end:])])
    return f'<!-- SC_OFF --><div class="md"><p>{inner}</p>\n</div><!-- SC_ON -->'
