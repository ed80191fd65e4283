from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from core.records import Account, CrawledPage, Finding, Kind, Post, Screened, Severity
from storage import accounts, cases, findings, holds, pages, screenings, tables
from storage.cases import CaseDetail
from storage.findings import FindingState, StoredFinding
from storage.screenings import StoredRevision
from storage.store import Store

VERSIONS = {"phi": "1", "brand": "1"}


@dataclass
class Desk:
    """A stored post, and the readings and cases that a test makes of it."""

    store: Store
    revision: StoredRevision
    version: int = 0

    def read(self, *found: Finding) -> list[StoredFinding]:
        self.version += 1
        versions = dict.fromkeys(VERSIONS, str(self.version))
        with self.store.begin() as tx:
            return screenings.record(tx, self.revision, versions, Screened(protected=False, findings=found))

    def join(self, *stored: StoredFinding) -> int:
        first = stored[0].finding
        key = f"{first.route}{'/sealed' if first.sealed else ''}/post/1"
        worst = max((one.finding.severity for one in stored), key=lambda one: one.rank)
        with self.store.begin() as tx:
            return cases.join(
                tx, key=key, route=first.route, severity=worst, due_at=None, findings=stored, sealed=first.sealed
            ).case_id

    def case(self, case_id: int, *, include_sealed: bool = False) -> CaseDetail:
        with self.store.read() as tx:
            return cases.get(tx, case_id, include_sealed=include_sealed)


@pytest.fixture
def desk(
    store: Store, watched: Account, run_id: int, make_page: Callable[..., CrawledPage], make_post: Callable[..., Post]
) -> Desk:
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(make_post()))
        [revision] = screenings.unread_revisions(tx, {Kind.OFFICIAL: VERSIONS}, limit=9)
    return Desk(store, revision)


def test_what_becomes_sealed_leaves_the_open_case(desk: Desk, make_finding: Callable[..., Finding]) -> None:
    low, high = make_finding(severity=Severity.LOW), make_finding(start=5, severity=Severity.CRITICAL)
    before = desk.join(*desk.read(low, high))
    kept, sealed = desk.read(low, replace(high, sealed=True))
    assert (kept.case_id, sealed.case_id) == (before, None)
    assert desk.join(kept) == before
    other = desk.join(sealed)
    assert other != before
    detail = desk.case(before)
    assert [one.id for one in detail.findings] == [kept.id]
    assert (detail.case.finding_count, detail.case.severity, detail.case.state) == (1, Severity.LOW, "open")
    assert [(one.action, one.note) for one in detail.events] == [("case opened", ""), ("finding left", "")]
    assert (desk.case(other).findings, desk.case(other).case.rules) == ((), ())
    assert [one.id for one in desk.case(other, include_sealed=True).findings] == [sealed.id]
    assert desk.case(other, include_sealed=True).case.finding_count == 1


def test_what_becomes_open_leaves_the_sealed_case_and_leaves_none_empty(
    desk: Desk, make_finding: Callable[..., Finding]
) -> None:
    before = desk.join(*desk.read(make_finding(sealed=True)))
    after = desk.join(*desk.read(make_finding()))
    assert after != before
    assert desk.case(after).case.finding_count == 1
    old = desk.case(before, include_sealed=True)
    assert (old.case.state, old.outcome, old.case.finding_count) == ("closed", "withdrawn", 0)
    assert [one.action for one in old.events] == ["case opened", "finding left", "withdrawn"]


def test_what_goes_to_another_desk_leaves_the_open_case(desk: Desk, make_finding: Callable[..., Finding]) -> None:
    before = desk.join(*desk.read(make_finding()))
    [moved] = desk.read(make_finding(route="legal"))
    assert moved.case_id is None
    assert desk.case(before).outcome == "withdrawn"


def test_what_people_decided_stays_but_over_the_seal(desk: Desk, make_finding: Callable[..., Finding]) -> None:
    before = desk.join(*desk.read(make_finding()))
    with desk.store.begin("Imogen Vale") as tx:
        cases.close(tx, before, "no breach")
    assert [one.case_id for one in desk.read(make_finding(route="legal"))] == [before]
    assert [one.case_id for one in desk.read(make_finding(route="legal", sealed=True))] == [None]
    assert desk.case(before).outcome == "no breach"
    assert desk.case(before).findings == ()


def test_a_case_without_standing_findings_is_withdrawn_and_its_finding_may_come_back(
    desk: Desk, make_finding: Callable[..., Finding]
) -> None:
    one, two = make_finding(), make_finding("brand", "logo")
    before = desk.join(*desk.read(one, two))
    desk.read(one)
    assert (desk.case(before).case.rules, desk.case(before).case.state) == (("phi",), "open")
    desk.read()
    assert (desk.case(before).case.state, desk.case(before).outcome) == ("closed", "withdrawn")
    with desk.store.read() as tx:
        assert cases.count_open(tx) == 0
    again = desk.join(*desk.read(one))
    assert again != before
    assert desk.case(again).case.finding_count == 1


