"""The figures of a run: what could be looked at, what was found, what waits. Counts and ids only, fit for a log."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.records import Coverage, CoverageStatus
from nightrounds import retention
from nightrounds.context import Context
from storage import cases, crawls, findings, posts, screenings


@dataclass(frozen=True, slots=True)
class Digest:
    """One run's figures. `findings` counts what stands by (rule, category, severity), `findings_new` what this run added.

    Sealed ones are only a total, and none (None) where a run was narrowed to one account: the difference would tell of it.
    """

    run_id: int
    state: str
    started_at: datetime
    coverage: tuple[Coverage, ...]
    posts_stored: int
    posts_new: int
    posts_edited: int
    posts_gone: int
    screened: int
    not_read: dict[str, int]
    findings: dict[tuple[str, str, str], int]
    findings_new: dict[tuple[str, str, str], int]
    sealed: int | None
    open_cases: int
    not_looked_for: tuple[str, ...]
    erasure_overdue: int  # posts that a purge would erase
    decisions_waiting: int  # conflicts between a duty to delete and a hold or case

    @property
    def by_status(self) -> dict[str, int]:
        counts = Counter(c.status.value for c in self.coverage)
        return {status.value: counts[status.value] for status in CoverageStatus}

    @property
    def incomplete(self) -> list[Coverage]:
        return [c for c in self.coverage if c.status is not CoverageStatus.COMPLETE]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready, without handles or text."""
        data = asdict(self)
        data["coverage"] = [
            {**asdict(c), "status": c.status.value, "retry_at": c.retry_at.isoformat() if c.retry_at else None}
            for c in self.coverage
        ]
        data["started_at"] = self.started_at.isoformat()
        data["findings"], data["findings_new"] = _listed(self.findings), _listed(self.findings_new)
        return data


def digest_of(context: Context, run_id: int, *, screened: int, narrowed: bool = False) -> Digest:
    """Count what run `run_id` saw and what stands after it."""
    from nightrounds.screener import rules_without_detector

    with context.store.read() as tx:
        upkeep = retention.standing(context, tx)
        coverage = tuple(crawls.coverage_of(tx, run_id))
        run = crawls.get_run(tx, run_id)
        counts, fresh = findings.counts(tx), findings.counts(tx, since=run.started_at)
        reading = screenings.counts(tx)
        return Digest(
            run_id=run_id,
            state=run.state,
            started_at=run.started_at,
            coverage=coverage,
            posts_stored=posts.count(tx),
            posts_new=sum(c.new for c in coverage),
            posts_edited=sum(c.edited for c in coverage),
            posts_gone=sum(c.gone for c in coverage),
            screened=screened,
            not_read=dict(reading.not_read),
            findings=_by_cell(counts),
            findings_new=_by_cell(fresh),
            sealed=None if narrowed else sum(counts.sealed.values()),
            open_cases=cases.count_open(tx),
            not_looked_for=tuple(rules_without_detector(context.policy)),
            erasure_overdue=upkeep.overdue,
            decisions_waiting=upkeep.decisions,
        )


def _by_cell(counts: findings.FindingCounts) -> dict[tuple[str, str, str], int]:
    return {(cell.rule, cell.category, cell.severity.value): cell.count for cell in counts.open}


def _listed(counts: dict[tuple[str, str, str], int]) -> list[dict[str, str | int]]:
    return [
        {"rule": rule, "category": category, "severity": severity, "count": count}
        for (rule, category, severity), count in sorted(counts.items())
    ]
