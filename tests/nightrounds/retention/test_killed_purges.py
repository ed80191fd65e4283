"""A purge killed between any two of its steps is ended by the next one, and the database is sound all the while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from nightrounds import retention
from storage import audit, tables
from storage.decisions import list_decisions
from storage.store import Store


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("before_commit", [True, False], ids=["before a commit", "after a commit"])
def test_killed_between_any_two_steps_the_next_purge_ends_it(
    house: Any, monkeypatch: pytest.MonkeyPatch, before_commit: bool
) -> None:
    account = house.watch("x")
    for number in range(7):
        house.show(account, str(number))
    house.screen(2, case="privacy/post/2")
    for number in range(7):
        house.show(account, gone=str(number))
    house.pass_time(days=2)
    monkeypatch.setattr(retention, "_BATCH", 2)
    real = Store.begin
    left = 0

    def begin(self: Store, actor: str = audit.SYSTEM) -> Any:
        @contextmanager
        def counted() -> Iterator[Any]:
            nonlocal left
            left -= 1
            with real(self, actor) as tx:
                yield tx
                if left == 0 and before_commit:
                    raise _Killed
            if left == 0:
                raise _Killed

        return counted()

    kills = 0
    monkeypatch.setattr(Store, "begin", begin)
    for step in range(1, 100):
        left = step
        try:
            house.purge()
            break
        except _Killed:
            kills += 1
            assert house.is_intact()
    left = -1
    house.purge()
    assert kills >= 3
    assert [text for text in house.texts().values() if text] == ["Orchid Wren 1"]
    assert len(house.read(list_decisions)) == 1
    assert house.blobs() == 2  # what shows the held post, and the one answer that said that all are gone
    assert house.is_sound()
    with house.context.store.read() as tx:
        named = [row.detail["post_ids"] for row in tx.connection.execute(select(tables.audit_events)) if "erased" in row.action
                 and "post_ids" in row.detail]  # fmt: skip
    assert sorted(one for ids in named for one in ids) == [1, 3, 4, 5, 6, 7]


def test_pages_stored_and_cases_opened_while_a_purge_runs_stay_sound(house: Any) -> None:
    """The same answers come again and again while they are erased; at the end nothing is missing and nothing is damaged."""
    account = house.watch("reddit")  # text may not be stored: every purge erases what was screened
    failures: list[BaseException] = []
    over = threading.Event()

    def crawl_and_screen() -> None:
        try:
            for turn in range(30):
                house.show(account, *map(str, range(5)), body=f"answer {turn % 3}")
                house.screen(*range(turn % 5), case=f"privacy/post/{turn % 5}")
        except BaseException as error:
            failures.append(error)
        over.set()

    worker = threading.Thread(target=crawl_and_screen)
    worker.start()
    while not over.is_set():
        house.purge()
    worker.join()
    assert failures == []
    assert house.is_sound()
    house.purge()
    assert house.is_sound()
    held = {one for one in house.texts() if house.texts()[one]}
    with house.context.store.read() as tx:
        in_case = select(tables.findings.c.post_id).where(tables.findings.c.case_id.is_not(None))
        assert held <= set(tx.connection.execute(in_case).scalars())
