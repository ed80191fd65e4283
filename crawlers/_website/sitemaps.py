"""Reads sitemaps (sitemaps.org 0.9, with the news extension) and their indexes, within bounds."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from core.errors import CrawlError, ParseError, RateLimited
from crawlers._website.articles import read_time, tidy
from crawlers._website.entries import ELSEWHERE, give_entries, own_entries
from crawlers._website.feeds import Entry
from crawlers._website.site import Listing, Site, demand_readable

_MOST_SITEMAPS = 50  # files read in one crawl; an index may name itself, or never end
_MOST_URLS = 5000
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MOST_BYTES = 16 * 1024 * 1024  # of one file, unpacked


class OnlyElsewhere(ParseError):
    """Sitemaps that list pages of other sites alone."""

    def __init__(self) -> None:
        super().__init__("a sitemap lists nothing but addresses of other sites")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages that a sitemap lists, and the sitemaps that an index does. `cut_off`: it ends before its end."""

    entries: tuple[Entry, ...] = ()
    children: tuple[str, ...] = field(default=(), repr=False)
    cut_off: bool = False


def parse_sitemap(body: bytes) -> Sitemap:
    """Read one sitemap or index; an index gives its youngest first.

    Raises:
        ParseError: neither of the two, or larger than we read once unpacked.
    """
    if body.startswith(b"\x1f\x8b"):
        body = _unpack(body)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError):
        root = None
    kind = etree.QName(root).localname if root is not None else ""
    if root is None or kind not in {"urlset", "sitemapindex"}:
        raise ParseError("the address holds no sitemap")
    entries = tuple(_entry(child) for child in root)  # bounded by the bytes of a file
    end = rb"</([^<>]*:)?%s\s*>" % kind.encode()
    cut_off = len(root) > 0 and not re.search(end, body[-600:].replace(b"\0", b""))  # lxml mends it without a word
    if kind == "sitemapindex":
        return Sitemap(children=tuple(entry.url for entry in sorted(entries, key=_age, reverse=True)), cut_off=cut_off)
    return Sitemap(entries=entries, cut_off=cut_off)


def _age(entry: Entry) -> datetime:
    return entry.edited_at or entry.posted_at or _LONG_AGO


def _entry(element: etree._Element) -> Entry:
    url = _value(element, "loc")
    posted_at, edited_at = read_time(_value(element, "publication_date"))[0], read_time(_value(element, "lastmod"))[0]
    return Entry(key=url, url=url, title=tidy(_value(element, "title")), posted_at=posted_at, edited_at=edited_at)


def _value(element: etree._Element, name: str) -> str:
    found = element.xpath("string(.//*[local-name()=$name][1])", name=name)
    return str(found).strip()


def _unpack(body: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj(wbits=31)
        unpacked = unpacker.decompress(body, _MOST_BYTES)
    except zlib.error:
        raise ParseError("a packed sitemap is broken") from None
    if unpacker.unconsumed_tail:
        raise ParseError("a packed sitemap is larger than we read")
    return unpacked


async def crawl_sitemap(site: Site) -> None:
    """Give the pages that the site's sitemaps list and that are new or changed, the youngest first."""
    waiting, visited = [str(site.state["source"])], set[str]()
    room, listed, whole = _MOST_URLS, set[str](), True
    while waiting and len(visited) < _MOST_SITEMAPS:
        url = waiting.pop(0)
        visited.add(url)
        try:
            response = await site.fetch(url)
            demand_readable(response)
            found = parse_sitemap(response.body)
        except RateLimited:
            raise
        except CrawlError as error:
            if len(visited) == 1:
                raise
            site.troubles[f"a sitemap was not read: {error}"] += 1
            whole = False
            continue
        if found.cut_off:
            site.troubles["a sitemap is cut off: pages may be missing"] += 1
            whole = False
        children = [site.absolute(child, response.url) for child in found.children]
        entries = [e for e in found.entries if e.url and site.absolute(e.url, response.url)]
        entries.sort(key=_age, reverse=True)
        if len(visited) == 1 and (found.children or found.entries) and not any(children) and not entries:
            raise OnlyElsewhere
        if elsewhere := children.count("") + len(found.entries) - len(entries):
            site.troubles[ELSEWHERE] += elsewhere
        entries = list(own_entries(site, tuple(entries), response.url))
        listed.update(entry.key for entry in entries)
        waiting += [child for child in dict.fromkeys(children) if child and child not in visited and child not in waiting]
        if left := sum(site.wanted(e.posted_at, e.edited_at) for e in entries[room:]):
            site.troubles[f"a listed page beyond the {_MOST_URLS} youngest was not read"] += left
        await give_entries(site, tuple(entries[:room]), site.raw(response))
        room -= len(entries[:room])
    if waiting:
        site.troubles[f"more than {_MOST_SITEMAPS} sitemaps: the rest was not read"] += 1
    elif whole and listed:
        site.listing = Listing(frozenset(listed))
