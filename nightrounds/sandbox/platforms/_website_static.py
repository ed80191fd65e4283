"""Two static sites that no machine-readable list describes: a microsite of linked pages, and a bulletin in a table.

The bulletin is of the old kind: every address that does not exist answers 200, dates are words, and beside each notice stands
more text than in it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from nightrounds.sandbox.answers import Answer
from nightrounds.sandbox.platforms._website_markup import Article, Site, paragraphs

MICROSITE, BULLETIN = "microsite", "bulletin"
RULES: dict[str, Any] = {  # what belongs in the crawler's option `sites` for the bulletin
    "item": "table.list tr.row",
    "title": "div.head",
    "text": "div.words",
    "date": ".d",
    "date_format": "%d %B %Y",
    "next": "a.older",
    "exclude": "div.share",
}
_ON_A_PAGE = 5
_HTML = "text/html; charset=utf-8"
_GUIDE = """<div class="c3"><p>How to reach the department: the front desk is open from six in the morning to
six at night on all days, and after that the operator puts every caller through to the fellow on
duty, who will ask for your name and unit.</p>
<p>How to send a notice: write it in plain words, have it read by one colleague, and hand it to the education office by noon.
Notices are kept for a year. What is meant for one person does not belong here; please write to that person.</p>
<p>House rules of the auditorium: no food in the first three rows, doors close at five past, and the clock on the left is
right.</p></div>"""


def microsite_page(site: Site, path: str) -> Answer | None:
    """A page of the microsite. Its way on to others stands beside the article; some ways tell where a visitor came from."""
    article = site.by_path(path)
    if article is None:
        return None
    living = {other.shown.post.id: other for other in site.articles}
    ways = [living[name] for name in article.shown.post.extra.get("leads_to", ()) if name in living]
    links = "\n".join(
        f'<li><a href="{other.path}{"?utm_source=walk#top" if place % 2 else ""}">{html.escape(other.title)}</a></li>'
        for place, other in enumerate(ways)
    )
    return Answer(
        f"""<!DOCTYPE html>
<html lang="{article.shown.post.lang}">
<head><meta charset="utf-8"><title>{html.escape(article.title)} | {html.escape(site.title)}</title>
<meta name="description" content="{html.escape(site.tagline, quote=True)}">
<link rel="canonical" href="{site.url(article.path)}"></head>
<body>
<header><a href="/">{html.escape(site.title)}</a></header>
<article><h1>{html.escape(article.title)}</h1>
{paragraphs(article)}
</article>
<nav><ul>{links}</ul></nav>
<footer><p>Everything here is invented.</p></footer>
</body></html>
""".encode(),
        200,
        _HTML,
    )


def bulletin_page(site: Site, path: str, query: Mapping[str, str]) -> Answer:
    """The table, one of its older pages, a notice, or the words for what is not there, all with 200."""
    if path == "/" and query.keys() <= {"page"}:
        return _table(site, int(query["page"]) if query.get("page", "").isdecimal() else 1)
    if path == "/notice.php":
        article = next((a for a in site.articles if str(a.number) == query.get("id")), None)
        if article is not None:
            return _notice(site, article)
    return _framed(site, "Nothing here", f"<div class='words'><p>There is no notice {html.escape(path)} here.</p></div>")


def _table(site: Site, number: int) -> Answer:
    start = (max(number, 1) - 1) * _ON_A_PAGE
    rows = "\n".join(_row(article) for article in site.articles[start : start + _ON_A_PAGE])
    older = f'<a class="older" href="/?page={number + 1}">Older</a>' if start + _ON_A_PAGE < len(site.articles) else ""
    return _framed(site, "Notices", f'<table class="list">\n{rows}\n</table>\n<p>{older}</p>')


def _row(article: Article) -> str:
    title = f'<a href="{article.path}">{html.escape(article.title)}</a>'
    return f'<tr class="row"><td class="d">{_day(article)}</td><td>{title}</td></tr>'


def _notice(site: Site, article: Article) -> Answer:
    head = f'<div class="head">{html.escape(article.title)}</div><span class="d">{_day(article)}</span>'
    share = '<div class="share">Send this notice to a colleague</div>'
    return _framed(site, article.title, f'<div class="c9">{head}<div class="words">{paragraphs(article)}{share}</div></div>')


def _day(article: Article) -> str:
    at = article.shown.post.at
    return f"{at.day} {at:%B %Y}"


def _framed(site: Site, title: str, body: str) -> Answer:
    text = f"""<html><head><title>{html.escape(site.title)}: {html.escape(title)}</title></head>
<body><div class="top">{html.escape(site.title)}</div>
{body}
{_GUIDE}
</body></html>
"""
    return Answer(text.encode(), 200, _HTML)
