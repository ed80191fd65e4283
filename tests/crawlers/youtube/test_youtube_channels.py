"""The YouTube crawler against a small stateful stand-in: paging, cursors, kills, budgets, the feed's hint, names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crawled import stored, texts

from core.errors import AccountNotFound, AccountPrivate, AuthError, BudgetExhausted, ParseError
from core.records import CrawledPage, Cursor, GoneReason
from core.seams import CrawlRequest, Meter

CHANNEL = "UCinventedHarborClinic00"
HANDLE = "@HarborClinic"
KEY = "AIzaInvented-key_of/tests+1"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Counting(Meter):
    def __init__(self, most: int = 10**6) -> None:
        self.most, self.units, self.calls = most, 0, 0

    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        if self.units + units > self.most:
            raise BudgetExhausted("no more units")
        self.units, self.calls = self.units + units, self.calls + calls

    def took(self, resource: str, count: int) -> None:
        raise AssertionError("YouTube bills by question")


def notes(pages: list[CrawledPage]) -> list[str]:
    return [page.note for page in pages if page.note]


def paths(loopback: Any) -> list[str]:
    return [asked.path.rpartition("/")[2] for asked in loopback.asked]


def test_first_crawl_reads_all_and_the_next_one_the_trailing_window(tube, make_crawler, account, clock):
    old = tube.post(clock.now - timedelta(days=50), "old")
    recent = tube.post(clock.now - timedelta(days=5), "recent")
    crawler = make_crawler()
    first = list(crawler.crawl(CrawlRequest(account=account)))
    assert texts(first) == ["recent", "old"]
    assert (first[0].native_account_id, first[0].handle) == (CHANNEL, "@harborclinic")
    assert first[0].profile.display_name == "Harbor Clinic"
    tube.videos[recent] = (tube.videos[recent][0], "recent, corrected")
    tube.videos[old] = (tube.videos[old][0], "old, corrected")
    clock.move(days=1)
    again = list(crawler.crawl(CrawlRequest(account=account, cursor=stored(first))))
    assert texts(again) == ["recent, corrected"]


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_killed_between_any_two_pages_nothing_is_lost(tube, make_crawler, account, clock, killed_after):
    ids = {tube.post(START + timedelta(hours=n), f"p{n}") for n in range(17)}
    crawl = make_crawler(reread_days=0).crawl(CrawlRequest(account=account))
    kept = [next(crawl) for _ in range(killed_after)]
    crawl.close()
    assert (stored(kept).state["read_until"] is None) is (killed_after < 5), "it moves when the walk is done, not before"
    clock.move(days=1)
    ids |= {tube.post(clock.now - timedelta(hours=n + 1), f"later {n}") for n in range(7)}
    rest = list(make_crawler(reread_days=0).crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in kept + rest for post in page.posts} == ids


def test_a_stored_token_is_not_trusted_once_videos_above_it_are_gone(tube, make_crawler, account, clock):
    ids = [tube.post(START + timedelta(hours=n), f"p{n}") for n in range(17)]
    crawl = make_crawler(reread_days=0).crawl(CrawlRequest(account=account))
    kept = [next(crawl), next(crawl)]
    crawl.close()
    tube.gone = set(ids[-3:])  # the newest three: the offset would now skip three that were never read
    rest = list(make_crawler(reread_days=0).crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in kept + rest for post in page.posts} == set(ids)


def test_a_forgotten_token_begins_the_walk_again_and_a_fresh_one_refused_is_an_error(tube, make_crawler, account):
    ids = {tube.post(START + timedelta(hours=n), f"p{n}") for n in range(12)}
    crawl = make_crawler().crawl(CrawlRequest(account=account))
    kept = [next(crawl), next(crawl)]
    crawl.close()
    tube.refuse_tokens, tube.page_size = True, 50
    rest = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert {post.native_id for page in rest for post in page.posts} == ids
    tube.page_size = 5
    with pytest.raises(ParseError):
        list(make_crawler().crawl(CrawlRequest(account=account)))


def test_a_night_without_change_costs_one_unit(tube, make_crawler, account, clock, loopback):
    for n in range(20):
        tube.post(START + timedelta(hours=n), f"p{n}")
    cursor = stored(list(make_crawler().crawl(CrawlRequest(account=account))))
    loopback.asked.clear()
    clock.move(days=1)
    meter = Counting()
    quiet = list(make_crawler().crawl(CrawlRequest(account=account, cursor=cursor, meter=meter)))
    assert paths(loopback) == ["channels", "videos.xml"]
    assert (meter.calls, meter.units) == (2, 1)
    assert not notes(quiet)
    assert all(page.raw for page in quiet), "the feed that let us rest is kept as evidence"


def test_the_feed_is_only_a_hint(tube, make_crawler, account, clock, loopback):
    """A walk is taken whatever it says when the count of videos moves, and after a week in any case."""
    ids = [tube.post(START - timedelta(days=1, hours=n), f"p{n}") for n in range(20)]
    cursor = stored(list(make_crawler().crawl(CrawlRequest(account=account))))
    tube.gone = {ids[-1]}  # beyond the newest fifteen
    assert any("playlistItems" in path for path in asked_paths(make_crawler, account, cursor, loopback))
    tube.gone = set()
    assert "playlistItems" not in asked_paths(make_crawler, account, cursor, loopback)
    clock.move(days=7)
    assert "playlistItems" in asked_paths(make_crawler, account, cursor, loopback)


def asked_paths(make_crawler: Any, account: Any, cursor: Cursor, loopback: Any) -> list[str]:
    loopback.asked.clear()
    list(make_crawler().crawl(CrawlRequest(account=account, cursor=cursor)))
    return paths(loopback)


@pytest.mark.parametrize("trouble", ["status", "html", "off", "deeper", "outstanding", "unfinished"])
def test_without_a_trustworthy_feed_the_list_is_walked(tube, make_crawler, account, loopback, clock, trouble):
    tube.post(START, "p")
    state = dict(stored(list(make_crawler().crawl(CrawlRequest(account=account, since=START)))).state)
    options: dict[str, Any] = {}
    since = START
    if trouble == "status":
        tube.feed_status = 404
    elif trouble == "html":
        answer = tube.answer
        loopback.answer = lambda asked: (
            loopback.Reply(b"<html>Before you continue</html>", media_type="text/html")
            if "feeds" in asked.path
            else answer(asked)
        )
    elif trouble == "off":
        options["feed_url"] = ""
    elif trouble == "deeper":
        since = START - timedelta(days=30)
    elif trouble == "outstanding":
        state["outstanding"] = ["video000000"]
    else:
        state["walk"] = {"started_at": 1, "since": None, "place": None, "seen": 0, "newest": 0, "has_gaps": False}
    loopback.asked.clear()
    pages = list(make_crawler(**options).crawl(CrawlRequest(account=account, cursor=Cursor(state), since=since)))
    assert "playlistItems" in paths(loopback)
    assert not notes(pages), "a feed that is not there is no gap: the list was read"


def test_backfill_starts_where_it_was_asked_to(tube, make_crawler, account):
    for day in range(4):
        tube.post(START + timedelta(days=day), f"day {day}")
    assert texts(list(make_crawler().crawl(CrawlRequest(account=account, since=START + timedelta(days=2))))) == [
        "day 3",
        "day 2",
    ]


def test_page_limit_is_told_and_the_next_crawl_goes_on(tube, make_crawler, account):
    for n in range(20):
        tube.post(START + timedelta(hours=n), f"p{n}")
    first = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account)))
    assert "page limit reached" in first[-1].note
    second = list(make_crawler(max_pages=2).crawl(CrawlRequest(account=account, cursor=stored(first))))
    assert sorted(texts(first + second)) == sorted(f"p{n}" for n in range(20))


def test_hidden_in_the_list_is_a_sighting_and_public_but_not_shown_is_a_gap_until_it_is_read(tube, make_crawler, account):
    hidden, unshown = tube.post(START, "hidden"), tube.post(START, "unshown")
    tube.post(START, "seen")
    tube.hidden, tube.unshown = {hidden}, {unshown}
    first = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert [(g.native_id, g.reason, g.definite, g.path) for g in first[-1].gone] == [
        (hidden, GoneReason.UNAVAILABLE, False, "lookup")
    ]
    assert notes(first) == ["1 post not understood"]
    assert stored(first).state["outstanding"] == [unshown]
    tube.unshown = set()
    assert "unshown" in texts(again := list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(first)))))
    assert stored(again).state["outstanding"] == []


@pytest.mark.parametrize(
    ("handle", "asked", "told"),
    [
        ("@HarborClinic", ("forHandle", "@HarborClinic"), "@harborhealth"),
        ("HarborClinic", ("forHandle", "HarborClinic"), "harborhealth"),
        (CHANNEL, ("id", CHANNEL), CHANNEL),
        ("user/HarborFilms", ("forUsername", "HarborFilms"), "user/HarborFilms"),
    ],
)
def test_each_way_to_name_a_channel_and_the_handle_told_back(tube, make_crawler, make_account, loopback, handle, asked, told):
    tube.handle = "@harborhealth"
    page = next(iter(make_crawler().crawl(CrawlRequest(account=make_account("youtube", handle)))))
    assert asked in loopback.asked[0].query.items()
    assert page.handle == told
    next(iter(make_crawler().crawl(CrawlRequest(account=make_account("youtube", handle, native_id=CHANNEL)))))
    assert loopback.asked[-1].query["id"] == CHANNEL, "once the id is known it is asked for, so that a rename is followed"


@pytest.mark.parametrize("handle", ["", "..//me", "a b", "https://www.youtube.com/@x", "user/", "user/a/b", "a?key=1"])
def test_a_handle_that_can_not_be_is_never_asked_for(tube, make_crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound):
        list(make_crawler().crawl(CrawlRequest(account=make_account("youtube", handle))))
    assert loopback.asked == []


def test_a_private_channel_is_told_and_one_without_videos_is_complete(tube, make_crawler, account):
    assert notes(list(make_crawler().crawl(CrawlRequest(account=account)))) == []
    tube.privacy = "private"
    with pytest.raises(AccountPrivate):
        list(make_crawler().crawl(CrawlRequest(account=account)))


def test_a_list_that_is_gone_though_videos_are_counted_is_no_empty_channel(tube, make_crawler, account, loopback):
    tube.post(START, "p")
    answer = tube.answer
    loopback.answer = lambda asked: (
        tube.refusal(404, "playlistNotFound") if asked.path.endswith("playlistItems") else answer(asked)
    )
    with pytest.raises(AccountNotFound):
        list(make_crawler().crawl(CrawlRequest(account=account)))


def test_a_spent_budget_stops_before_the_question_and_keeps_what_was_read(tube, make_crawler, account, loopback):
    for n in range(12):
        tube.post(START + timedelta(hours=n), f"p{n}")
    crawl = make_crawler().crawl(CrawlRequest(account=account, meter=Counting(most=4)))
    kept = [next(crawl), next(crawl)]
    with pytest.raises(BudgetExhausted):
        next(crawl)
    assert paths(loopback) == ["channels", "videos.xml", "playlistItems", "videos", "playlistItems"]
    rest = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(kept))))
    assert sorted(set(texts(kept + rest))) == sorted(f"p{n}" for n in range(12))


def test_the_key_is_in_a_header_and_nowhere_else(tube, make_crawler, account):
    tube.post(START, "p")
    tube.videos["video000000"] = (START, f"echoed {KEY}")
    for raw in (raw for page in make_crawler().crawl(CrawlRequest(account=account)) for raw in page.raw):
        assert KEY not in f"{raw.url} {raw.headers} {raw.body!r}"
        assert raw.collector.startswith("youtube_channels 1, google-api-python-client 2.")


def test_without_a_key_it_says_what_to_do(make_crawler, account, loopback):
    crawler = make_crawler(api_key=None)
    assert "NIGHTROUNDS_PLATFORMS__YOUTUBE__API_KEY" in crawler.missing_credentials()
    with pytest.raises(AuthError, match="API_KEY"):
        list(crawler.crawl(CrawlRequest(account=account)))
    assert loopback.asked == []


@pytest.mark.parametrize(
    "state", [{"native_id": "UCx"}, {"native_id": CHANNEL, "since": "x"}, {"native_id": CHANNEL, "walk": 5}]
)
def test_a_cursor_that_is_none_of_ours_starts_anew(tube, make_crawler, make_account, state):
    tube.post(START, "p")
    account = make_account("youtube", HANDLE, native_id=CHANNEL)
    assert texts(list(make_crawler().crawl(CrawlRequest(account=account, cursor=Cursor(state))))) == ["p"]


def test_a_page_of_which_nothing_was_understood_is_kept_and_fails(tube, make_crawler, account, loopback):
    answer = tube.answer
    loopback.answer = lambda asked: (
        loopback.Reply({"items": [{"id": 5}, None]}) if asked.path.endswith("playlistItems") else answer(asked)
    )
    crawl = make_crawler().crawl(CrawlRequest(account=account))
    next(crawl)
    page = next(crawl)
    assert (len(page.raw), page.posts, page.note) == (1, (), "2 posts not understood")
    assert page.cursor.state["read_until"] is None
    with pytest.raises(ParseError, match="none of the 2"):
        next(crawl)


def shrinking(tube: Any, loopback: Any, *at: int) -> None:
    """Whenever a page of this number is asked for, the newest video has just been deleted."""
    asked_pages, answer = [0], tube.answer

    def reply(asked: Any) -> Any:
        if asked.path.endswith("playlistItems"):
            asked_pages[0] += 1
            if asked_pages[0] in at:
                tube.gone.add(tube.listed()[0])
        return answer(asked)

    loopback.answer = reply


def test_a_video_deleted_between_two_pages_hides_no_other(tube, make_crawler, account, loopback):
    ids = [tube.post(START + timedelta(hours=n), f"p{n}") for n in range(17)]
    shrinking(tube, loopback, 2)
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert {post.native_id for page in pages for post in page.posts} == set(ids)
    assert notes(pages) == []


def test_a_list_that_shrinks_on_and_on_is_told_and_walked_again(tube, make_crawler, account, clock, loopback):
    ids = [tube.post(START + timedelta(hours=n), f"p{n}") for n in range(30)]
    shrinking(tube, loopback, 2, 4, 6)
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert notes(pages)[0] == "the list of uploads became shorter while it was read: videos may have been skipped"
    loopback.answer = tube.answer
    again = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(pages))))
    assert {post.native_id for page in again for post in page.posts} == set(ids) - tube.gone
    assert notes(again) == []


@pytest.mark.parametrize(("total", "seen"), [(500, 0), (0, 0), (500, 3)])
def test_a_list_that_ends_before_its_count_is_told_and_walked_again(tube, make_crawler, account, clock, loopback, total, seen):
    ids = [tube.post(START + timedelta(hours=n), f"p{n}") for n in range(4)]
    answer = tube.answer

    def short(asked: Any) -> Any:
        if asked.path.endswith("playlistItems"):
            items = [tube.item(one) for one in tube.listed()[:seen]]
            return loopback.Reply({"items": items, "pageInfo": {"totalResults": total}})
        return answer(asked)

    loopback.answer = short
    pages = list(make_crawler().crawl(CrawlRequest(account=account)))
    assert notes(pages) == [f"the list of uploads ended after {seen} of {total or 4} videos"]
    loopback.answer = answer
    again = list(make_crawler().crawl(CrawlRequest(account=account, cursor=stored(pages))))
    assert {post.native_id for page in again for post in page.posts} == set(ids), "neither the feed nor the cursor rests"
