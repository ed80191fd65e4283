"""Finds the terms of a word list in folded text: whole words, all classes in one Aho-Corasick pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

import yaml
from ahocorasick_rs import AhoCorasick

from detectors._fold import Folded, fold

_SPACES = str.maketrans("\n\t\r", "   ")  # a term may be broken over lines


class Term(NamedTuple):
    """A term of one class at [start, end) of the folded text."""

    group: str
    start: int
    end: int


class Vocabulary:
    """Terms by class. A term that ends in `*` may go on within its word."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        """`terms` maps a class to its terms, separated by commas.

        Raises:
            ValueError: a class without terms.
        """
        groups: dict[str, list[tuple[str, bool]]] = {}  # folded stem -> its classes, and whether it may go on
        for group, text in terms.items():
            stems = list(_stems(text))
            if not stems:
                raise ValueError(f"{group}: expected terms separated by commas")
            for stem, open_ended in stems:
                groups.setdefault(stem, []).append((group, open_ended))
        self._groups = list(groups.values())
        self._automaton = AhoCorasick(list(groups))

    def find(self, folded: Folded) -> list[Term]:
        """All terms in `folded`, in reading order; the longest of one class where they overlap."""
        text = folded.lower.translate(_SPACES)
        found: list[Term] = []
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if text[start].isalnum() and start and _is_word(text[start - 1]):
                continue
            closed = end == len(text) or not _is_word(text[end]) or not text[end - 1].isalnum()
            found += [Term(group, start, end) for group, open_ended in self._groups[index] if closed or open_ended]
        return _longest(found)


def _stems(text: str) -> Iterator[tuple[str, bool]]:
    for term in text.split(","):
        plain = fold(" ".join(term.split())).lower
        if plain:
            yield plain.rstrip("*"), plain.endswith("*")


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _longest(found: list[Term]) -> list[Term]:
    found.sort(key=lambda t: (t.start, -t.end))
    reach: dict[str, int] = {}
    kept = []
    for term in found:
        if term.end > reach.get(term.group, -1):
            kept.append(term)
            reach[term.group] = term.end
    return kept


@cache
def phi_vocabulary() -> Vocabulary:
    """Health words and cues of patients, from _data/phi_terms.yaml."""
    text = resources.files("detectors").joinpath("_data", "phi_terms.yaml").read_text(encoding="utf-8")
    return Vocabulary(yaml.safe_load(text))
