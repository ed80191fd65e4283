"""Patient privacy (clause 3): identifier × patient × health context, and the replies and pictures that give a patient away.

The score is the product of how surely somebody is a patient, how surely health is spoken of, and how far the parts together go
towards one person. Names are in the minority: in a study of 754 clinicians' posts 2 % held one, yet in 32 % friends or family could
have known the case (J Med Internet Res 2020;22(9):e19746), so time, place, age, rarity and relations count. Death never lowers a
score. Record, social security and Medicare numbers are enough alone on our accounts; a telephone number or a date never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from core.records import Finding, Kind, Reading, Severity, Span
from core.seams import Detector
from detectors._fold import fold
from detectors._phi_evidence import DIRECT, STRONG, Evidence, Page, Part, author_pages, gather, identifying, passages
from detectors._phi_reply import confirms_a_patient

_STRONG_SCORE = 0.9
_MAKE_BELIEVE = 0.2  # damping below it: a drill or a film, where even a record number is invented
_NO_RELEASE = "No release was looked up."


class PhiDetector(Detector):
    """Indicators that a post tells of a patient who could be recognised."""

    rule: ClassVar[str] = "phi"
    revision: ClassVar[str] = "1"

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category, the surest."""
        pages = author_pages(reading)
        best: dict[str, Finding] = {}
        for finding in self._candidates(reading, pages):
            known = best.get(finding.category)
            if finding.score >= self.config.threshold_of(finding.category) and (known is None or finding.score > known.score):
                best[finding.category] = finding
        yield from best.values()

    def _candidates(self, reading: Reading, pages: Sequence[Page]) -> Iterator[Finding]:
        for passage in passages(pages):
            evidence = gather(passage, self.policy.institution)
            yield from self._in_passage(evidence, reading)
            yield from self._in_picture(evidence, reading, [page for page, _, _ in passage])
        yield from self._in_links(reading)
        yield from self._in_reply(reading)

    def _in_passage(self, evidence: Evidence, reading: Reading) -> Iterator[Finding]:
        parts = (*evidence.direct, *evidence.indirect)
        context = evidence.health * evidence.damping
        named = evidence.named_patient * context * identifying(parts) if identifying(evidence.direct) >= 0.5 else 0.0
        if evidence.strong and reading.account.kind is not Kind.UNOFFICIAL:
            alone = _STRONG_SCORE * (evidence.damping if evidence.damping < _MAKE_BELIEVE else 1.0)
            yield self._finding("direct_identifier", max(named, alone), evidence.strong + parts, evidence, alone=True)
        elif named >= self.config.threshold_of("direct_identifier"):
            yield self._finding("direct_identifier", named, parts, evidence)
        told = max(named, evidence.patient * context * identifying(evidence.indirect))
        if evidence.death:
            yield self._finding("deceased", told, parts, evidence)
        elif told > named:
            yield self._finding("indirect_identifier", told, evidence.indirect, evidence)

    def _in_picture(self, evidence: Evidence, reading: Reading, pages: Sequence[Page]) -> Iterator[Finding]:
        pictured = [page for page in pages if page.name.startswith("media.")]
        if not (pictured or (reading.post and reading.post.media)):
            return
        in_alt = {group for page in pictured for group, _ in page.terms}
        shows_record = "record_picture" in in_alt
        shows_patient = any(_SHOWS_PATIENT.search(fold(page.text).lower) for page in pictured)
        types = {entity.type for page in pictured for entity in page.entities}
        identified = bool(types & (DIRECT.keys() | {"PERSON"})) or any(_NAME_SHOWN.search(fold(p.text).lower) for p in pictured)
        if shows_record and (shows_patient or identified):
            score, what = 0.85, "a record, screen or board with patients on it"
        elif "body_picture" in in_alt and identified:
            score, what = 0.8, "a patient's scan or wound with a name on it"
        elif shows_patient and in_alt & {"ward", "body_picture", "condition", "procedure", "minor"}:
            score, what = 0.8, "a patient"
        elif {"minor", "ward"} <= in_alt or ("person_unnamed" in in_alt and _IN_CARE.search(" ".join(fold(p.text).lower for p in pictured))):
            score, what = 0.7, "a patient"
        elif evidence.patient >= 0.8 and ("body_picture" in in_alt or "picture" in evidence.groups):
            score, what = 0.75, "a patient, or a patient's scan or wound"
        else:
            return
        spans = [
            span for page in pictured for group, span in page.terms if group in {"record_picture", "body_picture", "picture"}
        ]
        spans += [part.span for part in (*evidence.direct, *evidence.strong)]
        reason = f"The picture or its caption seems to show {what}. {_NO_RELEASE}"
        yield self.finding(
            "image_caption",
            score=score * evidence.damping,
            reason=reason,
            spans=spans,
            severity=self._severity("image_caption", evidence.sensitive),
        )

    def _in_links(self, reading: Reading) -> Iterator[Finding]:
        """Numbers that are enough alone, in the addresses of links."""
        if reading.account.kind is Kind.UNOFFICIAL:
            return
        spans = [
            entity.span
            for entity in reading.entities(*STRONG)
            if entity.span.segment.startswith("link.") and entity.score >= STRONG[entity.type]
        ]
        if spans:
            reason = f"A link's address seems to hold a number that stands for one patient. {_NO_RELEASE}"
            yield self.finding("direct_identifier", score=_STRONG_SCORE, reason=reason, spans=spans)

    def _in_reply(self, reading: Reading) -> Iterator[Finding]:
        post = reading.post
        if post is None or post.in_reply_to is None or reading.account.kind is not Kind.OFFICIAL:
            return
        folded = fold(post.text)
        found = confirms_a_patient(folded.lower)
        if found:
            spans = [Span("text", *folded.original_span(start, end)) for start, end in found.extents]
            reason = (
                f"This official reply seems to confirm that somebody is or was a patient ({found.what}), even without a detail."
            )
            yield self.finding("review_reply", score=found.score, reason=reason, spans=spans)

    def _finding(
        self, category: str, score: float, parts: Sequence[Part], evidence: Evidence, *, alone: bool = False
    ) -> Finding:
        return self.finding(
            category,
            score=score,
            reason=_reason(parts, evidence, alone),
            spans=[*(part.span for part in parts), *evidence.health_spans],
            severity=self._severity(category, evidence.sensitive),
        )

    def _severity(self, category: str, up: bool) -> Severity:
        own = self.config.category(category).severity
        ladder = list(Severity)
        return ladder[min(own.rank + 1, len(ladder) - 1)] if up else own


