"""The required disclaimer: personnel who name their affiliation say that they speak for themselves.

Graded: the required sentence (whole, misspelt, or cut off by the platform) and an equivalent of both its halves are clean; one
half is `incomplete`; nothing is `missing`. A finding is a reminder to a person, once for a profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import ClassVar

from rapidfuzz import fuzz

from core.policy import Policy
from core.records import Finding, FindingScope, Reading
from core.seams import Detector
from detectors._affiliation import Affiliations, Statement
from detectors._fold import fold
from detectors._institution import given_span
from detectors._phrases import compile_phrases

_WORDS = ("title", "text", "summary")
_ELLIPSIS = re.compile(r"(?:…|\.{3,}|\[\.\.\.\])\W*$")
_FEWEST_WORDS = 4  # of the sentence before an ellipsis; fewer could begin anything
_SURE_ALONE = 0.9  # probability from which the model is believed about what no wording states
_SURE = 0.85  # probability from which the model is believed that the whole disclaimer is there where no wording is
_SURER = 0.97  # and that it is, where the wordings found a part
_MISSPELT = 90.0  # partial ratio from which the sentence is held to be there, a typing error or two aside


class Grade(IntEnum):
    """How much of the required disclaimer is there."""

    ABSENT = 0
    PARTIAL = 1
    EQUIVALENT = 2
    EXACT = 3


class DisclaimerDetector(Detector):
    rule: ClassVar[str] = "disclaimer"
    categories: ClassVar[frozenset[str]] = frozenset({"missing", "incomplete"})
    revision = "2"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._affiliations = Affiliations(policy)
        required = policy.institution.disclaimer
        slots = {"us": self._affiliations.institution.name_pattern}
        self._sentence = _plain(required.sentence)
        self._halves = [compile_phrases(half, slots) for half in (required.own_views, required.not_employer)]

    def detect_profile(self, reading: Reading) -> Iterator[Finding]:
        """One reminder where the profile states a current affiliation without a full disclaimer.

        Where no wording states one and our name stands in the bio, the model may, if it is very sure; and it may hear a
        disclaimer that no wording knows.
        """
        words, told = _profile_words(reading), reading.classes
        statements = self._in_profile(reading) or self._heard_statements(reading)
        yield from self._reminder(statements, heard(self.grade(words), told), FindingScope.PROFILE)

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """A post that states the affiliation itself, where the profile is silent about it."""
        if self._in_profile(reading):
            return
        texts = {name: text for name, text in reading.by_name.items() if name in _WORDS}
        statements = [s for name, text in texts.items() for s in self._affiliations.in_post(name, text)]
        grade = self.grade("\n".join([_profile_words(reading), *texts.values()])) if statements else Grade.ABSENT
        yield from self._reminder(statements, grade, FindingScope.POST)

    def grade(self, text: str) -> Grade:
        """How much of the required disclaimer `text` holds. Case, accents, quotation marks and emoji make no difference."""
        plain = _plain(text)
        if self._sentence in plain or _is_cut_off(text, plain, self._sentence):
            return Grade.EXACT
        if len(plain) >= 0.9 * len(self._sentence) and fuzz.partial_ratio(self._sentence, plain) >= _MISSPELT:
            return Grade.EQUIVALENT
        lower = fold(text).lower
        there = sum(half is not None and half.search(lower) is not None for half in self._halves)
        return Grade(there)

    def _in_profile(self, reading: Reading) -> list[Statement]:
        names = reading.by_name
        return self._affiliations.in_profile(names.get("handle", ""), names.get("display_name", ""), names.get("bio", ""))

    def _heard_statements(self, reading: Reading) -> list[Statement]:
        """Where the bio names the institution, if the model is very sure of an affiliation that is not over."""
        told = reading.classes
        score = min(told.get("affiliated", 0.0), 1.0 - told.get("former", 0.0))
        if score < _SURE_ALONE:
            return []
        folded = fold(reading.by_name.get("bio", ""))
        ours = self._affiliations.institution.own_mentions(folded)
        return [Statement(given_span("bio", folded, mention.start, mention.end), score) for mention in ours]

    def _reminder(self, statements: list[Statement], grade: Grade, scope: FindingScope) -> Iterator[Finding]:
        if not statements or grade >= Grade.EQUIVALENT:
            return
        where = "profile" if scope is FindingScope.PROFILE else "post"
        category, what = ("incomplete", "only a part of") if grade is Grade.PARTIAL else ("missing", "not")
        score = max(statement.score for statement in statements)
        if self.reaches(category, score):
            reason = f"A reminder: the {where} states a current affiliation and holds {what} the required disclaimer."
            yield self.finding(category, score=score, reason=reason, spans=[s.span for s in statements], scope=scope)


def heard(grade: Grade, told: Mapping[str, float]) -> Grade:
    """The grade with what the model hears: it may raise it, and never takes away what the wordings found."""
    halves = min(told.get("own_views", 0.0), told.get("not_employer", 0.0))
    if told.get("disclaims", 0.0) >= (_SURE if grade is Grade.ABSENT else _SURER) and halves >= 0.5:
        return max(grade, Grade.EQUIVALENT)
    if max(told.get("own_views", 0.0), told.get("not_employer", 0.0)) >= _SURE_ALONE:
        return max(grade, Grade.PARTIAL)
    return grade


def _profile_words(reading: Reading) -> str:
    return "\n".join(reading.by_name.get(name, "") for name in ("display_name", "bio"))


def _plain(text: str) -> str:
    """Words alone, with one space between them."""
    return " ".join(re.findall(r"[^\W_]+", fold(text).lower.replace("'", "")))


def _is_cut_off(text: str, plain: str, sentence: str) -> bool:
    """Whether the text ends, at an ellipsis, in the beginning of the required sentence."""
    if not _ELLIPSIS.search(text):
        return False
    words = plain.split()
    starts = [" ".join(words[at:]) for at in range(max(0, len(words) - len(sentence.split())), len(words) - _FEWEST_WORDS + 1)]
    return any(sentence.startswith(start) for start in starts)
