"""The Reddit crawler against a small stateful server: both lists, cursors, kills, edits, deletions and their reasons."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crawled import crawlers_of, known, stored
from purse import Purse

from core.errors import AccountNotFound, BudgetExhausted, ParseError
from core.records import CrawledPage, Cursor, GoneReason
from core.seams import CrawlRequest
from crawlers._reddit.posts import _bare_links
from crawlers.reddit import RedditCrawler

HANDLE = "u/harbor_clinic"
USER = "t2_8hbrcl"
TOKEN = "invented-access-token"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
LOGIN = {"client_id": "an-id", "client_secret": "an-invented-secret", "user_agent": "linux:org.example:1 (by /u/me)"}


class Server:
    """One account's submissions and comments; `info` answers for what `places` holds in place of a post."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.posts: dict[str, dict[str, Any]] = {}
        self.places: dict[str, dict[str, Any] | None] = {}  # what is left of posts that are gone
        self.pages: dict[str, Any] = {}  # path -> answer of a post's own page
        self.page_size = 5
        self.tokens = {TOKEN}
        self.logins = 0

    def post(self, at: datetime, words: str, *, comment: bool = False, **more: Any) -> str:
        own = f"p{len(self.posts):04d}"
        name = f"{'t1' if comment else 't3'}_{own}"
        shape = {"body": words, "parent_id": "t3_zz01", "link_id": "t3_zz01", "link_title": "A question"}
        data = shape if comment else {"title": words, "selftext": "", "is_self": True}
        shared = {"name": name, "author": "harbor_clinic", "author_fullname": USER, "edited": False}
        link = {"permalink": f"/r/harborside/comments/{own}/words/", "subreddit_type": "public"}
        self.posts[name] = {**shared, **link, **data, "created_utc": at.timestamp(), **more}
        return name

    def listing(self, names: list[str], after: str | None = None) -> Any:
        children = [{"kind": one[:2], "data": self.places.get(one) or self.posts[one]} for one in names]
        return self.reply({"kind": "Listing", "data": {"after": after, "children": children}})

    def answer(self, asked: Any) -> Any:
        if asked.path == "/api/v1/access_token":
            assert (asked.method, asked.body) == ("POST", b"grant_type=client_credentials")
            self.logins += 1
            login = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "*"}
            return self.reply(login)
        if asked.headers.get("authorization", "").removeprefix("bearer ") not in self.tokens:
            return self.reply({"message": "Unauthorized", "error": 401}, 401)
        assert asked.query["raw_json"] == "1"
        if asked.path == "/user/harbor_clinic/about":
            data = {"id": "8hbrcl", "name": "harbor_clinic", "subreddit": {"title": "Harbor", "public_description": "A."}}
            return self.reply({"kind": "t2", "data": data})
        if asked.path in ("/user/harbor_clinic/submitted", "/user/harbor_clinic/comments"):
            kind = "t1" if asked.path.endswith("comments") else "t3"
            return self.listed([one for one in self.posts if one.startswith(kind) and one not in self.places], asked.query)
        if asked.path == "/api/info":
            names = asked.query["id"].split(",")
            return self.listing([one for one in names if self.places.get(one, self.posts.get(one))])
        return self.pages.get(asked.path, self.reply({"message": "Not Found", "error": 404}, 404))

    def listed(self, names: list[str], query: dict[str, str]) -> Any:
        names.sort(key=lambda one: self.posts[one]["created_utc"], reverse=True)
        if after := query.get("after"):
            names = names[names.index(after) + 1 :] if after in names else []
        page, rest = names[: self.page_size], names[self.page_size :]
        return self.listing(page, page[-1] if page and rest else None)


@pytest.fixture
def server(loopback):
    server = Server(loopback.Reply)
    loopback.answer = server.answer
    return server


@pytest.fixture
def make_crawler(loopback, clock):
    with crawlers_of(RedditCrawler, clock, **LOGIN, base_url=loopback.url, timeout=5) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("reddit", HANDLE)


def words(pages: list[CrawledPage]) -> list[str]:
    return [post.title or post.text for page in pages for post in page.posts]


