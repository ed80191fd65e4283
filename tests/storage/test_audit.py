from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from core.errors import StorageError
from core.records import Account
from core.settings import Settings
from storage import accounts, audit, crawls
from storage._columns import canonical
from storage._engine import write
from storage.audit import ChainReport, Head
from storage.store import Store
from storage.tables import audit_events, audit_head

e = audit_events.c


@pytest.fixture
def chained(store: Store) -> Store:
    """A store whose chain has six events."""
    for number in range(6):
        with store.begin() as tx:
            crawls.begin_run(tx, trigger=f"test {number}")
    return store


def _check(store: Store, expected: Head | None = None) -> ChainReport:
    with store.read() as tx:
        return audit.verify_chain(tx, expected=expected)


def _tamper(store: Store, change: Callable[[Connection], object]) -> ChainReport:
    with write(store.engine) as connection:
        change(connection)
    return _check(store)


def test_an_untouched_chain_holds(chained: Store) -> None:
    report = _check(chained)
    assert report.ok
    assert (report.checked, report.head.sequence) == (6, 6)


@pytest.mark.parametrize(
    ("column", "value"),
    [("action", "run finished"), ("actor", "nobody"), ("detail", {"run_ids": [9]}), ("hash", "0" * 64), ("previous", "0" * 64)],
)
def test_a_changed_event_is_named(chained: Store, column: str, value: object) -> None:
    report = _tamper(chained, lambda c: c.execute(update(audit_events).where(e.sequence == 3).values({column: value})))
    assert (report.ok, report.broken_at, report.checked) == (False, 3, 2)


def test_a_backdated_event_is_named(chained: Store) -> None:
    with chained.read() as tx:
        at = tx.now.replace(year=2020)
    assert _tamper(chained, lambda c: c.execute(update(audit_events).where(e.sequence == 4).values(at=at))).broken_at == 4


def test_a_deleted_event_is_named(chained: Store) -> None:
    report = _tamper(chained, lambda c: c.execute(delete(audit_events).where(e.sequence == 3)))
    assert (report.broken_at, report.reason) == (3, "event 3 is missing")


def test_swapped_events_are_named(chained: Store) -> None:
    def swap(connection: Connection) -> None:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(update(audit_events).where(e.sequence == old).values(sequence=new))

    assert _tamper(chained, swap).broken_at == 3


def test_a_cut_tail_is_found_by_the_head(chained: Store) -> None:
    report = _tamper(chained, lambda c: c.execute(delete(audit_events).where(e.sequence > 4)))
    assert (report.broken_at, report.reason) == (5, "the chain ends at event 4, its head says 6")


def test_a_cut_tail_with_a_forged_head_is_found_by_its_seal(chained: Store) -> None:
    def cut(connection: Connection) -> None:
        last = connection.execute(select(e.hash).where(e.sequence == 4)).scalar_one()
        connection.execute(delete(audit_events).where(e.sequence > 4))
        connection.execute(update(audit_head).where(audit_head.c.id == 1).values(sequence=4, hash=last))

    assert _tamper(chained, cut).reason == "the head of the chain was changed"


def test_an_old_copy_put_back_is_found_by_a_head_noted_elsewhere(chained: Store) -> None:
    with chained.read() as tx:
        old = tx.connection.execute(select(audit_head).where(audit_head.c.id == 1)).mappings().one()
    with chained.begin() as tx:
        crawls.begin_run(tx, trigger="one more")
    noted = _check(chained).head
    assert _check(chained, noted).ok

    def put_back(connection: Connection) -> None:
        connection.execute(delete(audit_events).where(e.sequence > 6))
        connection.execute(update(audit_head).where(audit_head.c.id == 1).values(dict(old)))

    assert _tamper(chained, put_back).ok
    assert _check(chained, noted).reason == "the chain ends before the event that was noted"
    with chained.begin() as tx:
        crawls.begin_run(tx, trigger="another history")
    assert _check(chained, noted).broken_at == 7


