"""The Threads crawler against a small stateful stand-in: discovery, own accounts with replies, kills, absences, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crawled import known, stored, texts

from core.errors import AccountNotFound, AuthError, Outdated, ParseError, PermissionMissing, RateLimited
from core.records import CrawledPage, Cursor, GoneReason
from core.seams import UNMETERED, CrawlRequest, Meter
from crawlers.threads import ThreadsCrawler, ThreadsOptions

ME = "25000000000000077"
HANDLE = "harbor.clinic"
TOKEN, OWN = "THAAinvented|discovery/token", "THAAinvented|own/token"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Threads:
    """One account with posts and replies, newest first; a next page's address carries the token."""

    def __init__(self, loopback: Any) -> None:
        self.reply = loopback.Reply
        self.posts: dict[str, tuple[datetime, str, str]] = {}  # id -> time, words, the list it stands in
        self.gone: set[str] = set()
        self.spoiled: set[str] = set()
        self.username = HANDLE
        self.owner = ME
        self.may_read_replies = True
        self.page_size = 5
        self.unlisted: set[str] = set()
        loopback.answer = self.answer

    def post(self, at: datetime, words: str, edge: str = "threads") -> str:
        native_id = str(18_000_000_000_000_001 + len(self.posts))
        self.posts[native_id] = (at, words, edge)
        return native_id

    def shown(self, native_id: str) -> dict[str, Any]:
        at, words, edge = self.posts[native_id]
        stamp = 17 if native_id in self.spoiled else at.strftime("%Y-%m-%dT%H:%M:%S+0000")
        item = {"id": native_id, "text": words, "media_type": "TEXT_POST", "timestamp": stamp, "username": self.username}
        return item | ({"replied_to": {"id": "18000000000000900", "text": "asked"}} if edge == "replies" else {})

    def error(self, code: int, status: int = 400, **more: Any) -> Any:
        return self.reply({"error": {"message": f"{TOKEN} {OWN} {HANDLE}", "type": "X", "code": code, **more}}, status)

    def answer(self, asked: Any) -> Any:
        assert "access_token" not in asked.query
        path, token = asked.path.removeprefix("/v1.0/"), asked.headers["authorization"].removeprefix("Bearer ")
        if token == TOKEN and path in {"profile_lookup", "profile_posts"}:
            if asked.query["username"] != self.username:
                return self.error(24, error_subcode=4279009)
            profile = {"username": self.username, "name": "Harbor Clinic", "biography": "By the harbor."}
            return self.reply(profile) if path == "profile_lookup" else self.page("threads", asked.query)
        if token != OWN:
            return self.error(190, 401)
        if path == "me":
            return self.reply({"id": self.owner, "username": self.username, "name": "Harbor Clinic"})
        if path == f"{ME}/threads":
            return self.page("threads", asked.query)
        if path == f"{ME}/replies":
            return self.page("replies", asked.query) if self.may_read_replies else self.error(10, error_subcode=4279067)
        is_there = path in self.posts and path not in self.gone
        return self.reply({"id": path}) if is_there else self.error(100, error_subcode=33)

    def page(self, edge: str, query: dict[str, str]) -> Any:
        hidden = self.gone | self.unlisted
        ids = [one for one, (_, _, where) in self.posts.items() if where == edge and one not in hidden]
        ids.sort(key=lambda one: self.posts[one][0], reverse=True)
        if after := query.get("after"):
            ids = [one for one in ids if self.posts[one][0] < self.posts[after][0]]
        page, rest = ids[: self.page_size], ids[self.page_size :]
        body: dict[str, Any] = {"data": [self.shown(one) for one in page]}
        if page:
            body["paging"] = {"cursors": {"before": page[0], "after": page[-1]}}
        if rest:
            body["paging"]["next"] = f"https://graph.threads.net/v1.0/x?access_token={OWN}&after={page[-1]}"
        return self.reply(body)


@pytest.fixture
def threads(loopback):
    return Threads(loopback)


