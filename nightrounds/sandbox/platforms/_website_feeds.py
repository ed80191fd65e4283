"""Feeds and sitemaps of the websites: RSS 2.0, which tells no edits, and Atom, which does."""

from __future__ import annotations

import html

from nightrounds.sandbox.platforms._website_markup import Article, Site, http_date, paragraphs
from nightrounds.sandbox.world import Engine

FEED_LENGTH = 10  # articles; older ones have to be found another way


def rss(site: Site, *, wordpress: bool) -> bytes:
    """WordPress names an article by `?p=<id>`, the other site by a tag of its own."""
    items = "".join(_rss_item(site, article, wordpress=wordpress) for article in site.articles[:FEED_LENGTH])
    generator = "<generator>https://wordpress.org/?v=6.1.9</generator>" if wordpress else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
\txmlns:content="http://purl.org/rss/1.0/modules/content/"
\txmlns:dc="http://purl.org/dc/elements/1.1/"
\txmlns:atom="http://www.w3.org/2005/Atom">
<channel>
\t<title>{html.escape(site.title)}</title>
\t<atom:link href="{site.url("/feed/" if wordpress else "/rss.xml")}" rel="self" type="application/rss+xml" />
\t<link>{site.origin}</link>
\t<description>{html.escape(site.tagline)}</description>
\t<lastBuildDate>{http_date(site.modified).replace("GMT", "+0000")}</lastBuildDate>
\t<language>en-US</language>
\t{generator}
{items}</channel>
</rss>
""".encode()


def atom(site: Site) -> bytes:
    entries = "".join(_atom_entry(site, article) for article in site.articles[:FEED_LENGTH])
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-US">
<title type="text">{html.escape(site.title)}</title>
<subtitle type="text">{html.escape(site.tagline)}</subtitle>
<updated>{site.modified:%Y-%m-%dT%H:%M:%SZ}</updated>
<link rel="alternate" type="text/html" href="{site.origin}/" />
<id>{site.origin}/</id>
{entries}</feed>
""".encode()


def sitemap_index(site: Site, path: str) -> bytes:
    """WordPress names its sitemaps in another one."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"<sitemap><loc>{site.url(path)}</loc></sitemap>\n</sitemapindex>\n"
    ).encode()


def sitemap(site: Site) -> bytes:
    """All living articles with the time of their last change; before them the pages that are no articles."""
    urls = "".join(
        f"<url><loc>{site.url(article.path)}</loc><lastmod>{article.modified:%Y-%m-%dT%H:%M:%S+00:00}</lastmod></url>\n"
        for article in site.articles
    )
    home = f"<url><loc>{site.origin}/</loc></url>\n"
    if site.engine is not Engine.WORDPRESS:
        home += f"<url><loc>{site.url('/about/')}</loc></url>\n"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{home}{urls}</urlset>\n"
    ).encode()


def guid(site: Site, article: Article, *, wordpress: bool) -> str:
    if wordpress:
        return site.url(f"/?p={wordpress_id(article)}")
    return f"tag:{site.host},{article.shown.post.at:%Y-%m-%d}:{article.number}"


def wordpress_id(article: Article) -> int:
    """WordPress counts revisions and pictures too, so that ids of articles have gaps."""
    return 40 + article.number * 7


def _rss_item(site: Site, article: Article, *, wordpress: bool) -> str:
    body = paragraphs(article).replace("]]>", "]]]]><![CDATA[>")
    return f"""\t<item>
\t\t<title>{html.escape(article.title)}</title>
\t\t<link>{site.url(article.path)}</link>
\t\t<dc:creator><![CDATA[{site.title}]]></dc:creator>
\t\t<pubDate>{http_date(article.shown.post.at).replace("GMT", "+0000")}</pubDate>
\t\t<guid isPermaLink="false">{html.escape(guid(site, article, wordpress=wordpress))}</guid>
\t\t<description><![CDATA[{body if not wordpress else body.split("</p>")[0] + "</p>"}]]></description>
\t\t<content:encoded><![CDATA[{body}]]></content:encoded>
\t</item>
"""


def _atom_entry(site: Site, article: Article) -> str:
    wordpress = site.engine is Engine.WORDPRESS
    return f"""<entry xml:lang="{article.shown.post.lang}">
<author><name>{html.escape(site.title)}</name></author>
<title type="html">{html.escape(html.escape(article.title, quote=False))}</title>
<link rel="alternate" type="text/html" href="{site.url(article.path)}" />
<id>{html.escape(guid(site, article, wordpress=wordpress))}</id>
<updated>{article.modified:%Y-%m-%dT%H:%M:%SZ}</updated>
<published>{article.shown.post.at:%Y-%m-%dT%H:%M:%SZ}</published>
<content type="html">{html.escape(paragraphs(article))}</content>
</entry>
"""
