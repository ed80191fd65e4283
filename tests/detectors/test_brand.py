"""Brand misuse: the examples and near misses, another institution's policy, spans, kinds, and hostile input."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, FindingScope, Kind, Media, Post, Profile, Severity
from detectors._reader import Reader
from detectors.brand import BrandMisuseDetector

HERE = Path(__file__).resolve().parent
EXAMPLES = yaml.safe_load((HERE / "examples" / "brand.yaml").read_text(encoding="utf-8"))
CASES = [(where, case) for where, cases in EXAMPLES.items() for case in cases]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> BrandMisuseDetector:
    return BrandMisuseDetector(policy)


@pytest.fixture(scope="module")
def riverbend() -> BrandMisuseDetector:
    return BrandMisuseDetector(load_policy(HERE.parent / "data" / "policies" / "riverbend.yaml"))


def account(**given: Any) -> Account:
    return Account(
        id="1",
        platform=given.get("platform", "x"),
        handle=given.get("handle", "user48213"),
        kind=Kind(given.get("kind", "unofficial")),
        basis=Basis.PUBLIC_CLAIM,
        basis_recorded_by="the test",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(
            display_name=given.get("display_name", ""),
            bio=given.get("bio", ""),
            links=tuple(given.get("profile_links", ())),
        ),
    )


def found(detector: BrandMisuseDetector, **given: Any) -> list[Finding]:
    """What the detector finds in a post, or in the profile where there is no text."""
    who = account(**given)
    reader = Reader(detector.policy)
    if "text" not in given:
        return list(detector.detect_profile(reader.read_profile(who)))
    media = tuple(Media(kind="image", native_key=str(n), alt_text=alt) for n, alt in enumerate(given.get("alt_texts", ())))
    post = Post(
        platform="x",
        account_id="1",
        native_id="1",
        text=given["text"],
        links=tuple(given.get("links", ())),
        media=media,
    )
    return list(detector.detect(reader.read_post(who, post)))


@pytest.mark.parametrize(("where", "case"), CASES, ids=[f"{where}: {case['why']}" for where, case in CASES])
def test_examples(detector: BrandMisuseDetector, where: str, case: dict[str, Any]) -> None:
    assert {"why", "expect"} < set(case) <= {"why", "expect", "kind", "handle", "display_name", "bio", "text", "links"}
    assert ("text" in case) == (where == "post")
    assert sorted({finding.category for finding in found(detector, **case)}) == sorted(case["expect"])


def test_there_are_as_many_near_misses_as_examples() -> None:
    misuse = sum(bool(case["expect"]) for _, case in CASES)
    assert misuse >= 30
    assert len(CASES) - misuse >= 30
