"""Gathers, passage by passage, what in a post speaks for a patient: identifiers, the patient, the health context, and what speaks against.

A passage is a short post with its pictures' texts, or some sentences of a long one: what stands far apart does not identify.
Another author's words (a quote, the post that is answered) are never read here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.policy import Institution
from core.records import Entity, Reading, Span
from detectors._fold import fold
from detectors._reader import CONTEXT_SEGMENTS, PROFILE_SEGMENTS
from detectors._vocabulary import phi_vocabulary

SHORT = 900  # code points of a post that is one passage
_PASSAGE, _STEP = 700, 350
_A_PATIENT, _PATIENT_IS_HEALTH = 0.8, 0.75  # that somebody is a patient is itself health information
_SENTENCE_END = re.compile(r"[.!?\n]\s+|\n")

_COMPOUND = (
    r"(?:care|safety|experiences?|advoca\w+|portal|education|engagement|relations|services?|outcomes?|satisfaction|population|access|"
    r"rights|famil(?:y|ies)|volumes?|loads?|ratios?|cent\w+|first|focused|rooms?|data|information|privacy|support|transport\w*|tower|"
    r"pavilion|names?|reported|guides?|navigator|advisory|recruitment|perspective|assignments?|stor(?:y|ies)|and family|"
    r"to nurse|satisfied|people|with (?:my|me|your)|enough|zero|simulators?|represent\w+|complaints?|registration|hotline|line|forms?|surveys?|panel|groups?|forum|council|committee|"
    r"community|charter|waiting|visits?|days|deaths|lives|harm|risks?|flow|turnover|base|app|tools?|trials?|stud(?:y|ies)|cohorts?|samples?|cells?|"
    r"choice|voices?|homes?|memory|monitor\w*|lists?)\b"
)
_OURS = re.compile(
    rf"\b(?:my|our|mi|nuestr[oa])\s+(?:[\w'+-]+\s+){{0,2}}?(?:patient|pt|paciente)\b(?!['-]?\s?{_COMPOUND}|-)"
    r"|\b(?:one|uno|una)\s+(?:of|de)\s+(?:my|our|the|mis|nuestr[oa]s)\s+(?:[\w'+-]+\s+){0,2}?(?:patients|pts|pacientes)\b"
)
_ONE = re.compile(rf"(?:\b([\w'-]+)\s+)?\b(?:patient|pt|paciente)\b(?!['-]?\s?{_COMPOUND}|-)")
_NOT_ONE = frozenset(
    "be being so very more most stay remain every each any per your no cada todo tu su sea ser muy if another's".split()
)
_DUTY = re.compile(
    r"\b(?:my|our|mi|nuestr[oa])\s+(?:[\w-]+\s+){0,2}?"
    r"(?:er|ed|icu|nicu|picu|micu|sicu|or|floor|unit|ward|shift|service|clinic|trauma bay|guardia|turno|piso|unidad|uci|sala)\b"
    r"|\b(?:i|we)\s+(?:(?:just|also|then|finally|literally|had to|got to)\s+){0,2}(?:treat|remov|deliver|intubat|admit|discharg|operat|sutur|"
    r"cod|pronounc|resuscitat|sedat|sew|fix|patch|told (?:him|her)|drain|restrain|transfus|transplant|diagnos|stitch|perform|transferr|bagg|triag)\w*\b"
    r"|\bi(?:'m|\swas|\sam)\s(?:his|her|their|the)\s(?:\w+\s)?(?:nurse|doctor|resident|surgeon|medic|tech|intern|attending)\b"
    r"|(?:^|[.!?]\s+|\n)(?:just\s+|today\s+(?:i|we)\s+)?(?:treated|delivered|pronounced|discharged|admitted|intubated|sutured|removed|took care of|"
    r"taking care of|had to tell|had a|got a|coded)\b"
)
_PLACE = re.compile(
    r"\b(?:P\.?S\.?|[Ee]ngine|[Ll]adder|[Ee]staci[oó]n|[Cc]hannel|[Cc]anal)\s?#?\d{1,3}\b|\bin the \d{1,3}(?:st|nd|rd|th)\b"
    r"|\b(?:from|at|near|outside|on)\s(?:the\s)?(?!(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mount|I\b)[a-z]*)"
    r"[A-Z][a-z]+"
)
_HISTORY = re.compile(r"\b1[5-8]\d\d\b")
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|me|my|we|we're|us|our|mi|mis|me|nos|nuestr[oa]s?|yo)\b")
_STAFF_BEFORE = re.compile(
    r"\b(?:dr|dra|drs|doctor|doctora|prof|professor|nurse|enfermer[oa]|rn|chef|coach|senator|mayor|president)\.?,?\s(?:[\w.'-]+\s){0,1}$"
)
_STAFF_AFTER = re.compile(
    r"^,?\s{0,2}(?:m\.?d\.?|d\.?o\.?|r\.?n\.?|ph\.?d\.?|n\.?p\.?|mph|msw|lcsw|facc|facs|pharmd|bsn|dnp)\b"
)
_TITLE_BEFORE = re.compile(r"\b(?:mr|mrs|ms|mx|miss|sr|sra|srta|don|dona|senor|senora)\.?\s$")
_PATIENT_BEFORE = re.compile(r"\b(?:patient|pt|paciente)(?:'s)?[\s:,]{1,3}(?:(?:name|is|was|named|called)[\s:]{1,2}){0,2}$")
_OWN_BEFORE = re.compile(
    r"\b(?:my|mi|call me (?:on|at)|text me at|write to|reach me at|llameme al)\s?(?:[\w-]+\s){0,2}(?:is|on|at|:|es)?\s?$"
)
_PRODUCT_BEFORE = re.compile(
    r"\b(?:part|order|sku|tracking|model|item|isbn|invoice|ticket|catalog|pedido)\s?(?:no|number|#|id)?[.:#\s]{0,3}$"
)

# How far each kind of identifier goes towards one person by itself, and what people call it.
DIRECT = {
    "MEDICAL_RECORD_NUMBER": (0.95, "a record number"), "US_SSN": (0.95, "a social security number"), "US_MBI": (0.95, "a Medicare number"),
    "US_ITIN": (0.9, "a tax number"), "HEALTH_PLAN_NUMBER": (0.85, "a health plan number"), "ACCESSION_NUMBER": (0.8, "an accession number"),
    "ACCOUNT_NUMBER": (0.8, "an account number"), "DATE_OF_BIRTH": (0.85, "a date of birth"), "ADDRESS": (0.8, "a home address"),
    "EMAIL_ADDRESS": (0.85, "an e-mail address"), "PHONE_NUMBER": (0.85, "a telephone number"), "FAX_NUMBER": (0.5, "a fax number"),
    "US_PASSPORT": (0.9, "a passport number"), "US_DRIVER_LICENSE": (0.8, "a licence number"), "VEHICLE_ID": (0.8, "a vehicle or plate number"),
    "DEVICE_ID": (0.7, "a device number"), "BIOMETRIC_ID": (0.5, "a biometric mark"), "IP_ADDRESS": (0.4, "an internet address"),
    "US_PRESCRIPTION_NUMBER": (0.8, "a prescription number"), "US_CLAIM_NUMBER": (0.8, "a claim number"), "CREDIT_CARD": (0.8, "a card number"),
}  # fmt: skip
_TITLED = 0.92  # a name with Mr or Mrs before it: in a hospital's posts hardly ever staff
_CONTACT_KINDS = frozenset(DIRECT[t][1] for t in ("EMAIL_ADDRESS", "PHONE_NUMBER", "FAX_NUMBER", "ADDRESS", "IP_ADDRESS"))
STRONG = {"US_SSN": 0.5, "MEDICAL_RECORD_NUMBER": 0.8, "US_MBI": 0.5}  # from this score on enough alone, on our own accounts
INDIRECT = {
    "AGE_OVER_89": (0.55, "an age over 89"), "AGE": (0.45, "an age"), "ROOM_BED": (0.7, "a room or bed"), "ADMISSION_DATE": (0.4, "a date of care"),
    "DISCHARGE_DATE": (0.4, "a date of care"), "SURGERY_DATE": (0.4, "a date of care"), "DEATH_DATE": (0.4, "a date of death"),
    "DATE_TIME": (0.3, "a date"), "ZIP_CODE": (0.35, "a postal code"),
}  # fmt: skip
_INDIRECT_TERMS = {
    "time_near": (0.3, "when it happened"), "occupation": (0.55, "an occupation"), "public_role": (0.7, "a role that the public knows"), "event": (0.45, "an event that others know of"),
    "rarity": (0.6, "how rare the case is"), "relation_known": (0.6, "how the author knows the person"), "place": (0.35, "a place"),
    "relation_theirs": (0.15, "a relative"), "minor": (0.1, "that it is a child"), "death": (0.3, "a death"),
}  # fmt: skip
_HEALTH_TERMS = {
    "condition": 0.85,
    "procedure": 0.8,
    "drug": 0.6,
    "symptom": 0.5, "body": 0.5,
    "ward": 0.5,
    "death": 0.7,
    "on_duty": 0.4,
    "encounter": 0.3,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that helps to tell who is meant. `weight` in [0, 1]; `kind` in words that quote nothing."""

    kind: str
    weight: float
    span: Span


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one passage holds. `patient` and `health` in [0, 1]; `damping` is below 1 where something speaks against.

    `named_patient` leaves out the signs that talk about any well-known person's illness shows too.
    """

    direct: tuple[Part, ...]
    strong: tuple[Part, ...]
    indirect: tuple[Part, ...]
    patient: float
    named_patient: float
    health: float
    damping: float
    first_hand: bool
    death: bool
    sensitive: bool
    consent: bool
    groups: frozenset[str]
    health_spans: tuple[Span, ...]


@dataclass(frozen=True)
class Page:
    """An author's own segment with its entities and terms, in offsets of the text as given."""

    name: str
    text: str = field(repr=False)
    entities: tuple[Entity, ...]
    terms: tuple[tuple[str, Span], ...]

    def before(self, at: int, reach: int = 45) -> str:
        return fold(self.text[max(0, at - reach) : at]).lower

    def after(self, at: int, reach: int = 45) -> str:
        return fold(self.text[at : at + reach]).lower


