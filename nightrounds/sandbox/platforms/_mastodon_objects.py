"""Accounts and statuses as Mastodon-compatible servers write them: one like Mastodon, one like WordPress with a plug-in.

What a reader meets: HTML with shortened links, ids that rise with time on the one server and do not on the other, boosts
without words of their own, quotes inside of a state.
"""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, WorldAccount

_TOKENS = re.compile(r"https?://\S+|(?<!\w)@\w+|(?<!\w)#\w+")
_SHOWN = 30  # characters of an address that readers see


def host_of(account: WorldAccount) -> str:
    return account.handle.partition("@")[2]


def name_of(account: WorldAccount) -> str:
    return account.handle.partition("@")[0]


def is_wordpress(account: WorldAccount) -> bool:
    return account.extra.get("server") == "wordpress"


def snowflake(at: datetime, name: str) -> str:
    """Mastodon's id of something made at that time: milliseconds, then 16 bits."""
    return str((int(at.timestamp() * 1000) << 16) | number_of(name, below=1 << 16))


def account_id(account: WorldAccount) -> str:
    return "2" if is_wordpress(account) else snowflake(account.joined, account.key)


def status_id(shown: Shown) -> str:
    if is_wordpress(shown.account):
        return str(1000 + number_of(f"wordpress {shown.post.id}", below=90_000))
    return snowflake(shown.post.at, shown.post.id)


def address_of(shown: Shown) -> str:
    host, name = host_of(shown.account), name_of(shown.account)
    return f"https://{host}/@{name}/{status_id(shown)}"


def account(standing: Standing) -> dict[str, Any]:
    """A public account entity. A suspended one keeps its id and its name, and says nothing else."""
    own = standing.account
    suspended = standing.state.value in ("suspended", "private")
    address = f"https://{host_of(own)}/@{name_of(own)}"
    picture = f"https://{host_of(own)}/avatars/{own.key}.png"
    found: dict[str, Any] = {
        "id": account_id(own),
        "username": name_of(own),
        "acct": own.handle if is_wordpress(own) else name_of(own),
        "display_name": "" if suspended else standing.display_name,
        "locked": False,
        "bot": False,
        "group": False,
        "discoverable": own.extra.get("discoverable"),
        "created_at": _midnight(own.joined),
        "note": "" if suspended else content_of(standing.bio, host_of(own)),
        "url": address,
        "uri": f"https://{host_of(own)}/users/{name_of(own)}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": own.followers,
        "following_count": 7,
        "statuses_count": len(own.posts),
        "last_status_at": None,
        "emojis": [],
        "fields": [] if suspended or not own.link else [{"name": "Web", "value": _anchor(own.link), "verified_at": None}],
    }
    if not is_wordpress(own):
        found |= {"indexable": own.extra.get("indexable", False), "noindex": own.extra.get("noindex", False), "roles": []}
    if suspended:
        found["suspended"] = True
    return found


def status(scene: Scene, shown: Shown, *, inner: bool = False) -> dict[str, Any]:
    """A status entity, with the boosted or quoted one inside of it; `inner` ones hold no further ones."""
    own, post = shown.account, shown.post
    found = _bare(shown, account(scene.standing(own)))
    if post.reply_to is not None:
        found["in_reply_to_id"] = _id_of(scene, post.reply_to, shown)
        found["in_reply_to_account_id"] = snowflake(own.joined, f"{post.id} whom")
    if post.repost is not None and not inner:
        found["reblog"] = _other(scene, post.repost, shown)
        found["content"] = ""
    if post.quote is not None and not inner:
        quoted = _other(scene, post.quote, shown)
        found["quote"] = {"state": "accepted" if quoted else "deleted", "quoted_status": quoted}
        if quoted:
            found["content"] = f'<p class="quote-inline">RE: {_anchor(quoted["url"])}</p>{found["content"]}'
    return found


