"""Reads a site's list of articles by the CSS selectors of the settings, where it offers no source that a machine can read."""

from __future__ import annotations

import lxml.html
from scrapy.http import Response

from core.errors import ParseError
from crawlers._website.articles import Unreadable, decode, parse_html, plain_text, read_element, read_time, tidy
from crawlers._website.entries import give_entries
from crawlers._website.feeds import Entry
from crawlers._website.rules import select
from crawlers._website.site import Listing, Site, content_type, demand_readable, digest, validators_of

_MOST_ITEMS = 2_000  # of one page of a list
_MOST_LIST_PAGES = 100
UNFIT = "the selectors of the settings fit nothing on the site's page: has it been made anew?"


def items_of(site: Site, tree: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """What the settings call the items of a list on this page."""
    rules = site.job.rules
    lists = select(tree, rules.list) if rules.list else [tree]
    return list(dict.fromkeys(item for found in lists for item in select(found, rules.item)))


async def crawl_selected(site: Site, home: Response) -> None:
    """Give the items of the list that are new or changed, page by page until one is met on which all are known.

    Raises:
        ParseError: the selectors fit nothing on the site's page.
    """
    if home.status == 304:
        return
    state, response = site.state, home
    state.pop("home", None)
    known = frozenset(state.get("seen", ()))
    caught_up = state.pop("read_through", False)
    visited, listed, whole, left = {home.url, site.base_url}, set[str](), True, False
    while True:
        try:
            tree = parse_html(decode(response.body, content_type(response)))
        except Unreadable as error:
            raise ParseError(f"the site's list was not read: {error}") from None
        items = items_of(site, tree)
        if not items:
            if response is home:
                raise ParseError(UNFIT)
            site.troubles[UNFIT] += 1
            whole = False
        if cut := len(items[_MOST_ITEMS:]):
            site.troubles[f"an item beyond the {_MOST_ITEMS} of one page of the list was not read"] += cut
            items, whole = items[:_MOST_ITEMS], False
        entries = tuple(entry for item in items if (entry := _entry(site, item, response.url)))
        if len(entries) < len(items):
            site.troubles["an item of the site's list was not read"] += len(items) - len(entries)
        listed.update(entry.key for entry in entries)
        met = bool(entries) and all(digest(entry.key) in known for entry in entries)
        whole &= await give_entries(site, entries, site.raw(response), str(state.get("lang") or "und"))
        old = bool(entries) and not any(site.wanted(entry.posted_at) for entry in entries)
        next_url = _next(site, tree, response.url)
        if not next_url or next_url in visited or old or (met and caught_up):
            left = bool(next_url and next_url not in visited)
            break
        if len(visited) > _MOST_LIST_PAGES:
            site.troubles[f"more than {_MOST_LIST_PAGES} pages of the list: the rest was not read"] += 1
            whole = False
            break
        visited.add(next_url)
        response = await site.fetch(next_url)
        demand_readable(response)
    if whole and not left:
        site.listing = Listing(frozenset(listed))
    if whole:
        state["read_through"] = True
        if len(visited) <= 2:
            state["home"] = validators_of(home)
    site.give()


def _entry(site: Site, item: lxml.html.HtmlElement, base_url: str) -> Entry | None:
    """An item leads to its article, or is one itself: then its id, or its title, tells it from the others of the page."""
    rules = site.job.rules
    links = [item] if item.tag == "a" else item.xpath(".//a[@href]")
    urls = [url for link in links if (url := site.absolute(str(link.get("href") or ""), base_url)) and site.inside(url)]
    posted_at, words = rules.time_of(item)
    exact = rules.precision
    if posted_at is None:
        posted_at, exact = read_time(words)
    if urls and urls[0] != base_url:
        title = tidy(plain_text(links[0]))
        return Entry(key=urls[0], url=urls[0], title=title, posted_at=posted_at, posted_at_precision=exact)
    for element in select(item, rules.exclude):
        if element is not item and element.getparent() is not None:
            element.drop_tree()
    title = next((said for element in select(item, rules.title) if (said := tidy(plain_text(element)))), "")
    chosen = select(item, rules.text) or [item]
    html = "".join(lxml.html.tostring(element, encoding="unicode", with_tail=False) for element in chosen)
    name = item.get("id") or digest(title or read_element(item, base_url).text)
    return Entry(
        key=f"{site.base_url}#{name}",
        url=site.base_url,
        title=title,
        html=html,
        whole=True,
        posted_at=posted_at,
        posted_at_precision=exact,
    )


def _next(site: Site, tree: lxml.html.HtmlElement, base_url: str) -> str:
    for element in select(tree, site.job.rules.next)[:1]:
        link = element.get("href") or next(iter(element.xpath(".//a/@href")), "")
        url = site.absolute(str(link), base_url)
        return url if site.inside(url) else ""
    return ""
