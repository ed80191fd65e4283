"""Walls of no known kind, and lists that are longer than is read: told, and never taken for the whole."""

from __future__ import annotations

from typing import Any

WORDS = "<p>{} is what this page of the clinic's campaign tells about, with a few plain words for everybody who comes by.</p>"
WALL = "<html><body><h1>Harbor gate</h1><p>Nothing to be seen here for you, dear stranger at the gate.</p></body>"
DOUBTED = "a page suddenly says hardly anything, as a wall does: it was not stored"


def page(title: str, *links: str) -> str:
    ways = "".join(f"<a href='{link}'>on</a> " for link in links)
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{WORDS.format(title)}{ways}</body></html>"


def texts(night: Any) -> dict[str, str]:
    return {url: post.text for url, post in night.posts.items()}


def test_known_addresses_that_suddenly_say_the_same_are_not_edited(web: Any, crawl_night: Any) -> None:
    host = "gate.example.org"
    ways = ("/", "/one", "/two")
    for way in ways:
        web.put(f"{host}{way}", page(way, *ways))
    night = crawl_night(host)
    before = texts(night)
    assert len(before) == 3
    for way in ways:
        web.put(f"{host}{way}", WALL)
    for _ in range(2):
        night = crawl_night(host, night.cursor)
        assert (night.posts, night.gone) == ({}, {})
        assert f"3 x {DOUBTED}" in night.notes
    for way in ways:
        web.put(f"{host}{way}", page(way, *ways))
    night = crawl_night(host, night.cursor)
    assert (texts(night), night.notes.strip("; ")) == (before, "")


def test_what_a_site_says_night_after_night_is_believed(web: Any, crawl_night: Any) -> None:
    host = "believed.example.org"
    web.put(f"{host}/", page("Home", "/one", "/two"))
    web.put(f"{host}/one", page("One"))
    web.put(f"{host}/two", page("Two"))
    night = crawl_night(host)
    web.put(f"{host}/", WALL)  # a home page that leads nowhere any more; the others still stand
    told = []
    for _ in range(4):
        night = crawl_night(host, night.cursor)
        assert {f"http://{host}/one", f"http://{host}/two"} <= night.posts.keys()
        told.append((f"http://{host}/" in night.posts, DOUBTED in night.notes))
    assert told == [(False, True), (False, True), (True, False), (True, False)]


def test_links_to_elsewhere_crowd_out_none_of_the_sites_own(web: Any, crawl_night: Any) -> None:
    host = "crowd.example.org"
    outside = [f"http://elsewhere.example.net/{n}" for n in range(600)]
    web.put(f"{host}/", page("Home", *outside, "/one"))
    web.put(f"{host}/one", page("One"))
    night = crawl_night(host, sites={f"http://{host}/": {"pages": True}})
    assert set(night.posts) == {f"http://{host}/", f"http://{host}/one"}
    assert night.notes.strip("; ") == ""


def test_more_links_than_are_read_of_a_page_are_told(web: Any, crawl_night: Any) -> None:
    host = "links.example.org"
    letters = "abcdefghijklmnopqrstuvwxyz"
    own = [f"/{a}{b}{c}.html" for a in letters[:4] for b in letters for c in letters][:2_100]
    web.put(f"{host}/", page("Home", *own))
    night = crawl_night(host, sites={f"http://{host}/": {"pages": True}})
    assert "100 x a link beyond those that are read of one page was not followed" in night.notes


def items(start: int, count: int) -> str:
    return "".join(
        f"<div class=item id=i{n}><h3>t{n}</h3><p>Words of the notice {n}.</p></div>" for n in range(start, start + count)
    )


def test_more_items_than_are_read_of_a_list_are_told_and_it_is_not_whole(web: Any, crawl_night: Any) -> None:
    host = "items.example.org"
    rules = {f"http://{host}/": {"item": "div.item", "title": "h3"}}
    web.put(f"{host}/", f"<html><body>{items(0, 2_010)}</body></html>")
    night = crawl_night(host, sites=rules, max_posts=5_000)
    assert len(night.posts) == 2_000
    assert "10 x an item beyond the 2000 of one page of the list was not read" in night.notes
    assert "read_through" not in night.cursor.state


def test_more_pages_of_a_list_than_are_read_are_told_and_it_is_not_whole(web: Any, crawl_night: Any) -> None:
    host = "pages.example.org"
    rules = {f"http://{host}/": {"item": "div.item", "title": "h3", "next": "a.next"}}
    for n in range(104):
        place = f"{host}/" if n == 0 else f"{host}/list/{n}"
        web.put(place, f"<html><body>{items(n, 1)}<a class=next href=/list/{n + 1}>next</a></body></html>")
    night = crawl_night(host, sites=rules, max_pages=500)
    assert "1 x more than 100 pages of the list: the rest was not read" in night.notes
    assert "read_through" not in night.cursor.state
