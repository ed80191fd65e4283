"""Finds the best source that a site offers: what it declares first, then the places where such things usually stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import lxml.html
from scrapy.http import Response

from core.errors import CrawlError, RateLimited
from crawlers._articles import Unreadable, decode, parse_html
from crawlers._feeds import parse_feed
from crawlers._site import Site, content_type
from crawlers._sitemaps import parse_sitemap
from crawlers._wordpress import is_wordpress

_FEED_TYPES = ("application/atom+xml", "application/rss+xml", "application/feed+json", "application/json")  # best first
_FEED_PLACES = ("atom.xml", "feed/", "feed.xml", "rss.xml", "index.xml", "feed.json")
_SITEMAP_PLACES = ("/sitemap.xml", "/sitemap_index.xml")
_API = "https://api.w.org/"


async def choose_source(site: Site, home: Response) -> tuple[str, str]:
    """The best rung that the site offers, and its address."""
    try:
        tree = parse_html(decode(home.body, content_type(home)))
    except Unreadable:
        tree = lxml.html.Element("html")
    for api in _wordpress_roots(site, home, tree):
        if await is_wordpress(site, api):
            return "wordpress", api
    for url in dict.fromkeys(_feed_addresses(site, home, tree)):
        if await _offers(site, url, lambda answer: parse_feed(answer.body, content_type(answer), answer.url).entries):
            return "feed", url
    for place in dict.fromkeys((*site.sitemaps, *_SITEMAP_PLACES)):
        url = site.absolute(place, home.url)
        if url and await _offers(site, url, _sitemap_lines):
            return "sitemap", url
    return "links", site.base_url


def _sitemap_lines(answer: Response) -> tuple[object, ...]:
    found = parse_sitemap(answer.body)
    return (*found.entries, *found.children)


async def _offers(site: Site, url: str, read: Callable[[Response], tuple[object, ...]]) -> bool:
    """Whether an address holds what `read` looks for, with something in it."""
    try:
        answer = await site.fetch(url)
        return answer.status == 200 and bool(read(answer))
    except RateLimited:
        raise
    except CrawlError:
        return False


def _wordpress_roots(site: Site, home: Response, tree: lxml.html.HtmlElement) -> Iterator[str]:
    for header in home.headers.getlist("Link"):
        for link in header.decode("latin-1").split(","):
            address, _, parameters = link.partition(">")
            if _API in parameters:
                yield from filter(None, [site.absolute(address.strip().removeprefix("<"), home.url)])
                return
    for link in tree.xpath("//link[@rel=$api]/@href", api=_API)[:1]:
        yield from filter(None, [site.absolute(str(link), home.url)])
        return
    if b"/wp-content/" in home.body or b"/wp-includes/" in home.body:
        yield site.absolute("wp-json/", site.base_url)


def _feed_addresses(site: Site, home: Response, tree: lxml.html.HtmlElement) -> Iterator[str]:
    declared: list[tuple[int, str]] = []
    for link in tree.xpath("//link[contains(concat(' ', @rel, ' '), ' alternate ')][@href][@type]")[:50]:
        kind, url = str(link.get("type")).strip().lower(), site.absolute(str(link.get("href")), home.url)
        if kind in _FEED_TYPES and url and "/comments/" not in url:
            declared.append((_FEED_TYPES.index(kind), url))
    for _, url in sorted(declared, key=lambda found: found[0])[:6]:
        if url.rstrip("/").endswith("/feed"):  # WordPress without its API: RSS tells no edits, its Atom feed does
            yield url.rstrip("/") + "/atom/"
        yield url
    for place in _FEED_PLACES:
        yield site.absolute(place, site.base_url)
