"""The required disclaimer: graded on profiles and posts, EN and ES, and on another institution's policy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, FindingScope, Kind, Post, Profile, Severity
from detectors._reader import Reader
from detectors.disclaimer import DisclaimerDetector, Grade

HERE = Path(__file__).resolve().parent
EXAMPLES = yaml.safe_load((HERE / "examples" / "disclaimer.yaml").read_text(encoding="utf-8"))
CASES = [(where, case) for where, cases in EXAMPLES.items() for case in cases]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> DisclaimerDetector:
    return DisclaimerDetector(policy)


@pytest.fixture(scope="module")
def riverbend() -> DisclaimerDetector:
    return DisclaimerDetector(load_policy(HERE.parent / "data" / "policies" / "riverbend.yaml"))


def found(detector: DisclaimerDetector, **given: Any) -> list[Finding]:
    """What the detector finds in a post, or in the profile where there is no text."""
    account = Account(
        id="1",
        platform="x",
        handle=given.get("handle", "user48213"),
        kind=Kind.PERSONNEL,
        basis=Basis.SELF_DISCLOSED,
        basis_recorded_by="the test",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(display_name=given.get("display_name", ""), bio=given.get("bio", "")),
    )
    reader = Reader(detector.policy)
    if "text" not in given:
        return list(detector.detect_profile(reader.read_profile(account)))
    post = Post(platform="x", account_id="1", native_id="1", text=given["text"])
    return list(detector.detect(reader.read_post(account, post)))


@pytest.mark.parametrize(("where", "case"), CASES, ids=[f"{where}: {case['why']}" for where, case in CASES])
def test_examples(detector: DisclaimerDetector, where: str, case: dict[str, Any]) -> None:
    assert {"why", "expect"} < set(case) <= {"why", "expect", "handle", "display_name", "bio", "text"}
    assert ("text" in case) == (where == "post")
    categories = [finding.category for finding in found(detector, **case)]
    assert categories == ([] if case["expect"] == "clean" else [case["expect"]])


def test_there_are_as_many_near_misses_as_examples() -> None:
    reminders = sum(case["expect"] != "clean" for _, case in CASES)
    assert reminders >= 20
    assert len(CASES) - reminders >= 20
