"""Legal holds: while one stands, nothing of its account is erased, unless counsel decides so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, select, update

from core.errors import StorageError
from core.records import Account
from storage.accounts import by_id
from storage.tables import accounts, legal_holds
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    id: int
    account: Account
    reason: str = field(repr=False)
    placed_by: str = field(repr=False)
    placed_at: datetime
    released_at: datetime | None


def place(tx: Transaction, account_id: str, *, reason: str, placed_by: str) -> int:
    """Raises: StorageError: there is no such account."""
    c = legal_holds.c
    # whoever erases of this account holds its row
    known = tx.connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()).first()
    if known is None:
        raise StorageError(f"there is no account {account_id}")
    row = {
        "account_id": account_id,
        "reason": tx.seal(c.reason, reason),
        "placed_by": tx.seal(c.placed_by, placed_by),
        "placed_at": tx.now,
    }
    hold_id: int = tx.connection.execute(insert(legal_holds).values(**row).returning(c.id)).scalar_one()
    tx.audit("hold placed", hold_ids=[hold_id])
    return hold_id


def release(tx: Transaction, hold_id: int) -> None:
    """Raises: StorageError: there is no such hold, or it was released already."""
    c = legal_holds.c
    row = tx.connection.execute(select(c.released_at).where(c.id == hold_id).with_for_update()).first()
    if row is None:
        raise StorageError(f"there is no hold {hold_id}")
    if row.released_at is not None:
        raise StorageError(f"hold {hold_id} was released already")
    tx.connection.execute(update(legal_holds).where(c.id == hold_id).values(released_at=tx.now))
    tx.audit("hold released", hold_ids=[hold_id])


def list_holds(tx: Transaction, *, account_id: str | None = None, include_released: bool = False) -> list[LegalHold]:
    c = legal_holds.c
    query = select(legal_holds).order_by(c.id)
    if account_id is not None:
        query = query.where(c.account_id == account_id)
    if not include_released:
        query = query.where(c.released_at.is_(None))
    rows = tx.connection.execute(query).all()
    known = by_id(tx, [row.account_id for row in rows])
    return [
        LegalHold(
            id=row.id,
            account=known[row.account_id],
            reason=tx.unseal(c.reason, row.reason),
            placed_by=tx.unseal(c.placed_by, row.placed_by),
            placed_at=row.placed_at,
            released_at=row.released_at,
        )
        for row in rows
    ]
