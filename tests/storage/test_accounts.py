from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import AccountNotFound, StorageError
from core.records import Account, CrawledPage, Finding, Kind, Post, Profile, Screened
from storage import accounts, audit, findings, pages, screenings
from storage.accounts import AccountsImported
from storage.store import Store

MakeAccount = Callable[..., Account]
MakePage = Callable[..., CrawledPage]


def test_import_is_idempotent_and_lists_what_it_was_given(store: Store, make_account: MakeAccount) -> None:
    given = [make_account("one", native_id="7", unit="Ward \x00\ud800\\ 4"), make_account("two", kind=Kind.PERSONNEL)]
    with store.begin() as tx:
        assert accounts.import_accounts(tx, given) == AccountsImported(added=2, changed=0, unchanged=0)
    with store.begin() as tx:
        assert accounts.import_accounts(tx, given) == AccountsImported(added=0, changed=0, unchanged=2)
    with store.read() as tx:
        assert accounts.list_accounts(tx) == sorted(given, key=lambda account: account.id)
        assert accounts.list_accounts(tx, handle="ONE") == [given[0]]
        assert accounts.list_accounts(tx, kind=Kind.PERSONNEL) == [given[1]]
        assert accounts.list_accounts(tx, platform="facebook") == []
        assert accounts.list_accounts(tx, ids=[given[1].id, "unknown"]) == [given[1]]
        assert audit.verify_chain(tx).checked == 1  # the second import did nothing


def test_one_list_names_an_account_once(store: Store, make_account: MakeAccount) -> None:
    with store.begin() as tx:
        imported = accounts.import_accounts(tx, [make_account("one"), make_account("One", unit="Ward 4")])
        assert imported == AccountsImported(added=1, changed=0, unchanged=0, refused=1)
        assert [account.unit for account in accounts.list_accounts(tx)] == [None]


def test_a_renamed_account_keeps_its_id(store: Store, make_account: MakeAccount) -> None:
    old, new = make_account("old_name", native_id="7"), make_account("new_name", native_id="7")
    stranger = make_account("old_name", native_id="8")
    with store.begin() as tx:
        accounts.import_accounts(tx, [old])
        assert accounts.import_accounts(tx, [new]).changed == 1
        assert [(a.id, a.handle) for a in accounts.list_accounts(tx)] == [(old.id, "new_name")]
        assert accounts.import_accounts(tx, [stranger]).added == 1  # takes the free handle, but not the id
        assert {a.handle: a.native_id for a in accounts.list_accounts(tx)} == {"new_name": "7", "old_name": "8"}


def test_a_handle_that_changed_hands_is_refused_and_the_rest_is_taken(store: Store, make_account: MakeAccount) -> None:
    with store.begin() as tx:
        accounts.import_accounts(tx, [make_account("one", native_id="7")])
    with store.begin() as tx:
        given = [make_account("two"), make_account("one", native_id="8")]
        [_, step] = accounts.plan_import(tx, given).steps
        assert "another native id" in step.why
        assert accounts.import_accounts(tx, given) == AccountsImported(added=1, changed=0, unchanged=0, refused=1)
        assert {a.handle: a.native_id for a in accounts.list_accounts(tx)} == {"one": "7", "two": None}
        assert accounts.retire_others(tx, given) == []  # whoever a refused row may mean is kept


def test_whose_accounts_are_listed_is_told_without_reading_all_of_them(store: Store, make_account: MakeAccount) -> None:
    with store.begin() as tx:
        assert not accounts.any_recorded_by(tx, "Imogen Vale")
        accounts.import_accounts(tx, [make_account("one"), make_account("two", basis_recorded_by="Rowan Teal")])
        accounts.retire_others(tx, [make_account("one")])
    with store.read() as tx:
        assert accounts.any_recorded_by(tx, "Rowan Teal")  # retired ones are there all the same
        assert accounts.any_recorded_by(tx, "Rowan Teal", others=True)
        assert not accounts.any_recorded_by(tx, "sandbox")


def test_a_page_of_somebody_else_is_refused(
    store: Store, watched: Account, run_id: int, make_page: MakePage, make_account: MakeAccount
) -> None:
    other = make_account("second_handle")
    with store.begin() as tx:
        accounts.import_accounts(tx, [other])
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(native_account_id="7"))
        assert accounts.list_accounts(tx, ids=[watched.id])[0].native_id == "7"
    with pytest.raises(AccountNotFound, match="belongs to another account"), store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(native_account_id="8"))
    with pytest.raises(AccountNotFound, match="watched already"), store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=other, page=make_page(native_account_id="7"))
    with pytest.raises(StorageError, match="accounts import"), store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=make_account("nobody"), page=make_page())


def test_profiles_are_kept_when_they_change(store: Store, watched: Account, run_id: int, make_page: MakePage) -> None:
    first = Profile(display_name="Lakeside", bio="Care", picture_url="https://img.test/a.png?signature=1")
    for profile in (first, Profile(display_name="Lakeside", bio="Care", picture_url="https://img.test/a.png?signature=2")):
        with store.begin() as tx:
            pages.store_page(tx, run_id=run_id, account=watched, page=make_page(profile=profile))
            assert accounts.list_accounts(tx)[0].profile == first
            assert len(screenings.unread_profiles(tx, {Kind.OFFICIAL: {"brand": "1"}}, limit=9)) == 1
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(profile=Profile(bio="More \ud800 care")))
        unread = screenings.unread_profiles(tx, {Kind.OFFICIAL: {"brand": "1"}}, limit=9)
        assert [stored.account.profile.bio for stored in unread] == ["More \ud800 care"]


def test_a_new_kind_retires_findings_and_reads_again(
    store: Store,
    watched: Account,
    run_id: int,
    make_page: MakePage,
    make_post: Callable[..., Post],
    make_finding: Callable[..., Finding],
    make_account: MakeAccount,
) -> None:
    versions = {"political": "1"}
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(make_post()))
        [unread] = screenings.unread_revisions(tx, {Kind.OFFICIAL: versions}, limit=9)
        screenings.record(tx, unread, versions, Screened(protected=False, findings=(make_finding("political", "endorse"),)))
        accounts.import_accounts(tx, [make_account(kind=Kind.PERSONNEL)])
        assert findings.counts(tx).open == ()
        assert screenings.record(tx, unread, versions, Screened(protected=False, findings=(make_finding("political"),))) == []
        wanted = {Kind.PERSONNEL: {"phi": "1"}}
        assert [revision.id for revision in screenings.unread_revisions(tx, wanted, limit=9)] == [unread.id]
