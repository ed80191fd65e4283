"""The nightly scan cut into steps for a scheduler: each takes and gives ids and counts only, and may be run twice.

begin ─▶ shards of accounts ─▶ crawl each ─▶ screen what is unread ─▶ finish with the digest
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from core.errors import PlatformDown
from core.records import CoverageStatus
from core.settings import Settings
from nightrounds import scan
from nightrounds.context import Context, open_context
from nightrounds.crawling import crawl_accounts, longest_unseen_first
from nightrounds.demo import refuse_mixing
from nightrounds.digest import digest_of
from nightrounds.screening import screen_unread
from storage import accounts, crawls


@contextmanager
def _real_context(settings: Settings) -> Iterator[Context]:
    with open_context(settings) as context:
        refuse_mixing(context, sandboxed=False)
        yield context


def begin(settings: Settings, *, key: str) -> int:
    """Open the run's ledger entry; asked again with the same key, it is the same run."""
    with _real_context(settings) as context, context.store.begin() as tx:
        return crawls.begin_run(tx, trigger="airflow", key=key)


def shards_of(settings: Settings, platform: str, *, handle: str | None = None) -> list[list[str]]:
    """Account ids of one platform, those longest unseen in the first list, in lists of at most `settings.shard_size`: one
    mapped task each, not one an account."""
    with _real_context(settings) as context:
        watched = scan.watched_accounts(context, platform=platform, handle=handle)
        with context.store.read() as tx:
            ids = [account.id for account in longest_unseen_first(tx, watched)]
    size = settings.shard_size
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def crawl_shard(
    settings: Settings, run_id: int, account_ids: Sequence[str], *, since: datetime | None = None
) -> dict[str, int]:
    """Crawl one shard; returns accounts by coverage status.

    Raises:
        PlatformDown: no account of the shard could be read because the platform did not answer: worth a retry.
    """
    with _real_context(settings) as context:
        with context.store.read() as tx:
            shard = accounts.list_accounts(tx, ids=account_ids)
        coverage = crawl_accounts(context, run_id, shard, since=since)
    failed = [c for c in coverage if c.status is CoverageStatus.FAILED]
    if coverage and len(failed) == len(coverage) and not any(c.actor for c in failed):
        raise PlatformDown(f"none of {len(failed)} accounts could be read: the platform did not answer")
    return {status.value: sum(c.status is status for c in coverage) for status in CoverageStatus}


def screen(settings: Settings) -> dict[str, int]:
    """Screen what is unread and open cases; returns counts."""
    with _real_context(settings) as context:
        done = screen_unread(context)
    return {
        "posts": done.posts,
        "profiles": done.profiles,
        "not_read": done.not_read,
        "findings": done.findings,
        "cases_opened": done.cases_opened,
    }


def finish(settings: Settings, run_id: int, *, screened: int, narrowed: bool = False) -> dict[str, Any]:
    """Close the run and give its digest: counts and ids, no handle, no text."""
    with _real_context(settings) as context:
        scan.finish(context, run_id, "finished")
        return digest_of(context, run_id, screened=screened, narrowed=narrowed).as_json()
