"""Sites that only the selectors of the settings can read, and settings that are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import ParseError
from core.records import GoneReason, Precision
from crawlers.websites import WebsiteOptions

RULES = {
    "list": "div.news",
    "item": "div.row",
    "title": "div.head",
    "text": "div.words",
    "date": "span.when",
    "date_format": "%d/%m/%Y",
    "next": "a.older",
    "exclude": ".share",
}
BESIDE = (
    "<div class=side>" + "<p>The clinic is open on all days of the week, and everybody who comes is welcome to stay.</p>" * 5
)


def listing(*rows: str, older: str = "") -> str:
    more = f"<a class=older href='{older}'>Older</a>" if older else ""
    return (
        f"<html><body><div class=news>{''.join(rows)}</div><div class=row><a href=/ad>Ad</a></div>{more}{BESIDE}</body></html>"
    )


def row(number: int) -> str:
    return f"<div class=row><span class=when>{number:02d}/03/2026</span> <a href='/n?id={number}'>Notice {number}</a></div>"


def notice(number: int, words: str = "The list of this morning.") -> str:
    text = f"<div class=words>{words}<div class=share>Tell a friend</div></div>"
    return f"<html><body><div class=head>Notice {number}</div>{text}{BESIDE}</body></html>"


def test_a_list_that_only_selectors_can_read(web: Any, crawl_night: Any) -> None:
    host = "table.example.org"
    sites = {f"http://{host}/": RULES}
    web.put(f"{host}/", listing(row(4), row(3), older="/?p=2"))
    web.put(f"{host}/?p=2", listing(row(2), row(1)))
    for number in range(1, 6):
        web.put(f"{host}/n?id={number}", notice(number))
    one = crawl_night(host, sites=sites)
    assert (one.error, one.rung, one.notes.strip("; ")) == (None, "selectors", "")
    assert set(one.posts) == {f"http://{host}/n?id={number}" for number in range(1, 5)}
    four = one.posts[f"http://{host}/n?id=4"]
    assert (four.title, four.text) == ("Notice 4", "The list of this morning.")
    assert (four.posted_at, four.posted_at_precision) == (datetime(2026, 3, 4, tzinfo=UTC), Precision.DAY)

    web.asked_of(host)
    web.put(f"{host}/", listing(row(5), row(4), older="/?p=2"))
    web.put(f"{host}/n?id=3", notice(3, "Other words."))
    two = crawl_night(host, one.cursor, sites=sites, recheck=(one.posts[f"http://{host}/n?id=3"],))
    assert set(two.posts) == {f"http://{host}/n?id=5", f"http://{host}/n?id=3"}
    assert two.posts[f"http://{host}/n?id=3"].text == "Other words."

    web.put(
        f"{host}/", "<html><body><section><p>We have a new site, with other names for everything.</p></section></body></html>"
    )
    assert isinstance(crawl_night(host, two.cursor, sites=sites).error, ParseError)


def test_items_without_a_page_of_their_own_are_posts(web: Any, crawl_night: Any, due: Any) -> None:
    host = "wall.example.org"
    sites = {f"http://{host}": {"item": "li.note", "date": "time", "text": "p"}}

    def note(name: str, words: str) -> str:
        return f"<li class=note id={name}><time datetime=2026-03-0{len(name)}>then</time><p>{words}</p></li>"

    web.put(f"{host}/", f"<html><body><ul>{note('a', 'First words.')}{note('bb', 'Second words.')}</ul></body></html>")
    one = crawl_night(host, sites=sites)
    assert {name.rpartition("#")[2]: post.text for name, post in one.posts.items()} == {
        "a": "First words.",
        "bb": "Second words.",
    }
    assert one.posts[f"http://{host}/#bb"].posted_at == datetime(2026, 3, 2, tzinfo=UTC)
    web.put(f"{host}/", f"<html><body><ul>{note('bb', 'Edited words.')}</ul></body></html>")
    two = crawl_night(host, one.cursor, sites=sites, recheck=tuple(map(due, one.posts.values())))
    assert {name: post.text for name, post in two.posts.items()} == {f"http://{host}/#bb": "Edited words."}
    gone = two.gone[f"http://{host}/#a"]
    assert (gone.reason, gone.path) == (GoneReason.UNAVAILABLE, "listing")


def test_selectors_go_before_what_the_reader_would_choose(web: Any, crawl_night: Any) -> None:
    host = "override.example.org"
    web.home(host)
    web.put(f"{host}/sitemap.xml", f"<urlset><url><loc>http://{host}/n</loc></url></urlset>", "application/xml")
    web.put(f"{host}/n", notice(1))
    plain = crawl_night(host)
    assert "open on all days" in plain.posts[f"http://{host}/n"].text
    chosen = crawl_night(host, sites={f"http://{host}": {"text": "div.words", "exclude": ".share"}})
    assert chosen.posts[f"http://{host}/n"].text == "The list of this morning."


@pytest.mark.parametrize(
    "rules",
    [
        {"text": "div["},
        {"text": "div::nothing-of-the-kind("},
        {"list": "div"},
        {"date": "time", "date_format": "%d %B"},
        {"date_format": "%d %B %Y"},
        {"pages": True, "item": "li"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_wrong_rules_are_refused_when_settings_are_read(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        WebsiteOptions(sites={"https://campaign.example.org": rules})
    assert "nothing-of-the-kind" not in str(caught.value)


def test_the_key_of_rules_is_an_address() -> None:
    with pytest.raises(ValidationError):
        WebsiteOptions(sites={"campaign": {"pages": True}})
    sites = {"https://host.example.org": {"pages": True}, "https://host.example.org/a": {"text": "p"}}
    options = WebsiteOptions(sites=sites)
    assert options.rules_of("https://host.example.org/").pages
    assert options.rules_of("https://host.example.org/a/").text == "p"
    assert options.rules_of("https://host.example.org/ab/").pages
    assert not options.rules_of("https://other.example.org/").pages
