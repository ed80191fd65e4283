"""The Mastodon crawler against a small stateful server: paging, cursors, kills, edits, deletions, shapes of other software."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crawled import crawlers_of, stored, texts
from purse import Purse

from core.errors import AccountNotFound, BudgetExhausted, ParseError
from core.records import CrawledPage, Cursor, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers.mastodon import MastodonCrawler

HOST = "social.example"
HANDLE = f"harbor@{HOST}"
USER = "109328577104461032"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Server:
    """`posts` maps ids to what is shown. `link` leads on by header, else the server says nothing of a next page."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.posts: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.tombstones: dict[str, int] = {}  # id -> status of its own address
        self.account: dict[str, Any] = {}
        self.link = True
        self.page_size = 5
        self.headers: dict[str, str] = {}
        self.next_id = 0
        self.id_of = lambda number: str(115_000_000_000_000_000 + number)
        self.repeats = False  # gives the first page again and again

    def post(self, at: datetime, words: str, **more: Any) -> str:
        self.next_id += 1
        native_id = self.id_of(self.next_id)
        self.posts[native_id] = {
            "id": native_id,
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "edited_at": None,
            "visibility": "public",
            "content": f"<p>{words}</p>",
            "url": f"https://{HOST}/@harbor/{native_id}",
            "account": {"id": USER, "acct": "harbor"},
            **more,
        }
        return native_id

    def answer(self, asked: Any) -> Any:
        assert asked.headers["host"] == HOST
        if asked.path == "/api/v1/accounts/lookup" or asked.path == f"/api/v1/accounts/{USER}":
            account = {"id": USER, "username": "harbor", "acct": "harbor", "display_name": "Harbor", "note": "<p>A.</p>"}
            return self.reply({**account, **self.account}, 200, self.headers)
        if asked.path == f"/api/v1/accounts/{USER}/statuses":
            return self.statuses(asked.query)
        if asked.path.startswith("/api/v1/statuses/"):
            native_id = asked.path.rpartition("/")[2]
            if native_id in self.gone or native_id not in self.posts:
                return self.reply({"error": "Record not found"}, 404, self.headers)
            return self.reply(self.posts[native_id], 200, self.headers)
        if asked.path.startswith("/@harbor/"):
            assert asked.headers["accept"] == "application/activity+json"
            status = self.tombstones.get(asked.path.rpartition("/")[2], 404)
            kind = {410: "Tombstone", 200: "Note"}.get(status)
            return self.reply(
                {"type": kind} if kind else b"<html>", status, {}, "application/activity+json" if kind else "text/html"
            )
        return self.reply({"error": "Record not found"}, 404)

    def statuses(self, query: dict[str, str]) -> Any:
        ids = sorted(
            (one for one in self.posts if one not in self.gone), key=lambda one: self.posts[one]["created_at"], reverse=True
        )
        if (place := query.get("max_id")) and not self.repeats:
            ids = ids[ids.index(place) + 1 :] if place in ids else []
        page, rest = ids[: self.page_size], ids[self.page_size :]
        headers = dict(self.headers)
        if self.link:
            parts = [f'<https://{HOST}/x?max_id={page[-1]}>; rel="next"'] if page and (rest or self.repeats) else []
            headers["Link"] = ", ".join([*parts, f'<https://{HOST}/x?min_id=1>; rel="prev"'])
        return self.reply([self.posts[one] for one in page], 200, headers)


@pytest.fixture
def server(loopback):
    server = Server(loopback.Reply)
    loopback.answer = server.answer
    return server


@pytest.fixture
def make_crawler(loopback, clock):
    with crawlers_of(MastodonCrawler, clock, base_url=loopback.url, timeout=5) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("mastodon", HANDLE)


def notes(pages: list[CrawledPage]) -> str:
    return "; ".join(page.note for page in pages if page.note)


def known(native_id: str, **more: Any) -> KnownPost:
    url = f"https://{HOST}/@harbor/{native_id}"
    return KnownPost(
        **{"native_id": native_id, "url": url, "revision": "", "posted_at": None, "last_verified_at": START, **more}
    )


