from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select

from core.records import Account, CrawledPage, Finding, FindingScope, Kind, Post, Profile, Screened, Severity, Span
from storage import findings, pages, screenings, tables
from storage.findings import FindingState, StoredFinding
from storage.screenings import ScreenedSubject, StoredProfile, StoredRevision
from storage.store import Store

MakeFinding = Callable[..., Finding]
V1 = {"phi": "1+aaaa", "brand": "1+bbbb"}
V2 = {"phi": "2+aaaa", "brand": "1+bbbb"}


@pytest.fixture
def stored(
    store: Store, watched: Account, run_id: int, make_page: Callable[..., CrawledPage], make_post: Callable[..., Post]
) -> list[int]:
    """Five stored revisions and a profile."""
    posts = [make_post(str(number), text=f"Post {number}") for number in range(5)]
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(*posts, profile=Profile(bio="Care")))
    return [revision.id for revision in _unread(store, V1)]


def _unread(store: Store, versions: dict[str, str], **limits: int) -> list[StoredRevision]:
    with store.read() as tx:
        return screenings.unread_revisions(tx, {Kind.OFFICIAL: versions}, **{"limit": 99, **limits})


def _profile(store: Store, versions: dict[str, str]) -> list[StoredProfile]:
    with store.read() as tx:
        return screenings.unread_profiles(tx, {Kind.OFFICIAL: versions}, limit=9)


def _record(
    store: Store,
    subject: StoredRevision | StoredProfile,
    versions: dict[str, str],
    *found: Finding,
    not_read: str | None = None,
) -> list[StoredFinding]:
    with store.begin() as tx:
        return screenings.record(tx, subject, versions, Screened(protected=False, findings=found, not_read=not_read))


def _states(store: Store) -> list[tuple[str, FindingState]]:
    with store.read() as tx:
        standing = findings.list_findings(tx, include_sealed=True)
        retired = findings.list_findings(tx, include_sealed=True, state=FindingState.RETIRED)
        return sorted((one.finding.category, one.state) for one in standing + retired)


def test_what_was_read_is_not_read_again(store: Store, stored: list[int]) -> None:
    first, *rest = _unread(store, V1)
    _record(store, first, V1)
    assert [revision.id for revision in _unread(store, V1)] == stored[1:]
    with store.begin() as tx:
        screenings.record_all(tx, [ScreenedSubject(one, V1, Screened(protected=False, findings=())) for one in rest])
    assert _unread(store, V1) == []


def test_a_new_version_reads_history_again_a_lesser_wish_does_not(store: Store, stored: list[int]) -> None:
    for revision in _unread(store, V1):
        _record(store, revision, V1)
    assert [revision.id for revision in _unread(store, V2)] == stored
    assert _unread(store, {"phi": "1+aaaa"}) == []
    assert len(_unread(store, {**V1, "claims": "1"})) == 5
    with store.read() as tx:
        assert screenings.unread_revisions(tx, {Kind.PERSONNEL: V2}, limit=9) == []


def test_reading_only_the_new_rule_is_enough(store: Store, stored: list[int]) -> None:
    for revision in _unread(store, V1):
        _record(store, revision, V1)
    for revision in _unread(store, V2):
        _record(store, revision, {"phi": "2+aaaa"})
    assert _unread(store, V2) == []
    assert len(_unread(store, V1)) == 5  # the old version is no longer what read them


def test_pages_of_unread_go_by_id(store: Store, stored: list[int]) -> None:
    _record(store, _unread(store, V1)[1], V1)
    mixed = [revision.id for revision in _unread(store, V2, limit=3)]
    assert mixed == stored[:3]
    assert [revision.id for revision in _unread(store, V2, limit=3, after_id=mixed[-1])] == stored[3:]


def test_not_read_is_counted_by_reason_and_never_as_read(store: Store, stored: list[int]) -> None:
    one, two, three, *_ = _unread(store, V1)
    _record(store, one, V1)
    _record(store, two, V1, not_read="language")
    _record(store, three, V1, not_read="language")
    _record(store, three, V2, not_read="too long")
    with store.read() as tx:
        assert screenings.counts(tx) == screenings.ScreeningCounts(read=1, unread=2, not_read={"language": 1, "too long": 1})


