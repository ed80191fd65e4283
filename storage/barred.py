"""Findings by rules that a platform's terms bar on a kind of account: they don't stand, and a purge deletes them."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import ColumnElement, and_, delete, false, or_, select

from core.terms import CAUTIOUS, PlatformTerms, Terms
from storage.findings import retire
from storage.tables import accounts, cases, findings, legal_holds
from storage.transaction import Transaction, chunks
from storage.withdrawals import withdraw_empty


def retire_barred(tx: Transaction, terms: Terms) -> int:
    """Retire what stands by a barred rule; it would stand again were the rule no longer barred, and found again."""
    standing = select(findings.c.id).join(accounts, accounts.c.id == findings.c.account_id)
    ids = sorted(tx.connection.execute(standing.where(_barred(terms), findings.c.retired_at.is_(None))).scalars())
    retire(tx, ids)
    return len(ids)


def delete_barred(tx: Transaction, terms: Terms, *, rehearse: bool) -> Counter[tuple[str, str]]:
    """Delete what was found by a barred rule, unless a legal hold or an open case stands against it. By platform and rule."""
    f, c = findings.c, cases.c
    held = select(legal_holds.c.account_id).where(legal_holds.c.released_at.is_(None))
    owned = findings.join(accounts, accounts.c.id == f.account_id).outerjoin(cases, c.id == f.case_id)
    free = or_(f.case_id.is_(None), c.closed_at.is_not(None))
    query = select(f.id, f.case_id, f.rule, accounts.c.platform).select_from(owned)
    rows = tx.connection.execute(query.where(_barred(terms), free, f.account_id.not_in(held)).order_by(f.id)).all()
    if rows and not rehearse:
        for chunk in chunks([row.id for row in rows]):
            tx.connection.execute(delete(findings).where(f.id.in_(chunk)))
        tx.audit("findings deleted", finding_ids=[row.id for row in rows])
        withdraw_empty(tx, {row.case_id for row in rows})
    return Counter((row.platform, row.rule) for row in rows)


def _barred(terms: Terms) -> ColumnElement[bool]:
    platform = accounts.c.platform
    named = [and_(platform == name, _rules(one)) for name, one in terms.platforms.items()]
    return or_(and_(platform.not_in(list(terms.platforms)), _rules(CAUTIOUS)), *named)


def _rules(terms: PlatformTerms) -> ColumnElement[bool]:
    return or_(
        false(),
        *(
            and_(findings.c.rule == rule, accounts.c.kind.in_([kind.value for kind in kinds]))
            for rule, kinds in terms.barred_inferences.items()
        ),
    )
