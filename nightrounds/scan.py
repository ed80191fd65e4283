"""The nightly scan in one process: crawl, read, detect, gate, open cases, and tell what was and was not seen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.records import Account, Coverage
from nightrounds.context import Context
from nightrounds.crawling import crawl_accounts
from nightrounds.screening import Screening, screen_unread
from storage import accounts, crawls

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One run: its coverage an account, and what screening came to."""

    run_id: int
    coverage: tuple[Coverage, ...]
    screening: Screening

    @property
    def new_posts(self) -> int:
        return sum(c.new for c in self.coverage)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a caller may show while a scan runs; each is called from the stage that it names."""

    accounts: Callable[[int], None] = lambda total: None
    crawled: Callable[[Coverage], None] = lambda coverage: None
    screened: Callable[[int], None] = lambda posts: None


def scan(
    context: Context,
    watched: Sequence[Account],
    *,
    trigger: str,
    since: datetime | None = None,
    progress: Progress | None = None,
) -> ScanReport:
    """Crawl `watched`, then read whatever is unread. A run that dies is made up for by the next one."""
    show = progress or Progress()
    show.accounts(len(watched))
    with context.store.begin() as tx:
        run_id = crawls.begin_run(tx, trigger=trigger)
    log.info("run %s: %s accounts", run_id, len(watched))
    try:
        coverage = crawl_accounts(context, run_id, watched, since=since, progress=show.crawled)
        screening = screen_unread(context, progress=show.screened)
    except BaseException:
        finish(context, run_id, "failed")
        raise
    finish(context, run_id, "finished")
    log.info(
        "run %s: %s posts screened, %s findings, %s cases opened",
        run_id,
        screening.posts,
        screening.findings,
        screening.cases_opened,
    )
    return ScanReport(run_id, tuple(coverage), screening)


def finish(context: Context, run_id: int, state: str) -> None:
    """Close a run's ledger entry."""
    with context.store.begin() as tx:
        crawls.finish_run(tx, run_id, state)


def watched_accounts(context: Context, *, platform: str | None = None, handle: str | None = None) -> list[Account]:
    """The accounts that a scan is to visit, narrowed by platform and handle."""
    with context.store.read() as tx:
        return accounts.list_accounts(tx, platform=platform, handle=handle)
