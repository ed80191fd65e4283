"""Reads feeds: Atom and RSS by feedparser, JSON Feed by a small parser of our own, since feedparser knows none."""

from __future__ import annotations

import calendar
import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import feedparser

from core.errors import ParseError
from core.records import Media, Precision
from crawlers._website.articles import decode, read_fragment, read_time, tidy
from crawlers._website.site import digest

_MOST_ENTRIES = 1000
_END = re.compile(rb"</([A-Za-z0-9_.-]+:)?(feed|rss|RDF)\s*>")
_CUT_SHORT = ("[…]", "[...]", "…", "...", "Read more", "Continue reading")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed or sitemap. `html` is its content; `whole` when that is meant to be the whole text."""

    key: str = field(repr=False)
    url: str = field(repr=False)
    title: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    whole: bool = False
    posted_at: datetime | None = None
    posted_at_precision: Precision = Precision.EXACT
    edited_at: datetime | None = None
    media: tuple[Media, ...] = ()

    @property
    def says_something(self) -> bool:
        return bool(self.url or self.title or self.html or self.media)

    @property
    def mark(self) -> str:
        """Changes when the entry does."""
        return digest("\0".join((self.title, self.html, self.url, str(self.edited_at or self.posted_at))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed's entries in its own order, and the next page of it. What is no entry, or one too many, is counted as `unread`;
    `cut_off`: it ends before its end."""

    entries: tuple[Entry, ...]
    next_url: str = field(default="", repr=False)
    lang: str = "und"
    unread: int = 0
    cut_off: bool = False


def parse_feed(body: bytes, content_type: str, url: str) -> Feed:
    """Read an answer as Atom, RSS or JSON Feed.

    Raises:
        ParseError: it is no feed, or one without entries that holds an error.
    """
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        return _parse_json_feed(body, url)
    headers = {"content-type": content_type or "application/xml", "content-location": url}
    try:
        found = feedparser.parse(io.BytesIO(body), response_headers=headers)  # a stream: a bare string may be opened as a file
    except Exception as error:  # feedparser lets parsers' own errors through on broken input
        raise ParseError(f"the feed can't be read ({type(error).__name__})") from None
    if not found.get("version") or (found.get("bozo") and not found.entries):  # plain HTML passes as a feed without a version
        raise ParseError("the address holds no feed that can be read")
    next_url = next((str(link.get("href", "")) for link in found.feed.get("links", ()) if link.get("rel") == "next"), "")
    entries = tuple(_entry(item, url) for item in found.entries[:_MOST_ENTRIES])
    kept = tuple(entry for entry in entries if entry.says_something)
    return Feed(
        entries=kept,
        next_url=next_url,
        lang=_lang(found.feed.get("language")),
        unread=len(found.entries) - len(kept),
        cut_off=bool(found.get("bozo")) and not _END.search(body[-300:]),
    )


def _entry(item: Any, base_url: str) -> Entry:
    contents = [part for part in item.get("content", ()) if _said(part, "value")]
    html = _said(contents[0], "value") if contents else _said(item, "summary")
    ends = read_fragment(html, base_url).text.rstrip().endswith(_CUT_SHORT) if contents else True
    link, title = _said(item, "link"), _said(item, "title")
    return Entry(
        key=_said(item, "id") or link or f"{base_url}#{digest(title or html)}",
        url=link,
        title=_plain(title),
        html=html,
        whole=bool(contents) and not ends,
        posted_at=_time(dict.get(item, "published_parsed") or dict.get(item, "updated_parsed")),
        edited_at=_time(dict.get(item, "updated_parsed")),  # .get would answer with the time of posting, and warn
        media=tuple(_media(part) for part in (*item.get("media_content", ()), *item.get("enclosures", ())) if _address(part)),
    )


def _said(part: Any, name: str) -> str:
    """A text of feedparser's; what it could not make out of broken input it gives as None."""
    value = part.get(name)
    return str(value) if isinstance(value, str) else ""


def _parse_json_feed(body: bytes, url: str) -> Feed:
    """https://www.jsonfeed.org/version/1.1/"""
    try:
        data = json.loads(decode(body))
    except (ValueError, RecursionError):
        raise ParseError("the feed is no JSON that can be read") from None
    if not isinstance(data, dict) or not str(data.get("version", "")).startswith("https://jsonfeed.org/version/"):
        raise ParseError("the address holds JSON, but no JSON Feed")
    items = data.get("items")
    if not isinstance(items, list):
        raise ParseError("the JSON Feed holds no list of items")
    entries = [_json_entry(item, url) for item in items[:_MOST_ENTRIES] if isinstance(item, dict)]
    kept = tuple(entry for entry in entries if entry.says_something)
    return Feed(entries=kept, next_url=_text(data, "next_url"), lang=_lang(data.get("language")), unread=len(items) - len(kept))


def _json_entry(item: dict[str, Any], base_url: str) -> Entry:
    html, link = _text(item, "content_html"), _text(item, "url")
    text = _text(item, "content_text").replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
    pictures = item.get("attachments")
    return Entry(
        key=_text(item, "id") or link or f"{base_url}#{digest(_text(item, 'title') or html or text)}",
        url=link,
        title=tidy(_text(item, "title")),
        html=html or text or _text(item, "summary"),
        whole=bool(html or text),
        posted_at=read_time(_text(item, "date_published"))[0],
        edited_at=read_time(_text(item, "date_modified"))[0],
        media=tuple(
            _media(p) for p in (pictures if isinstance(pictures, list) else [])[:50] if isinstance(p, dict) and _address(p)
        ),
    )


def _plain(html: str) -> str:
    return tidy(read_fragment(html, "").text)


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _lang(value: Any) -> str:
    return value.lower()[:35] if isinstance(value, str) and value else "und"


def _time(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, TypeError):
        return None


def _address(part: Any) -> str:
    url = str(part.get("url") or part.get("href") or "")
    return url if url.startswith(("http://", "https://")) and len(url) <= 2048 else ""


def _media(part: Any) -> Media:
    url = _address(part)
    kind = str(part.get("medium") or part.get("type") or part.get("mime_type") or "").partition("/")[0]
    key = urlsplit(url)._replace(query="", fragment="").geturl()
    known = {"image": "image", "video": "video", "audio": "audio"}.get(kind, "document")
    return Media(kind=cast(Literal["image", "video", "audio", "document"], known), native_key=key, url=url)
