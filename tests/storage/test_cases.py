from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.errors import StorageError
from core.records import Account, CrawledPage, Finding, Kind, Post, Screened, Severity
from storage import cases, findings, pages, screenings
from storage.cases import CaseJoined
from storage.findings import FindingState, StoredFinding
from storage.store import Store

START = datetime.fromisoformat("2026-03-01T02:00:00+00:00")
SOON, LATER = START + timedelta(days=1), START + timedelta(days=3)


@pytest.fixture
def found(
    store: Store,
    watched: Account,
    run_id: int,
    make_page: Callable[..., CrawledPage],
    make_post: Callable[..., Post],
    make_finding: Callable[..., Finding],
) -> list[StoredFinding]:
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(make_post()))
        [revision] = screenings.unread_revisions(tx, {Kind.OFFICIAL: {"phi": "1"}}, limit=9)
        made = (make_finding(), make_finding(start=5), make_finding("brand", "logo"))
        return screenings.record(tx, revision, {"phi": "1", "brand": "1"}, Screened(protected=False, findings=made))


def _join(
    store: Store, *given: StoredFinding, severity: Severity = Severity.LOW, due_at: datetime | None = LATER
) -> CaseJoined:
    with store.begin() as tx:
        return cases.join(
            tx, key="privacy/post/1", route="privacy", severity=severity, due_at=due_at, findings=given, sealed=False
        )


def test_findings_join_the_open_case_of_their_key(store: Store, found: list[StoredFinding]) -> None:
    opened = _join(store, found[0])
    assert opened == CaseJoined(opened.case_id, True, 1)
    assert _join(store, found[0]) == CaseJoined(opened.case_id, False, 0)
    assert _join(store, *found, severity=Severity.CRITICAL, due_at=SOON) == CaseJoined(opened.case_id, False, 2)
    assert _join(store, *found) == CaseJoined(opened.case_id, False, 0)
    with store.read() as tx:
        detail = cases.get(tx, opened.case_id)
        assert (detail.case.severity, detail.case.due_at, detail.case.finding_count) == (Severity.CRITICAL, SOON, 3)
        assert detail.case.rules == ("brand", "phi")
        assert [one.state for one in detail.findings] == [FindingState.IN_CASE] * 3
        assert [one.action for one in detail.events] == ["case opened", "case joined"]
        assert len(findings.list_findings(tx, state="in case")) == 3


def test_a_closed_case_stays_closed_and_new_findings_open_another(store: Store, found: list[StoredFinding]) -> None:
    first = _join(store, found[0]).case_id
    with store.begin("Imogen Vale") as tx:
        cases.assign(tx, first, "Imogen Vale", "please look \x00\ud800")
        assert cases.get(tx, first).case.assignee == "Imogen Vale"
        cases.close(tx, first, "no breach", "released by the patient")
    assert _join(store, found[0]) == CaseJoined(first, False, 0)
    second = _join(store, *found)
    assert second == CaseJoined(second.case_id, True, 2)
    with store.read() as tx:
        detail = cases.get(tx, first)
        assert (detail.case.state, detail.outcome, detail.closed_at) == ("closed", "no breach", START)
        assert [(one.action, one.actor, one.note) for one in detail.events] == [
            ("case opened", "system", ""),
            ("assigned", "Imogen Vale", "please look \x00\ud800"),
            ("closed", "Imogen Vale", "released by the patient"),
        ]
        assert [case.id for case in cases.list_cases(tx, state="open")] == [second.case_id]
    with pytest.raises(StorageError, match="is closed"), store.begin() as tx:
        cases.close(tx, first, "breach")
    with pytest.raises(StorageError, match="no case 99"), store.begin() as tx:
        cases.add_note(tx, 99, "viewed")


def test_sealed_cases_show_only_when_asked_for(store: Store, found: list[StoredFinding]) -> None:
    with store.begin() as tx:
        for number, one in enumerate(found):
            cases.join(
                tx, key=f"k{number}", route="privacy", severity=Severity.LOW, due_at=None, findings=[one], sealed=number == 0
            )
    with store.read() as tx:
        assert [case.key for case in cases.list_cases(tx)] == ["k1", "k2"]
        everything = cases.list_cases(tx, include_sealed=True, route="privacy")
        assert [case.key for case in everything] == ["k0", "k1", "k2"]
        assert [case.key for case in cases.list_cases(tx, include_sealed=True, after=everything[0].id, limit=1)] == ["k1"]
        assert cases.list_cases(tx, route="legal") == []


def test_a_case_needs_findings(store: Store) -> None:
    with pytest.raises(StorageError, match="at least one finding"):
        _join(store)


def test_after_a_sealed_number_comes_what_comes_after_an_unknown_one(store: Store, found: list[StoredFinding]) -> None:
    with store.begin() as tx:
        held = [
            cases.join(
                tx, key=f"k{n}", route="privacy", severity=Severity.LOW, due_at=None, findings=[one], sealed=n == 0
            ).case_id
            for n, one in enumerate(found)
        ]
    with store.read() as tx:
        assert cases.list_cases(tx, after=held[0]) == cases.list_cases(tx, after=10**9) == []
        assert [one.id for one in cases.list_cases(tx, after=held[1])] == [held[2]]
        assert findings.list_findings(tx, after=10**9) == findings.list_findings(tx)
