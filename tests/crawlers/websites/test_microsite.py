"""Small sites without feed or list: every page is a post, within the account's path and within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import AccountNotFound
from core.records import GoneReason, PostType

WORDS = "<p>{} is what this page of the clinic's campaign tells about, with a few plain words for everybody who comes by.</p>"


def page(title: str, *links: str, words: str = "", head: str = "") -> str:
    ways = "".join(f"<li><a href='{link}'>on</a></li>" for link in links)
    body = f"<article><h1>{title}</h1>{words or WORDS.format(title)}</article><nav><ul>{ways}</ul></nav>"
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def put_site(web: Any, host: str) -> None:
    web.put(f"{host}/", page("Home", "/one", "/two?utm_source=x#top", "/paper.pdf", "http://other.example.net/"))
    web.put(f"{host}/one", page("One", "/deep/three", "/"))
    web.put(f"{host}/two", page("Two", "/one"))
    web.put(f"{host}/deep/three", page("Three", "/missing"))


def urls(host: str, *paths: str) -> set[str]:
    return {f"http://{host}{path}" for path in paths}


def test_every_page_is_a_post_and_is_read_anew_each_night(web: Any, crawl_night: Any, due: Any) -> None:
    host = "micro.example.org"
    put_site(web, host)
    one = crawl_night(host)
    assert (one.error, one.notes.strip("; ")) == (None, "")
    assert set(one.posts) == urls(host, "/", "/one", "/two", "/deep/three")
    assert {post.type for post in one.posts.values()} == {PostType.PAGE}
    assert not any(path.endswith(".pdf") for path in web.asked_of(host))

    web.put(f"{host}/two", page("Two", "/one", "/new", words="<p>Other words stand on this page of the campaign now.</p>"))
    web.put(f"{host}/new", page("New"))
    web.put(f"{host}/one", page("One", "/"))  # three is an orphan now, and still there
    two = crawl_night(host, one.cursor)
    assert "Other words" in two.posts[f"http://{host}/two"].text
    assert f"http://{host}/new" in two.posts
    assert f"http://{host}/deep/three" in two.posts, "nothing leads there any more, but anybody who kept the address reads it"

    web.put(f"{host}/deep/three", "gone", status=410)
    web.put(f"{host}/new", "gone", status=404)
    three = crawl_night(host, two.cursor)
    assert {name: (g.reason, g.definite, g.path) for name, g in three.gone.items()} == {
        f"http://{host}/deep/three": (GoneReason.DELETED, True, "permalink"),
        f"http://{host}/new": (GoneReason.DELETED, False, "permalink"),
    }
    web.put(f"{host}/two", page("Two", "/one"))
    four = crawl_night(host, three.cursor, recheck=(due(two.posts[f"http://{host}/new"], "permalink"),))
    assert {name: g.path for name, g in four.gone.items()} == {f"http://{host}/new": "listing"}


def test_a_walk_that_is_cut_short_goes_on_and_calls_nothing_gone(web: Any, crawl_night: Any) -> None:
    host = "cutmicro.example.org"
    web.put(f"{host}/", page("Home", *(f"/{name}" for name in "abcdefgh")))
    for name in "abcdefgh":
        web.put(f"{host}/{name}", page(f"Page {name}"))
    whole = crawl_night(host)
    assert len(whole.posts) == 9
    first = crawl_night(host, max_posts=4)
    assert "limit of posts" in first.notes
    second = crawl_night(host, first.cursor)
    assert {*first.posts, *second.posts} == set(whole.posts)
    assert (first.gone, second.gone) == ({}, {})
    for cut in whole.pages:
        rest = crawl_night(host, cut.cursor)
        assert set(rest.posts) == set(whole.posts)
        assert rest.gone == {}


def test_endless_addresses_end(web: Any, crawl_night: Any) -> None:
    host = "endless.example.org"

    class Calendar(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            if key.startswith(f"{host}/cal/"):
                year, month = key.removeprefix(f"{host}/cal/").strip("/").split("/")[:2]
                ahead = f"/cal/{int(year) + int(month) // 12}/{int(month) % 12 + 1}/"
                return 200, {"Content-Type": "text/html"}, page(f"Month {year} {month}", ahead, "./more/").encode()
            return super().get(key, default)

    kept, web.answers = web.answers, Calendar(web.answers)
    try:
        filters = [f"/list?a={n}&b={m}" for n in range(9) for m in range(9)]
        web.put(f"{host}/", page("Home", "/cal/2026/1/", *filters))
        for address in filters:
            web.put(f"{host}{address}", page("All the same", "/last"))
        web.put(f"{host}/last", page("Last"))
        night = crawl_night(host)
        asked = web.asked_of(host)
    finally:
        web.answers = kept
    assert night.error is None
    assert "of one pattern" in night.notes
    assert sum(path.startswith("/list?") for path in asked) == 12
    assert len([path for path in asked if path.startswith("/cal/")]) < 200
    assert f"http://{host}/last" in night.posts
    assert sum(post.title == "All the same" for post in night.posts.values()) == 1, "the very same words are kept once"


def test_one_page_under_several_addresses_is_one_post(web: Any, crawl_night: Any) -> None:
    host = "canon.example.org"
    real = f"<link rel=canonical href='http://{host}/real'>"
    web.put(f"{host}/", page("Home", "/print/real", "/wrong"))
    web.put(f"{host}/print/real", page("Real", head=real))
    web.put(f"{host}/real", page("Real", head=real))
    web.put(f"{host}/wrong", page("Wrong", head=real))  # a template that names another page as its own hides nothing
    night = crawl_night(host)
    assert set(night.posts) == urls(host, "/", "/real", "/wrong")


def test_a_part_of_a_site_stays_in_its_path(web: Any, crawl_night: Any) -> None:
    host = "part.example.org"
    feed = "<rss version='2.0'><channel><title>x</title>{}</channel></rss>"
    item = "<item><guid>{0}</guid><title>{0}</title><link>http://part.example.org{0}</link><description>x</description></item>"
    web.put(f"{host}/campaign/", page("Campaign", "/campaign/more", "/other/", "/campaigns/"))
    web.put(f"{host}/campaign/more", page("More", "/campaign/../secret", "/"))
    for outside in ("/", "/other/", "/campaigns/", "/secret"):
        web.put(f"{host}{outside}", page(f"Outside {outside}"))
    night = crawl_night(host, path="/campaign/")
    assert set(night.posts) == urls(host, "/campaign/", "/campaign/more")
    assert not {"/other/", "/campaigns/", "/secret"} & set(web.asked_of(host))

    web.put(f"{host}/rss", feed.format(item.format("/other/a") + item.format("/campaign/b")), "application/rss+xml")
    head = "<link rel=alternate type=application/rss+xml href=/rss>"
    web.put(f"{host}/campaign/", page("Campaign", head=head))
    web.put(f"{host}/campaign/b", page("Entry"))
    night = crawl_night(host, path="/campaign/")
    assert (night.rung, set(night.posts)) == ("feed", urls(host, "/campaign/b"))

    web.put(f"{host}/campaign/", "", status=302, Location="/")
    assert isinstance(crawl_night(host, path="/campaign/").error, AccountNotFound)


@pytest.mark.parametrize("pages", [True, False])
def test_the_settings_may_say_whether_a_site_is_one(web: Any, crawl_night: Any, pages: bool) -> None:
    host = f"told{pages}.example.org".lower()
    dated = "".join(f"<li><h2><a href=/{n}>{n}</a></h2><time>May {n}, 2026</time></li>" for n in (1, 2))
    web.put(f"{host}/", f"<html><body><ul>{dated}</ul>{WORDS.format('Home')}<a href=/about>About</a></body></html>")
    for n in ("1", "2", "about"):
        web.put(f"{host}/{n}", page(f"Page {n} of them"))
    found = set(crawl_night(host, sites={f"http://{host}": {"pages": pages}}).posts)
    assert found == urls(host, "/", "/1", "/2") | (urls(host, "/about") if pages else set())
