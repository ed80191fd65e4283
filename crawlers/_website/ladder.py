"""Reads one site from the best source that it offers; found once and remembered in the cursor.

The ladder, best first: WordPress REST, Atom, RSS, JSON Feed, sitemap, selectors from the settings, and last the pages that
the home page leads to.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urljoin

import lxml.html
from scrapy.http import Response

from core.errors import AccountNotFound, ParseError, PlatformDown
from core.records import Profile
from crawlers._website.articles import Unreadable, decode, parse_html, tidy
from crawlers._website.discovery import LADDER, Choice, choose_source
from crawlers._website.entries import crawl_feed, give_page, page_post
from crawlers._website.feeds import Entry
from crawlers._website.microsite import HEADLINES, crawl_microsite, has_dated_list
from crawlers._website.nowhere import read_one
from crawlers._website.recheck import look_again
from crawlers._website.selected import crawl_selected
from crawlers._website.site import Enough, OffSite, Site, content_type, demand_readable, digest, validators_of
from crawlers._website.sitemaps import crawl_sitemap
from crawlers._website.wordpress import crawl_wordpress, recheck_wordpress
from crawlers._website.wordpress_comments import crawl_comments, recheck_comments

_PROBE_EVERY = timedelta(days=7)
_NIGHTS_MISSING = 3  # of 404 or 410 from a source since it was last read, before a lesser one takes its place


async def crawl_site(site: Site) -> None:
    """The whole crawl of one site.

    Raises:
        CrawlError: the site as a whole can't be read. What was given before stands.
    """
    try:
        await _crawl_rung(site)
        await _recheck(site)
    except Enough as limit:
        site.troubles[f"the limit of {limit} a run is reached: the next run goes on"] += 1
    finally:
        if site.troubles:
            site.give(note="; ".join(f"{count} x {what}" for what, count in sorted(site.troubles.items())[:8]))


async def _crawl_rung(site: Site) -> None:
    _keep_to_the_ladder(site.state)
    home = await _open_home(site)
    if site.job.rules.pages:  # the settings say so, whatever else the site offers
        _take(site, Choice("links", site.base_url))
        site.state.pop("probed", None)
    elif "rung" not in site.state or _is_probe_due(site):
        home = await _probe(site, home)
    try:
        await _climb(site, home)
    except (AccountNotFound, OffSite):
        home = await _replace(site, home)
        await _climb(site, home)
    if site.state.pop("missing", 0):
        site.give()


def _keep_to_the_ladder(state: dict[str, Any]) -> None:
    """A cursor of another version may name a rung that is none: the site is then looked at anew."""
    if state.get("rung") not in LADDER or not isinstance(state.get("source"), str):
        state.pop("rung", None)
    if state.get("best") not in LADDER:
        state.pop("best", None)


def _is_probe_due(site: Site) -> bool:
    """Whether to look for a better source: after a choice that was made in doubt each night, else once a week."""
    today = site.now().date()
    try:
        probed = date.fromisoformat(site.state["probed"])
    except (KeyError, TypeError, ValueError):
        return True
    return site.state["rung"] != LADDER[-1] and not today - _PROBE_EVERY < probed <= today


async def _probe(site: Site, home: Response) -> Response:
    """Choose a source, or a better one than is held; returns the home page with its text."""
    home, choice = await _choose(site, home)
    if "rung" not in site.state or LADDER.index(choice.rung) > LADDER.index(site.state["rung"]):
        _take(site, choice)
    site.troubles.update(choice.doubts)
    site.state.pop("probed", None)
    if not choice.doubts:
        site.state["probed"] = site.now().date().isoformat()
    return home


async def _replace(site: Site, home: Response) -> Response:
    """The source is not there. One as good is taken at once, a lesser one only after some nights: most such gaps close again.

    Raises:
        PlatformDown: the old source is waited for.
    """
    home, choice = await _choose(site, home)
    nights = site.state["missing"] = site.state.get("missing", 0) + 1
    as_good = LADDER.index(choice.rung) >= LADDER.index(site.state["rung"]) and choice.source != site.state["source"]
    if not as_good and (nights < _NIGHTS_MISSING or choice.doubts):
        site.give()
        raise PlatformDown(
            f"the site's {site.state['rung']} is not there (night {nights}): it is waited for, nothing new was read"
        )
    _take(site, choice)
    site.state["probed"] = site.now().date().isoformat()
    return home


async def _choose(site: Site, home: Response) -> tuple[Response, Choice]:
    if home.status == 304:
        home = await _open_home(site, anew=True)
    return home, await choose_source(site, home)


def _take(site: Site, choice: Choice) -> None:
    for name in ("validators", "read_through"):
        site.state.pop(name, None)
    best = max(site.state.get("best", "links"), choice.rung, key=LADDER.index)
    site.state.update(rung=choice.rung, source=choice.source, best=best)


async def _climb(site: Site, home: Response) -> None:
    rung = site.state["rung"]
    if rung == "links":
        await _crawl_links(site, home)
        return
    if home.status != 304:
        site.state["home"] = validators_of(home)
    if rung == "wordpress":
        await crawl_wordpress(site)
        await crawl_comments(site)
    elif rung == "selectors":
        await crawl_selected(site, home)
    elif rung == "feed":
        await crawl_feed(site)
    else:
        await crawl_sitemap(site)


async def _open_home(site: Site, *, anew: bool = False) -> Response:
    """The site's home page: whether there is a site at all, and what it says of itself."""
    try:
        home = await site.fetch(site.base_url, {} if anew else site.state.get("home"))
    except OffSite:
        raise AccountNotFound("the site has moved to another address") from None
    demand_readable(home)
    if home.status == 304:
        return home
    if not site.inside(home.url):
        raise AccountNotFound("the account's part of the site has moved to another address")
    try:
        tree = parse_html(decode(home.body, content_type(home)))
    except Unreadable:
        return home
    site.state["lang"] = (tree.get("lang") or "und").lower()[:35]
    if not anew:
        site.give(site.raw(home), profile=_profile(site, tree))
    return home


