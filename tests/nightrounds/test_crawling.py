"""The crawl stage's promises, with crawlers made for the purpose: what a page says, what is stored, who comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Actor, RateLimited
from core.records import Account, Basis, CoverageStatus, CrawledPage, Cursor, Kind, Post, account_id
from core.seams import Crawler, CrawlerOptions, CrawlRequest
from core.settings import Settings
from nightrounds.context import Context, open_context
from nightrounds.crawling import crawl_accounts
from storage import accounts, crawls, disputes, posts, spending

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def an_account(handle: str) -> Account:
    return Account(
        id=account_id("x", handle),
        platform="x",
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=NOW,
    )


class Scripted(Crawler):
    """Answers with what a test gives it."""

    platform = "x"
    title = "scripted"

    def __init__(self, answer: Callable[[CrawlRequest], Iterator[CrawledPage]], options: CrawlerOptions | None = None) -> None:
        super().__init__(options or CrawlerOptions(), clock=lambda: NOW)
        self.answer = answer
        self.asked: list[CrawlRequest] = []

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        self.asked.append(request)
        return self.answer(request)


@pytest.fixture
def context(tmp_path):
    with open_context(Settings(home=tmp_path / "home"), clock=lambda: NOW) as opened:
        yield opened


def crawl(context: Context, crawler: Scripted, *chosen: Account, since: datetime | None = None):
    context.crawlers._made["x"] = crawler
    with context.store.begin() as tx:
        accounts.import_accounts(tx, chosen)
        run_id = crawls.begin_run(tx, trigger="test")
    return crawl_accounts(context, run_id, chosen, since=since)


def a_post(account: Account, number: int) -> Post:
    return Post(platform="x", account_id=account.id, native_id=str(number), text=f"post {number}", posted_at=NOW)


def test_a_page_that_reports_a_gap_is_never_complete(context):
    one = an_account("one")
    crawler = Scripted(lambda request: iter([CrawledPage(raw=(), note="the platform's window was reached")]))
    (coverage,) = crawl(context, crawler, one)
    assert coverage.status is CoverageStatus.PARTIAL
    assert coverage.reason == "the platform's window was reached"


def test_reading_again_from_a_date_leaves_the_cursor_where_it_was(context):
    """Between the stored cursor and the date may lie posts that nobody has read."""
    one = an_account("one")
    crawler = Scripted(lambda request: iter([CrawledPage(raw=(), posts=(a_post(one, 1),), cursor=Cursor({"at": 1}))]))
    crawl(context, crawler, one)
    crawler.answer = lambda request: iter([CrawledPage(raw=(), posts=(a_post(one, 9),), cursor=Cursor({"at": 9}))])
    crawl(context, crawler, one, since=NOW)
    assert crawler.asked[-1].cursor is None
    with context.store.read() as tx:
        assert posts.count(tx) == 2
    crawl(context, crawler, one)
    assert crawler.asked[-1].cursor == Cursor({"at": 1})


def test_what_was_stored_before_a_failure_stays_and_is_gone_on_from(context):
    one = an_account("one")

    def half(request: CrawlRequest) -> Iterator[CrawledPage]:
        yield CrawledPage(raw=(), posts=(a_post(one, 1),), cursor=Cursor({"at": 1}))
        raise RateLimited("wait", until=NOW)

    crawler = Scripted(half)
    (coverage,) = crawl(context, crawler, one)
    assert (coverage.status, coverage.new, coverage.retry_at) == (CoverageStatus.PARTIAL, 1, NOW)
    crawl(context, crawler, one)
    assert crawler.asked[-1].cursor == Cursor({"at": 1})


def test_an_error_that_is_nobodys_costs_one_account_and_quotes_nothing(context, caplog):
    one, two = an_account("one"), an_account("two")

    def answer(request: CrawlRequest) -> Iterator[CrawledPage]:
        if request.account == one:
            raise ValueError("the post's own words")
        return iter([CrawledPage(raw=(), posts=(a_post(two, 1),))])

    coverage = {c.account_id: c for c in crawl(context, Scripted(answer), one, two)}
    assert coverage[one.id].status is CoverageStatus.FAILED
    assert coverage[two.id].status is CoverageStatus.COMPLETE
    assert "own words" not in caplog.text + coverage[one.id].reason


def test_whom_nobody_has_seen_for_longest_comes_first(context):
    """A rate limit hits whoever comes last; it must not be the same ones every night."""
    watched = [an_account(name) for name in ("one", "two", "three")]

    def answer(request: CrawlRequest) -> Iterator[CrawledPage]:
        if len(crawler.asked) > 1:
            raise RateLimited("wait")
        return iter([CrawledPage(raw=(), posts=(replace(a_post(request.account, 1)),))])

    first = set()
    for _ in range(3):
        crawler = Scripted(answer)
        crawl(context, crawler, *watched)
        first.add(crawler.asked[0].account.handle)
    assert first == {"one", "two", "three"}


def test_a_used_up_budget_stops_the_credential_and_says_so(context):
    ones = [an_account(handle) for handle in ("one", "two", "three")]

    def answer(request):
        for number in range(3):
            request.meter.ask()
            yield CrawledPage(raw=(), posts=(a_post(request.account, number),))

    crawler = Scripted(answer, CrawlerOptions(daily_calls=4))
    first, second, third = crawl(context, crawler, *ones)
    assert first.status is CoverageStatus.COMPLETE
    assert (second.status, third.status) == (CoverageStatus.PARTIAL, CoverageStatus.BLOCKED)
    assert all(one.reason.startswith("budget used up") for one in (second, third))
    assert third.retry_at == NOW.replace(day=23)
    with context.store.read() as tx:
        assert [day.spent.calls for day in spending.days(tx)] == [4]
    (again,) = crawl(context, Scripted(answer, CrawlerOptions(daily_calls=4)), ones[2])
    assert again.status is CoverageStatus.BLOCKED, "the meter is in the database, not in the process"


def test_a_crash_leaves_nothing_uncounted(context):
    def answer(request):
        request.meter.ask()
        yield CrawledPage(raw=())
        request.meter.ask()
        raise RuntimeError("boom")

    crawl(context, Scripted(answer), an_account("one"))
    with context.store.read() as tx:
        assert [day.spent.calls for day in spending.days(tx)] == [2]


def test_rechecks_that_the_budget_leaves_no_room_for_are_told(context):
    one = an_account("one")
    posts_of_one = tuple(a_post(one, number) for number in range(10))
    crawl(context, Scripted(lambda request: iter([CrawledPage(raw=(), posts=posts_of_one)])), one)
    later = replace(context, clock=lambda: NOW + timedelta(hours=2))
    later.store._clock = later.clock
    crawler = Scripted(lambda request: iter([CrawledPage(raw=())]), CrawlerOptions(daily_calls=6))
    (coverage,) = crawl(later, crawler, one)
    assert len(crawler.asked[0].recheck) == 3
    assert coverage.status is CoverageStatus.PARTIAL
    assert coverage.reason == "budget used up: 7 stored posts were not looked at again"


def test_a_disputed_account_is_not_crawled(context):
    one = an_account("one")
    crawler = Scripted(lambda request: iter([CrawledPage(raw=())]))
    crawl(context, crawler, one)
    with context.store.begin() as tx:
        disputes.raise_dispute(tx, one.id, claim="not ours", raised_by="HR")
    (coverage,) = crawl(context, crawler, one)
    assert coverage.status is CoverageStatus.NOT_TRIED
    assert "disputed" in coverage.reason
    assert len(crawler.asked) == 1


def test_a_dispute_raised_while_the_run_goes_on_stops_the_collecting(context):
    one, two = an_account("one"), an_account("two")

    def answer(request):
        yield CrawledPage(raw=(), posts=(a_post(request.account, 1),))
        for account in (one, two):
            with context.store.begin() as tx:
                disputes.raise_dispute(tx, account.id, claim="not ours", raised_by="HR")
        yield CrawledPage(raw=(), posts=(a_post(request.account, 2),))

    crawler = Scripted(answer)
    first, second = crawl(context, crawler, one, two)
    assert (first.status, first.new, second.status) == (CoverageStatus.PARTIAL, 1, CoverageStatus.NOT_TRIED)
    assert all("disputed" in coverage.reason and coverage.actor == Actor.CURATOR for coverage in (first, second))
    assert len(crawler.asked) == 1, "the second one's platform was asked nothing"
    with context.store.read() as tx:
        assert posts.count(tx) == 1
