"""The Facebook crawler against a small stateful stand-in: paging, cursors, kills, edits, deletions, tokens, usage."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crawled import crawlers_of, known, stored, texts
from purse import Purse

from core.errors import AccountNotFound, AuthError, BudgetExhausted, ParseError, RateLimited
from core.records import Cursor, GoneReason
from core.seams import CrawlRequest
from crawlers.facebook_pages import FacebookCrawler

PAGE = "100000000000077"
HANDLE = "HarborClinic"
TOKEN = "EAAGinvented|page/token"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Graph:
    """One Page with posts, newest first; a next page's address carries the token, as the real one's does."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.posts: dict[str, tuple[datetime, str]] = {}
        self.gone: set[str] = set()
        self.username = HANDLE
        self.headers: dict[str, str] = {"facebook-api-version": "v26.0"}
        self.tokens = {TOKEN}
        self.forget_places = False
        self.page_size = 5

    def post(self, at: datetime, words: str) -> str:
        native_id = f"{PAGE}_{len(self.posts) + 1}"
        self.posts[native_id] = (at, words)
        return native_id

    def shown(self, native_id: str) -> dict[str, Any]:
        at, words = self.posts[native_id]
        created = at.strftime("%Y-%m-%dT%H:%M:%S+0000")
        return {"id": native_id, "message": words, "created_time": created, "from": {"id": PAGE, "name": "Harbor"}}

    def error(self, code: int, status: int = 400, **more: Any) -> Any:
        return self.reply({"error": {"message": "…", "type": "X", "code": code, **more}}, status, self.headers)

    def answer(self, asked: Any) -> Any:
        assert "access_token" not in asked.query
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self.error(190, 401)
        if asked.path in {f"/v26.0/{HANDLE}", f"/v26.0/{PAGE}"}:
            return self.reply(
                {"id": PAGE, "name": "Harbor Clinic", "username": self.username, "about": "A."}, 200, self.headers
            )
        if asked.path == f"/v26.0/{PAGE}/published_posts":
            return self.published(asked.query)
        if asked.path == "/v26.0/":
            ids = asked.query["ids"].split(",")
            if any(one in self.gone or one not in self.posts for one in ids):
                return self.error(100, error_subcode=33)
            return self.reply({one: self.shown(one) for one in ids}, 200, self.headers)
        return self.error(803, 404)

    def published(self, query: dict[str, str]) -> Any:
        if self.forget_places and "after" in query:
            return self.error(100)
        ids = sorted((one for one in self.posts if one not in self.gone), key=lambda one: self.posts[one][0], reverse=True)
        if since := query.get("since"):
            ids = [one for one in ids if self.posts[one][0].timestamp() >= int(since)]
        if after := query.get("after"):
            ids = [one for one in ids if self.posts[one][0] < self.posts[after][0]]
        page, rest = ids[: self.page_size], ids[self.page_size :]
        body: dict[str, Any] = {"data": [self.shown(one) for one in page]}
        if page:
            body["paging"] = {"cursors": {"before": page[0], "after": page[-1]}}
        if rest:
            body["paging"]["next"] = f"https://graph.facebook.com/v26.0/x?access_token={TOKEN}&after={page[-1]}"
        return self.reply(body, 200, self.headers)


@pytest.fixture
def graph(loopback):
    graph = Graph(loopback.Reply)
    loopback.answer = graph.answer
    return graph


@pytest.fixture
def make_crawler(loopback, clock):
    with crawlers_of(FacebookCrawler, clock, access_token=TOKEN, base_url=loopback.url, timeout=5) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("facebook", HANDLE)


