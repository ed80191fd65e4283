"""Before you post: what the author of a draft is told."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from core.policy import Policy, default_policy_path, load_policy
from core.records import Finding, Kind, Reading, Severity, Span
from core.seams import Detector
from nightrounds.drafts import check_draft
from nightrounds.screener import Screener, detector_classes

CANARY = "Zinnia"


class NamesZinnia(Detector):
    """Knows one patient."""

    rule = "phi"
    categories = detector_classes()["phi"].categories

    def detect(self, reading: Reading) -> Iterable[Finding]:
        at = reading.by_name.get("text", "").find(CANARY)
        if at >= 0:
            spans = [Span("text", at, at + len(CANARY))]
            yield self.finding("deceased", score=0.4, reason="perhaps", severity=Severity.LOW)
            yield self.finding("direct_identifier", score=0.9, reason="a name", spans=spans, severity=Severity.HIGH)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def screener(policy: Policy) -> Screener:
    return Screener(policy, detectors={"phi": NamesZinnia})


def test_a_draft_is_explained_gravest_first(policy: Policy, screener: Screener) -> None:
    check = check_draft(f"🎂 Happy birthday {CANARY}!", Kind.OFFICIAL, policy, screener=screener)
    first, second = check.explanations
    assert (first.finding.category, second.finding.category) == ("direct_identifier", "deceased")
    assert first.words == (CANARY,)
    rule = policy.rule("phi")
    assert first.clause == policy.clause(first.finding.clause)
    assert first.mend == rule.categories["direct_identifier"].mend != ""
    assert (first.rule_title, first.category_title) == (rule.title, rule.categories["direct_identifier"].title)
    assert first.route_title == policy.routes[first.finding.route].title
    assert CANARY not in repr(check)


def test_a_harmless_draft_has_nothing_to_explain(policy: Policy, screener: Screener) -> None:
    check = check_draft("The car park is closed.", Kind.OFFICIAL, policy, screener=screener)
    assert check.explanations == ()
    assert check.screened.not_read is None
