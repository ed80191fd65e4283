"""A budget of so many questions."""

from __future__ import annotations

from core.errors import BudgetExhausted
from core.seams import Meter


class Purse(Meter):
    """Has room for so many questions, and counts those that were asked. Nothing may be priced."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.calls = 0

    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        if self.calls + calls > self.room:
            raise BudgetExhausted("the day's calls are spent")
        self.calls += calls

    def took(self, resource: str, count: int) -> None:
        raise AssertionError("nothing is priced here")