@pytest.fixture
def crawl(loopback, clock, make_account):
    """Crawl once, by discovery or (`own`) with the account's own token; `killed_after` pages the crawl is broken off."""

    def crawl(
        cursor: Cursor | None = None,
        *,
        own: bool = False,
        handle: str = HANDLE,
        native_id: str | None = None,
        since: datetime | None = None,
        recheck: Any = (),
        meter: Meter = UNMETERED,
        killed_after: int | None = None,
        **options: Any,
    ) -> list[CrawledPage]:
        given = {"access_token": TOKEN, "base_url": loopback.url, "timeout": 5, **options}
        given |= {"own_tokens": {HANDLE.upper(): OWN}} if own else {}
        crawler = ThreadsCrawler(ThreadsOptions(**given), clock=clock, sleep=lambda _: None)
        account = make_account("threads", handle, native_id)
        request = CrawlRequest(account=account, cursor=cursor, since=since, recheck=recheck, meter=meter)
        try:
            pages = crawler.crawl(request)
            return list(pages) if killed_after is None else [next(pages) for _ in range(killed_after)]
        finally:
            crawler.close()

    return crawl


def notes(pages: list[CrawledPage]) -> str:
    return "; ".join(page.note for page in pages if page.note) or "complete"


def missing(pages: list[CrawledPage]) -> list[tuple[str, str]]:
    assert all(one.reason is GoneReason.UNAVAILABLE and not one.definite for page in pages for one in page.gone)
    return [(one.native_id, one.path) for page in pages for one in page.gone]


def test_a_public_profile_is_known_by_its_name_alone(threads, crawl, clock, loopback):
    old = threads.post(clock.now - timedelta(days=50), "old")
    threads.post(clock.now - timedelta(days=5), "recent")
    threads.post(clock.now - timedelta(days=4), "a reply", "replies")
    first = crawl()
    assert (first[0].native_account_id, first[0].handle) == (None, HANDLE)
    assert (first[0].profile.display_name, first[0].profile.bio) == ("Harbor Clinic", "By the harbor.")
    assert texts(first) == ["recent", "old"]
    threads.posts[old] = (threads.posts[old][0], "old, corrected", "threads")
    clock.move(days=1)
    assert texts(crawl(stored(first))) == ["recent"]
    assert texts(crawl(stored(first), recheck=[known(old, threads.posts[old][0])])) == ["recent", "old, corrected"]


def test_an_account_with_a_token_tells_its_id_and_its_replies(threads, crawl, clock):
    threads.post(clock.now - timedelta(days=5), "post")
    threads.post(clock.now - timedelta(days=4), "reply", "replies")
    pages = crawl(own=True)
    assert (pages[0].native_account_id, pages[0].handle) == (ME, HANDLE)
    posts = {post.text: post for page in pages for post in page.posts}
    assert posts["post"].in_reply_to is None
    assert posts["reply"].in_reply_to.text == "asked"
    assert texts(crawl(own=True, replies=False)) == ["post"]


def test_a_rename_is_followed_where_the_id_is_known(threads, crawl):
    threads.post(START, "post")
    threads.username = "harbor.health"
    pages = crawl(own=True, native_id=ME)
    assert (pages[0].handle, texts(pages)) == ("harbor.health", ["post"])
    with pytest.raises(AccountNotFound, match="renamed or deleted"):
        crawl(native_id=ME)


@pytest.mark.parametrize("killed_after", range(1, 9))
def test_killed_between_any_two_pages_nothing_is_lost(threads, crawl, clock, killed_after):
    ids = {threads.post(START + timedelta(hours=n), f"p{n}", ("threads", "replies")[n % 2]) for n in range(31)}
    kept = crawl(own=True, killed_after=killed_after, reread_days=0)
    clock.move(days=1)
    ids |= {threads.post(clock.now - timedelta(hours=n + 1), f"new {n}", ("threads", "replies")[n % 2]) for n in range(14)}
    rest = crawl(stored(kept), own=True, reread_days=0)
    assert {post.native_id for page in kept + rest for post in page.posts} == ids


def test_a_forgotten_place_begins_the_walk_again_and_is_an_error_within_one_crawl(threads, crawl, loopback):
    ids = {threads.post(START + timedelta(hours=n), f"p{n}") for n in range(12)}
    kept = crawl(killed_after=2)
    loopback.answer = lambda asked: threads.error(100) if "after" in asked.query else threads.answer(asked)
    with pytest.raises(ParseError, match="refused the question"):
        crawl()
    threads.page_size = 50
    rest = crawl(stored(kept))
    assert {post.native_id for page in rest for post in page.posts} == ids


