"""What a finding points into, read back from storage: the post and the text of its first span.

Of a post that is protected talk only the finding's own sentences are handed on, to whoever may not open seals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.records import Post, Severity
from nightrounds.context import Context
from nightrounds.protected_words import post_without_protected_part, without_protected_part
from storage import findings, posts, screenings
from storage.findings import StoredFinding
from storage.transaction import Transaction

_PATIENTS = "phi"  # the rule whose findings can't be judged without the sentence around them


@dataclass(frozen=True, slots=True)
class FindingInPlace:
    """A finding with the post that it is about (None: the profile) and the text that its first span lies in."""

    stored: StoredFinding
    post: Post | None
    text: str = field(repr=False)


def gravest(context: Context, *, least: Severity, since: datetime, most: int) -> list[FindingInPlace]:
    """The gravest findings made since a time that still stand; never sealed ones."""
    with context.store.read() as tx:
        found = findings.list_findings(tx, since=since, limit=1000)
        grave = sorted((s for s in found if s.finding.severity.rank >= least.rank), key=_gravity)
        return [in_place(context, tx, stored) for stored in grave[:most]]


def _gravity(stored: StoredFinding) -> tuple[int, float, int]:
    return -stored.finding.severity.rank, -stored.finding.score, stored.id


def _always(sentence: str) -> bool:
    """A password needs no words around it."""
    return True


def in_place(context: Context, tx: Transaction, stored: StoredFinding, *, opens_seals: bool = False) -> FindingInPlace:
    """Read back what `stored` points into, as it was screened. `opens_seals`: the reader may see protected talk."""
    post = posts.get_revision(tx, stored.revision_id).post if stored.revision_id is not None else None
    spans = stored.finding.spans
    segments = context.screener.segments_of(stored.account, post)
    if not opens_seals and screenings.is_protected(tx, stored):
        is_protected = context.screener.is_protected_talk if stored.finding.rule == _PATIENTS else _always
        segments = without_protected_part(segments, spans, is_protected)
        post = post and post_without_protected_part(post, spans, is_protected)
    return FindingInPlace(stored, post, segments.get(spans[0].segment, "") if spans else "")
