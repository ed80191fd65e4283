"""What an account of another kind leaves behind: other rules apply, so what was found under the old ones goes or is retired."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from core.records import Kind
from core.terms import BARRED
from storage.tables import detector_sets, findings, post_revisions, posts, profile_snapshots
from storage.transaction import Transaction, chunks
from storage.withdrawals import withdraw_empty


def forget_reading(tx: Transaction, account_id: str, kind: Kind) -> None:
    """Have an account read again as `kind`. Findings of rules that it was never read with are deleted, others retired."""
    own_posts = select(posts.c.id).where(posts.c.account_id == account_id)
    tx.connection.execute(update(post_revisions).where(post_revisions.c.post_id.in_(own_posts)).values(read_with=None))
    tx.connection.execute(update(profile_snapshots).where(profile_snapshots.c.account_id == account_id).values(read_with=None))
    f = findings.c
    versions = tx.connection.execute(select(detector_sets.c.versions).where(detector_sets.c.kind == kind.value)).scalars()
    rules = {rule for one in versions for rule, version in one.items() if version != BARRED}
    old = tx.connection.execute(select(f.id, f.case_id, f.rule, f.retired_at).where(f.account_id == account_id)).all()
    deleted = sorted(row.id for row in old if row.rule not in rules)
    retired = sorted(row.id for row in old if row.rule in rules and row.retired_at is None)
    for chunk in chunks(deleted):
        tx.connection.execute(delete(findings).where(f.id.in_(chunk)))
    for chunk in chunks(retired):
        tx.connection.execute(update(findings).where(f.id.in_(chunk)).values(retired_at=tx.now))
    if deleted:
        tx.audit("findings deleted", finding_ids=deleted)
    if retired:
        tx.audit("findings retired", finding_ids=retired)
    withdraw_empty(tx, {row.case_id for row in old})
