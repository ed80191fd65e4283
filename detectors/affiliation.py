"""Speaking for the institution's quality without saying that one belongs to it.

Deliberately narrow: personnel whose profile and post both leave the affiliation out, in a post that praises or recommends the
institution by name. Anything subtler is for the author, not for a detector.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.policy import Policy
from core.records import Finding, Reading
from core.seams import Detector
from detectors._affiliation import Affiliations
from detectors._fold import fold
from detectors._institution import REACH, given_span
from detectors._phrases import compile_phrases

_WORDS = ("title", "text", "summary")


class AffiliationDetector(Detector):
    rule = "affiliation"
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
            found = self._praised(name, text)
            if found:
                yield found
                return

    def _praised(self, segment: str, text: str) -> Finding | None:
        folded = fold(text)
        ours = [m for m in self._affiliations.institution.own_mentions(folded) if m.strong]
        if not ours or self._praise is None:
            return None
        for match in self._praise.finditer(folded.lower):
            start, end = match.span()
            near = next((m for m in ours if max(start - m.end, m.start - end) <= REACH), None)
            if near:
                spans = [given_span(segment, folded, start, end), given_span(segment, folded, near.start, near.end)]
                reason = "A reminder: the post praises the institution, and nothing says how the author belongs to it."
                return self.finding("undisclosed", score=0.6, reason=reason, spans=spans)
        return None
