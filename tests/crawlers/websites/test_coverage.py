"""A night says that all was read only if it was: a note or an error names what is missing, and the next night goes on."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.errors import Blocked, ParseError, PlatformDown
from core.records import Cursor
from crawlers._website.feeds import parse_feed
from crawlers._website.sitemaps import parse_sitemap

ATOM = "application/atom+xml"
WORDS = "<p>The garden of the clinic was opened today by many visitors who came to see its flowers and its old trees.</p>"
LINKS = "<html><body><p>A small site of the clinic, its hours and its people.</p>{}</body></html>"


def entry(host: str, number: int, *, key: str = "", title: str = "", words: str = WORDS, link: bool = True) -> str:
    when = f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"
    at = f'<link href="http://{host}/{number}"/>' if link else ""
    content = f'<content type="html"><![CDATA[{number}{words}]]></content>' if words else ""
    head = f"<id>{key or f'tag:{number}'}</id><title>{title or number}</title>"
    return f"<entry>{head}{at}<updated>{when}</updated>{content}</entry>"


def atom(*entries: str, after: str = "") -> str:
    more = f'<link rel="next" href="{after}"/>' if after else ""
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><id>u</id>{more}{"".join(entries)}</feed>'


def put_pages(web: Any, host: str, numbers: range, size: int = 10) -> None:
    """A paged feed, youngest first."""
    order = list(reversed(numbers))
    for at in range(0, len(order), size):
        place = f"/feed?{at // size}" if at else "/feed"
        after = f"/feed?{at // size + 1}" if at + size < len(order) else ""
        web.put(f"{host}{place}", atom(*(entry(host, n) for n in order[at : at + size]), after=after), ATOM)


def keys(*numbers: int) -> set[str]:
    return {f"tag:{number}" for number in numbers}


def days_later(night: Any, days: int) -> Cursor:
    """The night's cursor, as if it had been written so many days ago."""
    state = dict(night.cursor.state)
    return Cursor(state | {"probed": f"{date.fromisoformat(state['probed']) - timedelta(days=days)}"})


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [("failing", 500, ""), ("refused", 403, ""), ("mended", 200, "<html>maintenance")],
)
def test_one_bad_answer_of_a_feed_costs_one_night(web: Any, crawl_night: Any, name: str, status: int, body: str) -> None:
    host = f"{name}.example.org"
    web.home(host, "/feed", "atom+xml")
    web.put(f"{host}/feed", atom(entry(host, 1)), ATOM)
    one = crawl_night(host)
    web.put(f"{host}/feed", body, ATOM, status)
    two = crawl_night(host, one.cursor)
    assert isinstance(two.error, PlatformDown | Blocked | ParseError)
    web.put(f"{host}/feed", atom(entry(host, 2), entry(host, 1)), ATOM)
    three = crawl_night(host, (two.cursor or one.cursor))
    assert (three.error, three.rung, set(three.posts)) == (None, "feed", keys(2))

    web.put(f"{host}/", LINKS.format("<link rel=alternate type=application/atom+xml href=/feed>"))
    web.put(f"{host}/feed", body, ATOM, status)
    first = crawl_night(host)
    assert "feed could not be judged tonight" in first.notes
    web.put(f"{host}/feed", atom(entry(host, 1)), ATOM)
    second = crawl_night(host, first.cursor)
    assert (second.rung, set(second.posts), second.notes.strip("; ")) == ("feed", keys(1), "")


def test_a_feed_is_given_up_after_three_nights_and_found_again_within_a_week(web: Any, crawl_night: Any) -> None:
    host = "gone.example.org"
    web.put(f"{host}/", LINKS.format("<link rel=alternate type=application/atom+xml href=/feed>"))
    web.put(f"{host}/feed", atom(entry(host, 1)), ATOM)
    night = crawl_night(host)
    del web.answers[f"{host}/feed"]
    for _ in range(2):
        night = crawl_night(host, night.cursor)
        assert isinstance(night.error, PlatformDown)
        assert night.rung == "feed"
    night = crawl_night(host, night.cursor)
    assert (night.error, night.rung) == (None, "links")
    web.put(f"{host}/feed", atom(entry(host, 2)), ATOM)
    assert crawl_night(host, night.cursor).rung == "links"
    night = crawl_night(host, days_later(night, 7))
    assert (night.rung, set(night.posts)) == ("feed", keys(2))


def test_what_robots_txt_forbids_is_not_offered_and_a_failing_guess_is_doubted(web: Any, crawl_night: Any) -> None:
    host = "guess.example.org"
    web.put(f"{host}/", LINKS.format("<link rel=alternate type=application/atom+xml href=/secret>"))
    web.put(f"{host}/robots.txt", "User-agent: *\nDisallow: /secret", "text/plain")
    assert crawl_night(host).notes.strip("; ") == ""
    web.put(f"{host}/sitemap.xml", "", status=503, Retry_After="9")
    night = crawl_night(host)
    assert (night.error, night.rung) == (None, "links")
    assert "sitemap could not be judged tonight" in night.notes


