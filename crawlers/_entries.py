"""Turns entries of a feed or sitemap into posts: from the feed where it holds the whole text, else from the entry's page."""

from __future__ import annotations

from scrapy.http import Response

from core.errors import CrawlError, RateLimited
from core.records import KnownPost, Post, PostType, Precision, RawPage
from crawlers._articles import Article, Unreadable, decode, read_article, read_fragment
from crawlers._feeds import Entry, parse_feed
from crawlers._site import OffSite, Site, content_type, demand_readable, digest, validators_of

_MOST_SEEN = 5000  # marks of entries kept in the cursor
ELSEWHERE = "an article lies on another site and was not read"


async def crawl_feed(site: Site) -> None:
    """Give the entries of the site's feed that are new or changed, page by page of the feed."""
    state = site.state
    response = await site.fetch(state["source"], state.get("validators"))
    if response.status == 304:
        site.give(site.raw(response))
        return
    visited, whole = {state["source"]}, True
    while True:
        demand_readable(response)
        feed = parse_feed(response.body, content_type(response), response.url)
        whole &= await give_entries(site, feed.entries, site.raw(response), feed.lang)
        next_url = site.absolute(feed.next_url, response.url) if feed.next_url else ""
        if not next_url or next_url in visited or not any(site.wanted(e.posted_at, e.edited_at) for e in feed.entries):
            break
        if state.get("read_through"):  # older pages were read on an earlier night
            break
        visited.add(next_url)
        response = await site.fetch(next_url)
    state["read_through"] = True
    if whole and len(visited) == 1:
        state["validators"] = validators_of(response)
    site.give()


async def give_entries(site: Site, entries: tuple[Entry, ...], listing: RawPage, lang: str = "und") -> bool:
    """Give what is new or changed among `entries`; those whose whole text stands in `listing` unchanged are verified by it.

    A page may change or go while it stays listed, so posts that were read from their pages are left to be looked at again.
    Returns whether every entry was read: one that was not is tried again the next night.
    """

    def is_all_here(entry: Entry) -> bool:
        return entry.whole or bool(entry.html and not site.absolute(entry.url, listing.url))

    seen: dict[str, str] = site.state.setdefault("seen", {})
    fresh, verified = [], []
    for entry in entries:
        known = seen.get(digest(entry.key))
        if known == entry.mark:
            verified += [entry.key] if is_all_here(entry) else []
        elif known or site.wanted(entry.posted_at, entry.edited_at):
            fresh.append(entry)
    room = max(site.job.max_posts - site.posts, 0)
    ready = [entry for entry in fresh if is_all_here(entry)][:room]
    for entry in ready:
        seen[digest(entry.key)] = entry.mark
    site.give(listing, posts=tuple(_post(site, e, listing.url, lang) for e in ready), verified=tuple(verified))
    taken = set(map(id, ready))
    pending = [entry for entry in fresh if id(entry) not in taken]
    read = [await give_page(site, entry, listing.url) for entry in pending]
    while len(seen) > _MOST_SEEN:
        del seen[next(iter(seen))]
    return all(read)


async def give_page(site: Site, entry: Entry, base_url: str) -> bool:
    """Give the post that stands on an entry's own page; returns whether the entry is done with."""
    site.demand_room()
    url = site.absolute(entry.url, base_url)
    if not url:
        site.troubles[ELSEWHERE] += 1
        return True
    try:
        response = await site.fetch(url)
        if response.status in {404, 410}:
            site.troubles["a listed article is not there"] += 1
            return True
        demand_readable(response)
        article = read_page(response)
    except OffSite:
        site.troubles[ELSEWHERE] += 1
        return True
    except RateLimited:
        raise
    except (Unreadable, CrawlError) as error:
        site.troubles[f"an article was not read: {error}"] += 1
        return False
    site.state.setdefault("seen", {})[digest(entry.key)] = entry.mark
    site.give(site.raw(response), posts=(page_post(site, article, native_id=entry.key, url=url, entry=entry),))
    return True


def read_page(response: Response) -> Article:
    """The article on a fetched page. Whatever a hostile page does to our libraries costs this page alone.

    Raises:
        Unreadable: it holds none, or can't be read.
    """
    try:
        return read_article(decode(response.body, content_type(response)), response.url)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"a page that our reader can't cope with ({type(error).__name__})") from None


def page_post(
    site: Site, article: Article, *, native_id: str, url: str, entry: Entry | None = None, known: KnownPost | None = None
) -> Post:
    """A post read from its own page. Text, title, links and pictures come from the page alone: feed and stored post only lend
    the time and the id, so that a later look at the page alone can tell whether it was edited."""
    told = entry.posted_at if entry else known.posted_at if known else None
    posted_at = told or article.posted_at
    exact = Precision.EXACT if told else article.posted_at_precision
    edited = article.edited_at or (entry.edited_at if entry and entry.posted_at else None)
    mark = digest("\0".join((article.title, article.fragment.text)))
    return Post(
        platform="website",
        account_id=site.job.account_id,
        native_id=native_id,
        url=url,
        type=PostType.ARTICLE if article.is_article or told else PostType.PAGE,
        title=article.title or (entry.title if entry else ""),
        text=article.fragment.text,
        lang=article.lang,
        posted_at=posted_at,
        posted_at_precision=exact,
        edited_at=edited if edited and edited != posted_at else None,
        revision=f"page@{mark}",
        links=article.fragment.links,
        media=article.fragment.media,
    )


def _post(site: Site, entry: Entry, base_url: str, lang: str) -> Post:
    fragment = read_fragment(entry.html, entry.url or base_url)
    keys = {item.native_key for item in fragment.media}
    edited = entry.edited_at if entry.edited_at and entry.edited_at != entry.posted_at else None
    return Post(
        platform="website",
        account_id=site.job.account_id,
        native_id=entry.key,
        url=site.absolute(entry.url, base_url),
        type=PostType.ARTICLE,
        title=entry.title,
        text=fragment.text,
        lang=lang,
        posted_at=entry.posted_at,
        posted_at_precision=Precision.EXACT if entry.posted_at else Precision.UNKNOWN,
        edited_at=edited,
        revision=f"feed@{entry.mark}",
        links=fragment.links,
        media=(*fragment.media, *(item for item in entry.media if item.native_key not in keys)),
    )