def notes(pages: list[CrawledPage]) -> str:
    return "; ".join(page.note for page in pages if page.note)


def test_both_lists_are_read_and_the_next_crawl_reads_the_trailing_window(server, make_crawler, account, clock):
    old = server.post(clock.now - timedelta(days=50), "old")
    recent = server.post(clock.now - timedelta(days=5), "recent", comment=True)
    crawler = make_crawler()
    first = list(crawler.crawl(CrawlRequest(account=account)))
    assert words(first) == ["old", "recent"]
    assert (first[0].native_account_id, first[0].handle, first[0].profile.bio) == (USER, HANDLE, "A.")
    (comment,) = first[-1].posts
    assert (comment.in_reply_to.native_id, comment.in_reply_to.text) == ("t3_zz01", "A question")
    server.post(clock.now - timedelta(days=90), "older")
    server.page_size = 1
    server.posts[recent] |= {"body": "corrected", "edited": clock.now.timestamp()}
    server.posts[old] |= {"title": "corrected too"}
    clock.move(days=1)
    again = list(crawler.crawl(CrawlRequest(account=replace(account, native_id=USER), cursor=stored(first))))
    found = {post.native_id: post for page in again for post in page.posts}
    assert found[recent].text == "corrected"
    assert found[recent].edited_at == clock.now - timedelta(days=1)
    assert found[recent].revision
    assert server.logins == 2, "a login that has run out is renewed"


@pytest.mark.parametrize("killed_after", range(1, 8))
def test_killed_between_any_two_pages_nothing_is_lost(server, make_crawler, account, clock, killed_after):
    ids = {server.post(START + timedelta(hours=n), f"p{n}", comment=n % 2 == 0) for n in range(25)}
    crawl = make_crawler(reread_days=0).crawl(CrawlRequest(account=account))
    kept = [next(crawl) for _ in range(killed_after)]
    crawl.close()
    is_done = {name: stored(kept).state[name]["read_until"] is not None for name in ("submitted", "comments")}
    assert is_done == {"submitted": killed_after >= 4, "comments": killed_after >= 7}
    clock.move(days=1)
    ids |= {server.post(clock.now - timedelta(hours=n + 1), f"later {n}", comment=n % 2 == 0) for n in range(7)}
    rest = list(make_crawler(reread_days=0).crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in kept + rest for post in page.posts} == ids
    assert notes(kept + rest) == ""


def test_backfill_starts_where_it_was_asked_to(server, make_crawler, account, loopback):
    for day in range(20):
        server.post(START + timedelta(days=day), f"day {day}")
    pages = list(make_crawler().crawl(CrawlRequest(account=account, since=START + timedelta(days=12))))
    assert words(pages)[:8] == [f"day {day}" for day in range(19, 11, -1)]
    assert len([asked for asked in loopback.asked if asked.path.endswith("submitted")]) == 3


def test_the_platforms_window_limit_is_told(server, make_crawler, account):
    server.page_size = 100
    for n in range(985):
        server.post(START - timedelta(minutes=n), f"p{n}", comment=True)
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert notes(pages) == "platform window limit reached: Reddit shows no older posts"
    assert notes(list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(pages))))) != "", "still so"
    later = make_crawler(reread_days=0).crawl(CrawlRequest(account=account, cursor=stored(pages)))
    assert notes(list(later)) == "", "a night that needs no older ones misses none"


def test_the_page_limit_and_a_list_that_leads_back_are_told(server, make_crawler, account, loopback):
    for n in range(20):
        server.post(START + timedelta(hours=n), f"p{n}")
    pages = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account)))
    assert notes(pages) == "page limit reached: there are older posts"
    assert stored(pages).state["submitted"]["read_until"] is None
    loopback.answer = lambda asked: (
        server.listing(["t3_p0001"], "t3_p0001") if asked.path.endswith("submitted") else server.answer(asked)
    )
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert "the same posts again" in notes(pages)
    assert stored(pages).state["submitted"]["read_until"] is None


