"""Cases: what reviewers work on. Findings join an open case by key; a closed case is never opened again by a machine.

What becomes sealed, or is not found again, leaves a case by `withdrawals`.
A key is made of our own ids ('privacy/post/17'), never of handles. What people do to a case is kept as its events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, update

from core.errors import StorageError
from core.records import Case, Severity
from storage.findings import StoredFinding, read_findings
from storage.tables import case_events, cases, findings
from storage.transaction import AnyRow, Transaction, chunks
from storage.withdrawals import WITHDRAWN, note_event

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # when a case without a clock is due


class CaseState(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseJoined:
    """`opened` when a new case was made, `joined` findings that were not in a case before."""

    case_id: int
    opened: bool
    joined: int


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """Something that happened to a case; `note` is a reviewer's own text."""

    at: datetime
    action: str
    actor: str = field(repr=False)
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseDetail:
    case: Case
    findings: tuple[StoredFinding, ...]
    events: tuple[CaseEvent, ...]
    outcome: str | None
    closed_at: datetime | None


def join(
    tx: Transaction,
    *,
    key: str,
    route: str,
    severity: Severity,
    due_at: datetime | None,
    findings: Sequence[StoredFinding],
    sealed: bool,
) -> CaseJoined:
    """Put findings into the open case of this key, or open one; findings that are in a case already stay there, unless the
    machine withdrew that case.

    The case takes the higher severity and the earlier due time. Nothing new to add: the case that has them is named.

    Raises:
        StorageError: there are no findings.
    """
    if not findings:
        raise StorageError("a case needs at least one finding")
    fresh, holder = _unassigned(tx, [one.id for one in findings])
    if not fresh:
        return CaseJoined(holder, False, 0)
    put = tx.upsert(cases, ("key",), where="closed_at IS NULL").returning(cases.c.id)
    opening = {"key": key, "route": route, "severity": severity.value, "state": CaseState.OPEN.value, "sealed": sealed}
    made = tx.connection.execute(put, {**opening, "opened_at": tx.now, "due_at": due_at}).scalar()
    case_id = made if made is not None else _sharpen(tx, key, severity, due_at)
    for chunk in chunks(fresh):
        tx.connection.execute(update(_findings).where(_findings.c.id.in_(chunk)).values(case_id=case_id))
    action = "case joined" if made is None else "case opened"
    note_event(tx, case_id, action)
    tx.audit(action, case_ids=[case_id], finding_ids=fresh)
    return CaseJoined(case_id, made is not None, len(fresh))


def list_cases(
    tx: Transaction,
    *,
    state: CaseState | str | None = None,
    route: str | None = None,
    include_sealed: bool = False,
    after: int | None = None,
    limit: int = 50,
) -> list[Case]:
    """Cases, the soonest due first; `after` is the id of the last one that was shown. After an unknown one comes nothing."""
    due = func.coalesce(cases.c.due_at, _NEVER)
    query = select(cases).order_by(due, cases.c.id).limit(limit)
    if state is not None:
        query = query.where(cases.c.state == CaseState(state).value)
    if route is not None:
        query = query.where(cases.c.route == route)
    if not include_sealed:
        query = query.where(cases.c.sealed.is_(False))
    if after is not None:
        shown = tx.connection.execute(select(cases.c.due_at, cases.c.sealed).where(cases.c.id == after)).first()
        if shown is None or (shown.sealed and not include_sealed):
            return []
        last = shown.due_at or _NEVER
        query = query.where((due > last) | ((due == last) & (cases.c.id > after)))
    return _cases(tx, tx.connection.execute(query).all(), include_sealed)


def count_open(tx: Transaction) -> int:
    """How many cases wait for somebody, sealed ones left out."""
    waiting = select(func.count()).select_from(cases).where(cases.c.closed_at.is_(None), cases.c.sealed.is_(False))
    number: int = tx.connection.execute(waiting).scalar_one()
    return number


def get(tx: Transaction, case_id: int, *, include_sealed: bool = False) -> CaseDetail:
    """A case with what stands in it; sealed findings only where they are asked for.

    Raises:
        StorageError: there is no such case.
    """
    row = _row(tx, case_id)
    e = case_events.c
    query = select(_findings).where(_findings.c.case_id == case_id, *_shown(include_sealed))
    events = tx.connection.execute(select(case_events).where(e.case_id == case_id).order_by(e.id))
    return CaseDetail(
        case=_cases(tx, [row], include_sealed)[0],
        findings=tuple(read_findings(tx, query.order_by(_findings.c.id))),
        events=tuple(CaseEvent(v.at, v.action, tx.unseal(e.actor, v.actor), tx.unseal(e.note, v.note)) for v in events),
        outcome=row.outcome,
        closed_at=row.closed_at,
    )


