"""Renames that a platform tells are followed; who takes over a left handle is somebody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.records import Account, CrawledPage, Kind
from storage import account_names, accounts, pages
from storage.account_names import Rename
from storage.store import Store


@pytest.fixture
def told(store: Store, run_id: int) -> Callable[..., Rename]:
    def tell(account: Account, native_id: str, handle: str) -> Rename:
        page = CrawledPage(raw=(), native_account_id=native_id, handle=handle)
        with store.begin() as tx:
            return pages.store_page(tx, run_id=run_id, account=account, page=page).rename

    return tell


def handles(store: Store) -> list[str]:
    with store.read() as tx:
        return sorted(account.handle for account in accounts.list_accounts(tx))


def test_a_rename_is_followed_and_remembered(store: Store, watched: Account, told: Callable[..., Rename]) -> None:
    assert told(watched, "7", watched.handle) is Rename.NONE
    assert told(watched, "7", "harbor_clinic") is Rename.FOLLOWED
    assert told(watched, "7", "Harbor_Clinic") is Rename.NONE
    assert handles(store) == ["harbor_clinic"]
    with store.read() as tx:
        known = account_names.handles_of(tx, watched.id)
        assert [(one.handle, one.source) for one in known] == [(watched.handle, "list"), ("harbor_clinic", "platform")]
        assert accounts.list_accounts(tx, handle="HARBOR_CLINIC")[0].id == watched.id


@pytest.mark.parametrize("told_as", ["@{}", "https://{}/", "u/{}", "/u/{}", "{}/"])
def test_what_people_write_around_a_handle_is_no_new_name(
    store: Store, watched: Account, told: Callable[..., Rename], told_as: str
) -> None:
    assert told(watched, "7", told_as.format(watched.handle)) is Rename.NONE


def test_an_account_listed_by_its_id_keeps_it(
    store: Store, run_id: int, make_account: Callable[..., Account], told: Callable[..., Rename]
) -> None:
    by_id = make_account("4711")
    with store.begin() as tx:
        accounts.import_accounts(tx, [by_id])
    assert told(by_id, "4711", "the_vanity_name") is Rename.NONE


def test_a_handle_that_another_watched_account_has_is_not_taken(
    store: Store, watched: Account, make_account: Callable[..., Account], told: Callable[..., Rename]
) -> None:
    with store.begin() as tx:
        accounts.import_accounts(tx, [make_account("other")])
    assert told(watched, "7", "other") is Rename.TAKEN
    assert handles(store) == sorted([watched.handle, "other"])


def test_an_old_list_finds_the_renamed_account_and_leaves_its_new_handle(
    store: Store, watched: Account, make_account: Callable[..., Account], told: Callable[..., Rename]
) -> None:
    told(watched, "7", "harbor_clinic")
    with store.begin() as tx:
        assert accounts.import_accounts(tx, [watched]).unchanged == 1
        assert accounts.import_accounts(tx, [make_account(unit="Ward 9")]).changed == 1
    assert handles(store) == ["harbor_clinic"]


def test_who_takes_over_a_left_handle_is_never_mistaken_for_its_owner(
    store: Store, watched: Account, make_account: Callable[..., Account], told: Callable[..., Rename]
) -> None:
    told(watched, "7", "harbor_clinic")
    with store.begin() as tx:
        assert accounts.import_accounts(tx, [make_account(kind=Kind.UNOFFICIAL)]).refused == 1
        [step] = accounts.plan_import(tx, [make_account(kind=Kind.UNOFFICIAL)]).steps
        assert "native id" in step.why
    with store.begin() as tx:
        squatter = make_account(kind=Kind.UNOFFICIAL, native_id="8")
        assert accounts.import_accounts(tx, [squatter]).added == 1
        # the old list's row: nobody can tell whom of the two it means
        assert accounts.import_accounts(tx, [watched]).refused == 1
        assert accounts.import_accounts(tx, [squatter]).unchanged == 1
    assert handles(store) == sorted(["harbor_clinic", watched.handle])


def test_who_takes_over_the_handle_of_a_retired_account_does_not_revive_it(
    store: Store, watched: Account, make_account: Callable[..., Account], told: Callable[..., Rename]
) -> None:
    told(watched, "7", "private_person")
    with store.begin() as tx:
        accounts.retire(tx, watched.id)
        assert accounts.import_accounts(tx, [watched]).refused == 1
        assert accounts.import_accounts(tx, [make_account(native_id="8")]).added == 1
    assert handles(store) == [watched.handle]


def test_a_rename_by_the_list_is_remembered_and_may_be_taken_back(store: Store, make_account: Callable[..., Account]) -> None:
    old, new = make_account("old", native_id="7"), make_account("new", native_id="7")
    with store.begin() as tx:
        accounts.import_accounts(tx, [old])
        accounts.import_accounts(tx, [new])
        known = account_names.handles_of(tx, old.id)
        assert [(one.handle, one.source) for one in known] == [("old", "list"), ("new", "list")]
        assert accounts.import_accounts(tx, [old]).changed == 1
    assert handles(store) == ["old"]


def test_a_whole_list_retires_the_others_and_giving_them_again_watches_them(
    store: Store, watched: Account, make_account: Callable[..., Account]
) -> None:
    with store.begin() as tx:
        accounts.import_accounts(tx, [make_account("other")])
        assert accounts.retire_others(tx, [make_account("other")]) == [watched.id]
    assert handles(store) == ["other"]
    with store.read() as tx:
        assert [a.id for a in accounts.list_accounts(tx, retired=True)] == [watched.id]
        assert accounts.by_id(tx, [watched.id])
    with store.begin() as tx:
        assert accounts.import_accounts(tx, [watched]).changed == 1
    assert len(handles(store)) == 2
