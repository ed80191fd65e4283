"""The part of WordPress's REST API that a reader of posts meets: lists, sweeps by `include`, and single posts.

As in WordPress 6: no ETag, totals in headers, a page past the end is a 400 that is no error of the reader's, a post in the
trash answers 401 by its id and 404 at its address.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from nightrounds.sandbox.answers import Answer, json_answer
from nightrounds.sandbox.platforms._website_feeds import guid, wordpress_id
from nightrounds.sandbox.platforms._website_markup import Article, Site, paragraphs
from nightrounds.sandbox.platforms._wordpress_queries import WordPressError, chosen, integer, invalid, numbers, time_of

_ORDERS = frozenset({"author", "date", "id", "include", "modified", "parent", "relevance", "slug", "include_slugs", "title"})
_TIMES = ("after", "before", "modified_after", "modified_before")


def rest_index(site: Site) -> Answer:
    return json_answer(
        {
            "name": site.title,
            "description": site.tagline,
            "url": site.origin,
            "home": site.origin,
            "gmt_offset": "0",
            "timezone_string": "UTC",
            "namespaces": ["oembed/1.0", "wp/v2"],
            "authentication": [],
            "routes": {"/wp/v2/posts": {"namespace": "wp/v2", "methods": ["GET"]}},
        }
    )


def rest_posts(site: Site, query: Mapping[str, str], *, page_cap: int) -> Answer:
    """`/wp-json/wp/v2/posts`."""
    try:
        size = min(integer(query, "per_page", 10, most=100), page_cap)
        number, offset = integer(query, "page", 1), integer(query, "offset", 0, least=0)
        articles = _ordered(_fitting(site.articles, query), query)
    except WordPressError as refused:
        return refused.answer()
    pages = -(-len(articles) // size)
    start = offset or (number - 1) * size
    if number > max(pages, 1):
        message = "The page number requested is larger than the number of pages available."
        return WordPressError("rest_post_invalid_page_number", message).answer()
    headers = {"x-wp-total": str(len(articles)), "x-wp-totalpages": str(pages), "allow": "GET"}
    if number < pages:
        kept = "&".join(f"{name}={value}" for name, value in query.items() if name != "page")
        headers["link"] = f'<{site.url("/wp-json/wp/v2/posts")}?{kept}&page={number + 1}>; rel="next"'
    posts = [chosen(_post(site, article, embed="_embed" in query), query) for article in articles[start : start + size]]
    return json_answer(posts, 200, headers)


def rest_no_pages(query: Mapping[str, str]) -> Answer:
    """`/wp-json/wp/v2/pages`: this site has posts only."""
    try:
        integer(query, "per_page", 10, most=100)
    except WordPressError as refused:
        return refused.answer()
    return json_answer([], 200, {"x-wp-total": "0", "x-wp-totalpages": "0", "allow": "GET"})


def rest_post(site: Site, asked: str, query: Mapping[str, str]) -> Answer:
    """`/wp-json/wp/v2/posts/<id>`."""
    for article in site.articles:
        if str(wordpress_id(article)) == asked:
            return json_answer(chosen(_post(site, article, embed="_embed" in query), query))
    if any(str(wordpress_id(article)) == asked for article in site.gone):
        return WordPressError("rest_forbidden", "Sorry, you are not allowed to do that.", 401).answer()
    return WordPressError("rest_post_invalid_id", "Invalid post ID.", 404).answer()


def _post(site: Site, article: Article, *, embed: bool) -> dict[str, Any]:
    post, own_id = article.shown.post, wordpress_id(article)
    body = paragraphs(article)
    data: dict[str, Any] = {
        "id": own_id,
        "date": f"{post.at:%Y-%m-%dT%H:%M:%S}",
        "date_gmt": f"{post.at:%Y-%m-%dT%H:%M:%S}",
        "guid": {"rendered": guid(site, article, wordpress=True)},
        "modified": f"{article.modified:%Y-%m-%dT%H:%M:%S}",
        "modified_gmt": f"{article.modified:%Y-%m-%dT%H:%M:%S}",
        "slug": article.path.rstrip("/").rsplit("/", 1)[1],
        "status": "publish",
        "type": "post",
        "link": site.url(article.path),
        "title": {"rendered": html.escape(article.title, quote=False)},
        "content": {"rendered": body, "protected": False},
        "excerpt": {"rendered": body.split("</p>")[0] + "</p>\n", "protected": False},
        "author": 1,
        "featured_media": 0,
        "comment_status": "open",
        "ping_status": "closed",
        "sticky": False,
        "template": "",
        "format": "standard",
        "meta": [],
        "categories": [1],
        "tags": [],
        "_links": {
            "self": [{"href": site.url(f"/wp-json/wp/v2/posts/{own_id}")}],
            "collection": [{"href": site.url("/wp-json/wp/v2/posts")}],
            "author": [{"embeddable": True, "href": site.url("/wp-json/wp/v2/users/1")}],
        },
    }
    if embed:
        data["_embedded"] = {"author": [{"id": 1, "name": site.title, "url": site.origin, "slug": "newsroom"}]}
    return data


def _fitting(articles: list[Article], query: Mapping[str, str]) -> list[Article]:
    after, before, modified_after, modified_before = (time_of(query, name) for name in _TIMES)
    included = numbers(query, "include")
    return [
        article
        for article in articles
        if (not included or wordpress_id(article) in included)
        and (after is None or article.shown.post.at > after)
        and (before is None or article.shown.post.at < before)
        and (modified_after is None or article.modified > modified_after)
        and (modified_before is None or article.modified < modified_before)
        and query.get("slug", article.path.rstrip("/").rsplit("/", 1)[1]) in article.path
    ]


def _ordered(articles: list[Article], query: Mapping[str, str]) -> list[Article]:
    by, order = query.get("orderby", "date"), query.get("order", "desc")
    if by not in _ORDERS:
        raise invalid("orderby", f"orderby is not one of {', '.join(sorted(_ORDERS))}.")
    if order not in ("asc", "desc"):
        raise invalid("order", "order is not one of asc and desc.")
    if by == "modified":
        return sorted(articles, key=lambda article: article.modified, reverse=order == "desc")
    if by in ("slug", "title"):
        return sorted(articles, key=lambda article: article.title, reverse=order == "desc")
    return sorted(articles, key=lambda article: article.number, reverse=order == "desc")