def test_what_became_of_posts_is_told_in_reddits_own_words(server, make_crawler, account, clock):
    ids = [server.post(START - timedelta(days=200 + n), f"p{n}", comment=n > 3) for n in range(8)]
    deleted = {"author": "[deleted]", "author_fullname": None}
    server.places = {
        ids[0]: server.posts[ids[0]] | deleted | {"selftext": "[deleted]", "removed_by_category": "deleted"},
        ids[1]: server.posts[ids[1]] | {"selftext": "[removed]", "removed_by_category": "moderator"},
        ids[2]: server.posts[ids[2]] | {"subreddit_type": "private"},
        ids[3]: None,
        ids[4]: server.posts[ids[4]] | deleted | {"body": "[deleted]"},
        ids[5]: server.posts[ids[5]] | deleted | {"body": "[removed]"},
    }
    server.posts[ids[6]] |= {"body": "corrected", "edited": clock.now.timestamp()}
    server.posts[ids[7]] |= {"parent_id": 5}
    state = {"native_id": USER, "since": None, "read_until": int(clock.now.timestamp()), "outstanding": []}
    cursor = Cursor({"submitted": state, "comments": state})
    server.page_size = 0
    recheck = [known(one) for one in (*ids, "t5_x", "x&y=z")]
    pages = list(make_crawler().crawl(CrawlRequest(account=account, cursor=cursor, recheck=recheck)))
    assert {one.native_id: (one.reason, one.definite) for page in pages for one in page.gone} == {
        ids[0]: (GoneReason.DELETED, True),
        ids[1]: (GoneReason.REMOVED, True),
        ids[2]: (GoneReason.PRIVATE, True),
        ids[3]: (GoneReason.UNAVAILABLE, False),
        ids[4]: (GoneReason.DELETED, True),
        ids[5]: (GoneReason.REMOVED, True),
    }
    assert words(pages) == ["corrected"]
    assert (pages[-1].verified, pages[-1].note) == ((ids[7],), "1 post not understood")


CLOSED = {"message": "Forbidden", "error": 403, "reason": "private"}
BANNED = {"message": "Not Found", "error": 404, "reason": "banned"}


@pytest.mark.parametrize(
    ("status", "body", "reason", "definite"),
    [
        (403, CLOSED, GoneReason.PRIVATE, True),
        (404, BANNED, GoneReason.REMOVED, True),
        (404, {"message": "Not Found", "error": 404}, GoneReason.UNAVAILABLE, False),
        (403, {"message": "Forbidden", "error": 403, "reason": "quarantined"}, GoneReason.UNAVAILABLE, False),
        (200, [{"kind": "Listing", "data": {"children": []}}], GoneReason.UNAVAILABLE, False),
    ],
)
def test_what_is_missing_for_the_second_time_is_looked_for_at_its_address(
    server, make_crawler, account, loopback, status, body, reason, definite
):
    path = "/r/harborside/comments/abc1/words/"
    server.pages[path.rstrip("/")] = loopback.Reply(body, status)
    post = known("t3_abc1", url=f"https://www.reddit.com{path}", missing_path="lookup")
    pages = list(make_crawler().crawl(CrawlRequest(account=account, recheck=[post])))
    (gone,) = [one for page in pages for one in page.gone]
    assert (gone.reason, gone.definite, gone.path) == (reason, definite, "permalink")


def test_a_post_that_stands_at_its_address_is_read_there(server, make_crawler, account, loopback):
    name = server.post(START, "still here", comment=True)
    server.places[name] = None
    path = f"/r/harborside/comments/zz01/a_question/{name[3:]}"
    listings = [{"data": {"children": []}}, {"data": {"children": [{"kind": "t1", "data": server.posts[name]}]}}]
    server.pages[path] = loopback.Reply(listings)
    post = known(name, url=f"https://www.reddit.com{path}/", missing_path="lookup")
    assert words(list(make_crawler().crawl(CrawlRequest(account=account, recheck=[post])))) == ["still here"]


