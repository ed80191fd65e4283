"""Spoiled variants of whole sites: only a CrawlError may escape, no post is invented, and the child outlives them all."""

from __future__ import annotations

import html
import json
import random
import re
from typing import Any

import pytest

ROUNDS = 130  # a kind of site; four kinds
FEEDS = {"atom.xml": "atom+xml", "rss.xml": "rss+xml", "feed.json": "feed+json"}
JUNK = [None, True, -1, 10**30, "", "\ud800", "\x00", [], {}, [[]], "2026-02-30T00:00:00", "javascript:alert(1)", "w" * 100_000]
MARKS = [b"<a" * 3000, b"]]>", b"&#0;", b"\xff\xfe", b"</html>", b"<!--", b"<![CDATA["]


def put_site(web: Any, kind: str, host: str) -> list[str]:
    """Put a whole site of a kind up; returns the places whose answers hold posts."""
    for place in [place for place in web.answers if place.startswith(f"{host}/")]:
        del web.answers[place]
    if kind in FEEDS:
        web.home(host, f"/{kind}", kind=FEEDS[kind])
        web.put(f"{host}/{kind}", web.example(kind).replace("blog.example.org", host), f"application/{FEEDS[kind]}")
        return [f"{host}/{kind}"]
    web.home(host)
    web.put(f"{host}/robots.txt", f"Sitemap: http://{host}/sitemap.xml\n", "text/plain")
    pages = [f"/stories/2026/03/0{n}/walk.html" for n in range(1, 4)]
    urls = "".join(f"<url><loc>http://{host}{page}</loc><lastmod>2026-03-05T10:00:00Z</lastmod></url>" for page in pages)
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    web.put(f"{host}/sitemap.xml", sitemap, "application/xml")
    for page in pages:
        web.put(f"{host}{page}", web.example("article.html"))
    return [f"{host}/sitemap.xml", *(f"{host}{page}" for page in pages)]


def spoiled(body: bytes, chance: random.Random) -> bytes:
    raw = bytearray(body)
    place = chance.randrange(max(1, len(raw)))
    kind = chance.choice(["cut", "bytes", "doubled", "hole", "junk"])
    if kind == "cut":
        return bytes(raw[:place])
    if kind == "doubled":
        return bytes(raw[:place] + raw[max(0, place - 300) :])
    if kind == "junk":
        return bytes(raw[:place] + chance.choice([json.dumps(chance.choice(JUNK)).encode(), *MARKS]) + raw[place:])
    if kind == "hole":
        del raw[place : place + chance.randrange(1, 200)]
    else:
        for _ in range(4):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def told(web: Any, host: str) -> str:
    """All that the site says, as our records may hold it: without spaces, because markup between words is none of theirs."""
    bodies = [answer[2] for place, answer in web.answers.items() if place.startswith(f"{host}/")]
    text = " ".join(body.decode(code, "replace") for body in bodies for code in ("utf-8", "cp1252"))
    text += re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
    return re.sub(r"\W+", "", html.unescape(html.unescape(text)) + text)


@pytest.mark.parametrize("kind", [*FEEDS, "sitemap"])
def test_a_spoiled_site_costs_itself_and_invents_nothing(web, crawl_night, kind):
    host = f"{kind.partition('.')[0]}.spoiled.example"
    outcomes: dict[str, int] = {}
    for seed in range(ROUNDS):
        chance = random.Random(f"{kind}{seed}")
        places = put_site(web, kind, host)
        place = chance.choice(places)
        status, headers, body = web.answers[place]
        web.answers[place] = (status, headers, spoiled(body, chance))
        seen = crawl_night(host)
        said = told(web, host)
        for post in seen.posts.values():
            post.content()
            post.text.encode()
            for word in re.findall(r"\w{4,}", f"{post.title} {post.text}"):
                assert word in said, (seed, word)
            assert all(link.startswith(("http://", "https://")) for link in post.links)
        outcome = type(seen.error).__name__ if seen.error else f"{len(seen.posts)} posts"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(count for outcome, count in outcomes.items() if "posts" in outcome) > ROUNDS / 4, outcomes
    assert len(outcomes) >= 2, "the mutations must hurt"
