"""Confidential things: the examples and near misses, secrets of every form, the model's word, spans, and hostile input."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from told_posts import examples, reading_of

from core.policy import Policy, default_policy_path, load_policy
from core.records import Finding
from detectors.confidential import ConfidentialDetector

CASES = examples("confidential")
RIVERBEND = Path(__file__).resolve().parent.parent / "data" / "policies" / "riverbend.yaml"
MODEL_SURE = {"unannounced": 0.95, "internal": 0.02, "security": 0.02, "public": 0.02}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> ConfidentialDetector:
    return ConfidentialDetector(policy)


def found(detector: ConfidentialDetector, text: str, *, classes: dict[str, float] | None = None, **case: Any) -> list[Finding]:
    return list(detector.detect(reading_of({"text": text, **case}, classes=classes)))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_examples(detector: ConfidentialDetector, case: dict[str, Any]) -> None:
    assert sorted(f.category for f in detector.detect(reading_of(case))) == sorted(case.get("expect", []))


def test_there_are_as_many_near_misses_as_examples() -> None:
    flagged = sum(bool(case.get("expect")) for case in CASES)
    assert flagged >= 40
    assert len(CASES) - flagged >= 40


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a8Kd03jslQwe92mZxcv71LpoIu54TyrEwq12",
        "glpat-" + "x9Ty73kLmQ20vbN5wRt1",
        "xoxb-" + "123456789012-abcdefghij12",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "SG." + "aBcDeFgHiJkLmNoPqRsTuV.aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789AbCdEfG",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJuaWdodCJ9." + "c2lnbmF0dXJl",
        "https://svc:Plum99tree@db.sandbox.example/x",
    ],
)
def test_the_whole_secret_is_marked_in_prose_and_in_a_link(detector: ConfidentialDetector, secret: str) -> None:
    text = f"🌙 my token: {secret} don't laugh"
    (finding,) = found(detector, text)
    assert finding.category == "credentials"
    marked = {text[span.start : span.end] for span in finding.spans}
    assert any(secret in one or one in secret for one in marked)
    (in_link,) = found(detector, "look", links=[f"https://x.example/?t={secret}"])
    assert {span.segment for span in in_link.spans} == {"link.0"}


def test_a_secret_across_the_edge_of_what_is_looked_at_is_found(detector: ConfidentialDetector) -> None:
    for before in range(980, 1040, 4):
        text = "x " * (before // 2) + "AKIAQX7LMN4PZR2VTE9D" + " y" * 900
        assert [f.category for f in found(detector, text)] == ["credentials"], before


def test_nothing_is_verified_over_the_network(detector: ConfidentialDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    assert found(detector, "xoxb-123456789012-abcdefghij12 and AKIAQX7LMN4PZR2VTE9D")


def test_a_reason_tells_no_secret(detector: ConfidentialDetector) -> None:
    for case in CASES:
        for finding in detector.detect(reading_of(case)):
            assert not any(word in finding.reason for word in ("Heron", "4471", "AKIA", "10.44", "mountsinai", "PEDSNIGHT"))


def test_unlisted_hosts_wait_for_a_lower_threshold(policy: Policy) -> None:
    text = "see https://stories.mountsinai.org/heart"
    rule = policy.rule("confidential")
    strict = {**rule.categories, "infrastructure": rule.categories["infrastructure"].model_copy(update={"threshold": 0.4})}
    changed = policy.model_copy(
        update={"rules": {**policy.rules, "confidential": rule.model_copy(update={"categories": strict})}}
    )
    assert [f.category for f in found(ConfidentialDetector(changed), text)] == ["infrastructure"]
    assert found(ConfidentialDetector(changed), "see https://careers.mountsinai.org/jobs") == []


def test_the_model_alone_tells_what_no_wording_does(detector: ConfidentialDetector) -> None:
    text = "Ribbon cutting for the Queens tower slips to autumn, finance is sweating."
    assert found(detector, text) == []
    (finding,) = found(detector, text, classes=MODEL_SURE)
    assert finding.category == "unannounced"
    assert finding.reason.endswith("by the language model.")
    assert [(s.segment, s.start, s.end) for s in finding.spans] == [("text", 0, len(text))]


def test_what_is_public_by_the_model_is_clean(detector: ConfidentialDetector) -> None:
    text = "Not public yet: 200 positions gone, layoffs start the 15th."
    assert found(detector, text)
    assert found(detector, text, classes={"unannounced": 0.1, "internal": 0.02, "security": 0.02, "public": 0.95}) == []


def test_a_password_is_one_whatever_the_model_says(detector: ConfidentialDetector) -> None:
    classes = {"unannounced": 0.01, "internal": 0.01, "security": 0.01, "public": 0.99}
    assert [f.category for f in found(detector, "wifi password is Heron!77blue", classes=classes)] == ["credentials"]


def test_what_the_model_did_not_read_in_full_it_has_no_say_in(detector: ConfidentialDetector) -> None:
    case = {"text": "Ribbon cutting slips to autumn."}
    assert list(detector.detect(reading_of(case, classes=MODEL_SURE, not_read="too long"))) == []


def test_a_policy_with_one_category_gets_the_surest_under_it() -> None:
    plain = ConfidentialDetector(load_policy(RIVERBEND))
    findings = found(plain, "the wifi password is Heron!77blue, box at 10.44.7.12")
    assert [(f.category, f.clause, f.route) for f in findings] == [("confidential", "C", "counsel")]


def test_findings_cite_the_policy(detector: ConfidentialDetector, policy: Policy) -> None:
    (finding,) = found(detector, "The supply room door code is 4471#")
    assert (finding.rule, finding.clause, finding.route, finding.severity) == ("confidential", "9", "legal", "critical")
    assert finding.policy_version == policy.version
    assert finding.detector_version == detector.version
    assert all(category.mend for category in policy.rule("confidential").categories.values())


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" * 60_000,
        "://a:" * 40_000,
        "password " * 20_000,
        "door code " * 20_000,
        "10.1.1.1 " * 20_000,
        "\\\\a\\" * 40_000,
        "AKIA" * 50_000,
        "do not " * 30_000,
        "INC0012345 " * 15_000,
        "\ud800 CONFIDENTIAL \u202e" * 5_000,
        "a" * 250_000,
    ],
    ids=["tokens", "logins", "passwords", "doors", "addresses", "shares", "keys", "nots", "tickets", "half a pair", "one word"],
)
def test_hostile_texts_end_soon(detector: ConfidentialDetector, text: str) -> None:
    begun = time.perf_counter()
    assert len(found(detector, text)) <= 5
    assert time.perf_counter() - begun < 10
