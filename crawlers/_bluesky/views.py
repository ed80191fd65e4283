"""What the AppView shows: the account itself, labels on it, and other people's posts for context."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import AccountNotFound, AccountPrivate, Blocked, CrawlError, ParseError
from core.records import Account, Basis, Kind, Profile, RawPage
from crawlers._bluesky.api import Refused, Server, What, models
from crawlers._bluesky.hosts import DID
from crawlers._bluesky.posts import Context
from crawlers._strict import link, mapping, objects, text

AT_ONCE = 25  # posts of one lookup
_HANDLE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_REMOVED = {
    "!takedown",
    "!suspend",
    "!hide",
}  # values of the moderation service, https://docs.bsky.app/docs/advanced-guides/moderation
_UNSEEN = "!no-unauthenticated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An account as the AppView shows it."""

    did: str = field(repr=False)
    handle: str | None = field(repr=False)  # None where it leads nowhere any more
    profile: Profile
    labels: frozenset[str]  # those of others
    self_labels: frozenset[str]


def is_handle(value: str) -> bool:
    return len(value) <= 253 and _HANDLE.fullmatch(value) is not None


def parse_profile(view: Mapping[str, Any]) -> Shown:
    """Raises ParseError for what is no profile."""
    did, handle = view.get("did"), text(view, "handle").casefold()
    if not isinstance(did, str) or not DID.fullmatch(did):
        raise ParseError("did: expected a decentralised identifier")
    site = link(view, "website")
    labels = [(text(one, "src"), text(one, "val")) for one in objects(view, "labels") if one.get("neg") is not True]
    return Shown(
        did=did,
        handle=handle if is_handle(handle) and handle != "handle.invalid" else None,
        profile=Profile(
            display_name=text(view, "displayName"),
            bio=text(view, "description"),
            url=f"https://bsky.app/profile/{did}",
            links=(site,) if site else (),
            picture_url=link(view, "avatar"),
        ),
        labels=frozenset(value for source, value in labels if source != did),
        self_labels=frozenset(value for source, value in labels if source == did),
    )


def raise_for_labels(shown: Shown, account: Account) -> None:
    """Raise what labels on an account ask of us.

    `!no-unauthenticated` is the author's own wish not to be shown to people without a login, as we are. It holds unless the
    institution runs the account itself or the author has consented to being read.
    """
    if shown.labels & _REMOVED:
        raise AccountPrivate("Bluesky's moderators have hidden the account or taken it down")
    may_read = account.kind is Kind.OFFICIAL or account.basis in {Basis.OWNED, Basis.CONSENTED}
    if _UNSEEN in shown.self_labels and not may_read:
        raise Blocked("the author asks Bluesky not to show the account to people without a login; we honour that")


def unavailable(what: What) -> CrawlError:
    """The error that an account's state means, in plain words."""
    if what == "deactivated":
        return AccountPrivate("Bluesky: the account is deactivated by its owner")
    if what == "suspended":
        return AccountPrivate("Bluesky: the account is suspended")
    if what == "taken down":
        return AccountPrivate("Bluesky: the account is taken down by its server or by moderators")
    if what == "missing":
        return AccountNotFound("Bluesky knows no such account; it was renamed or deleted")
    return AccountPrivate("Bluesky does not show the account and does not say why")


def state_of(document: Mapping[str, Any]) -> CrawlError | None:
    """What an account's own server says of it, None when it is active. Raises ParseError."""
    active, status = document.get("active"), document.get("status")
    if not isinstance(active, bool):
        raise ParseError("active: expected true or false")
    if active:
        return None
    known: dict[str, What] = {
        "deactivated": "deactivated",
        "suspended": "suspended",
        "takendown": "taken down",
        "deleted": "missing",
    }
    return unavailable(known.get(status, "other") if isinstance(status, str) else "other")


def context_of(view: Mapping[str, Any], record_key: str = "record") -> tuple[str, Context] | None:
    """The address and content of a post that a view shows, or that it says is gone or blocked; None for anything else."""
    address = view.get("uri")
    if not isinstance(address, str):
        return None
    if True in (view.get("notFound"), view.get("blocked"), view.get("detached")):
        return address, Context(available=False)
    record, author = view.get(record_key), view.get("author")
    if not isinstance(record, dict) or not isinstance(author, dict) or not isinstance(record.get("text"), str):
        return None
    try:
        did = text(author, "did")
        hidden = any(one.get("val") == _UNSEEN for one in objects(author, "labels"))
        text(record, "text")
    except ParseError:
        return None
    return address, Context(did=did) if hidden else Context(record=record, did=did)


def look_up(appview: Server, addresses: Sequence[str]) -> Iterator[tuple[RawPage, Sequence[str], list[dict[str, Any]]]]:
    """Views of posts, 25 at once: the evidence, the addresses asked for, the views of those that are shown."""
    for start in range(0, len(addresses), AT_ONCE):
        asked = addresses[start : start + AT_ONCE]
        answer = appview.query("app.bsky.feed.getPosts", models.AppBskyFeedGetPosts.Params(uris=list(asked)))
        yield answer.raw, asked, objects(answer.json(), "posts")


def contexts_for(appview: Server, addresses: Sequence[str]) -> tuple[list[RawPage], dict[str, Context]]:
    """What can be seen of these posts; those that the AppView leaves out are not available."""
    raw: list[RawPage] = []
    found: dict[str, Context] = {}
    for page, asked, views in look_up(appview, addresses):
        raw.append(page)
        shown = dict(filter(None, (context_of(view) for view in views)))
        found |= {address: shown.get(address, Context(available=False)) for address in asked}
    return raw, found


def embedded(view: Mapping[str, Any]) -> dict[str, Context]:
    """The quoted post of a hydrated view, by its address."""
    embed = mapping(view, "embed")
    inner = mapping(embed, "record")
    inner = mapping(inner, "record") if embed.get("$type") == "app.bsky.embed.recordWithMedia#view" else inner
    found = context_of(inner, "value")
    return dict([found]) if found else {}


def profile_of(appview: Server, actor: str) -> tuple[Shown, RawPage]:
    """Raises Refused where the AppView shows no such account."""
    answer = appview.query("app.bsky.actor.getProfile", models.AppBskyActorGetProfile.Params(actor=actor))
    return parse_profile(answer.json()), answer.raw


def did_of(appview: Server, handle: str) -> str:
    """The DID that a handle leads to, also where the account is not shown. Raises AccountNotFound where it leads nowhere."""
    try:
        params = models.ComAtprotoIdentityResolveHandle.Params(handle=handle)
        did = appview.query("com.atproto.identity.resolveHandle", params).json().get("did")
    except Refused:
        raise unavailable("missing") from None
    if not isinstance(did, str) or not DID.fullmatch(did):
        raise ParseError("did: expected a decentralised identifier")
    return did
