"""Tells whether a reply confirms that the one it answers, or a relative, is or was a patient.

That an institution's answer to a review discloses a visit is what the Office for Civil Rights has fined (Elite Dental 2019, Manasa
2023): the patient's own words free nobody to confirm them. Advice to anybody ('schedule your visit') confirms nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CARE = (
    r"(?:visit|stay|appointments?|surgery|operation|procedure|admission|hospitali[sz]ation|treatment|therapy|test results|labs?|lab results|"
    r"results|(?:\w+\s)?replacement|bypass|biopsy|scan|mri|x-ray|delivery|birth|discharge|diagnosis|condition|medications?|prescription|chart|medical records?|"
    r"records?|recovery|rehab|transplant|chemo\w*|mammogram|colonoscopy|vaccination|er visit|emergency visit|wait|bill|insurance claim)"
)
_CURE = r"(?:visita|radiografia|espera|estancia|estadia|cita|cirugia|operacion|procedimiento|ingreso|hospitalizacion|tratamiento|resultados|parto|alta|diagnostico|expediente|historia clinica)"
_KIN = r"(?:mother|mom|father|dad|son|daughter|wife|husband|baby|newborn|child|parent|sister|brother|grandmother|grandfather|loved one|family member|spouse|partner)"
_PARIENTE = r"(?:madre|mama|padre|papa|hijo|hija|esposa|esposo|bebe|abuela|abuelo|hermana|hermano|familiar)"

_CONFIRMS = {
    "a visit, procedure or record of theirs": rf"\b(?:your|during your|from your|about your)\s+(?:(?:recent|last|first|previous|er|emergency|hospital|{_KIN}'?s)\s+){{0,2}}{_CARE}\b",
    "that they were treated": (
        r"\b(?:you|your (?:"
        + _KIN
        + r"))\s+(?:were|was|are being|is being|had been|have been|has been)\s+(?:\w+\s+)?(?:seen|treated|admitted|discharged|cared for|evaluated|operated on|a patient|under (?:our|the) care)\b"
        r"|\b(?:we|our (?:\w+\s+){0,2}(?:team|staff|nurses?|doctors?))\s+(?:\w+\s+){0,3}?(?:treat(?:ed)?|car(?:e|ed) for|took (?:great |good |such )?care of|take care of|deliver(?:ed)?|operated on|saw|admitted|discharged|help(?:ed)? deliver)\s+(?:for\s+)?(?:you|her|him|your\b)"
        r"|\b(?:took|taking) (?:great|good|such good|wonderful|excellent) care of (?:you|your|her|him)\b"
        r"|\b(?:honor|honou?red|privilege|pleasure|happy|glad|able) to (?:treat|care for|take care of|deliver) (?:you|her|him|your)\b"
    ),
    "a relative's care": rf"\b(?:for|to|of|with|about) your {_KIN}\b[^.!?]{{0,30}}\b(?:icu|er|ed|hospital|unit|surgery|care)\b|\byour\s+(?:new\s+|late\s+)?{_KIN}(?:'s)?\s+(?:\w+\s+){{0,2}}?(?:{_CARE}|care|was|had|is)\b|\b(?:trusting|choosing) (?:us|our \w+)\s+(?:\w+\s+){{0,2}}?(?:with|for) your (?:{_KIN}(?:'s)?\s+)?(?:care|{_CARE})\b",
    "what the records say": r"\b(?:our|your|the) (?:records?|chart|file|system)\s+(?:shows?|indicates?|says?|confirms?)\b|\bas (?:noted|documented) in your\b",
    "that they were a patient": r"\b(?:when|while|since|that) you were (?:here|a patient|with us|in (?:our|the) (?:\w+\s+)?(?:unit|er|ed|icu|hospital|care))\b|\byou (?:came to (?:our|the)|visited (?:our|us)|left|arrived|missed|refused|declined|checked in)\b|\bthank you for being (?:a|our) patient\b",
    "su atencion": rf"\b(?:su|tu)\s+(?:ultima\s+|reciente\s+)?{_CURE}\b|\b(?:su|tu)\s+{_PARIENTE}\s+(?:fue|estuvo|esta siendo)\s+(?:atendid|tratad|ingresad|operad|dad)\w+|\b(?:le|lo|la|te) (?:atendimos|tratamos|operamos|cuidamos)\b|\bque tuvo en (?:urgencias|la sala|el hospital)|\bfue (?:atendid|tratad|operad|ingresad)[oa]\b",
}
_LABEL = {"su atencion": "a visit, procedure or record of theirs"}
_COMPILED = {what: re.compile(pattern) for what, pattern in _CONFIRMS.items()}

# What turns a mention of care into advice or refusal, in the same sentence.
_TO_ANYBODY = re.compile(
    r"\b(?:if|schedule|book|reschedule|bring|prepare|prepare for|before your|next|upcoming|future|cannot|can't|unable to|not able to|may not|"
    r"prior to|ahead of|for any|to make|request|access|view|pay|refill|ask|call|find|check|hope you|how to|si|agendar|programe|programar|proxim[oa]|reservar|traiga|antes de|"
    r"no podemos|puede|pueden)\b"
)
_ADVICE_PROOF = frozenset({"that they were treated", "what the records say", "that they were a patient", "a relative's care"})
_SENTENCE = re.compile(r"[^.!?\n]+")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a reply gives away, how sure that is, and where it stands in the folded text."""

    what: str
    score: float
    extents: tuple[tuple[int, int], ...]


def confirms_a_patient(lower: str) -> Confirmation | None:
    """Read a reply (folded, lower case) sentence by sentence; None where it confirms nothing."""
    whats: dict[str, None] = {}
    extents: list[tuple[int, int]] = []
    for sentence in _SENTENCE.finditer(lower):
        advice = bool(_TO_ANYBODY.search(sentence[0]))
        for what, pattern in _COMPILED.items():
            if advice and what not in _ADVICE_PROOF:
                continue
            for match in pattern.finditer(sentence[0]):
                whats[_LABEL.get(what, what)] = None
                extents.append((sentence.start() + match.start(), sentence.start() + match.end()))
    if not extents:
        return None
    return Confirmation(" and ".join(whats), min(0.95, 0.75 + 0.1 * len(extents)), tuple(extents))
