"""Patient privacy (clause 3): identifier × patient × health context, and the replies and pictures that give a patient away.

Names are in the minority: of 754 clinicians' posts 2 % held one, yet in 32 % friends or family could have known the case (J
Med Internet Res 2020;22(9):e19746), so time, place, age, rarity and relations count. Record, social security and Medicare
numbers are enough alone on our accounts; a telephone number or a date never is. _phi_judgement says how the parts combine,
_phi_weights how much each weighs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, Kind, Reading, Severity
from core.seams import Detector
from detectors._phi_evidence import author_pages, gather, passages
from detectors._phi_judgement import Told, believed, first_that_fit, in_passage, in_picture, in_reply
from detectors._phi_parts import OurOwn
from detectors._phi_points import data_digest
from detectors._phi_voice import Voice
from detectors._phi_weights import STRONG

_LINKED = 0.9  # score of a number in a link's address
_NO_RELEASE = "No release was looked up."
_NOT_ON_THE_LIST = "No release on the policy's list covers it."


class PhiDetector(Detector):
    """Indicators that a post tells of a patient who could be recognised."""

    rule: ClassVar[str] = "phi"
    categories: ClassVar[frozenset[str]] = frozenset(
        {"direct_identifier", "indirect_identifier", "deceased", "review_reply", "image_caption"}
    )
    revision: ClassVar[str] = "3"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._own = OurOwn.of(policy.institution)
        self._no_release = _NOT_ON_THE_LIST if policy.institution.released else _NO_RELEASE

    @property
    def version(self) -> str:
        """The data files that judge are part of it."""
        return f"{super().version}.{data_digest()}"

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category, the surest."""
        sure = [told for told in self._told(reading) if self.reaches(told.category, told.score)]
        best: dict[str, Told] = {}
        for told in first_that_fit(sure):
            if told.category not in best or told.score > best[told.category].score:
                best[told.category] = told
        yield from map(self._finding, best.values())

    def _told(self, reading: Reading) -> Iterator[Told]:
        voice = Voice.of(reading.classes)
        ours = reading.account.kind is not Kind.UNOFFICIAL
        has_media = bool(reading.post and reading.post.media)
        gathered = []
        for passage in passages(author_pages(reading)):
            # What the model did not read in full it has no say in.
            heard = None if any(reading.signals[page.name].not_read for page, _, _ in passage) else voice
            evidence = believed(gather(passage, self._own), heard)
            gathered.append(evidence)
            yield from in_passage(evidence, heard, our_account=ours)
            yield from in_picture(evidence, heard, [page for page, _, _ in passage], has_media=has_media)
        if ours:
            yield from self._in_links(reading)
        if reading.post and reading.post.in_reply_to and reading.account.kind is not Kind.PERSONNEL:
            yield from in_reply(reading.post.text, gathered, voice, our_account=ours)

    def _in_links(self, reading: Reading) -> Iterator[Told]:
        """Numbers that are enough alone, in the addresses of links."""
        numbers = (e for e in reading.entities(*STRONG) if e.span.segment.startswith("link.") and e.score >= STRONG[e.type])
        spans = tuple(entity.span for entity in numbers)
        if spans:
            lead = "A link's address seems to hold a number that stands for one patient, by word patterns."
            yield Told("direct_identifier", _LINKED, lead, spans)

    def _finding(self, told: Told) -> Finding:
        evidence = told.evidence
        notes = [told.lead]
        if told.category != "review_reply":  # a release frees nobody to confirm a visit in an answer
            if told.category == "deceased":
                notes.append("The rule holds after death.")
            if evidence and evidence.sensitive:
                notes.append("The matter is specially protected, or it is about a child.")
            permitted = evidence and evidence.consent
            notes.append("Permission is claimed: compare it with the signed release." if permitted else self._no_release)
        return self.finding(
            told.category,
            score=told.score,
            reason=" ".join(notes),
            spans=told.spans,
            severity=self._severity(told.category, sensitive=bool(evidence and evidence.sensitive)),
        )

    def _severity(self, category: str, *, sensitive: bool) -> Severity:
        """The category's own, one level up where the matter is specially protected."""
        ladder = list(Severity)
        rank = self.config.category(category).severity.rank + sensitive
        return ladder[min(rank, len(ladder) - 1)]