def _profile(site: Site, tree: lxml.html.HtmlElement) -> Profile:
    def first(*paths: str) -> str:
        found = (tidy(str(text)) for path in paths for text in tree.xpath(path)[:1])
        return next((text for text in found if text), "")

    icon = first("//meta[@property='og:image']/@content", "//link[contains(@rel, 'icon')]/@href")
    return Profile(
        display_name=first("//meta[@property='og:site_name']/@content", "//title/text()"),
        bio=first("//meta[@name='description']/@content", "//meta[@property='og:description']/@content"),
        url=site.base_url,
        picture_url=urljoin(site.base_url, icon) if icon else "",
    )


async def _crawl_links(site: Site, home: Response) -> None:
    """The last rung: the articles that the home page lists with their dates, or else every page of a small site.

    Raises:
        ParseError: nothing on the site could be read as text.
    """
    if home.status == 304:
        return
    try:
        tree = parse_html(decode(home.body, content_type(home)))
    except Unreadable:
        tree = lxml.html.Element("html")
    rules = site.job.rules
    if rules.pages or (rules.pages is None and not has_dated_list(tree)):
        await crawl_microsite(site, home)
    else:
        await _crawl_headlines(site, home, tree)


async def _crawl_headlines(site: Site, home: Response, tree: lxml.html.HtmlElement) -> None:
    """The home page itself, and the pages of the site that its headlines link to.

    Raises:
        ParseError: nothing on the site could be read as text.
    """
    try:
        article = read_one(site, home)
    except Unreadable as error:
        site.troubles[f"the home page was not read: {error}"] += 1
    else:
        site.give(site.raw(home), posts=(page_post(site, article, native_id=site.base_url, url=site.base_url),))
    links = [site.absolute(str(a.get("href")), home.url) for a in tree.xpath(HEADLINES)]
    urls = [url for url in dict.fromkeys(links) if site.inside(url) and url not in {site.base_url, home.url}]
    seen = site.state.setdefault("seen", {})
    read = [await give_page(site, Entry(key=url, url=url), home.url) for url in urls if digest(url) not in seen]
    if not site.posts and not seen:
        raise ParseError("nothing on the site could be read as text")
    if all(read):  # a home page that is said to be unchanged holds no link that was not read
        site.state["home"] = validators_of(home)
        site.give()


async def _recheck(site: Site) -> None:
    """Look again at stored posts that are due and that this run has not shown."""
    if site.state["rung"] == "wordpress":
        await recheck_wordpress(site, site.recheck)
        await recheck_comments(site, site.recheck)
    for known in site.recheck:
        if known.native_id not in site.swept and not known.revision.startswith("comments/"):
            await look_again(site, known)
