"""The text beside a finding's span, read back from storage for a masked excerpt."""

from __future__ import annotations

from core.records import Severity
from nightrounds.context import Context
from storage import findings, posts
from storage.findings import StoredFinding
from storage.transaction import Transaction

_MOST = 8


def gravest(context: Context, *, least: Severity) -> list[tuple[StoredFinding, str]]:
    """The gravest findings that stand, with the text that each one's first span lies in; never sealed ones."""
    grave: list[StoredFinding] = []
    with context.store.read() as tx:
        for severity in (s for s in reversed(Severity) if s.rank >= least.rank):
            grave += findings.list_findings(tx, severity=severity, limit=_MOST)
        return [(stored, spanned_text(context, tx, stored)) for stored in grave[:_MOST]]


def spanned_text(context: Context, tx: Transaction, stored: StoredFinding) -> str:
    """The segment that the finding's first span names, as it was screened; empty when it has no span."""
    if not stored.finding.spans:
        return ""
    post = posts.get_revision(tx, stored.revision_id).post if stored.revision_id is not None else None
    return context.screener.segments_of(stored.account, post).get(stored.finding.spans[0].segment, "")
