"""One child reads many sites: nothing of one reaches another, and a child that dies costs the account that it was reading."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from purse import Purse

from core.errors import AccountPrivate, BudgetExhausted, PlatformDown
from core.seams import CrawlRequest, Meter
from crawlers.websites import WebsiteCrawler, WebsiteOptions

ATOM = "application/atom+xml"
NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
def crawler(web: Any) -> Any:
    rebase = {f"http://{name}.many.example.org": f"http://127.0.0.1:{web.port}" for name in "abc"}
    for name in "abc":
        host = f"{name}.many.example.org"
        web.home(host, "/atom", "atom+xml")
        web.put(f"{host}/atom", web.example("atom.xml").replace("The garden is open", f"Garden {name} is open"), ATOM)
        web.put(f"{host}/2026/short", web.example("article.html"))
    crawler = WebsiteCrawler(WebsiteOptions(delay=0, timeout=3, rebase=rebase), clock=lambda: NOW)
    yield crawler
    crawler.close()


def read(crawler: WebsiteCrawler, account: Any, name: str, meter: Meter | None = None) -> list[Any]:
    request = CrawlRequest(account=account(f"http://{name}.many.example.org/"))
    return list(crawler.crawl(CrawlRequest(account=request.account, meter=meter) if meter else request))


def resting(crawler: WebsiteCrawler) -> list[int]:
    return [child.pid for child in crawler._children._resting]


def test_one_child_reads_one_site_after_another(crawler: Any, account: Any) -> None:
    pids = set()
    for name in "abcab":
        pages = read(crawler, account, name)
        texts = [post.text for page in pages for post in page.posts]
        assert any(f"Garden {name}" in text for text in texts)
        assert not any(f"Garden {other}" in text for text in texts for other in "abc" if other != name)
        assert [page.handle for page in pages if page.handle] == [f"http://{name}.many.example.org/"]
        pids.update(resting(crawler))
    assert len(pids) == 1
    crawler.close()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)  # noqa: PTH110


def test_a_site_that_can_not_be_read_leaves_its_child_to_the_next(crawler: Any, account: Any, web: Any) -> None:
    web.put("b.many.example.org/", "", status=401)
    read(crawler, account, "a")
    (before,) = resting(crawler)
    with pytest.raises(AccountPrivate):
        read(crawler, account, "b")
    assert resting(crawler) == [before]


def test_two_crawls_at_once_have_a_child_each(crawler: Any, account: Any) -> None:
    first = crawler.crawl(CrawlRequest(account=account("http://a.many.example.org/")))
    held = [next(first)]
    other = read(crawler, account, "b")
    held += first
    assert any("Garden a" in post.text for page in held for post in page.posts)
    assert any("Garden b" in post.text for page in other for post in page.posts)
    assert len(resting(crawler)) == 2


def test_a_child_that_dies_costs_the_account_that_it_was_reading(crawler: Any, account: Any, web: Any, drip: Any) -> None:
    read(crawler, account, "a")
    (before,) = resting(crawler)
    os.kill(before, signal.SIGKILL)
    read(crawler, account, "b")  # it died at rest: nobody pays
    (before,) = resting(crawler)
    web.answers["c.many.example.org/atom"] = drip
    crawl = crawler.crawl(CrawlRequest(account=account("http://c.many.example.org/")))
    next(crawl)
    os.kill(before, signal.SIGKILL)
    with pytest.raises(PlatformDown):
        list(crawl)
    assert resting(crawler) == []
    assert any(page.posts for page in read(crawler, account, "a"))


def test_a_crawl_that_is_left_ends_its_child(crawler: Any, account: Any) -> None:
    crawl = crawler.crawl(CrawlRequest(account=account("http://a.many.example.org/")))
    next(crawl)
    crawl.close()
    assert resting(crawler) == []


def test_each_request_is_charged_before_it_is_sent(crawler: Any, account: Any, web: Any) -> None:
    host, whole = "a.many.example.org", Purse(99)
    web.asked_of(host)
    read(crawler, account, "a", whole)
    assert whole.calls == len(web.asked_of(host)), "robots.txt and every redirect too"
    for room in range(whole.calls):
        with pytest.raises(BudgetExhausted):
            read(crawler, account, "a", Purse(room))
        assert len(web.asked_of(host)) == room


def test_times_are_those_of_the_pipelines_clock(web: Any, crawl_night: Any) -> None:
    host = "clock.example.org"
    web.put(f"{host}/", "<html><body><p>A small site of the clinic, its hours and its people.</p></body></html>")
    night = crawl_night(host)
    assert night.cursor.state["probed"] == f"{NOW:%Y-%m-%d}"
    assert all(abs(raw.fetched_at - NOW) < timedelta(minutes=1) for page in night.pages for raw in page.raw)
    web.put(f"{host}/feed.xml", web.example("rss.xml").replace("blog.example.org", host), "application/rss+xml")
    assert crawl_night(host, night.cursor, at=NOW + timedelta(days=6)).rung == "links"
    later = crawl_night(host, night.cursor, at=NOW + timedelta(days=7))
    assert later.rung == "feed", "a better source that appears is found within a week"
    assert crawl_night(host, night.cursor, at=NOW - timedelta(days=1)).rung == "feed", "a clock that went back hides nothing"


@pytest.mark.parametrize(
    "state", [{"rung": "carousel"}, {"rung": "feed"}, {"rung": "links", "source": 3, "probed": []}, {"best": 1}]
)
def test_a_cursor_that_makes_no_sense_is_a_new_beginning(web: Any, crawl_night: Any, state: dict[str, Any]) -> None:
    from core.records import Cursor

    host = "strange.example.org"
    web.home(host, "/atom", "atom+xml")
    web.put(f"{host}/atom", web.example("atom.xml"), ATOM)
    web.put(f"{host}/2026/short", web.example("article.html"))
    night = crawl_night(host, Cursor(state))
    assert (night.error, night.rung) == (None, "feed")
    assert night.posts
