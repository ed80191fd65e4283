"""MediaWiki's JSON (formatversion 2) in our words: the wiki itself, and its pages and their revisions as posts.

A page's id stays when it is moved; it is the post's. Editors are people who did not ask to be listed: no name of one is asked
for or kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from core.errors import ParseError
from core.records import Account, Media, Post, PostType, Precision, Profile
from crawlers._mediawiki.wikitext import ENGLISH, Picture, plain_text
from crawlers._strict import instant, link, mapping, objects, text

SITE = {
    "meta": "siteinfo|allmessages",
    "siprop": "general|namespaces|namespacealiases",
    "ammessages": "tagline|sitenotice",
    "amcustomised": "modified",  # what the wiki says itself, not what every wiki says
    "amenableparser": 1,
}
INFO: dict[str, Any] = {"prop": "info", "inprop": "url"}
CONTENT: dict[str, Any] = {
    "prop": "info|revisions|imageinfo",
    "inprop": "url",
    "rvslots": "main",
    "rvprop": "ids|timestamp|content|contentmodel",
    "iiprop": "url|mime|sha1",
}
PAST: dict[str, Any] = {name: value for name, value in CONTENT.items() if name != "iiprop"} | {"prop": "info|revisions"}
MAX_WIKITEXT = 4 * 2**20  # characters; a wiki allows 2 MiB unless it is told otherwise
FILES = 6
_MOST_NAMESPACES = 500
_VERBATIM = {"text", "json", "css", "javascript", "sanitized-css", "scribunto", "gadgetdefinition"}
_WIKI_ID = re.compile(r"[\w.-]{1,128}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_MEDIA: dict[str, Literal["image", "video", "audio"]] = {"image": "image", "video": "video", "audio": "audio"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiki:
    """A wiki as it tells of itself. `script` is index.php's address.

    `now` is its own clock's time or ours, whichever is earlier, in seconds since 1970.
    """

    native_id: str = field(repr=False)
    profile: Profile
    now: int
    lang: str
    host: str = field(repr=False)
    script: str = field(repr=False)
    content_namespaces: tuple[int, ...]
    namespaces: Mapping[str, int] = field(repr=False)  # by every name that it knows them under, in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page without its content. `revision` is 0 where there is none."""

    id: int
    namespace: int = 0
    revision: int = 0
    length: int = 0  # bytes of its content
    model: str = "wikitext"
    missing: bool = False
    redirect: bool = False

    @property
    def native_id(self) -> str:
        return str(self.id)

    @property
    def readable(self) -> bool:
        return self.model == "wikitext" or self.model.lower() in _VERBATIM


class Withheld(Exception):
    """The wiki hides this revision's content."""


def whole_number(item: Mapping[str, Any], key: str) -> int:
    """Zero where it is absent. Raises ParseError for what is no number of 0 to 2**53."""
    value = item.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ParseError(f"{key}: expected a number")
    return value


def is_page_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,14}", value, re.ASCII) is not None


def parse_wiki(query: Mapping[str, Any], address: str) -> Wiki:
    """The wiki whose api.php is at `address`. Raises ParseError."""
    general = mapping(query, "general")
    wiki_id, now = general.get("wikiid"), instant(general, "time")
    if not isinstance(wiki_id, str) or not _WIKI_ID.fullmatch(wiki_id) or now is None:
        raise ParseError("general: expected a wiki's id and time")
    names, content = dict(ENGLISH), []
    spaces = mapping(query, "namespaces")
    if len(spaces) > _MOST_NAMESPACES:
        raise ParseError(f"namespaces: expected at most {_MOST_NAMESPACES}")
    for space in spaces.values():
        if not isinstance(space, dict) or not isinstance(space.get("id"), int):
            raise ParseError("namespaces: expected each one's number")
        for name in (text(space, "name"), text(space, "canonical")):
            names |= {name.casefold(): space["id"]} if name else {}
        content += [space["id"]] if space.get("content") is True else []
    for alias in objects(query, "namespacealiases"):
        if isinstance(alias.get("id"), int) and text(alias, "alias"):
            names[text(alias, "alias").casefold()] = alias["id"]
    if not content:
        raise ParseError("namespaces: expected one that holds content")
    said = [plain_text(text(message, "content")).text for message in objects(query, "allmessages")]
    parts = urlsplit(address)
    return Wiki(
        native_id=f"{parts.netloc}{parts.path.removesuffix('api.php')} {wiki_id}",
        profile=Profile(display_name=text(general, "sitename"), bio="\n".join(filter(None, said)), url=link(general, "base")),
        now=int(now.timestamp()),
        lang=_lang(general, "lang"),
        host=parts.hostname or "",
        script=address.removesuffix("api.php") + "index.php",
        content_namespaces=tuple(sorted(content)),
        namespaces=names,
    )


