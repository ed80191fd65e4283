"""A duty meets a hold or an open case: nothing goes until counsel decides, and the record stays."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import StorageError
from core.records import Account
from nightrounds import retention
from storage import accounts, cases, decisions, erasure, holds
from storage.decisions import DecisionState, list_decisions
from storage.duties import Duty, Holder

DELETED = Duty.DELETED.value


def _deleted_while_held(house: Any, *, case: str = "", hold: bool = False, sealed: bool = False) -> Account:
    account = house.watch("x")
    house.show(account, "1", "2")
    house.screen(*([1] if case else []), case=case, sealed=sealed)
    if hold:
        house.do(holds.place, account.id, reason="matter 7", placed_by="Tamsin Oak")
    house.show(account, gone="1")
    house.pass_time(days=2)
    return account


def test_a_hold_stops_everything_and_counsel_is_asked(house: Any) -> None:
    account = _deleted_while_held(house, hold=True)
    done = house.purge()
    assert (done.posts, done.waiting, house.blobs()) == ({}, {("x", DELETED): 1}, 2)
    house.purge()
    (asked,) = house.read(list_decisions)
    assert (asked.post_id, asked.duty, asked.held_by, asked.state) == (1, Duty.DELETED, Holder.HOLD, DecisionState.WAITING)
    assert asked.due_at == datetime(2026, 3, 1, 2, 0, tzinfo=UTC) + timedelta(days=1)
    assert house.read(holds.list_holds)[0].account.id == account.id


def test_an_open_case_stops_it_until_it_is_closed(house: Any) -> None:
    _deleted_while_held(house, case="privacy/post/1")
    assert house.purge().waiting == {("x", DELETED): 1}
    assert house.read(list_decisions)[0].held_by is Holder.CASE
    house.do(cases.close, 1, "resolved")
    assert house.purge().posts == {("x", DELETED): 1}
    assert house.read(list_decisions) == []
    (settled,) = house.read(list_decisions, include_settled=True)
    assert (settled.state, settled.done_at) == (DecisionState.WAITING, house.now)
    assert house.is_sound()


def test_a_sealed_case_holds_and_is_in_no_count(house: Any) -> None:
    _deleted_while_held(house, case="labour/sealed/post/1", sealed=True)
    done = house.purge()
    assert (done.posts, done.waiting, house.texts()[1]) == ({}, {}, "Orchid Wren 1")
    assert house.read(list_decisions) == []
    assert house.read(decisions.count_waiting) == 0
    assert [one.held_by for one in house.read(list_decisions, include_sealed=True)] == [Holder.SEALED_CASE]


def test_counsel_keeps(house: Any) -> None:
    _deleted_while_held(house, case="privacy/post/1")
    house.purge()
    house.do(decisions.decide, 1, DecisionState.KEEP, reasoning="needed", decided_by="Rowan Ash")
    house.do(cases.close, 1, "resolved")
    assert (house.purge().kept, house.texts()[1]) == ({("x", DELETED): 1}, "Orchid Wren 1")
    (kept,) = house.read(list_decisions)
    assert (kept.decided_by, kept.reasoning, kept.decided_at) == ("Rowan Ash", "needed", house.now)


def test_what_counsel_keeps_is_asked_anew_over_another_duty(house: Any) -> None:
    account = _deleted_while_held(house, case="privacy/post/1")
    house.purge()
    house.do(decisions.decide, 1, DecisionState.KEEP, reasoning="needed", decided_by="Rowan Ash")
    house.do(cases.close, 1, "resolved")
    house.do(accounts.retire, account.id)
    house.pass_time(hours=1)
    assert house.purge().waiting == {("x", Duty.RETIRED.value): 1}
    assert [(one.duty, one.held_by) for one in house.read(list_decisions)][1:] == [(Duty.RETIRED, Holder.DECISION)]
    house.pass_time(hours=1)
    house.do(decisions.decide, 2, DecisionState.ERASE, reasoning="over", decided_by="Rowan Ash")
    assert house.purge().posts == {("x", Duty.RETIRED.value): 1}


def test_counsel_erases_under_a_hold_and_not_who_placed_it(house: Any) -> None:
    _deleted_while_held(house, hold=True)
    house.purge()
    with pytest.raises(StorageError, match="who placed the hold can't decide to erase"):
        house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="mine", decided_by=" tamsin OAK ")
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="the duty is stronger", decided_by="Rowan Ash")
    done = house.purge()
    assert (done.posts, done.held) == ({("x", DELETED): 1}, {("x", DELETED): 1})
    assert house.texts() == {1: "", 2: "Orchid Wren 2"}
    assert house.blobs() == 2  # the answer shows a post that is still held
    house.do(holds.release, 1)
    assert house.purge().blobs == 1
    assert house.is_sound()


def test_a_decision_does_not_speak_of_a_later_hold(house: Any) -> None:
    account = _deleted_while_held(house, case="privacy/post/1")
    house.purge()
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="let it go", decided_by="Rowan Ash")
    house.pass_time(hours=1)
    house.do(holds.place, account.id, reason="matter 8", placed_by="Tamsin Oak")
    assert (house.purge().waiting, house.texts()[1]) == ({("x", DELETED): 1}, "Orchid Wren 1")
    (asked,) = house.read(list_decisions)
    assert (asked.state, asked.decided_by, asked.held_by) == (DecisionState.WAITING, "", Holder.HOLD)


def test_what_was_carried_out_is_not_decided_again(house: Any) -> None:
    _deleted_while_held(house, case="privacy/post/1")
    house.purge()
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="go", decided_by="Rowan Ash")
    house.purge()
    with pytest.raises(StorageError, match="is settled"):
        house.do(decisions.decide, 1, DecisionState.KEEP, reasoning="too late", decided_by="Rowan Ash")
    with pytest.raises(StorageError, match="there is no decision 9"):
        house.do(decisions.decide, 9, DecisionState.KEEP, reasoning="", decided_by="Rowan Ash")


def test_a_post_that_comes_back_needs_no_decision_until_it_goes_again(house: Any) -> None:
    account = _deleted_while_held(house, case="privacy/post/1")
    house.purge()
    house.show(account, "1")
    house.purge()
    assert house.read(list_decisions) == []
    house.show(account, gone="1")
    house.pass_time(days=2)
    house.purge()
    (asked,) = house.read(list_decisions)
    assert (asked.state, asked.done_at, asked.raised_at) == (DecisionState.WAITING, None, house.now)


def test_a_report_counts_what_is_overdue_and_what_waits(house: Any) -> None:
    _deleted_while_held(house, case="privacy/post/1")
    house.show(house.watch("x"), gone="2")
    house.pass_time(days=2)
    retention.raise_conflicts(house.context)
    assert house.read(lambda tx: retention.standing(house.context, tx)) == retention.Standing(overdue=1, decisions=1)
    house.purge()
    assert house.read(lambda tx: retention.standing(house.context, tx)) == retention.Standing(overdue=0, decisions=1)


def test_a_conflict_that_returns_is_another_row(house: Any) -> None:
    account = _deleted_while_held(house, hold=True)
    house.purge()
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="court order 77", decided_by="Rowan Ash")
    house.purge()
    house.pass_time(hours=1)
    house.show(account, "1")
    house.screen()
    house.show(account, gone="1")
    house.pass_time(days=2)
    house.purge()
    first, second = house.read(list_decisions, include_settled=True)
    assert (first.state, first.reasoning, first.decided_by) == (DecisionState.ERASE, "court order 77", "Rowan Ash")
    assert first.done_at is not None
    assert (second.post_id, second.state, second.reasoning, second.done_at) == (1, DecisionState.WAITING, "", None)
    assert house.texts()[1] == "Orchid Wren 1" or house.texts()[3] == "Orchid Wren 1"


def test_what_is_decided_anew_leaves_what_was_decided_before(house: Any) -> None:
    _deleted_while_held(house, hold=True)
    house.purge()
    assert house.do(decisions.decide, 1, DecisionState.KEEP, reasoning="litigation", decided_by="Rowan Ash") == 1
    house.pass_time(hours=1)
    assert house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="settled", decided_by="Ivo Reed") == 2
    with pytest.raises(StorageError, match="is settled"):
        house.do(decisions.decide, 1, DecisionState.KEEP, reasoning="again", decided_by="Rowan Ash")
    assert house.purge().posts == {("x", DELETED): 1}
    told = [(one.state, one.reasoning, one.decided_by) for one in house.read(list_decisions, include_settled=True)]
    assert told == [(DecisionState.KEEP, "litigation", "Rowan Ash"), (DecisionState.ERASE, "settled", "Ivo Reed")]
    assert house.read(list_decisions) == []


def test_a_clock_that_is_set_back_stretches_no_decision(house: Any) -> None:
    account = _deleted_while_held(house, hold=True)
    house.purge()
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="go", decided_by="Rowan Ash")
    house.pass_time(seconds=-5)
    house.do(holds.place, account.id, reason="matter 8", placed_by="Ivo Reed")
    house.pass_time(seconds=1)
    assert (house.purge().waiting, house.texts()[1]) == ({("x", DELETED): 1}, "Orchid Wren 1")


def test_what_a_released_hold_held_is_decided_still(house: Any) -> None:
    account = _deleted_while_held(house, hold=True)
    house.do(holds.place, account.id, reason="matter 8", placed_by="Ivo Reed")
    house.purge()
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="go", decided_by="Rowan Ash")
    house.do(holds.release, 1)
    assert house.purge().posts == {("x", DELETED): 1}


@pytest.mark.parametrize(
    "name", ["Tamsin  Oak", "TAMSIN OAK.", "Tamsin\u00a0Oak\u200b", "Oak, Tamsin", "Tamsín Oak", "\u0422amsin Oak"]
)
def test_another_spelling_is_no_other_person(house: Any, name: str) -> None:
    _deleted_while_held(house, hold=True)
    house.purge()
    with pytest.raises(StorageError, match="somebody else must"):
        house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="mine", decided_by=name)


def test_counsel_who_decides_while_a_purge_runs_comes_before_it_or_after(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _deleted_while_held(house, hold=True)
    house.purge()
    house.do(decisions.decide, 1, DecisionState.ERASE, reasoning="go", decided_by="Rowan Ash")
    refused: list[str] = []

    def keep() -> None:
        try:
            house.do(decisions.decide, 1, DecisionState.KEEP, reasoning="stop", decided_by="Rowan Ash")
        except StorageError as error:
            refused.append(str(error))

    counsel, real = threading.Thread(target=keep), erasure.erase_posts

    def slow(tx: Any, doomed: Any) -> int:
        if doomed and not counsel.ident:
            counsel.start()
            counsel.join(0.3)  # time enough for somebody whom nothing kept waiting
        return real(tx, doomed)

    monkeypatch.setattr(erasure, "erase_posts", slow)
    house.purge()
    counsel.join()
    (record,) = house.read(list_decisions, include_settled=True)
    assert (house.texts()[1], record.state, record.reasoning) == ("", DecisionState.ERASE, "go")
    assert "is settled" in refused[0]


def test_what_a_sealed_case_holds_is_in_no_count(house: Any) -> None:
    account = house.watch("x")
    house.show(account, "1", "2")
    house.screen(2, case="labour", sealed=True)
    house.do(accounts.retire, account.id)
    house.pass_time(hours=1)
    done = house.purge()
    assert (done.posts, done.waiting, done.held, done.captures) == ({("x", Duty.RETIRED.value): 1}, {}, {}, {})
    assert house.texts() == {1: "", 2: "Orchid Wren 2"}
    assert house.blobs() == 1
