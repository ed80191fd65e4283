"""What the build of a word or sentence tells, and names from the long lists."""

from __future__ import annotations

import time

import pytest

from detectors._fold import fold
from detectors._identifiers import Identifiers
from detectors._names import name_shapes
from detectors._phi_grammar import grammar_terms
from detectors._phi_reply import confirms_a_patient

NAMES = Identifiers(name_shapes())


def named(text: str) -> set[str]:
    found, in_time = NAMES.find(fold(text))
    assert in_time
    return {text[f.start : f.end] for f in found}


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ("occupation", "our organist fell"),
        ("occupation", "she teaches at the academy"),
        ("relation_known", "my uncle's boss is here"),
        ("relation_known", "una vecina de mi prima, la del barrio de mi tia"),
        ("condition", "bad diverticulitis"),
        ("procedure", "after the cholecystectomy"),
        ("drug", "on azithromycin"),
        ("deed", "we intubated her twice"),
        ("deed", "hoy le quitamos el yeso"),
        ("unit", "up on 9 west"),
        ("room", "grandpa in 16 again"),
        ("rarity", "the second such operation ever"),
        ("epithet", "the piragua lady came"),
        ("time_near", "called at 0412"),
    ],
)
def test_a_form_is_told(group: str, text: str) -> None:
    assert group in {term.group for term in grammar_terms(text)}


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ("occupation", "another winter, the number is under the paper"),
        ("condition", "a diploma from oklahoma"),
        ("deed", "we had a good day and lost the game"),
        ("epithet", "the old lady"),
        ("room", "the guy in 12 days"),
    ],
)
def test_a_like_form_is_not(group: str, text: str) -> None:
    assert group not in {term.group for term in grammar_terms(text)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Walter Brzezinski ate", "Walter Brzezinski"),
        ("then gloria mcalister slept", "gloria mcalister"),
        ("TERRELL DUPREE IS BACK", "TERRELL DUPREE"),
        ("trajeron a yerlin ceballos", "yerlin ceballos"),
        ("la familia Echeverria vino", "Echeverria"),
    ],
)
def test_a_name_from_the_long_lists_is_found(text: str, name: str) -> None:
    assert name in named(text)


@pytest.mark.parametrize(
    "text", ["Walter Reed Avenue", "Skin Cancer Scare", "we may grant hope", "Saudi Arabia", "Casa Blanca"]
)
def test_a_thing_or_a_word_is_no_name(text: str) -> None:
    assert named(text) == set()


@pytest.mark.parametrize(
    "pump", ["the ", "my aunt's ", "your ", "we had to ", "first ", "a", "in the ", "el de la ", "su madre "]
)
def test_time_is_linear_in_length(pump: str) -> None:
    text = pump * (60_000 // len(pump))
    start = time.process_time()
    list(grammar_terms(text))
    confirms_a_patient(text)
    assert time.process_time() - start < 3
