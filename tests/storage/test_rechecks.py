"""Which stored posts are looked at again where there is no room for all: none may wait for ever behind others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.records import Account, CrawledPage, Gone, GoneReason, Post
from storage import accounts, pages, posts
from storage.store import Store

NIGHT = timedelta(hours=20)
EVERY_NIGHT = [(timedelta(days=36_500), NIGHT)]

MakePost = Callable[..., Post]
Keep = Callable[..., None]


@pytest.fixture
def keep(store: Store, watched: Account, run_id: int) -> Keep:
    def store_page(account: Account = watched, **page: Any) -> None:
        with store.begin() as tx:
            pages.store_page(tx, run_id=run_id, account=account, page=CrawledPage(raw=(), **page))

    return store_page


def due(store: Store, account: Account, limit: int) -> list[str]:
    with store.read() as tx:
        return [one.native_id for one in posts.due_rechecks(tx, account.id, EVERY_NIGHT, limit, in_question_after=NIGHT)]


@pytest.mark.parametrize("room", [1, 5])
def test_posts_that_never_come_clear_do_not_shut_out_the_others(
    store: Store, watched: Account, keep: Keep, make_post: MakePost, clock: Any, room: int
) -> None:
    keep(posts=tuple(make_post(str(n)) for n in range(20)))
    clock.pass_time(hours=1)
    keep(gone=tuple(Gone(native_id=str(n), reason=GoneReason.UNAVAILABLE) for n in range(room)))
    looked_at = set()
    for _ in range(20):
        clock.pass_time(days=1)
        tonight = due(store, watched, room)
        assert len(tonight) == len(set(tonight)) == room
        looked_at.update(tonight)
        behind_a_wall = [one for one in tonight if int(one) < room]
        keep(gone=tuple(Gone(native_id=one, reason=GoneReason.LOGIN_WALL, path="permalink") for one in behind_a_wall))
        keep(verified=tuple(one for one in tonight if int(one) >= room))
    assert len(looked_at) == 20


def test_the_risky_ones_have_three_of_four_places(
    store: Store, watched: Account, keep: Keep, make_post: MakePost, clock: Any
) -> None:
    keep(posts=tuple(make_post(str(n)) for n in range(20)))
    clock.pass_time(hours=1)
    keep(gone=tuple(Gone(native_id=str(n), reason=GoneReason.UNAVAILABLE) for n in range(10, 20)))
    clock.pass_time(days=1)
    assert due(store, watched, 8) == ["0", "10", "11", "12", "1", "13", "14", "15"]
    assert sorted(map(int, due(store, watched, 50))) == list(range(20))
    with store.read() as tx:
        assert posts.count_due(tx, watched.id, EVERY_NIGHT, in_question_after=NIGHT) == 20


def test_room_is_handed_to_the_accounts_whose_posts_wait_for_longest(
    store: Store, watched: Account, keep: Keep, make_account: Callable[..., Account], make_post: MakePost, clock: Any
) -> None:
    other, left = make_account("harbor_clinic"), make_account("left_long_ago")
    with store.begin() as tx:
        accounts.import_accounts(tx, [other, left])
    for account in (left, other, watched):
        clock.pass_time(hours=1)
        told = (Post(platform="x", account_id=account.id, native_id=str(n), text="Flu clinic") for n in range(3))
        keep(account, posts=tuple(told))
    with store.begin() as tx:
        accounts.retire(tx, left.id)
    clock.pass_time(days=1)

    def handed(room: int, platform: str = "x") -> dict[str, int]:
        with store.read() as tx:
            return posts.hand_out_rechecks(tx, platform, EVERY_NIGHT, room, in_question_after=NIGHT)

    assert handed(1) == {other.id: 1}
    assert handed(100) == {other.id: 3, watched.id: 3}
    assert handed(100, platform="facebook") == {}
    keep(other, verified=("0", "1", "2"))
    assert handed(2) == {watched.id: 1}, "the oldest is the riskiest too: one place is left over"
