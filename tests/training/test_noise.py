"""What the noise of training does to an example."""

from __future__ import annotations

import random

import pytest

from training.examples import Example
from training.noise import regrouped, renamed


def swapped(text: str, seed: int = 1) -> str:
    return regrouped(Example("corpus", text, classes={"hate": False}), random.Random(seed)).text


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("A Haitian nurse sang. Haitian nurses do.", ("A ", " nurse sang. ", " nurses do.")),
        ("I never met nicer folks than the Muslims on 9 East.", ("I never met nicer folks than the ", " on 9 East.")),
        ("Aquí no caben más inmigrantes, dijo.", ("Aquí no caben más ", ", dijo.")),
    ],
)
def test_a_group_gives_way_to_another_and_nothing_else_changes(text: str, frame: tuple[str, ...]) -> None:
    made = {swapped(text, seed) for seed in range(20)}
    assert len(made) > 5
    for one in made:
        at = 0
        for part in frame:
            assert part in one[at:]
            at = one.index(part, at) + len(part)


def test_one_group_stays_one_group() -> None:
    made = swapped("Haitian nurses are here. Haitian doctors too.")
    first, second = made.split(" are here. ")
    assert first.removesuffix(" nurses") == second.removesuffix(" doctors too.") != "Haitian"


@pytest.mark.parametrize("text", ["A black dress and old shoes.", "My cat is blind to it.", "White coats, white walls."])
def test_a_word_that_means_no_people_stays(text: str) -> None:
    assert swapped(text) == text


def test_another_name_keeps_its_span() -> None:
    text = "Thanks to Ana Ruiz for the soup."
    made = renamed(Example("corpus", text, spans={"names": [("PERSON", 10, 18)]}), random.Random(3))
    [(_, start, end)] = made.spans["names"]
    assert made.text[:start] == "Thanks to "
    assert made.text[end:] == " for the soup."
    assert made.text[start:end] != "Ana Ruiz"
