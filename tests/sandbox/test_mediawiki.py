"""The wikis' stand-in: mwclient against it, what it refuses, and our crawler on both nights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from mwclient import Site
from mwclient.errors import APIError

from core.records import Cursor, Gone, GoneReason, KnownPost, Post
from core.seams import CrawlRequest
from crawlers.mediawiki import MediaWikiCrawler, MediaWikiOptions
from nightrounds.sandbox.platforms._mediawiki_objects import page_id, revision_id
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of

CARE = "care-guide.sandbox.example"
DESK = "night-desk.sandbox.example"


@pytest.fixture
def care(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the care guide's API."""
    asked = {"action": "query", "format": "json", "formatversion": "2"}
    with httpx.Client(base_url=sandbox.urls["mediawiki"], headers={"Host": CARE}, params=asked, verify=False) as client:
        yield client


def told(client: httpx.Client, **asked: str) -> dict[str, Any]:
    answer = client.get("/w/api.php", params=asked)
    assert answer.status_code == 200
    return answer.json()


def number(post: str) -> int:
    return page_id(view_of(2).by_id[post])


def test_mwclient_reads_it(sandbox: Sandbox) -> None:
    session = requests.Session()
    session.headers["Host"] = CARE
    host = sandbox.urls["mediawiki"].removeprefix("http://")
    site = Site(host, scheme="http", pool=session, do_init=False, max_retries=0)
    titles, place = [], {}
    while True:
        asked = {"generator": "allpages", "gaplimit": "max", "prop": "info", "formatversion": 2, **place}
        answer = site.get("query", **asked)
        titles += [page["title"] for page in answer["query"]["pages"]]
        if "continue" not in answer:
            break
        place = answer["continue"]
    assert len(titles) == len(set(titles)) > sandbox._front.stand_ins["mediawiki"].page_cap
    assert titles == sorted(titles)
    assert "Draft page of the linen group" in titles
    with pytest.raises(APIError, match="toomanyvalues"):
        site.get("query", formatversion=2, pageids="|".join(str(one) for one in range(51)))


def test_what_mediawiki_refuses_or_warns_of(care: httpx.Client) -> None:
    assert told(care, pageids="one")["error"]["code"] == "badinteger"
    assert told(care, list="recentchanges", rclimit="many")["error"]["code"] == "badinteger"
    assert told(care, list="recentchanges", rcdir="newer", rccontinue="junk")["error"]["code"] == "badcontinue"
    assert told(care, maxlag="-1")["error"]["code"] == "maxlag"
    assert told(care, formatversion="1")["error"]["code"] == "badvalue"
    assert "shoe" in told(care, shoe="1")["warnings"]["main"]["warnings"]
    assert care.get("/api.php").status_code == 404
    assert care.get("/w/api.php", headers={"Host": "nobody.sandbox.example"}).status_code == 404


def test_the_second_night_lists_what_happened(sandbox: Sandbox, care: httpx.Client) -> None:
    sandbox.night = 2
    asked = {"list": "recentchanges", "rcdir": "newer", "rcstart": "2026-11-16T23:00:00Z", "rclimit": "max"}
    changes = told(care, **asked)["query"]["recentchanges"]
    assert [(one["type"], one.get("logtype"), one["pageid"]) for one in changes] == [
        ("log", "delete", number("wc-draft")),
        ("log", "move", number("wc-parking")),
        ("edit", None, number("wc-edit-adds")),
        ("new", None, number("wc-new")),
    ]
    events = told(care, list="logevents", letype="delete", ledir="newer", lelimit="5")["query"]["logevents"]
    assert [(one["logpage"], one["pageid"]) for one in events] == [(number("wc-draft"), 0)]
    gone = told(care, pageids=str(number("wc-draft")), prop="info")["query"]["pages"]
    assert gone == [{"pageid": number("wc-draft"), "missing": True}]
    before = revision_id(view_of(2).by_id["wc-parking"], 0)
    (page,) = told(care, revids=f"{before}|9", prop="revisions", rvprop="ids|content", rvslots="main")["query"]["pages"]
    assert "no second hour" not in page["revisions"][0]["slots"]["main"]["content"]


class Night:
    """One crawl of a wiki of the sandbox."""

    def __init__(self, sandbox: Sandbox, host: str, cursor: Cursor | None = None, recheck: tuple[Post, ...] = ()) -> None:
        account = next(one for one in sandbox.accounts() if host in one.handle)
        options = MediaWikiOptions(**sandbox.platform_options()["mediawiki"])
        crawler = MediaWikiCrawler(options, clock=sandbox.clock(), sleep=lambda _: None)
        due = tuple(
            KnownPost(
                native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=p.posted_at
            )
            for p in recheck
            if p.posted_at
        )
        pages = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
        self.told = [post for page in pages for post in page.posts]
        self.posts = {post.native_id: post for post in self.told}
        self.gone: dict[str, Gone] = {one.native_id: one for page in pages for one in page.gone}
        self.verified = {one for page in pages for one in page.verified}
        self.notes = [page.note for page in pages if page.note]
        last = next(page.cursor for page in reversed(pages) if page.cursor)
        self.cursor = Cursor(json.loads(json.dumps(dict(last.state))))


@pytest.mark.parametrize(
    ("host", "prefix", "changed", "deleted"),
    [(CARE, "wc", {"wc-parking", "wc-edit-adds", "wc-new"}, "wc-draft"), (DESK, "wd", {"wd-socks", "wd-new"}, "wd-mood")],
)
def test_our_crawler_sees_both_nights(sandbox: Sandbox, host: str, prefix: str, changed: set[str], deleted: str) -> None:
    one = Night(sandbox, host)
    shown = {e.native_id for e in sandbox.expected(1) if e.post.startswith(f"{prefix}-") and e.platform == "mediawiki"}
    assert (set(one.posts), one.gone, one.notes) == (shown, {}, [])
    sandbox.night = 2
    two = Night(sandbox, host, one.cursor, tuple(one.posts.values()))
    ids = {str(number(post)) for post in changed}
    assert set(two.posts) == ids
    assert len(two.told) == len(ids), "each once"
    assert two.gone == {
        str(number(deleted)): Gone(native_id=str(number(deleted)), reason=GoneReason.DELETED, definite=True, path="log")
    }
    assert two.verified == shown - ids - two.gone.keys()
    assert two.notes == []
    assert Night(sandbox, host, two.cursor).told == []


def test_what_the_pages_become(sandbox: Sandbox) -> None:
    posts = Night(sandbox, CARE).posts
    guide = posts[str(number("wc-visiting"))]
    assert (guide.title, guide.text.splitlines()[2]) == ("Visiting hours", "Children")
    assert "Ask at the desk for" in guide.text
    assert posts[str(number("wc-garden"))].media[0].alt_text == "Tomato plants in tubs on a flat roof"
    assert posts[str(number("wc-phi"))].text.startswith("ward: 7 West\nteacher: the wound team")
    picture = posts[str(number("wc-file"))]
    assert (picture.title, picture.media[0].kind) == ("File:Reading room.jpg", "image")
    assert posts[str(number("wc-interpretes"))].lang == "es"
