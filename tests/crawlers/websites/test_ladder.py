"""Each rung of the ladder over loopback, nights in a row: what is new, edited, unchanged or gone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from core.records import GoneReason, Post, PostType, Precision


def test_a_feed_over_several_nights(web: Any, crawl_night: Any) -> None:
    host, atom = "blog.example.org", web.example("atom.xml")
    web.home(host, "/atom", "atom+xml", ETag='"home1"')
    web.put(f"{host}/atom", atom, "application/atom+xml", ETag='"v1"')
    web.put(f"{host}/2026/short", web.example("article.html"))

    one = crawl_night(host)
    assert one.error is None
    assert one.notes.strip("; ") == ""
    assert one.rung == "feed"
    garden, short = one.posts["tag:blog.example.org,2026:1"], one.posts["tag:blog.example.org,2026:2"]
    assert (garden.title, garden.text) == ("Café & garden", "The garden is open.\nSee the map.")
    assert (garden.url, garden.type, garden.lang) == (
        "http://blog.example.org/2026/garden",
        PostType.ARTICLE,
        "en-us",
    )
    assert (garden.posted_at, garden.edited_at) == (
        datetime(2026, 3, 1, 14, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 8, tzinfo=UTC),
    )
    assert [(m.native_key, m.alt_text) for m in garden.media] == [("http://blog.example.org/rose.jpg", "A rose")]
    assert "whole of the story" in short.text
    assert (short.title, short.posted_at_precision) == ("The short story", Precision.EXACT)
    profile = next(page.profile for page in one.pages if page.profile)
    assert profile.display_name == "Home of blog.example.org"
    evidence = next(raw for page in one.pages for raw in page.raw if raw.url.endswith("/atom"))
    assert evidence.body.decode() == atom
    assert "NightRounds (+https://contact.example.org)" in web.agents
    assert "garden" not in str(dict(one.cursor.state)), "a cursor holds no text and no title"

    web.asked_of(host)
    two = crawl_night(host, one.cursor)
    assert web.asked_of(host) == ["/robots.txt", "/", "/atom"], "nothing new costs three requests, two of them answered 304"
    assert two.posts == {}
    assert [raw.status for page in two.pages for raw in page.raw] == [304]

    web.put(
        f"{host}/atom",
        atom.replace("is open", "is closed").replace("2026-03-02T08", "2026-03-04T08"),
        "application/atom+xml",
        ETag='"v2"',
    )
    three = crawl_night(host, two.cursor)
    assert [post.text for post in three.posts.values()] == ["The garden is closed.\nSee the map."]
    assert three.posts[garden.native_id].edited_at == datetime(2026, 3, 4, 8, tzinfo=UTC)
    assert three.verified == set(), "that a page is listed does not say that it is as it was"

    web.put(f"{host}/atom", atom[: atom.index("  <entry>")] + "</feed>", "application/atom+xml", ETag='"v3"')
    web.put(f"{host}/2026/garden", "gone", status=410)
    web.put(f"{host}/2026/short", web.example("article.html").replace("second paragraph", "changed paragraph"))
    four = crawl_night(host, three.cursor, recheck=(garden, short))
    assert four.gone[garden.native_id].definite
    assert four.gone[garden.native_id].reason is GoneReason.DELETED
    assert "changed paragraph" in four.posts[short.native_id].text
    assert four.posts[short.native_id].title == short.title


def test_looking_again_tells_gone_from_hidden(web: Any, crawl_night: Any) -> None:
    host, bare = "again.example.org", Post(platform="website", account_id="a1", native_id="", url="", revision="page@1")
    web.home(host, "/rss")
    web.put(f"{host}/rss", web.example("rss.xml").replace("blog.example.org", host), "application/rss+xml")
    web.put(f"{host}/same", web.example("article.html"))
    web.put(f"{host}/login", "<form>Please log in <input type=password></form>")
    web.put(f"{host}/forbidden", "no", status=403)
    web.put(f"{host}/challenge", "<title>Just a moment...</title>")
    web.put(f"{host}/front", "", status=302, Location="/")
    web.put(f"{host}/away", "", status=302, Location="http://other.example.net/")
    places = ("same", "missing", "login", "forbidden", "challenge", "front", "away")
    due = tuple(
        Post(platform="website", account_id="a1", native_id=p, url=f"http://{host}/{p}", revision="page@1") for p in places
    )
    night = crawl_night(host, recheck=(*due, bare))
    assert night.error is None
    assert {name: (g.reason, g.definite) for name, g in night.gone.items()} == {
        "missing": (GoneReason.DELETED, False),
        "front": (GoneReason.UNAVAILABLE, False),
        "login": (GoneReason.LOGIN_WALL, False),
        "challenge": (GoneReason.LOGIN_WALL, False),
    }
    assert "same" in night.posts
    for said in ("login form", "HTTP 403", "challenge", "another site"):
        assert said in night.notes
    elsewhere = night.posts["http://other.example.net/story"]
    assert (elsewhere.text, elsewhere.url) == ("We were in the papers.", "")


def test_json_feed_sitemap_and_links(web: Any, crawl_night: Any) -> None:
    web.home("json.example.org", "/feed", "feed+json")
    web.put("json.example.org/feed", web.example("feed.json"), "application/feed+json")
    night = crawl_night("json.example.org", scheme="https")
    assert {post.native_id: post.text for post in night.posts.values()} == {"a1": "Hola & adiós", "2": "1 < 2\nsecond line"}
    again = crawl_night("json.example.org", night.cursor, scheme="https")
    assert (again.posts, again.verified) == ({}, {"a1", "2"})

    web.home("map.example.org")
    web.put(
        "map.example.org/robots.txt",
        "User-agent: *\nDisallow: /private\nSitemap: http://map.example.org/index.xml",
        "text/plain",
    )
    index = "<sitemapindex>" + "".join(
        f"<sitemap><loc>http://map.example.org/{n}.xml</loc></sitemap>" for n in ("index", "real", "missing")
    )
    web.put("map.example.org/index.xml", index + "</sitemapindex>", "application/xml")
    web.put("map.example.org/real.xml", web.example("sitemap.xml"), "application/xml")
    for page in ("one", "two"):
        web.put(f"map.example.org/{page}", web.example("article.html"))
    night = crawl_night("map.example.org")
    assert night.rung == "sitemap"
    assert set(night.posts) == {"http://map.example.org/one", "http://map.example.org/two"}
    assert night.posts["http://map.example.org/two"].posted_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert "a sitemap was not read" in night.notes
    assert crawl_night("map.example.org", night.cursor).posts == {}, "its marks have not changed"

    headlines = "<h2><a href='/story'>Story</a></h2><h2><a href='/private/x'>No</a></h2>"
    listing = f"<body><p>A small site of the clinic with its opening hours.</p>{headlines}</body>"
    web.put("links.example.org/", listing)
    web.put("links.example.org/story", web.example("article.html").replace("<title>", "<title>Just a moment for the "))
    web.put("links.example.org/robots.txt", "User-agent: *\nDisallow: /private", "text/plain")
    night = crawl_night("links.example.org")
    assert night.rung == "links"
    assert set(night.posts) == {"http://links.example.org/", "http://links.example.org/story"}
    assert "robots.txt" in night.notes
    assert "/private/x" not in web.asked_of("links.example.org")


def test_limits_and_since_leave_the_rest_for_another_night(web: Any, crawl_night: Any) -> None:
    host = "many.example.org"
    dates = {n: f"<pubDate>{n:02d} Feb 2026 10:00:00 GMT</pubDate>" for n in range(1, 21)}
    links = {n: f"<guid>http://{host}/{n}</guid><link>http://{host}/{n}</link>" for n in range(1, 21)}
    items = "".join(f"<item>{links[n]}{dates[n]}<title>{n}</title></item>" for n in range(1, 21))
    web.home(host, "/rss")
    web.put(f"{host}/rss", f"<rss version='2.0'><channel><title>Many</title>{items}</channel></rss>", "application/rss+xml")
    for n in range(1, 21):
        web.put(f"{host}/{n}", web.example("article.html"))
    since = datetime(2026, 2, 11, tzinfo=UTC)
    one = crawl_night(host, max_posts=4, since=since)
    assert len(one.posts) == 4
    assert "limit of posts" in one.notes
    two = crawl_night(host, one.cursor, since=since)
    assert {int(native_id.rpartition("/")[2]) for native_id in (*one.posts, *two.posts)} == set(range(11, 21))
    assert "limit of pages" in crawl_night(host, max_pages=3).notes


def test_a_feed_whose_pages_run_in_a_circle_ends(web: Any, crawl_night: Any) -> None:
    host, atom = "circle.example.org", web.example("atom.xml")
    web.home(host, "/atom", "atom+xml")
    web.put(f"{host}/2026/short", web.example("article.html"))
    for here, there in (("/atom", "/atom?2"), ("/atom?2", "/atom")):
        web.put(
            f"{host}{here}",
            atom.replace("<title>Ward News", f'<link rel="next" href="{there}"/><title>Ward'),
            "application/atom+xml",
        )
    web.put(f"{host}/robots.txt", "User-agent: *\nCrawl-delay: 0.3", "text/plain")
    web.asked_at.clear()
    night = crawl_night(host)
    assert night.error is None
    assert min(later - sooner for sooner, later in pairwise(web.asked_at[1:])) >= 0.3, "robots.txt asks for it"
    assert web.asked_of(host).count("/atom") == 2  # once to choose it, once to read it


def test_a_source_that_was_taken_away_is_looked_for_anew(web: Any, crawl_night: Any) -> None:
    host = "moved.example.org"
    web.home(host, "/rss", ETag='"h"')
    web.put(f"{host}/new.xml", web.example("rss.xml"), "application/rss+xml")
    web.put(f"{host}/rss", web.example("rss.xml"), "application/rss+xml")
    one = crawl_night(host)
    del web.answers[f"{host}/rss"]
    web.home(host, "/new.xml", ETag='"h"')
    two = crawl_night(host, one.cursor)
    assert two.error is None
    assert two.cursor.state["source"].endswith("/new.xml")
