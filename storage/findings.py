"""Findings: kept once a subject, rule, category, place and scope; retired when a later reading does not find them again.

A finding about a profile is kept once an account, whichever post or profile brought it up. Sealed findings show only to those
who ask for them by name, and are counted as one total a route.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from core.errors import StorageError
from core.records import Account, Finding, FindingScope, Severity, Span
from storage._columns import canonical
from storage.accounts import by_id
from storage.tables import findings, profile_snapshots
from storage.transaction import AnyRow, Transaction, chunks
from storage.withdrawals import release_misfits, withdraw_empty


class FindingState(StrEnum):
    """Where a finding stands: seen by nobody yet, part of a case, or not found again."""

    NEW = "new"
    IN_CASE = "in case"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """A finding with its place. `post_id` and `revision_id` are of the post that brought it up, None when a profile did."""

    id: int
    finding: Finding
    account: Account
    post_id: int | None
    revision_id: int | None
    profile_id: int | None
    found_at: datetime
    last_found_at: datetime
    retired_at: datetime | None
    case_id: int | None

    @property
    def state(self) -> FindingState:
        if self.retired_at is not None:
            return FindingState.RETIRED
        return FindingState.NEW if self.case_id is None else FindingState.IN_CASE


@dataclass(frozen=True, slots=True)
class FindingCount:
    rule: str
    severity: Severity
    category: str
    count: int


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """Open findings by rule, severity and category; sealed ones as one total a route."""

    open: tuple[FindingCount, ...]
    sealed: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundIn:
    """What reading one subject found. `read` is False when the subject could not be read wholly."""

    account: Account
    post_id: int | None
    revision_id: int | None
    profile_id: int | None
    rules: tuple[str, ...]
    read: bool
    findings: tuple[Finding, ...]


def list_findings(
    tx: Transaction,
    *,
    rule: str | None = None,
    severity: Severity | None = None,
    route: str | None = None,
    state: FindingState | str | None = None,
    include_sealed: bool = False,
    since: datetime | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[StoredFinding]:
    """Findings, newest first: all that stand, or those in `state`; `after` is the id of the last one that was shown.

    `since` leaves out what was first found earlier.
    """
    c = findings.c
    wheres: list[ColumnElement[bool]] = []
    if rule is not None:
        wheres.append(c.rule == rule)
    if severity is not None:
        wheres.append(c.severity == severity.value)
    if route is not None:
        wheres.append(c.route == route)
    wheres.append(c.retired_at.is_(None) if state is None else _in_state(FindingState(state)))
    if not include_sealed:
        wheres.append(c.sealed.is_(False))
    if since is not None:
        wheres.append(c.found_at >= since)
    if after is not None:
        wheres.append(c.id < after)
    return read_findings(tx, select(findings).where(*wheres).order_by(c.id.desc()).limit(limit))


def get(tx: Transaction, finding_id: int) -> StoredFinding:
    """Raises: StorageError: there is no such finding."""
    found = read_findings(tx, select(findings).where(findings.c.id == finding_id))
    if not found:
        raise StorageError(f"there is no finding {finding_id}")
    return found[0]


def counts(tx: Transaction, *, since: datetime | None = None, until: datetime | None = None) -> FindingCounts:
    """Findings first made in [since, until) and not retired."""
    c = findings.c
    wheres: list[ColumnElement[bool]] = [c.retired_at.is_(None)]
    if since is not None:
        wheres.append(c.found_at >= since)
    if until is not None:
        wheres.append(c.found_at < until)
    cell = select(c.rule, c.severity, c.category, func.count()).where(c.sealed.is_(False), *wheres)
    cells = tx.connection.execute(cell.group_by(c.rule, c.severity, c.category).order_by(c.rule, c.severity, c.category))
    sealed = tx.connection.execute(select(c.route, func.count()).where(c.sealed.is_(True), *wheres).group_by(c.route))
    return FindingCounts(
        tuple(FindingCount(rule, Severity(severity), category, n) for rule, severity, category, n in cells),
        {row[0]: row[1] for row in sealed},
    )


def keep(tx: Transaction, found: Sequence[FoundIn]) -> list[StoredFinding]:
    """Write what was found, retire what was not found again; returns what was found, by id. For `screenings.record_all`.

    A finding whose seal or route no longer fits its case leaves it, and a case in which nothing stands any more is withdrawn.
    """
    rows = {row["key"]: row for one in found for row in (_row(tx, one, finding) for finding in one.findings)}
    retire(tx, _not_found_again(tx, found, rows.keys()))
    if not rows:
        return []
    known = {key for chunk in chunks(rows) for key in tx.connection.execute(_by_keys(chunk, findings.c.key)).scalars()}
    lasting = {"key", "account_id", "rule", "category", "spans", "scope", "found_at"}
    fresh = tuple(name for name in next(iter(rows.values())) if name not in lasting)
    # sorted: two that screen the same accounts at once wait for each other and don't deadlock
    tx.connection.execute(tx.upsert(findings, ("key",), fresh), [rows[key] for key in sorted(rows)])
    release_misfits(tx, [row.id for chunk in chunks(rows) for row in tx.connection.execute(_by_keys(chunk, findings.c.id))])
    stored = [one for chunk in chunks(rows) for one in read_findings(tx, _by_keys(chunk))]
    if opened := sorted(row.id for chunk in chunks(rows.keys() - known) for row in tx.connection.execute(_by_keys(chunk))):
        tx.audit("findings opened", finding_ids=opened)
    return sorted(stored, key=lambda one: one.id)


def retire(tx: Transaction, finding_ids: Sequence[int]) -> None:
    """Set findings aside; cases in which nothing else stands are withdrawn."""
    held: set[int | None] = set()
    for chunk in chunks(sorted(finding_ids)):
        put = update(findings).where(findings.c.id.in_(chunk)).values(retired_at=tx.now).returning(findings.c.case_id)
        held.update(tx.connection.execute(put).scalars())
    if finding_ids:
        tx.audit("findings retired", finding_ids=sorted(finding_ids))
        withdraw_empty(tx, held)


def read_findings(tx: Transaction, query: Select[Any]) -> list[StoredFinding]:
    """The findings of a query over all columns of the table."""
    rows = tx.connection.execute(query).all()
    known = by_id(tx, [row.account_id for row in rows])
    return [_stored(row, known[row.account_id]) for row in rows]


def _by_keys(keys: Sequence[bytes], *columns: ColumnElement[Any]) -> Select[Any]:
    return select(*(columns or findings.c)).where(findings.c.key.in_(keys))


def _in_state(state: FindingState) -> ColumnElement[bool]:
    c = findings.c
    if state is FindingState.RETIRED:
        return c.retired_at.is_not(None)
    in_case = c.case_id.is_(None) if state is FindingState.NEW else c.case_id.is_not(None)
    return and_(c.retired_at.is_(None), in_case)


def _row(tx: Transaction, one: FoundIn, finding: Finding) -> dict[str, Any]:
    spans = [[span.segment, span.start, span.end] for span in sorted(finding.spans)]
    about_profile = finding.scope is FindingScope.PROFILE or one.revision_id is None
    subject = one.account.id if about_profile else one.revision_id
    scope = FindingScope.PROFILE if about_profile else FindingScope.POST
    key = canonical([scope.value, subject, finding.rule, finding.category, spans])
    return {
        "key": hashlib.sha256(key.encode()).digest(),
        "account_id": one.account.id,
        "post_id": one.post_id,
        "revision_id": one.revision_id,
        "profile_id": one.profile_id,
        "rule": finding.rule,
        "category": finding.category,
        "severity": finding.severity.value,
        "score": finding.score,
        "spans": spans,
        "clause": finding.clause,
        "route": finding.route,
        "reason": finding.reason,
        "scope": scope.value,
        "detector_version": finding.detector_version,
        "policy_version": finding.policy_version,
        "sealed": finding.sealed,
        "found_at": tx.now,
        "last_found_at": tx.now,
        "retired_at": None,
    }


def _not_found_again(tx: Transaction, found: Sequence[FoundIn], found_again: Any) -> list[int]:
    """What the same rules found in the same subjects before, by id. A subject that was not read retires nothing.

    A profile's reading answers for what profiles brought up, and for what posts brought up before this profile was first seen.
    """
    c = findings.c
    retired: list[int] = []
    groups: dict[tuple[tuple[str, ...], bool], list[FoundIn]] = {}
    for one in found:
        if one.read:
            groups.setdefault((one.rules, one.revision_id is None), []).append(one)
    for (rules, is_profile), group in groups.items():
        if is_profile:
            mine: ColumnElement[bool] = or_(*(_about_profile(one) for one in group))
        else:
            mine = and_(c.scope == FindingScope.POST.value, c.revision_id.in_([one.revision_id for one in group]))
        old = tx.connection.execute(select(c.id, c.key).where(mine, c.rule.in_(rules), c.retired_at.is_(None)))
        retired += [row.id for row in old if row.key not in found_again]
    return sorted(retired)


def _about_profile(one: FoundIn) -> ColumnElement[bool]:
    c, s = findings.c, profile_snapshots.c
    first_seen = select(s.first_seen_at).where(s.id == one.profile_id).scalar_subquery()
    return and_(
        c.account_id == one.account.id,
        c.scope == FindingScope.PROFILE.value,
        or_(c.profile_id.is_not(None), c.last_found_at < first_seen),
    )


def _stored(row: AnyRow, account: Account) -> StoredFinding:
    return StoredFinding(
        id=row.id,
        finding=Finding(
            rule=row.rule,
            category=row.category,
            severity=Severity(row.severity),
            score=row.score,
            spans=tuple(Span(*span) for span in row.spans),
            clause=row.clause,
            route=row.route,
            reason=row.reason,
            scope=FindingScope(row.scope),
            detector_version=row.detector_version,
            policy_version=row.policy_version,
            sealed=row.sealed,
        ),
        account=account,
        post_id=row.post_id,
        revision_id=row.revision_id,
        profile_id=row.profile_id,
        found_at=row.found_at,
        last_found_at=row.last_found_at,
        retired_at=row.retired_at,
        case_id=row.case_id,
    )