def content_of(text: str, host: str) -> str:
    """A text as the HTML that Mastodon makes of it."""
    paragraphs = [_marked_up(part, host).replace("\n", "<br />") for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p>{part}</p>" for part in paragraphs)


def activity(shown: Shown) -> dict[str, Any]:
    """What stands at a status's own address for other servers."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": address_of(shown),
        "type": "Note",
        "published": moment(shown.post.at),
        "content": content_of(shown.now.text, host_of(shown.account)),
    }


def tombstone(shown: Shown) -> dict[str, Any]:
    return {"@context": "https://www.w3.org/ns/activitystreams", "id": address_of(shown), "type": "Tombstone"}


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _bare(shown: Shown, author: dict[str, Any]) -> dict[str, Any]:
    own, post = shown.account, shown.post
    link = re.search(r"https?://\S+", shown.now.text)
    return {
        "id": status_id(shown),
        "created_at": moment(post.at),
        "edited_at": moment(shown.now.at) if shown.edited else None,
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": "spoiler" in post.extra,
        "spoiler_text": post.extra.get("spoiler", ""),
        "visibility": post.extra.get("visibility", "public"),
        "language": post.lang,
        "uri": f"https://{host_of(own)}/users/{name_of(own)}/statuses/{status_id(shown)}",
        "url": address_of(shown),
        "replies_count": number_of(f"{post.id} replies", below=9),
        "reblogs_count": number_of(f"{post.id} boosts", below=40),
        "favourites_count": number_of(f"{post.id} stars", below=90),
        "content": content_of(shown.now.text, host_of(own)),
        "reblog": None,
        "quote": None,
        "application": None,
        "account": author,
        "media_attachments": [_attachment(shown, number) for number in range(len(post.pictures))],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": _card(link[0]) if link else None,
        "poll": _poll(shown) if "poll" in post.extra else None,
    }


def _attachment(shown: Shown, number: int) -> dict[str, Any]:
    picture = shown.post.pictures[number]
    address = f"https://{host_of(shown.account)}/media/{picture.name}.jpg"
    return {
        "id": snowflake(shown.post.at, f"{shown.post.id} {picture.name}"),
        "type": "image",
        "url": address,
        "preview_url": address,
        "remote_url": None,
        "meta": {},
        "description": picture.alt or None,
        "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
    }


def _poll(shown: Shown) -> dict[str, Any]:
    options = [
        {"title": title, "votes_count": number_of(f"{shown.post.id} {title}", below=50)} for title in shown.post.extra["poll"]
    ]
    ends_at = shown.post.at + timedelta(days=1)
    return {
        "id": str(number_of(f"poll {shown.post.id}", below=9999)),
        "expires_at": moment(ends_at),
        "expired": True,
        "multiple": False,
        "votes_count": sum(int(one["votes_count"]) for one in options),
        "options": options,
        "emojis": [],
    }


def _card(address: str) -> dict[str, Any]:
    return {"url": address, "title": "", "description": "", "type": "link", "provider_name": "", "image": None}


def _id_of(scene: Scene, target: str | Elsewhere, shown: Shown) -> str:
    if isinstance(target, str):
        return status_id(scene.view.by_id[target])
    return snowflake(shown.post.at - timedelta(hours=1), f"{shown.post.id} answered")


def _other(scene: Scene, target: str | Elsewhere, shown: Shown) -> dict[str, Any] | None:
    """The boosted or quoted status, None where it is gone."""
    if isinstance(target, str):
        other = scene.view.by_id[target]
        return None if other.gone else status(scene, other, inner=True)
    if target.gone:
        return None
    at, host = shown.post.at - timedelta(hours=2), host_of(shown.account)
    own = snowflake(at, f"{shown.post.id} elsewhere")
    found = _bare(shown, {"id": snowflake(at, target.by), "username": target.by, "acct": f"{target.by}@far.sandbox.example"})
    return found | {
        "id": own,
        "created_at": moment(at),
        "url": f"https://far.sandbox.example/@{target.by}/{own}",
        "content": content_of(target.text, host),
        "media_attachments": [],
    }


def _marked_up(text: str, host: str) -> str:
    pieces, end = [], 0
    for found in _TOKENS.finditer(text):
        pieces += [html.escape(text[end : found.start()], quote=False), _token(found[0], host)]
        end = found.end()
    return "".join([*pieces, html.escape(text[end:], quote=False)])


def _token(token: str, host: str) -> str:
    if token.startswith("@"):
        href = f"https://{host}/{token}"
        return (
            f'<span class="h-card" translate="no"><a href="{href}" class="u-url mention">@<span>{token[1:]}</span></a></span>'
        )
    if token.startswith("#"):
        href = f"https://{host}/tags/{token[1:].lower()}"
        return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{token[1:]}</span></a>'
    return _anchor(token)


def _anchor(address: str) -> str:
    scheme, _, rest = address.partition("://")
    visible, hidden = rest[:_SHOWN], rest[_SHOWN:]
    kind = ' class="ellipsis"' if hidden else ' class=""'
    return (
        f'<a href="{html.escape(address)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span{kind}>{html.escape(visible)}</span>'
        f'<span class="invisible">{html.escape(hidden)}</span></a>'
    )


def _midnight(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT00:00:00.000Z")
