"""The required disclaimer: graded on profiles and posts, EN and ES, and on another institution's policy."""

from __future__ import annotations

import time
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


SENTENCE = "The views expressed are my own and do not represent those of the Mount Sinai Health System."


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (SENTENCE, Grade.EXACT),
        (SENTENCE.upper(), Grade.EXACT),
        (f"«{SENTENCE}»", Grade.EXACT),
        (f"before {SENTENCE} after", Grade.EXACT),
        (SENTENCE[:48] + "…", Grade.EXACT),
        (SENTENCE[:48] + "...", Grade.EXACT),
        (SENTENCE.replace("expressed", "expresed"), Grade.EQUIVALENT),
        ("Views my own, not my employer's", Grade.EQUIVALENT),
        ("Opiniones propias, no de mi hospital", Grade.EQUIVALENT),
        ("The views…", Grade.ABSENT),
        ("Views my own", Grade.PARTIAL),
        ("Opinions don't represent my employer", Grade.PARTIAL),
        ("I have my own garden", Grade.ABSENT),
        ("", Grade.ABSENT),
        ("…", Grade.ABSENT),
    ],
)
def test_grades(detector: DisclaimerDetector, text: str, grade: Grade) -> None:
    assert detector.grade(text) is grade


def test_a_reminder_is_low_once_and_of_the_profile(detector: DisclaimerDetector) -> None:
    bio = "🌙 Nurse at Mount Sinai. Teacher of nurses at Mount Sinai West."
    (finding,) = found(detector, bio=bio)
    assert (finding.severity, finding.scope, finding.clause) == (Severity.LOW, FindingScope.PROFILE, "7")
    assert "reminder" in finding.reason
    assert [bio[span.start : span.end] for span in finding.spans] == ["Mount Sinai", "Mount Sinai West"]


def test_a_handle_alone_says_it_only_beside_a_role(detector: DisclaimerDetector) -> None:
    assert [f.spans[0].segment for f in found(detector, handle="mountsinai_lana", bio="ICU nurse, plants")] == ["handle"]
    assert found(detector, handle="mountsinai_lana", bio="plants") == []
    assert found(detector, handle="exmountsinai_lana", bio="ICU nurse") == []
    assert found(detector, handle="mountsinaimustangs", bio="school nurse") == []


@pytest.mark.parametrize(
    ("bio", "expected"),
    [
        ("Nurse, Riverbend Health", ["missing"]),
        ("Infirmière à Riverbend Health. Ces propos n'engagent que moi.", ["incomplete"]),
        ("RN, Riverbend Health. What I write here is mine alone and Riverbend Regional Health has no part in it.", []),
        ("RN, Riverbend Health. Views are mine, not those of the house", []),
        ("Ancienne infirmière de Riverbend Health", []),
        ("RN at RRH", ["missing"]),
        ("Nurse at Mount Sinai", []),
    ],
)
def test_another_institution_needs_no_code(riverbend: DisclaimerDetector, bio: str, expected: list[str]) -> None:
    assert [finding.category for finding in found(riverbend, bio=bio)] == expected


@pytest.mark.parametrize(
    "bio",
    [
        "RN, Mount Sinai, " * 2_000,
        "|" * 50_000,
        ", " * 20_000,
        "é…🌙" * 10_000,
        "the views expressed are my own " * 1_500,
        "\ud800",
    ],
    ids=["statements", "bars", "commas", "signs", "halves", "half a pair"],
)
def test_hostile_bios_end_soon(detector: DisclaimerDetector, bio: str) -> None:
    begun = time.perf_counter()
    assert len(found(detector, bio=bio)) <= 1
    assert time.perf_counter() - begun < 10
