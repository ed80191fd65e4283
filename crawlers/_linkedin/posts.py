"""LinkedIn's JSON in our words: a page as a profile, and its posts with content of every kind.

Pictures, videos and documents come as URNs without addresses: the URN is the medium's own key. A reshared post comes as a URN
without its words. `lastModifiedAt` moves for other reasons than an edit; `isEditedByAuthor` says whether there was one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.errors import ParseError
from core.records import Account, Gone, GoneReason, Media, Post, PostType, Precision, Profile, Reference
from crawlers._linkedin.little_text import plain
from crawlers._strict import link, mapping, objects, text

_POST_ID = re.compile(r"urn:li:(share|ugcPost):[0-9]{1,20}", re.ASCII)
_URN = re.compile(r"urn:li:[A-Za-z]{1,40}:[A-Za-z0-9_-]{1,100}", re.ASCII)
_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in (2000, 2100))
_KINDS: dict[str, Literal["image", "video", "document"]] = {"image": "image", "video": "video"}
_READ = frozenset({"media", "article", "multiImage", "poll", "carousel", "celebration", "reference"})
_MAX_PARTS = 100
_PUBLISHED = frozenset({"PUBLISHED", "PUBLISHED_EDITED"})
_ON_THE_WAY = frozenset({"PUBLISH_REQUESTED", "PUBLISH_FAILED"})
_NOT_PUBLIC = frozenset({"LOGGED_IN", "CONNECTIONS", "CONTAINER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    native_id: str = field(repr=False)
    vanity_name: str = field(repr=False)
    profile: Profile

    @property
    def urn(self) -> str:
        return f"urn:li:organization:{self.native_id}"


def is_post_id(value: object) -> bool:
    return isinstance(value, str) and _POST_ID.fullmatch(value) is not None


def is_page_number(value: object) -> bool:
    return isinstance(value, str) and _PAGE_NUMBER.fullmatch(value) is not None


def page_number(item: Mapping[str, Any]) -> str:
    """A page's number, which LinkedIn gives as a JSON number. Raises ParseError."""
    number = item.get("id")
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**53:
        return str(number)
    raise ParseError("id: expected a page's number")


def parse_page(item: Mapping[str, Any]) -> Page:
    """Raises ParseError for what is no page."""
    native_id, vanity_name = page_number(item), text(item, "vanityName")
    site = text(item, "localizedWebsite")
    address = link({"site": site if "://" in site else f"https://{site}"}, "site") if site else ""
    return Page(
        native_id=native_id,
        vanity_name=vanity_name,
        profile=Profile(
            display_name=text(item, "localizedName"),
            bio="\n".join(filter(None, [text(item, "localizedDescription"), _tagline(item)])),
            url=f"https://www.linkedin.com/company/{native_id}/",
            links=(address,) if address else (),
        ),
    )


def _tagline(item: Mapping[str, Any]) -> str:
    localized = mapping(mapping(item, "tagline"), "localized")
    return text(localized, next(iter(sorted(localized)), ""))


def hidden(item: Mapping[str, Any], *, members_too: bool, path: str) -> Gone | None:
    """The sighting of a post that is not (or not any more) public, None for a public one. Raises ParseError for a new state."""
    native_id, state, visibility = item.get("id"), item.get("lifecycleState"), item.get("visibility")
    if not is_post_id(native_id) or not isinstance(state, str) or not isinstance(visibility, str):
        raise ParseError("id, lifecycleState, visibility: expected a post's URN and two words")
    if state in _PUBLISHED:
        if visibility == "PUBLIC" or (members_too and visibility == "LOGGED_IN"):
            return None
        if visibility in _NOT_PUBLIC:
            return Gone(native_id=str(native_id), reason=GoneReason.PRIVATE, definite=True, path=path)
        raise ParseError("visibility: not one that we know")
    if state == "DRAFT":
        return Gone(native_id=str(native_id), reason=GoneReason.PRIVATE, definite=True, path=path)
    if state in _ON_THE_WAY:
        return Gone(native_id=str(native_id), reason=GoneReason.UNAVAILABLE, path=path)
    raise ParseError("lifecycleState: not one that we know")


