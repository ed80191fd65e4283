"""What must go by the platforms' terms, by retirement or by an upheld dispute, and what stands against it.

Nothing is erased here: see `storage.erasure`. A hold, an open case or counsel's own earlier word against a duty makes it a
decision, a row that waits for counsel and stays on record (`storage.decisions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from core.records import GoneReason, Kind
from core.terms import CAUTIOUS, PlatformTerms, Terms
from storage._envelope import ERASED
from storage.duties import DecisionState, Duty, Holder
from storage.tables import (
    accounts,
    cases,
    disputes,
    findings,
    legal_holds,
    post_revisions,
    posts,
    retention_decisions,
    screenings,
)
from storage.transaction import AnyRow, Transaction, chunks

ALL_DUTIES = frozenset(Duty)
ALL_KINDS = frozenset(Kind)


class Verdict(StrEnum):
    """What a purge does with a post that a duty wants gone."""

    ERASE = "erase"
    WAITING = "waits for counsel"
    KEPT = "kept by decision"
    UNREAD = "not screened yet"  # what nobody has looked at is not taken away unseen


@dataclass(frozen=True, slots=True)
class DuePost:
    """A post that must go: `duties` with since when, the earliest first, and what stands against it.

    `undecided` are the duties that counsel has to decide on.
    """

    id: int
    account_id: str
    platform: str
    duties: Mapping[Duty, datetime]
    held_by: Holder | None
    verdict: Verdict
    undecided: tuple[Duty, ...]
    duty: Duty  # by which it goes, or the first of them

    @property
    def due_at(self) -> datetime:
        return self.duties[self.duty]


@dataclass(frozen=True, slots=True)
class Hold:
    """What stands against erasing a post. `names` are all of it, as 'hold 3': a decision to erase speaks of those it was made
    over, and of none that came later, whatever the clock says."""

    by: Holder
    names: frozenset[str]


def candidates(
    tx: Transaction, terms: Terms, *, limit: int, after_id: int = 0, only: Collection[Duty] = ALL_DUTIES
) -> list[tuple[int, str]]:
    """Posts that some duty may want gone, by id, each with its account's id: what `due_posts` is to be asked about."""
    query = _candidates(tx, terms, only).where(posts.c.id > after_id).order_by(posts.c.id).limit(limit)
    return [(row.id, row.account_id) for row in tx.connection.execute(query)]


def due_posts(
    tx: Transaction,
    terms: Terms,
    ids: Sequence[int],
    only: Collection[Duty] = ALL_DUTIES,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
) -> list[DuePost]:
    """Those of these posts that some duty of `only` wants gone now, by id. `kinds` of accounts are screened; what is of none
    waits for no screening."""
    query = _candidates(tx, terms, only).order_by(posts.c.id)
    rows = [row for chunk in chunks(sorted(ids)) for row in tx.connection.execute(query.where(posts.c.id.in_(chunk)))]
    known = [row.id for row in rows]
    held, unread, decided = holds_of(tx, known), unread_posts(tx, known, kinds), _decided(tx, known)
    due = []
    for row in rows:
        duties = _duties(row, terms.of(row.platform), tx.now, only)
        if duties:
            due.append(_judged(row, duties, held.get(row.id), row.id in unread, decided.get(row.id, {})))
    return due


def lock_for_erasure(tx: Transaction, post_ids: Sequence[int], account_ids: Iterable[str]) -> None:
    """Let nobody store, hold or screen these posts until the transaction ends: what is judged after this still stands."""
    r, a = post_revisions.c, accounts.c
    for ids in chunks(sorted(set(account_ids))):
        tx.connection.execute(select(a.id).where(a.id.in_(ids)).order_by(a.id).with_for_update()).all()
    for chunk in chunks(sorted(post_ids)):
        tx.connection.execute(select(r.id).where(r.post_id.in_(chunk)).order_by(r.id).with_for_update()).all()


def _candidates(tx: Transaction, terms: Terms, only: Collection[Duty]) -> Select[Any]:
    p, a, d = posts.c, accounts.c, disputes.c
    upheld = select(d.account_id, func.max(d.decided_at).label("upheld_at")).where(d.state == "upheld").group_by(d.account_id)
    upheld_of = upheld.subquery()
    owned = posts.join(accounts, a.id == p.account_id).outerjoin(upheld_of, upheld_of.c.account_id == a.id)
    by_terms = [and_(a.platform == name, _overdue(one, tx.now, only)) for name, one in terms.platforms.items()]
    by_terms.append(and_(a.platform.not_in(list(terms.platforms)), _overdue(CAUTIOUS, tx.now, only)))
    gone = (p.gone_at, p.gone_reason, p.first_seen_at, p.last_seen_at)
    query = select(p.id, p.account_id, *gone, a.platform, a.retired_at, upheld_of.c.upheld_at).select_from(owned)
    return query.where(
        p.erased_at.is_(None), or_(a.retired_at.is_not(None), p.first_seen_at <= upheld_of.c.upheld_at, *by_terms)
    )


def _overdue(terms: PlatformTerms, now: datetime, only: Collection[Duty]) -> ColumnElement[bool]:
    p = posts.c
    due: list[ColumnElement[bool]] = [false()]
    if Duty.DELETED in only and terms.honour_deletions:
        due.append(p.gone_at <= now - timedelta(hours=terms.delete_within_hours or 0))
    if Duty.NOT_REFRESHED in only and terms.refresh_days is not None:
        due.append(p.last_seen_at <= now - timedelta(days=terms.refresh_days))
    if Duty.KEPT_LONG in only and terms.keep_days is not None:
        due.append(p.first_seen_at <= now - timedelta(days=terms.keep_days))
    if Duty.NOT_STORABLE in only and not terms.store_text:
        due.append(p.first_seen_at <= now)
    return or_(*due)


