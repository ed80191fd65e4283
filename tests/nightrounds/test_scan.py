"""The nightly scan over the sandbox: what it stores, what it finds, what a second night and a second run change."""

from __future__ import annotations

from collections import Counter

import pytest

from core.records import CoverageStatus, Kind
from nightrounds.context import open_context
from nightrounds.demo import open_sandbox_context, refuse_mixing
from nightrounds.digest import digest_of
from nightrounds.sandbox.server import Sandbox
from nightrounds.scan import scan, watched_accounts
from storage import audit, cases, evidence, findings, posts


@pytest.fixture(scope="module")
def expected():
    with Sandbox(night=1) as sandbox:
        yield sandbox.expected(1)


def test_the_first_night_reads_every_account_that_lets_itself_be_read(first_night):
    statuses = Counter(c.status for c in first_night.report.coverage)
    assert statuses[CoverageStatus.FAILED] == statuses[CoverageStatus.NOT_TRIED] == 0
    assert statuses[CoverageStatus.COMPLETE] >= 12
    assert first_night.report.new_posts >= 200
    for incomplete in (c for c in first_night.report.coverage if c.status is not CoverageStatus.COMPLETE):
        assert incomplete.reason


def test_every_post_that_the_sandbox_shows_is_stored_once(first_night, expected):
    blocked = {c.account_id for c in first_night.report.coverage if c.status is CoverageStatus.BLOCKED}
    with open_context(first_night.settings) as context, context.store.read() as tx:
        ids = {(a.platform, a.handle): a.id for a in watched_accounts(context)}
        stored = [revision.post for revision in posts.stored_revisions(tx, tx.connection.execute(posts.revisions()).all())]
    shown = {(e.platform, e.native_id) for e in expected if e.native_id and ids[e.platform, e.handle] not in blocked}
    names = Counter((post.platform, post.native_id) for post in stored)
    assert shown <= names.keys()
    assert {native_id for platform, native_id in names.keys() - shown} == {
        "http://caring-hands.sandbox.example/",  # a microsite's own pages are posts too
        "http://caring-hands.sandbox.example/about/",
    }
    assert set(names.values()) == {1}


def test_a_second_run_finds_nothing_new_and_screens_nothing(after_first_night, scan_night):
    again = scan_night(after_first_night)
    assert again.new_posts == 0
    assert (again.screening.posts, again.screening.findings, again.screening.cases_opened) == (0, 0, 0)
    assert {c.edited + c.gone for c in again.coverage} == {0}


def test_the_second_night_sees_edits_and_disappearances(after_first_night, scan_night):
    report = scan_night(after_first_night, night=2)
    assert report.new_posts >= 1
    assert sum(c.edited for c in report.coverage) >= 6
    assert sum(c.gone for c in report.coverage) >= 2
    assert report.screening.posts == report.new_posts + sum(c.edited for c in report.coverage)


def test_politics_is_looked_for_on_official_accounts_only(first_night):
    with open_context(first_night.settings) as context:
        for kind in (Kind.PERSONNEL, Kind.UNOFFICIAL):
            assert "political" not in context.screener.versions_for(kind, findings_scope())
        with context.store.read() as tx:
            found = findings.list_findings(tx, rule="political", include_sealed=True, limit=1000)
    assert found
    assert {stored.account.kind for stored in found} == {Kind.OFFICIAL}


def findings_scope():
    from core.records import FindingScope

    return FindingScope.POST


def test_protected_talk_is_sealed_to_labour_counsel_and_listed_nowhere(first_night):
    with open_context(first_night.settings) as context, context.store.read() as tx:
        every = findings.list_findings(tx, include_sealed=True, limit=10_000)
        listed = findings.list_findings(tx, limit=10_000)
        counts = findings.counts(tx)
        open_cases = cases.list_cases(tx, limit=10_000)
    sealed = [stored for stored in every if stored.finding.sealed]
    assert not [stored for stored in listed if stored.finding.sealed]
    assert {stored.finding.route for stored in sealed} <= {"labour_counsel"}
    assert sum(counts.sealed.values()) == len(sealed)
    assert not [case for case in open_cases if case.sealed]
    assert not [stored for stored in sealed if stored.finding.rule == "phi"]


def test_each_finding_that_matters_is_in_a_case_with_a_clock(first_night):
    with open_context(first_night.settings) as context, context.store.read() as tx:
        standing = findings.list_findings(tx, include_sealed=True, limit=10_000)
        policy = context.policy
        for stored in standing:
            opens = stored.finding.severity.rank >= policy.rule(stored.finding.rule).opens_case_from.rank
            assert (stored.case_id is not None) == opens
        for case in cases.list_cases(tx, include_sealed=True, limit=10_000):
            assert case.due_at is not None
            assert case.due_at > case.opened_at


def test_evidence_and_audit_trail_verify(first_night):
    with open_context(first_night.settings) as context, context.store.read() as tx:
        assert audit.verify_chain(tx).ok
        report = evidence.verify_all(tx)
        assert report.ok
        assert report.checked >= 10


def test_an_edit_that_adds_patient_information_opens_a_case_and_one_that_removes_it_retires_nothing_of_the_record(
    after_first_night, scan_night
):
    with open_context(after_first_night) as context, context.store.read() as tx:
        before = {stored.id for stored in findings.list_findings(tx, rule="phi", limit=10_000)}
    scan_night(after_first_night, night=2)
    with open_context(after_first_night) as context, context.store.read() as tx:
        after = {stored.id for stored in findings.list_findings(tx, rule="phi", limit=10_000)}
    assert before <= after  # the earlier revision was public: what was found in it stands
    assert after - before


def test_a_home_is_real_or_sandbox_and_never_both(first_night, tmp_path):
    from core.errors import ConfigError

    with open_context(first_night.settings) as context, pytest.raises(ConfigError, match="--sandbox"):
        refuse_mixing(context, sandboxed=False)


def test_since_reads_again_and_stores_nothing_twice(after_first_night):
    from datetime import UTC, datetime

    with open_sandbox_context(after_first_night) as context:
        with context.store.read() as tx:
            before = posts.count(tx)
        again = scan(context, watched_accounts(context), trigger="test", since=datetime(2026, 10, 1, tzinfo=UTC))
        with context.store.read() as tx:
            assert posts.count(tx) == before
    assert again.new_posts == 0
    assert sum(c.pages for c in again.coverage) > 0


def test_the_digest_counts_what_storage_holds(first_night):
    with open_context(first_night.settings) as context:
        digest = digest_of(context, first_night.report.run_id, screened=first_night.report.screening.posts)
        with context.store.read() as tx:
            assert digest.posts_stored == posts.count(tx)
            standing = findings.list_findings(tx, include_sealed=True, limit=10_000)
    assert sum(digest.findings.values()) + (digest.sealed or 0) == len(standing)
    text = str(digest.as_json())
    with open_context(first_night.settings) as context:
        assert not [a.handle for a in watched_accounts(context) if a.handle in text]