Passage = Sequence[tuple[Page, int, int]]


def author_pages(reading: Reading) -> list[Page]:
    """The post's own segments, links and profile left out."""
    skipped = CONTEXT_SEGMENTS | PROFILE_SEGMENTS
    return [
        _page(reading, s.name, s.text) for s in reading.segments if s.name not in skipped and not s.name.startswith("link.")
    ]


def _page(reading: Reading, name: str, text: str) -> Page:
    folded = fold(text)
    terms = tuple((t.group, Span(name, *folded.original_span(t.start, t.end))) for t in phi_vocabulary().find(folded))
    return Page(name, text, reading.signals[name].entities, terms)


def passages(pages: Sequence[Page]) -> Iterator[Passage]:
    """The whole of a short post at once, else each segment some sentences at a time."""
    if sum(len(page.text) for page in pages) <= SHORT:
        yield [(page, 0, len(page.text)) for page in pages]
        return
    for page in pages:
        starts = [0, *(match.end() for match in _SENTENCE_END.finditer(page.text))]
        reached = -_STEP
        for start in starts:
            if start - reached >= _STEP:
                reached = start
                yield [(page, start, min(start + _PASSAGE, len(page.text)))]


def gather(passage: Passage, institution: Institution) -> Evidence:
    """Weigh one passage."""
    entities = [(page, e) for page, start, end in passage for e in page.entities if start <= e.span.start and e.span.end <= end]
    terms = [(page, g, s) for page, start, end in passage for g, s in page.terms if start <= s.start and s.end <= end]
    lower = "\n".join(fold(page.text[start:end]).lower for page, start, end in passage)
    groups = frozenset(group for _, group, _ in terms)

    names = [part for page, e in entities if e.type == "PERSON" for part in _name(page, e, institution)]
    numbers = [p for page, e in entities if e.type in DIRECT for p in _number(page, e, institution)]
    strong = [p for page, e in entities if e.score >= STRONG.get(e.type, 2.0) for p in _number(page, e, institution)]
    indirect = [_part(INDIRECT[e.type], e.span) for _, e in entities if e.type in INDIRECT]
    indirect += [_part(_INDIRECT_TERMS[g], s) for _, g, s in terms if g in _INDIRECT_TERMS]

    indirect += [Part("a place", 0.3, Span(p.name, a + m.start(), a + m.end())) for p, a, b in passage for m in _PLACE.finditer(p.text[a:b])]
    ours = bool(_OURS.search(lower))
    duty = ours or "on_duty" in groups or bool(_DUTY.search(lower))
    one = ours or any(match[1] not in _NOT_ONE for match in _ONE.finditer(lower))
    sensitive = any(g.startswith("sensitive_") for g in groups) or "minor" in groups
    health = _either(_HEALTH_TERMS.get(g, 0.9 if g.startswith("sensitive_") else 0.0) for g in groups)
    firm, patient = _patient(ours, one, duty, groups, names, numbers, {e.type for _, e in entities}, lower)
    if patient >= _A_PATIENT:
        health = max(health, _PATIENT_IS_HEALTH)
    return Evidence(
        direct=tuple(names + numbers),
        strong=tuple(strong),
        indirect=tuple(_each_kind_once(indirect)),
        patient=patient,
        named_patient=firm,
        health=health,
        damping=_damping(groups, one, duty, lower),
        first_hand=duty,
        death="death" in groups,
        sensitive=sensitive,
        consent="consent" in groups,
        groups=groups,
        health_spans=tuple(s for _, g, s in terms if g in {"condition", "procedure", "drug"} or g.startswith("sensitive_")),
    )


