"""What a case loses: findings that no longer belong to it, and its whole point when none is left. The machine's part only.

A finding that becomes sealed may not stay where everybody reads it, nor one that becomes open where only counsel does. What
people decided stays: a closed case loses a finding only over the seal, and never its outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, insert, or_, select, update

from core.records import Severity
from storage.tables import case_events, cases, findings
from storage.transaction import Transaction, chunks

WITHDRAWN = "withdrawn"  # the outcome of a case that the machine closed, because nothing stands in it


def release_misfits(tx: Transaction, finding_ids: Sequence[int]) -> list[int]:
    """Take findings out of cases that they no longer fit by seal or, while the case is open, by route; returns them by id."""
    f, c = findings.c, cases.c
    misfit = or_(f.sealed != c.sealed, and_(c.closed_at.is_(None), f.route != c.route))
    query = select(f.id, f.case_id).join(cases, c.id == f.case_id).where(misfit)
    left = {
        row.id: row.case_id
        for chunk in chunks(sorted(set(finding_ids)))
        for row in tx.connection.execute(query.where(f.id.in_(chunk)))
    }
    for chunk in chunks(
        sorted(set(left.values()))
    ):  # before their events refer to them, which would lock them less than enough
        tx.connection.execute(select(c.id).where(c.id.in_(chunk)).order_by(c.id).with_for_update()).all()
    for chunk in chunks(sorted(left)):
        tx.connection.execute(update(findings).where(f.id.in_(chunk)).values(case_id=None))
    for case_id in sorted(set(left.values())):
        note_event(tx, case_id, "finding left")
    if left:
        tx.audit("case left", case_ids=sorted(set(left.values())), finding_ids=sorted(left))
        withdraw_empty(tx, left.values())
    return sorted(left)


def withdraw_empty(tx: Transaction, case_ids: Iterable[int | None]) -> list[int]:
    """Close those of these open cases in which no finding stands; the others are as severe as what is left in them."""
    f, c = findings.c, cases.c
    withdrawn: list[int] = []
    for chunk in chunks(sorted({one for one in case_ids if one is not None})):
        still_open = select(c.id, c.severity).where(c.id.in_(chunk), c.closed_at.is_(None)).order_by(c.id).with_for_update()
        waiting = {row.id: row.severity for row in tx.connection.execute(still_open)}
        query = select(f.case_id, f.severity).where(f.case_id.in_(waiting), f.retired_at.is_(None)).distinct()
        worst: dict[int, Severity] = {}
        for case_id, severity in tx.connection.execute(query):
            worst[case_id] = max(worst.get(case_id, Severity(severity)), Severity(severity), key=lambda one: one.rank)
        for case_id, severity in waiting.items():
            if case_id not in worst:
                withdrawn.append(case_id)
            elif severity != worst[case_id].value:
                tx.connection.execute(update(cases).where(c.id == case_id).values(severity=worst[case_id].value))
    for chunk in chunks(withdrawn):
        closed = {"state": "closed", "outcome": WITHDRAWN, "closed_at": tx.now}
        tx.connection.execute(update(cases).where(c.id.in_(chunk)).values(**closed))
    for case_id in withdrawn:
        note_event(tx, case_id, WITHDRAWN)
    if withdrawn:
        tx.audit("cases withdrawn", case_ids=withdrawn)
    return withdrawn


def note_event(tx: Transaction, case_id: int, action: str, note: str = "") -> None:
    """Keep what happened to a case among its events."""
    e = case_events.c
    sealed = {"actor": tx.seal(e.actor, tx.actor), "note": tx.seal(e.note, note)}
    tx.connection.execute(insert(case_events).values(case_id=case_id, at=tx.now, action=action, **sealed))
