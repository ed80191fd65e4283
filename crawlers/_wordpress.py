"""Reads a WordPress site through its REST API (wp/v2), which tells edits and disappearances where feeds do not.

Two walks a kind, both upwards in time so that each page may be the last: by time of edit, and by time of posting, since a post
that was scheduled appears with an edit time of days ago. After each page the walk starts anew from the last time it saw:
numbered pages would skip a post whenever another is edited meanwhile.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin

from scrapy.http import Response

from core.errors import ParseError
from core.records import Gone, GoneReason, KnownPost, Media, Post, PostType, Precision
from crawlers._articles import decode, read_fragment, read_time, tidy
from crawlers._site import Site, demand_readable

_PER_PAGE = 50
_FIELDS = "id,date_gmt,modified_gmt,link,title,content,_links,_embedded"
_KINDS = {"posts": PostType.ARTICLE, "pages": PostType.PAGE}
_WALKS = {"modified": ("modified_after", "modified_gmt"), "date": ("after", "date_gmt")}
_MOST_UNREAD = 100  # ids a kind that are asked for again
_OURS = re.compile(r"(posts|pages)/([0-9]{1,18})@")  # the revision mark that this module gives


async def is_wordpress(site: Site, api: str) -> bool:
    """Whether `api` answers as wp/v2; no, too, where WordPress itself says that its API is closed to the public.

    Raises:
        CrawlError: that can't be told tonight.
    """
    response = await site.fetch(_address(api, "posts", per_page=1, _fields="id"))
    data = _json(response)
    if 400 <= response.status < 500 and isinstance(data, dict) and isinstance(data.get("code"), str):
        return False
    demand_readable(response)
    if not isinstance(data, list):
        raise ParseError("the WordPress API answered with something that is no list")
    return True


async def crawl_wordpress(site: Site) -> None:
    """Give posts and pages that are new or edited since the last crawl, oldest change first."""
    for kind in _KINDS:
        await _ask_again(site, kind)
        for walk in _WALKS:
            await _walk(site, kind, walk)
        if unread := site.state.get("unread", {}).get(kind):
            site.troubles["a WordPress post without content was not read"] += len(unread)


async def _walk(site: Site, kind: str, walk: str) -> None:
    """One query, followed until it is dry. The cursor keeps the last time seen of each walk."""
    parameter, field = _WALKS[walk]
    marks: dict[str, str] = site.state.setdefault("marks", {})
    name, page = f"{kind}.{walk}", 1
    while True:
        site.demand_room()
        start = read_time(marks.get(name, ""))[0] or site.job.since
        query: dict[str, Any] = {"orderby": walk, "order": "asc", "per_page": _PER_PAGE, "page": page}
        if start:  # `after` excludes its own second, in which more may have been posted
            query[parameter] = f"{start.astimezone(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
        response = await site.fetch(_address(site.state["source"], kind, **query, _embed="wp:featuredmedia", _fields=_FIELDS))
        if response.status == 400 and page > 1:  # rest_post_invalid_page_number: past the end
            return
        demand_readable(response)
        items = _items(response)
        posts = _posts(site, kind, items)
        last = max((str(item.get(field) or "") for item in items), default="")
        if len(items) < _PER_PAGE:  # what can't be asked for by its id is met again, as long as it is among the youngest
            last = min((str(item.get(field) or "") or last for item in items if not _number(item)), default=last)
        page = 1 if last > marks.get(name, "") else page + 1
        marks[name] = max(last, marks.get(name, ""))
        if len(items) < _PER_PAGE:  # a post dated years ahead must not hide those that come before it
            marks[name] = min(marks[name], f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
        known = tuple(post.native_id for post in posts if post.native_id in site.shown_live)
        fresh = tuple(post for post in posts if post.native_id not in site.shown_live)
        site.give(site.raw(response), posts=fresh, verified=known)
        if len(items) < _PER_PAGE:
            return


def _posts(site: Site, kind: str, items: list[dict[str, Any]]) -> list[Post]:
    """The posts among `items`. Those without content are kept in the cursor by their ids, to be asked for the next night."""
    found = {_number(item): post for item in items if (post := _post(site, kind, item))}
    unread: list[int] = site.state.setdefault("unread", {}).setdefault(kind, [])
    listed = [number for item in items if (number := _number(item))]
    unread[:] = [number for number in dict.fromkeys([*unread, *listed]) if number not in found]
    if beyond := len(unread[_MOST_UNREAD:]):
        site.troubles[f"a WordPress post without content beyond the {_MOST_UNREAD} that are asked for again"] += beyond
    del unread[_MOST_UNREAD:]
    if without := sum(not _number(item) for item in items):
        site.troubles["a WordPress post without an id was not read"] += without
    return list(found.values())


async def _ask_again(site: Site, kind: str) -> None:
    """Ask for posts that earlier nights could not read; one that is not listed any more is forgotten."""
    unread: list[int] = site.state.get("unread", {}).get(kind, [])
    if not unread:
        return
    query: dict[str, Any] = {"include": ",".join(map(str, unread)), "per_page": _MOST_UNREAD}
    response = await site.fetch(_address(site.state["source"], kind, **query, _embed="wp:featuredmedia", _fields=_FIELDS))
    demand_readable(response)
    items = _items(response)
    unread.clear()
    site.give(site.raw(response), posts=tuple(_posts(site, kind, items)))


async def recheck_wordpress(site: Site, due: tuple[KnownPost, ...]) -> None:
    """Sweep stored posts: what the API no longer lists as public is asked for by its id before it counts as gone."""
    by_kind: dict[str, dict[str, KnownPost]] = {kind: {} for kind in _KINDS}
    for known in due:
        if found := _OURS.match(known.revision):
            by_kind[found[1]][found[2]] = known
            site.swept.add(known.native_id)
    for kind, stored in by_kind.items():
        ids = list(stored)
        for at in range(0, len(ids), 100):
            some = ids[at : at + 100]
            response = await site.fetch(
                _address(site.state["source"], kind, include=",".join(some), per_page=100, _fields="id,modified_gmt")
            )
            demand_readable(response)
            listed = {str(item.get("id")) for item in _items(response)}
            site.give(site.raw(response), verified=tuple(stored[i].native_id for i in some if i in listed))
            for missing in (i for i in some if i not in listed):
                await _ask_for(site, kind, missing, stored[missing])


async def _ask_for(site: Site, kind: str, number: str, known: KnownPost) -> None:
    """404 is a post deleted for good, 401 and 403 one in the trash, a draft or private: WordPress does not say which."""
    response = await site.fetch(_address(site.state["source"], f"{kind}/{number}", _fields="id"))
    reasons = {404: GoneReason.DELETED, 410: GoneReason.DELETED, 401: GoneReason.UNAVAILABLE, 403: GoneReason.UNAVAILABLE}
    data = _json(response)
    if response.status in reasons and isinstance(data, dict) and str(data.get("code", "")).startswith("rest_"):
        gone = Gone(native_id=known.native_id, reason=reasons[response.status], definite=True)
        site.give(site.raw(response), gone=(gone,))
    else:
        site.troubles["a stored post is missing from the list, but its own address does not say why"] += 1


def _address(api: str, path: str, **query: Any) -> str:
    """With plain permalinks the API's root is itself a query: /index.php?rest_route=/"""
    joint = "&" if "?" in api else "?"
    return f"{api}wp/v2/{path}{joint}{urlencode(query, safe=':,')}"


