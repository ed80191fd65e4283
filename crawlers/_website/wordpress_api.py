"""What every question to WordPress's REST API (wp/v2) has in common: addresses, lists, totals, how it says that one is gone."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode, urljoin

from scrapy.http import Response

from core.errors import AccountNotFound, CrawlError, ParseError, RateLimited
from core.records import Gone, GoneReason, KnownPost
from crawlers._website.articles import decode
from crawlers._website.site import LoginWall, Site, Walled, demand_readable

CUT_SHORT = "a WordPress list is shorter than its own total: posts may be missing"
_GONE = {404: GoneReason.DELETED, 410: GoneReason.DELETED, 401: GoneReason.UNAVAILABLE, 403: GoneReason.UNAVAILABLE}


async def ask(site: Site, path: str, **query: Any) -> Response:
    """Ask the API whose root stands in the cursor."""
    return await site.fetch(address(site.state["source"], path, **query))


def address(api: str, path: str, **query: Any) -> str:
    """With plain permalinks the API's root is itself a query: /index.php?rest_route=/"""
    joint = "&" if "?" in api else "?"
    return f"{api}wp/v2/{path}{joint}{urlencode(query, safe=':,')}"


def refuses(response: Response) -> bool:
    """Whether WordPress itself says that this part of its API is closed, or that there is none."""
    data = json_of(response)
    return 400 <= response.status < 500 and isinstance(data, dict) and isinstance(data.get("code"), str)


def json_of(response: Response) -> Any:
    try:
        return json.loads(decode(response.body))
    except (ValueError, RecursionError):
        return None


def items_of(response: Response) -> list[dict[str, Any]]:
    """Raises ParseError."""
    data = json_of(response)
    if not isinstance(data, list):
        raise ParseError("the WordPress API answered with something that is no list")
    return [item if isinstance(item, dict) else {} for item in data]  # what is no object is an item without an id


def number_of(item: dict[str, Any], name: str = "id") -> int:
    """An id, 0 where there is none."""
    number = item.get(name)
    return number if type(number) is int and 0 < number < 10**18 else 0


def rendered(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    text = value.get("rendered") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def native_id(base_url: str, kind: str, number: int) -> str:
    """A post's key: WordPress gives an id once, while guids may be set by plugins and imports, and repeat."""
    return f"{urljoin(base_url, '/')}?wp_{kind}={number}"


class Totals:
    """X-WP-Total and X-WP-TotalPages over the pages of one query: whether more is to come, and whether all of it came.

    A host may give fewer a page than were asked for, so that a short page says nothing by itself.
    """

    def __init__(self, per_page: int) -> None:
        self._per_page = per_page
        self._listed = 0

    def is_last(self, response: Response, count: int, page: int) -> bool:
        """Note page `page`, which holds `count` items, and tell whether it ends the list."""
        self._listed = count if page == 1 else self._listed + count
        pages = _header(response, "X-WP-TotalPages")
        return count == 0 or (count < self._per_page if pages is None else page >= pages)

    def is_cut_short(self, response: Response) -> bool:
        """Whether the list that has ended holds fewer than it says it does."""
        return self._listed < (_header(response, "X-WP-Total") or 0)


def _header(response: Response, name: str) -> int | None:
    value = (response.headers.get(name) or b"").decode("latin-1").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 12 else None


async def listed(site: Site, path: str, numbers: list[str], fields: str) -> tuple[Response, dict[str, dict[str, Any]]]:
    """Those of `numbers` (at most 100) that the API shows to the public, by their ids."""
    response = await ask(site, path, include=",".join(numbers), per_page=100, _fields=fields)
    demand_readable(response)
    found = {str(item.get("id")): item for item in items_of(response)}
    return response, {number: found[number] for number in numbers if number in found}


async def ask_for(site: Site, path: str, known: KnownPost) -> bool:
    """Ask for one that is not listed by its own address, and give what becomes of it; False where that does not tell.

    404 is one deleted for good, 401 and 403 one in the trash, a draft or private: WordPress does not say which.
    """
    try:
        response = await ask(site, path, _fields="id")
        data = json_of(response)
        if response.status == 200 and isinstance(data, dict) and str(data.get("id")) == path.rpartition("/")[2]:
            site.give(site.raw(response), verified=(known.native_id,))  # a host may list fewer than were asked for
            return True
        if response.status in _GONE and isinstance(data, dict) and str(data.get("code", "")).startswith("rest_"):
            site.give(site.raw(response), gone=(gone(known, _GONE[response.status], definite=True),))
            return True
        demand_readable(response)
    except RateLimited:
        raise
    except (Walled, LoginWall):
        site.give(gone=(gone(known, GoneReason.LOGIN_WALL),))
    except AccountNotFound:
        if known.missing_path != "lookup":
            site.give(gone=(gone(known, GoneReason.UNAVAILABLE),))
            return True
    except CrawlError:
        pass
    return False


def gone(known: KnownPost, reason: GoneReason, *, definite: bool = False, path: str = "lookup") -> Gone:
    return Gone(native_id=known.native_id, reason=reason, definite=definite, path=path)
