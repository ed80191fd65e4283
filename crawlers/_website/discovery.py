"""Finds the best source that a site offers: what it declares first, then the places where such things usually stand.

'Not there' (404, 410, robots.txt, another site) is told from 'can't be judged tonight': a server's failure settles nothing, nor
does an answer that can't be read from an address that the site itself declares.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import dataclass

import lxml.html
from scrapy.http import Response

from core.errors import AccountNotFound, CrawlError, PlatformDown, RateLimited
from crawlers._website.articles import Unreadable, decode, parse_html
from crawlers._website.entries import own_entries
from crawlers._website.feeds import parse_feed
from crawlers._website.selected import items_of
from crawlers._website.site import OffSite, RobotsDisallow, Site, content_type, demand_readable
from crawlers._website.sitemaps import OnlyElsewhere, parse_sitemap
from crawlers._website.wordpress import is_wordpress

LADDER = ("links", "selectors", "sitemap", "feed", "wordpress")  # the best last
_FEED_TYPES = ("application/atom+xml", "application/rss+xml", "application/feed+json", "application/json")  # best first
_FEED_PLACES = ("atom.xml", "feed/", "feed.xml", "rss.xml", "index.xml", "feed.json")
_SITEMAP_PLACES = ("/sitemap.xml", "/sitemap_index.xml")
_API = "https://api.w.org/"


@dataclass(frozen=True, slots=True)
class Choice:
    """A rung and the address of its source; `doubts` say which better ones could not be judged tonight, and why."""

    rung: str
    source: str
    doubts: tuple[str, ...] = ()


async def choose_source(site: Site, home: Response) -> Choice:
    """The best rung that the site offers as far as can be told tonight."""
    try:
        tree = parse_html(decode(home.body, content_type(home)))
    except Unreadable:
        tree = lxml.html.Element("html")
    doubts: list[str] = []
    for api, declared in _wordpress_roots(site, home, tree):
        if site.inside(api) and await _find(is_wordpress(site, api), doubts, "WordPress API", declared=declared):
            return Choice("wordpress", api)
    empty, better = "", tuple(doubts)
    addresses: dict[str, bool] = {}
    for url, declared in _feed_addresses(site, home, tree):
        addresses[url] = addresses.get(url, False) or declared
    for url, declared in addresses.items():
        size = await _find(_feed_size(site, url), doubts, "feed", declared=declared)
        if size:
            return Choice("feed", url, better)
        empty = empty or (url if size == 0 and declared and site.inside(url) else "")
    better = tuple(doubts)
    places = dict.fromkeys(site.sitemaps, True) | {p: False for p in _SITEMAP_PLACES if p not in site.sitemaps}
    for place, declared in places.items():
        url = site.absolute(place, home.url)
        if url and await _find(_sitemap_size(site, url), doubts, "sitemap", declared=declared):
            return Choice("sitemap", url, better)
    if empty:
        return Choice("feed", empty, tuple(doubts))
    if site.job.rules.item:
        if items_of(site, tree):
            return Choice("selectors", site.base_url, tuple(doubts))
        doubts.append("the selectors of the settings fit nothing on the site's page")
    return Choice("links", site.base_url, tuple(doubts))


async def _find(probe: Awaitable[int], doubts: list[str], what: str, *, declared: bool) -> int | None:
    """How much stands at an address, None where nothing of the kind does; what can't be told is added to `doubts`."""
    try:
        return await probe
    except (AccountNotFound, OffSite, RobotsDisallow):
        return None
    except CrawlError as error:
        if declared or isinstance(error, PlatformDown | RateLimited | OnlyElsewhere):
            doubts.append(f"the site's {what} could not be judged tonight: {error}")
        return None


async def _feed_size(site: Site, url: str) -> int:
    answer = await site.fetch(url)
    demand_readable(answer)
    return len(own_entries(site, parse_feed(answer.body, content_type(answer), answer.url).entries, answer.url))


async def _sitemap_size(site: Site, url: str) -> int:
    answer = await site.fetch(url)
    demand_readable(answer)
    found = parse_sitemap(answer.body)
    here = [url for place in (*found.children, *(e.url for e in found.entries)) if (url := site.absolute(place, answer.url))]
    if not here and (found.children or found.entries):
        raise OnlyElsewhere
    return sum(site.inside(url) for url in here) + (len(found.children) if site.is_part else 0)


def _wordpress_roots(site: Site, home: Response, tree: lxml.html.HtmlElement) -> Iterator[tuple[str, bool]]:
    """Addresses of an API, each with whether the site declares it."""
    for header in home.headers.getlist("Link"):
        for link in header.decode("latin-1").split(","):
            address, _, parameters = link.partition(">")
            if _API in parameters:
                yield from ((url, True) for url in [site.absolute(address.strip().removeprefix("<"), home.url)] if url)
                return
    for link in tree.xpath("//link[@rel=$api]/@href", api=_API)[:1]:
        yield from ((url, True) for url in [site.absolute(str(link), home.url)] if url)
        return
    if b"/wp-content/" in home.body or b"/wp-includes/" in home.body:
        yield site.absolute("wp-json/", site.base_url), False


def _feed_addresses(site: Site, home: Response, tree: lxml.html.HtmlElement) -> Iterator[tuple[str, bool]]:
    """Addresses of feeds, the best first, each with whether the site declares it."""
    declared: list[tuple[int, str]] = []
    for link in tree.xpath("//link[contains(concat(' ', @rel, ' '), ' alternate ')][@href][@type]")[:50]:
        kind, url = str(link.get("type")).strip().lower(), site.absolute(str(link.get("href")), home.url)
        if kind in _FEED_TYPES and url and "/comments/" not in url:
            declared.append((_FEED_TYPES.index(kind), url))
    for _, url in sorted(declared, key=lambda found: found[0])[:6]:
        if url.rstrip("/").endswith("/feed"):  # WordPress without its API: RSS tells no edits, its Atom feed does
            yield url.rstrip("/") + "/atom/", False
        yield url, True
    for place in _FEED_PLACES:
        yield site.absolute(place, site.base_url), False