def _json(response: Response) -> Any:
    try:
        return json.loads(decode(response.body))
    except (ValueError, RecursionError):
        return None


def _items(response: Response) -> list[dict[str, Any]]:
    data = _json(response)
    if not isinstance(data, list):
        raise ParseError("the WordPress API answered with something that is no list")
    return [item if isinstance(item, dict) else {} for item in data]  # what is no object is a post without an id


def _number(item: dict[str, Any]) -> int:
    """A post's id, 0 where there is none."""
    number = item.get("id")
    return number if type(number) is int and 0 < number < 10**18 else 0


def _post(site: Site, kind: str, item: dict[str, Any]) -> Post | None:
    content, link, number = _rendered(item, "content"), str(item.get("link") or ""), _number(item)
    if not number or content is None:
        return None
    posted_at, edited_at = read_time(str(item.get("date_gmt") or ""))[0], read_time(str(item.get("modified_gmt") or ""))[0]
    fragment = read_fragment(content, link or site.base_url)
    featured = _featured(item)
    return Post(
        platform="website",
        account_id=site.job.account_id,
        native_id=native_id(site.base_url, kind, number),
        url=site.absolute(link, site.base_url),
        type=_KINDS[kind],
        title=tidy(read_fragment(_rendered(item, "title") or "", "").text),
        text=fragment.text,
        lang=str(site.state.get("lang") or "und"),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        edited_at=edited_at if edited_at and posted_at and edited_at > posted_at else None,
        revision=f"{kind}/{number}@{item.get('modified_gmt') or ''}",
        links=fragment.links,
        media=(*(m for m in featured if m.native_key not in {own.native_key for own in fragment.media}), *fragment.media),
    )


def native_id(base_url: str, kind: str, number: int) -> str:
    """A post's key: WordPress gives an id once, while guids may be set by plugins and imports, and repeat."""
    return f"{urljoin(base_url, '/')}?wp_{kind}={number}"


def _rendered(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    text = value.get("rendered") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def _featured(item: dict[str, Any]) -> tuple[Media, ...]:
    embedded = item.get("_embedded")
    found = embedded.get("wp:featuredmedia") if isinstance(embedded, dict) else None
    pictures = [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []
    return tuple(
        Media(kind="image", native_key=url.partition("?")[0], url=url, alt_text=tidy(str(p.get("alt_text") or ""), 2000))
        for p in pictures[:1]
        if (url := str(p.get("source_url") or "")).startswith(("http://", "https://"))
    )
