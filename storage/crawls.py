"""Crawl runs, where each account's crawl goes on, and what each night could see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select, update

from core.errors import Actor, StorageError
from core.records import Coverage, CoverageStatus, Cursor
from storage.tables import coverage, crawl_runs, cursors, posts
from storage.transaction import AnyRow, Transaction

RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl run; `state` is 'running' or what it was finished with."""

    id: int
    trigger: str
    state: str
    started_at: datetime
    finished_at: datetime | None


def begin_run(tx: Transaction, *, trigger: str, key: str | None = None) -> int:
    """Open a run; `trigger` is our own word for what started it ('nightly', 'airflow').

    One `key` is one run, however often and by how many at once it is asked for.
    """
    put = tx.upsert(crawl_runs, ("key",)).returning(crawl_runs.c.id)
    row = {"trigger": trigger, "key": key, "state": RUNNING, "started_at": tx.now}
    opened: int | None = tx.connection.execute(put, row).scalar()
    if opened is None:
        known: int = tx.connection.execute(select(crawl_runs.c.id).where(crawl_runs.c.key == key)).scalar_one()
        return known
    tx.audit("run begun", run_ids=[opened])
    return opened


def finish_run(tx: Transaction, run_id: int, state: str) -> None:
    """Close a run; a run that was closed with the same state stays as it is."""
    run = get_run(tx, run_id)
    if run.state != state:
        tx.connection.execute(update(crawl_runs).where(crawl_runs.c.id == run_id).values(state=state, finished_at=tx.now))
        tx.audit("run finished", run_ids=[run_id], state=state)


def last_run(tx: Transaction) -> Run | None:
    """The latest run, None before the first."""
    row = tx.connection.execute(select(crawl_runs).order_by(crawl_runs.c.id.desc()).limit(1)).first()
    return None if row is None else _run(row)


def get_run(tx: Transaction, run_id: int | None = None) -> Run:
    """A run, or the latest.

    Raises:
        StorageError: there is none.
    """
    if run_id is None:
        latest = last_run(tx)
        if latest is None:
            raise StorageError("there is no crawl run yet")
        return latest
    row = tx.connection.execute(select(crawl_runs).where(crawl_runs.c.id == run_id)).first()
    if row is None:
        raise StorageError(f"there is no crawl run {run_id}")
    return _run(row)


def _run(row: AnyRow) -> Run:
    return Run(row.id, row.trigger, row.state, row.started_at, row.finished_at)


def keep_cursor(tx: Transaction, *, run_id: int, account_id: str, surface: str, cursor: Cursor) -> None:
    put = tx.upsert(cursors, ("account_id", "surface"), ("state", "run_id", "updated_at"))
    state = tx.seal_json(cursors.c.state, dict(cursor.state))
    row = {"account_id": account_id, "surface": surface, "state": state, "run_id": run_id, "updated_at": tx.now}
    tx.connection.execute(put, row)


def load_cursor(tx: Transaction, account_id: str, surface: str = "") -> Cursor | None:
    """Where the crawler of `surface` goes on with this account."""
    mine = (cursors.c.account_id == account_id) & (cursors.c.surface == surface)
    sealed = tx.connection.execute(select(cursors.c.state).where(mine)).scalar()
    return None if sealed is None else Cursor(tx.unseal_json(cursors.c.state, sealed))


def record_coverage(tx: Transaction, run_id: int, seen: Coverage) -> None:
    """What a run saw of an account; said again, the last word counts."""
    values = {
        "platform": seen.platform,
        "status": seen.status.value,
        "reason": seen.reason,
        "actor": seen.actor,
        "new": seen.new,
        "edited": seen.edited,
        "gone": seen.gone,
        "pages": seen.pages,
        "retry_at": seen.retry_at,
        "recorded_at": tx.now,
    }
    put = tx.upsert(coverage, ("run_id", "account_id"), tuple(values))
    tx.connection.execute(put, {"run_id": run_id, "account_id": seen.account_id, **values})


def coverage_of(tx: Transaction, run_id: int) -> list[Coverage]:
    query = select(coverage).where(coverage.c.run_id == run_id).order_by(coverage.c.platform, coverage.c.account_id)
    return [
        Coverage(
            account_id=row.account_id,
            platform=row.platform,
            status=CoverageStatus(row.status),
            reason=row.reason,
            actor=row.actor,
            new=row.new,
            edited=row.edited,
            gone=row.gone,
            pages=row.pages,
            retry_at=row.retry_at,
        )
        for row in tx.connection.execute(query)
    ]


def had_posts(tx: Transaction, account_id: str) -> bool:
    """Whether any post of this account was ever stored."""
    return tx.connection.execute(select(posts.c.id).where(posts.c.account_id == account_id).limit(1)).first() is not None


def last_visits(tx: Transaction) -> dict[str, tuple[int, bool]]:
    """By account id, the latest run that had an answer about it, and whether it was seen wholly then.

    Accounts that no run had an answer about are left out: a credential's failure, a used up budget are none, "private" is one.
    """
    c = coverage.c
    wholly = c.status == CoverageStatus.COMPLETE.value
    told = and_(c.actor == Actor.CURATOR.value, c.status != CoverageStatus.NOT_TRIED.value)
    visited, complete = func.max(c.run_id), func.max(case((wholly, c.run_id)))
    query = select(c.account_id, visited, complete).where(or_(wholly, c.pages > 0, told)).group_by(c.account_id)
    return {row[0]: (row[1], row[1] == row[2]) for row in tx.connection.execute(query)}
