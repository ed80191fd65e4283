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
_PATIENT = re.compile(r"\b(?:patients?|pts?|pacientes?)\b(?!\s?(?:care|safety|experience|portal|education|first))")
_NAME_SHOWN = re.compile(
    r"\b(?:with|shows?|reads?|showing) (?:the |a )?names?\b|\bname (?:visible|legible)|\bnombres? (?:visible|del paciente)"
)
_IN_CARE = re.compile(r"\b(?:hospital (?:bed|gown)|stretcher|iv line|oxygen mask|tubes|incubator|cama de hospital|camilla)\b")


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


def _judge(said: str, groups: set[str], types: set[str], evidence: Evidence) -> tuple[str, float] | None:
    a_patient = _PATIENT.search(said) is not None
    identified = bool(types & (DIRECT.keys() | {"PERSON"})) or _NAME_SHOWN.search(said) is not None
    if "record_picture" in groups and (a_patient or identified):
        return "a record, screen or board with patients on it", 0.85
    if "body_picture" in groups and identified:
        return "a patient's scan or wound with a name on it", 0.8
    if a_patient and groups & {"ward", "body_picture", "condition", "procedure", "minor"}:
        return "a patient", 0.8
    if {"minor", "ward"} <= groups or ("person_unnamed" in groups and _IN_CARE.search(said)):
        return "a patient", 0.7
    if evidence.patient >= 0.8 and ("body_picture" in groups or "picture" in evidence.groups):
        return "a patient, or a patient's scan or wound", 0.75
    return None
