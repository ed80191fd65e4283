"""Pages and posts as LinkedIn's versioned API writes them.

What a reader meets: commentary in 'little text' with every reserved character escaped, pictures as bare URNs, times in
milliseconds, drafts and members' posts among the public ones, and a `lastModifiedAt` that moves though nobody edited.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, WorldAccount

_MARKED = re.compile(r"#(\w+)|([\\|{}@\[\]()<>#*_~])")


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def page_number(account: WorldAccount) -> int:
    return 1_000_000 + number_of(f"organization {account.key}", below=90_000_000)


def page_urn(account: WorldAccount) -> str:
    return f"urn:li:organization:{page_number(account)}"


def post_urn(at: datetime, name: str) -> str:
    """LinkedIn's id of a post: its time and 22 bits, as a share or, for some, a ugcPost."""
    number = (milliseconds(at) << 22) | number_of(f"share {name}", below=1 << 22)
    return f"urn:li:{'ugcPost' if number_of(f'kind {name}', below=5) == 0 else 'share'}:{number}"


def urn_of(shown: Shown) -> str:
    return post_urn(shown.post.at, shown.post.id)


def little(text: str, mentions: dict[str, str]) -> str:
    """A text as LinkedIn keeps it. `mentions` maps names that stand in it to URNs."""

    def marked(match: re.Match[str]) -> str:
        return f"{{hashtag|\\#|{match[1]}}}" if match[1] else f"\\{match[2]}"

    written = _MARKED.sub(marked, text)
    for name, urn in mentions.items():
        spelled = _MARKED.sub(marked, name)
        written = written.replace(spelled, f"@[{spelled}]({urn})", 1)
    return written


def organization(standing: Standing, *, administered: bool) -> dict[str, Any]:
    """A page; whoever does not administer it is told a few fields."""
    account = standing.account
    told = {
        "id": page_number(account),
        "vanityName": standing.handle,
        "localizedName": standing.display_name,
        "name": {
            "localized": {"en_US": standing.display_name},
            "preferredLocale": {"country": "US", "language": "en"},
        },
        "localizedWebsite": account.link,
        "primaryOrganizationType": "NONE",
        "locations": [],
        "$URN": page_urn(account),
    }
    if administered:
        told |= {
            "localizedDescription": standing.bio,
            "description": {
                "localized": {"en_US": standing.bio},
                "preferredLocale": {"country": "US", "language": "en"},
            },
            "organizationStatus": "OPERATING",
            "staffCountRange": "SIZE_10001_OR_MORE",
            "versionTag": str(number_of(f"tag {account.key}", below=10**9)),
        }
    return {key: value for key, value in told.items() if value != ""}


def changed_at(scene: Scene, shown: Shown) -> datetime:
    """When LinkedIn says that a post was last modified: an edit, a hiding, or a comment."""
    moments = [shown.now.at]
    moments += [at] if (at := shown.post.commented_at) and at <= scene.view.at else []
    moments += [shown.post.deleted_at] if shown.gone and shown.post.deleted_at else []
    return max(moments)


def post(scene: Scene, shown: Shown) -> dict[str, Any]:
    """A post; one that its page hid instead of deleting it (`extra: {hidden_as}`) is shown to members alone, or a draft."""
    extra = shown.post.extra
    hidden_as = extra.get("hidden_as") if shown.gone else None
    at = milliseconds(shown.post.at)
    told: dict[str, Any] = {
        "id": urn_of(shown),
        "author": page_urn(shown.account),
        "commentary": little(shown.now.text, extra.get("mentions", {})),
        "content": _content(shown),
        "createdAt": at - 2016,
        "publishedAt": at,
        "lastModifiedAt": milliseconds(changed_at(scene, shown)),
        "lifecycleState": "DRAFT" if hidden_as == "DRAFT" else "PUBLISHED",
        "lifecycleStateInfo": {"isEditedByAuthor": shown.edited},
        "visibility": hidden_as if hidden_as not in (None, "DRAFT") else "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "thirdPartyDistributionChannels": []},
        "isReshareDisabledByAuthor": False,
        "reshareContext": _reshared(scene, shown),
    }
    return {key: value for key, value in told.items() if value not in (None, {})}


def unpublished(account: WorldAccount) -> list[dict[str, Any]]:
    """What a page holds beside its public posts (`extra: {unpublished}`): drafts, and posts for members."""
    return [
        {
            "id": post_urn(datetime.fromisoformat(one["at"]), one["name"]),
            "author": page_urn(account),
            "commentary": little(one["text"], {}),
            "createdAt": milliseconds(datetime.fromisoformat(one["at"])),
            "lastModifiedAt": milliseconds(datetime.fromisoformat(one["at"])),
            "lifecycleState": one.get("state", "PUBLISHED"),
            "lifecycleStateInfo": {"isEditedByAuthor": False},
            "visibility": one.get("visibility", "PUBLIC"),
        }
        for one in account.extra.get("unpublished", [])
    ]


def _content(shown: Shown) -> dict[str, Any]:
    extra, pictures = shown.post.extra, shown.post.pictures
    if "article" in extra:
        return {"article": {**extra["article"], "thumbnail": _medium(shown, "image", "thumbnail")}}
    if "poll" in extra:
        options = [{"text": option, "isVotedByViewer": False, "voteCount": 3} for option in extra["poll"]["options"]]
        settings = {"duration": "THREE_DAYS", "voteSelectionType": "SINGLE_VOTE", "isVoterVisibleToAuthor": True}
        return {
            "poll": {"question": extra["poll"]["question"], "options": options, "settings": settings, "uniqueVotersCount": 9}
        }
    if "video" in extra or "document" in extra:
        kind = "video" if "video" in extra else "document"
        return {"media": {"id": _medium(shown, kind, kind), "title": extra[kind]}}
    images = [{"id": _medium(shown, "image", picture.name), "altText": picture.alt} for picture in pictures]
    if len(images) == 1:
        return {"media": images[0]}
    return {"multiImage": {"images": images}} if images else {}


def _medium(shown: Shown, kind: str, name: str) -> str:
    return f"urn:li:{kind}:C4D22AQ{number_of(f'{kind} {shown.post.id} {name}', below=16**12):012X}"


def _reshared(scene: Scene, shown: Shown) -> dict[str, Any] | None:
    target = shown.post.repost or shown.post.quote
    if target is None:
        return None
    if isinstance(target, Elsewhere):
        urn = f"urn:li:share:{7_000_000_000_000_000_000 + number_of(f'elsewhere {target.by} {target.text}', below=10**17)}"
    else:
        urn = urn_of(scene.view.by_id[target])
    return {"parent": urn, "root": urn}