def _duties(row: AnyRow, terms: PlatformTerms, now: datetime, only: Collection[Duty]) -> dict[Duty, datetime]:
    """Since when each duty is due. A post that lives on elsewhere was not taken away; a look that found nothing refreshed
    nothing, so a refresh is a sighting."""
    since: dict[Duty, datetime | None] = {Duty.RETIRED: row.retired_at}
    if row.upheld_at is not None and row.first_seen_at <= row.upheld_at:
        since[Duty.DISPUTED] = row.upheld_at
    if terms.honour_deletions and row.gone_at is not None and row.gone_reason != GoneReason.RENAMED.value:
        since[Duty.DELETED] = row.gone_at + timedelta(hours=terms.delete_within_hours or 0)
    if terms.refresh_days is not None:
        since[Duty.NOT_REFRESHED] = row.last_seen_at + timedelta(days=terms.refresh_days)
    if terms.keep_days is not None:
        since[Duty.KEPT_LONG] = row.first_seen_at + timedelta(days=terms.keep_days)
    if not terms.store_text:
        since[Duty.NOT_STORABLE] = row.first_seen_at
    due = [(at, duty) for duty, at in since.items() if at is not None and at <= now and duty in only]
    return {duty: at for at, duty in sorted(due)}


def holds_of(tx: Transaction, post_ids: Sequence[int]) -> dict[int, Hold]:
    """What stands against erasing these posts; it is told by an account's legal hold before a case."""
    p, h, f, c, d = posts.c, legal_holds.c, findings.c, cases.c, retention_decisions.c
    holds: dict[int, Hold] = {}
    for chunk in chunks(post_ids):
        kept = select(d.post_id, d.id).where(d.post_id.in_(chunk), d.state == DecisionState.KEEP.value, d.done_at.is_(None))
        in_case = select(f.post_id, c.id, c.sealed).join(cases, c.id == f.case_id)
        in_case = in_case.where(f.post_id.in_(chunk), c.closed_at.is_(None)).order_by(c.sealed.desc())
        held = select(p.id.label("post_id"), h.id).join(legal_holds, h.account_id == p.account_id)
        held = held.where(p.id.in_(chunk), h.released_at.is_(None))
        found = [
            *((row.post_id, Holder.DECISION, f"decision {row.id}") for row in tx.connection.execute(kept)),
            *(
                (row.post_id, Holder.SEALED_CASE if row.sealed else Holder.CASE, f"case {row.id}")
                for row in tx.connection.execute(in_case)
            ),
            *((row.post_id, Holder.HOLD, f"hold {row.id}") for row in tx.connection.execute(held)),
        ]
        for post_id, by, name in found:
            before = holds[post_id].names if post_id in holds else frozenset()
            holds[post_id] = Hold(by, before | {name})
    return holds


def unread_posts(tx: Transaction, post_ids: Sequence[int], kinds: Collection[Kind] = ALL_KINDS) -> set[int]:
    """Which of these posts have a revision that was never screened, or that failed and will be tried again."""
    r, s, a = post_revisions.c, screenings.c, accounts.c
    owned = post_revisions.join(posts, posts.c.id == r.post_id).join(accounts, a.id == posts.c.account_id)
    last = owned.outerjoin(screenings, (s.revision_id == r.id) & (s.set_id == r.read_with))
    unread = select(r.post_id).select_from(last).where(r.content != ERASED, or_(r.read_with.is_(None), s.attempts > 0))
    unread = unread.where(a.kind.in_([kind.value for kind in kinds])).distinct()
    return {one for chunk in chunks(post_ids) for one in tx.connection.execute(unread.where(r.post_id.in_(chunk))).scalars()}


def _decided(tx: Transaction, post_ids: Sequence[int]) -> dict[int, dict[Duty, AnyRow]]:
    d = retention_decisions.c
    decided: dict[int, dict[Duty, AnyRow]] = {}
    query = select(d.post_id, d.duty, d.state, d.made_over).where(d.state != DecisionState.WAITING.value, d.done_at.is_(None))
    for chunk in chunks(post_ids):
        for row in tx.connection.execute(query.where(d.post_id.in_(chunk))):
            decided.setdefault(row.post_id, {})[Duty(row.duty)] = row
    return decided


def _judged(
    row: AnyRow, duties: Mapping[Duty, datetime], hold: Hold | None, unread: bool, decided: Mapping[Duty, AnyRow]
) -> DuePost:
    agreed = [duty for duty in duties if hold is None or _lets_erase(decided.get(duty), hold)]
    undecided = () if agreed else tuple(duty for duty in duties if not _says_keep(decided.get(duty)))
    if unread:
        verdict, undecided = Verdict.UNREAD, ()
    elif agreed:
        verdict = Verdict.ERASE
    else:
        verdict = Verdict.WAITING if undecided else Verdict.KEPT
    return DuePost(
        id=row.id,
        account_id=row.account_id,
        platform=row.platform,
        duties=duties,
        held_by=hold.by if hold else None,
        verdict=verdict,
        undecided=undecided,
        duty=next(iter(agreed or undecided or duties)),
    )


def _says_keep(decision: AnyRow | None) -> bool:
    return decision is not None and decision.state == DecisionState.KEEP.value


def _lets_erase(decision: AnyRow | None, hold: Hold) -> bool:
    return decision is not None and decision.state == DecisionState.ERASE.value and hold.names <= {*decision.made_over}