@pytest.mark.parametrize(
    "url", ["", "https://evil.example/r/x/comments/abc1/w/", "https://www.reddit.com/r/x/comments/../../api/x"]
)
def test_an_address_elsewhere_is_not_asked_for(server, make_crawler, account, loopback, url):
    post = known("t3_abc1", url=url, missing_path="lookup")
    pages = list(make_crawler().crawl(CrawlRequest(account=account, recheck=[post])))
    assert [one.path for page in pages for one in page.gone] == ["lookup"]
    assert loopback.asked[-1].path == "/api/info"


def test_a_broken_post_stays_outstanding_until_it_is_read_or_gone(server, make_crawler, account, clock):
    broken, lost = server.post(START, "x", selftext=5), server.post(START, "y", comment=True, parent_id=None)
    server.post(START, "whole")
    first = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert stored(first).state["submitted"]["outstanding"] == [broken]
    assert stored(first).state["comments"]["outstanding"] == [lost]
    assert "1 post not understood" in notes(first)
    server.posts[broken]["selftext"] = "mended"
    server.places = {lost: None}
    clock.move(days=100)
    server.posts["t3_p0002"]["created_utc"] = server.posts[broken]["created_utc"] = 1_750_000_000
    server.page_size = 0
    second = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(first))))
    assert [post.text for page in second for post in page.posts] == ["mended"]
    assert "1 post gone before being understood" in notes(second)
    assert stored(second).state["submitted"]["outstanding"] == stored(second).state["comments"]["outstanding"] == []


def test_others_posts_and_closed_places_are_left_out_and_counted(server, make_crawler, account):
    server.post(START, "theirs", author="pat", author_fullname="t2_pat")
    server.post(START, "closed", subreddit_type="private")
    server.post(START, "ours", over_18=True)
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert words(pages) == ["ours"]
    assert notes(pages) == "1 not public left out; 1 not the account's own left out"


def test_a_list_of_which_nothing_was_understood_fails(server, make_crawler, account, loopback):
    junk = loopback.Reply({"kind": "Listing", "data": {"children": [None, 5, {"kind": "t3"}, {"data": []}], "after": None}})
    loopback.answer = lambda asked: junk if asked.path.endswith("submitted") else server.answer(asked)
    with pytest.raises(ParseError, match="none of the 4"):
        list(make_crawler().crawl(CrawlRequest(account=account)))


def test_a_budget_stops_before_the_question_and_counts_the_login(server, make_crawler, account, loopback):
    server.post(START, "p")
    kept: list[CrawledPage] = []
    with pytest.raises(BudgetExhausted):
        kept.extend(make_crawler().crawl(CrawlRequest(account=account, meter=Purse(3))))
    assert len(loopback.asked) == 3
    assert words(kept) == ["p"]


@pytest.mark.parametrize(
    "state",
    [
        {"submitted": {"native_id": "t2_other", "since": None, "read_until": 1_790_000_000}},
        {"submitted": 7, "comments": {"native_id": USER, "since": "x"}},
    ],
)
def test_a_cursor_that_is_none_of_ours_starts_anew(server, make_crawler, account, state):
    server.post(START, "p")
    assert words(list(make_crawler().crawl(CrawlRequest(account=account, cursor=Cursor(state))))) == ["p"]


def test_a_name_that_belongs_to_another_account_now_is_not_read(server, make_crawler, account):
    with pytest.raises(AccountNotFound, match="another account"):
        next(make_crawler().crawl(CrawlRequest(account=replace(account, native_id="t2_older"))))


@pytest.mark.parametrize("text", ["[removed]", "[deleted]", "[ Removed by Reddit ]"])
def test_a_title_is_read_whatever_its_living_author_wrote_below_it(server, make_crawler, account, clock, text):
    server.post(clock.now - timedelta(days=1), "A telling title", selftext=text, removed_by_category=None)
    assert words(list(make_crawler().crawl(CrawlRequest(account=account)))) == ["A telling title"]


def test_a_text_of_many_stops_after_an_address_takes_no_time():
    began = time.process_time()
    assert _bare_links("see https://one.example/a?b.,") == ("https://one.example/a?b",)
    _bare_links("http://a" + "." * 99_000 + "a")
    assert time.process_time() - began < 1
