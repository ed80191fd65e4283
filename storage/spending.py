"""The meter: what each credential spent on a platform's day, kept so that later and parallel processes go on from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select

from storage.tables import spending
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Spent:
    """Questions, units of the platform's own quota, and millionths of a dollar."""

    calls: int = 0
    units: int = 0
    micros: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.calls + other.calls, self.units + other.units, self.micros + other.micros)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.calls - other.calls, self.units - other.units, self.micros - other.micros)

    def beyond(self, other: Spent) -> Spent:
        """What of it `other` does not cover."""
        more = self - other
        return Spent(max(0, more.calls), max(0, more.units), max(0, more.micros))


def spent_on(tx: Transaction, platform: str, credential: str, day: str) -> Spent:
    """`day` is the platform's own, as YYYY-MM-DD."""
    c = spending.c
    row = tx.connection.execute(select(c.calls, c.units, c.micros).where(_is(platform, credential, day))).first()
    return Spent() if row is None else Spent(*row)


def hold(tx: Transaction, platform: str, credential: str, day: str) -> Spent:
    """What is spent on a day; nobody else adds to it until the transaction ends."""
    put = tx.upsert(spending, ("platform", "credential", "day"))
    row = {"platform": platform, "credential": credential, "day": day, "calls": 0, "units": 0, "micros": 0}
    tx.connection.execute(put, row)
    c = spending.c
    held = select(c.calls, c.units, c.micros).where(_is(platform, credential, day)).with_for_update()
    return Spent(*tx.connection.execute(held).one())


def add(tx: Transaction, platform: str, credential: str, day: str, more: Spent) -> Spent:
    """Add to a day's count (less than nothing gives back); returns what is then spent in all, by whichever process."""
    total = hold(tx, platform, credential, day) + more
    grown = {"calls": total.calls, "units": total.units, "micros": total.micros}
    tx.connection.execute(spending.update().where(_is(platform, credential, day)).values(**grown))
    return total


def _is(platform: str, credential: str, day: str) -> ColumnElement[bool]:
    c = spending.c
    return and_(c.platform == platform, c.credential == credential, c.day == day)


@dataclass(frozen=True, slots=True)
class DaySpent:
    """One credential's day."""

    platform: str
    credential: str
    day: str
    spent: Spent


def days(tx: Transaction, *, since: str = "") -> list[DaySpent]:
    """Every counted day from `since` (YYYY-MM-DD) on, oldest first."""
    c = spending.c
    query = select(c.day, c.platform, c.credential, c.calls, c.units, c.micros).where(c.day >= since)
    rows = tx.connection.execute(query.order_by(c.day, c.platform, c.credential))
    return [DaySpent(row.platform, row.credential, row.day, Spent(row.calls, row.units, row.micros)) for row in rows]
