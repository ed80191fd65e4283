"""Tells whether a reply confirms that the one it answers, or a relative, is or was a patient.

That an answer to a review discloses a visit is what the Office for Civil Rights has fined (Elite Dental 2019, Manasa 2023): the
patient's own words free nobody to confirm them. Advice to anybody ('schedule your visit') confirms nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CARE = r"""(?:visit|stay|appointments?|surgery|operation|procedure|admission|hospitali[sz]ation|treatment|therapy|results|labs?
    |(?:test|lab)\ results|(?:\w+\ )?replacement|bypass|biopsy|scan|mri|x-ray|delivery|birth|discharge|diagnosis|condition
    |medications?|prescription|chart|(?:medical\ )?records?|recovery|rehab|transplant|chemo\w*|mammogram|colonoscopy|vaccination
    |(?:er|emergency)\ visit|wait|bill|insurance\ claim)"""
_CURE = r"""(?:visita|radiografia|espera|estancia|estadia|cita|cirugia|operacion|procedimiento|ingreso|hospitalizacion
    |tratamiento|resultados|parto|alta|diagnostico|expediente|historia\ clinica)"""
_KIN = r"""(?:mother|mom|father|dad|son|daughter|wife|husband|baby|newborn|child|parent|sister|brother|grandmother|grandfather
    |loved\ one|family\ member|spouse|partner)"""
_PARIENTE = r"(?:madre|mama|padre|papa|hij[oa]|espos[oa]|bebe|abuel[oa]|herman[oa]|familiar)"
_TREATED = r"""(?:seen|treated|admitted|discharged|cared\ for|evaluated|operated\ on|a\ patient|under\ (?:our|the)\ care)"""
_TREAT = (
    r"""(?:treat(?:ed)?|care[d]?\ for|(?:took|take)\ (?:\w+\ )?care\ of|deliver(?:ed)?|operated\ on|saw|admitted|discharged)"""
)
_PLACE = r"(?:unit|er|ed|icu|hospital|surgery|care)"
_TEAM = r"(?:we|our\ (?:\w+\ ){0,2}(?:team|staff|nurses?|doctors?))"


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in which a reply confirms. `general` words are said to anybody too, and count only outside of advice."""

    what: str
    pattern: re.Pattern[str]
    general: bool = False


def _way(what: str, pattern: str, *, general: bool = False) -> _Way:
    return _Way(what, re.compile(pattern, re.VERBOSE), general)


_CARE_OF_THEIRS = "a visit, procedure or record of theirs"
_WAYS = (
    _way(
        _CARE_OF_THEIRS,
        rf"\byour\ (?:(?:recent|last|first|previous|hospital|{_KIN}'?s)\ ){{0,2}}{_CARE}\b"
        rf"|\b(?:su|tu)\ (?:ultima\ |reciente\ )?{_CURE}\b",
        general=True,
    ),
    _way(
        "that they were treated",
        rf"\byou(?:r\ {_KIN})?\ (?:were|was|(?:are|is)\ being|had\ been|ha(?:ve|s)\ been)\ (?:\w+\ )?{_TREATED}\b"
        rf"|\b{_TEAM}\ (?:\w+\ ){{0,3}}?{_TREAT}\ (?:you|her|him)\b|\b{_TEAM}\ (?:\w+\ ){{0,3}}?{_TREAT}\ your\b"
        r"|\b(?:took|taking)\ (?:great|good|such\ good|wonderful|excellent)\ care\ of\ (?:you|her|him)\b"
        rf"|\b(?:honor|honou?red|privilege|pleasure|happy|glad|able)\ to\ {_TREAT}\ (?:you|her|him)\b"
        rf"|\b(?:le|lo|la|te)\ (?:atendimos|tratamos|operamos|cuidamos)\b|\bfue\ (?:atendid|tratad|operad|ingresad)[oa]\b"
        r"|\bque\ tuvo\ en\ (?:urgencias|la\ sala|el\ hospital)\b",
    ),
    _way(
        "a relative's care",
        rf"\b(?:for|to|of|with|about)\ your\ {_KIN}\b[^.!?]{{0,30}}\b{_PLACE}\b"
        rf"|\byour\ (?:new\ |late\ )?{_KIN}(?:'s)?\ (?:\w+\ ){{0,2}}?(?:{_CARE}|care)\b"
        rf"|\b(?:trusting|choosing)\ (?:us|our\ \w+)\ (?:\w+\ ){{0,2}}?(?:with|for)\ your\ (?:care|{_CARE})\b"
        rf"|\b(?:su|tu)\ {_PARIENTE}\ (?:fue|estuvo|esta\ siendo)\ (?:atendid|tratad|ingresad|operad|dad)\w+",
    ),
    _way(
        "what the records say",
        r"\b(?:our|your|the)\ (?:records?|chart|file|system)\ (?:shows?|indicates?|says?|confirms?)\b"
        r"|\bas\ (?:noted|documented)\ in\ your\b",
    ),
    _way(
        "that they were a patient",
        rf"\b(?:when|while|since|that)\ you\ were\ (?:here|a\ patient|with\ us|in\ (?:our|the)\ (?:\w+\ )?{_PLACE})\b"
        r"|\byou\ (?:came\ to\ (?:our|the)|visited\ (?:our|us)|left|arrived|missed|refused|declined|checked\ in)\b"
        r"|\bthank\ you\ for\ being\ (?:a|our)\ patient\b",
    ),
)
_ADVICE = re.compile(
    r"""\b(?:if|schedule|book|reschedule|bring|prepare|before\ your|next|upcoming|future|cannot|can't|(?:not\ |un)able\ to
    |may\ not|prior\ to|ahead\ of|for\ any|to\ make|request|access|view|pay|refill|ask|call|find|check|hope\ you|how\ to
    |si|agendar|program(?:e|ar)|proxim[oa]|reservar|traiga|antes\ de|no\ podemos|pueden?)\b""",
    re.VERBOSE,
)
_SENTENCE = re.compile(r"[^.!?\n]+")
_LONGEST_SENTENCE = 1_000
_SCORE, _MORE, _MOST = 0.75, 0.1, 0.95


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
        said = sentence[0][:_LONGEST_SENTENCE]
        advice = _ADVICE.search(said) is not None
        for way in _WAYS:
            if advice and way.general:
                continue
            for match in way.pattern.finditer(said):
                whats[way.what] = None
                extents.append((sentence.start() + match.start(), sentence.start() + match.end()))
    if not extents:
        return None
    return Confirmation(" and ".join(whats), min(_MOST, _SCORE + _MORE * len(extents)), tuple(extents))
