"""Disputes about accounts: who may decide, and what a decision does."""

from __future__ import annotations

import pytest

from core.errors import Blocked, StorageError
from core.records import Account, CrawledPage, Profile
from storage import accounts, disputes, pages, tables
from storage.disputes import DisputeState
from storage.store import Store


def raised(store: Store, account: Account) -> int:
    with store.begin() as tx:
        return disputes.raise_dispute(tx, account.id, claim="she left in May", raised_by="Orla Finch, HR")


def test_an_open_dispute_is_known_and_sealed(store: Store, watched: Account) -> None:
    number = raised(store, watched)
    with store.read() as tx:
        assert "disputed" in disputes.why_unwatched(tx, watched.id)
        [one] = disputes.list_disputes(tx, state=DisputeState.OPEN)
        assert (one.id, one.claim, one.raised_by, one.reasoning) == (number, "she left in May", "Orla Finch, HR", "")
        stored = tx.connection.execute(tables.disputes.select()).one()
    assert "left" not in repr(one)
    assert b"left" not in stored.claim


@pytest.mark.parametrize(("state", "watched_after"), [(DisputeState.UPHELD, 0), (DisputeState.REJECTED, 1)])
def test_a_decision_ends_it(store: Store, watched: Account, state: DisputeState, watched_after: int) -> None:
    number = raised(store, watched)
    with store.begin() as tx:
        disputes.decide(tx, number, state, reasoning="HR confirms", decided_by="Dana Okafor")
    with store.read() as tx:
        assert bool(disputes.why_unwatched(tx, watched.id)) == (state is DisputeState.UPHELD)
        assert len(accounts.list_accounts(tx)) == watched_after
        [one] = disputes.list_disputes(tx)
    assert (one.state, one.decided_by, one.reasoning) == (state, "Dana Okafor", "HR confirms")
    with pytest.raises(StorageError, match="already"), store.begin() as tx:
        disputes.decide(tx, number, state, reasoning="again", decided_by="Dana Okafor")


def test_who_raised_it_does_not_decide_it(store: Store, watched: Account) -> None:
    number = raised(store, watched)
    with pytest.raises(StorageError, match="somebody else"), store.begin() as tx:
        disputes.decide(tx, number, DisputeState.UPHELD, reasoning="I know", decided_by=" orla finch, hr")
    with pytest.raises(StorageError, match="no dispute 99"), store.begin() as tx:
        disputes.decide(tx, 99, DisputeState.UPHELD, reasoning="?", decided_by="Dana Okafor")


@pytest.mark.parametrize("unwatched", ["disputed", "retired"])
def test_no_page_of_an_account_that_may_not_be_watched_is_stored(
    store: Store, watched: Account, run_id: int, unwatched: str
) -> None:
    if unwatched == "disputed":
        raised(store, watched)
    else:
        with store.begin() as tx:
            accounts.retire(tx, watched.id)
    page = CrawledPage(raw=(), native_account_id="7", profile=Profile(bio="Care for all"))
    with pytest.raises(Blocked, match="nothing is collected"), store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=page)
    with store.read() as tx:
        assert tx.connection.execute(tables.profile_snapshots.select()).first() is None
        assert accounts.by_id(tx, [watched.id])[watched.id].native_id is None
