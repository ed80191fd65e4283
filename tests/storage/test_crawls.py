from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Actor, StorageError
from core.records import Account, Coverage, CoverageStatus, CrawledPage, Post
from storage import audit, crawls, pages
from storage.store import Store


def test_a_run_is_begun_and_finished_once(store: Store, clock: Any) -> None:
    with store.begin() as tx:
        with pytest.raises(StorageError, match="no crawl run yet"):
            crawls.get_run(tx)
        first, second = crawls.begin_run(tx, trigger="nightly"), crawls.begin_run(tx, trigger="by hand")
        assert crawls.get_run(tx, first).state == crawls.RUNNING
    started = clock.now
    clock.pass_time(hours=1)
    for _ in range(2):
        with store.begin() as tx:
            crawls.finish_run(tx, second, "complete")
        clock.pass_time(hours=1)
    with store.read() as tx:
        finished = crawls.Run(second, "by hand", "complete", started, started + timedelta(hours=1))
        assert crawls.get_run(tx) == finished
        assert crawls.get_run(tx, second) == finished
        assert audit.verify_chain(tx).checked == 2  # both begun in one transaction, finished in another, and no third
        with pytest.raises(StorageError, match="no crawl run 99"):
            crawls.get_run(tx, 99)


def test_a_schedulers_key_is_one_run(store: Store) -> None:
    with store.begin() as tx:
        keyed = [crawls.begin_run(tx, trigger="airflow", key=key) for key in ("night 1", "night 1", "night 2")]
        unkeyed = [crawls.begin_run(tx, trigger="by hand") for _ in range(2)]
    assert keyed[0] == keyed[1]
    assert len({*keyed, *unkeyed}) == 4


def test_coverage_said_again_replaces_what_was_said(store: Store, watched: Account, run_id: int, clock: Any) -> None:
    seen = Coverage(
        account_id=watched.id,
        platform="x",
        status=CoverageStatus.BLOCKED,
        reason="rate limit \x00\ud800\\",
        actor="nobody",
        new=1,
        edited=2,
        gone=3,
        pages=4,
        retry_at=clock.now,
    )
    for coverage in (seen, seen, replace(seen, status=CoverageStatus.COMPLETE, new=9, retry_at=None)):
        with store.begin() as tx:
            crawls.record_coverage(tx, run_id, coverage)
            assert crawls.coverage_of(tx, run_id) == [coverage]
            assert crawls.coverage_of(tx, run_id + 1) == []


def test_coverage_of_an_unknown_account_is_refused(store: Store, run_id: int) -> None:
    nobody = Coverage(account_id="nobody", platform="x", status=CoverageStatus.COMPLETE)
    with pytest.raises(StorageError, match=r"refused: (IntegrityError|ForeignKeyViolation)"), store.begin() as tx:
        crawls.record_coverage(tx, run_id, nobody)


def test_had_posts(
    store: Store, watched: Account, run_id: int, make_page: Callable[..., CrawledPage], make_post: Callable[..., Post]
) -> None:
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page())
        assert not crawls.had_posts(tx, watched.id)
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(make_post()))
        assert crawls.had_posts(tx, watched.id)


def test_a_read_writes_nothing(store: Store) -> None:
    with pytest.raises(StorageError, match="the database refused"), store.read() as tx:
        crawls.begin_run(tx, trigger="test")


def test_the_last_visit_is_the_last_answer_about_an_account(store: Store, watched: Account, clock: Any) -> None:
    def told(status: CoverageStatus, actor: str = "", pages: int = 0) -> tuple[int, bool] | None:
        with store.begin() as tx:
            run_id = crawls.begin_run(tx, trigger="test")
            seen = Coverage(account_id=watched.id, platform="x", status=status, actor=actor, pages=pages)
            crawls.record_coverage(tx, run_id, seen)
            return crawls.last_visits(tx).get(watched.id)

    assert told(CoverageStatus.BLOCKED, Actor.BUDGET_OWNER.value) is None
    assert told(CoverageStatus.NOT_TRIED, Actor.CURATOR.value) is None
    assert told(CoverageStatus.PARTIAL, pages=1) == (3, False)
    assert told(CoverageStatus.COMPLETE) == (4, True)
    assert told(CoverageStatus.FAILED) == (4, True)
    assert told(CoverageStatus.BLOCKED, Actor.CURATOR.value) == (6, False)
