"""From the probabilities of a word's tags to entities: whole words, never an inside without a beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors._words import Word

Floats = NDArray[np.floating[Any]]

_KEEP_CLITIC = frozenset({"ORGANIZATION"})  # Arby's is its name, Maria's is not
_SENTENCE_ENDS = frozenset("!?;…")
_ABBREVIATED = 2  # letters before a stop that ends no sentence: J. Roe, St. John


class Tagged(NamedTuple):
    """An entity at [start, end) of the folded text; `score` is the mean probability of its words."""

    tag: str
    start: int
    end: int
    score: float


def spans_of(text: str, words: Sequence[Word], chances: Floats, tags: Sequence[str], least: Sequence[float]) -> list[Tagged]:
    """Entities of one head in reading order, none over a line's end.

    `chances` is [words, 1 + 2 * tags]: outside, then beginning and inside of each tag. A word belongs to its likeliest tag
    where that is likelier than none, or reaches `least`. It begins an entity where beginning is likelier than inside, or where
    nothing of its tag stands before it; one word that belongs to none may stand between.
    """
    begins, inside = chances[:, 1::2], chances[:, 2::2]
    of_tag = begins + inside
    best = of_tag.argmax(axis=1)
    at_best = np.take_along_axis(of_tag, best[:, None], axis=1)[:, 0]
    held = np.flatnonzero((at_best > chances[:, 0]) | (at_best >= np.asarray(least)[best]))
    runs: list[tuple[int, int, int]] = []  # tag, first word, last word
    for n, tag in zip(held.tolist(), best[held].tolist(), strict=True):
        goes_on = (
            bool(runs) and runs[-1][0] == tag and inside[n, tag] >= begins[n, tag] and _adjoin(text, words, runs[-1][2], n)
        )
        if goes_on:
            runs[-1] = (tag, runs[-1][1], n)
        else:
            runs.append((tag, n, n))
    sums = np.vstack([np.zeros((1, len(tags))), of_tag.cumsum(axis=0, dtype=np.float64)])
    found: list[Tagged] = []
    for tag, first, last in runs:
        score = float(sums[last + 1, tag] - sums[first, tag]) / (last + 1 - first)
        if score >= least[tag]:
            found.append(Tagged(tags[tag], words[first].start, _end(text, words[last], tags[tag]), min(score, 1.0)))
    return found


def _adjoin(text: str, words: Sequence[Word], last: int, n: int) -> bool:
    """Whether word `n` may go on what ends with word `last`: beside it, or one word further in the same sentence."""
    if n - last > 2 or "\n" in text[words[last].end : words[n].start]:
        return False
    if n - last == 1:
        return True
    gap = words[last + 1].text
    return gap not in _SENTENCE_ENDS and (gap != "." or len(words[last].text) <= _ABBREVIATED)


def _end(text: str, word: Word, tag: str) -> int:
    """Where the word ends, a possessive 's left out."""
    if tag not in _KEEP_CLITIC and word.end - word.start > 2 and text[word.end - 2 : word.end] in {"'s", "'S"}:
        return word.end - 2
    return word.end
