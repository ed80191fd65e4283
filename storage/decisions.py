"""Counsel's decisions: a duty to delete met a hold or an open case. Raised by a machine, decided by a person, kept for good.

What was decided is never written over: decided anew, or met by a later hold, it is closed as it is, and another row follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, func, insert, or_, select, update

from core.errors import StorageError
from core.records import Account
from storage._same_person import same_person
from storage.accounts import by_id
from storage.duties import DecisionState, Duty, Holder
from storage.holds import list_holds
from storage.retention import DuePost, holds_of
from storage.tables import accounts, posts, retention_decisions
from storage.transaction import AnyRow, Transaction, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One conflict: which duty, since when, what held the post; `done_at` when it was erased, when the conflict was no more, or
    when another row of the same conflict took its place."""

    id: int
    post_id: int
    account: Account
    duty: Duty
    held_by: Holder
    raised_at: datetime
    due_at: datetime
    state: DecisionState
    decided_by: str = field(repr=False)  # empty while it waits, as the reasoning
    decided_at: datetime | None
    reasoning: str = field(repr=False)
    done_at: datetime | None


def raise_all(tx: Transaction, due: Iterable[DuePost]) -> int:
    """Put before counsel what is undecided; returns how many are new. One that waits already stays as it was raised; a decision
    to erase that does not speak of what holds the post now is closed."""
    c = retention_decisions.c
    rows = {(one.id, duty): (one, duty) for one in due for duty in one.undecided if one.held_by is not None}
    ids = sorted({post_id for post_id, _ in rows})
    waits = and_(c.state == DecisionState.WAITING.value, c.done_at.is_(None))
    for chunk in chunks(ids):
        query = select(c.id, c.post_id, c.duty, c.held_by).where(c.post_id.in_(chunk), waits)
        for row in tx.connection.execute(query).all():
            found = rows.pop((row.post_id, Duty(row.duty)), None)
            if found is not None and found[0].held_by != row.held_by:
                held_by = found[0].held_by
                tx.connection.execute(update(retention_decisions).where(c.id == row.id).values(held_by=held_by))
    if not rows:
        return 0
    fresh = [
        {
            "post_id": one.id,
            "duty": duty.value,
            "held_by": one.held_by,
            "raised_at": tx.now,
            "due_at": one.duties[duty],
            "state": DecisionState.WAITING.value,
        }
        for one, duty in rows.values()
    ]
    for some in chunks(fresh, 400):
        same = or_(*(and_(c.post_id == row["post_id"], c.duty == row["duty"]) for row in some))
        stale = update(retention_decisions).where(same, c.state == DecisionState.ERASE.value, c.done_at.is_(None))
        tx.connection.execute(stale.values(done_at=tx.now))
    put = tx.upsert(retention_decisions, ("post_id", "duty"), where="done_at IS NULL")
    raised = sorted(tx.connection.execute(put.returning(c.id), fresh).scalars())
    if raised:
        tx.audit("decisions raised", decision_ids=raised)
    return len(raised)


def decide(tx: Transaction, decision_id: int, state: DecisionState, *, reasoning: str, decided_by: str) -> int:
    """Decide to keep or to erase. It may be decided anew until it was carried out: that is another row, whose number is
    returned, and the one before stays as it was.

    Raises:
        StorageError: there is none of this number, it is settled, or who placed a hold would lift it so.
    """
    c, a = retention_decisions.c, accounts.c
    owner = select(c.post_id, posts.c.account_id).join(posts, posts.c.id == c.post_id).where(c.id == decision_id)
    known = tx.connection.execute(owner).first()
    if known is None:
        raise StorageError(f"there is no decision {decision_id}")
    # who erases of this account holds its row, and so does who places a hold: what is read after this still stands
    tx.connection.execute(select(a.id).where(a.id == known.account_id).with_for_update()).all()
    row = tx.connection.execute(select(retention_decisions).where(c.id == decision_id).with_for_update()).one()
    if row.done_at is not None:
        raise StorageError(f"decision {decision_id} is settled; nothing is left to decide")
    placers = [hold.placed_by for hold in list_holds(tx, account_id=known.account_id)]
    if state is DecisionState.ERASE and any(same_person(decided_by, placer) for placer in placers):
        raise StorageError(f"decision {decision_id}: who placed the hold can't decide to erase; somebody else must")
    number = decision_id if row.state == DecisionState.WAITING.value else _follow(tx, row)
    hold = holds_of(tx, [known.post_id]).get(known.post_id)
    values = {
        "state": state.value,
        "made_over": sorted(hold.names) if hold else [],
        "decided_by": tx.seal(c.decided_by, decided_by),
        "decided_at": tx.now,
        "reasoning": tx.seal(c.reasoning, reasoning),
    }
    tx.connection.execute(update(retention_decisions).where(c.id == number).values(**values))
    tx.audit("retention decided", decision_ids=[number], state=state.value)
    return number


