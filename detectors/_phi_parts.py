"""The parts of one segment that could tell who a patient is: names and numbers, but not those of staff, of the institution, of
a product or of the author.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.policy import Institution
from core.records import Entity, Span
from detectors._fold import fold
from detectors._phi_grammar import grammar_terms
from detectors._phi_weights import DIRECT, FULL_NAME, GIVEN_NAME, RELEASED_NAME, STRONG, TITLED_NAME, Weight
from detectors._vocabulary import phi_vocabulary

_REACH = 45  # characters looked at around a name or number
_STAFF_REACH, _STAFF_REACH_TITLED = 90, 40
_PLACES = frozenset({"LOCATION", "ORGANIZATION"})
_SURE_NAME = 0.5
_SHORTEST_ADDRESS = 6  # letters and figures; below it anything would be part of an address
_WORD = re.compile(r"[^\W_]+")
_NOT_PATIENTS = frozenset({"staff", "public_figure", "own_family"})

SENTENCE_END = re.compile(r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSr)(?<!\bSra)[.!?\n]\s+|\n")
_STAFF_BEFORE = re.compile(
    r"\b(?:drs?|dra|doctora?|prof|professor|nurse|enfermer[oa]|rn|chef|coach|senator|mayor|president)\.?,?\s(?:[\w.'-]+\s)?$"
)
_STAFF_AFTER = re.compile(
    r"^,?\s{0,2}(?:m\.?d\.?|d\.?o\.?|r\.?n\.?|ph\.?d\.?|n\.?p\.?|mph|msw|lcsw|facc|facs|pharmd|bsn|dnp|"
    r"(?:pt|ot|slp|rd|rdn|cnm|pa|pa-c|emt|crna|lmsw|dds|dmd|msn|mba|cna|lpn|rt|otr|dpt|psyd)(?=,))\b"
)
_CARER_OF_THEIRS = re.compile(r"(?:\b(?:his|her|their|your|su|sus)|'s|\bi(?:'m| was| am)(?: (?:his|her|their))?)\s$")
_SOMEBODY_ELSE = re.compile(r"^(?!.*\b(?:is|was|are|were|as|our|es|fue)\b)[^,.]*\s\w+\s[^,.]*\b(?:the|an?|to|by|al|el|la)\s$")
_AT_A_JOB = re.compile(
    r"^,?\s(?:runs|leads|heads|directs|manages|joins|joined|teaches|founded|chairs|oversees|explains|discusses|presents"
    r"|receives?|received the|directed|led|"
    r"will (?:speak|receive|present|lead|play|join|discuss|show|teach|perform|be honou?red)|has (?:led|served|worked|taught"
    r"|directed|run)|"
    r"defended|published|wrote|scored|dirige|coordina|lidera|preside|explica|presenta|impartira|dictara|ofrecera|ensena"
    r"|trabaja en|"
    r"(?:our|the|your|una?|nuestr[oa]) \w+ (?:of|for|de|chaplain|manager|director|coordinator|volunteer))\b"
    r"|^'s (?:\w+ )?(?:book|research|study|paper|lab|team|program|class|talk|lecture|show|art|ceramics|paintings|photos?"
    r"|restaurant|company|office|fund|podcast)\b"
)
_TITLE_BEFORE = re.compile(r"\b(?:mr|mrs|ms|mx|miss|sr|sra|srta|don|dona|senora?)\.?\s$")
_PATIENT_BEFORE = re.compile(r"\b(?:patient|pt|paciente)(?:'s)?[\s:,]{1,3}(?:(?:name|is|was|named|called)[\s:]{1,2}){0,2}$")
_OWN_BEFORE = re.compile(
    r"\b(?:my|mi|call me (?:on|at)|text me at|write to|reach me at|llameme al)\s?(?:[\w-]+\s){0,2}(?:is|on|at|:|es)?\s?$"
)
_PRODUCT_BEFORE = re.compile(
    r"\b(?:part|order|sku|tracking|model|item|isbn|invoice|ticket|catalog|pedido)\s?(?:no|number|#|id)?[.:#\s]{0,3}$"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that helps to tell who is meant."""

    type: str  # of the entity, or the class of the term
    kind: str
    weight: float
    span: Span

    @classmethod
    def of(cls, type_: str, weight: Weight, span: Span) -> Part:
        return cls(type_, weight.kind, weight.weight, span)


