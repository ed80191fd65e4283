"""Which kept answers and profiles must go: they show a post that was erased, or the terms give them no more days.

An answer that also shows a post which is held stays until the hold ends. One without posts (a profile) is held by a hold on the
account and by an open case on its profile. What the same bytes show under another address or account counts as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import func, select

from core.records import Kind
from core.terms import PlatformTerms, Terms
from storage._envelope import ERASED
from storage.duties import Duty, Holder
from storage.retention import ALL_KINDS, Hold, holds_of, unread_posts
from storage.tables import (
    accounts,
    cases,
    cursors,
    disputes,
    evidence,
    findings,
    legal_holds,
    post_revisions,
    posts,
    profile_snapshots,
)
from storage.transaction import AnyRow, Transaction, chunks

_NONE: Mapping[int, Duty] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DueCapture:
    """An answer or profile that must go, and what stands against it."""

    id: int
    account_id: str
    platform: str
    duty: Duty
    held_by: Holder | None


@dataclass(frozen=True, slots=True)
class _Owner:
    """What of an account decides on its captures."""

    platform: str
    retired_at: datetime | None
    upheld_at: datetime | None
    held_by: Holder | None  # a hold on the account, or an open case on its profile


def captures_after(tx: Transaction, after_id: int, limit: int) -> list[tuple[int, str]]:
    """The next answers that are not erased, by id, each with its account's id: what `due_captures` is to be asked about."""
    c = evidence.c
    query = select(c.id, c.account_id).where(c.id > after_id, c.erased_at.is_(None)).order_by(c.id).limit(limit)
    return [(row.id, row.account_id) for row in tx.connection.execute(query)]


def due_captures(
    tx: Transaction,
    terms: Terms,
    ids: Sequence[int],
    doomed: Mapping[int, Duty] = _NONE,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
) -> list[DueCapture]:
    """Those of these answers that must go. `doomed` are posts, with their duty, to be taken as erased already (a rehearsal).
    `kinds` of accounts are screened."""
    c = evidence.c
    live = select(c.id, c.sha256, c.account_id, c.post_ids, c.captured_at, c.last_captured_at)
    live = live.where(c.erased_at.is_(None)).order_by(c.id)
    rows = [row for chunk in chunks(sorted(ids)) for row in tx.connection.execute(live.where(c.id.in_(chunk)))]
    names = sorted({row.sha256 for row in rows})
    same = [row for chunk in chunks(names) for row in tx.connection.execute(live.where(c.sha256.in_(chunk)))]
    own = _posts_of(tx, same)
    shown: defaultdict[str, set[int]] = defaultdict(set)
    for row in same:
        shown[row.sha256] |= own[row.id]
    every = sorted({post_id for one in shown.values() for post_id in one})
    gone = {**_erased(tx, every), **doomed}
    held = {post_id: hold for post_id, hold in holds_of(tx, every).items() if post_id not in gone}
    unread = unread_posts(tx, every, kinds)
    owners = _owners(tx, {row.account_id for row in rows})
    due = []
    for row in rows:
        owner, its_posts = owners[row.account_id], shown[row.sha256]
        duty = _duty(row, its_posts, gone, unread, owner, terms.of(owner.platform), tx.now)
        if duty is not None:
            by_posts = _holder(held[post_id] for post_id in its_posts & held.keys())
            held_by = by_posts if own[row.id] else by_posts or owner.held_by
            due.append(DueCapture(row.id, row.account_id, owner.platform, duty, held_by))
    return due


def due_profiles(tx: Transaction, terms: Terms) -> list[DueCapture]:
    """Profile snapshots that must go: of retired and disputed accounts, and those that the terms give no more days."""
    s = profile_snapshots.c
    query = select(s.id, s.account_id, s.first_seen_at, s.last_seen_at).where(s.content_key != ERASED).order_by(s.id)
    rows = tx.connection.execute(query).all()
    owners = _owners(tx, {row.account_id for row in rows})
    due = []
    for row in rows:
        owner = owners[row.account_id]
        duty = _by_account(owner, row.first_seen_at) or _by_days(
            terms.of(owner.platform), row.first_seen_at, row.last_seen_at, tx.now
        )
        if duty is not None:
            due.append(DueCapture(row.id, row.account_id, owner.platform, duty, owner.held_by))
    return due


def due_cursors(tx: Transaction) -> list[str]:
    """Accounts whose cursors must go, with the ids of posts in them: retired ones, and what a cursor knew when a dispute was
    upheld. A legal hold keeps it."""
    c = cursors.c
    rows = tx.connection.execute(select(c.account_id, c.updated_at).order_by(c.account_id)).all()
    owners = _owners(tx, {row.account_id for row in rows})
    due = {row.account_id for row in rows if _by_account(owners[row.account_id], row.updated_at) is not None}
    return sorted(account_id for account_id in due if owners[account_id].held_by is not Holder.HOLD)