def test_first_crawl_reads_all_and_the_next_one_the_trailing_window(graph, make_crawler, account, clock):
    old = graph.post(clock.now - timedelta(days=50), "old")
    recent = graph.post(clock.now - timedelta(days=5), "recent")
    crawler = make_crawler()
    first = list(crawler.crawl(CrawlRequest(account=account)))
    assert texts(first) == ["recent", "old"]
    assert first[0].native_account_id == PAGE
    assert first[0].profile.display_name == "Harbor Clinic"
    graph.posts[recent] = (graph.posts[recent][0], "recent, corrected")
    graph.posts[old] = (graph.posts[old][0], "old, corrected")
    clock.move(days=1)
    again = list(crawler.crawl(CrawlRequest(account=account, cursor=stored(first))))
    assert texts(again) == ["recent, corrected"]


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_killed_between_any_two_pages_nothing_is_lost(graph, make_crawler, account, clock, killed_after):
    ids = {graph.post(START + timedelta(hours=n), f"p{n}") for n in range(17)}
    crawl = make_crawler(reread_days=0).crawl(CrawlRequest(account=account))
    kept = [next(crawl) for _ in range(killed_after)]
    crawl.close()
    is_walk_open = killed_after < 5
    assert (stored(kept).state["read_until"] is None) is is_walk_open, "it moves when the walk is done, not before"
    clock.move(days=1)
    ids |= {graph.post(clock.now - timedelta(hours=n + 1), f"later {n}") for n in range(7)}
    rest = list(make_crawler(reread_days=0).crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in kept + rest for post in page.posts} == ids


def test_a_forgotten_place_begins_the_walk_again(graph, make_crawler, account):
    ids = {graph.post(START + timedelta(hours=n), f"p{n}") for n in range(12)}
    crawl = make_crawler().crawl(CrawlRequest(account=account))
    kept = [next(crawl), next(crawl)]
    crawl.close()
    graph.forget_places, graph.page_size = True, 50
    rest = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in rest for post in page.posts} == ids


def test_a_place_refused_within_one_crawl_is_an_error(graph, make_crawler, account):
    for n in range(12):
        graph.post(START + timedelta(hours=n), f"p{n}")
    graph.forget_places = True
    with pytest.raises(ParseError):
        list(make_crawler().crawl(CrawlRequest(account=account)))


def test_backfill_starts_where_it_was_asked_to(graph, make_crawler, account):
    for day in range(4):
        graph.post(START + timedelta(days=day), f"day {day}")
    pages = list(make_crawler().crawl(CrawlRequest(account=account, since=START + timedelta(days=2))))
    assert texts(pages) == ["day 3", "day 2"]


def test_page_limit_is_told_and_the_next_crawl_goes_on(graph, make_crawler, account):
    for n in range(20):
        graph.post(START + timedelta(hours=n), f"p{n}")
    first = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account)))
    assert "page limit reached" in first[-1].note
    second = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account, cursor=stored(first))))
    assert sorted(texts(first + second)) == sorted(f"p{n}" for n in range(20))


def test_the_platforms_window_limit_is_told(graph, make_crawler, account):
    graph.page_size = 100
    for n in range(590):
        graph.post(START + timedelta(minutes=n), "p")
    assert "platform window limit reached" in list(make_crawler().crawl(CrawlRequest(account=account)))[-1].note


def test_recheck_finds_a_few_gone_posts_among_many_with_few_questions(graph, make_crawler, account, clock, loopback):
    ids = [graph.post(clock.now - timedelta(days=100 + n), f"p{n}") for n in range(50)]
    graph.gone = {ids[13]}
    cursor = Cursor({"native_id": PAGE, "since": None, "read_until": int(clock.now.timestamp())})
    request = CrawlRequest(account=account, cursor=cursor, recheck=[known(one) for one in ids])
    pages = list(make_crawler().crawl(request))
    (gone,) = [one for page in pages for one in page.gone]
    assert (gone.native_id, gone.reason, gone.definite) == (ids[13], GoneReason.UNAVAILABLE, False)
    assert len(texts(pages)) == 49
    assert len([asked for asked in loopback.asked if "ids" in asked.query]) <= 13
    assert all(page.raw for page in pages), "every sighting has its evidence"


def test_recheck_leaves_out_what_the_walk_has_just_shown_and_what_is_no_id(graph, make_crawler, account, loopback):
    one = graph.post(START, "here")
    list(make_crawler().crawl(CrawlRequest(account=account, recheck=[known(one), known("x?fields=access_token")])))
    assert not [asked for asked in loopback.asked if "ids" in asked.query]