class Page:
    """An author's own segment with its entities and terms, in offsets of the text as given."""

    def __init__(self, name: str, text: str, entities: Sequence[Entity]) -> None:
        folded = fold(text)
        self.name = name
        self.text = text
        self._entities = sorted(entities, key=lambda e: e.span)
        terms = sorted([*phi_vocabulary().find(folded), *grammar_terms(folded.lower)], key=lambda t: t.start)
        self._terms = [(t.group, Span(name, *folded.original_span(t.start, t.end))) for t in terms]
        self._entity_starts = [e.span.start for e in self._entities]
        self._term_starts = [span.start for _, span in self._terms]

    def entities(self, start: int = 0, end: int | None = None) -> list[Entity]:
        """Entities that lie within [start, end)."""
        end = len(self.text) if end is None else end
        among = self._entities[bisect_left(self._entity_starts, start) : bisect_left(self._entity_starts, end)]
        return [e for e in among if e.span.end <= end]

    def terms(self, start: int = 0, end: int | None = None) -> list[tuple[str, Span]]:
        """Terms, by class, that lie within [start, end)."""
        end = len(self.text) if end is None else end
        among = self._terms[bisect_left(self._term_starts, start) : bisect_left(self._term_starts, end)]
        return [(group, span) for group, span in among if span.end <= end]

    def is_of_a_place(self, entity: Entity) -> bool:
        """Whether these words are part of the name of a place or house (the Ruth Abbott Pavilion)."""
        near = self.entities(max(0, entity.span.start - _REACH), entity.span.end + _REACH)
        return any(e.type in _PLACES and e.span.start <= entity.span.start and entity.span.end <= e.span.end for e in near)

    def clinician_before(self, at: int) -> bool:
        """Whether the language model reads the word just before `at` as staff ('Dr', 'nurse')."""
        near = self.entities(max(0, at - _REACH), at)
        return any(e.type == "CLINICIAN" and not self.text[e.span.end : at].strip(" .,:") for e in near)

    def before(self, at: int) -> str:
        return fold(self.text[max(0, at - _REACH) : at]).lower

    def after(self, at: int) -> str:
        return fold(self.text[at : at + _REACH]).lower


@dataclass(frozen=True)
class OurOwn:
    """What is public about the institution, and so nobody's privacy."""

    names: frozenset[str] = field(repr=False)
    phones: frozenset[str] = field(repr=False)
    emails: frozenset[str] = field(repr=False)
    addresses: frozenset[str] = field(repr=False)
    domains: tuple[str, ...] = field(repr=False)
    staff: NameList = field(repr=False)
    released: NameList = field(repr=False)

    @classmethod
    def of(cls, institution: Institution) -> OurOwn:
        names = (institution.name, *institution.short_names, *institution.units, *institution.brands)
        contacts = institution.contacts.values()
        return cls(
            names=frozenset(names),
            phones=frozenset(map(_digits, (*institution.public_phones, *(c.phone for c in contacts if c.phone)))),
            emails=frozenset(e.lower() for e in (*institution.public_emails, *(c.email for c in contacts if c.email))),
            addresses=frozenset(filter(None, map(_bare, institution.public_addresses))),
            domains=institution.domains,
            staff=NameList(institution.staff),
            released=NameList(institution.released),
        )

    def is_name(self, name: str, around: str) -> bool:
        """Whether `name`, standing in `around`, is (part of) one of our names."""
        return any(name in entry and (name == entry or entry in around) for entry in self.names)

    def is_contact(self, text: str) -> bool:
        lower = fold(text).lower
        domain = lower.rpartition("@")[2]
        ours = any(domain == own or domain.endswith(f".{own}") for own in self.domains)
        return lower in self.emails or ("@" in lower and ours) or _digits(text) in self.phones or self._is_address(text)

    def _is_address(self, text: str) -> bool:
        bare = _bare(text)
        return len(bare) >= _SHORTEST_ADDRESS and any(bare in address or address in bare for address in self.addresses)