def parse_page(item: Mapping[str, Any]) -> Page:
    """Raises ParseError for what tells no page id."""
    page_id = whole_number(item, "pageid")
    if not page_id:
        raise ParseError("pageid: expected a number")
    if item.get("missing") is True:
        return Page(id=page_id, missing=True)
    namespace = item.get("ns")
    if not isinstance(namespace, int) or isinstance(namespace, bool):
        raise ParseError("ns: expected a number")
    return Page(
        id=page_id,
        namespace=namespace,
        revision=whole_number(item, "lastrevid"),
        length=whole_number(item, "length"),
        model=text(item, "contentmodel") or "wikitext",
        redirect=item.get("redirect") is True,
    )


def parse_posts(item: Mapping[str, Any], account: Account, wiki: Wiki, posted_at: datetime | None) -> list[Post]:
    """The revisions of a page that an answer holds, oldest first; those whose content is hidden are left out.

    `posted_at` is when the page was made, as far as that is known from elsewhere.

    Raises:
        ParseError: not what MediaWiki promises. Withheld: the content of every revision is hidden.
    """
    page = parse_page(item)
    title = text(item, "title")
    revisions = sorted(objects(item, "revisions"), key=lambda one: whole_number(one, "revid"))
    if not title or not revisions:
        raise ParseError("expected a title and revisions")
    posts = []
    for revision in revisions:
        words = _content(revision)
        if words is None:
            continue
        number, at = whole_number(revision, "revid"), instant(revision, "timestamp")
        if not number or at is None:
            raise ParseError("expected a revision's id and time")
        is_first = revision.get("parentid") == 0
        made_at = at if is_first else posted_at
        said = plain_text(words, wiki.namespaces) if _model(revision, page) == "wikitext" else None
        body = said.text if said else words
        posts.append(
            Post(
                platform="mediawiki",
                account_id=account.id,
                native_id=page.native_id,
                url=_address(item, page, wiki),
                type=PostType.PAGE,
                title=title,
                text=body,
                lang=_lang(item, "pagelanguage") if item.get("pagelanguage") else wiki.lang,
                posted_at=made_at,
                posted_at_precision=Precision.EXACT if made_at else Precision.UNKNOWN,
                edited_at=None if is_first else at,
                revision=str(number),
                links=tuple(one for one in (said.links if said else ()) if link({"l": one}, "l")),
                media=(*_own_file(item, page, title), *(_shown(one, wiki) for one in (said.pictures if said else ()))),
            )
        )
    if not posts:
        raise Withheld
    return posts


def first_time(item: Mapping[str, Any]) -> datetime | None:
    """When a page's first revision was made, from an answer that holds that one alone. Raises ParseError."""
    revisions = objects(item, "revisions")
    return instant(revisions[0], "timestamp") if revisions and revisions[0].get("parentid") == 0 else None


def _slot(revision: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a revision says of its content; wikis before 1.32 have no slots."""
    return mapping(mapping(revision, "slots"), "main") or revision


def _model(revision: Mapping[str, Any], page: Page) -> str:
    return text(_slot(revision), "contentmodel") or page.model


def _content(revision: Mapping[str, Any]) -> str | None:
    """The source of a revision, None where it is hidden. Raises ParseError."""
    slot = _slot(revision)
    if slot.get("texthidden") is True or revision.get("texthidden") is True or slot.get("suppressed") is True:
        return None
    words = slot.get("content")
    if not isinstance(words, str) or len(words) > MAX_WIKITEXT:
        raise ParseError("content: expected text")
    return re.sub("[\ud800-\udfff\x00]", "\ufffd", words)


def _address(item: Mapping[str, Any], page: Page, wiki: Wiki) -> str:
    """The page's address as the wiki tells it, if it lies on the wiki."""
    address = link(item, "canonicalurl")
    return address if urlsplit(address).hostname == wiki.host else f"{wiki.script}?curid={page.id}"


def _own_file(item: Mapping[str, Any], page: Page, title: str) -> list[Media]:
    """The file that a page of the namespace of files describes; another upload under its name is another file."""
    shown = objects(item, "imageinfo")[:1] if page.namespace == FILES else []
    medium = text(shown[0], "mime").partition("/")[0] if shown else ""
    key = text(shown[0], "sha1") if shown else ""
    if not _SHA1.fullmatch(key):
        return []
    return [Media(kind=_MEDIA.get(medium, "document"), native_key=key, url=link(shown[0], "url"))]


def _shown(picture: Picture, wiki: Wiki) -> Media:
    """A file that a page shows, known by its name on the wiki."""
    address = f"{wiki.script}?title=Special:Redirect/file/{quote(picture.name.replace(' ', '_'), safe='')}"
    return Media(kind="image", native_key=f"File:{picture.name}", url=address, alt_text=picture.alt_text)


def _lang(item: Mapping[str, Any], key: str) -> str:
    value = text(item, key).partition("-")[0].lower()
    return value if re.fullmatch(r"[a-z]{2,8}", value) else "und"
