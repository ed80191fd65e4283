"""Turns a world post into HTML, and works out its address on its site."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from nightrounds.sandbox.native_ids import slug
from nightrounds.sandbox.view import Shown, Standing
from nightrounds.sandbox.world import Engine, WorldPost

_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]’”'…]")


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its site shows it. `number` is its place in the order of publishing, from 1."""

    shown: Shown
    number: int
    path: str

    @property
    def title(self) -> str:
        return self.shown.now.title

    @property
    def modified(self) -> datetime:
        return self.shown.now.at


def is_comment(post: WorldPost) -> bool:
    """Whether a post of the world is an answer under an article rather than one."""
    return "comment_on" in post.extra


class Site:
    """One website at one moment. `making` tells static sites apart: '', 'microsite' or 'bulletin'."""

    def __init__(self, standing: Standing, shown: tuple[Shown, ...], at: datetime) -> None:
        self.standing = standing
        self.at = at
        self.making = str(standing.account.extra.get("making", ""))
        self.engine = standing.account.engine or Engine.STATIC
        self.origin = standing.account.handle.rstrip("/")
        self.host = self.origin.split("//")[1]
        self.comments = tuple(item for item in shown if is_comment(item.post))
        order = sorted((post for post in standing.account.posts if not is_comment(post)), key=lambda post: post.at)
        numbers = {post.id: number for number, post in enumerate(order, start=1)}
        every = [Article(i, numbers[i.post.id], self._path(i, numbers[i.post.id])) for i in shown if i.post.id in numbers]
        every.sort(key=lambda article: article.shown.post.at, reverse=True)
        self.articles = [article for article in every if not article.shown.gone]
        self.gone = [article for article in every if article.shown.gone]

    def _path(self, shown: Shown, number: int) -> str:
        if self.making == "bulletin":
            return f"/notice.php?id={number}"
        return str(shown.post.extra.get("path") or _path(self.engine, shown))

    def url(self, path: str) -> str:
        return f"{self.origin}{path}"

    def by_path(self, path: str) -> Article | None:
        return next((article for article in self.articles if article.path == path), None)

    @property
    def title(self) -> str:
        return self.standing.display_name

    @property
    def tagline(self) -> str:
        return self.standing.bio

    @property
    def modified(self) -> datetime:
        """When the newest of the living articles was touched. It does not move when another one is taken down.

        The RSS site is home-made: it knows only when articles were posted, so that an edit does not move it either.
        """
        times = (a.shown.post.at if self.engine is Engine.RSS else a.modified for a in self.articles)
        return max(times, default=self.standing.account.joined)


def http_date(at: datetime) -> str:
    return format_datetime(at, usegmt=True)


def paragraphs(article: Article) -> str:
    """The body as HTML: a paragraph for each blank line, links as links, pictures with their descriptions."""
    blocks = [f"<p>{_inline(block)}</p>" for block in article.shown.now.text.strip().split("\n\n")]
    for picture in article.shown.post.pictures:
        alt = html.escape(picture.alt, quote=True)
        caption = f"<figcaption>{html.escape(picture.alt)}</figcaption>" if picture.alt else ""
        blocks.append(f'<figure><img src="/media/{picture.name}.jpg" alt="{alt}" />{caption}</figure>')
    return "\n".join(blocks)


def page(site: Site, title: str, body: str, *, head: str = "", lang: str = "en") -> str:
    """A whole page in the site's frame: header, navigation and footer, which are no part of any article."""
    about = "" if site.engine is Engine.WORDPRESS else ' <a href="/about/">About</a>'
    return f"""<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<title>{html.escape(title)}</title>
<meta name="description" content="{html.escape(site.tagline, quote=True)}">
{head}
</head>
<body>
<header><p class="site-title"><a href="/">{html.escape(site.title)}</a></p><p>{html.escape(site.tagline)}</p></header>
<nav><a href="/">Home</a>{about}</nav>
<main>
{body}
</main>
<footer><p>{html.escape(site.title)}. Everything here is invented.</p></footer>
</body>
</html>
"""


def article_html(article: Article) -> str:
    post = article.shown.post
    day = f'<time datetime="{post.at.isoformat()}">{post.at:%B} {post.at.day}, {post.at.year}</time>'
    return f"<article>\n<h1>{html.escape(article.title)}</h1>\n<p>{day}</p>\n{paragraphs(article)}\n</article>"


def listing(site: Site, articles: list[Article]) -> str:
    items = "\n".join(f'<li><a href="{article.path}">{html.escape(article.title)}</a></li>' for article in articles)
    return f"<h1>{html.escape(site.title)}</h1>\n<ul>\n{items}\n</ul>"


def meta(values: Mapping[str, str]) -> str:
    return "\n".join(f'<meta property="{name}" content="{html.escape(value, quote=True)}">' for name, value in values.items())


def _inline(text: str) -> str:
    written, position = [], 0
    for match in _LINK.finditer(text):
        written.append(html.escape(text[position : match.start()], quote=False))
        written.append(f'<a href="{html.escape(match[0], quote=True)}">{html.escape(match[0], quote=False)}</a>')
        position = match.end()
    written.append(html.escape(text[position:], quote=False))
    return "".join(written).replace("\n", "<br />\n")


def _path(engine: Engine, shown: Shown) -> str:
    """Addresses are made of the first title, as blogs do: they stay when the title is edited."""
    name, at = slug(shown.post.title), shown.post.at
    return {
        Engine.WORDPRESS: f"/{at:%Y/%m/%d}/{name}/",
        Engine.ATOM: f"/essays/{name}/",
        Engine.RSS: f"/entries/{at:%Y-%m-%d}-{name}.html",
        Engine.STATIC: f"/stories/{name}.html",
        Engine.CLOSED: f"/offers/{name}.html",
    }[engine]
