"""Patient privacy (clause 3): identifier × patient × health context, and the replies and pictures that give a patient away.

The score is the product of how surely somebody is a patient, how surely health is spoken of, and how far the parts together go
towards one person. Names are in the minority: of 754 clinicians' posts 2 % held one, yet in 32 % friends or family could have
known the case (J Med Internet Res 2020;22(9):e19746), so time, place, age, rarity and relations count. Death never lowers a
score. Record, social security and Medicare numbers are enough alone on our accounts; a telephone number or a date never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, Kind, Reading, Severity, Span
from core.seams import Detector
from detectors._fold import fold
from detectors._phi_evidence import Evidence, author_pages, gather, identifying, passages
from detectors._phi_parts import OurOwn, Page, Part
from detectors._phi_picture import shown_in_pictures
from detectors._phi_reply import confirms_a_patient
from detectors._phi_weights import STRONG

_ALONE = 0.9  # score of a number that is enough alone
_MAKE_BELIEVE = 0.2  # damping below it: a drill or a film, where even a record number is invented
_NAMED = 0.5  # identifying power from which direct identifiers count as such
_NO_RELEASE = "No release was looked up."


class PhiDetector(Detector):
    """Indicators that a post tells of a patient who could be recognised."""

    rule: ClassVar[str] = "phi"
    revision: ClassVar[str] = "2"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._own = OurOwn.of(policy.institution)

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category, the surest."""
        best: dict[str, Finding] = {}
        for finding in self._candidates(reading):
            known = best.get(finding.category)
            if finding.score >= self.config.threshold_of(finding.category) and (known is None or finding.score > known.score):
                best[finding.category] = finding
        yield from best.values()

    def _candidates(self, reading: Reading) -> Iterator[Finding]:
        for passage in passages(author_pages(reading)):
            evidence = gather(passage, self._own)
            yield from self._in_passage(evidence, our_account=reading.account.kind is not Kind.UNOFFICIAL)
            yield from self._in_picture(evidence, reading, [page for page, _, _ in passage])
        yield from self._in_links(reading)
        yield from self._in_reply(reading)

    def _in_passage(self, evidence: Evidence, *, our_account: bool) -> Iterator[Finding]:
        parts = (*evidence.direct, *evidence.indirect)
        context = evidence.health * evidence.damping
        direct = identifying(evidence.direct) >= _NAMED
        named = evidence.named_patient * context * identifying(parts) if direct else 0.0
        if evidence.strong and our_account:
            alone = _ALONE * (evidence.damping if evidence.damping < _MAKE_BELIEVE else 1.0)
            reason = f"{_listed(_kinds(evidence.strong)).capitalize()} stands for one patient by itself."
            yield self._told("direct_identifier", max(named, alone), parts, evidence, reason)
        elif direct:
            yield self._told("direct_identifier", named, parts, evidence)
        told = max(named, evidence.patient * context * identifying(evidence.indirect))
        if evidence.death:
            yield self._told("deceased", told, parts, evidence)
        elif told > named:
            yield self._told("indirect_identifier", told, evidence.indirect, evidence)

    def _in_picture(self, evidence: Evidence, reading: Reading, pages: Sequence[Page]) -> Iterator[Finding]:
        shown = shown_in_pictures(pages, evidence, has_media=bool(reading.post and reading.post.media))
        if shown:
            yield self.finding(
                "image_caption",
                score=shown.score,
                reason=f"The picture or its caption seems to show {shown.what}. {_NO_RELEASE}",
                spans=shown.spans,
                severity=self._severity("image_caption", evidence),
            )

    def _in_links(self, reading: Reading) -> Iterator[Finding]:
        """Numbers that are enough alone, in the addresses of links."""
        numbers = (e for e in reading.entities(*STRONG) if e.span.segment.startswith("link.") and e.score >= STRONG[e.type])
        spans = [entity.span for entity in numbers]
        if spans and reading.account.kind is not Kind.UNOFFICIAL:
            reason = f"A link's address seems to hold a number that stands for one patient. {_NO_RELEASE}"
            yield self.finding("direct_identifier", score=_ALONE, reason=reason, spans=spans)

    def _in_reply(self, reading: Reading) -> Iterator[Finding]:
        post = reading.post
        if post is None or post.in_reply_to is None or reading.account.kind is not Kind.OFFICIAL:
            return
        folded = fold(post.text)
        found = confirms_a_patient(folded.lower)
        if found:
            reason = (
                f"This official reply seems to confirm that somebody is or was a patient ({found.what}), even without a detail."
            )
            spans = [Span("text", *folded.original_span(start, end)) for start, end in found.extents]
            yield self.finding("review_reply", score=found.score, reason=reason, spans=spans)

    def _told(self, category: str, score: float, parts: Sequence[Part], evidence: Evidence, reason: str = "") -> Finding:
        return self.finding(
            category,
            score=score,
            reason=_reason(
                reason or f"Together, {_listed([*_kinds(parts), 'a health detail'])} may point to one patient.", evidence
            ),
            spans=[*(part.span for part in parts), *evidence.health_spans],
            severity=self._severity(category, evidence),
        )

    def _severity(self, category: str, evidence: Evidence) -> Severity:
        """The category's own, one level up where the matter is specially protected."""
        ladder = list(Severity)
        rank = self.config.category(category).severity.rank + evidence.sensitive
        return ladder[min(rank, len(ladder) - 1)]


def _reason(lead: str, evidence: Evidence) -> str:
    notes = [lead]
    if evidence.death:
        notes.append("The rule holds after death.")
    if evidence.sensitive:
        notes.append("The matter is specially protected, or it is about a child.")
    notes.append("Permission is claimed: compare it with the signed release." if evidence.consent else _NO_RELEASE)
    return " ".join(notes)


def _kinds(parts: Sequence[Part]) -> list[str]:
    return list(dict.fromkeys(part.kind for part in parts))


def _listed(kinds: Sequence[str]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"
