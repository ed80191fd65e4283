"""Tells from a picture's description, and from what the post says of it, whether it may show a patient or a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.records import Span
from detectors._fold import fold
from detectors._phi_evidence import Evidence
from detectors._phi_parts import Page
from detectors._phi_weights import DIRECT

_PICTURE_WORDS = frozenset({"record_picture", "body_picture", "picture"})
_TELLING = frozenset({"PERSON", "PATIENT", "TRAIT", "AGE", "HEALTH", "ROOM_BED"})
_SOMEBODY = frozenset({"person_unnamed", "minor", "body", "body_picture", "record_picture", "condition", "procedure", "ward"})
_PATIENT = re.compile(r"\b(?:patients?|pts?|pacientes?)\b(?!\s?(?:care|safety|experience|portal|education|first))")
_NAME_SHOWN = re.compile(
    r"\b(?:with|shows?|reads?|showing) (?:the |a )?names?\b|\bname (?:visible|legible)|\bnombres? (?:visible|del paciente)"
)
_READABLE = re.compile(
    r"\b(?:screens?|monitor|forms?|papers?|label|sticker|board|list|chart|wristband|bracelet|clipboard|sheet|tablet|laptop"
    r"|computer|phone|"
    r"envelope|folder|binder|card|tag|bottle|bag|pantalla|hoja|etiqueta|pulsera|brazalete|lista|papeles|tablero|carpeta"
    r"|frasco)\b"
    r"[^.]{0,80}\b(?:names?|surname|birth|dob|mrn|address|addressed|readable|legible|visible|nombres?|apellidos?|nacimiento"
    r"|legibles?|room numbers|initials|diagnos\w+|iniciales)\b"
    r"|\b(?:names?|initials|surname|birth ?dates?|dob|mrns?|nombres?|apellidos?)\b[^.]{0,60}\b(?:on|en|behind|readable|legible"
    r"|visible|in the corner)\b"
)
_PERSON = re.compile(
    r"\b(?:(?:an?|the|this|our|old|elderly|young|little|older|teenage|small|smiling)\s(?:\w+\s){0,2}?(?:man|woman|boy|girl"
    r"|child|kid|baby|"
    r"newborn|infant|toddler|teen|teenager|lady|gentleman|grandmother|grandfather|mother|father|couple|twins)|(?:un|una|el"
    r"|la)\s(?:\w+\s){0,2}?"
    r"(?:hombre|mujer|nin[oa]|bebe|senora?|ancian[oa]|abuel[oa]|joven|viejit[oa]))\b"
)
_IN_CARE = re.compile(
    r"\b(?:hospital (?:bed|gown)|stretcher|iv line|oxygen mask|tubes|incubator|cama de hospital|camilla|wheelchair|"
    r"iv pole|an iv|drip|cannula|ventilator|crutches|walker|cast|bandages?|bandaged|without hair|no hair|bald|feeding tube"
    r"|monitors?|in recovery|"
    r"sits? (?:up )?(?:on|in) (?:a |the )?(?:hospital )?bed|in (?:a |his |her |the )?bed|oxygen|gown|isolette|icu|nicu"
    r"|silla de ruedas|suero|oxigeno|"
    r"bata|en (?:una|la|su) cama|muletas|yeso|vendad[oa]|incubadora)\b"
)
_STAFF = re.compile(r"\b(?:nurses?|doctors?|staff|surgeons?|residents?|team|volunteers?|enfermer[oa]s?|equipo)\b")
_OWN_BADGE = re.compile(
    r"\b(?:id |work |staff |my |name )?(?:badge|lanyard|scrubs|jersey|t-?shirt|plaque|trophy|banner|cake)\b"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture seems to show, in words that quote nothing."""

    what: str
    score: float
    spans: tuple[Span, ...]


def shown_in_pictures(pages: Sequence[Page], evidence: Evidence, *, has_media: bool) -> Shown | None:
    """Read the descriptions among `pages`; `evidence` is of the whole passage. None where nothing of the kind is shown."""
    pictured = [page for page in pages if page.name.startswith("media.")]
    if not pictured and not has_media:
        return None
    said = " ".join(fold(page.text).lower for page in pictured)
    groups = {group for page in pictured for group, _ in page.terms()}
    found = _judge(said, groups, {e.type for page in pictured for e in page.entities()}, evidence)
    if found is None:
        return None
    spans = [span for page in pages for group, span in page.terms() if group in _PICTURE_WORDS]
    return Shown(found[0], found[1] * evidence.damping, tuple(spans + [part.span for part in evidence.direct]))


def shows_something(pages: Sequence[Page], evidence: Evidence, *, has_media: bool) -> bool:
    """Whether somebody is described in a picture, or the text speaks of its picture."""
    if has_media and _PICTURE_WORDS & evidence.groups:
        return True
    for page in (page for page in pages if page.name.startswith("media.")):
        if any(e.type in _TELLING or e.type in DIRECT for e in page.entities()):
            return True
        if any(group in _SOMEBODY for group, _ in page.terms()):
            return True
    return False


def _judge(said: str, groups: set[str], types: set[str], evidence: Evidence) -> tuple[str, float] | None:
    a_patient = _PATIENT.search(said) is not None
    identified = bool(types & (DIRECT.keys() | {"PERSON"})) or _NAME_SHOWN.search(said) is not None
    readable = _READABLE.search(said) is not None
    if ("record_picture" in groups and (a_patient or identified)) or (readable and not _OWN_BADGE.search(said)):
        return "a record, screen or board with patients on it", 0.85
    if "body_picture" in groups and (identified or readable or "DATE_TIME" in types):
        return "a patient's scan or wound with a name on it", 0.8
    if a_patient and groups & {"ward", "body_picture", "condition", "procedure", "minor"}:
        return "a patient", 0.8
    if {"minor", "ward"} <= groups or (_PERSON.search(said) and _IN_CARE.search(said)):
        return "a patient", 0.7
    staff_alone = _STAFF.search(said) is not None and not a_patient and _PERSON.search(said) is None
    if not staff_alone and evidence.patient >= 0.8 and ("body_picture" in groups or "picture" in evidence.groups):
        return "a patient, or a patient's scan or wound", 0.75
    return None