@pytest.mark.parametrize("limit", [3, 500])
def test_links_that_were_not_read_are_read_the_next_night(web: Any, crawl_night: Any, limit: int) -> None:
    host = f"links{limit}.example.org"
    headlines = "".join(f"<div><h2><a href=/{n}>{n}</a></h2><time>March {n + 1}, 2026</time></div>" for n in range(6))
    web.put(f"{host}/", LINKS.format(headlines), ETag='"1"')
    for n in range(6):
        web.put(f"{host}/{n}", f"<article><h1>{n}</h1>{WORDS}</article>")
    if limit == 500:
        web.put(f"{host}/3", "", status=503, Retry_After="9")
    one = crawl_night(host, max_posts=limit)
    web.put(f"{host}/3", f"<article><h1>3</h1>{WORDS}</article>")
    two = crawl_night(host, one.cursor)
    assert {f"http://{host}/{n}" for n in range(6)} <= {*one.posts, *two.posts}
    web.asked_of(host)
    crawl_night(host, two.cursor)
    assert web.asked_of(host) == ["/robots.txt", "/"]


def test_more_new_entries_than_a_page_holds(web: Any, crawl_night: Any) -> None:
    host = "paged.example.org"
    web.home(host, "/feed", "atom+xml")
    put_pages(web, host, range(15))
    one = crawl_night(host)
    assert set(one.posts) == keys(*range(15))
    put_pages(web, host, range(40))
    web.asked_of(host)
    two = crawl_night(host, one.cursor)
    assert set(two.posts) == keys(*range(15, 40))
    assert two.notes.strip("; ") == ""
    assert web.asked_of(host)[-1] == "/feed?2", "it ends with the page that holds what is known"

    put_pages(web, host, range(80))
    three = crawl_night(host, two.cursor, max_posts=15)
    four = crawl_night(host, three.cursor)
    assert {*three.posts, *four.posts} == keys(*range(40, 80)), "a limit in the middle leaves no gap"

    put_pages(web, host, range(200, 210))
    five = crawl_night(host, four.cursor)
    assert "no longer reaches back" in five.notes
    assert crawl_night(host, five.cursor).notes.strip("; ") == ""


def test_an_article_of_an_older_page_is_tried_again(web: Any, crawl_night: Any) -> None:
    host = "older.example.org"
    web.home(host, "/feed", "atom+xml")
    web.put(f"{host}/feed", atom(entry(host, 2), after="/feed?1"), ATOM)
    web.put(f"{host}/feed?1", atom(entry(host, 1, words="")), ATOM)
    web.put(f"{host}/1", "", status=403)
    one = crawl_night(host)
    assert "403" in one.notes
    web.put(f"{host}/1", f"<article><h1>1</h1>{WORDS}</article>")
    assert set(crawl_night(host, one.cursor).posts) == keys(1)


def test_entries_of_one_id_are_all_kept(web: Any, crawl_night: Any) -> None:
    host = "same.example.org"
    web.home(host, "/feed", "atom+xml")
    web.put(f"{host}/feed", atom(entry(host, 1, key="k"), entry(host, 2, key="k")), ATOM)
    one = crawl_night(host)
    assert {post.text[0] for post in one.posts.values()} == {"1", "2"}
    web.put(f"{host}/feed", atom(entry(host, 2, key="k")), ATOM)
    assert crawl_night(host, one.cursor).posts == {}, "once told apart, told apart for good"

    versions = [entry(host, 3, key="v", link=False), entry(host, 4, key="v", link=False)]
    web.put(f"{host}/feed", atom(*versions), ATOM)
    two = crawl_night(host)
    assert [post.text[0] for page in two.pages for post in page.posts] == ["4", "3"]
    assert "several versions" in two.notes
    three = crawl_night(host, two.cursor)
    assert (three.posts, three.notes.strip("; ")) == ({}, "")


def item(number: int | None, words: str | None = WORDS) -> dict[str, Any]:
    content = {} if words is None else {"content": {"rendered": words}}
    number_of = {} if number is None else {"id": number}
    when = {"date_gmt": "2026-03-01T10:00:00", "modified_gmt": "2026-03-01T10:00:00"}
    return {**number_of, **when, **content, "guid": {"rendered": "http://wp.example.org/?p=1"}, "link": "", "title": {}}


