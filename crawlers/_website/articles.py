"""Reads HTML: the plain text, links and pictures of a piece of it, and the article on a whole page."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

from core.records import Media, Precision
from crawlers._website.rules import SiteRules, select

# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
))
_UNREAD = frozenset(("script", "style", "noscript", "template", "iframe", "svg", "head"))
# fmt: on
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}\Z")
_MOST_LINKS = 200
_MOST_PICTURES = 100
_NO_RULES = SiteRules()
ASIDE = "ancestor::header or ancestor::nav or ancestor::aside or ancestor::footer or ancestor::dialog"
PASSWORD = f"//input[translate(@type, 'PASWORD', 'pasword')='password'][not({ASIDE})]"  # a login beside a page is no wall


class Unreadable(Exception):
    """The page holds no text that could be read. The message is in our own words."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Plain text of a piece of HTML, with its absolute links and pictures."""

    text: str = field(repr=False)
    links: tuple[str, ...] = field(default=(), repr=False)
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """What one page says, read from this page alone, so that two readings of an unchanged page are equal."""

    title: str = field(repr=False)
    fragment: Fragment
    lang: str
    posted_at: datetime | None
    posted_at_precision: Precision
    edited_at: datetime | None
    is_article: bool


def decode(body: bytes, content_type: str = "") -> str:
    """Text of an answer. Valid UTF-8 is UTF-8 whatever was declared; then what was declared, if it fits; then cp1252."""
    bom, mark = read_bom(body)
    declared = bom or http_content_type_encoding(content_type) or html_body_declared_encoding(body[:4096])
    encoding = resolve_encoding(declared) if declared else None
    wide = bool(encoding and encoding.replace("_", "-").startswith(("utf-16", "utf-32")))
    for name in [encoding] if wide else ["utf-8", encoding]:
        try:
            if name:
                return body[len(mark or b"") :].decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def tidy(text: str | None, limit: int = 500) -> str:
    """One line of text without control characters."""
    return " ".join(_CONTROL.sub(" ", text or "").split())[:limit]


