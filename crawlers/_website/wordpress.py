"""Reads a WordPress site through its REST API (wp/v2), which tells edits and disappearances where feeds do not.

Two walks a kind, both upwards in time so that each page may be the last: by time of edit, and by time of posting, since a post
that was scheduled appears with an edit time of days ago. After each page the walk starts anew from the last time it saw:
numbered pages would skip a post whenever another is edited meanwhile.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

from core.errors import ParseError
from core.records import KnownPost, Media, Post, PostType, Precision
from crawlers._website.articles import read_fragment, read_time, tidy
from crawlers._website.recheck import look_again
from crawlers._website.site import Site, demand_readable
from crawlers._website.wordpress_api import (
    CUT_SHORT,
    Totals,
    address,
    ask,
    ask_for,
    items_of,
    json_of,
    listed,
    native_id,
    number_of,
    refuses,
    rendered,
)

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
    response = await site.fetch(address(api, "posts", per_page=1, _fields="id"))
    if refuses(response):
        return False
    demand_readable(response)
    if not isinstance(json_of(response), list):
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
    name, page, totals = f"{kind}.{walk}", 1, Totals(_PER_PAGE)
    while True:
        site.demand_room()
        start = read_time(marks.get(name, ""))[0] or site.job.since
        query: dict[str, Any] = {"orderby": walk, "order": "asc", "per_page": _PER_PAGE, "page": page}
        if start:  # `after` excludes its own second, in which more may have been posted
            query[parameter] = f"{start.astimezone(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
        response = await ask(site, kind, **query, _embed="wp:featuredmedia", _fields=_FIELDS)
        if response.status == 400 and page > 1:  # rest_post_invalid_page_number: past the end
            return
        demand_readable(response)
        items = items_of(response)
        is_last = totals.is_last(response, len(items), page)
        posts = _posts(site, kind, items)
        last = max((str(item.get(field) or "") for item in items), default="")
        if is_last:  # what can't be asked for by its id is met again, as long as it is among the youngest
            last = min((str(item.get(field) or "") or last for item in items if not number_of(item)), default=last)
        page = 1 if last > marks.get(name, "") else page + 1
        marks[name] = max(last, marks.get(name, ""))
        if is_last:  # a post dated years ahead must not hide those that come before it
            marks[name] = min(marks[name], f"{site.now():%Y-%m-%dT%H:%M:%S}")
        known = tuple(post.native_id for post in posts if post.native_id in site.shown_live)
        fresh = tuple(post for post in posts if post.native_id not in site.shown_live)
        site.give(site.raw(response), posts=fresh, verified=known)
        if is_last:
            if totals.is_cut_short(response):
                site.troubles[CUT_SHORT] += 1
            return


def _posts(site: Site, kind: str, items: list[dict[str, Any]]) -> list[Post]:
    """The posts among `items`. Those without content are kept in the cursor by their ids, to be asked for the next night."""
    found = {number_of(item): post for item in items if (post := _post(site, kind, item))}
    unread: list[int] = site.state.setdefault("unread", {}).setdefault(kind, [])
    numbers = [number for item in items if (number := number_of(item))]
    unread[:] = [number for number in dict.fromkeys([*unread, *numbers]) if number not in found]
    if beyond := len(unread[_MOST_UNREAD:]):
        site.troubles[f"a WordPress post without content beyond the {_MOST_UNREAD} that are asked for again"] += beyond
    del unread[_MOST_UNREAD:]
    if without := sum(not number_of(item) for item in items):
        site.troubles["a WordPress post without an id was not read"] += without
    return list(found.values())


async def _ask_again(site: Site, kind: str) -> None:
    """Ask for posts that earlier nights could not read; one that is not listed any more is forgotten."""
    unread: list[int] = site.state.get("unread", {}).get(kind, [])
    if not unread:
        return
    query: dict[str, Any] = {"include": ",".join(map(str, unread)), "per_page": _MOST_UNREAD}
    response = await ask(site, kind, **query, _embed="wp:featuredmedia", _fields=_FIELDS)
    demand_readable(response)
    items = items_of(response)
    unread.clear()
    site.give(site.raw(response), posts=tuple(_posts(site, kind, items)))


async def recheck_wordpress(site: Site, due: tuple[KnownPost, ...]) -> None:
    """Sweep stored posts: what the API no longer lists as public is asked for by its id, and where that does not tell, at its
    own address on the site."""
    by_kind: dict[str, dict[str, KnownPost]] = {kind: {} for kind in _KINDS}
    for known in due:
        if found := _OURS.match(known.revision):
            by_kind[found[1]][found[2]] = known
            site.swept.add(known.native_id)
    for kind, stored in by_kind.items():
        ids = list(stored)
        for at in range(0, len(ids), 100):
            some = ids[at : at + 100]
            response, live = await listed(site, kind, some, "id,modified_gmt")
            site.give(site.raw(response), verified=tuple(stored[i].native_id for i in live))
            for missing in (i for i in some if i not in live):
                if not await ask_for(site, f"{kind}/{missing}", stored[missing]):
                    await look_again(site, stored[missing])


def _post(site: Site, kind: str, item: dict[str, Any]) -> Post | None:
    content, link, number = rendered(item, "content"), str(item.get("link") or ""), number_of(item)
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
        title=tidy(read_fragment(rendered(item, "title") or "", "").text),
        text=fragment.text,
        lang=str(site.state.get("lang") or "und"),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        edited_at=edited_at if edited_at and posted_at and edited_at > posted_at else None,
        revision=f"{kind}/{number}@{item.get('modified_gmt') or ''}",
        links=fragment.links,
        media=(*(m for m in featured if m.native_key not in {own.native_key for own in fragment.media}), *fragment.media),
    )


def _featured(item: dict[str, Any]) -> tuple[Media, ...]:
    embedded = item.get("_embedded")
    found = embedded.get("wp:featuredmedia") if isinstance(embedded, dict) else None
    pictures = [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []
    return tuple(
        Media(kind="image", native_key=url.partition("?")[0], url=url, alt_text=tidy(str(p.get("alt_text") or ""), 2000))
        for p in pictures[:1]
        if (url := str(p.get("source_url") or "")).startswith(("http://", "https://"))
    )