def _patient(
    ours: bool, one: bool, duty: bool, groups: frozenset[str], names: list[Part], numbers: list[Part], types: set[str], lower: str
) -> tuple[float, float]:
    """How surely somebody here is a patient: the strongest of the firm signs, and of all signs."""
    first_person = bool(_FIRST_PERSON.search(lower))
    aged = bool(types & {"AGE", "AGE_OVER_89"})
    described = aged or bool(groups & {"person_unnamed", "occupation", "public_role", "relation_known", "pronoun"})
    numbered = any(part.kind not in _CONTACT_KINDS for part in numbers)
    someone = described or bool(names) or numbered
    titled = any(part.weight >= _TITLED for part in names)
    sensitive = any(group.startswith("sensitive_") for group in groups)
    ill = sensitive or bool(groups & {"condition", "procedure"})
    firm = (
        (1.0, ours),
        (0.95, one and (duty or bool(names or numbers) or aged)),
        (0.9, someone and duty),
        (0.9, "ROOM_BED" in types and (someone or duty or ill or bool(groups & {"encounter", "death"}))),
        (0.9, "relation_known" in groups and bool(groups & {"ward", "encounter", "on_duty"})),
        (0.8, one),
        (0.8, someone and "encounter" in groups and (first_person or numbered)),
        (0.75, someone and "ward" in groups and first_person),
        (0.7, described and "encounter" in groups and bool(groups & {"ward", "time_near"})),
        (0.7, bool(names) and numbered),
        (0.6, someone and "encounter" in groups),
        (0.6, titled),
        (0.6, bool(names) and "relation_theirs" in groups),
        (0.5, bool(names) and sensitive),
        (0.45, bool(names)),
        (0.15, "patients_many" in groups),
    )
    loose = (
        (0.75, described and ill and first_person),
        (0.65, described and ill and "pronoun" in groups),
        (0.6, ill and bool(groups & {"occupation", "public_role", "relation_known"})),
        (0.6, aged and ill),
    )
    surest = max((weight for weight, holds in firm if holds), default=0.0)
    return surest, max([surest, *(weight for weight, holds in loose if holds)])


