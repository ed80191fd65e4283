"""Identifiers that people hide or spell out: look-alikes, zero width, small letters, figures for letters, number words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from detectors._fold import fold
from detectors._identifiers import Found, Identifiers
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import presidio_shapes
from detectors._identifiers_respelled import GATES, respelled
from detectors._names import name_shapes

EXAMPLES = Path(__file__).parent / "examples"
PLAIN = yaml.safe_load((EXAMPLES / "identifiers.yaml").read_text(encoding="utf-8"))
RESPELLED = yaml.safe_load((EXAMPLES / "respelled.yaml").read_text(encoding="utf-8"))
ENGINE = Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])
MOST_LOST = 0.05
NAMED = frozenset({"PERSON"})  # a name is told by its capitals, which half of these changes take away

_HOMOGLYPHS = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")
_FIGURES = {
    word: word.translate(str.maketrans("oe", "03"))
    for word in ["medical", "record", "room", "social", "born", "dob", "account", "number", "serial", "phone", "bed", "policy"]
} | {"DOB": "D0B"}


def find(text: str) -> list[Found]:
    folded = fold(text)
    found, in_time = ENGINE.find(folded)
    assert in_time
    return [f._replace(start=s, end=e) for f in found for s, e in [folded.original_span(f.start, f.end)]]


def unmarked(marked: str) -> tuple[str, int, int]:
    return re.sub("[⟦⟧]", "", marked), marked.index("⟦"), marked.index("⟧") - 1


def with_figures(text: str) -> str:
    for word, leet in _FIGURES.items():
        text = text.replace(word, leet)
    return text


def before_cues(text: str) -> str:
    """The first word as a hashtag, where it is one word of letters."""
    return re.sub(r"^([A-Za-z]{3,})(?= )", r"#\1", text)


CHANGES: dict[str, Callable[[str], str]] = {
    "homoglyphs": lambda text: text.translate(_HOMOGLYPHS),
    "zero width": lambda text: "\u200b".join(text),
    "full width": lambda text: text.translate({n: n + 0xFEE0 for n in range(0x30, 0x3A)}),
    "small letters": str.lower,
    "odd dashes and spaces": lambda text: text.replace("-", "–").replace(" ", "\u00a0"),
    "figures for letters": with_figures,
    "hashtags": before_cues,
}


def fixture() -> Iterator[tuple[str, str]]:
    for kind, examples in PLAIN.items():
        if kind not in NAMED:
            yield from ((kind, unmarked(marked)[0]) for marked in examples["found"])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_hiding_costs_at_most_five_points_of_recall(change: Callable[[str], str]) -> None:
    whole = list(fixture())
    lost = [(kind, change(text)) for kind, text in whole if kind not in {f.type for f in find(change(text))}]
    assert len(lost) <= MOST_LOST * len(whole), lost


@pytest.mark.parametrize(("kind", "marked"), [(k, m) for k, texts in RESPELLED["found"].items() for m in texts])
def test_what_is_spelled_out_is_found_where_it_stands(kind: str, marked: str) -> None:
    text, start, end = unmarked(marked)
    assert any(f.type == kind and f.start <= start and end <= f.end for f in find(text))


@pytest.mark.parametrize("text", RESPELLED["near_misses"])
def test_what_only_looks_spelled_out_is_none(text: str) -> None:
    assert not {f.type for f in find(text)} - {"DATE_TIME"}


PIECES = st.sampled_from([*"0123456789 ab@.[]()#_-\nMR", "one ", "five ", "dot com", " at ", "room ", "#Mrn1", "d0b "])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_a_respelled_text_leads_back_to_the_text(text: str) -> None:
    meant = respelled(text, range(len(GATES)))
    if meant is None:
        return
    assert meant.text != text
    last = 0
    for at in range(len(meant.text)):
        start, end = meant.original_span(at, at + 1)
        assert last <= start < end <= len(text)
        last = start