def test_first_crawl_reads_all_and_the_next_one_the_trailing_window(server, make_crawler, account, clock, loopback):
    old = server.post(clock.now - timedelta(days=50), "old")
    recent = server.post(clock.now - timedelta(days=5), "recent")
    crawler = make_crawler()
    first = list(crawler.crawl(CrawlRequest(account=account)))
    assert texts(first) == ["recent", "old"]
    assert (first[0].native_account_id, first[0].handle) == (f"{USER}@{HOST}", HANDLE)
    assert (first[0].profile.display_name, first[0].profile.bio) == ("Harbor", "A.")
    server.page_size = 1
    for one in (old, recent):
        server.posts[one] |= {"content": "<p>corrected</p>", "edited_at": "2026-11-20T01:00:00.000Z"}
    clock.move(days=1)
    again = list(crawler.crawl(CrawlRequest(account=replace(account, native_id=f"{USER}@{HOST}"), cursor=stored(first))))
    assert loopback.asked[-3].path == f"/api/v1/accounts/{USER}", "a known account is asked for by its id"
    (post, old_post) = [post for page in again for post in page.posts]
    assert (post.native_id, post.text, post.revision) == (recent, "corrected", "2026-11-20T01:00:00+00:00")
    assert post.edited_at == datetime(2026, 11, 20, 1, tzinfo=UTC)
    assert old_post.native_id == old, "the page that shows the end of the window is read too"


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("killed_after", range(1, 6))
def test_killed_between_any_two_pages_nothing_is_lost(server, make_crawler, account, clock, killed_after, link):
    server.link = link
    ids = {server.post(START + timedelta(hours=n), f"p{n}") for n in range(17)}
    crawl = make_crawler(reread_days=0).crawl(CrawlRequest(account=account))
    kept = [next(crawl) for _ in range(killed_after)]
    crawl.close()
    if killed_after < 5:
        assert stored(kept).state["read_until"] is None, "it moves when the walk is done, not before"
    clock.move(days=1)
    ids |= {server.post(clock.now - timedelta(hours=n + 1), f"later {n}") for n in range(7)}
    rest = list(make_crawler(reread_days=0).crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in kept + rest for post in page.posts} == ids
    assert notes(kept + rest) == ""


def test_ids_that_do_not_rise_and_no_link_header_are_read_whole(server, make_crawler, account, clock):
    server.link = False
    server.id_of = lambda number: f"01JCQ8V6Y3B9XK0ZV6N1J8H{(number * 37) % 100:02d}z-{number}"
    ids = {server.post(START + timedelta(hours=n), f"p{n}") for n in range(13)}
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert {post.native_id for page in pages for post in page.posts} == ids
    assert notes(pages) == ""


def test_a_server_that_repeats_itself_ends_and_says_so(server, make_crawler, account, loopback):
    for n in range(9):
        server.post(START + timedelta(hours=n), f"p{n}")
    server.repeats = True
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert "the same posts again" in notes(pages)
    assert stored(pages).state["read_until"] is None
    assert len(loopback.asked) < 6
    server.link = False
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert len(texts(pages)) == 10
    assert len(loopback.asked) < 12


def test_backfill_starts_where_it_was_asked_to(server, make_crawler, account, loopback):
    for day in range(20):
        server.post(START + timedelta(days=day), f"day {day}")
    pages = list(make_crawler().crawl(CrawlRequest(account=account, since=START + timedelta(days=12))))
    assert texts(pages)[:8] == [f"day {day}" for day in range(19, 11, -1)]
    assert len(loopback.asked) == 4, "the page that lies wholly before is the last"


def test_page_limit_is_told_and_the_next_crawl_goes_on(server, make_crawler, account):
    for n in range(20):
        server.post(START + timedelta(hours=n), f"p{n}")
    first = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account)))
    assert "page limit reached" in first[-1].note
    second = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account, cursor=stored(first))))
    assert sorted(texts(first + second)) == sorted(f"p{n}" for n in range(20))


def test_a_broken_post_stays_outstanding_until_it_is_read_or_gone(server, make_crawler, account, clock):
    whole = server.post(START, "whole")
    broken = server.post(START + timedelta(hours=1), "x", visibility=None)
    lost = server.post(START + timedelta(hours=2), "x", account=None)
    first = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert texts(first) == ["whole"]
    assert "2 posts not understood" in notes(first)
    assert set(stored(first).state["outstanding"]) == {broken, lost}
    clock.move(days=100)
    server.post(clock.now, "new")
    server.page_size = 1
    server.gone = {lost}
    server.posts[broken]["visibility"] = "public"
    request = CrawlRequest(account=account, cursor=stored(first))
    server.posts[whole]["created_at"] = "2026-01-01T00:00:00.000Z"
    second = list(make_crawler(reread_days=0).crawl(request))
    assert texts(second)[:1] == ["new"]
    assert "x" in texts(second)
    assert "1 post gone before being understood" in notes(second)
    assert stored(second).state["outstanding"] == []