def _follow(tx: Transaction, row: AnyRow) -> int:
    """Close a decision and open another row of its conflict; returns its number."""
    c = retention_decisions.c
    tx.connection.execute(update(retention_decisions).where(c.id == row.id).values(done_at=tx.now))
    told = {name: getattr(row, name) for name in ("post_id", "duty", "held_by", "raised_at", "due_at")}
    put = insert(retention_decisions).values(**told, state=DecisionState.WAITING.value).returning(c.id)
    number: int = tx.connection.execute(put).scalar_one()
    return number


def settle(tx: Transaction, post_ids: Sequence[int]) -> None:
    """Close all decisions on posts that were erased."""
    c = retention_decisions.c
    for chunk in chunks(post_ids):
        tx.connection.execute(
            update(retention_decisions).where(c.post_id.in_(chunk), c.done_at.is_(None)).values(done_at=tx.now)
        )


def settle_moot(tx: Transaction, decision_ids: Sequence[int]) -> None:
    """Close what waits for counsel although the duty or the hold is no more; what was decided meanwhile stays open."""
    c, closed = retention_decisions.c, list[int]()
    for chunk in chunks(decision_ids):
        still = update(retention_decisions).where(c.id.in_(chunk), c.state == DecisionState.WAITING.value, c.done_at.is_(None))
        closed += tx.connection.execute(still.values(done_at=tx.now).returning(c.id)).scalars()
    if closed:
        tx.audit("decisions moot", decision_ids=sorted(closed))


def waiting_posts(tx: Transaction) -> dict[int, list[tuple[int, Duty]]]:
    """Decisions that wait, with their duty, by post."""
    c = retention_decisions.c
    found: dict[int, list[tuple[int, Duty]]] = {}
    query = select(c.id, c.post_id, c.duty).where(c.state == DecisionState.WAITING.value, c.done_at.is_(None))
    for row in tx.connection.execute(query.order_by(c.id)):
        found.setdefault(row.post_id, []).append((row.id, Duty(row.duty)))
    return found


def count_waiting(tx: Transaction) -> int:
    """How many wait for counsel; those over a sealed case are left out, as they are in every count."""
    c = retention_decisions.c
    query = select(func.count()).select_from(retention_decisions)
    query = query.where(c.state == DecisionState.WAITING.value, c.done_at.is_(None), c.held_by != Holder.SEALED_CASE.value)
    number: int = tx.connection.execute(query).scalar_one()
    return number


def list_decisions(
    tx: Transaction, *, state: DecisionState | None = None, include_settled: bool = False, include_sealed: bool = False
) -> list[Decision]:
    """By number. What is settled, and what a sealed case holds, only where it is asked for."""
    c = retention_decisions.c
    query = select(retention_decisions, posts.c.account_id).join(posts, posts.c.id == c.post_id).order_by(c.id)
    if state is not None:
        query = query.where(c.state == state.value)
    if not include_settled:
        query = query.where(c.done_at.is_(None))
    if not include_sealed:
        query = query.where(c.held_by != Holder.SEALED_CASE.value)
    rows = tx.connection.execute(query).all()
    known = by_id(tx, [row.account_id for row in rows])
    return [
        Decision(
            id=row.id,
            post_id=row.post_id,
            account=known[row.account_id],
            duty=Duty(row.duty),
            held_by=Holder(row.held_by),
            raised_at=row.raised_at,
            due_at=row.due_at,
            state=DecisionState(row.state),
            decided_by="" if row.decided_by is None else tx.unseal(c.decided_by, row.decided_by),
            decided_at=row.decided_at,
            reasoning="" if row.reasoning is None else tx.unseal(c.reasoning, row.reasoning),
            done_at=row.done_at,
        )
        for row in rows
    ]
