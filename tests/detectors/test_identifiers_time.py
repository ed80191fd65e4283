"""No pattern can be made slow: each one, Presidio's among them, over pump strings up to 64 thousand characters, by its name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence, Set
from typing import NamedTuple

import pytest

from detectors import _identifiers_presidio
from detectors._fold import fold
from detectors._identifiers import Identifiers, Shape, _plain, _words_of
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import presidio_shapes
from detectors._identifiers_respelled import SPELLINGS
from detectors._names import name_shapes

ENGINE = Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])
PUMPS = (
    "a", "1", " ", "1.", "a@", "1-", "1 ", "Aa ", "mrn ", "0:", "born on ", "x-", "X1", "(1, ", "her ", "one ", "#a_1", "1/1 ",
    "Maria Ann ", "d. at a los ",
)  # fmt: skip
LENGTHS = (1_024, 4_096, 16_384, 65_536)
MOST_SECONDS = 0.05  # CPU of one pattern at the last length
MOST_SECONDS_PHONE = 0.4  # the telephone library stops itself after so many tries, and says so
MOST_GROWTH = 2.5  # from one length to its double: 4 times the length, 6.25 times the time
NOISE = 0.004  # below it, growth says nothing


def seconds(act: Callable[[], object], rounds: int = 2) -> float:
    best = 9.9
    for _ in range(rounds):
        begun = time.process_time()
        act()
        best = min(best, time.process_time() - begun)
    return best


class Text(NamedTuple):
    """A text with what the engine works out once for all shapes."""

    text: str
    plain: bytes
    words: Set[str]


def slowness(name: str, act: Callable[[Text], object], texts: Sequence[Text], most: float) -> list[str]:
    """What is wrong with a pattern: from the longest text down, so that a quick pattern is run once."""
    took = seconds(lambda: act(texts[-1]), 1)
    if took < NOISE:
        return []
    took = min(took, seconds(lambda: act(texts[-1])))
    wrong = [f"{name}: {took * 1000:.0f} ms"] if took > most else []
    for shorter in reversed(texts[:-1]):
        if took < NOISE:
            break
        before = seconds(lambda shorter=shorter: act(shorter))  # type: ignore[misc]
        if took > MOST_GROWTH**2 * max(before, NOISE / 4):
            wrong.append(f"{name}: {took / before:.1f} times at 4 times the length")
        took = before
    return wrong


@pytest.mark.parametrize("pump", PUMPS)
def test_no_pattern_is_slow_or_grows_faster_than_its_text(pump: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors._identifiers.TIME_LIMIT", 5.0)
    whole = [(pump * length)[:length] + "!" for length in LENGTHS]
    texts = [Text(text, _plain(text)[0], _words_of(_plain(text)[0])) for text in whole]
    wrong: list[str] = []
    for shape in ENGINE.shapes:

        def run(on: Text, shape: Shape = shape) -> None:
            words = on.words & shape.needs() if shape.needs else frozenset()
            try:
                for _ in shape.extents(on.text, on.plain, words):
                    pass
            except TimeoutError:
                assert shape.type == "PHONE_NUMBER"

        most = MOST_SECONDS_PHONE if shape.matcher is _identifiers_presidio._phone_extents else MOST_SECONDS
        wrong += slowness(f"{shape.type} {shape.pattern[:60]}", run, texts, most)
    for rule in SPELLINGS:

        def spell(on: Text, rule: re.Pattern[str] = rule) -> None:
            for _ in rule.finditer(on.text):
                pass

        wrong += slowness(f"respelling {rule.pattern[:60]}", spell, texts, MOST_SECONDS)
    assert wrong == []


@pytest.mark.parametrize("pump", PUMPS)
def test_a_hostile_text_of_64_kilobytes_is_read_or_reported_soon(pump: str) -> None:
    text = fold((pump * 65_536)[:65_536])
    assert seconds(lambda: ENGINE.find(text), 1) < 2.0


@pytest.mark.parametrize("pump", ["1/1/", "1.", "1 2 "])
def test_figures_that_are_no_telephone_numbers_cost_little_and_are_reported(pump: str) -> None:
    text = "Call 917-555-0142 now. " + (pump * 65_536)[:65_500]
    begun = time.process_time()
    found, in_time = ENGINE.find(fold(text))
    assert time.process_time() - begun < 0.8
    assert ("PHONE_NUMBER", 5, 17) in {f[:3] for f in found}
    assert not in_time


def test_an_ordinary_table_of_figures_is_read_to_its_end() -> None:
    _, in_time = ENGINE.find(fold("BP 120/80, HR 72, 98.6 F, 06:30\n" * 500))
    assert in_time