def test_the_token_is_in_the_header_and_the_proof_nowhere_in_the_evidence(graph, make_crawler, account, loopback):
    for n in range(7):
        graph.post(START + timedelta(hours=n), f"p{n}")
    pages = list(make_crawler(app_secret="invented app secret").crawl(CrawlRequest(account=account)))
    proof = hmac.new(b"invented app secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in loopback.asked)
    assert all(asked.query["appsecret_proof"] == proof for asked in loopback.asked)
    for raw in (raw for page in pages for raw in page.raw):
        shown = f"{raw.url} {raw.headers} {raw.body!r}"
        assert TOKEN not in shown
        assert proof not in shown
        assert "appsecret_proof" not in raw.url
    assert "after=" in pages[-1].raw[0].url
    assert b"REDACTED" in pages[1].raw[0].body
    assert pages[1].raw[0].collector == "facebook_pages 1, facebook-sdk 3.1.0"


def test_a_page_with_a_token_of_its_own_is_read_with_it(graph, make_crawler, account, make_account, loopback):
    graph.tokens = {"the page's own token"}
    crawler = make_crawler(page_tokens={"harborclinic": "the page's own token"})
    assert list(crawler.crawl(CrawlRequest(account=account)))
    assert loopback.asked[-1].headers["authorization"] == "Bearer the page's own token"
    by_id = make_crawler(access_token=None, page_tokens={PAGE: "the page's own token"})
    assert list(by_id.crawl(CrawlRequest(account=make_account("facebook", HANDLE, native_id=PAGE))))


def test_without_a_token_it_says_what_to_do(make_crawler, account, loopback):
    crawler = make_crawler(access_token=None)
    assert "NIGHTROUNDS_PLATFORMS__FACEBOOK__ACCESS_TOKEN" in crawler.missing_credentials()
    with pytest.raises(AuthError, match="ACCESS_TOKEN"):
        list(crawler.crawl(CrawlRequest(account=account)))
    others = make_crawler(access_token=None, page_tokens={"AnotherPage": "its token"})
    assert others.missing_credentials() == ""
    with pytest.raises(AuthError, match="no token in page_tokens"):
        list(others.crawl(CrawlRequest(account=account)))
    assert loopback.asked == []


@pytest.mark.parametrize("handle", ["", "..", "../me", "a b", "https://www.facebook.com/x", "é", "a?b"])
def test_a_handle_that_can_not_be_is_never_asked_for(graph, make_crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound):
        list(make_crawler().crawl(CrawlRequest(account=make_account("facebook", handle))))
    assert loopback.asked == []


def test_a_renamed_page_tells_its_name_and_another_api_version_is_noted(graph, make_crawler, account, clock):
    cursor = stored(list(make_crawler().crawl(CrawlRequest(account=account))))
    graph.username = "HarborHealth"
    graph.headers = {"facebook-api-version": "v27.0"}
    page = next(make_crawler().crawl(CrawlRequest(account=account, cursor=cursor)))
    assert page.handle == "HarborHealth"
    assert "another version" in page.note
    assert "Harbor" not in page.note


def test_a_page_listed_by_its_id_is_not_renamed_by_having_a_name(graph, make_crawler, make_account):
    assert next(make_crawler().crawl(CrawlRequest(account=make_account("facebook", PAGE)))).handle == PAGE
    graph.username = ""
    assert next(make_crawler().crawl(CrawlRequest(account=make_account("facebook", HANDLE)))).handle is None


def test_every_question_is_put_to_the_meter_first(graph, make_crawler, account, loopback):
    graph.post(START, "p")
    crawl = make_crawler().crawl(CrawlRequest(account=account, meter=Purse(1)))
    assert next(crawl).native_account_id == PAGE
    with pytest.raises(BudgetExhausted):
        next(crawl)
    assert len(loopback.asked) == 1


def usage(percent: Any, minutes: Any = 0) -> str:
    entry = {"type": "pages", "call_count": percent, "total_cputime": 1, "estimated_time_to_regain_access": minutes}
    return json.dumps({"12345": [entry, {"type": "ads", "call_count": 1, "estimated_time_to_regain_access": 0}]})


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-App-Usage": '{"call_count": 3, "total_time": 96, "total_cputime": 5}'}, timedelta(hours=1)),
        ({"X-Page-Usage": '{"call_count": 95}'}, timedelta(hours=1)),
        ({"X-Business-Use-Case-Usage": usage(99, 7)}, timedelta(minutes=7)),
    ],
)
def test_it_stops_before_the_wall_and_keeps_what_it_has(graph, make_crawler, account, clock, loopback, headers, wait):
    for n in range(12):
        graph.post(START + timedelta(hours=n), f"p{n}")
    graph.headers |= headers
    crawler = make_crawler()
    crawl = crawler.crawl(CrawlRequest(account=account))
    page = next(crawl)
    with pytest.raises(RateLimited, match=r"9[569] %") as caught:
        next(crawl)
    assert caught.value.until == clock.now + wait
    assert len(loopback.asked) == 1
    with pytest.raises(RateLimited):
        list(crawler.crawl(CrawlRequest(account=account, cursor=page.cursor)))
    assert len(loopback.asked) == 1, "the next account is not asked for either"
    graph.headers = {}
    clock.move(hours=2)
    assert len(texts(list(crawler.crawl(CrawlRequest(account=account, cursor=page.cursor))))) == 12


