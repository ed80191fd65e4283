from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from core.errors import StorageError
from core.records import Account, CrawledPage, Finding, Kind, Post, Screened, Severity
from storage import accounts, cases, findings, pages, screenings, tables
from storage.cases import CaseDetail
from storage.findings import StoredFinding
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


def test_a_new_kind_deletes_what_its_rules_would_not_find(
    desk: Desk, watched: Account, make_finding: Callable[..., Finding]
) -> None:
    phi, brand = desk.read(make_finding(), make_finding("brand", "logo", route="brand"))
    held = desk.join(phi), desk.join(brand)
    with desk.store.begin() as tx:
        tx.connection.execute(tables.detector_sets.insert().values(kind="personnel", versions={"phi": "1"}, digest=b"p" * 32))
        accounts.import_accounts(tx, [replace(watched, kind=Kind.PERSONNEL)])
    with desk.store.read() as tx:
        assert findings.get(tx, phi.id).retired_at is not None
        with pytest.raises(StorageError, match=f"no finding {brand.id}"):
            findings.get(tx, brand.id)
        events = tx.connection.execute(select(tables.audit_events)).all()
        assert {"finding_ids": [brand.id]} in [row.detail for row in events if row.action == "findings deleted"]
    assert [desk.case(one).outcome for one in held] == ["withdrawn", "withdrawn"]
    assert [desk.case(one).findings for one in held] == [(), ()]


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
