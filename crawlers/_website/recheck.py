"""Looks again at a stored post where a visitor would: at its own address, and on what the site lists tonight."""

from __future__ import annotations

from urllib.parse import urlsplit

from scrapy.http import Response

from core.errors import CrawlError, RateLimited
from core.records import Gone, GoneReason, KnownPost
from crawlers._website.articles import Unreadable
from crawlers._website.entries import page_post
from crawlers._website.nowhere import NothingThere, read_page
from crawlers._website.site import LoginWall, Site, Walled, demand_readable

_PERMALINK, _LISTING = "permalink", "listing"


async def look_again(site: Site, known: KnownPost) -> None:
    """Fetch a post's own address. Gone only by 404, 410, the site's words for it or a way back to the front door.

    A wall says nothing of the post: that it stood there is told, and buries nothing. All else but a page is a trouble.
    """
    url = site.absolute(known.url, site.base_url)
    if not url:
        return
    if known.native_id.startswith(f"{url}#"):  # it has no address of its own: only the list that it stands on can tell
        if is_unlisted(site, known):
            site.give(gone=(Gone(native_id=known.native_id, reason=GoneReason.UNAVAILABLE, path=_LISTING),))
        return
    page: Response | None = None
    try:
        page = await site.fetch(url)
        if page.status in {404, 410}:
            _give_gone(site, known, page, GoneReason.DELETED)
            return
        demand_readable(page)
        if urlsplit(page.url).path in {"", "/"} and urlsplit(url).path not in {"", "/"}:
            _give_gone(site, known, page, GoneReason.UNAVAILABLE)
            return
        article = await read_page(site, page)
    except NothingThere:
        assert page is not None
        _give_gone(site, known, page, GoneReason.UNAVAILABLE)
        return
    except RateLimited:
        raise
    except (Walled, LoginWall) as wall:
        site.troubles[f"a stored post could not be looked at again: {wall}"] += 1
        site.give(gone=(Gone(native_id=known.native_id, reason=GoneReason.LOGIN_WALL, path=_PERMALINK),))
        return
    except (Unreadable, CrawlError) as error:
        site.troubles[f"a stored post could not be looked at again: {error}"] += 1
        return
    if known.revision.startswith("page@"):
        post = page_post(site, article, native_id=known.native_id, url=known.url, known=known)
        site.give(site.raw(page), posts=(post,))
    else:  # its text came from a feed: this page, read another way, would look like an edit
        site.give(site.raw(page), verified=(known.native_id,))


def is_unlisted(site: Site, known: KnownPost) -> bool:
    """Whether tonight's list was read as far back as this post, and does not hold it."""
    listing = site.listing
    if listing is None or known.native_id in listing.keys:
        return False
    return listing.back_to is None or (known.posted_at is not None and known.posted_at > listing.back_to)


def _give_gone(site: Site, known: KnownPost, page: Response, reason: GoneReason) -> None:
    """410 is the site's own word for gone. A second sighting counts by the list that lacks it, where there is one."""
    second = known.missing_path == _PERMALINK and is_unlisted(site, known)
    sighting = Gone(
        native_id=known.native_id,
        reason=reason,
        definite=page.status == 410,
        path=_LISTING if second else _PERMALINK,
    )
    site.give(site.raw(page), gone=(sighting,))
