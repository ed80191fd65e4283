"""Speaking for the institution's quality without saying that one belongs to it.

Deliberately narrow: personnel whose profile and post both leave the affiliation out, in a post that praises or recommends the
institution by name. Anything subtler is for the author, not for a detector.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, Reading, Span
from core.seams import Detector
from detectors._affiliation import Affiliations
from detectors._fold import Folded, fold
from detectors._institution import REACH, Mention, given_span
from detectors._phrases import compile_phrases

_WORDS = ("title", "text", "summary")
_PRAISED = 0.6  # what a wording of praise beside our name is worth
_SURE_ALONE = 0.95  # probability from which the model is believed where no wording praises


class AffiliationDetector(Detector):
    rule: ClassVar[str] = "affiliation"
    categories: ClassVar[frozenset[str]] = frozenset({"undisclosed"})
    revision = "2"
    borrows = ("disclaimer",)

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._affiliations = Affiliations(policy)
        slots = {"us": self._affiliations.institution.name_pattern}
        self._praise = compile_phrases(self.config.phrases.get("praise", ()), slots)

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """One reminder where a post praises the institution and nothing tells who speaks."""
        names = reading.by_name
        profile = (names.get(name, "") for name in ("handle", "display_name", "bio"))
        texts = {name: text for name, text in names.items() if name in _WORDS}
        if self._affiliations.in_profile(*profile) or any(self._affiliations.in_post(*item) for item in texts.items()):
            return
        for name, text in texts.items():
            folded = fold(text)
            ours = [m for m in self._affiliations.institution.own_mentions(folded) if m.strong]
            praise = self._praise_of(name, folded, ours)
            score = _score(bool(praise), reading.classes.get("promotes", 0.0)) if ours else 0.0
            if self.reaches("undisclosed", score):
                spans = praise or [given_span(name, folded, m.start, m.end) for m in ours]
                reason = "A reminder: the post praises the institution, and nothing says how the author belongs to it."
                yield self.finding("undisclosed", score=score, reason=reason, spans=spans)
                return

    def _praise_of(self, segment: str, folded: Folded, ours: list[Mention]) -> list[Span]:
        """The first words of praise near one of the mentions, and that mention."""
        for match in self._praise.finditer(folded.lower) if self._praise else ():
            start, end = match.span()
            near = next((m for m in ours if max(start - m.end, m.start - end) <= REACH), None)
            if near:
                return [given_span(segment, folded, start, end), given_span(segment, folded, near.start, near.end)]
        return []


def _score(praised: bool, heard: float) -> float:
    """By the wordings, or by the model where it is surer than they are; by the model alone only if it is very sure."""
    if praised:
        return max(_PRAISED, heard)
    return heard if heard >= _SURE_ALONE else 0.0
