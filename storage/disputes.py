"""Disputes: somebody says that an account is not what the list says, or is nobody's of ours.

While one is open nothing is collected from the account. Upheld, the account is retired, and what was stored of it falls under
the duty to erase; rejected, it is watched again. Who claimed and who decided what, and why, stays on record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select, update

from core.errors import Blocked, StorageError
from storage._same_person import same_person
from storage.accounts import retire
from storage.tables import accounts, disputes
from storage.transaction import AnyRow, Transaction


class DisputeState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One claim about one account, and what became of it."""

    id: int
    account_id: str
    state: DisputeState
    claim: str = field(repr=False)
    raised_by: str = field(repr=False)
    raised_at: datetime
    decided_by: str = field(repr=False)  # empty while it is open, as the reasoning
    decided_at: datetime | None
    reasoning: str = field(repr=False)


def raise_dispute(tx: Transaction, account_id: str, *, claim: str, raised_by: str) -> int:
    """Open a dispute; an account may have several. Once this is committed, nothing more is stored of the account."""
    c = disputes.c
    # a page that is being stored at this moment holds the same row: it comes wholly before, or is refused
    tx.connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())
    row = {
        "account_id": account_id,
        "claim": tx.seal(c.claim, claim),
        "raised_by": tx.seal(c.raised_by, raised_by),
        "raised_at": tx.now,
        "state": DisputeState.OPEN.value,
    }
    dispute_id: int = tx.connection.execute(insert(disputes).values(**row).returning(c.id)).scalar_one()
    tx.audit("dispute raised", dispute_ids=[dispute_id])
    return dispute_id


def decide(tx: Transaction, dispute_id: int, state: DisputeState, *, reasoning: str, decided_by: str) -> None:
    """Close a dispute; upheld, its account is retired.

    Raises:
        StorageError: there is none of this number, it is decided already, or who raised it decides it.
    """
    c = disputes.c
    row = tx.connection.execute(select(disputes).where(c.id == dispute_id).with_for_update()).first()
    if row is None:
        raise StorageError(f"there is no dispute {dispute_id}")
    if row.state != DisputeState.OPEN.value:
        raise StorageError(f"dispute {dispute_id} was decided already: {row.state}")
    if same_person(tx.unseal(c.raised_by, row.raised_by), decided_by):
        raise StorageError(f"dispute {dispute_id}: who raised it can't decide it; somebody else must")
    values = {
        "state": state.value,
        "decided_by": tx.seal(c.decided_by, decided_by),
        "decided_at": tx.now,
        "reasoning": tx.seal(c.reasoning, reasoning),
    }
    tx.connection.execute(update(disputes).where(c.id == dispute_id).values(**values))
    tx.audit("dispute decided", dispute_ids=[dispute_id], state=state.value)
    if state is DisputeState.UPHELD:
        retire(tx, row.account_id)


def list_disputes(tx: Transaction, *, state: DisputeState | None = None) -> list[Dispute]:
    query = select(disputes).order_by(disputes.c.id)
    if state is not None:
        query = query.where(disputes.c.state == state.value)
    return [_dispute(tx, row) for row in tx.connection.execute(query)]


def why_unwatched(tx: Transaction, account_id: str) -> str:
    """Why nothing may be collected from an account at this moment, in plain words; empty when it may."""
    c = disputes.c
    is_open = select(c.id).where(c.account_id == accounts.c.id, c.state == DisputeState.OPEN.value).exists()
    row = tx.connection.execute(select(accounts.c.retired_at, is_open).where(accounts.c.id == account_id)).first()
    if row is not None and row[1]:
        return "it is disputed whose account this is; nothing is collected until that is decided"
    if row is not None and row.retired_at is not None:
        return "this account is watched no longer; nothing is collected from it"
    return ""


def refuse_unwatched(tx: Transaction, account_id: str) -> None:
    """Raises: Blocked: the account is disputed, or watched no longer."""
    if reason := why_unwatched(tx, account_id):
        raise Blocked(reason)


def _dispute(tx: Transaction, row: AnyRow) -> Dispute:
    c = disputes.c
    return Dispute(
        id=row.id,
        account_id=row.account_id,
        state=DisputeState(row.state),
        claim=tx.unseal(c.claim, row.claim),
        raised_by=tx.unseal(c.raised_by, row.raised_by),
        raised_at=row.raised_at,
        decided_by="" if row.decided_by is None else tx.unseal(c.decided_by, row.decided_by),
        decided_at=row.decided_at,
        reasoning="" if row.reasoning is None else tx.unseal(c.reasoning, row.reasoning),
    )
