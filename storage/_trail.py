"""What the audit trail says of ids: which ones it ever named under an act. For checks that compare tables with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.tables import audit_events

if TYPE_CHECKING:
    from storage.transaction import Transaction

POSTS_ERASED = "posts erased"  # acts of these names mark what may be blank
EVIDENCE_ERASED = "evidence erased"
PAGE_STORED = "page stored"


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


def erased_by_trail(tx: Transaction) -> set[int]:
    """The answers of which the trail's last word is that they were erased, not that they were stored again."""
    e = audit_events.c
    told = select(e.sequence, e.action, e.detail).where(e.action.in_((EVIDENCE_ERASED, PAGE_STORED))).order_by(e.sequence)
    erased: set[int] = set()
    after = 0
    while page := tx.connection.execute(told.where(e.sequence > after).limit(1000)).all():
        for row in page:
            ids = row.detail.get("evidence_ids", ())
            erased.update(ids) if row.action == EVIDENCE_ERASED else erased.difference_update(ids)
        after = page[-1].sequence
    return erased
