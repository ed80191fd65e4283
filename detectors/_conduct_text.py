"""A text as the conduct rule reads it: bent words made straight, everyday senses taken out, listed words told by kind.

'F!lthy <slur>, go home' is read as 'filthy xxslur, go home', so that a wording of the policy holds for every word of a kind
and for all groups alike. A name becomes a mark before anything else: what somebody is called is never read as what somebody is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from core.records import Reading, Span
from detectors._conduct_points import data_text
from detectors._conduct_spelling import Edit, Spelling, rewritten
from detectors._fold import Folded, fold
from detectors._phrases import compile_pattern, compile_phrases

PERSON, SLUR, PERHAPS, GROUP, VILE, INSULT, PEOPLE = (
    "xxperson",
    "xxslur",
    "xxperhaps",
    "xxgroup",
    "xxvile",
    "xxinsult",
    "xxpeople",
)
_HANDLE = compile_pattern(r"(?:^|[^\w.])(@\w{2,40})")
_ONES_OWN = r"(?:your|ur|his|her|their|my|our|the|that|this|those|these|a|every|all|all the|all of the|some)"
_SOMEBODY = rf"{_ONES_OWN}\s+(?:[a-z'-]+\s+){{0,2}}(?:{PEOPLE}|{VILE}|{SLUR}|{PERHAPS}|{INSULT})"
_THIRD = rf"(?:she|he|they|ella|el|{PERSON}|{_SOMEBODY}|(?:la|el|esa|ese)\s+{PEOPLE})"
_AIMED_AT = (
    rf"(?:you\s+(?:all|guys|people|two)|you|u|ya|y'all|yall|him|her|them|{PERSON}|(?:all\s+|every\s+|these\s+|those\s+|the\s+)?{GROUP}|"
    rf"{_SOMEBODY}|(?:a\s+)?(?:los|las|el|la|esos|esas|ese|esa|tu|su|ti|todos|todas)(?:\s+{GROUP}|\s+{PEOPLE}|\s+{VILE})?)"
)
SLOTS = {
    "group": GROUP,
    "slur": f"(?:{SLUR}|{PERHAPS})",
    "insult": f"(?:{INSULT}|{VILE})",
    "vile": f"(?:{VILE}|{SLUR})",
    "people": PEOPLE,
    "person": PERSON,
    "they": _THIRD,
    "target": _AIMED_AT,
}
"""What the slots of the policy's wordings stand for in a text that is read so."""


class ConductText:
    """Reads texts. `other_senses` are the policy's wordings that mean something else."""

    def __init__(self, other_senses: Iterable[str]) -> None:
        lists = _lists()
        respelt = str(lists["respelt"]).split(", ")
        spoken = (word.rstrip("*") for kind in ("insults", "vilest") for line in lists[kind] for word in line.split(", "))
        self._spelling = Spelling([*slurs(), *respelt, *(word for word in spoken if "/" not in word)])
        self._other = compile_phrases(other_senses)
        by_standing = {standing: [form for form, at in slurs().items() if at == standing] for standing in ("slur", "perhaps")}
        self._kinds = [
            (SLUR, compile_phrases(by_standing["slur"])),
            (PERHAPS, compile_phrases(by_standing["perhaps"])),
            *((mark, compile_phrases(_phrases(lists[kind]))) for mark, kind in _LISTED),
        ]

    def read(self, text: str, persons: Iterable[Span]) -> Folded:
        """`persons` are the names in `text`."""
        straight = self._spelling.undone(self._without_names(text, persons))
        plain = rewritten(straight, [(*m.span(), " . ") for m in self._other.finditer(straight.lower)] if self._other else [])
        return rewritten(plain, _apart(sorted(self._marks(plain.lower))))

    def _without_names(self, text: str, persons: Iterable[Span]) -> Folded:
        """`text` folded, with names and handles as marks. What holds a slur or the name of a group is no person's name."""
        folded = fold(text)
        edits: list[Edit] = [(*match.span(1), PERSON) for match in _HANDLE.finditer(folded.lower)]
        bent = [(start, end) for start, end, _ in self._spelling.edits(folded.lower)]  # spelt apart they pass for initials
        for span in persons:
            start, end = _place(folded, span.start), _place(folded, span.end)
            is_bent = any(first < end and start < last for first, last in bent)
            if start < end and not is_bent and not self._is_a_group(folded.lower[start:end]):
                edits.append((start, end, PERSON))
        return rewritten(folded, sorted(edits))

    def _is_a_group(self, name: str) -> bool:
        return any(pattern and pattern.search(name) for mark, pattern in self._kinds if mark in {SLUR, GROUP})

    def _marks(self, text: str) -> Iterator[tuple[int, int, int, int, str]]:
        """Start, minus its length, rank, end, mark: the longest at a place goes first, then the earlier kind."""
        for rank, (mark, pattern) in enumerate(self._kinds):
            for start, end in (match.span() for match in pattern.finditer(text)) if pattern else ():
                yield start, start - end, rank, end, mark


_LISTED = ((GROUP, "groups"), (VILE, "vilest"), (INSULT, "insults"), (PEOPLE, "people"))


def persons_in(reading: Reading, segment: str) -> list[Span]:
    signals = reading.signals.get(segment)
    return [e.span for e in signals.entities if e.type == "PERSON"] if signals else []


def _place(folded: Folded, given: int) -> int:
    """Where a place of the given text lies in the folded one."""
    return given if folded.map is None else bisect_left(folded.map.starts, given)


def _apart(marks: Iterable[tuple[int, int, int, int, str]]) -> list[Edit]:
    edits: list[Edit] = []
    for start, _, _, end, mark in marks:
        if not edits or start >= edits[-1][1]:
            edits.append((start, end, mark))
    return edits


def _phrases(lines: Iterable[str]) -> list[str]:
    return [phrase.strip() for line in lines for phrase in line.split(", ")]


@cache
def _lists() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(data_text("conduct_terms.yaml"))
    return loaded


@cache
def slurs() -> Mapping[str, str]:
    """Each form, and its standing: 'slur', or 'perhaps' where it has other senses."""
    rows = (line.split("\t") for line in data_text("slurs.tsv").splitlines() if not line.startswith("#"))
    return {form: standing for form, _, standing in rows}
