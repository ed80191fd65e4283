"""Small websites told apart by the Host header: WordPress, an Atom blog, an RSS site, three static ones, one that refuses us.

Pages and feeds carry ETag and Last-Modified and answer 304. A feed's validators do not move when an article that is not the
newest is taken down, and the RSS site's not even for an edit: a reader who trusts a 304 misses both.
"""

from __future__ import annotations

import hashlib
import json
import re
from email.utils import parsedate_to_datetime
from typing import Any

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn
from nightrounds.sandbox.faults import WEB_FAILURES
from nightrounds.sandbox.platforms import _website_comments as comments
from nightrounds.sandbox.platforms import _website_feeds as feeds
from nightrounds.sandbox.platforms import _website_wordpress as wordpress
from nightrounds.sandbox.platforms._website_markup import (
    Article,
    Site,
    article_html,
    http_date,
    is_comment,
    listing,
    meta,
    page,
)
from nightrounds.sandbox.platforms._website_static import BULLETIN, MICROSITE, RULES, bulletin_page, microsite_page
from nightrounds.sandbox.platforms._wordpress_queries import WordPressError
from nightrounds.sandbox.view import Scene, Shown, view_of
from nightrounds.sandbox.world import Engine, State, load_world

_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_XML = "application/xml; charset=utf-8"
_POST = re.compile(r"/wp-json/wp/v2/posts/([0-9]+)")
_COMMENT = re.compile(r"/wp-json/wp/v2/comments/([0-9]+)")
_SITEMAPS = {Engine.WORDPRESS: "/wp-sitemap-posts-post-1.xml", Engine.STATIC: "/sitemap.xml"}
_FEEDS = {Engine.WORDPRESS: "/feed/", Engine.ATOM: "/atom.xml", Engine.RSS: "/rss.xml"}


class Websites(StandIn):
    """The stand-in. `page_cap` is the most that one page of WordPress's list holds."""

    platform = "website"
    title = "websites"
    never = frozenset({"usage_capped", "token_dead"})

    def options(self, url: str) -> dict[str, Any]:
        accounts = {account.handle.rstrip("/"): account for account in load_world().of("website")}
        rules = {origin: RULES for origin, account in accounts.items() if account.extra.get("making") == BULLETIN}
        return {"rebase": dict.fromkeys(accounts, url), "sites": rules, "delay": 0}

    def native_id(self, shown: Shown) -> str:
        """WordPress's own number, the id in a feed, and elsewhere the article's address."""
        site = Site(view_of(2).standing(shown.account), (shown,), view_of(2).at)
        if is_comment(shown.post):
            return site.url(f"/?wp_comment={comments.own_number(shown.account, shown.post)}")
        article = (site.articles or site.gone)[0]
        if site.engine is Engine.WORDPRESS:
            return site.url(f"/?wp_posts={feeds.wordpress_id(article)}")
        if site.engine in _FEEDS:
            return feeds.guid(site, article, wordpress=False)
        return site.url(article.path)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        host = _host(request)
        return {s.account.key for s in scene.view.accounts("website") if _is_host(host, s.account.handle)}

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        return WEB_FAILURES[kind]

    def answer(self, request: Request, scene: Scene) -> Answer:
        host = _host(request)
        for standing in scene.accounts("website"):
            if not _is_host(host, standing.account.handle):
                continue
            if standing.state is State.GONE:
                return Answer(b"<html><body><h1>404 Not Found</h1></body></html>\n", 404, _HTML)
            if standing.state is not State.LIVE:
                login = {"www-authenticate": 'Basic realm="Members"'}
                return Answer(b"<html><body><h1>Please log in</h1></body></html>\n", 401, _HTML, login)
            site = Site(standing, scene.view.ever_posted(standing.account), scene.view.at)
            return _revalidated(request, self._page(request, site) or _not_found(request, site))
        return _directory(scene)

    def _page(self, request: Request, site: Site) -> Answer | None:
        path = request.url.path
        if path == "/robots.txt":
            return Answer(_robots(site), 200, _TEXT)
        if site.making == MICROSITE:
            return microsite_page(site, path)
        if site.making == BULLETIN:
            return bulletin_page(site, path, request.query_params)
        if path == "/":
            return _home(site)
        if article := site.by_path(path):
            return _article(site, article)
        if path in ("/about", "/about/") and site.engine is not Engine.WORDPRESS:
            return _about(site)
        if path == _SITEMAPS.get(site.engine):
            return Answer(feeds.sitemap(site), 200, _XML)
        return self._wordpress(request, site, path) if site.engine is Engine.WORDPRESS else _feed(site, path)

    def _wordpress(self, request: Request, site: Site, path: str) -> Answer | None:
        if path in ("/feed", "/feed/"):
            body = feeds.rss(site, wordpress=True)
            return Answer(body, 200, "application/rss+xml; charset=UTF-8", _validators(site))
        if path in ("/feed/atom", "/feed/atom/"):
            return Answer(feeds.atom(site), 200, "application/atom+xml; charset=UTF-8", _validators(site))
        if path == "/wp-sitemap.xml":
            return Answer(feeds.sitemap_index(site, _SITEMAPS[site.engine]), 200, _XML)
        if path in ("/wp-json", "/wp-json/"):
            return wordpress.rest_index(site)
        if path == "/wp-json/wp/v2/posts":
            return wordpress.rest_posts(site, request.query_params, page_cap=self.page_cap)
        if path == "/wp-json/wp/v2/pages":
            return wordpress.rest_no_pages(request.query_params)
        if path == "/wp-json/wp/v2/comments":
            return comments.rest_comments(site, request.query_params, page_cap=self.page_cap)
        if match := _POST.fullmatch(path):
            return wordpress.rest_post(site, match[1], request.query_params)
        if match := _COMMENT.fullmatch(path):
            return comments.rest_comment(site, match[1], request.query_params)
        if path.startswith("/wp-json/"):
            message = "No route was found matching the URL and request method."
            return WordPressError("rest_no_route", message, 404).answer()
        return None