def _damping(groups: frozenset[str], one: bool, duty: bool, lower: str) -> float:
    """What makes a passage unlikely to tell of a real patient of ours."""
    factor = 0.15 if "fiction" in groups or "not_a_person" in groups or _HISTORY.search(lower) else 1.0
    if "consent" in groups:
        factor *= 0.3
    if not one and not duty:
        for group, weight in (
            ("news", 0.4),
            ("public_figure", 0.4),
            ("statistic", 0.5),
            ("own_health", 0.25),
            ("own_family", 0.25),
        ):
            factor *= weight if group in groups else 1.0
    if "job" in groups and not one:
        factor *= 0.3
    if not duty:
        for group, weight in (("education", 0.4), ("event_notice", 0.4)):
            factor *= weight if group in groups else 1.0
    return factor


def _name(page: Page, entity: Entity, institution: Institution) -> Iterator[Part]:
    """A name as a part, unless it is staff's, the institution's or a public figure's."""
    start, end = entity.span.start, entity.span.end
    before, after = page.before(start), page.after(end)
    if _is_of_institution(page.text[max(0, start - 20) : end + 20], page.text[start:end], institution):
        return
    if _PATIENT_BEFORE.search(before) is None:
        if _STAFF_BEFORE.search(before) or _STAFF_AFTER.search(after):
            return
        reach = 40 if _TITLE_BEFORE.search(before) else 90
        if any(g in {"staff", "public_figure", "own_family"} and _near(page, s, start, end, reach) for g, s in page.terms):
            return
    weight = 0.6 if entity.score < 0.5 else 0.9
    if _TITLE_BEFORE.search(before):
        weight = _TITLED
    yield Part("a name", weight, entity.span)


