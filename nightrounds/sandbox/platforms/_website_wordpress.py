"""The part of WordPress's REST API that a reader of posts meets: lists, sweeps by `include`, and single posts.

As in WordPress 6: no ETag, totals in headers, a page past the end is a 400 that is no error of the reader's, a post in the
trash answers 401 by its id and 404 at its address.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nightrounds.sandbox.answers import Answer, json_answer
from nightrounds.sandbox.platforms._website_feeds import guid, wordpress_id
from nightrounds.sandbox.platforms._website_markup import Article, Site, paragraphs

_ORDERS = frozenset({"author", "date", "id", "include", "modified", "parent", "relevance", "slug", "include_slugs", "title"})
_NUMBER = re.compile(r"[0-9]{1,9}")
_TIMES = ("after", "before", "modified_after", "modified_before")


class WordPressError(Exception):
    """A request that WordPress refuses."""

    def __init__(self, code: str, message: str, status: int = 400, **data: Any) -> None:
        super().__init__(message)
        self.code, self.status, self.data = code, status, data

    def answer(self) -> Answer:
        body = {"code": self.code, "message": str(self), "data": {"status": self.status} | self.data}
        return json_answer(body, self.status)


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
        size = min(_integer(query, "per_page", 10, most=100), page_cap)
        number, offset = _integer(query, "page", 1), _integer(query, "offset", 0, least=0)
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
    posts = [_chosen(_post(site, article, embed="_embed" in query), query) for article in articles[start : start + size]]
    return json_answer(posts, 200, headers)


def rest_no_pages(query: Mapping[str, str]) -> Answer:
    """`/wp-json/wp/v2/pages`: this site has posts only."""
    try:
        _integer(query, "per_page", 10, most=100)
    except WordPressError as refused:
        return refused.answer()
    return json_answer([], 200, {"x-wp-total": "0", "x-wp-totalpages": "0", "allow": "GET"})


def rest_post(site: Site, asked: str, query: Mapping[str, str]) -> Answer:
    """`/wp-json/wp/v2/posts/<id>`."""
    for article in site.articles:
        if str(wordpress_id(article)) == asked:
            return json_answer(_chosen(_post(site, article, embed="_embed" in query), query))
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
        "comment_status": "closed",
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


def _chosen(post: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    if "_fields" not in query:
        return post
    wanted = {name.split(".")[0].strip() for name in query["_fields"].split(",")}
    return {name: value for name, value in post.items() if name in wanted}


def _fitting(articles: list[Article], query: Mapping[str, str]) -> list[Article]:
    after, before, modified_after, modified_before = (_time(query, name) for name in _TIMES)
    included = {item for item in query.get("include", "").split(",") if item}
    if not all(_NUMBER.fullmatch(item) for item in included):
        raise _invalid("include", "include[0] is not of type integer.")
    return [
        article
        for article in articles
        if (not included or str(wordpress_id(article)) in included)
        and (after is None or article.shown.post.at > after)
        and (before is None or article.shown.post.at < before)
        and (modified_after is None or article.modified > modified_after)
        and (modified_before is None or article.modified < modified_before)
        and query.get("slug", article.path.rstrip("/").rsplit("/", 1)[1]) in article.path
    ]


def _ordered(articles: list[Article], query: Mapping[str, str]) -> list[Article]:
    by, order = query.get("orderby", "date"), query.get("order", "desc")
    if by not in _ORDERS:
        raise _invalid("orderby", f"orderby is not one of {', '.join(sorted(_ORDERS))}.")
    if order not in ("asc", "desc"):
        raise _invalid("order", "order is not one of asc and desc.")
    if by == "modified":
        return sorted(articles, key=lambda article: article.modified, reverse=order == "desc")
    if by in ("slug", "title"):
        return sorted(articles, key=lambda article: article.title, reverse=order == "desc")
    return sorted(articles, key=lambda article: article.number, reverse=order == "desc")


def _integer(query: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 10_000) -> int:
    value = query.get(name, str(default))
    if not _NUMBER.fullmatch(value) or not least <= int(value) <= most:
        raise _invalid(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)")
    return int(value)


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name].replace(" ", "+"))
    except ValueError:
        raise _invalid(name, "Invalid date.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _invalid(name: str, message: str) -> WordPressError:
    return WordPressError("rest_invalid_param", f"Invalid parameter(s): {name}", params={name: message})
