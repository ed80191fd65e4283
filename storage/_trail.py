"""What the audit trail says of ids: which ones it ever named under an act. For checks that compare tables with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.tables import audit_events

if TYPE_CHECKING:
    from storage.transaction import Transaction

POSTS_ERASED = "posts erased"  # acts of these names mark what may be blank
EVIDENCE_ERASED = "evidence erased"


def ids_in_trail(tx: Transaction, act: str, name: str) -> set[int]:
    """The ids that entries whose action starts with `act` give under `name`."""
    e = audit_events.c
    wanted = select(e.sequence, e.detail).where(e.action.startswith(act, autoescape=True)).order_by(e.sequence)
    found: set[int] = set()
    after = 0
    while page := tx.connection.execute(wanted.where(e.sequence > after).limit(1000)).all():
        found.update(one for row in page for one in row.detail.get(name, ()))
        after = page[-1].sequence
    return found
