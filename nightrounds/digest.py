"""The figures of a run: what could be looked at, what was found, what waits. Counts and ids only, fit for a log."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from core.records import Coverage, CoverageStatus
from nightrounds.context import Context
from storage import cases, crawls, findings, posts, screenings


@dataclass(frozen=True, slots=True)
class Digest:
    """One run's figures. `findings` counts what stands now by (rule, category, severity); sealed ones only as a total."""

    run_id: int
    state: str
    coverage: tuple[Coverage, ...]
    posts_stored: int
    posts_new: int
    posts_edited: int
    posts_gone: int
    screened: int
    not_read: dict[str, int]
    findings: dict[tuple[str, str, str], int]
    sealed: int
    open_cases: int
    not_looked_for: tuple[str, ...]

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
        data["findings"] = [
            {"rule": rule, "category": category, "severity": severity, "count": count}
            for (rule, category, severity), count in sorted(self.findings.items())
        ]
        return data


def digest_of(context: Context, run_id: int, *, screened: int) -> Digest:
    """Count what run `run_id` saw and what stands after it."""
    from nightrounds.screener import rules_without_detector

    with context.store.read() as tx:
        coverage = tuple(crawls.coverage_of(tx, run_id))
        counts = findings.counts(tx)
        reading = screenings.counts(tx)
        return Digest(
            run_id=run_id,
            state=crawls.get_run(tx, run_id).state,
            coverage=coverage,
            posts_stored=posts.count(tx),
            posts_new=sum(c.new for c in coverage),
            posts_edited=sum(c.edited for c in coverage),
            posts_gone=sum(c.gone for c in coverage),
            screened=screened,
            not_read=dict(reading.not_read),
            findings={(c.rule, c.category, c.severity.value): c.count for c in counts.open},
            sealed=sum(counts.sealed.values()),
            open_cases=cases.count_open(tx),
            not_looked_for=tuple(rules_without_detector(context.policy)),
        )