def test_wordpress_posts_of_one_guid_and_posts_that_can_not_be_read(web: Any, crawl_night: Any) -> None:
    host, listed = "wp.example.org", [item(1), item(2), item(3, None), item(None)]
    web.put(f"{host}/", "<link rel='https://api.w.org/' href='/wp-json/'><p>Hello</p>")
    asked: list[str] = []

    def answer(handler: Any) -> None:
        asked.append(handler.path)
        wanted = [i for i in listed if "include=3" not in handler.path or i.get("id") == 3]
        body = json.dumps(wanted if "/posts" in handler.path else []).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    class Answers(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return answer if key.startswith(f"{host}/wp-json/") else super().get(key, default)

    kept, web.answers = web.answers, Answers(web.answers)
    try:
        one = crawl_night(host)
        assert set(one.posts) == {f"http://{host}/?wp_posts=1", f"http://{host}/?wp_posts=2"}
        assert "1 x a WordPress post without content" in one.notes
        assert "WordPress post without an id" in one.notes
        listed[2:] = [item(3)]
        two = crawl_night(host, one.cursor)
        assert f"http://{host}/?wp_posts=3" in two.posts
        assert two.notes.strip("; ") == ""
        assert any("include=3" in path for path in asked)
    finally:
        web.answers = kept


def test_items_that_say_nothing_are_counted() -> None:
    items = [{"title": "Only a title"}, {}, "x", {"id": "1", "content_text": "Hello"}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": items}
    found = parse_feed(json.dumps(feed).encode(), "", "http://blog.example.org/f")
    assert (len(found.entries), found.unread) == (2, 2)


def test_a_feed_that_is_cut_off_is_said_to_be(web: Any, crawl_night: Any) -> None:
    host = "cutoff.example.org"
    web.home(host, "/feed", "atom+xml")
    web.put(f"{host}/feed", atom(entry(host, 2), entry(host, 1))[:-60], ATOM)
    assert "cut off" in crawl_night(host).notes


def test_sitemaps_that_are_long_cut_off_or_elsewhere(web: Any, crawl_night: Any) -> None:
    host = "long.example.org"
    old = "".join(f"<url><loc>http://{host}/{n}</loc><lastmod>2020-01-01</lastmod></url>" for n in range(5005))
    young = f"<url><loc>http://{host}/young</loc><lastmod>2026-03-01</lastmod></url>"
    web.home(host)
    web.put(f"{host}/sitemap.xml", f"<urlset>{old}{young}</urlset>", "application/xml")
    web.put(f"{host}/young", f"<article><h1>Young</h1>{WORDS}</article>")
    night = crawl_night(host, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert (set(night.posts), night.notes.strip("; ")) == ({f"http://{host}/young"}, "")
    assert "6 x a listed page beyond" in crawl_night(host, since=datetime(2020, 1, 1, tzinfo=UTC), max_pages=20).notes

    away = "<sitemapindex><sitemap><loc>http://cdn.example.net/1.xml</loc></sitemap></sitemapindex>"
    web.put("off.example.org/", LINKS.format(""))
    web.put("off.example.org/sitemap.xml", away, "application/xml")
    assert "addresses of other sites" in crawl_night("off.example.org").notes
    assert parse_sitemap(b"<urlset><url><loc>http://a.example/1</loc></url><ur").cut_off


def test_unchanged_is_no_answer_to_a_question_that_was_not_asked(web: Any, crawl_night: Any) -> None:
    web.put("never.example.org/", "", status=304)
    assert isinstance(crawl_night("never.example.org").error, PlatformDown)


@pytest.mark.parametrize("answer", [(500, {}, b""), (429, {}, b""), (302, {"Location": "http://169.254.169.254/"}, b"")])
def test_robots_txt_that_can_not_be_read_allows_nothing(web: Any, crawl_night: Any, answer: Any) -> None:
    host = f"robots{answer[0]}.example.org"
    web.home(host)
    web.answers[f"{host}/robots.txt"] = answer
    night = crawl_night(host)
    assert isinstance(night.error, PlatformDown)
    assert "robots.txt" in str(night.error)
    assert set(web.asked_of(host)) == {"/robots.txt"}


def test_titles_alone_and_feeds_without_entries(web: Any, crawl_night: Any) -> None:
    host = "titles.example.org"
    web.home(host, "/feed", "atom+xml")
    alone = entry(host, 1, title="Alone", words="", link=False)
    web.put(f"{host}/feed", atom(alone, entry(host, 2, title="Blank", words="")), ATOM)
    web.put(f"{host}/2", "<html></html>")
    night = crawl_night(host)
    assert (night.error, {post.title for post in night.posts.values()}) == (None, {"Alone", "Blank"})

    web.home("newborn.example.org", "/feed", "atom+xml")
    web.put("newborn.example.org/feed", atom(), ATOM)
    night = crawl_night("newborn.example.org")
    assert (night.error, night.posts, night.notes.strip("; "), night.rung) == (None, {}, "", "feed")
    web.put("newborn.example.org/feed", atom(entry("newborn.example.org", 1)), ATOM)
    assert set(crawl_night("newborn.example.org", night.cursor).posts) == keys(1)
