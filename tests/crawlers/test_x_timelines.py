"""The X crawler against a small stateful stand-in: paging, cursors, kills, edits, deletions, both vocabularies."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from crawled import known, texts

from core.errors import AccountNotFound, AccountPrivate, AuthError, CrawlError, Outdated, ParseError
from core.records import CrawledPage, Cursor, GoneReason
from core.seams import CrawlRequest
from crawlers._x.posts import id_at, time_of
from crawlers.x_timelines import XCrawler, XOptions

USER = "1700000000000000001"
HANDLE = "harbor_clinic"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SPECS = Path(__file__).resolve().parents[2] / "../shared/data/specs/x"


@pytest.fixture(params=["tweet", "post"])
def world(request, loopback, make_x_world):
    world = make_x_world(request.param)
    loopback.answer = world.answer
    return world


@pytest.fixture
def crawler(world, loopback, clock):
    options = XOptions(bearer_token="invented-bearer-token", base_url=loopback.url, vocabulary=world.vocabulary, timeout=5)
    crawler = XCrawler(options, clock=clock, sleep=lambda _: None)
    yield crawler
    crawler.close()


@pytest.fixture
def account(make_account):
    return make_account("x", HANDLE)


def last_cursor(pages: list[CrawledPage], before: Cursor | None = None) -> Cursor | None:
    """The cursor as storage would hold it: JSON, of the last page that had one."""
    cursors = [page.cursor for page in pages if page.cursor]
    return Cursor(json.loads(json.dumps(dict(cursors[-1].state)))) if cursors else before


def test_first_crawl_reads_all_and_the_next_one_only_what_is_new(world, crawler, account, loopback):
    for day in range(12):
        world.post(START + timedelta(days=day), f"day {day}")
    first = list(crawler.crawl(CrawlRequest(account=account)))
    assert texts(first) == [f"day {day}" for day in range(11, -1, -1)]
    assert first[0].native_account_id == USER
    assert first[0].profile.display_name == "Harbor Clinic"
    world.post(START + timedelta(days=13), "new")
    again = list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(first))))
    assert texts(again) == ["new"]
    assert loopback.asked[-1].path == f"/2/users/{USER}/tweets"
    assert not any("bearer" in str(page.raw[0].headers).lower() for page in first)


def test_a_quiet_account_costs_no_post_reads(world, crawler, account):
    world.post(START, "old")
    cursor = last_cursor(list(crawler.crawl(CrawlRequest(account=account))))
    assert texts(list(crawler.crawl(CrawlRequest(account=account, cursor=cursor)))) == []


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_killed_between_any_two_pages_nothing_is_lost(world, crawler, account, clock, killed_after):
    ids = [world.post(START + timedelta(hours=n), f"p{n}") for n in range(17)]
    stored: dict[str, str] = {}
    crawl = crawler.crawl(CrawlRequest(account=account))
    kept = []
    for _ in range(killed_after):
        page = next(crawl)
        kept.append(page)
        stored |= {post.native_id: post.text for post in page.posts}
    crawl.close()
    is_walk_open = killed_after < 5
    assert (last_cursor(kept).state["since_id"] == "") is is_walk_open, "the bound rises when the walk is done, not before"
    clock.move(days=1)
    ids += [world.post(clock.now - timedelta(hours=3, minutes=n), f"later {n}") for n in range(7)]
    rest = list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(kept))))
    stored |= {post.native_id: post.text for page in rest for post in page.posts}
    assert set(stored) == set(ids)
    clock.move(days=1)
    assert texts(list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(rest))))) == []


def test_killed_every_page_for_ever_it_still_gets_through(world, crawler, account):
    ids = {world.post(START + timedelta(hours=n), f"p{n}") for n in range(23)}
    cursor, seen = None, set()
    for _ in range(12):
        crawl = crawler.crawl(CrawlRequest(account=account, cursor=cursor))
        pages = [page for _, page in zip(range(2), crawl, strict=False)]  # the profile and one page of posts
        crawl.close()
        cursor = last_cursor(pages, cursor)
        seen |= {post.native_id for page in pages for post in page.posts}
    assert seen == ids


def test_a_forgotten_token_is_replaced_by_the_oldest_id_seen(world, crawler, account, loopback):
    ids = {world.post(START + timedelta(hours=n), f"p{n}") for n in range(12)}
    crawl = crawler.crawl(CrawlRequest(account=account))
    kept = [next(crawl), next(crawl)]
    crawl.close()
    world.forget_tokens = True
    world.page_size = 50
    rest = list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(kept))))
    assert {post.native_id for page in kept + rest for post in page.posts} == ids
    assert any(asked.query.get("until_id") for asked in loopback.asked)


def test_an_edit_within_its_half_hour_is_seen_the_next_night(world, crawler, account, clock):
    first = world.post(clock.now - timedelta(minutes=10), "teh clinic")
    before = list(crawler.crawl(CrawlRequest(account=account)))
    last = world.edit(first, clock.now + timedelta(minutes=5), "the clinic")
    clock.move(days=1)
    after = list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(before))))
    (post,) = [post for page in after for post in page.posts]
    assert (post.native_id, post.revision, post.text) == (first, last, "the clinic")
    assert post.posted_at == time_of(first)
    assert post.edited_at == time_of(last)


def test_the_bound_keeps_what_can_still_be_edited_in_reach(world, crawler, account, clock):
    world.post(clock.now - timedelta(hours=2), "settled")
    world.post(clock.now - timedelta(minutes=20), "may still change")
    pages = list(crawler.crawl(CrawlRequest(account=account)))
    again = list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(pages))))
    assert texts(again) == ["may still change"]


def test_backfill_starts_where_it_was_asked_to(world, crawler, account):
    for day in range(5):
        world.post(START + timedelta(days=day), f"day {day}")
    pages = list(crawler.crawl(CrawlRequest(account=account, since=START + timedelta(days=3))))
    assert texts(pages) == ["day 4", "day 3"]


def test_page_limit_is_told_and_the_next_crawl_goes_on(world, loopback, account, clock):
    for n in range(20):
        world.post(START + timedelta(hours=n), f"p{n}")
    options = XOptions(bearer_token="invented-bearer-token", base_url=loopback.url, vocabulary=world.vocabulary, max_pages=2)
    crawler = XCrawler(options, clock=clock)
    first = list(crawler.crawl(CrawlRequest(account=account)))
    assert "page limit reached" in first[-1].note
    second = list(crawler.crawl(CrawlRequest(account=account, cursor=last_cursor(first))))
    assert sorted(texts(first + second)) == sorted(f"p{n}" for n in range(20))


def test_recheck_finds_edits_deletions_and_what_is_still_there(world, crawler, account, clock):
    same, edited, deleted, protected, withheld, odd = (world.post(START + timedelta(hours=n), f"p{n}") for n in range(6))
    cursor = last_cursor(list(crawler.crawl(CrawlRequest(account=account))))
    latest = world.edit(edited, START + timedelta(minutes=80), "better")
    world.problems = {
        deleted: "resource-not-found",
        protected: "not-authorized-for-resource",
        withheld: "disallowed-resource",
        odd: "resource-unavailable",
    }
    due = [known(one, revision=one) for one in (same, edited, deleted, protected, withheld, odd)]
    pages = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
    found = {post.native_id: (post.revision, post.text) for page in pages for post in page.posts}
    assert found == {same: (same, "p0"), edited: (latest, "better")}
    gone = {one.native_id: (one.reason, one.definite) for page in pages for one in page.gone}
    assert gone == {
        deleted: (GoneReason.DELETED, True),
        protected: (GoneReason.PRIVATE, True),
        withheld: (GoneReason.WITHHELD, True),
        odd: (GoneReason.UNAVAILABLE, False),
    }


def test_recheck_asks_in_batches_of_a_hundred_by_the_version_last_seen(world, crawler, account, loopback, clock):
    ids = [world.post(START + timedelta(minutes=40 * n), "p") for n in range(230)]
    latest = world.edit(ids[0], START + timedelta(minutes=10), "edited")
    world.page_size = 100
    cursor = last_cursor(list(crawler.crawl(CrawlRequest(account=account))))
    loopback.asked.clear()
    due = [known(ids[0], revision=latest), *(known(one) for one in ids[1:])]
    pages = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
    asked = [ask.query["ids"].split(",") for ask in loopback.asked if ask.path == "/2/tweets"]
    assert [len(batch) for batch in asked] == [100, 100, 30]
    assert asked[0][0] == latest
    assert sum(len(page.posts) for page in pages) == 230


def test_recheck_leaves_out_what_the_timeline_has_just_shown(world, crawler, account, loopback):
    one = world.post(START, "here")
    list(crawler.crawl(CrawlRequest(account=account, recheck=[known(one)])))
    assert not [asked for asked in loopback.asked if asked.path == "/2/tweets"]


def test_what_x_says_nothing_of_is_neither_gone_nor_verified(world, crawler, account, loopback):
    real = world.answer
    loopback.answer = lambda asked: loopback.Reply({"data": []}) if asked.path == "/2/tweets" else real(asked)
    page = list(crawler.crawl(CrawlRequest(account=account, recheck=[known("123")])))[-1]
    assert (page.posts, page.gone, page.verified) == ((), (), ())
    assert page.note == "X said nothing of 1 looked-up posts"


def test_a_renamed_account_is_asked_for_by_its_id_and_tells_its_new_handle(world, crawler, account, loopback):
    cursor = last_cursor(list(crawler.crawl(CrawlRequest(account=account))))
    world.user["username"] = "harbor_health"
    page = next(crawler.crawl(CrawlRequest(account=account, cursor=cursor)))
    assert loopback.asked[-1].path == f"/2/users/{USER}"
    assert page.handle == "harbor_health"
    assert not page.note


def test_a_known_id_is_asked_for_at_once_and_another_accounts_cursor_is_not_used(world, crawler, make_account, loopback):
    world.post(START, "p")
    foreign = Cursor({"native_id": "42", "since_id": id_at(START + timedelta(days=9)), "start_time": "", "walk": None})
    account = make_account("x", HANDLE, native_id=USER)
    assert texts(list(crawler.crawl(CrawlRequest(account=account, cursor=foreign)))) == ["p"]
    assert loopback.asked[0].path == f"/2/users/{USER}"


def test_a_protected_account_gives_its_profile_and_then_the_reason(world, crawler, account):
    world.user["protected"] = True
    crawl = crawler.crawl(CrawlRequest(account=account))
    assert next(crawl).native_account_id == USER
    with pytest.raises(AccountPrivate, match="protected"):
        next(crawl)


@pytest.mark.parametrize("handle", ["@harbor", "a/../b", "a b", "", "sixteen_letters_", "х"])
def test_a_handle_that_x_can_not_have_is_never_asked_for(world, crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound):
        list(crawler.crawl(CrawlRequest(account=make_account("x", handle))))
    assert loopback.asked == []


def test_the_wrong_vocabulary_is_told_with_its_mend(world, loopback, account, clock):
    other = "post" if world.vocabulary == "tweet" else "tweet"
    crawler = XCrawler(XOptions(bearer_token="invented-bearer-token", base_url=loopback.url, vocabulary=other), clock=clock)
    with pytest.raises(Outdated, match="VOCABULARY"):
        list(crawler.crawl(CrawlRequest(account=account)))


def test_replies_are_excluded_where_asked(world, loopback, account, clock):
    options = XOptions(
        bearer_token="invented-bearer-token", base_url=loopback.url, vocabulary=world.vocabulary, exclude_replies=True
    )
    list(XCrawler(options, clock=clock).crawl(CrawlRequest(account=account)))
    assert loopback.asked[-1].query["exclude"] == "replies"


def test_a_page_that_leads_to_itself_ends_with_an_error(world, crawler, account, loopback):
    real = world.answer
    post = {"id": id_at(START), "text": "p"}

    def looping(asked):
        if asked.path.endswith("/tweets") and "ids" not in asked.query:
            return loopback.Reply({"data": [post], "meta": {"result_count": 1, "next_token": "same"}})
        return real(asked)

    loopback.answer = looping
    with pytest.raises(ParseError, match="same page"):
        list(crawler.crawl(CrawlRequest(account=account)))


def test_a_page_of_which_nothing_was_understood_is_kept_and_fails(world, crawler, account, loopback):
    real = world.answer
    bad = loopback.Reply({"data": [{"id": 5, "text": "p"}, {"id": "6"}], "meta": {"result_count": 2}})
    loopback.answer = lambda asked: bad if asked.path.endswith("/tweets") else real(asked)
    crawl = crawler.crawl(CrawlRequest(account=account))
    next(crawl)
    page = next(crawl)
    assert (len(page.raw), page.posts, page.note) == (1, (), "2 posts not understood")
    assert page.cursor.state["since_id"] == "", "a post without an id can only be found by walking again"
    with pytest.raises(ParseError, match="none of the 2"):
        next(crawl)


def test_posts_of_others_and_superseded_versions_on_one_page_are_left_out(world, crawler, account, loopback):
    real = world.answer
    history = world.names["history"]
    items = [
        {"id": "11", "text": "mine"},
        {"id": "12", "text": "not mine", "author_id": "99"},
        {"id": "14", "text": "new version", history: ["13", "14"]},
        {"id": "13", "text": "old version", history: ["13", "14"]},
        {"id": "15", "text": None},
    ]
    mixed = loopback.Reply({"data": items, "meta": {"result_count": 5}})
    loopback.answer = lambda asked: mixed if asked.path.endswith("/tweets") else real(asked)
    pages = list(crawler.crawl(CrawlRequest(account=account)))
    assert texts(pages) == ["mine", "new version"]
    assert pages[-1].note == "1 post not understood; 1 by another account left out"


def test_the_platforms_window_limit_is_told(world, crawler, account, clock):
    world.page_size = 100
    for n in range(3150):
        world.post(START + timedelta(minutes=n), "p")
    pages = list(crawler.crawl(CrawlRequest(account=account)))
    assert "platform window limit reached" in pages[-1].note


def test_without_a_token_it_says_what_to_do(loopback, account, clock):
    crawler = XCrawler(XOptions(base_url=loopback.url), clock=clock)
    assert "NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN" in crawler.missing_credentials()
    with pytest.raises(AuthError, match="BEARER_TOKEN"):
        list(crawler.crawl(CrawlRequest(account=account)))
    assert XCrawler(XOptions(bearer_token="t"), clock=clock).missing_credentials() == ""


@pytest.mark.parametrize(("vocabulary", "spec"), [("tweet", "openapi-2.166-*"), ("post", "openapi-2.167-*")])
def test_every_parameter_we_send_is_in_xs_specification(vocabulary, spec, make_x_world, loopback, account, clock):
    files = sorted(SPECS.glob(f"{spec}.json")) if SPECS.is_dir() else []
    if not files:
        pytest.skip("X's specification is not at hand")
    document = json.loads(files[0].read_text())
    world = make_x_world(vocabulary)
    world.post(START, "p")
    loopback.answer = world.answer
    options = XOptions(bearer_token="invented-bearer-token", base_url=loopback.url, vocabulary=vocabulary)
    list(XCrawler(options, clock=clock).crawl(CrawlRequest(account=account, since=START, recheck=[known("5")])))
    paths = {
        f"/2/users/by/username/{HANDLE}": "/2/users/by/username/{username}",
        f"/2/users/{USER}/tweets": "/2/users/{id}/tweets",
    }
    for asked in loopback.asked:
        allowed = {}
        for parameter in document["paths"][paths.get(asked.path, asked.path)]["get"]["parameters"]:
            if "$ref" in parameter:
                parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
            allowed[parameter["name"]] = parameter["schema"].get("items", {}).get("enum")
        for name, value in asked.query.items():
            assert name in allowed
            assert allowed[name] is None or set(value.split(",")) <= set(allowed[name])


def test_only_crawl_errors_escape_when_the_server_is_not_there(account, clock):
    options = XOptions(bearer_token="invented-bearer-token", base_url="http://127.0.0.1:9")
    with pytest.raises(CrawlError, match="can't be reached"):
        list(XCrawler(options, clock=clock, sleep=lambda _: None).crawl(CrawlRequest(account=account)))