def _host(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].casefold()


def _is_host(host: str, handle: str) -> bool:
    """A site answers to its own name and, for a browser on this machine, to <first part>.localhost."""
    own = handle.split("//")[1].rstrip("/")
    return host in (own, f"{own.split('.')[0]}.localhost")


def _validators(site: Site) -> dict[str, str]:
    stamp = http_date(site.modified)
    return {"etag": f'"{hashlib.md5(stamp.encode(), usedforsecurity=False).hexdigest()}"', "last-modified": stamp}


def _revalidated(request: Request, answer: Answer) -> Answer:
    """304 where the reader's copy is still good. If-None-Match goes before If-Modified-Since."""
    etag, modified = answer.headers.get("etag"), answer.headers.get("last-modified")
    if answer.status != 200 or not (etag or modified):
        return answer
    if asked := request.headers.get("if-none-match"):
        fresh = etag in {tag.strip().removeprefix("W/") for tag in asked.split(",")} or asked.strip() == "*"
    elif (since := request.headers.get("if-modified-since")) and modified:
        try:
            fresh = parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
        except ValueError:
            fresh = False
    else:
        fresh = False
    return Answer(b"", 304, answer.media_type, answer.headers) if fresh else answer


def _robots(site: Site) -> bytes:
    if site.engine is Engine.CLOSED:
        return b"User-agent: *\nDisallow: /\n"
    closed = "Disallow: /wp-admin/\n" if site.engine is Engine.WORDPRESS else "Disallow: /drafts/\n"
    sitemap = {Engine.WORDPRESS: "/wp-sitemap.xml", Engine.STATIC: "/sitemap.xml"}.get(site.engine) if not site.making else None
    line = f"\nSitemap: {site.url(sitemap)}\n" if sitemap else ""
    return f"User-agent: *\n{closed}{line}".encode()


