"""Claims: the examples and near misses, the reviewed list, who speaks for us, the model's word, and hostile input."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from told_posts import examples, reading_of

from core.policy import Policy, default_policy_path, load_policy
from core.records import Finding, Kind
from detectors._misinformation import FILE
from detectors._phrases import compile_phrases
from detectors._sign_points import data_text
from detectors.claims import ClaimsDetector

CASES = examples("claims")
KNOWN = yaml.safe_load(data_text(FILE))
MODEL_SURE = {"promises": 0.02, "superior": 0.02, "misinformation": 0.95, "grounded": 0.02}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> ClaimsDetector:
    return ClaimsDetector(policy)


def found(detector: ClaimsDetector, text: str, *, classes: dict[str, float] | None = None, **case: Any) -> list[Finding]:
    return list(detector.detect(reading_of({"text": text, **case}, classes=classes)))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_examples(detector: ClaimsDetector, case: dict[str, Any]) -> None:
    assert sorted(f.category for f in detector.detect(reading_of(case))) == sorted(case.get("expect", []))


def test_there_are_as_many_near_misses_as_examples() -> None:
    flagged = sum(bool(case.get("expect")) for case in CASES)
    assert flagged >= 30
    assert len(CASES) - flagged >= 30


def test_the_list_is_whole() -> None:
    assert len(KNOWN) >= 60
    for name, entry in KNOWN.items():
        assert set(entry) <= {"claims", "refuted_by", "denies"}, name
        assert ":" in entry["refuted_by"], name
        compile_phrases(entry["claims"])
        for phrase in entry["claims"]:
            needed = [word for word in phrase.replace("/\n", "/").split() if word[0] != "(" and word != "..."]
            assert len(needed) >= 2 or "_" in needed[0] or needed == ["plandemic/plandemia"], (name, phrase)


@pytest.mark.parametrize(
    ("stated", "turned"),
    [
        ("Ivermectin cures COVID", "Ivermectin does not cure COVID"),
        ("Essential oils can cure cancer", "Nobody should think that essential oils can cure cancer"),
        ("Homeopathy cures the flu", "Homeopathy cures the flu? Let's look at the evidence."),
        ("Fluoride lowers the IQ of children", 'The leaflet read "Fluoride lowers the IQ of children".'),
        ("La depresión es una debilidad", "Decir que la depresión es una debilidad es falso"),
        ("El VIH no causa el sida", "Es mentira que el VIH no causa el sida"),
        ("Masks do not work", "It is false that masks do not work"),
        ("Black salve removes cancer", "The FDA warns: black salve removes skin, not cancer, and is dangerous"),
    ],
)
def test_a_false_claim_counts_where_it_is_stated(detector: ClaimsDetector, stated: str, turned: str) -> None:
    assert "misinformation" in {f.category for f in found(detector, stated)}
    assert found(detector, turned) == []


def test_a_reason_names_the_page_that_refutes_it_and_quotes_nothing(detector: ClaimsDetector) -> None:
    (finding,) = found(detector, "The MMR vaccine causes autism, says Ottoline Brask")
    assert KNOWN["vaccines-autism"]["refuted_by"] in finding.reason
    assert "Ottoline" not in finding.reason
    (span,) = finding.spans
    assert (span.segment, span.start) == ("text", 4)


def test_the_model_alone_tells_what_is_on_no_list(detector: ClaimsDetector) -> None:
    text = "Chew two bay leaves and your kidneys clean themselves."
    assert found(detector, text) == []
    (finding,) = found(detector, text, classes=MODEL_SURE)
    assert finding.category == "misinformation"
    assert "Compare" not in finding.reason
    assert found(detector, text, classes=MODEL_SURE | {"grounded": 0.995}) == []


def test_over_a_link_to_somebody_else_it_counts_less(detector: ClaimsDetector) -> None:
    text = "Chew two bay leaves and your kidneys clean themselves."
    (ours,) = found(detector, f"{text} https://www.mountsinai.org/kidneys", classes=MODEL_SURE)
    (passed_on,) = found(detector, f"{text} https://news.example/kidneys", classes=MODEL_SURE)
    assert passed_on.score < ours.score
    assert found(detector, f"{text} https://news.example/kidneys", classes=MODEL_SURE | {"misinformation": 0.8}) == []


def test_an_account_that_is_not_ours_is_read_where_it_speaks_for_us(detector: ClaimsDetector) -> None:
    case = {"text": "Garlic kills the virus", "kind": "unofficial"}
    assert not list(detector.detect(reading_of(case)))
    assert list(detector.detect(reading_of({**case, "display_name": "Mount Sinai Wellness"})))
    assert list(detector.detect(reading_of(case, classes={"speaks_as_us": 0.9})))
    assert not list(detector.detect(reading_of({**case, "display_name": "Mount Sinai Parody", "bio": "parody"})))
    assert not list(
        detector.detect(reading_of({**case, "display_name": "Mount Sinai Hospital Toronto", "bio": "Toronto, Canada"}))
    )


def test_people_are_never_read(detector: ClaimsDetector) -> None:
    assert not detector.applies_to(reading_of({"text": "x", "kind": Kind.PERSONNEL}).account)


def test_findings_cite_the_policy(detector: ClaimsDetector, policy: Policy) -> None:
    (finding,) = found(detector, "We guarantee full recovery")
    assert (finding.rule, finding.clause, finding.route, finding.policy_version) == ("claims", "6", "press", policy.version)
    assert finding.detector_version == detector.version
    assert all(category.mend for category in policy.rule("claims").categories.values())


@pytest.mark.parametrize(
    "text",
    [
        "vaccines cause autism " * 8_000,
        "vaccines cause " * 15_000,
        "cures " * 40_000,
        '"' * 250_000,
        "\ud800 100% effective " * 9_000,
        "a." * 120_000,
    ],
    ids=["claims", "begun", "cures", "quotes", "half a pair", "dots"],
)
def test_hostile_texts_end_soon(detector: ClaimsDetector, text: str) -> None:
    begun = time.perf_counter()
    assert len(found(detector, text)) <= 3
    assert time.perf_counter() - begun < 10
