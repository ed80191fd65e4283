"""Conduct (clause 1): hate, harassment, threats and discrimination, in the institution's posts and those of its people.

The language model's judgement is the main evidence; wordings of the policy, slurs and who is aimed at raise or lower it, and
stand alone where no model speaks. Much of what holds hateful words quotes, condemns, suffers or reclaims them: that is told
apart first. A group or a name that is merely mentioned is never evidence, and a threat needs somebody whom it threatens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, FindingScope, Reading
from core.seams import Detector
from detectors._conduct_evidence import ConductEvidence, Evidence
from detectors._conduct_points import conduct_points, data_digest

_POST, _PROFILE = ("title", "text", "summary", "media."), ("display_name", "bio")
_LIKELY = 0.5  # probability from which a reading counts as having spoken

_WHAT = {
    "hate": "Words that attack people for what they are",
    "harassment": "Words that insult, expose or hound a person",
    "threat": "Words that announce, wish or call for harm to somebody",
    "discrimination": "Words that would treat people worse for what they are",
}
_BY_SIGN = {
    "slur": "a slur",
    "slur_aimed": "a slur that is aimed at people",
    "dehumanised": "a group called less than human or despised",
    "excluded": "a group told to go",
    "denied_atrocity": "an atrocity denied or praised",
    "threat_announced": "an act of violence announced",
    "threat_menace": "a menace",
    "threat_incited": "a call for violence",
    "threat_wished": "a wish that somebody die or be hurt",
    "insulted_to_face": "an insult to somebody's face",
    "insulted_behind": "a degrading word for somebody",
    "mocked": "somebody mocked",
    "told_off": "words that tell somebody to be gone",
    "doxxed": "somebody's address or number given away",
    "whereabouts": "somebody's whereabouts told",
    "hounded": "somebody followed or hounded",
    "sexual": "sexual advances or remarks",
    "denied_service": "care, work or service denied to a group",
    "unfit": "a group called unfit for a profession",
}


class ConductDetector(Detector):
    """Indicators of hate, harassment, threats and discrimination."""

    rule: ClassVar[str] = "conduct"
    categories: ClassVar[frozenset[str]] = frozenset({"hate", "harassment", "threat", "discrimination"})
    revision: ClassVar[str] = "1"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._evidence = ConductEvidence(self.config)

    @property
    def version(self) -> str:
        """The data files that judge are part of it."""
        return f"{super().version}.{data_digest()}"

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category. What the model did not read in full it has no say in."""
        own = [name for name in reading.by_name if name.startswith(_POST)]
        partly = any(reading.signals[name].not_read for name in own if name in reading.signals)
        yield from self._judged(reading, own, {} if partly else reading.classes, FindingScope.POST)

    def detect_profile(self, reading: Reading) -> Iterator[Finding]:
        """By the wordings alone: the model was taught on posts."""
        own = [name for name in _PROFILE if name in reading.by_name]
        yield from self._judged(reading, own, {}, FindingScope.PROFILE)

    def _judged(
        self, reading: Reading, segments: list[str], classes: Mapping[str, float], scope: FindingScope
    ) -> Iterator[Finding]:
        read = [self._evidence.of(reading, name) for name in segments if reading.by_name[name].strip()]
        for category in self.config.categories if read else ():
            scored = [(conduct_points().score(category, evidence.names(category), classes), evidence) for evidence in read]
            score, evidence = max(scored, key=lambda pair: pair[0])
            if self.reaches(category, score):
                reason = _reason(category, evidence, classes)
                yield self.finding(category, score=score, reason=reason, spans=evidence.spans(category), scope=scope)


def _reason(category: str, evidence: Evidence, classes: Mapping[str, float]) -> str:
    points = conduct_points()
    names = {sign.name for sign in evidence.signs if points.speaks_for(category, sign.name)}
    kinds = [plain for sign, plain in _BY_SIGN.items() if sign in names]
    model = classes.get(category, 0.0) >= _LIKELY
    by = " and ".join([*(["word patterns"] if kinds else []), *(["the language model"] if model or not kinds else [])])
    what = f": {'; '.join(kinds)}" if kinds else ""
    return f"{_WHAT[category]}{what}, by {by}."