def standing(store: Store) -> dict[str, tuple[bool, bool]]:
    """What is stored: whether it stands, and whether it is sealed, by rule."""
    f = tables.findings.c
    with store.read() as tx:
        return {
            row.rule: (row.retired_at is None, row.sealed)
            for row in tx.connection.execute(select(f.rule, f.retired_at, f.sealed))
        }


@pytest.fixture
def both_kinds_of_finding(desk: Desk, make_finding: Callable[..., Finding]) -> tuple[int, int]:
    """A finding of PHI and one of politics, each in an open case; the cases' numbers."""
    phi, political = desk.read(make_finding(), make_finding("political", "endorse", route="legal"))
    return desk.join(phi), desk.join(political)


def test_a_new_kind_deletes_the_politics_alone_and_leaves_open_cases_to_the_next_reading(
    desk: Desk, watched: Account, both_kinds_of_finding: tuple[int, int], make_finding: Callable[..., Finding]
) -> None:
    with desk.store.begin() as tx:
        accounts.import_accounts(tx, [replace(watched, kind=Kind.PERSONNEL)])
    assert standing(desk.store) == {"phi": (True, False)}
    assert [desk.case(one).outcome for one in both_kinds_of_finding] == [None, "withdrawn"]
    wanted = {Kind.PERSONNEL: VERSIONS}
    with desk.store.begin() as tx:
        [unread] = screenings.unread_revisions(tx, wanted, limit=9)
        screenings.record(tx, unread, VERSIONS, Screened(protected=False, findings=()))
    assert standing(desk.store) == {"phi": (False, False)}
    assert desk.case(both_kinds_of_finding[0]).outcome == "withdrawn"


def test_what_is_in_no_open_case_is_retired_with_the_kind(
    desk: Desk, watched: Account, make_finding: Callable[..., Finding]
) -> None:
    [phi, _] = desk.read(make_finding(), make_finding("brand", "logo", route="brand"))
    closed = desk.join(phi)
    with desk.store.begin() as tx:
        cases.close(tx, closed, "no breach")
    with desk.store.begin() as tx:
        accounts.import_accounts(tx, [replace(watched, kind=Kind.PERSONNEL)])
    assert standing(desk.store) == {"phi": (False, False), "brand": (False, False)}
    assert desk.case(closed).outcome == "no breach"


def test_under_a_legal_hold_a_new_kind_deletes_nothing_and_no_list_shows_the_politics(
    desk: Desk, watched: Account, both_kinds_of_finding: tuple[int, int]
) -> None:
    with desk.store.begin() as tx:
        holds.place(tx, watched.id, reason="a subpoena", placed_by="Imogen Vale")
        accounts.import_accounts(tx, [replace(watched, kind=Kind.PERSONNEL)])
    assert standing(desk.store) == {"phi": (True, False), "political": (False, True)}
    with desk.store.read() as tx:
        for state in (None, *FindingState):
            assert "political" not in [one.finding.rule for one in findings.list_findings(tx, state=state)]
    assert [desk.case(one).outcome for one in both_kinds_of_finding] == [None, "withdrawn"]
    assert desk.case(both_kinds_of_finding[1]).findings == ()


def test_a_kind_that_changes_while_a_screening_is_written_waits_for_it(
    desk: Desk, watched: Account, make_finding: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    changing: list[threading.Thread] = []

    def change_kind() -> None:
        with desk.store.begin() as tx:
            accounts.import_accounts(tx, [replace(watched, kind=Kind.PERSONNEL)])

    look = screenings._attempts

    def look_late(*arguments: Any) -> dict[int, int]:
        changing.append(threading.Thread(target=change_kind))
        changing[0].start()
        changing[0].join(0.5)
        return look(*arguments)

    monkeypatch.setattr(screenings, "_attempts", look_late)
    desk.read(make_finding("political", "endorse"))
    changing[0].join(60)
    assert standing(desk.store) == {}
    with desk.store.read() as tx:
        assert len(screenings.unread_revisions(tx, {Kind.PERSONNEL: VERSIONS}, limit=9)) == 1


def test_a_rule_that_the_policy_takes_off_a_kind_is_retired_and_may_come_back(
    desk: Desk, make_finding: Callable[..., Finding]
) -> None:
    phi, brand = desk.read(make_finding(), make_finding("brand", "logo", route="brand"))
    held = desk.join(brand)
    both, less = {Kind.OFFICIAL: {"phi": "1", "brand": "1"}}, {Kind.OFFICIAL: {"phi": "1"}}
    with desk.store.begin() as tx:
        assert screenings.retire_dropped(tx, both, both) == 0
        assert screenings.retire_dropped(tx, {Kind.PERSONNEL: {}}, {}) == 0
        assert screenings.unread_revisions(tx, both, limit=9) == []
        assert screenings.retire_dropped(tx, less, {}) == 1
        assert screenings.retire_dropped(tx, less, {}) == 0
        assert [one.id for one in findings.list_findings(tx)] == [phi.id]
        assert [one.id for one in screenings.unread_revisions(tx, both, limit=9)] == [desk.revision.id]
    assert desk.case(held).outcome == "withdrawn"