class NameList:
    """People whom the policy names. A part of a name counts only where the whole name stands in the same text."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [frozenset(_WORD.findall(fold(name).lower)) for name in names]

    def holds(self, name: str, text: str, *, whole: bool) -> bool:
        """Whether `name`, found in `text`, is somebody of the list. With `whole` a surname alone is nobody's.

        A longer name is another person's, but for initials: Ana Cruz is not Ana Maria Cruz Delgado.
        """
        if not self._names:
            return False
        words = frozenset(word for word in _WORD.findall(fold(name).lower) if len(word) > 1)
        for known in self._names:
            if known == words or (words < known and len(words) > 1):
                return True
            if not whole and words and words < known and known <= frozenset(_WORD.findall(fold(text).lower)):
                return True
        return False


def _bare(text: str) -> str:
    return "".join(char for char in fold(text).lower if char.isalnum())


def _digits(text: str) -> str:
    """The last ten digits, which tell a telephone number whatever stands before it."""
    return "".join(char for char in fold(text).text if char.isdigit())[-10:]


def name_part(page: Page, entity: Entity, own: OurOwn) -> Iterator[Part]:
    """A PERSON as a part, unless it is staff's, the institution's or a public figure's.

    Somebody with a release on file is a part of no weight: it is known who is meant, and it may be told.
    """
    start, end = entity.span.start, entity.span.end
    before = page.before(start)
    titled = _TITLE_BEFORE.search(before) is not None
    name = page.text[start:end]
    whole = titled or _PATIENT_BEFORE.search(before) is not None  # Dr. Ana Cruz may tell of Mr. Cruz
    if own.is_name(name, page.text[max(0, start - 40) : end + 40]) or own.staff.holds(name, page.text, whole=whole):
        return
    if page.is_of_a_place(entity):
        return
    if own.released.holds(name, page.text, whole=False):
        yield Part.of(entity.type, RELEASED_NAME, entity.span)
        return
    if not _PATIENT_BEFORE.search(before):
        if _AT_A_JOB.search(page.after(end)):
            return
        if _STAFF_BEFORE.search(before) or _STAFF_AFTER.search(page.after(end)):
            return
        if page.clinician_before(start) or _stands_by_staff(page, start, end, _STAFF_REACH_TITLED if titled else _STAFF_REACH):
            return
    surest = FULL_NAME if entity.score >= _SURE_NAME else GIVEN_NAME
    yield Part.of(entity.type, TITLED_NAME if titled else surest, entity.span)


def _stands_by_staff(page: Page, start: int, end: int, reach: int) -> bool:
    """Whether a word of staff, public office or the author's family stands in the same sentence, within `reach`."""
    for group, span in page.terms(max(0, start - reach - _REACH), min(len(page.text), end + reach + _REACH)):
        if group in _NOT_PATIENTS:
            if group == "staff" and _CARER_OF_THEIRS.search(page.before(span.start)):
                continue
            if group == "staff" and span.start >= end and _SOMEBODY_ELSE.search(page.text[end : span.start]):
                continue
            gap = page.text[end : span.start] if span.start >= end else page.text[span.end : start]
            if len(gap) <= reach and not SENTENCE_END.search(gap):
                return True
    return False


def number_part(page: Page, entity: Entity, own: OurOwn) -> Iterator[Part]:
    """A number, address or date of birth as a part, unless it is the institution's, a product's or the author's own."""
    before = page.before(entity.span.start)
    if own.is_contact(page.text[entity.span.start : entity.span.end]) or _PRODUCT_BEFORE.search(before):
        return
    if entity.type not in STRONG and _OWN_BEFORE.search(before):
        return
    yield Part.of(entity.type, DIRECT[entity.type], entity.span)
