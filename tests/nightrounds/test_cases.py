"""Which findings become whose case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Finding, FindingScope, Kind, Severity, account_id
from nightrounds.cases import case_key
from storage.findings import StoredFinding

POLICY = load_policy(default_policy_path())
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ACCOUNT = Account(
    id=account_id("x", "someone"),
    platform="x",
    handle="someone",
    kind=Kind.PERSONNEL,
    basis=Basis.SELF_DISCLOSED,
    basis_recorded_by="test",
    basis_recorded_at=NOW,
)
PHI = Finding(
    rule="phi",
    category="direct_identifier",
    severity=Severity.HIGH,
    score=0.9,
    spans=(),
    clause="3",
    route="privacy",
    reason="…",
)
REMINDER = replace(
    PHI, rule="disclaimer", category="missing", severity=Severity.LOW, scope=FindingScope.PROFILE, route="social_media"
)


def stored(finding: Finding, *, post_id: int | None = 7) -> StoredFinding:
    return StoredFinding(
        id=1,
        finding=finding,
        account=ACCOUNT,
        post_id=post_id,
        revision_id=post_id,
        profile_id=None,
        found_at=NOW,
        last_found_at=NOW,
        retired_at=None,
        case_id=None,
    )


def test_findings_on_one_post_for_one_desk_are_one_case():
    other = replace(PHI, category="indirect_identifier")
    assert case_key(POLICY, stored(PHI)) == case_key(POLICY, stored(other)) == "privacy/post/7"
    assert case_key(POLICY, stored(PHI, post_id=8)) != case_key(POLICY, stored(PHI))
    assert case_key(POLICY, stored(replace(PHI, route="legal"))) != case_key(POLICY, stored(PHI))


def test_a_reminder_is_one_an_account_whichever_post_brought_it_up():
    from_a_post = replace(REMINDER, scope=FindingScope.POST)
    keys = {
        case_key(POLICY, stored(REMINDER, post_id=None)),
        case_key(POLICY, stored(from_a_post)),
        case_key(POLICY, stored(REMINDER)),
    }
    assert keys == {f"social_media/disclaimer/account/{ACCOUNT.id}"}


def test_what_is_sealed_never_shares_a_case_with_what_is_open():
    assert case_key(POLICY, stored(replace(PHI, sealed=True))) != case_key(POLICY, stored(PHI))


@pytest.mark.parametrize(("severity", "opens"), [(Severity.INFO, False), (Severity.LOW, True), (Severity.CRITICAL, True)])
def test_severity_decides_whether_there_is_work(severity, opens):
    rule = POLICY.rule("phi").model_copy(update={"opens_case_from": Severity.LOW})
    policy = POLICY.model_copy(update={"rules": {**POLICY.rules, "phi": rule}})
    assert (case_key(policy, stored(replace(PHI, severity=severity))) is not None) == opens


def test_a_key_names_nobody():
    for finding in (PHI, REMINDER, replace(PHI, sealed=True)):
        assert ACCOUNT.handle not in (case_key(POLICY, stored(finding)) or "")