def assign(tx: Transaction, case_id: int, assignee: str, note: str = "") -> None:
    """Give a case to a reviewer. Raises: StorageError: there is no such case, or it is closed."""
    _require_open(tx, case_id)
    sealed = tx.seal(cases.c.assignee, assignee)
    tx.connection.execute(update(cases).where(cases.c.id == case_id).values(assignee=sealed, state=CaseState.ASSIGNED.value))
    note_event(tx, case_id, "assigned", note)
    tx.audit("case assigned", case_ids=[case_id])


def close(tx: Transaction, case_id: int, outcome: str, note: str = "") -> None:
    """Close a case with an outcome, one word of ours. Raises: StorageError: there is no such case, or it is closed."""
    _require_open(tx, case_id)
    closed = {"state": CaseState.CLOSED.value, "outcome": outcome, "closed_at": tx.now}
    tx.connection.execute(update(cases).where(cases.c.id == case_id).values(**closed))
    note_event(tx, case_id, "closed", note)
    tx.audit("case closed", case_ids=[case_id], outcome=outcome)


def add_note(tx: Transaction, case_id: int, action: str, note: str = "") -> None:
    """Keep something that was done with a case ('viewed', 'exported', 'commented')."""
    _row(tx, case_id)
    note_event(tx, case_id, action, note)
    tx.audit(f"case {action}", case_ids=[case_id])


_findings = findings  # `join` has an argument of this name


def _unassigned(tx: Transaction, ids: Sequence[int]) -> tuple[list[int], int]:
    """The findings that are in no case yet, or in one that was withdrawn, and else a case that holds them."""
    fresh: list[int] = []
    holder = 0
    for chunk in chunks(sorted(set(ids))):
        held = _findings.outerjoin(cases, cases.c.id == _findings.c.case_id)
        query = select(_findings.c.id, _findings.c.case_id, cases.c.outcome).select_from(held)
        query = query.where(_findings.c.id.in_(chunk)).order_by(_findings.c.id)
        for row in tx.connection.execute(query.with_for_update(of=_findings)):
            if row.case_id is None or row.outcome == WITHDRAWN:
                fresh.append(row.id)
            else:
                holder = row.case_id
    if not fresh and not holder:
        raise StorageError("a case needs findings that are stored")
    return fresh, holder


def _sharpen(tx: Transaction, key: str, severity: Severity, due_at: datetime | None) -> int:
    row = tx.connection.execute(select(cases).where(cases.c.key == key, cases.c.closed_at.is_(None)).with_for_update()).one()
    worst = max(Severity(row.severity), severity, key=lambda one: one.rank)
    due = min((time for time in (row.due_at, due_at) if time is not None), default=None)
    tx.connection.execute(update(cases).where(cases.c.id == row.id).values(severity=worst.value, due_at=due))
    case_id: int = row.id
    return case_id


def _require_open(tx: Transaction, case_id: int) -> None:
    if _row(tx, case_id, lock=True).closed_at is not None:
        raise StorageError(f"case {case_id} is closed; what was decided stays")


def _row(tx: Transaction, case_id: int, *, lock: bool = False) -> AnyRow:
    query = select(cases).where(cases.c.id == case_id)
    row = tx.connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise StorageError(f"there is no case {case_id}")
    return row


def _shown(include_sealed: bool) -> list[ColumnElement[bool]]:
    stands = findings.c.retired_at.is_(None)
    return [stands] if include_sealed else [stands, findings.c.sealed.is_(False)]


def _cases(tx: Transaction, rows: Sequence[AnyRow], include_sealed: bool) -> list[Case]:
    f = findings.c
    held: dict[int, dict[str, int]] = {}
    for chunk in chunks([row.id for row in rows]):
        query = select(f.case_id, f.rule, func.count()).where(f.case_id.in_(chunk), *_shown(include_sealed))
        for case_id, rule, n in tx.connection.execute(query.group_by(f.case_id, f.rule).order_by(f.case_id, f.rule)):
            held.setdefault(case_id, {})[rule] = n
    return [
        Case(
            id=row.id,
            key=row.key,
            route=row.route,
            severity=Severity(row.severity),
            state=row.state,
            opened_at=row.opened_at,
            due_at=row.due_at,
            finding_count=sum(held.get(row.id, {}).values()),
            rules=tuple(held.get(row.id, {})),
            sealed=row.sealed,
            assignee=None if row.assignee is None else tx.unseal(cases.c.assignee, row.assignee),
        )
        for row in rows
    ]