@pytest.mark.parametrize("edge", ["threads", "replies"])
def test_what_is_in_neither_list_is_missing_and_then_asked_for_by_id(threads, crawl, clock, edge):
    kept = [threads.post(clock.now - timedelta(days=20 * n + 2), f"p{n}") for n in range(9)]
    away = threads.post(clock.now - timedelta(days=70), "away", edge)
    threads.post(clock.now - timedelta(days=90), "reply", "replies")
    cursor = stored(crawl(own=True))
    at = threads.posts[away][0]
    due = [known(one, threads.posts[one][0]) for one in kept]
    assert missing(crawl(cursor, own=True, recheck=[*due, known(away, at)])) == []
    threads.gone = {away}
    pages = crawl(cursor, own=True, recheck=[*due, known(away, at)])
    assert missing(pages) == [(away, "listing")]
    assert pages[-1].raw
    assert missing(crawl(cursor, own=True, recheck=[known(away, at, "listing")])) == [(away, "node")]
    assert missing(crawl(cursor, own=True, recheck=[known(away, at, "node")])) == [(away, "listing")]
    threads.gone, threads.unlisted = set(), {away}
    pages = crawl(cursor, own=True, recheck=[known(away, at, "listing")])
    assert (missing(pages), pages[-1].verified) == ([], (away,))


def test_discovery_never_asks_for_a_single_post(threads, crawl, clock, loopback):
    away = threads.post(clock.now - timedelta(days=3), "away")
    at = threads.posts[away][0]
    cursor = stored(crawl())
    threads.gone = {away}
    assert missing(crawl(cursor, recheck=[known(away, at, "listing"), known("no id", at, "listing")])) == [
        (away, "listing"),
        ("no id", "listing"),
    ]
    assert {asked.path for asked in loopback.asked} == {"/v1.0/profile_lookup", "/v1.0/profile_posts"}


def test_without_leave_to_read_replies_the_posts_are_read_and_nothing_is_missing(threads, crawl, clock):
    threads.post(clock.now - timedelta(days=5), "post")
    away = threads.post(clock.now - timedelta(days=4), "reply", "replies")
    cursor = stored(crawl(own=True))
    threads.may_read_replies = False
    pages = crawl(cursor, own=True, recheck=[known(away, threads.posts[away][0])])
    assert texts(pages) == ["post"]
    assert missing(pages) == [], "it may be a reply"
    assert notes(pages) == "the account's replies were not read: its token lacks threads_read_replies"
    threads.may_read_replies = True
    assert texts(crawl(stored(pages), own=True)) == ["post", "reply"]


def test_a_post_not_understood_is_sought_until_it_is_read(threads, crawl):
    bad = threads.post(START - timedelta(days=90), "broken at first", "replies")
    threads.post(START, "sound")
    threads.spoiled = {bad}
    first = crawl(own=True)
    assert notes(first) == "1 post not understood"
    threads.spoiled = set()
    second = crawl(stored(first), own=True)
    assert (notes(second), "broken at first" in texts(second)) == ("complete", True)


def test_a_token_of_another_account_reads_nothing(threads, crawl, loopback):
    threads.owner = "25000000000000099"
    with pytest.raises(PermissionMissing, match="another account's"):
        crawl(own=True, native_id=ME)
    threads.owner, threads.username = ME, "somebody.else"
    with pytest.raises(PermissionMissing, match="another account's"):
        crawl(own=True)
    assert {asked.path for asked in loopback.asked} == {"/v1.0/me"}


def test_another_profile_than_the_one_asked_for_is_an_error(threads, crawl, loopback):
    loopback.reply_with(loopback.Reply({"username": "somebody.else", "name": "Somebody"}))
    with pytest.raises(ParseError, match="another profile"):
        crawl()


def test_each_account_with_a_token_has_a_credential_of_its_own(clock, make_account):
    crawler = ThreadsCrawler(ThreadsOptions(access_token=TOKEN, own_tokens={HANDLE: OWN, "empty": " "}), clock=clock)
    own, other = make_account("threads", HANDLE.upper()), make_account("threads", "other.clinic")
    assert crawler.credential_of(other) == crawler.credential_of(make_account("threads", "empty")) == "threads"
    assert crawler.credential_of(own) == f"threads account {own.id}"
    by_id = ThreadsCrawler(ThreadsOptions(own_tokens={ME: OWN}), clock=clock)
    assert by_id.missing_credentials() == ""
    assert by_id.credential_of(make_account("threads", "renamed", ME)) != "threads"


