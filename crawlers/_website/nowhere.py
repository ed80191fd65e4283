"""Tells a page from a site's way of saying 'not found' with a status of 200.

Once a night, before the first page is believed, a site is asked for an address that can't exist. A page that says the same, but
for numbers and the words of its own address, is no page. Only the very same words count: else a short post would pass for it.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import unquote, urljoin, urlsplit

from scrapy.http import Response

from core.errors import AccountNotFound, CrawlError, RateLimited
from crawlers._website.articles import Article, Unreadable, decode, read_article
from crawlers._website.site import Said, Site, content_type, demand_readable

_WORD = re.compile(r"[^\W_]+")


class NothingThere(AccountNotFound):
    """The site's words for 'not found', with a status that says otherwise."""

    def __init__(self) -> None:
        super().__init__("the site's page for what it does not have")


async def read_page(site: Site, response: Response) -> Article:
    """The article on a fetched page.

    Raises:
        Unreadable: it holds none, or can't be read. NothingThere: it only says that there is no such page.
    """
    article = read_one(site, response)
    if site.nowhere is None:
        site.nowhere = await _ask_nowhere(site)
    if site.nowhere.words and _says_the_same(site.nowhere, _said(article, response.url)):
        raise NothingThere
    return article


def read_one(site: Site, response: Response) -> Article:
    """The article on a page that is known to exist. Whatever a hostile page does to our libraries costs this page alone.

    Raises:
        Unreadable: it holds none, or can't be read.
    """
    try:
        return read_article(decode(response.body, content_type(response)), response.url, site.job.rules)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"a page that our reader can't cope with ({type(error).__name__})") from None


async def _ask_nowhere(site: Site) -> Said:
    """What stands at an address that can't exist; nothing where the site answers it as it should."""
    try:
        response = await site.fetch(urljoin(site.base_url, secrets.token_hex(8)))
        if response.status != 200:
            return Said()
        demand_readable(response)
        return _said(read_one(site, response), response.url)
    except RateLimited:
        raise
    except (CrawlError, Unreadable):
        return Said()


def _said(article: Article, url: str) -> Said:
    words = _WORD.findall(f"{article.title} {article.fragment.text}".casefold())
    kept = tuple(word for word in words if not any(letter.isdigit() for letter in word))
    return Said(words=kept, address=frozenset(_WORD.findall(unquote(urlsplit(url).path).casefold())))


def _says_the_same(one: Said, other: Said) -> bool:
    """Such pages repeat the address that they were asked for: the words of both addresses do not count."""
    own = one.address | other.address
    left = [word for word in one.words if word not in own]
    return bool(left) and left == [word for word in other.words if word not in own]
