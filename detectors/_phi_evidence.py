"""Weighs a post passage by passage: who could be recognised, how surely as a patient, and how surely health is spoken of.

A passage is a short post with its pictures' texts, or a window of a long one: what stands far apart does not identify.
Another author's words (a quote, the post that is answered) are never read here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.records import Reading, Span
from detectors._fold import fold
from detectors._phi_parts import OurOwn, Page, Part, name_part, number_part
from detectors._phi_patient import Signs
from detectors._phi_weights import CONTACTS, DIRECT, HEALTH_TERMS, INDIRECT, INDIRECT_TERMS, SEEN_PLACE, SENSITIVE, STRONG
from detectors._reader import CONTEXT_SEGMENTS, PROFILE_SEGMENTS

SHORT = 900  # code points of a post that is one passage
_PASSAGE, _STEP = 700, 350
_A_PATIENT, _PATIENT_IS_HEALTH = 0.8, 0.75  # that somebody is a patient is itself health information
_NAMING_HEALTH = frozenset({"condition", "procedure", "drug"}) | SENSITIVE - {"minor"}

_NO_PLACE = r"(?!(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mount|I\b)[a-z]*)"
_PLACE = re.compile(
    r"\b(?:P\.?S\.?|[Ee]ngine|[Ll]adder|[Ee]staci[oó]n|[Cc]hannel|[Cc]anal)\s?#?\d{1,3}\b|\bin the \d{1,3}(?:st|nd|rd|th)\b"
    rf"|\b(?:from|at|near|outside|on)\s(?:the\s)?{_NO_PLACE}[A-Z][a-z]+"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one passage holds; numbers in [0, 1].

    `named_patient` is `patient` by the signs that count for a name. `strong` parts stand for one patient by themselves.
    """

    direct: tuple[Part, ...]
    strong: tuple[Part, ...]
    indirect: tuple[Part, ...]
    patient: float
    named_patient: float
    health: float
    damping: float
    groups: frozenset[str]
    health_spans: tuple[Span, ...]

    @property
    def sensitive(self) -> bool:
        """A specially protected matter (HIV, psychiatry, substances, reproduction, assault) or a child."""
        return bool(self.groups & SENSITIVE)

    @property
    def death(self) -> bool:
        return "death" in self.groups

    @property
    def consent(self) -> bool:
        """Permission is claimed in the text itself."""
        return "consent" in self.groups


Passage = Sequence[tuple[Page, int, int]]


def author_pages(reading: Reading) -> list[Page]:
    """The post's own segments, links and profile left out."""
    skipped = CONTEXT_SEGMENTS | PROFILE_SEGMENTS
    own = (s for s in reading.segments if s.name not in skipped and not s.name.startswith("link."))
    return [Page(s.name, s.text, reading.signals[s.name].entities) for s in own]


def passages(pages: Sequence[Page]) -> Iterator[Passage]:
    """The whole of a short post at once, else each segment in windows that overlap by half."""
    if sum(len(page.text) for page in pages) <= SHORT:
        yield [(page, 0, len(page.text)) for page in pages]
        return
    for page in pages:
        for start in range(0, max(len(page.text) - _STEP, 1), _STEP):
            yield [(page, start, min(start + _PASSAGE, len(page.text)))]


def gather(passage: Passage, own: OurOwn) -> Evidence:
    """Weigh one passage."""
    entities = [(page, entity) for page, start, end in passage for entity in page.entities(start, end)]
    terms = [term for page, start, end in passage for term in page.terms(start, end)]
    names = [part for page, e in entities if e.type == "PERSON" for part in name_part(page, e, own)]
    numbers = [part for page, e in entities if e.type in DIRECT for part in number_part(page, e, own)]
    sure = {e.span for _, e in entities if e.score >= STRONG.get(e.type, 2.0)}
    indirect = [Part.of(e.type, INDIRECT[e.type], e.span) for _, e in entities if e.type in INDIRECT]
    indirect += [Part.of(group, INDIRECT_TERMS[group], span) for group, span in terms if group in INDIRECT_TERMS]
    indirect += _seen_places(passage)

    signs = Signs(
        lower="\n".join(fold(page.text[start:end]).lower for page, start, end in passage),
        groups=frozenset(group for group, _ in terms),
        types=frozenset(e.type for _, e in entities),
        names=frozenset(part.weight for part in names),
        numbered=any(part.type not in CONTACTS for part in numbers),
    )
    named_patient, patient = signs.patient()
    health = either(HEALTH_TERMS.get(group, 0.0) for group in signs.groups)
    return Evidence(
        direct=(*names, *numbers),
        strong=tuple(part for part in numbers if part.type in STRONG and part.span in sure),
        indirect=tuple(_each_kind_once(indirect)),
        patient=patient,
        named_patient=named_patient,
        health=max(health, _PATIENT_IS_HEALTH) if patient >= _A_PATIENT else health,
        damping=signs.damping(),
        groups=signs.groups,
        health_spans=tuple(span for group, span in terms if group in _NAMING_HEALTH),
    )


def identifying(parts: Iterable[Part]) -> float:
    """How far `parts` together go towards one person."""
    return either(part.weight for part in parts)


def either(chances: Iterable[float]) -> float:
    """The chance that at least one of several independent signs is right."""
    return 1.0 - math.prod(1.0 - chance for chance in chances)


def _seen_places(passage: Passage) -> Iterator[Part]:
    for page, start, end in passage:
        for match in _PLACE.finditer(page.text, start, end):
            yield Part.of("place", SEEN_PLACE, Span(page.name, *match.span()))


def _each_kind_once(parts: Iterable[Part]) -> Iterator[Part]:
    seen: set[str] = set()
    for part in parts:
        if part.kind not in seen:
            seen.add(part.kind)
            yield part
