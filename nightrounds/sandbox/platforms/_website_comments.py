"""Comments under the articles of the WordPress site: its own people's answers, and what visitors wrote.

As in WordPress 6: a comment's author is 0 for a visitor; nobody without a login may filter by author or see what is unapproved;
a comment in the trash is not listed, and by its id answers 401.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nightrounds.sandbox.answers import Answer, json_answer
from nightrounds.sandbox.platforms._website_feeds import wordpress_id
from nightrounds.sandbox.platforms._website_markup import Article, Site, is_comment
from nightrounds.sandbox.platforms._wordpress_queries import WordPressError, chosen, integer, invalid, numbers, time_of
from nightrounds.sandbox.world import Elsewhere, WorldAccount, WorldPost

_ORDERS = frozenset({"date", "date_gmt", "id", "include", "post", "parent", "type"})
_FOR_EDITORS = ("author", "author_email", "author_exclude", "type", "status")
_ASKED_BEFORE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as it stands."""

    number: int
    article: Article
    author: int  # 0 is a visitor
    name: str
    at: datetime
    text: str
    parent: int = 0


def own_number(account: WorldAccount, post: WorldPost) -> int:
    """The id of an answer; the comment that it answers has the one before."""
    answers = [each.id for each in sorted(account.posts, key=lambda each: each.at) if is_comment(each)]
    return 300 + 10 * answers.index(post.id) + 1


def comments_of(site: Site) -> list[Comment]:
    """All that can be read now, oldest first."""
    account, now = site.standing.account, site.at
    articles = {article.shown.post.id: article for article in site.articles}
    found = []
    for shown in site.comments:
        article, number = articles.get(str(shown.post.extra["comment_on"])), own_number(account, shown.post)
        asked = shown.post.reply_to
        if article is None or not isinstance(asked, Elsewhere):
            continue
        found.append(Comment(number - 1, article, 0, asked.by, shown.post.at - _ASKED_BEFORE, asked.text))
        if not shown.gone:
            found.append(Comment(number, article, 1, site.title, shown.post.at, shown.now.text, number - 1))
    for place, visitor in enumerate(account.extra.get("visitors", ())):
        at, article = datetime.fromisoformat(f"{visitor['at']}+00:00"), articles.get(visitor["under"])
        if article is not None and at <= now:
            found.append(Comment(200 + place, article, 0, visitor["by"], at, visitor["text"]))
    return sorted(found, key=lambda comment: (comment.at, comment.number))


def rest_comments(site: Site, query: Mapping[str, str], *, page_cap: int) -> Answer:
    """`/wp-json/wp/v2/comments`."""
    try:
        if refused := [name for name in _FOR_EDITORS if name in query]:
            raise WordPressError("rest_forbidden_param", f"Query parameter not permitted: {refused[0]}", 401)
        size = min(integer(query, "per_page", 10, most=100), page_cap)
        number = integer(query, "page", 1)
        found = _ordered(_fitting(comments_of(site), query), query)
    except WordPressError as refusal:
        return refusal.answer()
    pages = -(-len(found) // size)
    if number > max(pages, 1):
        message = "The page number requested is larger than the number of pages available."
        return WordPressError("rest_comment_invalid_page_number", message).answer()
    shown = [chosen(_comment(site, comment), query) for comment in found[(number - 1) * size : number * size]]
    return json_answer(shown, 200, {"x-wp-total": str(len(found)), "x-wp-totalpages": str(pages), "allow": "GET"})


def rest_comment(site: Site, asked: str, query: Mapping[str, str]) -> Answer:
    """`/wp-json/wp/v2/comments/<id>`."""
    for comment in comments_of(site):
        if str(comment.number) == asked:
            return json_answer(chosen(_comment(site, comment), query))
    if any(str(own_number(site.standing.account, shown.post)) == asked for shown in site.comments):
        return WordPressError("rest_cannot_read", "Sorry, you are not allowed to read this comment.", 401).answer()
    return WordPressError("rest_comment_invalid_id", "Invalid comment ID.", 404).answer()


def _comment(site: Site, comment: Comment) -> dict[str, Any]:
    post = wordpress_id(comment.article)
    words = html.escape(comment.text.strip(), quote=False).replace("\n\n", "</p>\n<p>")
    return {
        "id": comment.number,
        "post": post,
        "parent": comment.parent,
        "author": comment.author,
        "author_name": comment.name,
        "author_url": "",
        "date": f"{comment.at:%Y-%m-%dT%H:%M:%S}",
        "date_gmt": f"{comment.at:%Y-%m-%dT%H:%M:%S}",
        "content": {"rendered": f"<p>{words}</p>\n"},
        "link": f"{site.url(comment.article.path)}#comment-{comment.number}",
        "status": "approved",
        "type": "comment",
        "meta": [],
        "_links": {
            "self": [{"href": site.url(f"/wp-json/wp/v2/comments/{comment.number}")}],
            "up": [{"embeddable": True, "post_type": "post", "href": site.url(f"/wp-json/wp/v2/posts/{post}")}],
        },
    }


def _fitting(comments: list[Comment], query: Mapping[str, str]) -> list[Comment]:
    after, before = time_of(query, "after"), time_of(query, "before")
    included, posts, parents = (numbers(query, name) for name in ("include", "post", "parent"))
    return [
        comment
        for comment in comments
        if (not included or comment.number in included)
        and (not posts or wordpress_id(comment.article) in posts)
        and (not parents or comment.parent in parents)
        and (after is None or comment.at > after)
        and (before is None or comment.at < before)
    ]


def _ordered(comments: list[Comment], query: Mapping[str, str]) -> list[Comment]:
    by, order = query.get("orderby", "date_gmt"), query.get("order", "desc")
    if by not in _ORDERS:
        raise invalid("orderby", f"orderby is not one of {', '.join(sorted(_ORDERS))}.")
    if order not in ("asc", "desc"):
        raise invalid("order", "order is not one of asc and desc.")
    return comments if order == "asc" else comments[::-1]
