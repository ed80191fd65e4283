"""What accounts of another kind leave behind: other rules apply, so all is read again, and what was found is looked at anew.

What may not be kept about the new kind at all (politics of a person) goes at once. Under a legal hold it stays, retired and
sealed, so that no list shows it, until the hold is released and a purge takes it. What is in an open case stands until its
text is read again: the people who work on the case keep it. The rest is retired until it is found again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from core.records import Kind
from core.terms import CAUTIOUS
from storage.tables import cases, findings, legal_holds, post_revisions, posts, profile_snapshots
from storage.transaction import AnyRow, Transaction, chunks
from storage.withdrawals import release_misfits, withdraw_empty


def forget_reading(tx: Transaction, account_ids: Sequence[str], kind: Kind) -> None:
    """Have accounts read again as `kind`, which they are of now. The caller holds their rows."""
    f, c, s = findings.c, cases.c, profile_snapshots.c
    rows: list[AnyRow] = []
    held: set[str] = set()
    for chunk in chunks(account_ids):
        own_posts = select(posts.c.id).where(posts.c.account_id.in_(chunk))
        tx.connection.execute(update(post_revisions).where(post_revisions.c.post_id.in_(own_posts)).values(read_with=None))
        tx.connection.execute(update(profile_snapshots).where(s.account_id.in_(chunk)).values(read_with=None))
        query = select(f.id, f.account_id, f.case_id, f.rule, f.retired_at, c.closed_at.is_(None).label("is_open"))
        query = query.select_from(findings.outerjoin(cases, c.id == f.case_id)).where(f.account_id.in_(chunk)).order_by(f.id)
        rows += tx.connection.execute(query)
        holds = select(legal_holds.c.account_id).where(legal_holds.c.account_id.in_(chunk), legal_holds.c.released_at.is_(None))
        held.update(tx.connection.execute(holds).scalars())
    barred = [row for row in rows if CAUTIOUS.bars(row.rule, kind)]
    deleted = [row.id for row in barred if row.account_id not in held]
    sealed = [row.id for row in barred if row.account_id in held]
    others = [row for row in rows if not CAUTIOUS.bars(row.rule, kind) and row.retired_at is None]
    retired = [row.id for row in others if row.case_id is None or not row.is_open]
    for chunk in chunks(deleted):
        tx.connection.execute(delete(findings).where(f.id.in_(chunk)))
    for chunk in chunks(sealed):
        tx.connection.execute(update(findings).where(f.id.in_(chunk)).values(sealed=True))
    aside = sorted({*retired, *(row.id for row in barred if row.account_id in held and row.retired_at is None)})
    for chunk in chunks(aside):
        tx.connection.execute(update(findings).where(f.id.in_(chunk)).values(retired_at=tx.now))
    if deleted:
        tx.audit("findings deleted", finding_ids=deleted)
    if sealed:
        tx.audit("findings sealed", finding_ids=sealed)
    if aside:
        tx.audit("findings retired", finding_ids=aside)
    release_misfits(tx, sealed)
    withdraw_empty(tx, {row.case_id for row in rows})
