"""Identifiers by shape: each type with near misses, the gate loses nothing, and nothing that stock Presidio finds is missed."""

from __future__ import annotations

import random
import re
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from detectors import _identifiers_presidio
from detectors._fold import fold
from detectors._identifiers import FLOOR, Found, Identifiers, Shape, _confirm, _plain, _words_of
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import PHONE_REGION, RECOGNIZERS, presidio_shapes
from detectors._names import name_shapes

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "identifiers.yaml").read_text(encoding="utf-8"))
ENGINE = Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])


def find(text: str) -> list[Found]:
    """Found in offsets of the given text."""
    folded = fold(text)
    found, in_time = ENGINE.find(folded)
    assert in_time
    return [f._replace(start=s, end=e) for f in found for s, e in [folded.original_span(f.start, f.end)]]


@pytest.mark.parametrize(("kind", "marked"), [(kind, text) for kind, e in EXAMPLES.items() for text in e["found"]])
def test_an_identifier_is_found_where_it_stands(kind: str, marked: str) -> None:
    start, end = marked.index("⟦"), marked.index("⟧") - 1
    text = re.sub("[⟦⟧]", "", marked)
    assert (kind, start, end) in {f[:3] for f in find(text)}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, e in EXAMPLES.items() for text in e["near_misses"]])
def test_a_near_miss_is_none(kind: str, text: str) -> None:
    assert kind not in {f.type for f in find(text)}


def test_a_context_word_lifts_a_score_and_an_empty_one_does_not() -> None:
    assert [f for f in find("number 219094821") if f.type == "US_SSN"] == []
    assert [f.score >= FLOOR for f in find("her ssn: 219094821") if f.type == "US_SSN"] == [True]
    assert [f for f in find("public 12345678") if f.type == "US_DRIVER_LICENSE"] == []  # 'lic' stands within 'public'


def test_a_find_within_a_longer_one_of_its_type_is_left_out() -> None:
    dates = [f for f in find("on March 3, 2024 at noon") if f.type == "DATE_TIME"]
    assert len(dates) == 1


def test_where_the_gate_gives_up_every_pattern_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Identifiers([Shape("X", "abc", 0.9), Shape("Y", "zzz", 0.9)])
    monkeypatch.setattr(engine, "_gate", type("Silent", (), {"Match": lambda self, text: []})())
    assert engine.can_match("anything") == list(engine.shapes)
    assert [f.type for f in engine.find(fold("an abc"))[0]] == ["X"]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("0123456789-. @/#:ABMNRTxyz\n(é٣ж\x0b'"), max_size=60))
def test_the_gate_lets_through_whatever_a_pattern_matches(text: str) -> None:
    folded = fold(text)
    open_ = set(map(id, ENGINE.can_match(folded.text)))
    for shape in ENGINE.shapes:
        if id(shape) not in open_:
            words = _words_of(_plain(folded.text)[0]) & shape.needs() if shape.needs else frozenset()
            assert list(_confirm(shape, folded, None, words)) == [], shape.pattern


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("0123456789-. @/#:ABMNRTxyzaeo\n(ж\x0b'😀"), max_size=60))
def test_both_engines_find_the_same(text: str) -> None:
    folded = fold(text)
    plain, alike = _plain(folded.text)
    for shape in ENGINE.shapes if alike else ():
        if shape.linear is not None:
            by_regex = [list(extents) for extents in shape.extents(folded.text)]
            assert [list(extents) for extents in shape.extents(folded.text, plain)] == by_regex, shape.pattern


# ── compared with stock Presidio ────────────────────────────────────────────────────────────────────────────────────────


def stock_engine() -> AnalyzerEngine:
    """Presidio as it comes, with the recognizers that are taken over and one telephone region."""
    recognizers = [getattr(predefined_recognizers, name)() for name in RECOGNIZERS]
    recognizers.append(PhoneRecognizer(supported_regions=(PHONE_REGION,)))
    registry = RecognizerRegistry(recognizers=recognizers, supported_languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=NoOpNlpEngine([{"lang_code": "en", "model_name": ""}]))


def planted(rng: random.Random) -> str:
    """A text with two identifiers in it, of a shape that Presidio knows."""
    digits = "".join(rng.choices(string.digits, k=20))
    kinds = (
        f"SSN {rng.randint(101, 665)}-{rng.randint(11, 99)}-{rng.randint(1000, 9999)}",
        f"({rng.randint(201, 989)}) {rng.randint(200, 999)}-{rng.randint(1000, 9999)}",
        f"{rng.choice(string.ascii_lowercase)}.{digits[:4]}@example.org",
        f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/{rng.randint(1920, 2024)}",
        "4111 1111 1111 1111",
        f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}",
        f"Rx# {digits[:8]}",
        f"claim number: {digits[:9]}",
        "1EG4-TE5-MK73",
        "DE89 3704 0044 0532 0130 00",
        f"9{digits[0]}0-{rng.randint(70, 79)}-{rng.randint(1000, 9999)}",
        f"NPI {rng.randint(1, 2)}{digits[:3]}-{digits[3:6]}-{digits[6:9]}",
    )
    filler = ("see you at the clinic", "call me,", "on file:", "— thanks 👍", "her number is", "\u200bid", "(new)")
    return " ".join([rng.choice(filler), rng.choice(kinds), rng.choice(filler), rng.choice(kinds), rng.choice(filler)])


def test_nothing_is_missed_that_stock_presidio_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    from presidio_analyzer.predefined_recognizers import EmailRecognizer

    suffixes = _identifiers_presidio._email_check()
    monkeypatch.setattr(EmailRecognizer, "validate_result", lambda self, text: suffixes(text))  # stock's asks the network
    stock, rng = stock_engine(), random.Random(7)
    for _ in range(400):
        text = planted(rng)
        ours = find(text)
        for hit in stock.analyze(text, "en", score_threshold=FLOOR):
            covered = [f for f in ours if f.type == hit.entity_type and f.start <= hit.start and hit.end <= f.end]
            assert covered, (hit.entity_type, text)
            assert max(f.score for f in covered) >= hit.score