def test_without_a_token_it_says_what_to_do(crawl, clock, loopback):
    assert "THREADS__ACCESS_TOKEN" in ThreadsCrawler(ThreadsOptions(), clock=clock).missing_credentials()
    with pytest.raises(AuthError, match="THREADS__ACCESS_TOKEN"):
        crawl(access_token=None)
    with pytest.raises(AuthError, match="no token in own_tokens"):
        crawl(access_token=None, own_tokens={"another.clinic": OWN})
    assert loopback.asked == []


@pytest.mark.parametrize("handle", ["", "@harbor", "a b", "a/b", "..%2f", "https://www.threads.com/@x", "a" * 31, "é"])
def test_a_handle_that_can_not_be_is_never_asked_for(threads, crawl, loopback, handle):
    with pytest.raises(AccountNotFound):
        crawl(handle=handle)
    assert loopback.asked == []


@pytest.mark.parametrize(
    ("code", "more", "kind", "words"),
    [
        (10, {"error_subcode": 4279067}, PermissionMissing, r"threads_profile_discovery .*App Review"),
        (24, {"error_subcode": 4279009}, AccountNotFound, "fewer than 100 followers"),
        (190, {"error_subcode": 463}, AuthError, "it has expired"),
        (4, {}, RateLimited, "app limit"),
        (100, {"message": "Tried accessing nonexisting field (poll_attachment)"}, Outdated, "LEAVE_OUT"),
    ],
)
def test_refusals_say_what_to_do(threads, crawl, loopback, code, more, kind, words):
    loopback.reply_with(threads.error(code, **more))
    with pytest.raises(kind, match=words) as caught:
        crawl()
    for secret in (TOKEN, HANDLE):
        assert secret not in repr([caught.value, caught.value.args, caught.value.__context__, caught.value.__cause__])


def test_fields_that_threads_does_not_have_can_be_left_out(threads, crawl, loopback):
    crawl(own=True)
    fields = [asked.query["fields"] for asked in loopback.asked[1:]]
    assert ("alt_text" in fields[0], "alt_text" in fields[1]) == (True, False), "replies have no documented one"
    crawl(leave_out=["alt_text", "poll_attachment"])
    assert not {"alt_text", "poll_attachment"} & set(loopback.asked[-1].query["fields"].replace("}", ",").split(","))


def test_secrets_are_in_the_header_and_nowhere_in_the_evidence(threads, crawl, loopback):
    for n in range(7):
        threads.post(START + timedelta(hours=n), f"p{n}")
    pages = crawl(own=True, app_secret="invented app secret")
    assert all(asked.headers["authorization"] == f"Bearer {OWN}" for asked in loopback.asked)
    proofs = {asked.query["appsecret_proof"] for asked in loopback.asked}
    for raw in (raw for page in pages for raw in page.raw):
        shown = f"{raw.url} {raw.headers} {raw.body!r}"
        assert not [secret for secret in (OWN, "invented app secret", *proofs) if secret in shown]
    assert b"REDACTED" in pages[1].raw[0].body
    assert pages[0].raw[0].collector.startswith("threads 1, facebook-sdk ")


def test_the_limit_of_pages_is_told_for_each_list(threads, crawl):
    for n in range(12):
        threads.post(START + timedelta(hours=n), f"p{n}", ("threads", "replies")[n % 2])
    first = crawl(own=True, max_pages=1)
    assert notes(first).count("page limit reached") == 2
    second = crawl(stored(first), own=True, max_pages=2)
    assert sorted({*texts(first), *texts(second)}) == sorted(f"p{n}" for n in range(12))


def test_a_name_that_somebody_else_has_taken_is_not_read(threads, crawl):
    mine = [threads.post(START - timedelta(days=n), f"mine {n}") for n in range(3)]
    first = crawl()
    threads.gone = set(mine)
    later = [threads.post(START + timedelta(hours=n), f"theirs {n}") for n in range(7)]
    threads.post(START - timedelta(days=60), "theirs of old")
    with pytest.raises(AccountNotFound, match="may belong to somebody else now"):
        crawl(stored(first))
    threads.gone = {later[3], *mine[1:]}
    again = crawl(stored(first))  # one of the known posts is proof enough, however many came after it
    assert {post.native_id for page in again for post in page.posts} == {*later, mine[0]} - {later[3]}


def test_an_account_that_deleted_all_it_had_shown_and_posts_nothing_is_no_other(threads, crawl):
    mine = [threads.post(START - timedelta(days=n), f"mine {n}") for n in range(3)]
    first = crawl()
    threads.gone = set(mine)
    assert not [page for page in crawl(stored(first)) if page.posts]
