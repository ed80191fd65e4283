"""The addresses of a microsite: each in one spelling, and the endless ones (calendars, filters, loops) kept within bounds."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import lxml.html
from w3lib.url import canonicalize_url, url_query_cleaner

from crawlers._website.site import Site

_MOST_OF_A_PATH = 12  # addresses that differ by a query of several parts alone
_MOST_ALIKE = 60  # addresses that differ by their numbers alone: /events/2026/11/03, /page/7
_DEEPEST = 12  # parts of a path
_MOST_REPEATED = 3  # times that one part may stand in a path: links that are relative by mistake grow without end
_MOST_LINKS = 2_000  # of one page, within the account
_MOST_LOOKED_AT = 20_000  # of one page, wherever they lead
_MOST_COUNTED = 2_000  # refused addresses that are told apart
_UNREAD = re.compile(
    r"\.(pdf|docx?|xlsx?|pptx?|odt|ods|odp|csv|zip|gz|7z|rar|jpe?g|png|gif|webp|svg|ico|avif|tiff?|bmp|mp[34]|m4[av]|mov|avi"
    r"|webm|og[gv]|wav|css|js|mjs|json|xml|rss|atom|txt|ics|vcf|woff2?|ttf|eot|exe|dmg|apk)\Z",
    re.IGNORECASE,
)
_VISIT = (  # they tell of a visit, not of a page
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "fbclid", "gclid", "gbraid", "wbraid",
    "msclkid", "mc_cid", "mc_eid", "yclid", "igshid", "ref", "referrer", "replytocom", "share", "print",
    "phpsessid", "PHPSESSID", "jsessionid", "sessionid", "session_id",
)  # fmt: skip
_SESSION = re.compile(r";(jsessionid|phpsessid|sid)=[^/?]*", re.IGNORECASE)
BEYOND = f"an address beyond the {_MOST_ALIKE} of one pattern was not read (a calendar or a filter?)"

CUT = "a link beyond those that are read of one page was not followed"


class Addresses:
    """Which addresses of the account a walk may visit. It remembers what it let through."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._paths: Counter[str] = Counter()
        self._shapes: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._refused: set[str] = set()
        self._let_through: set[str] = set()
        self.cut = 0  # links of pages that hold more of them than are read

    @property
    def refused(self) -> int:
        """How many addresses were left aside as endless."""
        return len(self._refused)

    def spelled(self, link: str, base: str) -> str:
        """A link in its one spelling: no fragment, sorted query, nothing of a visit. Empty where it leaves the account."""
        url = self._site.absolute(link, base)
        if not url or not self._site.inside(url) or _UNREAD.search(urlsplit(url).path):
            return ""
        url = _SESSION.sub("", url)
        if "?" in url:
            url = url_query_cleaner(url, _VISIT, remove=True)
        url = canonicalize_url(url)
        return url if self._site.inside(url) else ""

    def lets_through(self, url: str) -> bool:
        """Whether a walk may go there; the same answer for the same address."""
        if url in self._let_through:
            return True
        parts = urlsplit(url)
        steps = [step for step in parts.path.split("/") if step]
        names = tuple(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))  # sorted by the one spelling
        shape = (re.sub(r"\d+", "0", parts.path), names)
        endless = (
            len(steps) > _DEEPEST
            or max(Counter(steps).values(), default=0) > _MOST_REPEATED
            or (len(names) > 1 and self._paths[parts.path] >= _MOST_OF_A_PATH)
            or self._shapes[shape] >= _MOST_ALIKE
        )
        if endless:
            if len(self._refused) < _MOST_COUNTED:
                self._refused.add(url)
            return False
        self._paths[parts.path] += len(names) > 1
        self._shapes[shape] += 1
        self._let_through.add(url)
        return True

    def links_of(self, tree: lxml.html.HtmlElement, base: str) -> list[str]:
        """Where a page leads within the account, in its order."""
        links = list(dict.fromkeys(str(link) for link in tree.xpath("//a/@href | //area/@href | //iframe/@src")))
        found = list(dict.fromkeys(url for link in links[:_MOST_LOOKED_AT] if (url := self.spelled(link, base))))
        self.cut += len(links[_MOST_LOOKED_AT:]) + len(found[_MOST_LINKS:])
        return [url for url in found[:_MOST_LINKS] if self.lets_through(url)]

    def canonical_of(self, tree: lxml.html.HtmlElement, base: str) -> str:
        """The address that a page names as its own; empty where that is none of the account's."""
        named = tree.xpath("//link[translate(@rel, 'CANOIL', 'canoil')='canonical']/@href")
        url = self.spelled(str(named[0]), base) if named else ""
        return url if url and self.lets_through(url) else ""