def parse_html(html: str) -> lxml.html.HtmlElement:
    """A tree of the page; libxml2 keeps up to 2,048 levels.

    Raises:
        Unreadable: nothing in it, or nested deeper than that.
    """
    parser = lxml.html.HTMLParser(huge_tree=True, encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        raise Unreadable("a page without HTML") from None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" or "depth" in entry.message for entry in parser.error_log):
        raise Unreadable("a page nested too deeply")
    return cast(lxml.html.HtmlElement, tree)


def read_fragment(html: str, base_url: str) -> Fragment:
    """Read a piece of HTML, such as a feed entry's content. What can't be parsed loses its tags and keeps its words."""
    if "<" not in html and "&" not in html:
        return Fragment(text=_tidy_lines(html))
    try:
        return _read_tree(parse_html(f"<div>{html}</div>"), base_url)
    except Unreadable:
        return Fragment(text=_tidy_lines(_TAG.sub(" ", html)))


def read_article(html: str, url: str, rules: SiteRules = _NO_RULES) -> Article:
    """Read the article on a page: dates from JSON-LD, then meta tags; text by trafilatura. What `rules` select goes before.

    Raises:
        Unreadable: no text was found, or a login form stands where it should be.
    """
    tree = parse_html(html)
    facts = _facts(tree)
    login = bool(tree.xpath(PASSWORD))
    for element in select(tree, rules.exclude):
        if element.getparent() is not None:
            element.drop_tree()
    title = tidy(facts.get("title") or _first(tree, "//h1//text()[normalize-space()]") or _first(tree, "//title/text()"))
    title = next((words for e in select(tree, rules.title) if (words := tidy(plain_text(e)))), "") or title
    lang = tree.get("lang") or ""
    fragment = _selected(tree, url, rules) or _found(tree, url)
    if login and len(fragment.text) < 400:
        raise Unreadable("a login form instead of a page")
    if not fragment.text:
        raise Unreadable("a page without text")
    posted_at, precision = read_time(facts.get("published") or "")
    told, words = rules.time_of(tree)
    if told or read_time(words)[0]:
        posted_at, precision = (told, rules.precision) if told else read_time(words)
    return Article(
        title=title,
        fragment=fragment,
        lang=lang.lower() if _LANG.match(lang) else "und",
        posted_at=posted_at,
        posted_at_precision=precision,
        edited_at=read_time(facts.get("modified") or "")[0],
        is_article=bool(posted_at) or facts.get("type") == "article",
    )


def read_time(text: str) -> tuple[datetime | None, Precision]:
    """An ISO 8601 time as UTC; one without a zone is taken as UTC, a bare day has day precision."""
    text = text.strip()
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, Precision.UNKNOWN
    return time, Precision.DAY if _DAY.match(text) else Precision.EXACT


def plain_text(tree: lxml.html.HtmlElement) -> str:
    """All words of a tree in reading order, a line for each block."""
    return _tidy_lines("".join(_plain_parts(tree)))


def read_element(element: lxml.html.HtmlElement, base_url: str) -> Fragment:
    """Text, links and pictures of one element of a page."""
    return _read_tree(element, base_url)


def _selected(tree: lxml.html.HtmlElement, url: str, rules: SiteRules) -> Fragment | None:
    """What `rules.text` selects; None where that is nothing, so that another kind of page is read as it always was."""
    chosen = select(tree, rules.text)
    inner = {below for element in chosen for below in element.iterdescendants()}
    parts = [_read_tree(element, url) for element in chosen if element not in inner]
    text = "\n".join(part.text for part in parts if part.text)
    links = tuple(dict.fromkeys(link for part in parts for link in part.links))[:_MOST_LINKS]
    media = {item.native_key: item for part in parts for item in part.media}
    return Fragment(text=text, links=links, media=tuple(media.values())[:_MOST_PICTURES]) if text else None


def _found(tree: lxml.html.HtmlElement, url: str) -> Fragment:
    links, media = _surroundings(tree, url)
    return Fragment(text=_main_text(tree, url), links=links, media=media)


def _main_text(tree: lxml.html.HtmlElement, url: str) -> str:
    import trafilatura  # a third of a second, and only pages need it

    try:
        found = trafilatura.bare_extraction(copy.deepcopy(tree), url=url, favor_recall=True, include_comments=False)
    except (RecursionError, ValueError, etree.LxmlError):
        found = None
    text = _tidy_lines(getattr(found, "text", None) or "")
    return text or _tidy_lines("\n".join(_plain_parts(_body(tree))))


def _surroundings(tree: lxml.html.HtmlElement, url: str) -> tuple[tuple[str, ...], tuple[Media, ...]]:
    for path in ("//article", "//main", "//*[@role='main']"):
        found = tree.xpath(path)
        if len(found) == 1:
            fragment = _read_tree(found[0], url)
            return fragment.links, fragment.media
    fragment = _read_tree(_body(tree), url)
    return fragment.links, fragment.media


def _body(tree: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    found = tree.xpath("//body")
    return found[0] if found else tree


def _read_tree(tree: lxml.html.HtmlElement, base_url: str) -> Fragment:
    links: dict[str, None] = {}
    media: dict[str, Media] = {}
    for element in tree.iter("a", "img"):
        picture = element.tag == "img"
        target = _web_url(element.get("src" if picture else "href") or "", base_url)
        if picture and target and len(media) < _MOST_PICTURES:
            key = urlsplit(target)._replace(query="", fragment="").geturl()
            media.setdefault(key, Media(kind="image", native_key=key, url=target, alt_text=tidy(element.get("alt"), 2000)))
        elif target and not picture and len(links) < _MOST_LINKS:
            links.setdefault(target)
    return Fragment(text=_tidy_lines("".join(_plain_parts(tree))), links=tuple(links), media=tuple(media.values()))


def _plain_parts(tree: lxml.html.HtmlElement) -> Iterator[str]:
    """Text of a tree in reading order, a line break around each block; walked by events, since trees can be 2,048 deep."""
    unread = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        skip, block = element.tag in _UNREAD, element.tag in _BLOCKS
        if event == "start":
            unread += skip
            if not unread:
                yield ("\n" if block else "") + (element.text or "")
        else:
            unread -= skip
            tail = (element.tail or "") if element is not tree else ""
            if not unread:
                yield ("\n" if block else "") + tail


def _tidy_lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in _CONTROL.sub(" ", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _web_url(link: str, base_url: str) -> str:
    try:
        url = urljoin(base_url, link.strip())
        parts = urlsplit(url)
        return url if parts.scheme in {"http", "https"} and parts.netloc and len(url) <= 2048 else ""
    except ValueError:
        return ""


def _first(tree: lxml.html.HtmlElement, path: str) -> str:
    found = tree.xpath(path)
    return str(found[0]) if found else ""


def _facts(tree: lxml.html.HtmlElement) -> dict[str, str]:
    """Title, kind and dates that a page declares; JSON-LD wins for dates, Open Graph for the rest."""
    facts: dict[str, str] = {}
    for name, path in (
        ("title", "//meta[@property='og:title']/@content"),
        ("type", "//meta[@property='og:type']/@content"),
        ("published", "//meta[@property='article:published_time']/@content"),
        ("modified", "//meta[@property='article:modified_time']/@content"),
        ("published", "//article//time[@datetime][1]/@datetime"),
    ):
        facts.setdefault(name, _first(tree, path))
        facts[name] = facts[name] or _first(tree, path)
    linked: dict[str, str] = {}
    for block in tree.xpath("//script[@type='application/ld+json']/text()"):
        try:  # block by block: one that is broken must not cost the others
            data = json.loads(str(block))
        except (ValueError, RecursionError):
            continue
        for item in _objects(data):
            for name, key in (("published", "datePublished"), ("modified", "dateModified")):
                if isinstance(item.get(key), str):
                    linked.setdefault(name, item[key])  # the first: later ones are of related articles
    return facts | linked


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-LD block: itself, a list of them, or its @graph."""
    items = data if isinstance(data, list) else [data]
    for item in items[:100]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            yield from (node for node in graph[:100] if isinstance(node, dict)) if isinstance(graph, list) else ()