def test_recording_twice_changes_nothing(store: Store, stored: list[int], make_finding: MakeFinding, clock: Any) -> None:
    revision = _unread(store, V1)[0]
    found = make_finding(), make_finding(start=5), make_finding("brand", "merchandise", spans=())
    first = _record(store, revision, V1, *found)
    clock.pass_time(hours=1)
    again = _record(store, revision, V1, *found)
    assert [one.id for one in first] == [one.id for one in again]
    assert {(one.finding.rule, one.finding.spans) for one in first} == {(one.rule, one.spans) for one in found}
    assert [one.found_at for one in first] == [one.found_at for one in again]
    with store.read() as tx:
        for table, rows in ((tables.findings, 3), (tables.screenings, 1), (tables.detector_sets, 1)):
            assert tx.connection.execute(select(func.count()).select_from(table)).scalar() == rows
        assert findings.get(tx, first[0].id).finding == found[0]


def test_what_is_not_found_again_is_retired_and_may_come_back(
    store: Store, stored: list[int], make_finding: MakeFinding
) -> None:
    revision, other = _unread(store, V1)[:2]
    kept, lost, brand = make_finding(category="kept"), make_finding(category="lost"), make_finding("brand", "logo")
    _record(store, revision, V1, kept, lost, brand)
    _record(store, other, V1, make_finding(category="other post"))
    _record(store, revision, {"phi": "2+aaaa"}, kept)
    new, retired = FindingState.NEW, FindingState.RETIRED
    assert _states(store) == [("kept", new), ("logo", new), ("lost", retired), ("other post", new)]
    _record(store, revision, {"phi": "3+aaaa"}, not_read="time")
    assert _states(store) == [("kept", new), ("logo", new), ("lost", retired), ("other post", new)]
    _record(store, revision, {"phi": "4+aaaa"}, kept, lost)
    assert _states(store) == [("kept", new), ("logo", new), ("lost", new), ("other post", new)]


def test_a_finding_takes_the_newest_judgement(store: Store, stored: list[int], make_finding: MakeFinding) -> None:
    revision = _unread(store, V1)[0]
    _record(store, revision, V1, make_finding(score=0.6, severity=Severity.LOW))
    _record(store, revision, V2, make_finding(score=0.9, severity=Severity.HIGH, sealed=True, detector_version="2+aaaa"))
    with store.read() as tx:
        [one] = findings.list_findings(tx, include_sealed=True)
        assert (one.finding.score, one.finding.severity, one.finding.sealed) == (0.9, Severity.HIGH, True)
        assert findings.list_findings(tx) == []


def test_a_profile_finding_is_one_an_account(store: Store, stored: list[int], make_finding: MakeFinding) -> None:
    about = make_finding("disclaimer", "missing", spans=(Span("bio", 0, 4),), scope=FindingScope.PROFILE)
    for revision in _unread(store, V1):
        _record(store, revision, {"disclaimer": "1"}, about)
    [profile] = _profile(store, {"disclaimer": "1"})
    _record(store, profile, {"disclaimer": "1"}, about)
    assert _states(store) == [("missing", FindingState.NEW)]
    assert _profile(store, {"disclaimer": "1"}) == []
    assert [one.id for one in _profile(store, {"disclaimer": "2"})] == [profile.id]


def test_a_better_profile_retires_what_was_said_of_the_old_one(
    store: Store,
    stored: list[int],
    watched: Account,
    run_id: int,
    make_page: Callable[..., CrawledPage],
    make_finding: MakeFinding,
    clock: Any,
) -> None:
    versions = {"disclaimer": "1", "affiliation": "1"}
    missing = make_finding("disclaimer", "missing", scope=FindingScope.PROFILE)
    undisclosed = make_finding("affiliation", "undisclosed", scope=FindingScope.PROFILE)
    _record(store, _profile(store, versions)[0], versions, missing)
    _record(store, _unread(store, versions)[0], versions, undisclosed, make_finding("affiliation", "of a post"))
    _record(store, StoredProfile(1, watched), {"affiliation": "2"})  # read again, but the profile is the same
    assert ("undisclosed", FindingState.NEW) in _states(store)
    clock.pass_time(days=1)
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page(profile=Profile(bio="Views are my own")))
    _record(store, _profile(store, versions)[0], versions)
    new, retired = FindingState.NEW, FindingState.RETIRED
    assert _states(store) == [("missing", retired), ("of a post", new), ("undisclosed", retired)]


