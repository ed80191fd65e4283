"""A day's budget that is too small for all: over the nights every account is read, and every stored post is looked at again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.records import Account, Basis, CoverageStatus, CrawledPage, Cursor, Kind, Post, account_id
from core.seams import Crawler, CrawlerOptions, CrawlRequest
from core.settings import Settings
from nightrounds import nightly
from nightrounds.context import Context, open_context
from nightrounds.crawling import crawl_accounts
from storage import accounts, crawls

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


class Scripted(Crawler):
    platform = "x"
    title = "scripted"
    answer: Callable[[CrawlRequest], Iterator[CrawledPage]]

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        return self.answer(request)


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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(tmp_path, clock):
    with open_context(Settings(home=tmp_path / "home", pictures=False), clock=clock) as opened:
        yield opened


@pytest.fixture
def night(context: Context, clock: Clock):
    """Crawl all accounts once, a day after the last time; returns each one's coverage by its handle."""

    def crawl(answer, watched, **limits):
        crawler = Scripted(CrawlerOptions(**limits), clock=clock)
        crawler.answer = answer
        context.crawlers._made["x"] = crawler
        with context.store.begin() as tx:
            accounts.import_accounts(tx, watched)
            run_id = crawls.begin_run(tx, trigger="test")
        coverage = {one.account_id: one for one in crawl_accounts(context, run_id, watched)}
        clock.now += timedelta(days=1)
        return {account.handle: coverage[account.id] for account in watched}

    return crawl


def test_accounts_that_are_never_complete_do_not_eat_every_night(night):
    watched = [an_account(f"a{n}") for n in range(6)]
    visits: Counter[str] = Counter()

    def answer(request):
        noisy = request.account.handle in {"a0", "a1"}
        for _ in range(10 if noisy else 2):
            request.meter.ask()
            yield CrawledPage(raw=(), note="platform window limit reached" if noisy else "")
        visits[request.account.handle] += 1

    for _ in range(8):
        night(answer, watched, daily_calls=20)
    assert min(visits[account.handle] for account in watched) >= 3


def test_an_account_that_wants_more_than_a_day_goes_on_when_the_others_are_read(night):
    watched = [an_account(f"a{n}") for n in range(4)]
    reached = []

    def answer(request):
        start = request.cursor.state["at"] if request.cursor else 0
        for at in range(start, 45 if request.account.handle == "a0" else start + 1):
            request.meter.ask()
            yield CrawledPage(raw=(), cursor=Cursor({"at": at + 1}))
            if request.account.handle == "a0":
                reached.append(at)

    for told in ("blocked", "blocked", "complete"):
        coverage = night(answer, watched, daily_calls=20)
        assert all(coverage[f"a{n}"].status is CoverageStatus.COMPLETE for n in (1, 2, 3))
        assert coverage["a0"].status == told
        if told == "blocked":
            assert coverage["a0"].pages == 17, "its share first, then all that the others left"
            assert coverage["a0"].reason.startswith("budget used up")
    assert reached == list(range(45))


@pytest.mark.parametrize("limits", [{"daily_calls": 15}, {"daily_calls": 11}])
def test_every_account_has_its_stored_posts_looked_at_again(night, limits):
    watched = [an_account(f"a{n}") for n in range(10)]
    looked_at: Counter[str] = Counter()
    begun = []

    def answer(request):
        request.meter.ask()
        told = (Post(platform="x", account_id=request.account.id, native_id=str(n), text="t") for n in range(5))
        yield CrawledPage(raw=(), posts=() if begun else tuple(told))
        for known in request.recheck:
            request.meter.ask()
            looked_at[request.account.handle] += 1
            yield CrawledPage(raw=(), verified=(known.native_id,))

    night(answer, watched)
    begun.append(True)
    for _ in range(25):
        night(answer, watched, **limits)
    assert min(looked_at[account.handle] for account in watched) >= 3


def test_shards_begin_with_whom_nobody_has_seen_for_longest(night, context, clock):
    watched = sorted((an_account(f"a{n}") for n in range(4)), key=lambda account: account.id)

    def answer(request):
        request.meter.ask()
        yield CrawledPage(raw=())

    night(answer, watched, daily_calls=2)
    shards = nightly.shards_of(context.settings.model_copy(update={"shard_size": 2}), "x")
    assert shards == [[watched[2].id, watched[3].id], [watched[0].id, watched[1].id]]
