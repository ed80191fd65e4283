"""A list is one statement: what contradicts is left out by name, handles can be swapped, and disputes are not undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.records import Account, CrawledPage
from storage import account_names, accounts, disputes, pages
from storage.account_names import Rename
from storage.account_plan import Act
from storage.accounts import AccountsImported
from storage.disputes import DisputeState
from storage.store import Store

MakeAccount = Callable[..., Account]


def acts(store: Store, *given: Account) -> list[Act]:
    """What an import would make of each row."""
    with store.read() as tx:
        return [step.act for step in accounts.plan_import(tx, given).steps]


def imported(store: Store, *given: Account) -> AccountsImported:
    with store.begin() as tx:
        return accounts.import_accounts(tx, given)


def handles(store: Store) -> dict[str | None, str]:
    with store.read() as tx:
        return {account.native_id: account.handle for account in accounts.list_accounts(tx)}


def test_a_list_may_swap_handles_and_hand_them_on(store: Store, make_account: MakeAccount) -> None:
    imported(store, make_account("aaa", native_id="1"), make_account("bbb", native_id="2"), make_account("ccc", native_id="3"))
    imported(store, make_account("bbb", native_id="1"), make_account("aaa", native_id="2"))
    assert handles(store) == {"1": "bbb", "2": "aaa", "3": "ccc"}
    given = [make_account(handle, native_id=one) for handle, one in (("ccc", "1"), ("bbb", "2"), ("ddd", "3"), ("aaa", "4"))]
    assert acts(store, *given) == [Act.CHANGED, Act.CHANGED, Act.CHANGED, Act.ADDED]
    assert imported(store, *given) == AccountsImported(added=1, changed=3, unchanged=0)
    assert handles(store) == {"1": "ccc", "2": "bbb", "3": "ddd", "4": "aaa"}
    assert imported(store, *given) == AccountsImported(added=0, changed=0, unchanged=4)
    with store.read() as tx:
        known = account_names.handles_of(tx, make_account("aaa").id)
    assert sorted(one.handle for one in known) == ["aaa", "bbb", "ccc"]


def test_who_moves_to_a_handle_that_is_not_left_stays_and_so_do_those_behind(store: Store, make_account: MakeAccount) -> None:
    imported(store, make_account("aaa", native_id="1"), make_account("bbb", native_id="2"), make_account("ccc", native_id="3"))
    given = [make_account("aaa", native_id="4"), make_account("bbb", native_id="1"), make_account("ccc", native_id="2")]
    assert acts(store, *given) == [Act.REFUSED] * 3
    assert imported(store, *given).refused == 3
    assert handles(store) == {"1": "aaa", "2": "bbb", "3": "ccc"}


@pytest.mark.parametrize("times", [1, 2])
def test_one_native_id_is_one_account(store: Store, make_account: MakeAccount, times: int) -> None:
    for _ in range(times):
        result = imported(store, make_account("aaa", native_id="7"), make_account("bbb", native_id="7"))
        assert result.refused == 1
    assert handles(store) == {"7": "aaa"}


def test_a_row_may_tell_the_id_of_an_account_but_not_join_two(store: Store, make_account: MakeAccount) -> None:
    imported(store, make_account("aaa"), make_account("bbb", native_id="2"))
    assert acts(store, make_account("aaa", native_id="2")) == [Act.REFUSED]
    assert acts(store, make_account("aaa", native_id="1")) == [Act.CHANGED]


@pytest.fixture
def upheld(store: Store, watched: Account, clock: Any) -> Account:
    with store.begin() as tx:
        number = disputes.raise_dispute(tx, watched.id, claim="not ours", raised_by="Rowan Teal")
    clock.pass_time(days=2)
    with store.begin() as tx:
        disputes.decide(tx, number, DisputeState.UPHELD, reasoning="a namesake", decided_by="Imogen Vale")
    return watched


def test_an_upheld_dispute_outlives_every_import_of_the_old_list(
    store: Store, upheld: Account, make_account: MakeAccount
) -> None:
    for given in (upheld, make_account(unit="Ward 9"), make_account(native_id="7")):
        assert acts(store, given) == [Act.DISPUTED]
        assert imported(store, given) == AccountsImported(added=0, changed=0, unchanged=0, disputed=1)
    with store.begin() as tx:
        assert accounts.retire_others(tx, [upheld]) == []
    assert handles(store) == {}


def test_a_basis_that_was_recorded_after_the_decision_lets_it_be_watched_again(
    store: Store, upheld: Account, make_account: MakeAccount, clock: Any
) -> None:
    decided_at = clock.now
    clock.pass_time(days=3)
    for at, act in (
        (decided_at, Act.DISPUTED),
        (clock.now + timedelta(days=400), Act.DISPUTED),  # nobody has recorded this yet
        (decided_at + timedelta(days=1), Act.WATCHED_AGAIN),
    ):
        assert acts(store, make_account(basis_recorded_at=at)) == [act]
    fresh = make_account(basis_recorded_at=decided_at + timedelta(days=1))
    assert imported(store, fresh).changed == 1
    assert imported(store, fresh).unchanged == 1
    assert acts(store, upheld) == [Act.REFUSED]  # an old list does not bring the old basis back


def test_an_import_leaves_an_open_dispute_open(store: Store, watched: Account, make_account: MakeAccount) -> None:
    with store.begin() as tx:
        disputes.raise_dispute(tx, watched.id, claim="not ours", raised_by="Rowan Teal")
    imported(store, make_account(unit="Ward 9", basis_recorded_at=watched.basis_recorded_at + timedelta(days=1)))
    with store.read() as tx:
        assert [one.state for one in disputes.list_disputes(tx)] == [DisputeState.OPEN]
        assert accounts.plan_import(tx, [watched]).disputed == {watched.id}


def test_a_rename_to_a_handle_that_is_being_imported_is_taken(
    store: Store, watched: Account, run_id: int, make_account: MakeAccount
) -> None:
    renamed: list[Rename] = []

    def crawl() -> None:
        page = CrawledPage(raw=(), native_account_id="1", handle="zzz")
        with store.begin() as tx:
            renamed.append(pages.store_page(tx, run_id=run_id, account=watched, page=page).rename)

    with store.begin() as tx:
        accounts.import_accounts(tx, [make_account("zzz")])
        crawling = threading.Thread(target=crawl)
        crawling.start()
        crawling.join(0.5)
    crawling.join(60)
    assert renamed == [Rename.TAKEN]
    assert sorted(handles(store).values()) == sorted([watched.handle, "zzz"])


def test_a_handle_that_a_crawl_takes_during_an_import_is_planned_anew(
    store: Store, watched: Account, run_id: int, make_account: MakeAccount
) -> None:
    result: list[AccountsImported] = []

    def import_it() -> None:
        result.append(imported(store, make_account("zzz", native_id="9")))

    with store.begin() as tx:
        page = CrawledPage(raw=(), native_account_id="1", handle="zzz")
        pages.store_page(tx, run_id=run_id, account=watched, page=page)
        importing = threading.Thread(target=import_it)
        importing.start()
        importing.join(0.5)
    importing.join(60)
    assert [one.refused for one in result] == [1]
    assert handles(store) == {"1": "zzz"}


def test_lists_in_any_order_and_retiring_wait_for_each_other(store: Store, make_account: MakeAccount) -> None:
    every = [make_account(f"a{number}") for number in range(40)]
    imported(store, *every)
    failures: list[str] = []

    def repeat(given: list[Account], unit: str) -> None:
        try:
            for turn in range(6):
                imported(store, *(make_account(one.handle, unit=f"{unit}{turn}") for one in given))
                with store.begin() as tx:
                    accounts.retire_others(tx, given[:30])
        except Exception as error:
            failures.append(str(error))

    threads = [threading.Thread(target=repeat, args=(given, unit)) for given, unit in ((every, "a"), (every[::-1], "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
