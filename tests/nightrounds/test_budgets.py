"""Budgets: what a day may cost, who counts it, and what is left for re-checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from core.errors import BudgetExhausted, Scope
from core.seams import CrawlerOptions
from core.settings import Settings
from core.terms import PlatformTerms
from nightrounds.budgets import Budget, Budgets, ShareUsed
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


@pytest.fixture
def a_budget(store, clock):
    def make(options=None, credential="x", **given) -> Budget:
        return Budget(store, "x", credential, options or CrawlerOptions(), terms(**given), clock)

    return make


def spent(store, day="2026-11-20") -> Spent:
    with store.read() as tx:
        return spending.spent_on(tx, "x", "x", day)


def test_without_limits_everything_is_counted_and_nothing_refused(store, a_budget):
    budget = a_budget(prices={"post": 0.005, "user": 0.01})
    for _ in range(30):
        budget.ask(units=2)
    budget.took("post", 100)
    budget.took("user", 1)
    budget.took("reaction", 50)
    assert budget.spent == Spent(30, 60, 510_000)
    budget.give_back()
    assert spent(store) == Spent(30, 60, 510_000)


@pytest.mark.parametrize(
    ("limits", "words"),
    [({"daily_calls": 2}, "2 questions"), ({"daily_units": 2}, "2 units"), ({"daily_dollars": 0.01}, "$0.01")],
)
def test_a_question_beyond_the_budget_is_not_asked(a_budget, limits, words):
    budget = a_budget(CrawlerOptions(**limits), prices={"post": 0.005})
    for _ in range(2):
        budget.ask(units=1)
        budget.took("post", 1)
    with pytest.raises(BudgetExhausted, match="budget used up") as caught:
        budget.ask(units=1)
    assert words in str(caught.value)
    assert caught.value.until == datetime(2026, 11, 21, tzinfo=UTC)
    assert budget.spent == Spent(2, 2, 10_000)


@pytest.mark.parametrize("limit", [float("inf"), float("nan"), 1e300, 0.0, -1.0])
def test_a_limit_that_is_no_amount_of_money_is_refused(limit):
    with pytest.raises(ValidationError):
        CrawlerOptions(daily_dollars=limit)


def test_the_day_is_the_platforms_own(store, clock, a_budget):
    budget = a_budget(CrawlerOptions(daily_calls=1), budget_day=ZoneInfo("America/Los_Angeles"))
    clock.now = datetime(2026, 11, 21, 7, 59, tzinfo=UTC)
    budget.ask()
    with pytest.raises(BudgetExhausted) as caught:
        budget.ask()
    assert caught.value.until == datetime(2026, 11, 21, 8, tzinfo=UTC)
    clock.now += timedelta(minutes=2)
    budget.ask()
    with store.read() as tx:
        assert [(one.day, one.spent.calls) for one in spending.days(tx)] == [("2026-11-20", 1), ("2026-11-21", 1)]


def test_a_clock_put_back_over_midnight_gives_no_budget_anew(clock, a_budget):
    budget = a_budget(CrawlerOptions(daily_calls=2))
    for _ in range(2):
        budget.ask()
    clock.now += timedelta(days=1)
    budget.ask()
    clock.now -= timedelta(days=1)
    with pytest.raises(BudgetExhausted):
        budget.ask()


@pytest.mark.parametrize("days_later", [0, 1])
def test_processes_share_one_budget_by_the_database(store, clock, a_budget, days_later):
    first, second = (a_budget(CrawlerOptions(daily_calls=5)) for _ in range(2))
    with store.read() as tx:
        second.load(tx)
    clock.now += timedelta(days=days_later)
    for _ in range(4):
        first.ask()
    second.ask()
    for budget in (first, second):
        with pytest.raises(BudgetExhausted):
            budget.ask()
        assert budget.spent.calls == 5


def test_what_is_asked_is_in_the_database_before_it_is_asked(store, a_budget):
    """A process may be killed at any moment: the day may then count too much, never too little."""
    budget = a_budget(CrawlerOptions(daily_calls=100, daily_dollars=10.0), prices={"post": 0.005})
    for asked in range(1, 101):
        budget.ask()
        assert asked <= spent(store).calls <= min(asked + 19, 100)
        budget.took("post", 3)
        assert asked * 15_000 <= spent(store).micros <= asked * 15_000 + 1_000_001
    assert spent(store).calls == 100
    budget.give_back()
    assert spent(store) == Spent(100, 0, 1_500_000)


def test_few_questions_cost_a_transaction(store, a_budget, monkeypatch):
    budget, begun = a_budget(), []
    begin = store.begin
    monkeypatch.setattr(store, "begin", lambda: begun.append(1) or begin())
    for _ in range(200):
        budget.ask(units=3)
    assert len(begun) == 10


def test_another_credential_has_a_budget_of_its_own(store, a_budget):
    one, other = (a_budget(CrawlerOptions(daily_calls=1), credential) for credential in ("one", "other"))
    one.ask()
    other.ask()
    with store.read() as tx:
        assert {day.credential: day.spent.calls for day in spending.days(tx)} == {"one": 1, "other": 1}


@pytest.mark.parametrize("limits", [{"daily_calls": 60}, {"daily_units": 120}, {"daily_dollars": 0.3}])
def test_one_account_has_its_share_while_others_wait(a_budget, limits):
    budget = a_budget(CrawlerOptions(**limits), prices={"post": 0.005})

    def ask(times):
        for _ in range(times):
            budget.ask(units=2)
            budget.took("post", 1)

    budget.begin_turn(4)
    ask(15)
    with pytest.raises(ShareUsed, match="share of today") as caught:
        ask(2)
    assert caught.value.scope is Scope.ACCOUNT
    budget.begin_turn(40)
    ask(10)  # so many are everybody's
    with pytest.raises(ShareUsed):
        ask(2)
    budget.begin_turn(1)
    with pytest.raises(BudgetExhausted) as caught:
        ask(60)
    assert caught.value.scope is Scope.CREDENTIAL


class _Batched:
    recheck_batch = 10


def test_rechecks_get_a_share_of_what_is_left(a_budget):
    assert a_budget().room_for_rechecks(_Batched, 1) is None
    by_calls = a_budget(CrawlerOptions(daily_calls=100))
    assert by_calls.room_for_rechecks(_Batched, 5) == 100
    by_price = a_budget(CrawlerOptions(daily_dollars=1.0, daily_calls=10_000), prices={"post": 0.005})
    assert by_price.room_for_rechecks(_Batched, 1) == 100
    by_price.took("post", 300)
    assert by_price.room_for_rechecks(_Batched, 1) == 0


def test_budgets_are_one_for_each_credential(store, clock):
    class Crawler(_Batched):
        platform = "x"
        options = CrawlerOptions()

        def __init__(self):
            self.clock = clock

    budgets = Budgets(store, Crawler(), terms())
    assert budgets.of("one") is budgets.of("one")
    assert budgets.of("one") is not budgets.of("other")
    budgets.of("one").ask()
    budgets.give_back()
    with store.read() as tx:
        assert [day.spent.calls for day in spending.days(tx)] == [1]
