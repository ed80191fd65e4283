"""Turns entries of a feed or sitemap into posts: from the feed where it holds the whole text, else from the entry's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.errors import CrawlError, RateLimited
from core.records import KnownPost, Post, PostType, Precision, RawPage
from crawlers._website.articles import Article, Unreadable, read_fragment
from crawlers._website.feeds import Entry, parse_feed
from crawlers._website.nowhere import NothingThere, read_page
from crawlers._website.site import Listing, OffSite, Site, content_type, demand_readable, digest, validators_of

_MOST_SEEN = 5000  # marks of entries kept in the cursor
_MOST_SHARED = 500  # marks of ids that several entries share
ELSEWHERE = "an article lies on another site and was not read"


async def crawl_feed(site: Site) -> None:
    """Give the entries of the site's feed that are new or changed, page by page until one that is known is met."""
    state = site.state
    due = any(known.missing_path or known.revision.startswith("feed@") for known in site.recheck)
    # 'unchanged' says nothing of single entries: many a feed keeps its validators when an old one is edited or taken down
    response = await site.fetch(state["source"], None if due else state.get("validators"))
    if response.status == 304:
        site.give(site.raw(response))
        return
    demand_readable(response)
    known = frozenset(state.get("seen", ()))
    visited, shown, whole, overlaps = {state["source"]}, set[str](), True, False
    links: dict[str, set[str]] = {}
    times: list[datetime | None] = []
    caught_up = state.pop("read_through", False)  # every page was read once; set anew when this night read all it had to
    state.pop("validators", None)
    while True:
        feed = parse_feed(response.body, content_type(response), response.url)
        entries = _told_apart(site, own_entries(site, feed.entries, response.url), links)
        times += [entry.posted_at for entry in entries]
        overlaps |= _reaches_back(site, entries, known)
        if feed.unread:
            site.troubles["an entry of the feed was not read"] += feed.unread
        if feed.cut_off:
            site.troubles["the feed is cut off: entries may be missing"] += 1
        whole &= await give_entries(site, entries, site.raw(response), feed.lang) and not feed.unread and not feed.cut_off
        next_url = site.absolute(feed.next_url, response.url) if feed.next_url else ""
        turning = {entry.key for entry in entries} <= shown  # pages without end that repeat themselves
        shown.update(entry.key for entry in entries)
        old = not any(site.wanted(e.posted_at, e.edited_at) for e in entries)
        if not next_url or next_url in visited or turning or old or (caught_up and overlaps):
            break
        visited.add(next_url)
        response = await site.fetch(next_url)
        demand_readable(response)
    if caught_up and known and not overlaps:
        site.troubles["the feed no longer reaches back to what was seen: posts in between may be missing"] += 1
    elif whole and len(visited) == 1:
        state["validators"] = validators_of(response)
    dated = [time for time in times if time]
    if whole and dated and len(dated) == len(times):
        site.listing = Listing(frozenset(shown), back_to=min(dated))
    if whole:
        state["read_through"] = True
    site.give()


def own_entries(site: Site, entries: tuple[Entry, ...], base_url: str) -> tuple[Entry, ...]:
    """An account that is a part of its site has only what lies within its path."""
    if not site.is_part:
        return entries
    return tuple(entry for entry in entries if site.inside(site.absolute(entry.url, base_url)))