@pytest.mark.parametrize("value", ["", "[]", "{", '{"1": 5}', usage("99"), usage(True), usage(-1), usage(10**9), "[" * 5000])
def test_usage_that_can_not_be_read_stops_nothing(graph, make_crawler, account, value):
    graph.headers |= {"X-Business-Use-Case-Usage": value, "X-App-Usage": value}
    assert list(make_crawler().crawl(CrawlRequest(account=account)))


def test_a_page_that_leads_to_itself_ends_with_an_error(graph, make_crawler, account, loopback):
    paging = {"cursors": {"after": "same"}, "next": "https://graph.facebook.com/x"}
    loopback.answer = lambda asked: (
        loopback.Reply({"data": [{"id": f"{PAGE}_1"}], "paging": paging})
        if asked.path.endswith("posts")
        else graph.answer(asked)
    )
    with pytest.raises(ParseError, match="same page"):
        list(make_crawler().crawl(CrawlRequest(account=account)))


def test_a_page_of_which_nothing_was_understood_is_kept_and_fails(graph, make_crawler, account, loopback):
    loopback.answer = lambda asked: (
        loopback.Reply({"data": [{"id": 5}, None]}) if asked.path.endswith("posts") else graph.answer(asked)
    )
    crawl = make_crawler().crawl(CrawlRequest(account=account))
    next(crawl)
    page = next(crawl)
    assert (len(page.raw), page.posts, page.note) == (1, (), "2 posts not understood")
    assert page.cursor.state["read_until"] is None, "a post without an id can only be found by walking again"
    with pytest.raises(ParseError, match="none of the 2"):
        next(crawl)


@pytest.mark.parametrize(
    "state",
    [
        {"native_id": "42", "since": 5, "read_until": 9},
        {"native_id": PAGE, "since": "x", "read_until": None},
        {"native_id": PAGE, "since": None, "read_until": None, "walk": {"place": 1}},
        {"native_id": PAGE, "since": None, "read_until": None, "walk": {"place": {}, "seen": "1"}},
        {"native_id": PAGE, "since": None, "read_until": None, "walk": {"place": {"id": "9"}, "seen": 1, "started_at": 1}},
    ],
)
def test_a_cursor_that_is_none_of_ours_starts_anew(graph, make_crawler, make_account, state):
    graph.post(START, "p")
    account = make_account("facebook", HANDLE, native_id=PAGE)
    assert texts(list(make_crawler().crawl(CrawlRequest(account=account, cursor=Cursor(state))))) == ["p"]


def test_the_client_library_is_imported_without_a_warning(tmp_path):
    code = "import crawlers._graph.client"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.dont_write_bytecode = True; {code}"],
        env={"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONWARNINGS": "error:invalid escape sequence"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-500:]