def _near(page: Page, span: Span, start: int, end: int, reach: int) -> bool:
    """Whether a term stands within `reach` of [start, end) and in the same sentence."""
    gap = page.text[end : span.start] if span.start >= end else page.text[span.end : start]
    return len(gap) <= reach and not _SENTENCE_END.search(
        gap.replace("Mr. ", "Mr ").replace("Mrs. ", "Mrs ").replace("Dr. ", "Dr ")
    )


def _is_of_institution(around: str, name: str, institution: Institution) -> bool:
    known = (institution.name, *institution.short_names, *institution.units, *institution.brands)
    return any(name in entry and (name == entry or entry in around) for entry in known)


def _number(page: Page, entity: Entity, institution: Institution) -> Iterator[Part]:
    """A number, address or date as a part, unless it is the institution's, the author's own or a product's."""
    text = page.text[entity.span.start : entity.span.end]
    before = page.before(entity.span.start)
    if entity.type in {"PHONE_NUMBER", "FAX_NUMBER"} and _digits(text) in {_digits(p) for p in institution.public_phones}:
        return
    if entity.type == "EMAIL_ADDRESS":
        address = fold(text).lower
        domain = address.rpartition("@")[2]
        if address in institution.public_emails or any(domain == d or domain.endswith("." + d) for d in institution.domains):
            return
    if _PRODUCT_BEFORE.search(before) or (entity.type not in STRONG and _OWN_BEFORE.search(before)):
        return
    yield _part(DIRECT[entity.type], entity.span)


def _part(known: tuple[float, str], span: Span) -> Part:
    return Part(known[1], known[0], span)


def _digits(text: str) -> str:
    return "".join(char for char in fold(text).text if char.isdigit())[-10:]


def _each_kind_once(parts: Iterable[Part]) -> Iterator[Part]:
    seen: set[str] = set()
    for part in parts:
        if part.kind not in seen:
            seen.add(part.kind)
            yield part


def _either(weights: Iterable[float]) -> float:
    """The chance that at least one of several independent signs is right."""
    return 1.0 - math.prod(1.0 - weight for weight in weights)


def identifying(parts: Iterable[Part]) -> float:
    """How far `parts` together go towards one person."""
    return _either(part.weight for part in parts)
