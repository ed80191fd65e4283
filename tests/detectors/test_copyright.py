"""Other people's work: the examples and near misses, registered works, the model's word, and hostile input."""

from __future__ import annotations

import time
from typing import Any

import pytest
from told_posts import examples, reading_of

from core.errors import ConfigError
from core.policy import Policy, Work, default_policy_path, load_policy
from core.records import Finding
from detectors._works import signature
from detectors.copyright import CopyrightDetector

CASES = examples("copyright")
POEM = """The harbor keeps its lights in jars and hands them down the stair, each one a little less than
stars, each one a little prayer. My mother set them on the sill to teach the dark its place, and
some are burning, burning still behind another face. The tide goes out, the tide goes in, the jars
go dim, go bright, and no one asks us where we've been who carry home the light."""
MODEL_SURE = {"copied": 0.95, "stripped": 0.02, "licensed": 0.02, "short": 0.02}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> CopyrightDetector:
    return CopyrightDetector(policy)


@pytest.fixture(scope="module")
def registered(policy: Policy) -> CopyrightDetector:
    works = (Work(title="Lantern Season", signature=signature(POEM)),)
    rule = policy.rule("copyright").model_copy(update={"works": works})
    return CopyrightDetector(policy.model_copy(update={"rules": {**policy.rules, "copyright": rule}}))


def found(detector: CopyrightDetector, text: str, *, classes: dict[str, float] | None = None, **case: Any) -> list[Finding]:
    return list(detector.detect(reading_of({"text": text, **case}, classes=classes)))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_examples(detector: CopyrightDetector, case: dict[str, Any]) -> None:
    assert sorted(f.category for f in detector.detect(reading_of(case))) == sorted(case.get("expect", []))


def test_there_are_as_many_near_misses_as_examples() -> None:
    flagged = sum(bool(case.get("expect")) for case in CASES)
    assert flagged >= 20
    assert len(CASES) - flagged >= 20


def test_a_registered_work_is_found_whole_and_in_part_and_respelt(registered: CopyrightDetector) -> None:
    shouted = POEM.upper().replace("\n", "\n\n").replace("'", "’").replace("A LITTLE", "А LІTTLE")
    half = " ".join(POEM.split()[: len(POEM.split()) // 2])
    for text in (POEM, f"So lovely!\n{POEM}\n#poetry #night", shouted, f"I keep reading this. {half} Isn't it something?"):
        finding = next(f for f in found(registered, text) if f.category == "registered")
        (span,) = finding.spans
        assert "Lantern Season" in finding.reason
        assert "harbor" in text[span.start : span.end].lower()


def test_a_line_of_it_and_another_work_are_clean(registered: CopyrightDetector) -> None:
    assert found(registered, "'each one a little less than stars, each one a little prayer' (Ilse Varga)") == []
    assert (
        found(registered, "The harbor froze this morning and the ferry ran late, so hand over more coffee please. " * 8) == []
    )


def test_a_permission_lowers_part_of_a_registered_work_but_not_the_whole(registered: CopyrightDetector) -> None:
    half = " ".join(POEM.split()[: len(POEM.split()) // 2])
    assert found(registered, half)
    assert found(registered, f"{half} (reprinted with permission of the author)") == []
    assert found(registered, f"{POEM} (reprinted with permission of the author)")


def test_who_forgot_to_ask_has_no_permission(detector: CopyrightDetector) -> None:
    text = "Found this picture on Google, posted without permission of the artist"
    assert [f.category for f in found(detector, text)] == ["stripped"]


def test_a_version_changes_with_the_works(detector: CopyrightDetector, registered: CopyrightDetector) -> None:
    assert detector.version != registered.version


def test_a_signature_that_is_none_is_refused_when_the_rule_is_loaded(policy: Policy) -> None:
    for wrong in ("64:not base64!", "sixty:AAAA", "64:", "AAAA", "64:AAAA"):
        rule = policy.rule("copyright").model_copy(update={"works": (Work(title="X", signature=wrong),)})
        with pytest.raises(ConfigError, match="signature"):
            CopyrightDetector(policy.model_copy(update={"rules": {**policy.rules, "copyright": rule}}))


def test_the_model_alone_tells_what_no_wording_does(detector: CopyrightDetector) -> None:
    text = "Every verse of it, for those who asked."
    assert found(detector, text) == []
    (finding,) = found(detector, text, classes=MODEL_SURE)
    assert finding.category == "copied"
    assert found(detector, text, classes=MODEL_SURE | {"licensed": 0.98, "short": 0.9}) == []


def test_a_byline_of_the_author_is_ones_own_work(detector: CopyrightDetector) -> None:
    case = next(case for case in CASES if case["why"] == "an article with byline alone, long")
    assert list(detector.detect(reading_of(case)))
    assert list(detector.detect(reading_of({**case, "display_name": "Osei Bramwell"}))) == []


def test_findings_cite_the_policy(detector: CopyrightDetector, policy: Policy) -> None:
    (finding,) = found(detector, "I do not own the rights to this music")
    assert (finding.rule, finding.clause, finding.route, finding.policy_version) == ("copyright", "8", "legal", policy.version)
    assert all(category.mend for category in policy.rule("copyright").categories.values())


@pytest.mark.parametrize(
    "text",
    ["by A B\n" * 30_000, "© 2020 " * 30_000, POEM * 400, "- A Bc\n" * 30_000, "\ud800\n" * 100_000, "word " * 50_000],
    ids=["bylines", "notices", "work again and again", "signatures", "half pairs", "words"],
)
def test_hostile_texts_end_soon(registered: CopyrightDetector, text: str) -> None:
    begun = time.perf_counter()
    assert len(found(registered, text)) <= 3
    assert time.perf_counter() - begun < 10
