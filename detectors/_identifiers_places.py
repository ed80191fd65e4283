"""Shapes of rooms, addresses, postal codes and links: (B) and (N) of 45 CFR 164.514(b)(2)(i), and where somebody lies.

Rooms as people on wards type them: 'rm 12b', 'bed 3', '6 East', 'MICU 12'. A link is found from its end ('.org') or its '://',
so that a post without one costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from detectors._identifiers import Shape

_STATES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
)
_STREET_WORD = (
    r"(?:[Ss]t|[Ss]treet|[Aa]ve|[Aa]venue|[Bb]lvd|[Bb]oulevard|[Rr]d|[Rr]oad|[Dd]r|[Dd]rive|[Ll]n|[Ll]ane|[Cc]t|"
    r"[Cc]ourt|[Pp]l|"
    r"[Pp]lace|[Pp]kwy|[Pp]arkway|[Tt]errace|[Hh]wy|[Cc]ircle|[Cc]oncourse|[Bb]roadway)"
)
_FLAT = r"(?:,?\s+(?:[Aa]pt|[Aa]partment|[Uu]nit|#)\.?\s{0,2}[\w-]{1,6})?"
_NTH = r"(?:st|nd|rd|th)"
_ENDS = "com|org|net|edu|gov|io|info|health|care|example"
_LINK_END = r"[^\s<>\"'\])}]"
_LINK = re.compile(rf"{_LINK_END}+")
_SCHEMES = ("https", "http")
_DOMAIN_END = re.compile(rf"\.(?:{_ENDS})\b(?![.-]\w)(?:/{_LINK_END}*)?", re.I)
_HOST_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
_HOST_REACH = 256  # characters of a host before its last dot
_NO_HOST_AFTER = frozenset("@_/")


def _links(text: str, _: Set[str]) -> Iterator[tuple[int, int]]:
    """Whole links from their '://'."""
    at = text.find("://")
    while at >= 0:
        scheme = next((s for s in _SCHEMES if text[max(0, at - len(s)) : at].lower() == s), None)
        rest = _LINK.match(text, at + 3)
        if scheme and rest:
            yield at - len(scheme), rest.end()
        at = text.find("://", rest.end() if rest else at + 3)


def _bare_domains(text: str, _: Set[str]) -> Iterator[tuple[int, int]]:
    """Hosts without a scheme, from where they end: the text before is only looked at where one ends."""
    done = 0
    for end in _DOMAIN_END.finditer(text):
        at, least = end.start(), max(done, end.start() - _HOST_REACH)
        while at > least and text[at - 1] in _HOST_SIGNS:
            at -= 1
        before = text[at - 1] if at else " "
        at += len(text[at : end.start()]) - len(text[at : end.start()].lstrip(".-"))
        if at < end.start() and before not in _NO_HOST_AFTER and not before.isalnum():
            yield at, end.end()
            done = end.end()


def place_shapes() -> Iterator[Shape]:
    """ROOM_BED, ADDRESS, ZIP_CODE, URL."""
    yield Shape(
        "ROOM_BED",
        r"\b(?:room|rm|bed|bay|crib|chair|hallway|isolette|stretcher|pod|trauma|cama|camilla|silla|habitacion|hab|"
        r"cuarto|cubiculo)\.?\s{0,2}(?:(?:#|no\.|number|numero)\s{0,2})?"
        r"(?:\d{1,4}(?:-?[A-Z])?(?:-\d{1,4}[A-Z]?)?|[A-Z]-?\d{1,4})\b(?!\s*(?:beds?|bath|people|of\s+\d|hours|%|"
        r"minutes|patients|deep))",
        0.6,
    )
    yield Shape(
        "ROOM_BED",
        r"\b(?:in|from|del)\s(\d{1,2}[A-D]|[2-9]\d\d)\b(?=[\s,.!](?!\s?(?:people|patients|pacientes|days|dollars|%)))",
        0.4,
        groups=(1,),
    )
    yield Shape(
        "ROOM_BED",
        r"(?<![\d#.,/$-])\b\d{1,2}\s(?:East|West|North|South|EAST|WEST|Este|Oeste|Norte|Sur)\b(?!\s(?:\d|[A-Z])|ern|-)",
        0.45,
        any_case=False,
    )
    yield Shape(
        "ROOM_BED",
        r"\b(?:on|up\sto|from|down\son)\s\d{1,2}\s(?:east|west|north|south)\b(?!\s(?:\d|st\b|street|ave|side|of\b))",
        0.4,
    )
    yield Shape("ROOM_BED", r"\b(?:on|in|up\sto|from|our)\s(\d{1,2}[EWNS])\b(?!\s\d)", 0.4, any_case=False, groups=(1,))
    yield Shape(
        "ROOM_BED",
        r"\b(?:MICU|SICU|NICU|PICU|CCU|CVICU|PACU|ICU|ED|ER|UCI|micu|sicu|nicu|picu|cvicu|pacu)\s?(?:rm\s|room\s|"
        r"bed\s|#)?\d{1,3}\b(?!\s?(?:beds|patients|%|days|hours|nurses|shifts|years))",
        0.45,
        any_case=False,
    )
    yield Shape(
        "ADDRESS",
        rf"\b\d{{1,5}}\s+(?:(?:[NSEW]|North|South|East|West)\.?\s+)?(?:\d{{1,3}}{_NTH}\s+|(?:[A-Z][\w'.-]{{1,20}}\s+){{1,3}})"
        rf"{_STREET_WORD}\b\.?{_FLAT}",
        0.65,
        any_case=False,
    )
    yield Shape(
        "ADDRESS",
        r"\b(?:lives?|living|stays?|home|address|house)\b[^.!?\n]{0,16}?\b(\d{1,5}\s(?:[nsew]\.?\s|north\s|south\s|"
        r"east\s|west\s)?(?:\d{1,3}"
        rf"{_NTH}\s|[a-z]{{2,16}}\s){{1,2}}(?:st|street|ave|avenue|blvd|rd|road|dr|drive|ln|lane|ct|court|pl|place)\b)",
        0.6,
        groups=(1,),
    )
    yield Shape(
        "ADDRESS",
        r"\b(?:[Cc]alle|[Aa]venida|[Aa]vda\.|[Cc]arrera)\s+[A-Z\d][\w ]{0,30}?[ ,#]{1,3}\d{1,5}\b",
        0.6,
        any_case=False,
    )
    yield Shape("ADDRESS", r"\bp\.?\s?o\.?\s+box\s+\d{1,6}\b", 0.6)
    yield Shape("ZIP_CODE", r"\b(?:zip(?:\s?code)?|codigo\s+postal)[\s:]{1,3}(\d{5}(?:-\d{4})?)\b", 0.7, groups=(1,))
    yield Shape("ZIP_CODE", rf"\b{_STATES}\.?,?\s+(\d{{5}}(?:-\d{{4}})?)\b", 0.6, any_case=False, groups=(1,))
    yield Shape("URL", rf"https?://{_LINK_END}", 0.6, matcher=_links)
    yield Shape("URL", rf"(?:^|[^a-z0-9/@_])[a-z0-9.-]+\.(?:{_ENDS})\b", 0.5, matcher=_bare_domains)