def _reaches_back(site: Site, entries: tuple[Entry, ...], known: frozenset[str]) -> bool:
    """Whether a page ends in what an earlier night saw or is too old. Pinned and edited entries stand in its first half."""
    times = [entry.edited_at or entry.posted_at for entry in entries]
    dated = [time for time in times if time]
    if len(dated) == len(times) > 1 and dated[0] < dated[-1] and dated == sorted(dated):
        entries = entries[::-1]
    last = entries[len(entries) // 2 :]
    return any(digest(e.key) in known or not site.wanted(e.posted_at, e.edited_at) for e in last)


def _told_apart(site: Site, entries: tuple[Entry, ...], links: dict[str, set[str]]) -> tuple[Entry, ...]:
    """Entries whose feed gives one id to several addresses get keys of their own, this night and from then on.

    `links` are the addresses of each id that this night has met.
    """
    shared: list[str] = site.state.get("shared", [])
    for entry in entries:
        links.setdefault(entry.key, set()).add(entry.url)
    for key, urls in links.items():
        if len(urls) > 1 and digest(key) not in shared:
            shared = site.state["shared"] = [*shared, digest(key)][-_MOST_SHARED:]
    return tuple(
        replace(entry, key=f"{entry.key}#{digest(entry.url)}") if digest(entry.key) in shared else entry for entry in entries
    )


async def give_entries(site: Site, entries: tuple[Entry, ...], listing: RawPage, lang: str = "und") -> bool:
    """Give what is new or changed among `entries`; those whose whole text stands in `listing` unchanged are verified by it.

    A page may change or go while it stays listed, so posts that were read from their pages are left to be looked at again.
    Entries of one key are versions of one post: all are given, the one that stands first last.
    Returns whether every entry was read: one that was not is tried again the next night.
    """

    def is_all_here(entry: Entry) -> bool:
        return entry.whole or not entry.url or bool(entry.html and not site.absolute(entry.url, listing.url))

    seen: dict[str, str] = site.state.setdefault("seen", {})
    versions: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        versions.setdefault(entry.key, {}).setdefault(entry.mark, entry)
    fresh, verified = [], []
    for key, found in versions.items():
        known, first = seen.get(digest(key)), next(iter(found.values()))
        if known == _mark(found):
            verified += [key] if is_all_here(first) else []
        elif known or any(site.wanted(entry.posted_at, entry.edited_at) for entry in found.values()):
            fresh.append(found)
            if len(found) > 1:
                site.troubles["a post is listed in several versions: all of them were kept"] += 1
    room = max(site.job.max_posts - site.posts, 0)
    ready = [found for found in fresh if all(map(is_all_here, found.values()))][:room]
    for found in ready:
        seen[digest(next(iter(found.values())).key)] = _mark(found)
    posts = tuple(_post(site, entry, listing.url, lang) for found in ready for entry in reversed(found.values()))
    site.give(listing, posts=posts, verified=tuple(verified))
    taken = set(map(id, ready))
    read = []
    for found in fresh:
        if id(found) not in taken:
            read.append(await give_page(site, next(iter(found.values())), listing.url, _mark(found), lang))
    while len(seen) > _MOST_SEEN:
        del seen[next(iter(seen))]
    return all(read)


def _mark(versions: dict[str, Entry]) -> str:
    return next(iter(versions)) if len(versions) == 1 else digest(" ".join(versions))


async def give_page(site: Site, entry: Entry, base_url: str, mark: str = "", lang: str = "und") -> bool:
    """Give the post that stands on an entry's own page, or what the listing says of it where that page holds no text.

    Returns whether the entry is done with. `mark` is what tells the next night that it did not change.
    """
    site.demand_room()
    url, seen = site.absolute(entry.url, base_url), site.state.setdefault("seen", {})
    try:
        if not url:
            raise OffSite
        response = await site.fetch(url)
        if response.status in {404, 410}:
            site.troubles["a listed article is not there"] += 1
            return True
        demand_readable(response)
        article = await read_page(site, response)
    except NothingThere:
        site.troubles["a listed article is not there"] += 1
        return True
    except OffSite:
        site.troubles[ELSEWHERE] += 1
        if entry.title:
            seen[digest(entry.key)] = mark or entry.mark
            site.give(posts=(_post(site, entry, base_url, lang),))
        return True
    except RateLimited:
        raise
    except Unreadable as error:
        site.troubles[f"an article was not read: {error}"] += 1
        if entry.title:
            site.give(site.raw(response), posts=(_post(site, entry, base_url, lang),))
        return False
    except CrawlError as error:
        site.troubles[f"an article was not read: {error}"] += 1
        return False
    seen[digest(entry.key)] = mark or entry.mark
    site.give(site.raw(response), posts=(page_post(site, article, native_id=entry.key, url=url, entry=entry),))
    return True


def page_post(
    site: Site,
    article: Article,
    *,
    native_id: str,
    url: str,
    entry: Entry | None = None,
    known: KnownPost | None = None,
    is_page: bool = False,
) -> Post:
    """A post read from its own page. Text, title, links and pictures come from the page alone: feed and stored post only lend
    the time and the id, so that a later look at the page alone can tell whether it was edited."""
    told = entry.posted_at if entry else known.posted_at if known else None
    posted_at = told or article.posted_at
    exact = article.posted_at_precision
    if told and told != article.posted_at:
        exact = entry.posted_at_precision if entry else Precision.EXACT
    edited = article.edited_at or (entry.edited_at if entry and entry.posted_at else None)
    mark = digest("\0".join((article.title, article.fragment.text)))
    return Post(
        platform="website",
        account_id=site.job.account_id,
        native_id=native_id,
        url=url,
        type=PostType.ARTICLE if (article.is_article or told) and not is_page else PostType.PAGE,
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
        posted_at_precision=entry.posted_at_precision if entry.posted_at else Precision.UNKNOWN,
        edited_at=edited,
        revision=f"feed@{entry.mark}",
        links=fragment.links,
        media=(*fragment.media, *(item for item in entry.media if item.native_key not in keys)),
    )
