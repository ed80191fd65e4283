"""Reads what the institution's own people answer under the posts of its own WordPress sites.

Only comments whose author is a user of the site are posts of the account. Everybody else's words are theirs: they are never
asked for, but for the one comment that a reply answers, as its context. So the list is read without words or names first, and
text is then asked for by ids.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

from scrapy.http import Response

from core.errors import CrawlError, RateLimited
from core.records import KnownPost, Post, PostType, Precision, RawPage, Reference
from crawlers._website.articles import read_fragment, read_time
from crawlers._website.site import Site, demand_readable, digest
from crawlers._website.wordpress_api import (
    CUT_SHORT,
    Totals,
    ask,
    ask_for,
    items_of,
    listed,
    native_id,
    number_of,
    refuses,
    rendered,
)

_PER_PAGE = 100
_NUMBERS = "id,author,parent,date_gmt"
_WORDS = "id,author,post,parent,date_gmt,link,content,_links"
_AT_ONCE = 50  # replies, with as many comments that they answer
_OVERLAP = timedelta(days=7)  # a comment may be let through days after it was written
_OURS = re.compile(r"comments/([0-9]{1,18})@")  # the revision mark that this module gives
_MOST_CONTEXT = 5_000  # characters of the comment that a reply answers


async def crawl_comments(site: Site) -> None:
    """Give the replies of the site's own users since the last crawl; a failure here costs the replies alone."""
    if not site.job.comments:
        return
    try:
        await _walk(site)
    except RateLimited:
        raise
    except CrawlError as error:
        site.troubles[f"the replies under posts were not read: {error}"] += 1


async def _walk(site: Site) -> None:
    """Upwards in time; after each page anew from the last time seen, as with posts."""
    marks: dict[str, str] = site.state.setdefault("marks", {})
    before = read_time(marks.get("comments", ""))[0]
    start, page, totals = before - _OVERLAP if before else site.job.since, 1, Totals(_PER_PAGE)
    while True:
        site.demand_room()
        query: dict[str, Any] = {"orderby": "date_gmt", "order": "asc", "per_page": _PER_PAGE, "page": page}
        if start:
            query["after"] = f"{start.astimezone(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
        response = await ask(site, "comments", **query, _fields=_NUMBERS)
        if refuses(response):  # a site without comments, or past the end of the list
            return
        demand_readable(response)
        items = items_of(response)
        is_last = totals.is_last(response, len(items), page)
        own = [item for item in items if number_of(item) and number_of(item, "author")]
        for at in range(0, len(own), _AT_ONCE):
            await _give_replies(site, own[at : at + _AT_ONCE])
        last = max((time for item in items if (time := read_time(str(item.get("date_gmt") or ""))[0])), default=None)
        moved = last is not None and (start is None or last > start)
        start, page = (last, 1) if moved else (start, page + 1)
        if last:
            marks["comments"] = f"{min(last, site.now()):%Y-%m-%dT%H:%M:%S}"
        site.give(*_evidence(site, response, _NUMBERS))
        if is_last:
            if totals.is_cut_short(response):
                site.troubles[CUT_SHORT] += 1
            return


def _evidence(site: Site, response: Response, fields: str) -> tuple[RawPage, ...]:
    """An answer, but not where a server told more than it was asked for: other people's words and names are not kept."""
    asked = set(fields.split(","))
    return (site.raw(response),) if all(item.keys() <= asked for item in items_of(response)) else ()


async def _give_replies(site: Site, items: list[dict[str, Any]]) -> None:
    """Give the comments that `items` name, each with the one that it answers."""
    parents = {number for item in items if (number := number_of(item, "parent"))}
    wanted = [str(number) for number in dict.fromkeys([*map(number_of, items), *parents])]
    response, shown = await listed(site, "comments", wanted, _WORDS)
    own = [shown[str(number_of(item))] for item in items if str(number_of(item)) in shown]
    posts = tuple(post for item in own if (post := _reply(site, item, shown)))
    if len(posts) < len(items):
        site.troubles["a reply under a post was not read"] += len(items) - len(posts)
    fresh = tuple(post for post in posts if post.native_id not in site.shown_live)
    site.give(*_evidence(site, response, _WORDS), posts=fresh)


async def recheck_comments(site: Site, due: tuple[KnownPost, ...]) -> None:
    """Read stored replies again; one that is no longer listed is asked for by its id."""
    stored = {found[1]: known for known in due if (found := _OURS.match(known.revision))}
    site.swept.update(known.native_id for known in stored.values())
    numbers = list(stored)
    for at in range(0, len(numbers), _AT_ONCE):
        some = numbers[at : at + _AT_ONCE]
        _, live = await listed(site, "comments", some, _NUMBERS)
        await _give_replies(site, [item for item in live.values() if number_of(item, "author")])
        for number in some:
            if number not in live and not await ask_for(site, f"comments/{number}", stored[number]):
                site.troubles["a stored reply is missing from the list, but its own address does not say why"] += 1


def _reply(site: Site, item: dict[str, Any], shown: dict[str, dict[str, Any]]) -> Post | None:
    content, number = rendered(item, "content"), number_of(item)
    if content is None or not number_of(item, "author"):
        return None
    link = site.absolute(str(item.get("link") or ""), site.base_url)
    fragment = read_fragment(content, link or site.base_url)
    posted_at = read_time(str(item.get("date_gmt") or ""))[0]
    return Post(
        platform="website",
        account_id=site.job.account_id,
        native_id=native_id(site.base_url, "comment", number),
        url=f"{link}#comment-{number}" if link else "",
        type=PostType.NOTE,
        text=fragment.text,
        lang=str(site.state.get("lang") or "und"),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        revision=f"comments/{number}@{digest(fragment.text)}",
        in_reply_to=_answered(site, item, shown),
        links=fragment.links,
        media=fragment.media,
    )


def _answered(site: Site, item: dict[str, Any], shown: dict[str, dict[str, Any]]) -> Reference | None:
    """The comment that a reply answers, with its words, or else the post that it stands under."""
    if parent := number_of(item, "parent"):
        words = rendered(shown.get(str(parent), {}), "content")
        text = read_fragment(words or "", site.base_url).text[:_MOST_CONTEXT]
        return Reference(native_id=native_id(site.base_url, "comment", parent), text=text, available=words is not None)
    if post := number_of(item, "post"):
        return Reference(native_id=native_id(site.base_url, _kind_of(item), post))
    return None


def _kind_of(item: dict[str, Any]) -> str:
    links = item.get("_links")
    up = links.get("up") if isinstance(links, dict) else None
    first = up[0] if isinstance(up, list) and up and isinstance(up[0], dict) else {}
    return "pages" if first.get("post_type") == "page" else "posts"
