"""Reads a small site that has neither feed nor list: every page that its own pages lead to is a post, read anew each night.

What is edited shows as another text, what is gone by 404 or 410 at its address, and what no page leads to any more is looked at
once more where it stood. Pages that say the very same are kept once.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import lxml.html
from scrapy.http import Response

from core.errors import CrawlError, ParseError, RateLimited
from core.records import Gone, GoneReason
from crawlers._website.addresses import BEYOND, CUT, Addresses
from crawlers._website.articles import Article, Unreadable, decode, parse_html
from crawlers._website.entries import page_post
from crawlers._website.nowhere import NothingThere, read_one, read_page
from crawlers._website.site import Enough, Listing, OffSite, Site, content_type, demand_readable, digest

HEADLINES = "//article//a[@href] | //h1//a[@href] | //h2//a[@href] | //h3//a[@href] | //a[@rel='bookmark'][@href]"
_BELOW = HEADLINES.replace("//article", ".//article", 1).replace("| //", "| .//")
_MOST_PAGES = 200  # of one night; the next one goes on with the others
_MOST_WAITING = 2_000
_SHORT = 400  # characters of a page that may be a wall of an unknown kind
_NIGHTS_DOUBTED = 3  # after so many nights a doubtful text is believed
DOUBTED = "a page suddenly says hardly anything, as a wall does: it was not stored"
UNQUEUED = f"a page beyond the {_MOST_WAITING} that may wait was not read"
_DATE = re.compile(
    r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b"
    r"|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]*\.?\s+(de\s+)?\d{1,2}(,|\s)\s*(de\s+)?\d{4}\b"
    r"|\b\d{1,2}\s+(de\s+)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]*\.?\s+(de\s+)?\d{4}\b",
    re.IGNORECASE,
)


def has_dated_list(tree: lxml.html.HtmlElement) -> bool:
    """Whether a home page lists articles with their dates: at least half of its headlines stand beside one."""
    headlines = tree.xpath(HEADLINES)[:200]
    dated = sum(_has_date_nearby(headline) for headline in headlines)
    return dated > 0 and 2 * dated >= len(headlines)


def _has_date_nearby(headline: lxml.html.HtmlElement) -> bool:
    """Looks at the block around a headline, as long as that holds no other one."""
    block = headline
    for _ in range(4):
        parent = block.getparent()
        if parent is None or parent.tag in {"body", "main", "html"} or len(parent.xpath(_BELOW)) > 1:
            break
        block = parent
    return bool(block.xpath(".//time | self::time")) or bool(_DATE.search(str(block.text_content())[:2_000]))


async def crawl_microsite(site: Site, home: Response) -> None:
    """Give the home page and every page that can be reached from it.

    Raises:
        ParseError: nothing on the site could be read as text.
    """
    site.state.pop("home", None)  # an unchanged home page says nothing of the others
    await _Walk(site).run(home)


class _Walk:
    """One night's walk. The cursor keeps the addresses that were walked, and those that a limit left waiting."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.addresses = Addresses(site)
        self.before = _addresses_in(site.state, "walked")
        self.left = _addresses_in(site.state, "waiting")
        self.reached: set[str] = set()
        self.waiting: deque[str] = deque()
        self.texts: set[str] = set()
        self.walked: list[str] = []
        self.visited = 0
        self.whole = not self.left
        self.held: dict[str, list[tuple[str, Response, Article]]] = {}  # short texts of known addresses, by their marks
        self.lonely = ""  # the mark of a home page that leads to none of the known ones any more

    async def run(self, home: Response) -> None:
        site = self.site
        self.reached |= {site.base_url, self.addresses.spelled(site.base_url, ""), self.addresses.spelled(home.url, "")}
        for url in self.left:
            if self.addresses.lets_through(url):
                self._queue([url])
        self._read_home(home)
        try:
            while self.waiting and self.visited < _MOST_PAGES:
                site.demand_room()
                self._remember()
                await self._visit(self.waiting.popleft())
        except Enough:
            self._give_held()
            raise
        if self.waiting:
            self.whole = False
            site.troubles[f"more than {_MOST_PAGES} pages: the next run goes on"] += 1
        if self.addresses.refused:
            self.whole = False
            site.troubles[BEYOND] += self.addresses.refused
        if self.addresses.cut:
            self.whole = False
            site.troubles[CUT] += self.addresses.cut
        if not site.posts and not self.before:
            raise ParseError("nothing on the site could be read as text")
        if self.whole:
            await self._look_for_orphans()
        self._give_held()
        if self.whole:
            site.listing = Listing(frozenset({site.base_url, *self.walked}))
        else:  # what was not reached tonight may be among what waits
            self.walked = list(dict.fromkeys([*self.walked, *self.before]))[:_MOST_WAITING]
        self._remember()
        site.give()

    def _queue(self, urls: list[str]) -> None:
        for url in urls:
            if url in self.reached:
                continue
            if len(self.waiting) >= _MOST_WAITING:
                self.whole = False
                self.site.troubles[UNQUEUED] += 1
                continue
            self.reached.add(url)
            self.waiting.append(url)

    def _remember(self) -> None:
        """What the next night needs, if this one ends here."""
        done = list(dict.fromkeys([*self.walked, *self.before])) if self.waiting else self.walked
        self.site.state["walked"] = done[:_MOST_WAITING]
        self.site.state.pop("waiting", None)
        if self.waiting:
            self.site.state["waiting"] = list(self.waiting)

    def _read_home(self, home: Response) -> None:
        site = self.site
        try:
            tree = parse_html(decode(home.body, content_type(home)))
            links = self.addresses.links_of(tree, home.url)
            self._queue(links)
            article = read_one(site, home)
        except Unreadable as error:
            site.troubles[f"the home page was not read: {error}"] += 1
            return
        words = _words(article)
        if self.before and _is_short(article):
            self.lonely = "" if {*links} & {*self.before} else words
            self.held[words] = [(site.base_url, home, article)]
            return
        self.texts.add(words)
        self._give_page(site.base_url, home, article)

    async def _visit(self, url: str, *, by_name: bool = False) -> None:
        """Read one page, give it, and queue what it leads to. The page that it names as the real one is read before it."""
        site, self.visited = self.site, self.visited + 1
        try:
            response = await site.fetch(url)
            if response.status in {404, 410}:
                if url in self.before:
                    self._give_gone(url, response, GoneReason.DELETED)
                return
            demand_readable(response)
            landed = self.addresses.spelled(response.url, "")
            if not landed or not _is_html(response):
                return  # a redirect out of the account, or a document
            if landed != url and url in self.before:
                self._give_gone(url, response, GoneReason.RENAMED)
            if landed != url and landed in self.reached:
                return
            url = landed
            self.reached.add(url)
            tree = parse_html(decode(response.body, content_type(response)))
            article = await read_page(site, response)
        except NothingThere:
            if url in self.before:
                self._give_gone(url, response, GoneReason.UNAVAILABLE)
            return
        except RateLimited:
            raise
        except OffSite:
            return
        except (Unreadable, CrawlError) as error:
            site.troubles[f"a page was not read: {error}"] += 1
            if url in self.before:
                self.walked.append(url)
            return
        real = self.addresses.canonical_of(tree, response.url)
        if real and real not in self.reached and not by_name:
            self.reached.add(real)
            await self._visit(real, by_name=True)
        self._queue(self.addresses.links_of(tree, response.url))
        self._give(url, response, article)

    def _give(self, url: str, response: Response, article: Article) -> None:
        words = _words(article)
        if url not in self.before and (words in self.texts or words in self.held):
            return
        self.walked.append(url)
        if url in self.before and _is_short(article):
            self.held.setdefault(words, []).append((url, response, article))
            return
        self.texts.add(words)
        self._give_page(url, response, article)

    def _give_page(self, url: str, response: Response, article: Article) -> None:
        self.site.give(self.site.raw(response), posts=(page_post(self.site, article, native_id=url, url=url, is_page=True),))

    def _give_held(self) -> None:
        """Known addresses that suddenly give the very same short text are walled, unless they do so night after night."""
        doubts = self.site.state.pop("doubted", None)
        before, now = doubts if isinstance(doubts, dict) else {}, {}
        for words, pages in self.held.items():
            if len(pages) > 1 or words in self.texts or words == self.lonely:
                nights = before.get(words)
                now[words] = (nights if isinstance(nights, int) else 0) + 1
                if now[words] < _NIGHTS_DOUBTED:
                    self.site.troubles[DOUBTED] += len(pages)
                    continue
            for page in pages:
                self._give_page(*page)
        self.held = {}
        if now:
            self.site.state["doubted"] = now

    async def _look_for_orphans(self) -> None:
        """Pages of earlier nights to which nothing leads any more: they may still stand where they stood."""
        for url in self.before:
            if url not in self.reached:
                self.reached.add(url)
                await self._visit(url)
        self.waiting.clear()  # what only such a page leads to is no part of the site any more

    def _give_gone(self, url: str, response: Response, reason: GoneReason) -> None:
        gone = Gone(native_id=url, reason=reason, definite=response.status == 410, path="permalink")
        self.site.give(self.site.raw(response), gone=(gone,))
        self.site.swept.add(url)


def _is_html(response: Response) -> bool:
    kind = content_type(response).lower()
    return not kind or "html" in kind or kind.startswith("text/plain")


def _is_short(article: Article) -> bool:
    return len(article.fragment.text) < _SHORT


def _words(article: Article) -> str:
    return digest(f"{article.title}\0{article.fragment.text}")


def _addresses_in(state: dict[str, Any], name: str) -> list[str]:
    """A list of addresses from the cursor, as far as it is one."""
    found = state.get(name)
    return [url for url in found if isinstance(url, str)][:_MOST_WAITING] if isinstance(found, list) else []
