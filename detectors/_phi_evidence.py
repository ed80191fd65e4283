"""Weighs a post passage by passage: who could be recognised, how surely as a patient, and how surely health is spoken of.

A passage is a short post with its pictures' texts, or a window of a long one: what stands far apart does not identify.
Another author's words (a quote, the post that is answered) are never read here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.records import Entity, Reading, Span
from detectors._encoder import OWN_TYPES
from detectors._fold import fold
from detectors._phi_parts import SENTENCE_END, OurOwn, Page, Part, name_part, number_part
from detectors._phi_patient import Signs
from detectors._phi_weights import CONTACTS, DIRECT, HEALTH_TERMS, INDIRECT, INDIRECT_TERMS, SEEN_PLACE, SENSITIVE, STRONG
from detectors._reader import CONTEXT_SEGMENTS, PROFILE_SEGMENTS

SHORT = 900  # code points of a post that is one passage
_PASSAGE, _STEP = 700, 350
_A_PATIENT, _PATIENT_IS_HEALTH = 0.8, 0.75  # that somebody is a patient is itself health information
_A_ROOM = 0.5
_ENOUGH = 3  # more of one kind tell nothing more
_FLAGS = ("ours", "one", "at_work", "had_hands_on", "linked", "written", "numbered")
_NARROWING = {
    "ADMISSION_DATE": "date", "AGE": "age", "AGE_OVER_89": "age", "DATE_TIME": "date", "FAMILY": "family", "LOCATION": "place",
    "ORGANIZATION": "house", "PERSON": "name", "ROOM_BED": "room", "TRAIT": "trait",
}  # fmt: skip
_EMPTY_WORDS_LIST = """
a an and at by de el en for his her in is it la las lo los of on or que se su the th to un una was y
"""
_EMPTY_WORDS = frozenset(_EMPTY_WORDS_LIST.split())
_PLACES = frozenset({"LOCATION", "ORGANIZATION"})
_NAMING_HEALTH = frozenset({"body", "condition", "death", "drug", "procedure", "symptom", "ward"}) | SENSITIVE - {"minor"}

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
    people_spans: tuple[Span, ...]  # of the words that stand for a patient
    signs: Mapping[str, float]  # by name, as _phi_points names them: how often, how strongly
    written: bool  # a permission in writing is stated
    released: bool  # nobody but people with a release on file seems to be meant

    @property
    def sensitive(self) -> bool:
        """A specially protected matter (HIV, psychiatry, substances, reproduction, assault) or a child."""
        return bool(self.groups & SENSITIVE)

    @property
    def death(self) -> bool:
        return "death" in self.groups

    @property
    def consent(self) -> bool:
        """Permission is claimed in the text itself, in writing or not."""
        return self.written or "consent" in self.groups


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
    entities = [
        (page, e)
        for page, start, end in passage
        for e in page.entities(start, end)
        if not (_is_a_mere_floor(e) or _is_empty(page, e))
    ]
    terms = [term for page, start, end in passage for term in page.terms(start, end)]
    names = [part for page, e in entities if e.type == "PERSON" for part in name_part(page, e, own)]
    numbers = [part for page, e in entities if e.type in DIRECT for part in number_part(page, e, own)]
    sure = {e.span for _, e in entities if e.score >= STRONG.get(e.type, 2.0)}
    indirect = [
        Part.of(e.type, INDIRECT[e.type], e.span) for page, e in entities if e.type in INDIRECT and not _is_ours(page, e, own)
    ]
    indirect += [Part.of(group, INDIRECT_TERMS[group], span) for group, span in terms if group in INDIRECT_TERMS]
    indirect += _seen_places(passage)

    signs = Signs(
        lower="\n".join(fold(page.text[start:end]).lower for page, start, end in passage),
        groups=frozenset(group for group, _ in terms),
        types=frozenset(e.type for _, e in entities),
        names=frozenset(part.weight for part in names if part.weight),
        numbered=any(part.type not in CONTACTS for part in numbers),
    )
    named_patient, patient = signs.patient()
    health = either(HEALTH_TERMS.get(group, 0.0) for group in signs.groups)
    return Evidence(
        direct=(*(part for part in names if part.weight), *numbers),
        strong=tuple(part for part in numbers if part.type in STRONG and part.span in sure),
        indirect=tuple(indirect),
        patient=patient,
        named_patient=named_patient,
        health=max(health, _PATIENT_IS_HEALTH) if patient >= _A_PATIENT else health,
        damping=signs.damping(),
        groups=signs.groups,
        health_spans=(
            *(span for group, span in terms if group in _NAMING_HEALTH),
            *(e.span for _, e in entities if e.type == "HEALTH"),
        ),
        people_spans=tuple(e.span for _, e in entities if e.type == "PATIENT"),
        signs=_told_by(signs, [e for _, e in entities]),
        written=signs.written,
        released=_only_released([part.span for part in names if part.weight == 0], entities),
    )


def _only_released(names: Sequence[Span], entities: Sequence[tuple[Page, Entity]]) -> bool:
    """Whether each word for a patient shares its sentence with somebody who has a release on file."""
    nouns = [(page, e.span) for page, e in entities if e.type == "PATIENT"]
    return bool(names) and all(any(_same_sentence(page, noun, name) for name in names) for page, noun in nouns)


def _same_sentence(page: Page, one: Span, other: Span) -> bool:
    first, second = sorted((one, other), key=lambda span: span.start)
    return one.segment == other.segment and not SENTENCE_END.search(page.text, first.end, second.start)


def _told_by(signs: Signs, entities: Sequence[Entity]) -> dict[str, float]:
    """What there is: classes of words and forms (1.0), entities (how often), and how many kinds of them narrow."""
    counted = Counter(e.type for e in entities)
    found: dict[str, float] = dict.fromkeys(signs.groups, 1.0)
    found |= {flag: 1.0 for flag in _FLAGS if getattr(signs, flag)}
    found |= {type_: float(min(count, _ENOUGH)) for type_, count in counted.items()}
    found["narrowing kinds"] = float(len({_NARROWING[type_] for type_ in counted if type_ in _NARROWING}))
    return found


def identifying(parts: Iterable[Part]) -> float:
    """How far `parts` together go towards one person. Two ages say no more than one; two names do."""
    strongest: dict[tuple[str, Span | None], float] = {}
    for part in parts:
        key = (part.kind, part.span if part.type in DIRECT or part.type == "PERSON" else None)
        strongest[key] = max(part.weight, strongest.get(key, 0.0))
    return either(strongest.values())


def either(chances: Iterable[float]) -> float:
    """The chance that at least one of several independent signs is right."""
    return 1.0 - math.prod(1.0 - chance for chance in chances)


def _seen_places(passage: Passage) -> Iterator[Part]:
    for page, start, end in passage:
        for match in _PLACE.finditer(page.text, start, end):
            yield Part.of("place", SEEN_PLACE, Span(page.name, *match.span()))


def _is_a_mere_floor(entity: Entity) -> bool:
    """Whether a room is guessed from what may be a floor ('5 West'), which many share."""
    return entity.type == "ROOM_BED" and entity.score < _A_ROOM


def _is_empty(page: Page, entity: Entity) -> bool:
    """Whether what the model took for a detail is a word that says nothing."""
    return entity.type in OWN_TYPES and page.text[entity.span.start : entity.span.end].lower() in _EMPTY_WORDS


def _is_ours(page: Page, entity: Entity, own: OurOwn) -> bool:
    """Whether a place or house is the institution itself, which tells nothing of who was there."""
    start, end = entity.span.start, entity.span.end
    return entity.type in _PLACES and own.is_name(page.text[start:end], page.text[max(0, start - 40) : end + 40])
