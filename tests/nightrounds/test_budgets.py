"""Budgets: what a day may cost, who counts it, and what is left for re-checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.errors import BudgetExhausted
from core.seams import CrawlerOptions
from core.settings import Settings
from core.terms import PlatformTerms
from nightrounds.budgets import Budget, Budgets
from nightrounds.context import open_context
from storage import spending
from storage.spending import Spent

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with open_context(Settings(home=tmp_path / "home"), clock=clock) as context:
        yield context.store


def terms(**given) -> PlatformTerms:
    return PlatformTerms(source="test", honour_deletions=False, **given)


def a_budget(clock, options=None, credential="x", **given) -> Budget:
    return Budget("x", credential, options or CrawlerOptions(), terms(**given), clock)


def kept(store, *budgets):
    for budget in budgets:
        with store.begin() as tx:
            budget.keep(tx)


def test_without_limits_everything_is_counted_and_nothing_refused(store, clock):
    budget = a_budget(clock, prices={"post": 0.005, "user": 0.01})
    for _ in range(3):
        budget.ask(units=2)
    budget.took("post", 100)
    budget.took("user", 1)
    budget.took("reaction", 50)
    kept(store, budget)
    with store.read() as tx:
        assert spending.spent_on(tx, "x", "x", "2026-11-20") == Spent(3, 6, 510_000)


@pytest.mark.parametrize(
    ("limits", "words"),
    [({"daily_calls": 2}, "2 questions"), ({"daily_units": 2}, "2 units"), ({"daily_dollars": 0.01}, "$0.01")],
)
def test_a_question_beyond_the_budget_is_not_asked(clock, limits, words):
    budget = a_budget(clock, CrawlerOptions(**limits), prices={"post": 0.005})
    for _ in range(2):
        budget.ask(units=1)
        budget.took("post", 1)
    with pytest.raises(BudgetExhausted, match="budget used up") as caught:
        budget.ask(units=1)
    assert words in str(caught.value)
    assert caught.value.until == datetime(2026, 11, 21, tzinfo=UTC)
    assert budget.spent == Spent(2, 2, 10_000)


def test_the_day_is_the_platforms_own(store, clock):
    budget = a_budget(clock, CrawlerOptions(daily_calls=1), budget_day=ZoneInfo("America/Los_Angeles"))
    clock.now = datetime(2026, 11, 21, 7, 59, tzinfo=UTC)
    budget.ask()
    with pytest.raises(BudgetExhausted) as caught:
        budget.ask()
    assert caught.value.until == datetime(2026, 11, 21, 8, tzinfo=UTC)
    clock.now += timedelta(minutes=2)
    budget.ask()
    kept(store, budget)
    with store.read() as tx:
        assert [(one.day, one.spent.calls) for one in spending.days(tx)] == [("2026-11-20", 1), ("2026-11-21", 1)]


def test_two_processes_share_one_budget_by_the_database(store, clock):
    first, second = (a_budget(clock, CrawlerOptions(daily_calls=5)) for _ in range(2))
    for _ in range(3):
        first.ask()
    kept(store, first)
    with store.read() as tx:
        second.load(tx)
    second.ask()
    kept(store, second)
    first.ask()
    kept(store, first)
    assert first.spent.calls == 5
    with pytest.raises(BudgetExhausted):
        first.ask()
    kept(store, first, second)
    with store.read() as tx:
        assert spending.spent_on(tx, "x", "x", "2026-11-20").calls == 5


def test_another_credential_has_a_budget_of_its_own(store, clock):
    one, other = (a_budget(clock, CrawlerOptions(daily_calls=1), credential) for credential in ("one", "other"))
    one.ask()
    other.ask()
    kept(store, one, other)
    with store.read() as tx:
        assert {day.credential: day.spent.calls for day in spending.days(tx)} == {"one": 1, "other": 1}


class _Batched:
    recheck_batch = 10


def test_rechecks_get_a_share_of_what_is_left(clock):
    assert a_budget(clock).room_for_rechecks(_Batched, 1) is None
    by_calls = a_budget(clock, CrawlerOptions(daily_calls=100))
    assert by_calls.room_for_rechecks(_Batched, 5) == 100
    by_price = a_budget(clock, CrawlerOptions(daily_dollars=1.0, daily_calls=10_000), prices={"post": 0.005})
    assert by_price.room_for_rechecks(_Batched, 1) == 100
    by_price.took("post", 300)
    assert by_price.room_for_rechecks(_Batched, 1) == 0


def test_budgets_are_one_for_each_credential(clock):
    class Crawler(_Batched):
        platform = "x"
        options = CrawlerOptions()

        def __init__(self):
            self.clock = clock

    budgets = Budgets(Crawler(), terms())
    assert budgets.of("one") is budgets.of("one")
    assert budgets.of("one") is not budgets.of("other")
