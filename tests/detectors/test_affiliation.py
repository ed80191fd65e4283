"""Praise of the institution by somebody who does not say that he belongs to it: a reminder, and a narrow one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Finding, FindingScope, Kind, Post, Profile, Severity
from detectors._reader import Reader
from detectors.affiliation import AffiliationDetector

POLICIES = Path(__file__).resolve().parent.parent / "data" / "policies"


@pytest.fixture(scope="module")
def detector() -> AffiliationDetector:
    return AffiliationDetector(load_policy(default_policy_path()))


def found(detector: AffiliationDetector, text: str, bio: str = "", handle: str = "user48213") -> list[Finding]:
    account = Account(
        id="1",
        platform="x",
        handle=handle,
        kind=Kind.PERSONNEL,
        basis=Basis.CONSENTED,
        basis_recorded_by="the test",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(bio=bio),
    )
    post = Post(platform="x", account_id="1", native_id="1", text=text)
    return list(detector.detect(Reader(detector.policy).read_post(account, post)))


@pytest.mark.parametrize(
    "text",
    [
        "If you need a heart surgeon: Mount Sinai is the best.",
        "Best hospital in the city, go see them at Mount Sinai",
        "Choose Mount Sinai for your baby",
        "El mejor hospital de la ciudad es Mount Sinai",
    ],
)
def test_undisclosed_praise_is_a_reminder(detector: AffiliationDetector, text: str) -> None:
    (finding,) = found(detector, text, bio="Runner and baker")
    assert (finding.category, finding.severity, finding.scope) == ("undisclosed", Severity.LOW, FindingScope.POST)
    assert "reminder" in finding.reason
    assert finding.clause == "6"


@pytest.mark.parametrize(
    ("text", "bio", "why"),
    [
        ("Mount Sinai is the best.", "Nurse at Mount Sinai", "the profile says it"),
        ("As a nurse at Mount Sinai I say Mount Sinai is the best.", "", "the post says it"),
        ("Mount Sinai opened a clinic.", "Runner", "news, no praise"),
        ("Best hospital in Toronto: Mount Sinai", "Runner", "a namesake"),
        ("This is the best hospital drama on television", "Runner", "names no hospital"),
        (
            "The best surgeons wear clogs. " + "Rain all day in town and no end of it in sight today. " * 2 + "Mount Sinai.",
            "",
            "far apart",
        ),
    ],
    ids=lambda value: value[:24],
)
def test_near_misses(detector: AffiliationDetector, text: str, bio: str, why: str) -> None:
    assert found(detector, text, bio) == [], why


def test_spans_are_of_the_given_text(detector: AffiliationDetector) -> None:
    text = "🌙 Choose Mount Sinai 🌙"
    (finding,) = found(detector, text)
    assert {text[s.start : s.end] for s in finding.spans} == {"Choose Mount Sinai", "Mount Sinai"}


def test_another_institution_needs_no_code() -> None:
    detector = AffiliationDetector(load_policy(POLICIES / "riverbend.yaml"))
    assert [f.category for f in found(detector, "Riverbend Health, le meilleur pour les enfants")] == ["undisclosed"]
    assert found(detector, "Mount Sinai is the best.") == []
