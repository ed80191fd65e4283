"""Lookalikes: known once, decided with a name in the trail, watched through the account list, and sealed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy

from core.errors import StorageError
from core.records import Account, Basis, Kind
from core.settings import Settings
from storage import _engine, accounts, keyring, lookalikes, migrations, tables
from storage.audit import actor_token
from storage.lookalikes import Candidate, Lookalike, LookalikeSource, LookalikeState
from storage.store import Store

WHO = "Imogen Vale, compliance"
FAKE = Candidate(platform="x", name="Lakeside_Relief", resembles="lakeside_clinic", change="addition", score=0.8)
SITE = Candidate(platform="website", name="lakeside-jobs.example", score=0.9)


def put(store: Store, *candidates: Candidate, source: LookalikeSource = LookalikeSource.GENERATED) -> int:
    with store.begin() as tx:
        return lookalikes.add(tx, candidates, source=source)


def listed(store: Store, state: LookalikeState | None = None) -> list[Lookalike]:
    with store.read() as tx:
        return lookalikes.list_lookalikes(tx, state=state)


def decide(store: Store, state: LookalikeState, account: Account | None = None, number: int = 1, by: str = WHO) -> Lookalike:
    with store.begin(by) as tx:
        if account is not None:
            return lookalikes.watch(tx, number, account, note="asks for gift cards", decided_by=by)
        return lookalikes.dismiss(tx, number, state, note="a bakery", decided_by=by)


def trail(store: Store) -> list[tuple[str, bool]]:
    """What was done, and whether the entry names WHO."""
    e = tables.audit_events.c
    with store.read() as tx:
        rows = tx.connection.execute(sqlalchemy.select(e.action, e.actor).order_by(e.sequence)).all()
        return [(row.action, row.actor == actor_token(tx.keys, WHO)) for row in rows]


@pytest.fixture
def fake(make_account: Callable[..., Account]) -> Account:
    return make_account(FAKE.name, kind=Kind.UNOFFICIAL, basis=Basis.PUBLIC_CLAIM, basis_evidence="lookalike 1")


def test_a_name_is_on_the_list_once_however_it_is_written(store: Store) -> None:
    assert put(store, FAKE, SITE, Candidate(platform="x", name="LAKESIDE_RELIEF")) == 2
    assert put(store, Candidate(platform="x", name="lakeside_relief"), source=LookalikeSource.BY_HAND) == 0
    assert put(store, Candidate(platform="tiktok", name="lakeside_relief")) == 1
    first = next(one for one in listed(store) if one.id == 1)
    assert (first.candidate, first.source, first.state) == (FAKE, LookalikeSource.GENERATED, LookalikeState.NEW)
    assert (first.decided_by, first.decided_at, first.note, first.account_id) == ("", None, "", None)
    assert [action for action, _ in trail(store)] == ["lookalikes added", "lookalikes added"]


def test_many_are_taken_at_once(store: Store) -> None:
    many = [Candidate(platform="x", name=f"lakeside_{n}") for n in range(2500)]
    assert put(store, *many) == 2500
    assert put(store, *many, SITE) == 1
    assert len(listed(store)) == 2501


def test_those_that_somebody_saw_come_first_then_the_most_confusable(store: Store) -> None:
    put(store, FAKE, SITE)
    put(store, Candidate(platform="x", name="seen_by_hand"), source=LookalikeSource.BY_HAND)
    assert [one.id for one in listed(store)] == [3, 2, 1]


def test_a_watched_one_is_an_unofficial_account_on_the_list(store: Store, fake: Account) -> None:
    put(store, FAKE)
    decided = decide(store, LookalikeState.WATCHED, fake)
    assert (decided.state, decided.decided_by, decided.note) == (LookalikeState.WATCHED, WHO, "asks for gift cards")
    with store.read() as tx:
        [account] = accounts.list_accounts(tx)
    assert (account.id, account.handle, account.kind) == (decided.account_id, FAKE.name, Kind.UNOFFICIAL)
    assert (account.basis, account.basis_evidence) == (Basis.PUBLIC_CLAIM, "lookalike 1")
    assert trail(store)[1:] == [("accounts imported", True), ("lookalike decided", True)]


def test_the_same_decision_again_changes_nothing(store: Store, fake: Account) -> None:
    put(store, FAKE, SITE)
    before = (decide(store, LookalikeState.WATCHED, fake), decide(store, LookalikeState.HARMLESS, number=2))
    told = trail(store)
    after = (
        decide(store, LookalikeState.WATCHED, fake, by="Orla Finch"),
        decide(store, LookalikeState.HARMLESS, number=2, by="Orla Finch"),
    )
    assert after == before
    assert trail(store) == told


def test_a_mind_that_changed_keeps_who_said_what_before(store: Store) -> None:
    put(store, FAKE)
    decide(store, LookalikeState.HARMLESS)
    changed = decide(store, LookalikeState.OURS, by="Orla Finch")
    assert (changed.decided_by, changed.state) == ("Orla Finch", LookalikeState.OURS)
    assert WHO in changed.note
    assert "harmless" in changed.note


def test_a_settled_one_stays_settled_when_it_is_made_again(store: Store) -> None:
    put(store, FAKE)
    decide(store, LookalikeState.HARMLESS)
    assert put(store, FAKE) == 0
    assert listed(store, LookalikeState.NEW) == []
    assert decide(store, LookalikeState.OURS).state is LookalikeState.OURS  # a mind may be changed


def test_a_watched_one_is_settled_only_after_it_is_retired(store: Store, fake: Account) -> None:
    put(store, FAKE)
    account_id = decide(store, LookalikeState.WATCHED, fake).account_id
    with pytest.raises(StorageError, match="lookalike 1 is watched"):
        decide(store, LookalikeState.HARMLESS)
    assert listed(store)[0].state is LookalikeState.WATCHED
    with store.begin() as tx:
        accounts.retire(tx, account_id or "")
    assert decide(store, LookalikeState.HARMLESS).account_id == account_id
    again = decide(store, LookalikeState.WATCHED, fake)
    with store.read() as tx:
        assert [one.id for one in accounts.list_accounts(tx)] == [again.account_id] == [account_id]


def test_an_account_of_ours_is_not_made_an_impostor(
    store: Store, watched: Account, make_account: Callable[..., Account]
) -> None:
    put(store, Candidate(platform="x", name=watched.handle))
    with pytest.raises(StorageError, match="as official"):
        decide(store, LookalikeState.WATCHED, make_account(watched.handle, kind=Kind.UNOFFICIAL))
    with store.read() as tx:
        assert [one.kind for one in accounts.list_accounts(tx)] == [Kind.OFFICIAL]
    assert listed(store)[0].state is LookalikeState.NEW


def test_what_is_not_there_is_said_so(store: Store, fake: Account) -> None:
    with pytest.raises(StorageError, match="no lookalike 9"):
        decide(store, LookalikeState.OURS, number=9)
    with pytest.raises(StorageError, match="no lookalike 9"):
        decide(store, LookalikeState.WATCHED, fake, number=9)
    with pytest.raises(StorageError, match="of this name") as caught, store.read() as tx:
        lookalikes.find(tx, "x", FAKE.name)
    assert FAKE.name not in str(caught.value)
    put(store, FAKE)
    for state in (LookalikeState.NEW, LookalikeState.WATCHED):
        with pytest.raises(ValueError, match="not dismissed"):
            decide(store, state)


def test_names_and_people_are_sealed(store: Store, fake: Account) -> None:
    put(store, FAKE)
    decided = decide(store, LookalikeState.WATCHED, fake)
    with store.read() as tx:
        row = tx.connection.exec_driver_sql("SELECT * FROM lookalikes").one()
    for secret in ("Relief", "relief", "Imogen", "gift"):
        assert all(secret.encode() not in (bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode()) for v in row)
        assert secret not in repr(decided)


def test_new_keys_open_them_and_know_them(sqlite_store: Store) -> None:
    put(sqlite_store, FAKE)
    decide(sqlite_store, LookalikeState.HARMLESS)
    keyring.rotate(sqlite_store)
    [one] = listed(sqlite_store)
    assert (one.candidate, one.decided_by, one.note) == (FAKE, WHO, "a bakery")
    assert put(sqlite_store, FAKE) == 0


@pytest.mark.parametrize("kept", ["decision", "by hand", "seen"])
def test_an_older_schema_is_refused_while_it_would_lose_what_people_said(
    kept: str, empty_settings: Settings, clock: Callable[[], datetime]
) -> None:
    store = Store.open(empty_settings, clock=clock, upgrade=True)
    put(store, FAKE, source=LookalikeSource.GENERATED if kept == "decision" else LookalikeSource(kept))
    if kept == "decision":
        decide(store, LookalikeState.OURS)
    store.close()
    url = empty_settings.sqlalchemy_url
    with pytest.raises(StorageError, match=r"no place for (decisions about lookalikes|lookalikes that nobody generated);"):
        migrations.downgrade(url, "0002")
    assert migrations.check(url) == ""
    engine = _engine.open_engine(url)
    with _engine.write(engine) as connection:
        connection.exec_driver_sql("UPDATE lookalikes SET state = 'new', source = 'generated'")
    migrations.downgrade(url, "0002")
    with _engine.read(engine) as connection:
        assert "lookalikes" not in sqlalchemy.inspect(connection).get_table_names()
    engine.dispose()
    migrations.upgrade(url)
    assert migrations.check(url) == ""
