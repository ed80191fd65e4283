"""Budgets: what a credential may spend in a day of the platform, counted as it is spent and kept in the database.

A question is charged before it is sent, so that a budget is never passed by more than what other processes spend at the same
moment; priced things are charged when the answer tells how many there were. Re-checks of stored posts get a share of what is
left, so that they never starve what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import BudgetExhausted
from core.seams import Crawler, CrawlerOptions, Meter
from core.terms import PlatformTerms
from storage import spending
from storage.spending import Spent
from storage.transaction import Transaction

_RECHECK_SHARE = 0.5  # of what is left of the day, over all accounts that are still to come
_MICROS = 1_000_000


class Budget(Meter):
    """One credential's day. `load` and `keep` are its only dealings with the database."""

    def __init__(
        self, platform: str, credential: str, options: CrawlerOptions, terms: PlatformTerms, clock: Callable[[], datetime]
    ) -> None:
        self._platform = platform
        self._credential = credential
        self._limits = options
        self._prices: Mapping[str, float] = terms.prices
        self._zone: ZoneInfo = terms.budget_day
        self._clock = clock
        self._day = ""
        self._before = Spent()  # on this day, as the database last told it
        self._unkept: dict[str, Spent] = {}  # by day: a run may pass midnight

    def _today(self) -> str:
        today = f"{self._clock().astimezone(self._zone):%Y-%m-%d}"
        if today != self._day:
            self._day, self._before = today, Spent()
        return today

    def load(self, tx: Transaction) -> None:
        self._before = spending.spent_on(tx, self._platform, self._credential, self._today())

    @property
    def is_kept(self) -> bool:
        """Whether the database knows all that was spent."""
        return not self._unkept

    def keep(self, tx: Transaction) -> None:
        """Add what was spent since the last time; call it in the transaction that keeps what was bought."""
        today = self._today()
        for day, more in self._unkept.items():
            stored = spending.add(tx, self._platform, self._credential, day, more)
            if day == today:
                self._before = stored
        self._unkept.clear()

    @property
    def spent(self) -> Spent:
        """On this day so far."""
        today = self._today()
        return self._before + self._unkept.get(today, Spent())

    def _note(self, more: Spent) -> None:
        today = self._today()
        self._unkept[today] = self._unkept.get(today, Spent()) + more

    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        if reason := self._exceeded(self.spent + Spent(calls=calls, units=units)):
            raise BudgetExhausted(f"budget used up: {reason}", until=self._tomorrow())
        self._note(Spent(calls=calls, units=units))

    def took(self, resource: str, count: int) -> None:
        self._note(Spent(micros=round(self._prices.get(resource, 0.0) * _MICROS) * count))

    def _exceeded(self, spent: Spent) -> str:
        """Which limit would be passed, in plain words; empty while there is room."""
        limits = self._limits
        if limits.daily_calls is not None and spent.calls > limits.daily_calls:
            return f"{limits.daily_calls} questions of today are asked"
        if limits.daily_units is not None and spent.units > limits.daily_units:
            return f"{limits.daily_units} units of today's quota are spent"
        if limits.daily_dollars is not None and spent.micros >= limits.daily_dollars * _MICROS:
            return f"${limits.daily_dollars:.2f} of today are spent"
        return ""

    def _tomorrow(self) -> datetime:
        local = self._clock().astimezone(self._zone)
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), self._zone)
        return midnight.astimezone(self._clock().tzinfo)

    def room_for_rechecks(self, crawler: Crawler, accounts_left: int) -> int | None:
        """How many stored posts of the next account may be looked at again; None where no budget says."""
        limits, spent = self._limits, self.spent
        share = _RECHECK_SHARE / max(1, accounts_left)
        rooms = []
        if limits.daily_calls is not None:
            rooms.append((limits.daily_calls - spent.calls) * share * crawler.recheck_batch)
        if limits.daily_units is not None:
            rooms.append((limits.daily_units - spent.units) * share * crawler.recheck_batch)
        price = self._prices.get("post", 0.0)
        if limits.daily_dollars is not None and price:
            rooms.append((limits.daily_dollars - spent.micros / _MICROS) * share / price)
        return None if not rooms else max(0, int(min(rooms)))


class Budgets:
    """The budgets of one crawler, by credential."""

    def __init__(self, crawler: Crawler, terms: PlatformTerms) -> None:
        self._crawler = crawler
        self._terms = terms
        self._by_credential: dict[str, Budget] = {}

    def of(self, credential: str) -> Budget:
        if credential not in self._by_credential:
            crawler = self._crawler
            self._by_credential[credential] = Budget(crawler.platform, credential, crawler.options, self._terms, crawler.clock)
        return self._by_credential[credential]
