"""What must go goes when it is due, with all that shows it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.records import CrawledPage, Cursor, Gone, GoneReason, Kind, Profile, Screened
from core.terms import PlatformTerms, Terms
from nightrounds import retention
from storage import accounts, cases, crawls, disputes, holds, keyring, pages, screenings, tables
from storage.barred import retire_barred
from storage.duties import Duty

DELETED = Duty.DELETED.value


def test_a_deletion_is_honoured_when_its_hours_are_over(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1", "2")
    house.screen()
    house.show(account, gone="1")
    house.pass_time(hours=23)
    assert house.purge().posts == {}
    house.pass_time(hours=1)
    rehearsal = house.purge(rehearse=True)
    assert (rehearsal.posts, rehearsal.captures) == ({("x", DELETED): 1}, {("x", DELETED): 1})
    assert (house.texts()[1], house.blobs()) == ("Orchid Wren 1", 2)
    done = house.purge()
    assert (done.posts, done.captures, done.blobs) == (rehearsal.posts, rehearsal.captures, 1)
    assert house.texts() == {1: "", 2: "Orchid Wren 2"}
    assert house.is_sound()
    again = house.purge()
    assert not any(again.counts().values())
    assert again.blobs == 0


def test_what_is_not_looked_at_again_goes_and_a_look_in_vain_refreshes_nothing(house: Any) -> None:
    account = house.watch("youtube")
    house.show(account, "1", "2", profile=Profile(bio="Orchid Wren"))
    house.screen()
    house.pass_time(days=20)
    house.show(account, "2")
    with house.context.store.begin() as tx:
        unseen = Gone(native_id="1", reason=GoneReason.LOGIN_WALL)
        pages.store_page(tx, run_id=1, account=account, page=CrawledPage(raw=(), gone=(unseen,)))
    house.pass_time(days=10)
    done = house.purge()
    assert done.posts == {("youtube", Duty.NOT_REFRESHED.value): 1}
    assert done.profiles == {("youtube", Duty.NOT_REFRESHED.value): 1}
    assert done.captures == {("youtube", Duty.NOT_REFRESHED.value): 1}  # the old copy; the newer one shows the post that stays
    assert house.texts() == {1: "", 2: "Orchid Wren 2"}
    assert house.is_sound()


def test_what_was_kept_long_enough_goes_though_it_was_refreshed(house: Any) -> None:
    account = house.watch("tiktok")
    house.show(account, "1")
    house.screen()
    for _ in range(10):
        house.pass_time(days=1)
        house.show(account, "1")
    assert house.purge().posts == {("tiktok", Duty.KEPT_LONG.value): 1}
    assert house.blobs() == 0
    house.show(account, "1")
    assert house.texts() == {1: ""}


def test_a_retired_account_loses_everything(house: Any) -> None:
    account, other = house.watch("website", "old"), house.watch("website", "new")
    for one in (account, other):
        house.show(one, "1", profile=Profile(bio="Orchid Wren"))
    house.screen()
    house.do(accounts.retire, account.id)
    done = house.purge()
    why = ("website", Duty.RETIRED.value)
    assert (done.posts, done.captures, done.profiles) == ({why: 1}, {why: 1}, {why: 1})
    assert sorted(house.texts().values()) == ["", "Orchid Wren 1"]
    assert house.read(accounts.by_id, [account.id])[account.id].profile == Profile()


def test_an_upheld_dispute_takes_what_was_stored_before_it(house: Any) -> None:
    account = house.watch("website")
    house.show(account, "1")
    house.screen()
    number = house.do(disputes.raise_dispute, account.id, claim="not ours", raised_by="Tamsin Oak")
    house.pass_time(hours=1)
    assert house.purge().posts == {}
    house.do(disputes.decide, number, disputes.DisputeState.UPHELD, reasoning="so it is", decided_by="Rowan Ash")
    anew = replace(account, basis_recorded_at=house.now + timedelta(minutes=1))
    house.do(accounts.import_accounts, [anew])  # after all: watched again, and what comes from now on is kept
    house.pass_time(hours=1)
    house.show(account, "2")
    house.screen()
    assert house.purge().posts == {("website", Duty.DISPUTED.value): 1}
    assert house.texts() == {1: "", 2: "Orchid Wren 2"}


def test_text_that_may_not_be_stored_goes_after_it_was_screened(house: Any) -> None:
    account = house.watch("reddit")
    house.show(account, "1")
    unread = house.purge()
    assert (unread.posts, unread.unread) == ({}, {("reddit", Duty.NOT_STORABLE.value): 1})
    house.screen()
    retention.erase_not_storable(house.context)
    assert (house.texts(), house.blobs()) == ({1: ""}, 0)
    for _ in range(2):
        house.show(account, "1", body="the same again")
        retention.erase_not_storable(house.context)
    assert (house.texts(), house.blobs()) == ({1: ""}, 0)
    assert house.is_sound()


def test_a_platform_that_nobody_read_has_cautious_terms(house: Any) -> None:
    account = house.watch("newcomer")
    house.show(account, "1")
    house.screen()
    house.pass_time(days=30)
    assert house.purge().posts == {("newcomer", Duty.NOT_REFRESHED.value): 1}


def test_an_answer_that_shows_a_held_post_waits_for_it(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1", "2")
    house.screen(2, case="privacy/post/2")
    house.show(account, gone="1")
    house.pass_time(days=2)
    done = house.purge()
    assert (done.posts, done.captures, done.held) == ({("x", DELETED): 1}, {}, {("x", DELETED): 1})
    assert (house.texts(), house.blobs()) == ({1: "", 2: "Orchid Wren 2"}, 2)
    house.do(cases.close, 1, "resolved")
    assert (house.purge().captures, house.blobs()) == ({("x", DELETED): 1}, 1)
    assert house.is_sound()


def test_answers_from_before_their_posts_were_noted_are_found_by_the_revisions(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1")
    house.screen()
    with house.context.store.begin() as tx:
        tx.connection.execute(tables.evidence.update().values(post_ids=None))
    house.show(account, gone="1")
    house.pass_time(days=2)
    assert (house.purge().captures, house.blobs()) == ({("x", DELETED): 1}, 1)


def test_a_renamed_post_was_not_taken_away(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1")
    house.screen()
    with house.context.store.begin() as tx:
        moved = Gone(native_id="1", reason=GoneReason.RENAMED, definite=True)
        pages.store_page(tx, run_id=1, account=account, page=CrawledPage(raw=(), gone=(moved,)))
    house.pass_time(days=2)
    assert house.purge().posts == {}


def test_keys_rotate_after_a_purge(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1", "2")
    house.screen()
    house.show(account, gone="1")
    house.pass_time(days=2)
    house.purge()
    keyring.rotate(house.context.store)
    assert house.is_sound()
    assert house.texts() == {1: "", 2: "Orchid Wren 2"}


def test_findings_by_a_barred_rule_fall_and_are_purged(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1")
    house.screen(1)
    barred = replace(house.context, terms=Terms(version="2", platforms={
        "x": PlatformTerms(source="test", delete_within_hours=24, barred_inferences={"phi": (Kind.OFFICIAL,)})}))  # fmt: skip
    assert house.do(retire_barred, barred.terms) == 1
    assert retention.purge(barred, rehearse=True).findings == {("x", "phi"): 1}
    house.do(holds.place, account.id, reason="matter 9", placed_by="Tamsin Oak")
    assert retention.purge(barred).findings == {}
    house.do(holds.release, 1)
    assert retention.purge(barred).findings == {("x", "phi"): 1}
    assert house.read(lambda tx: tx.connection.execute(select(tables.findings)).all()) == []


def test_a_reading_that_failed_and_is_tried_again_is_waited_for(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1")
    house.show(account, gone="1")
    house.pass_time(days=2)
    wanted = {Kind.OFFICIAL: {"phi": "1"}}
    for _ in range(3):
        assert house.purge().unread == {("x", DELETED): 1}
        with house.context.store.begin() as tx:
            (one,) = screenings.unread_revisions(tx, wanted, limit=9)
            screenings.record(tx, one, {"phi": "1"}, Screened(protected=False, findings=(), not_read="time"))
    assert house.purge().posts == {("x", DELETED): 1}  # it was tried on three nights, and nobody will try again


def test_what_no_rule_reads_waits_for_no_screening(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1")
    house.show(account, gone="1")
    house.pass_time(days=2)
    rules = {name: rule.model_copy(update={"kinds": (Kind.PERSONNEL,)}) for name, rule in house.context.policy.rules.items()}
    house.context = replace(house.context, policy=house.context.policy.model_copy(update={"rules": rules}))
    assert house.purge().posts == {("x", DELETED): 1}
    assert house.blobs() == 1


def test_one_answer_to_two_accounts_is_held_by_either(house: Any) -> None:
    one, other = house.watch("website", "site.example/a"), house.watch("website", "site.example/b")
    for account in (one, other):
        house.show(account, body="the same bytes")
    house.do(holds.place, other.id, reason="matter 7", placed_by="Tamsin Oak")
    for account in (one, other):
        house.do(accounts.retire, account.id)
    house.pass_time(hours=1)
    why = ("website", Duty.RETIRED.value)
    done = house.purge()
    assert (done.captures, done.held, house.blobs()) == ({why: 1}, {why: 1}, 1)
    house.do(holds.release, 1)
    assert (house.purge().captures, house.blobs()) == ({why: 1}, 0)
    assert house.is_sound()


def test_the_same_bytes_kept_for_another_account_go_with_the_post_that_they_show(house: Any) -> None:
    one, other = house.watch("x", "one"), house.watch("x", "other")
    house.show(one, "1", body="both their posts")
    house.show(other, "2", body="both their posts")
    house.screen()
    house.show(one, gone="1")
    house.pass_time(days=2)
    done = house.purge()
    assert (done.posts, done.captures, house.blobs()) == ({("x", DELETED): 1}, {("x", DELETED): 2}, 1)
    assert house.is_sound()


def _with_cursor(house: Any, handle: str) -> str:
    account = house.watch("website", handle)
    with house.context.store.begin() as tx:
        run = crawls.begin_run(tx, trigger="test")
        crawls.keep_cursor(tx, run_id=run, account_id=account.id, surface="website", cursor=Cursor({"seen": ["https://p/1"]}))
    return str(account.id)


def test_where_the_crawl_of_a_retired_account_stood_is_forgotten(house: Any) -> None:
    watched, retired, held = (_with_cursor(house, handle) for handle in ("site.example/a", "site.example/b", "site.example/c"))
    house.do(holds.place, held, reason="matter 7", placed_by="Tamsin Oak")
    for one in (retired, held):
        house.do(accounts.retire, one)
    house.pass_time(hours=1)
    house.purge(rehearse=True)
    assert house.read(crawls.load_cursor, retired, "website")
    house.purge()
    assert [bool(house.read(crawls.load_cursor, one, "website")) for one in (watched, retired, held)] == [True, False, True]


def test_a_purge_says_where_words_may_still_stand(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = house.watch("x")
    house.show(account, "1")
    house.screen()
    assert house.purge().remains == []
    house.show(account, gone="1")
    house.pass_time(days=2)
    monkeypatch.setattr(retention, "empty_log", lambda engine: False)
    quoted, in_log = house.purge().as_json()["remains"]
    assert "quote" in quoted
    assert "log could not be emptied" in in_log