def test_a_post_without_an_id_can_only_be_found_by_walking_again(server, make_crawler, account, loopback):
    server.post(START, "p")
    loopback.answer = lambda asked: (
        loopback.Reply([None, {"id": 5}, "x"]) if asked.path.endswith("statuses") else server.answer(asked)
    )
    crawl = make_crawler().crawl(CrawlRequest(account=account))
    next(crawl)
    page = next(crawl)
    assert (page.posts, page.note) == ((), "3 posts not understood")
    assert page.cursor.state["read_until"] is None
    with pytest.raises(ParseError, match="none of the 3"):
        next(crawl)


def test_what_is_not_public_is_never_read(server, make_crawler, account):
    for visibility in ("private", "direct", "local", "mutuals_only"):
        server.post(START, f"secret {visibility}", visibility=visibility)
    server.post(START, "quiet", visibility="unlisted")
    server.post(START, "not ours", account={"id": "7"})
    server.page_size = 10
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert texts(pages) == ["quiet"]
    assert notes(pages) == "4 not public left out; 1 not the account's own left out"


def test_a_missing_post_is_definite_where_the_server_keeps_a_tombstone(server, make_crawler, account):
    ids = [server.post(START, f"p{n}") for n in range(5)]
    server.gone = set(ids)
    server.tombstones = {ids[0]: 410, ids[1]: 404, ids[2]: 404, ids[3]: 403, ids[4]: 200}
    recheck = [known(one, missing_path="lookup" if one == ids[2] else "") for one in ids]
    pages = list(make_crawler().crawl(CrawlRequest(account=account, recheck=recheck)))
    sights = {one.native_id: (one.reason, one.definite, one.path) for page in pages for one in page.gone}
    assert sights == {
        ids[0]: (GoneReason.DELETED, True, "permalink"),
        ids[1]: (GoneReason.UNAVAILABLE, False, "lookup"),
        ids[2]: (GoneReason.UNAVAILABLE, False, "permalink"),
        ids[3]: (GoneReason.UNAVAILABLE, False, "lookup"),
    }
    assert pages[-1].verified == (ids[4],)
    assert all(page.raw for page in pages)


def test_a_login_page_at_a_missing_posts_address_says_nothing_of_it_and_is_no_evidence(server, make_crawler, account, loopback):
    native_id = server.post(START, "p")
    server.gone = {native_id}
    wall = loopback.Reply(b"<html>LOGIN</html>", media_type="text/html")
    loopback.answer = lambda asked: wall if asked.path.startswith("/@harbor/") else server.answer(asked)
    pages = list(make_crawler().crawl(CrawlRequest(account=account, recheck=[known(native_id, missing_path="lookup")])))
    assert [(one.definite, one.path) for page in pages for one in page.gone] == [(False, "lookup")]
    assert not [raw for page in pages for raw in page.raw if b"LOGIN" in raw.body]


@pytest.mark.parametrize(
    "url", ["", "http://social.example/@harbor/1", "https://evil.example/@harbor/1", "https://social.example:8/1"]
)
def test_a_permalink_elsewhere_is_not_asked_for(server, make_crawler, account, loopback, url):
    native_id = server.post(START, "p")
    server.gone = {native_id}
    pages = list(make_crawler().crawl(CrawlRequest(account=account, recheck=[known(native_id, url=url)])))
    assert [one.path for page in pages for one in page.gone] == ["lookup"]
    assert loopback.asked[-1].path == f"/api/v1/statuses/{native_id}"


def test_recheck_finds_edits_and_posts_hidden_since_and_leaves_out_what_the_walk_showed(server, make_crawler, account, clock):
    shown = server.post(clock.now, "new")
    old = server.post(START - timedelta(days=300), "old, corrected", edited_at="2026-11-19T00:00:00.000Z")
    hidden = server.post(START - timedelta(days=301), "hidden", visibility="private")
    broken = server.post(START - timedelta(days=302), "x", content=None)
    state = {"native_id": f"{USER}@{HOST}", "since": None, "read_until": int(clock.now.timestamp()), "outstanding": []}
    server.page_size = 1
    recheck = [known(one) for one in (shown, old, hidden, broken, "x?y=/../z")]
    pages = list(make_crawler(max_pages=1).crawl(CrawlRequest(account=account, cursor=Cursor(state), recheck=recheck)))
    last = pages[-1]
    assert [post.text for post in last.posts] == ["old, corrected"]
    assert [(one.native_id, one.reason, one.definite) for one in last.gone] == [(hidden, GoneReason.PRIVATE, True)]
    assert (last.verified, last.note) == ((broken,), "1 post not understood")