def _home(site: Site) -> Answer:
    head, headers = "", _validators(site)
    if site.engine is Engine.WORDPRESS:
        head = (
            f'<link rel="https://api.w.org/" href="{site.url("/wp-json/")}" />\n'
            f'<link rel="alternate" type="application/rss+xml" title="{site.host} Feed" href="{site.url("/feed/")}" />'
        )
        headers["link"] = f'<{site.url("/wp-json/")}>; rel="https://api.w.org/"'
    elif site.engine in _FEEDS:
        kind = "atom" if site.engine is Engine.ATOM else "rss"
        head = f'<link rel="alternate" type="application/{kind}+xml" href="{_FEEDS[site.engine]}">'
    shown = site.articles[: feeds.FEED_LENGTH] if site.engine is Engine.WORDPRESS else site.articles
    return Answer(page(site, site.title, listing(site, shown), head=head).encode(), 200, _HTML, headers)


def _about(site: Site) -> Answer:
    body = f"<article><h1>About</h1><p>{site.tagline}</p></article>"
    return Answer(page(site, f"About - {site.title}", body).encode(), 200, _HTML)


def _article(site: Site, article: Article) -> Answer:
    """The static site's pages are of mixed making: most carry JSON-LD, some a broken block of it, some Latin-1."""
    post = article.shown.post
    stamp = http_date(article.modified)
    etag = hashlib.md5(f"{article.path} {stamp}".encode(), usedforsecurity=False).hexdigest()
    headers = {"etag": f'"{etag}"', "last-modified": stamp}
    times = {"article:published_time": post.at.isoformat(), "article:modified_time": article.modified.isoformat()}
    head = f'<link rel="canonical" href="{site.url(article.path)}">\n'
    if site.engine is not Engine.STATIC:
        head += meta({"og:title": article.title, "og:type": "article", **times})
    elif article.number % 3:
        head += f'<script type="application/ld+json">{_json_ld(site, article)}</script>'
    else:
        head += '<script type="application/ld+json">{"@context": "https://schema.org", "@type": </script>\n' + meta(times)
    text = page(site, f"{article.title} - {site.title}", article_html(article), head=head, lang=post.lang)
    if site.engine is Engine.STATIC and post.lang == "es":
        latin = text.replace('<meta charset="utf-8">', '<meta charset="iso-8859-1">').encode("iso-8859-1", "xmlcharrefreplace")
        return Answer(latin, 200, "text/html", headers)
    return Answer(text.encode(), 200, _HTML, headers)


def _json_ld(site: Site, article: Article) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": article.title,
        "datePublished": article.shown.post.at.isoformat(),
        "dateModified": article.modified.isoformat(),
        "inLanguage": article.shown.post.lang,
        "author": {"@type": "Organization", "name": site.title},
        "url": site.url(article.path),
    }
    return json.dumps(data, ensure_ascii=False).replace("</", "<\\/")


def _feed(site: Site, path: str) -> Answer | None:
    if site.engine is Engine.ATOM and path == "/atom.xml":
        return Answer(feeds.atom(site), 200, "application/atom+xml; charset=utf-8", _validators(site))
    if site.engine is Engine.RSS and path == "/rss.xml":
        body = feeds.rss(site, wordpress=False)
        return Answer(body, 200, "application/rss+xml; charset=utf-8", _validators(site))
    return None


def _not_found(request: Request, site: Site) -> Answer:
    """The RSS site and the microsite say 410 of what they took down, the others 404."""
    says = site.engine is Engine.RSS or site.making == MICROSITE
    taken_down = says and request.url.path in {article.path for article in site.gone}
    body = page(site, "Page not found", "<h1>Nothing here</h1><p>That page can't be found.</p>").encode()
    return Answer(body, 410 if taken_down else 404, _HTML)


def _directory(scene: Scene) -> Answer:
    """What a browser sees that asks for the port alone."""
    rows = "\n".join(
        f'<li><a href="{s.account.handle}">{s.account.handle}</a> (Host: {s.account.handle.split("//")[1].rstrip("/")})</li>'
        for s in scene.accounts("website")
    )
    head = "<!DOCTYPE html><html><head><title>Sandbox websites</title></head>"
    body = f"{head}<body><h1>Sandbox websites</h1><ul>{rows}</ul></body></html>"
    return Answer(body.encode(), 404, _HTML)