def test_what_fails_leaves_no_entry_and_what_happened_leaves_one(store: Store, make_account: Callable[..., Account]) -> None:
    naive = make_account("second").basis_recorded_at.replace(tzinfo=None)
    with pytest.raises(StorageError), store.begin() as tx:
        accounts.import_accounts(tx, [make_account(), make_account("second", basis_recorded_at=naive)])
    assert _check(store).checked == 0
    with store.begin("Imogen Vale") as tx:
        accounts.import_accounts(tx, [make_account()])
    with store.read() as tx:
        [row] = tx.connection.execute(select(audit_events)).all()
        assert (row.action, row.detail) == ("accounts imported", {"added": 1, "changed": 0, "unchanged": 0})
        assert row.actor == audit.actor_token(store.keys, "Imogen Vale")
        assert "Imogen" not in row.actor


def test_a_wiped_trail_does_not_pass_with_the_seal_of_its_origin(chained: Store) -> None:
    def wipe(connection: Connection) -> None:
        connection.execute(delete(audit_events))
        seal = connection.execute(select(audit_head.c.seal).where(audit_head.c.id == 0)).scalar_one()
        connection.execute(update(audit_head).where(audit_head.c.id == 1).values(sequence=0, hash="0" * 64, seal=seal))

    assert _tamper(chained, wipe).reason == "the head of the chain was changed"


def test_a_wiped_trail_does_not_pass_with_its_own_first_head(store: Store, clock: Any) -> None:
    with store.read() as tx:
        first = dict(tx.connection.execute(select(audit_head).where(audit_head.c.id == 1)).mappings().one())
    with store.begin() as tx:
        crawls.begin_run(tx, trigger="test")

    def wipe(connection: Connection) -> None:
        connection.execute(delete(audit_events))
        connection.execute(update(audit_head).where(audit_head.c.id == 1).values(first))

    assert _tamper(store, wipe).reason == "the trail is empty, but the database is not"
    clock.pass_time(minutes=1)
    _refuses_to_append(store)


def test_a_trail_is_not_begun_anew_over_data(chained: Store, settings: Settings) -> None:
    with write(chained.engine) as connection:
        connection.execute(delete(audit_events))
        connection.execute(delete(audit_head))
    with pytest.raises(StorageError, match="tampered"):
        Store.open(settings, clock=chained._clock)


@pytest.mark.parametrize("forged", [True, False], ids=["forged head", "cut tail"])
def test_nothing_is_appended_to_a_cut_trail(chained: Store, forged: bool) -> None:
    with write(chained.engine) as connection:
        last = connection.execute(select(e.hash).where(e.sequence == 4)).scalar_one()
        connection.execute(delete(audit_events).where(e.sequence > 4))
        if forged:
            connection.execute(update(audit_head).where(audit_head.c.id == 1).values(sequence=4, hash=last))
    _refuses_to_append(chained)
    assert not _check(chained).ok


def test_history_is_not_written_anew_without_the_key(chained: Store) -> None:
    """Plain SHA-256 over what an event holds is not its hash: who has only the database can't chain a changed event."""
    with chained.read() as tx:
        row = tx.connection.execute(select(audit_events).where(e.sequence == 1)).mappings().one()
    covered = [row["previous"], 1, row["at"].isoformat(), row["actor"], row["action"], row["detail"]]
    assert hashlib.sha256(canonical(covered).encode()).hexdigest() != row["hash"]
    keyed = chained.keys.fingerprint(canonical(covered).encode(), "audit_events.hash")
    assert keyed.hex() == row["hash"]


def _refuses_to_append(store: Store) -> None:
    with pytest.raises(StorageError, match="tampered with; run nightrounds verify"), store.begin() as tx:
        crawls.begin_run(tx, trigger="after")


def test_a_name_that_is_no_text_is_a_person_all_the_same(store: Store, make_account: Callable[..., Account]) -> None:
    with store.begin("Imogen \udcff") as tx:
        accounts.import_accounts(tx, [make_account()])
    with store.read() as tx:
        assert audit.verify_chain(tx).ok
        assert audit.actor_token(tx.keys, "Imogen \udcff") != audit.actor_token(tx.keys, "Imogen \udcfe")