def _holder(holds: Iterable[Hold]) -> Holder | None:
    """Of what holds an answer, what may be told: a sealed case only where nothing else does."""
    found = {hold.by for hold in holds}
    return min(found - {Holder.SEALED_CASE}, default=next(iter(found), None))


def _duty(
    row: AnyRow,
    its_posts: set[int],
    gone: Mapping[int, Duty],
    unread: Collection[int],
    owner: _Owner,
    terms: PlatformTerms,
    now: datetime,
) -> Duty | None:
    if erased := its_posts & gone.keys():
        return min(gone[post_id] for post_id in erased)
    if not terms.store_text and its_posts.isdisjoint(unread):
        return Duty.NOT_STORABLE
    return _by_account(owner, row.captured_at) or _by_days(terms, row.captured_at, row.last_captured_at, now)


def _by_account(owner: _Owner, since: datetime) -> Duty | None:
    if owner.upheld_at is not None and since <= owner.upheld_at:
        return Duty.DISPUTED
    return Duty.RETIRED if owner.retired_at is not None else None


def _by_days(terms: PlatformTerms, since: datetime, refreshed: datetime, now: datetime) -> Duty | None:
    """An old answer is a copy that nobody refreshes, however often its posts were seen since."""
    if terms.refresh_days is not None and refreshed <= now - timedelta(days=terms.refresh_days):
        return Duty.NOT_REFRESHED
    if terms.keep_days is not None and since <= now - timedelta(days=terms.keep_days):
        return Duty.KEPT_LONG
    return None


def _posts_of(tx: Transaction, rows: Sequence[AnyRow]) -> dict[int, set[int]]:
    """The posts that each of these answers was kept for."""
    shown = {row.id: set(row.post_ids or ()) for row in rows}
    unnoted = [row for row in rows if row.post_ids is None]
    for evidence_id, post_id in _by_revisions(tx, [row.id for row in unnoted], {row.account_id for row in unnoted}):
        shown[evidence_id].add(post_id)
    return shown


def _by_revisions(tx: Transaction, ids: Sequence[int], account_ids: Iterable[str]) -> list[tuple[int, int]]:
    """For answers from before their posts were noted: (answer, post) as the revisions name them."""
    if not ids:
        return []
    wanted, r = set(ids), post_revisions.c
    query = select(r.post_id, r.evidence_ids).join(posts, posts.c.id == r.post_id)
    return [
        (evidence_id, row.post_id)
        for chunk in chunks(sorted(account_ids))
        for row in tx.connection.execute(query.where(posts.c.account_id.in_(chunk)))
        for evidence_id in row.evidence_ids
        if evidence_id in wanted
    ]


def _erased(tx: Transaction, post_ids: Sequence[int]) -> dict[int, Duty]:
    p = posts.c
    erased = select(p.id, p.erased_for).where(p.erased_at.is_not(None))
    return {
        row.id: Duty(row.erased_for)
        for chunk in chunks(post_ids)
        for row in tx.connection.execute(erased.where(p.id.in_(chunk)))
    }


def _owners(tx: Transaction, account_ids: Iterable[str]) -> dict[str, _Owner]:
    a, d, f = accounts.c, disputes.c, findings.c
    owners: dict[str, _Owner] = {}
    for chunk in chunks(sorted(account_ids)):
        held_by: dict[str, Holder] = {}
        of_profile = select(f.account_id, cases.c.sealed).join(cases, cases.c.id == f.case_id).where(f.post_id.is_(None))
        of_profile = of_profile.where(f.account_id.in_(chunk), cases.c.closed_at.is_(None)).order_by(cases.c.sealed.desc())
        for account_id, sealed in tx.connection.execute(of_profile):
            held_by[account_id] = Holder.SEALED_CASE if sealed else Holder.CASE
        held = select(legal_holds.c.account_id).where(legal_holds.c.released_at.is_(None))
        on_hold = tx.connection.execute(held.where(legal_holds.c.account_id.in_(chunk))).scalars()
        held_by |= dict.fromkeys(on_hold, Holder.HOLD)
        upheld = select(d.account_id, func.max(d.decided_at)).where(d.account_id.in_(chunk), d.state == "upheld")
        upheld_at = {row[0]: row[1] for row in tx.connection.execute(upheld.group_by(d.account_id))}
        for row in tx.connection.execute(select(a.id, a.platform, a.retired_at).where(a.id.in_(chunk))):
            owners[row.id] = _Owner(row.platform, row.retired_at, upheld_at.get(row.id), held_by.get(row.id))
    return owners
