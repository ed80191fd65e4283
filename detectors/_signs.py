"""Signs in a post: where the policy's wordings stand in what its author wrote, and what becomes of them beside other words.

A wording that is denied ('never share your password', 'no cure') is none. Signs of the whole post excuse or aggravate wherever
they stand; a rule says which of its signs need another one near.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from core.policy import Rule
from core.records import Finding, Reading, Span
from core.seams import Detector
from detectors._fold import Folded, fold
from detectors._phrases import compile_phrases
from detectors._sign_points import RulePoints

OWN_WORDS = ("title", "text", "summary", "media.")  # segments that the author wrote
_LONGEST = 1 << 18  # characters of a segment that are read; the reader calls longer ones not read
_MOST = 32  # places of one wording in one text; more add nothing
_MOST_SPANS = 24  # of one finding
_DENIES = 5  # words before a wording within which a 'no' turns it
_BEFORE = 48  # characters in which those words are looked for
_SENTENCE_END = re.compile(r"[.!?\n]\s|\n")


@dataclass(frozen=True, slots=True)
class Page:
    """One segment, folded."""

    segment: str
    folded: Folded

    def span(self, start: int, end: int) -> Span:
        return Span(self.segment, *self.folded.original_span(start, end))

    @property
    def whole(self) -> Span:
        return Span(self.segment, 0, len(self.folded.given))


class Sign(NamedTuple):
    """One sign at [start, end) of a page's folded text; of the whole page where it has no place of its own."""

    name: str
    page: Page
    start: int
    end: int

    @property
    def span(self) -> Span:
        return self.page.span(self.start, self.end)


def pages_of(reading: Reading, segments: tuple[str, ...] = OWN_WORDS) -> list[Page]:
    """The author's own texts that hold anything."""
    named = [(name, text) for name, text in reading.by_name.items() if name.startswith(segments) and text.strip()]
    return [Page(name, fold(text[:_LONGEST])) for name, text in named]


def classes_of(reading: Reading, pages: Sequence[Page]) -> Mapping[str, float]:
    """What the model says; nothing where it did not read every page in full."""
    partly = any(reading.signals[page.segment].not_read for page in pages if page.segment in reading.signals)
    return {} if partly else reading.classes


class Wordings:
    """One rule's lists of wordings, ready for finding.

    `denied_by` names for a list the other list whose words, a few before it, turn it.
    """

    def __init__(
        self,
        config: Rule,
        *,
        denied_by: Mapping[str, str] | None = None,
        slots: Mapping[str, str] | None = None,
    ) -> None:
        self._patterns: dict[str, Any] = {key: compile_phrases(phrases, slots) for key, phrases in config.phrases.items()}
        self._denied_by = dict(denied_by or {})

    def signs(self, page: Page, names: Iterable[str]) -> Iterator[Sign]:
        """Where the wordings of these lists stand."""
        for name in names:
            for start, end in self.places(page, name):
                yield Sign(name, page, start, end)

    def places(self, page: Page, name: str) -> Iterator[tuple[int, int]]:
        pattern = self._patterns.get(name)
        found = islice(pattern.finditer(page.folded.lower), _MOST) if pattern else ()
        for match in found:
            if name not in self._denied_by or not self._denied(name, page, match.start()):
                yield match.span()

    def has(self, name: str, text: str) -> bool:
        pattern = self._patterns.get(name)
        return pattern is not None and pattern.search(text) is not None

    def _denied(self, name: str, page: Page, start: int) -> bool:
        lower = page.folded.lower
        before = _SENTENCE_END.split(lower[max(0, start - _BEFORE) : start])[-1]
        return self.has(self._denied_by[name], " ".join(before.split()[-_DENIES:]))


def near(one: Sign, other: Sign, *, characters: int) -> bool:
    """Whether two signs of one page stand no further apart than that."""
    return one.page is other.page and max(one.start, other.start) - min(one.end, other.end) <= characters


def sentence_around(page: Page, start: int, end: int) -> str:
    """The sentence, in lower case, in which a place stands."""
    lower = page.folded.lower
    first = max((match.end() for match in _SENTENCE_END.finditer(lower, 0, start)), default=0)
    last = _SENTENCE_END.search(lower, end)
    return lower[first : last.start() if last else len(lower)]


class Verdicts:
    """Turns signs and the model's word into findings of one rule, at most one for each category that the policy has.

    A policy that names no such category, but one of the rule's own name, gets the surest under that.
    """

    def __init__(self, detector: Detector, points: RulePoints, what: Mapping[str, str], plain: Mapping[str, str]) -> None:
        self._detector, self._points = detector, points
        self._what, self._plain = what, plain  # a category, and a sign, in words that quote nothing

    def findings(
        self, pages: Sequence[Page], signs: Sequence[Sign], context: Iterable[str], classes: Mapping[str, float]
    ) -> Iterator[Finding]:
        """`context` are signs of the post that have no place in it."""
        best: dict[str, tuple[float, str]] = {}
        names = {*context, *(sign.name for sign in signs)}
        for category in self._points.categories if pages else ():
            told = self._known(category)
            score = self._points.score(category, names, classes)
            if told and self._detector.reaches(told, score) and score > best.get(told, (0.0, ""))[0]:
                best[told] = (score, category)
        for told, (score, category) in best.items():
            reason = self._reason(category, names, classes)
            yield self._detector.finding(told, score=score, reason=reason, spans=self._spans(category, pages, signs))

    def _known(self, category: str) -> str:
        return next(filter(self._detector.looks_for, (category, self._detector.rule)), "")

    def _reason(self, category: str, names: set[str], classes: Mapping[str, float]) -> str:
        points = self._points.categories[category]
        kinds = [plain for sign, plain in self._plain.items() if sign in names and points.speaks_for(sign)]
        what = f": {'; '.join(kinds)}" if kinds else ""
        return f"{self._what[category]}{what}, by {self._points.spoke(category, names, classes)}."

    def _spans(self, category: str, pages: Sequence[Page], signs: Sequence[Sign]) -> list[Span]:
        """The words that speak for it; where nothing does, the text that the model read."""
        points = self._points.categories[category]
        found = [sign.span for sign in signs if points.speaks_for(sign.name)]
        return list(dict.fromkeys(found))[:_MOST_SPANS] or [page.whole for page in pages]
