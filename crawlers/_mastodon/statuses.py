"""Mastodon's JSON in our words: accounts, and posts with what they refer to. Knows the shapes of compatible servers too.

Only what everybody may read is read: posts for followers or for named people are told apart by `is_public` and never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import AccountNotFound, ParseError
from core.records import Account, Media, Post, PostType, Precision, Profile, Reference
from crawlers._html_text import PlainText, read_html
from crawlers._mastodon.client import is_id
from crawlers._strict import instant, link, mapping, objects, text

_PUBLIC = frozenset({"public", "unlisted"})
_KINDS: dict[object, Literal["image", "video", "audio"]] = {
    "image": "image",
    "gifv": "video",
    "video": "video",
    "audio": "audio",
}
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.ASCII)
_MAX_PARTS = 100  # attachments, fields of a profile, options of a poll
_USERNAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,62}[a-z0-9_])?", re.ASCII | re.IGNORECASE)
_OPT_OUTS = {"noindex": True, "indexable": False, "discoverable": False}  # a flag, and how it stands for those who opt out


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    native_id: str = field(repr=False)  # the server's own; unique on that server alone
    username: str | None = field(repr=False)  # None where it is no name by which the account could be asked for
    is_suspended: bool
    has_moved: bool
    opt_outs: tuple[str, ...]  # the flags by which the person asks not to be found
    profile: Profile


def parse_user(item: Mapping[str, Any], host: str) -> User:
    """The account of a lookup.

    Raises:
        AccountNotFound: it lives on another server.
        ParseError: no account.
    """
    native_id, username, address = item.get("id"), text(item, "username"), text(item, "acct")
    if not is_id(native_id) or not username:
        raise ParseError("id, username: expected an account's id and name")
    if "@" in address.strip("@") and address.strip("@").rpartition("@")[2].casefold() != host.casefold():
        raise AccountNotFound("Mastodon: the account lives on another server; its handle names that one")
    note = read_html(text(item, "note"))
    fields = [(text(one, "name"), read_html(text(one, "value"))) for one in objects(item, "fields")[:_MAX_PARTS]]
    return User(
        native_id=str(native_id),
        username=username if _USERNAME.fullmatch(username) else None,
        is_suspended=item.get("suspended") is True,
        has_moved=bool(item.get("moved")),
        opt_outs=tuple(name for name, value in _OPT_OUTS.items() if item.get(name) is value),
        profile=Profile(
            display_name=text(item, "display_name"),
            bio="\n".join(filter(None, [note.text, *(f"{name}: {value.text}" for name, value in fields)])),
            url=link(item, "url"),
            links=_distinct([*note.links, *(address for _, value in fields for address in value.links)]),
            picture_url=link(item, "avatar_static") or link(item, "avatar"),
        ),
    )


def is_public(item: Mapping[str, Any]) -> bool:
    """Whether everybody may read it, without a login. Raises ParseError where the server does not say."""
    visibility = item.get("visibility")
    if not isinstance(visibility, str):
        raise ParseError("visibility: expected a word")
    return visibility in _PUBLIC


def author_of(item: Mapping[str, Any]) -> str:
    author = mapping(item, "account").get("id")
    if not is_id(author):
        raise ParseError("account: expected who wrote it")
    return str(author)


def parse_status(item: Mapping[str, Any], account: Account) -> Post:
    """One post. Raises ParseError when its id, text, times or references are not what Mastodon promises."""
    native_id, answered = item.get("id"), item.get("in_reply_to_id")
    if not is_id(native_id):
        raise ParseError("id: expected a post's id as a string")
    if answered and not is_id(answered):
        raise ParseError("in_reply_to_id: expected a post's id as a string")
    repeated = mapping(item, "reblog")
    shown = repeated or item
    if not isinstance(shown.get("content"), str):
        raise ParseError("content: expected text")
    words = read_html(text(shown, "content"))
    body = _with_poll(words, shown)
    posted_at, edited_at = instant(item, "created_at"), instant(shown, "edited_at")
    return Post(
        platform="mastodon",
        account_id=account.id,
        native_id=str(native_id),
        url=link(item, "url") or link(item, "uri"),
        type=PostType.REPOST if repeated else PostType.NOTE,
        text=body,
        summary=text(shown, "spoiler_text"),
        lang=_language(shown),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        edited_at=edited_at,
        revision=edited_at.isoformat() if edited_at else "",
        in_reply_to=Reference(native_id=str(answered)) if answered else None,
        repost_of=_reference(repeated, repeated.get("id"), body) if repeated else None,
        quote_of=_quote(shown),
        links=_distinct(words.links or _card(shown)),
        media=tuple(_media(shown)),
    )


def _with_poll(words: PlainText, item: Mapping[str, Any]) -> str:
    """The text, and a poll's options as lines below it: they are the author's words."""
    options = [text(one, "title") for one in objects(mapping(item, "poll"), "options")[:_MAX_PARTS]]
    return "\n".join(filter(None, [words.text, *(f"- {title}" for title in options)]))


def _quote(item: Mapping[str, Any]) -> Reference | None:
    """Mastodon 4.4 wraps the quoted post in its state, older forks give it bare; a quote taken back names no post."""
    quote = mapping(item, "quote")
    if not quote:
        return None
    if not {"state", "quoted_status", "quoted_status_id"} & quote.keys():
        return _reference(quote, quote.get("id"))
    status = mapping(quote, "quoted_status")
    return _reference(status, status.get("id") or quote.get("quoted_status_id"))


def _reference(status: Mapping[str, Any], native_id: Any, words: str = "") -> Reference:
    if native_id is not None and not is_id(native_id):
        raise ParseError("reblog, quote: expected a post's id as a string")
    shown = words or _with_poll(read_html(text(status, "content")), status)
    address = link(status, "url") or link(status, "uri")
    return Reference(native_id=str(native_id or ""), url=address, text=shown, available=bool(status))


def _card(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the preview leads. The server makes it a little later, of the first link of the text: beside that link it would
    look like an edit, so it counts only where the text has none."""
    address = link(mapping(item, "card"), "url")
    return (address,) if address else ()


def _media(item: Mapping[str, Any]) -> Iterable[Media]:
    for one in objects(item, "media_attachments")[:_MAX_PARTS]:
        key = one.get("id")
        if not is_id(key) and not (isinstance(key, int) and not isinstance(key, bool)):
            raise ParseError("media_attachments: expected an id")
        yield Media(
            kind=_KINDS.get(one.get("type"), "document") if isinstance(one.get("type"), str) else "document",
            native_key=str(key),
            url=link(one, "url") or link(one, "remote_url"),
            alt_text=text(one, "description"),
        )


def _language(item: Mapping[str, Any]) -> str:
    found = _LANGUAGE.fullmatch(text(item, "language").casefold())
    return found[1] if found else "und"


def _distinct(links: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(links))[:_MAX_PARTS]