def test_many_lookups_are_kept_as_they_come_when_one_fails(server, make_crawler, account, loopback):
    ids = [server.post(START - timedelta(days=400 + n), f"p{n}") for n in range(30)]
    wanted = [known(one) for one in ids]
    seen = []

    def answer(asked):
        if asked.path.startswith("/api/v1/statuses/"):
            seen.append(asked.path)
        if asked.path.endswith("/statuses"):
            return loopback.Reply([])
        return loopback.Reply({"error": "no"}, 400) if len(seen) > 24 else server.answer(asked)

    loopback.answer = answer
    pages: list[CrawledPage] = []
    with pytest.raises(ParseError):
        pages.extend(make_crawler().crawl(CrawlRequest(account=account, recheck=wanted)))
    assert len(texts(pages)) == 24


def test_a_moved_account_is_read_to_its_end(server, make_crawler, account):
    server.post(START, "last words here")
    server.account = {"moved": {"id": "5", "acct": "harbor@new.example"}}
    pages: list[CrawledPage] = []
    with pytest.raises(AccountNotFound, match="moved"):
        pages.extend(make_crawler().crawl(CrawlRequest(account=account)))
    assert texts(pages) == ["last words here"]


def test_a_budget_stops_before_the_question(server, make_crawler, account, loopback):
    for n in range(12):
        server.post(START + timedelta(hours=n), f"p{n}")
    kept: list[CrawledPage] = []
    with pytest.raises(BudgetExhausted):
        kept.extend(make_crawler().crawl(CrawlRequest(account=account, meter=Purse(2))))
    assert len(loopback.asked) == 2
    rest = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.text for page in kept + rest for post in page.posts} == {f"p{n}" for n in range(12)}


@pytest.mark.parametrize(
    "state",
    [
        {"native_id": "42@social.example", "since": 5, "read_until": 9},
        {"native_id": f"{USER}@{HOST}", "since": "x", "read_until": None},
        {"native_id": f"{USER}@{HOST}", "since": None, "read_until": None, "walk": {"place": "../x"}},
        {"native_id": f"{USER}@{HOST}", "since": None, "read_until": None, "walk": {"place": "1", "seen": "1", "since": None}},
        {"native_id": f"{USER}@{HOST}", "since": None, "read_until": None, "walk": 7, "outstanding": [None, "a b"]},
    ],
)
def test_a_cursor_that_is_none_of_ours_starts_anew(server, make_crawler, make_account, state):
    server.post(START, "p")
    account = make_account("mastodon", HANDLE, native_id=f"{USER}@{HOST}")
    assert texts(list(make_crawler().crawl(CrawlRequest(account=account, cursor=Cursor(state))))) == ["p"]


@pytest.mark.parametrize(("empty", "told"), [(2, ""), (5, "3 empty pages in a row: there may be older posts behind them")])
def test_an_empty_page_that_leads_on_does_not_end_the_walk(server, make_crawler, account, clock, loopback, empty, told):
    ids = [server.post(clock.now - timedelta(days=n), f"p{n}") for n in range(8)]
    given = server.statuses

    def statuses(query: dict[str, str]) -> Any:
        number, _, place = query.get("max_id", "").rpartition("0empty0")
        if not place or int(number or 0) >= empty:
            return given({"max_id": place} if place else query)
        onward = f'<https://{HOST}/x?max_id={int(number or 0) + 1}0empty0{place}>; rel="next"'
        return server.reply([], 200, {"Link": onward})

    server.statuses = statuses
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert notes(pages) == told
    assert {post.native_id for page in pages for post in page.posts} == set(ids if not told else ids[:5])


def test_a_name_that_is_none_is_no_new_handle(server, make_crawler, account):
    server.account = {"username": "har bor<"}
    assert next(make_crawler().crawl(CrawlRequest(account=account))).handle is None
