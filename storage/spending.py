"""The meter: what each credential spent on a platform's day, kept so that later and parallel processes go on from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

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


def spent_on(tx: Transaction, platform: str, credential: str, day: str) -> Spent:
    """`day` is the platform's own, as YYYY-MM-DD."""
    c = spending.c
    mine = (c.platform == platform) & (c.credential == credential) & (c.day == day)
    row = tx.connection.execute(select(c.calls, c.units, c.micros).where(mine)).first()
    return Spent() if row is None else Spent(*row)


def add(tx: Transaction, platform: str, credential: str, day: str, more: Spent) -> Spent:
    """Add to a day's count; returns what is then spent in all, by whichever process."""
    put = tx.upsert(spending, ("platform", "credential", "day"))
    row = {"platform": platform, "credential": credential, "day": day, "calls": 0, "units": 0, "micros": 0}
    tx.connection.execute(put, row)
    c = spending.c
    mine = (c.platform == platform) & (c.credential == credential) & (c.day == day)
    grown = {"calls": c.calls + more.calls, "units": c.units + more.units, "micros": c.micros + more.micros}
    tx.connection.execute(spending.update().where(mine).values(**grown))
    return spent_on(tx, platform, credential, day)


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