_NAME_SHOWN = re.compile(r"\b(?:with|shows?|reads?|showing) (?:the |a )?names?\b|\bname (?:visible|legible)|\bnombres? (?:visible|del paciente)")
_IN_CARE = re.compile(r"\b(?:hospital (?:bed|gown)|stretcher|iv line|oxygen mask|tubes|incubator|cama de hospital|camilla)\b")
_SHOWS_PATIENT = re.compile(r"\b(?:patients?|pts?|pacientes?)\b(?!\s?(?:care|safety|experience|portal|education|first))")


def _reason(parts: Iterable[Part], evidence: Evidence, alone: bool) -> str:
    kinds = list(dict.fromkeys(part.kind for part in parts))
    if alone:
        lead = f"{_listed(list(dict.fromkeys(p.kind for p in evidence.strong))).capitalize()} stands for one patient by itself."
    else:
        lead = f"Together, {_listed([*kinds, 'a health detail'])} may point to one patient."
    notes = []
    if evidence.death:
        notes.append("The rule holds after death.")
    if evidence.sensitive:
        notes.append("The matter is specially protected, or it is about a child.")
    notes.append("Permission is claimed: compare it with the signed release." if evidence.consent else _NO_RELEASE)
    return " ".join([lead, *notes])


def _listed(kinds: Sequence[str]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"
