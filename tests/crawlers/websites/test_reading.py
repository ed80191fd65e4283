"""What the site crawler makes of bytes: feeds, sitemaps, pages, encodings, and of those that mean harm."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ParseError
from core.records import Precision
from crawlers._website.articles import Unreadable, decode, read_article, read_fragment, read_time
from crawlers._website.feeds import parse_feed
from crawlers._website.sitemaps import parse_sitemap

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "website"
FIXTURES = Path(__file__).resolve().parents[3] / "../shared/data/platform_fixtures"
URL = "http://blog.example.org/feed"


def feed(name: str) -> tuple:
    return parse_feed((EXAMPLES / name).read_bytes(), "", URL).entries


def test_atom_tells_the_whole_text_and_the_edit() -> None:
    garden, short = feed("atom.xml")
    assert (garden.key, garden.title, garden.whole) == ("tag:blog.example.org,2026:1", "Café & garden", True)
    assert garden.posted_at == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    assert garden.edited_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert (short.whole, short.html) == (False, "Only the beginning")


def test_rss_and_json_feed() -> None:
    whole, elsewhere = feed("rss.xml")
    assert (whole.key, whole.whole, whole.posted_at) == ("ward-1", True, datetime(2026, 3, 1, 14, 30, tzinfo=UTC))
    assert not elsewhere.whole
    first, second = feed("feed.json")
    assert (first.key, first.media[0].kind, first.edited_at) == ("a1", "audio", datetime(2026, 3, 3, tzinfo=UTC))
    assert read_fragment(second.html, URL).text == "1 < 2\nsecond line"


def test_a_cut_text_is_not_taken_for_the_whole() -> None:
    body = (EXAMPLES / "rss.xml").read_bytes().replace(b"All of it.", "All of […]".encode())
    assert not parse_feed(body, "", URL).entries[0].whole


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>no feed</body></html>",
        b"{",
        b'{"version": "1"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"/etc/hostname",
        b"\x00" * 999,
    ],
)
def test_what_is_no_feed_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse_feed(body, "", URL)


def test_a_truncated_feed_gives_the_entries_that_are_whole() -> None:
    body = (EXAMPLES / "rss.xml").read_bytes()
    assert [entry.key for entry in parse_feed(body[: body.index(b"<item><title>Elsewhere")], "", URL).entries] == ["ward-1"]


def test_outside_entities_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-7f3a")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'
    rss = f"{entity}<rss version='2.0'><channel><item><guid>1</guid><title>&e;</title></item></channel></rss>"
    assert "canary" not in str([(e.title, e.html) for e in parse_feed(rss.encode(), "", URL).entries])
    sitemap = f"{entity}<urlset><url><loc>&e;</loc></url></urlset>"
    assert "canary" not in parse_sitemap(sitemap.encode()).entries[0].url


def test_entities_that_grow_are_stopped() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    item = "<item><guid>1</guid><title>&e9;</title></item>"
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><rss version="2.0"><channel>{item}</channel></rss>'
    began = time.monotonic()
    try:
        size = sum(len(entry.title) for entry in parse_feed(bomb.encode(), "", URL).entries)
    except ParseError:
        size = 0
    assert size < 1_000_000
    assert time.monotonic() - began < 5


def test_sitemaps_plain_packed_and_index() -> None:
    body = (EXAMPLES / "sitemap.xml").read_bytes()
    one, two, three = parse_sitemap(body).entries
    assert (one.edited_at, two.posted_at, two.title) == (
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 2, 10, tzinfo=UTC),
        "Two",
    )
    assert parse_sitemap(gzip.compress(body)).entries == (one, two, three)
    index = b"<sitemapindex><sitemap><loc>http://a.example/1.xml</loc></sitemap></sitemapindex>"
    assert parse_sitemap(index).children == ("http://a.example/1.xml",)


def test_a_packed_sitemap_that_swells_is_refused() -> None:
    with pytest.raises(ParseError, match="larger"):
        parse_sitemap(gzip.compress(b"<urlset>" + b" " * 64 * 1024 * 1024))


def test_an_article_is_read_from_its_page() -> None:
    article = read_article((EXAMPLES / "article.html").read_text(), "http://blog.example.org/2026/short")
    assert article.title == "The short story"
    assert "feed holds only its beginning" in article.fragment.text
    assert "second paragraph" in article.fragment.text
    assert "Imprint" not in article.fragment.text
    assert article.posted_at == datetime(2026, 2, 1, 9, tzinfo=UTC), "JSON-LD, though another block of it is broken"
    assert article.lang == "en-gb"
    assert article.fragment.links == ("https://example.com/source",)
    assert [(m.native_key, m.alt_text) for m in article.fragment.media] == [
        ("http://blog.example.org/ward.jpg", "The ward at night")
    ]


def test_hidden_parts_and_markup_leave_the_text() -> None:
    html = '<p>One<br>two &lt;b&gt;</p><style>x{}</style><script>bad()</script><a href="javascript:x()">go</a>'
    html += '<img src="data:x" alt="y">'
    fragment = read_fragment(html, URL)
    assert fragment.text == "One\ntwo <b>\ngo"
    assert fragment.links == ()
    assert fragment.media == ()


@pytest.mark.parametrize("depth", [300, 1500])
def test_nesting_that_browsers_show_is_read(depth: int) -> None:
    assert read_fragment("<div>" * depth + "deep words", URL).text == "deep words"


def test_a_million_levels_cost_little_and_lose_no_words() -> None:
    began = time.monotonic()
    assert read_fragment("<div>" * 1_000_000 + "deep words", URL).text == "deep words"
    with pytest.raises(Unreadable):
        read_article("<div>" * 1_000_000 + "deep words", URL)
    assert time.monotonic() - began < 5


def test_a_login_form_is_no_article() -> None:
    with pytest.raises(Unreadable, match="login"):
        read_article("<form><h1>Sign in</h1><input name=u><input type=password></form>", URL)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("naïve".encode(), "text/html; charset=iso-8859-1", "naïve"),
        ("naïve".encode("cp1252"), "text/html; charset=utf-8", "naïve"),
        ("naïve".encode("utf-16"), "text/html", "naïve"),
        ("naïve".encode("iso-8859-1"), "text/html; charset=no-such-thing", "naïve"),
        (b"\xef\xbb\xbfplain", "", "plain"),
        ("прием".encode("koi8-r"), "text/html; charset=koi8-r", "прием"),
    ],
)
def test_a_wrong_charset_costs_no_words(body: bytes, content_type: str, text: str) -> None:
    assert decode(body, content_type) == text


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("2026-03-01T09:30:00-05:00", Precision.EXACT),
        ("2026-03-01", Precision.DAY),
        ("last week", Precision.UNKNOWN),
        ("", Precision.UNKNOWN),
    ],
)
def test_times_say_how_exact_they_are(text: str, precision: Precision) -> None:
    assert read_time(text)[1] is precision


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded feeds and pages do not stand next to the repository")
def test_recorded_feeds_and_pages_never_raise_anything_else() -> None:
    feeds = sorted((FIXTURES / "feeds").rglob("*.xml"))[::5] + sorted((FIXTURES / "feeds" / "illformed").rglob("*.xml"))
    pages = [path for path in sorted((FIXTURES / "html_pages").rglob("*.html"))[::4] if path.stat().st_size < 400_000]
    read = {"feeds": 0, "pages": 0}
    for path in feeds:
        try:
            read["feeds"] += bool(parse_feed(path.read_bytes(), "", URL).entries)
        except ParseError:
            continue
    for path in pages:
        try:
            read["pages"] += bool(read_article(decode(path.read_bytes()), URL).fragment.text)
        except Unreadable:
            continue
    assert read["feeds"] > len(feeds) / 3  # many of the others hold no entry at all
    assert read["pages"] > len(pages) / 2
