"""Web addresses that findings of brand/lookalike_domain point to: somebody uses them, so they are candidates of their own."""

from __future__ import annotations

from collections.abc import Iterator

from nightrounds.context import Context
from nightrounds.lookalikes import WEBSITE, host_of
from storage import findings, posts, screenings
from storage.findings import StoredFinding
from storage.lookalikes import Candidate
from storage.transaction import Transaction

RULE, CATEGORY = "brand", "lookalike_domain"
_PAGE = 500  # findings read at once
_MOST = 1000  # addresses of one run; they come from strangers


def seen_addresses(context: Context, tx: Transaction) -> list[Candidate]:
    """Hosts of the findings that stand, the surest first; none of sealed findings or of protected talk."""
    best: dict[str, float] = {}
    for stored in _flagged(tx):
        for host in _hosts(context, tx, stored):
            if host in best or len(best) < _MOST:
                best[host] = max(stored.finding.score, best.get(host, 0.0))
    surest = sorted(best.items(), key=lambda found: (-found[1], found[0]))
    return [Candidate(platform=WEBSITE, name=host, score=score) for host, score in surest]


def _flagged(tx: Transaction) -> Iterator[StoredFinding]:
    after = None
    while page := findings.list_findings(tx, rule=RULE, after=after, limit=_PAGE):
        yield from (one for one in page if one.finding.category == CATEGORY and not screenings.is_protected(tx, one))
        after = page[-1].id


def _hosts(context: Context, tx: Transaction, stored: StoredFinding) -> Iterator[str]:
    """The hosts at its spans. A profile may have changed since: what stands there now and is no address is left out."""
    post = posts.get_revision(tx, stored.revision_id).post if stored.revision_id is not None else None
    segments = context.screener.segments_of(stored.account, post)
    for span in stored.finding.spans:
        if host := host_of(segments.get(span.segment, "")[span.start : span.end]):
            yield host