def test_counts_hide_the_sealed_but_for_one_total_a_route(store: Store, stored: list[int], make_finding: MakeFinding) -> None:
    one, two, *_ = _unread(store, V1)
    sealed = make_finding("conduct", "threat", route="labour counsel", sealed=True)
    _record(store, one, {**V1, "conduct": "1"}, make_finding(), sealed)
    _record(store, two, {**V1, "conduct": "1"}, make_finding(), sealed)
    with store.read() as tx:
        counted = findings.counts(tx)
        assert counted.open == (findings.FindingCount("phi", Severity.HIGH, "direct_identifier", 2),)
        assert counted.sealed == {"labour counsel": 2}
        assert findings.counts(tx, until=tx.now).open == ()
        assert findings.counts(tx, since=tx.now) == counted


def test_lists_filter_and_page(store: Store, stored: list[int], make_finding: MakeFinding) -> None:
    revision = _unread(store, V1)[0]
    kept = _record(
        store, revision, V1, *(make_finding(start=start) for start in range(5)), make_finding("brand", "logo", route="brand")
    )
    with store.read() as tx:
        page = findings.list_findings(tx, rule="phi", limit=3)
        rest = findings.list_findings(tx, rule="phi", limit=3, after=page[-1].id)
        assert [one.id for one in page + rest] == sorted((one.id for one in kept if one.finding.rule == "phi"), reverse=True)
        assert [one.finding.category for one in findings.list_findings(tx, route="brand")] == ["logo"]
        assert findings.list_findings(tx, severity=Severity.LOW) == []
        assert findings.list_findings(tx, state="in case") == []
        assert len(findings.list_findings(tx, state=FindingState.NEW)) == 6
        assert page[0].account.handle == "lakeside_clinic"
        assert (page[0].post_id, page[0].revision_id) == (revision.post_id, revision.id)


def test_looking_for_the_unread_walks_an_index(sqlite_store: Store) -> None:
    seen: list[tuple[str, Any]] = []
    with sqlite_store.read() as tx:
        event.listen(
            tx.connection, "before_cursor_execute", lambda c, cursor, sql, given, context, many: seen.append((sql, given))
        )
        screenings.unread_revisions(tx, {Kind.OFFICIAL: V1}, limit=9)
        sql, given = next(one for one in seen if "post_revisions" in one[0])
        plan = [row[-1] for row in tx.connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, given)]
    assert any("ix_post_revisions_read_with_id" in step for step in plan), plan
    assert not any("SCAN post_revisions" in step for step in plan), plan


@pytest.mark.parametrize("reason", ["time", "phi failed (MemoryError)", "language; time"])
def test_what_failed_for_a_passing_reason_is_read_again_and_settled_at_last(
    store: Store, stored: list[int], reason: str
) -> None:
    first = _unread(store, V1)[0]
    for _ in range(2):
        _record(store, first, V1, not_read=reason)
        assert _unread(store, V1)[0].id == first.id
        assert first.id not in [one.id for one in _unread(store, V1, after_id=first.id)]
        with store.read() as tx:
            assert screenings.counts(tx) == screenings.ScreeningCounts(read=0, unread=4, not_read={reason: 1})
    _record(store, first, V1, not_read=reason)
    assert [one.id for one in _unread(store, V1)] == stored[1:]
    _record(store, first, V2, not_read=reason)
    assert _unread(store, V2)[0].id == first.id  # a new version has its own attempts


def test_a_later_attempt_may_succeed(store: Store, stored: list[int], make_finding: MakeFinding) -> None:
    first = _unread(store, V1)[0]
    _record(store, first, V1, make_finding())
    _record(store, first, V2, not_read="time")
    assert first.id in [one.id for one in _unread(store, V2)]
    assert _states(store) == [("direct_identifier", FindingState.NEW)]
    _record(store, first, V2)
    assert first.id not in [one.id for one in _unread(store, V2)]
    assert _states(store) == [("direct_identifier", FindingState.RETIRED)]


def test_a_profile_has_its_attempts_too(store: Store, stored: list[int]) -> None:
    [profile] = _profile(store, V1)
    for left in (1, 1, 0):
        _record(store, profile, V1, not_read="time")
        assert len(_profile(store, V1)) == left