def moment_of(item: Mapping[str, Any], key: str) -> int:
    """Milliseconds since 1970. Raises ParseError."""
    value = item.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and _FIRST <= value < _LAST:
        return value
    raise ParseError(f"{key}: expected milliseconds since 1970")


def unread_content(item: Mapping[str, Any]) -> bool:
    """Whether the post holds content of a kind that is not read here."""
    return bool(set(mapping(item, "content")) - _READ)


def parse_post(item: Mapping[str, Any], account: Account) -> Post:
    """One public post. Raises ParseError when it is not what LinkedIn promises."""
    native_id = item.get("id")
    if not is_post_id(native_id):
        raise ParseError("id: expected a post's URN")
    changed_at = moment_of(item, "lastModifiedAt")
    posted_at = moment_of(item, "publishedAt" if item.get("publishedAt") is not None else "createdAt")
    was_edited = mapping(item, "lifecycleStateInfo").get("isEditedByAuthor") is True
    words = plain(text(item, "commentary"))
    content = mapping(item, "content")
    media = tuple(_media(content))
    shared = _reshared(item)
    is_repost = shared is not None and not words and not content
    return Post(
        platform="linkedin",
        account_id=account.id,
        native_id=str(native_id),
        url=f"https://www.linkedin.com/feed/update/{native_id}/",
        type=PostType.REPOST if is_repost else _type(content, media),
        title=_title(content),
        text=words,
        summary=_summary(content),
        posted_at=utc(posted_at),
        posted_at_precision=Precision.EXACT,
        edited_at=utc(changed_at) if was_edited else None,
        revision=str(changed_at),
        repost_of=shared if is_repost else None,
        quote_of=None if is_repost else shared,
        links=tuple(dict.fromkeys(filter(None, _links(item, content)))),
        media=media,
    )


def utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _reshared(item: Mapping[str, Any]) -> Reference | None:
    context = mapping(item, "reshareContext")
    target = context.get("parent") or context.get("root")
    if target is None:
        return None
    if not isinstance(target, str) or not _URN.fullmatch(target):
        raise ParseError("reshareContext: expected a post's URN")
    return Reference(native_id=target, url=f"https://www.linkedin.com/feed/update/{target}/")


def _type(content: Mapping[str, Any], media: tuple[Media, ...]) -> PostType:
    """An article's thumbnail makes no picture post of it."""
    kinds = set() if "article" in content else {medium.kind for medium in media}
    if "video" in kinds:
        return PostType.VIDEO
    return PostType.IMAGE if "image" in kinds else PostType.NOTE


def _title(content: Mapping[str, Any]) -> str:
    """What stands above: the headline of an article, the name of a video or document, the question of a poll."""
    candidates = [(part, key) for part, key in (("article", "title"), ("media", "title"), ("poll", "question"))]
    return "\n".join(filter(None, (text(mapping(content, part), key) for part, key in candidates)))


def _summary(content: Mapping[str, Any]) -> str:
    """What stands below: an article's lead, a poll's choices, a celebration's words, the headlines of a carousel."""
    words = [text(mapping(content, "article"), "description"), text(mapping(content, "celebration"), "text")]
    words += [text(option, "text") for option in objects(mapping(content, "poll"), "options")[:_MAX_PARTS]]
    words += [text(mapping(card, "media"), "title") for card in _cards(content)]
    return "\n".join(filter(None, words))


def _cards(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects(mapping(content, "carousel"), "cards")[:_MAX_PARTS]


def _links(item: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    yield link(mapping(content, "article"), "source")
    yield link(item, "contentLandingPage")
    for card in _cards(content):
        yield link(card, "landingPage")


def _media(content: Mapping[str, Any]) -> Iterator[Media]:
    parts = [mapping(content, "media"), *objects(mapping(content, "multiImage"), "images")[:_MAX_PARTS]]
    parts += [mapping(card, "media") for card in _cards(content)]
    article = mapping(content, "article")
    if article.get("thumbnail") is not None:
        parts.append({"id": article["thumbnail"], "altText": article.get("thumbnailAltText")})
    for part in parts:
        if not part:
            continue
        key = part.get("id")
        if not isinstance(key, str) or not _URN.fullmatch(key):
            raise ParseError("content: expected a medium's URN")
        yield Media(kind=_KINDS.get(key.split(":")[2], "document"), native_key=key, alt_text=text(part, "altText"))
