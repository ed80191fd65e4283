"""Budgets: what a credential may spend in a day of the platform, booked in the database before it is spent.

A process books some questions ahead, in a transaction of its own, and in the end gives back what it did not use. Killed, it
leaves a day that counts too much by what was booked ahead, and never too little. Priced things are charged when the answer
tells how many there were. While other accounts wait, none may take more than its share of what is left; re-checks of stored
posts get half of what is left, so that they never starve what is new.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from math import ceil

from core.errors import BudgetExhausted, Scope
from core.seams import Crawler, CrawlerOptions, Meter
from core.terms import PlatformTerms
from storage import spending
from storage.spending import Spent
from storage.store import Store
from storage.transaction import Transaction

_RECHECK_SHARE = 0.5  # of what is left of the day, over all accounts that are still to come
_MICROS = 1_000_000
_NO_LIMIT = 10**18
# Booked ahead at most, and never more than a tenth of what is left: near its end a budget is counted question by question.
_AHEAD = 20  # questions
_AHEAD_MICROS = _MICROS
_LEAST = 10  # questions that each account may ask, however small its share: enough to read its newest posts


class ShareUsed(BudgetExhausted):
    """One account spent its share of the day while others wait: it goes on later, the others are read."""

    scope = Scope.ACCOUNT


class Budget(Meter):
    """One credential's day."""

    def __init__(
        self,
        store: Store,
        platform: str,
        credential: str,
        options: CrawlerOptions,
        terms: PlatformTerms,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._name = (platform, credential)
        self._options = options
        micros = None if options.daily_dollars is None else ceil(options.daily_dollars * _MICROS)
        self._limit = Spent(options.daily_calls or _NO_LIMIT, options.daily_units or _NO_LIMIT, micros or _NO_LIMIT)
        self._prices = terms.prices
        self._zone = terms.budget_day
        self._clock = clock
        # By day, for a run may pass midnight, and a clock may be put back over it:
        self._booked: dict[str, Spent] = {}  # by whichever process, as the database last told
        self._ahead: dict[str, Spent] = {}  # of that, what this process has not used yet
        self._share: Spent | None = None
        self._asked = 0  # by the account whose turn it is
        self._used = Spent()  # likewise

    def _today(self) -> str:
        return f"{self._clock().astimezone(self._zone):%Y-%m-%d}"

    def load(self, tx: Transaction) -> None:
        """See what other processes spent."""
        today = self._today()
        self._booked[today] = spending.spent_on(tx, *self._name, today)

    @property
    def spent(self) -> Spent:
        """On this day so far; of other processes, what was seen at the last look, and what they booked ahead."""
        today = self._today()
        if today not in self._booked:
            with self._store.read() as tx:
                self._booked[today] = spending.spent_on(tx, *self._name, today)
        return self._booked[today] - self._ahead.get(today, Spent())

    def begin_turn(self, accounts_left: int) -> None:
        """One account's turn begins, with so many on this credential still to come, itself among them."""
        left = self._limit.beyond(self.spent)
        n = accounts_left
        self._share = Spent(left.calls // n, left.units // n, left.micros // n) if n > 1 else None
        self._asked, self._used = 0, Spent()

    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        question = Spent(calls, units)
        if self._share and self._asked >= _LEAST and (self._used + question).beyond(self._share) != Spent():
            raise ShareUsed(
                "budget used up: this account's share of today; it goes on where it stopped", until=self._tomorrow()
            )
        today = self._today()
        wanted = question + Spent(micros=1 if self._prices else 0)  # what the answer costs is not known yet
        if wanted.beyond(self._ahead.get(today, Spent())) != Spent():
            self._book(today, wanted, may_refuse=True)
        self._asked += 1
        self._use(today, question)

    def took(self, resource: str, count: int) -> None:
        cost = Spent(micros=round(self._prices.get(resource, 0.0) * _MICROS) * count)
        today = self._today()
        if cost.beyond(self._ahead.get(today, Spent())) != Spent():
            self._book(today, cost, may_refuse=False)
        self._use(today, cost)

    def _use(self, day: str, more: Spent) -> None:
        self._ahead[day] = self._ahead.get(day, Spent()) - more
        self._used += more

    def _book(self, day: str, wanted: Spent, *, may_refuse: bool) -> None:
        """Write down in the database what is wanted, and some more where there is plenty."""
        ahead = self._ahead.get(day, Spent())
        lacking = wanted.beyond(ahead)
        with self._store.begin() as tx:
            before = spending.hold(tx, *self._name, day)
            reason = self._exceeded(before + lacking) if may_refuse else ""
            plenty = wanted + self._plenty(wanted, left=self._limit.beyond(before + lacking))
            more = Spent() if reason else plenty.beyond(ahead)
            self._booked[day] = spending.add(tx, *self._name, day, more)
        self._ahead[day] = ahead + more
        if reason:
            raise BudgetExhausted(f"budget used up: {reason}", until=self._tomorrow())

    def _plenty(self, wanted: Spent, *, left: Spent) -> Spent:
        tenth = Spent(left.calls // 10, left.units // 10, left.micros // 10)
        pairs = ((tenth.calls, wanted.calls), (tenth.units, wanted.units))
        times = min([_AHEAD - 1, *(room // one for room, one in pairs if one)]) if wanted.calls else 0
        return Spent(wanted.calls * times, wanted.units * times, min(_AHEAD_MICROS, tenth.micros) if self._prices else 0)

    def give_back(self) -> None:
        """What was booked ahead and not used."""
        unused = {day: ahead for day, ahead in self._ahead.items() if ahead != Spent()}
        if unused:
            with self._store.begin() as tx:
                for day, ahead in unused.items():
                    self._booked[day] = spending.add(tx, *self._name, day, Spent() - ahead)
        self._ahead.clear()

    def _exceeded(self, spent: Spent) -> str:
        """Which limit would be passed, in plain words; empty while there is room."""
        options, over = self._options, spent.beyond(self._limit)
        if over.calls:
            return f"{options.daily_calls} questions of today are asked"
        if over.units:
            return f"{options.daily_units} units of today's quota are spent"
        return f"${options.daily_dollars:.2f} of today are spent" if over.micros else ""

    def _tomorrow(self) -> datetime:
        local = self._clock().astimezone(self._zone)
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), self._zone)
        return midnight.astimezone(self._clock().tzinfo)

    def room_for_rechecks(self, crawler: Crawler, accounts_left: int) -> int | None:
        """How many stored posts may be looked at again for one of so many accounts; None where no budget says."""
        options, left = self._options, self._limit.beyond(self.spent)
        share = _RECHECK_SHARE / max(1, accounts_left)
        rooms = []
        if options.daily_calls is not None:
            rooms.append(left.calls * share * crawler.recheck_batch)
        if options.daily_units is not None:
            rooms.append(left.units * share * crawler.recheck_batch)
        price = self._prices.get("post", 0.0)
        if options.daily_dollars is not None and price:
            rooms.append(left.micros / _MICROS * share / price)
        return None if not rooms else int(min(rooms))


class Budgets:
    """The budgets of one crawler, by credential."""

    def __init__(self, store: Store, crawler: Crawler, terms: PlatformTerms) -> None:
        self._store = store
        self._crawler = crawler
        self._terms = terms
        self._by_credential: dict[str, Budget] = {}

    def of(self, credential: str) -> Budget:
        if credential not in self._by_credential:
            crawler = self._crawler
            budget = Budget(self._store, crawler.platform, credential, crawler.options, self._terms, crawler.clock)
            self._by_credential[credential] = budget
        return self._by_credential[credential]

    def give_back(self) -> None:
        """What was booked ahead and not used; when nothing more is asked."""
        for budget in self._by_credential.values():
            budget.give_back()
