"""Shapes for what stock Presidio lacks of HIPAA's eighteen identifiers (45 CFR 164.514(b)(2)), in English and Spanish.

Most ask for a cue word, because a number alone says nothing. Patterns are read against folded text: no accents, one kind of
dash, quote and space. Each is linear: no repeat within a repeat, every gap bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

from detectors._identifiers import Check, Shape

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_MESES = r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:(?:19|20)\d\d|'\d\d)"
_WORDED_DATE = (
    rf"(?:{_MONTHS}\.?\s+{_DAY}(?:st|nd|rd|th)?\b(?:,?\s+{_YEAR}\b)?"
    rf"|{_DAY}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTHS}\b(?:,?\s+{_YEAR}\b)?"
    rf"|{_DAY}\s+de\s+{_MESES}\b(?:\s+del?\s+{_YEAR}\b)?)"
)
_NUMERIC_DATE = rf"(?:(?:19|20)\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d\d)|{_DAY}/{_DAY})"
_WEEKDAY = (
    r"(?:(?:last|this past|on|this)\s+(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:\s+(?:night|morning|afternoon|evening))?"
    r"|el\s+(?:pasado\s+)?(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo)(?:\s+pasado)?)"
)
_NEAR_DAY = r"(?:yesterday|last night|last week|ayer|anoche|anteayer|la semana pasada)"
_DATE = rf"(?:{_WORDED_DATE}|{_NUMERIC_DATE})"
_SOME_DAY = rf"(?:{_WORDED_DATE}|{_NUMERIC_DATE}|{_WEEKDAY}|{_NEAR_DAY})"

_NUMBER_WORD = r"(?:(?:number|num|no|nr|numero|nro|id|is|was|es|era|de)\b\.?|[:#=.-]|\s){0,6}"
_CODE = r"(\d{2,4}(?: \d{2,4}){1,4}\b|(?:[A-Z]{1,4}-?)?\d[\dA-Z]*(?:[-.][\dA-Z]+)*)"  # '12 34 56', or 'AB-123456'
_GAP = r"[^.!?\n\d]{0,30}?"

_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_ONES = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_YEARS_OLD = r"(?:-|\s){0,2}(?:y/?o\b|y\.o\.|(?:years?|yrs?|months?|mos?|weeks?|wks?|days?)(?:-|\s)old\b)"
_NOT_A_THING = (
    r"(?!\s+(?:hospital|institution|tradition|building|program|company|school|organi[sz]ation|law|practice|study|trial))"
)
_AGE = r"(1[01]\d|\d{1,2})"
_OLD_AGE = r"(9\d|1[01]\d)"

_STATES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
)
_STREET_WORD = (
    r"(?:[Ss]t|[Ss]treet|[Aa]ve|[Aa]venue|[Bb]lvd|[Bb]oulevard|[Rr]d|[Rr]oad|[Dd]r|[Dd]rive|[Ll]n|[Ll]ane|[Cc]t|[Cc]ourt|[Pp]l|"
    r"[Pp]lace|[Pp]kwy|[Pp]arkway|[Tt]errace|[Hh]wy|[Cc]ircle|[Cc]oncourse|[Bb]roadway)"
)
_FLAT = r"(?:,?\s+(?:[Aa]pt|[Aa]partment|[Uu]nit|#)\.?\s{0,2}[\w-]{1,6})?"


def _has_digits(least: int) -> Check:
    """A check that refuses a match with fewer digits and has no say about others."""
    return lambda matched: None if sum(char.isdigit() for char in matched) >= least else False


def _of_a_life(matched: str) -> bool | None:
    """Refuses 0 and numbers that no person is old."""
    return None if 0 < int(matched) < 120 else False


def hipaa_shapes() -> Iterator[Shape]:
    """Record, plan, account, device and vehicle numbers, rooms, dates of care, ages, addresses, links, biometrics."""
    yield from _record_numbers()
    yield from _dates()
    yield from _ages()
    yield from _places()


def _numbered(kind: str, cue: str, score: float, digits: int) -> Shape:
    return Shape(kind, rf"\b(?:{cue}){_NUMBER_WORD}{_CODE}", score, check=_has_digits(digits), groups=(1,))


def _record_numbers() -> Iterator[Shape]:
    yield _numbered("MEDICAL_RECORD_NUMBER", r"mrn\b|m\.r\.n\.|mr#|nhc\b", 0.9, 4)
    yield _numbered(
        "MEDICAL_RECORD_NUMBER",
        r"med(?:ical)?\s+rec(?:ord)?s?\b|chart\b(?=\s*(?:#|n))|patient\s+(?=id\b|#|n(?:o|umber)\b)|hospital\s+(?=id\b|no\b|number)"
        r"|historias?\s+(?:clinicas?|medicas?)\b|\bhc\s*[#:]|expediente(?:\s+(?:clinico|medico))?\b|\bh\.c\.",
        0.85,
        5,
    )
    yield _numbered("ACCESSION_NUMBER", r"accession\b|encounter(?=\s*(?:#|n|id))|csn\b|specimen(?=\s*(?:#|n|id))", 0.75, 4)
    yield _numbered("ACCOUNT_NUMBER", r"(?:patient\s+)?(?:account|acct)\b|billing\s+(?=#|n|id)|cuenta\b", 0.6, 5)
    yield _numbered(
        "HEALTH_PLAN_NUMBER",
        r"member\s*(?=id\b|#|n(?:o|umber)\b)|subscriber\s*(?=id\b|#|n)|medicaid\s*(?=id\b|#|n|\d|[a-z]{2}\d)|cin\s*#"
        r"|(?:insurance|policy|plan)\s*(?=id\b|#|n(?:o|umber)\b)|(?:numero\s+de\s+)?(?:poliza|afiliad[oa]|asegurad[oa])\b",
        0.7,
        5,
    )
    letter, either = "[AC-HJKMNP-RT-Y]", r"[\dAC-HJKMNP-RT-Y]"
    yield Shape("US_MBI", rf"\b[1-9]{letter}{either}\d{letter}{either}\d{letter}{letter}\d\d\b", 0.8)
    yield _numbered(
        "DEVICE_ID", r"serial\b|s/n\b|udi\b|(?:device|implant|pacemaker)\s*(?=id\b|#|n|s)|numero\s+de\s+serie\b", 0.6, 4
    )
    yield Shape("VEHICLE_ID", r"\bvin\b[\s:#]{0,4}([A-HJ-NPR-Z0-9]{17})\b", 0.85, groups=(1,))
    yield Shape(
        "VEHICLE_ID",
        r"\b(?:licen[sc]e\s+plate|plate|placas?|matricula)[\s:#]{0,4}(?:(?:number|no|numero|is|es)\b[.:\s#]{0,3})?"
        r"((?-i:[A-Z]{1,4}[- ]?\d{2,4}[A-Z]{0,3}|\d{1,4}[- ]?[A-Z]{2,4}))\b",
        0.7,
        groups=(1,),
    )
    yield Shape("FAX_NUMBER", r"\bfax\b[^\d+\n]{0,12}(\+?1?[-. (]{0,2}\d{3}\)?[-. ]{0,2}\d{3}[-. ]?\d{4})\b", 0.7, groups=(1,))
    yield Shape(
        "BIOMETRIC_ID",
        r"\b(?:(?:his|her|their|patient'?s?|su|sus)\s+(?:finger|voice|palm|hand)\s?prints?|(?:retina|retinal|iris)\s+scan|"
        r"huellas?\s+(?:dactilar(?:es)?|digitales))\b",
        0.45,
    )


def _dates() -> Iterator[Shape]:
    yield Shape("DATE_TIME", rf"\b{_WORDED_DATE}", 0.6)
    yield Shape("DATE_TIME", rf"\b{_WEEKDAY}\b", 0.4)
    birth = (
        r"d\.?o\.?b\b\.?|date\s+of\s+birth|birth\s?date|born(?:\s+on)?|birthday|fecha\s+de\s+nacimiento|f\.?\s?nac\b\.?|fdn|"
        r"nacid[oa]|nacio"
    )
    yield Shape("DATE_OF_BIRTH", rf"\b(?:{birth})\b\s?(?:(?:is|was|es|el|on)\b|[:=#\s-]){{0,4}}({_DATE})", 0.85, groups=(1,))
    for kind, cue in (
        (
            "ADMISSION_DATE",
            r"admit(?:ted)?|admission|hospitali[sz]ed|intubated|transferred|ingreso|ingresad[oa]|hospitalizad[oa]",
        ),
        ("DISCHARGE_DATE", r"discharged?|dado\s+de\s+alta|dada\s+de\s+alta|alta"),
        ("SURGERY_DATE", r"surgery|operation|operated|procedure|transplant(?:ed)?|cirugia|operad[oa]|operacion"),
        ("DEATH_DATE", r"died|passed(?:\s+away)?|expired|deceased|d\.?o\.?d\b|fallecio|murio|fallecid[oa]"),
    ):
        yield Shape(kind, rf"\b(?:{cue})\b{_GAP}({_SOME_DAY})\b", 0.65, groups=(1,))
    yield Shape(
        "ADMISSION_DATE",
        rf"\b(?:doa|dos|date\s+of\s+(?:service|visit|admission)|fecha\s+de\s+(?:ingreso|atencion))\b[\s:#-]{{0,4}}({_DATE})",
        0.8,
        groups=(1,),
    )


def _ages() -> Iterator[Shape]:
    for kind, number in (("AGE", _AGE), ("AGE_OVER_89", _OLD_AGE)):
        yield Shape(kind, rf"\b{number}{_YEARS_OLD}{_NOT_A_THING}", 0.75, check=_of_a_life, groups=(1,))
        yield Shape(
            kind,
            rf"\b(?:aged|age)[\s:]{{1,3}}(?:of\s)?{number}\b(?!%|\s*(?:to|-|and)\s*\d|\+)",
            0.6,
            check=_of_a_life,
            groups=(1,),
        )
        yield Shape(
            kind,
            rf"(?<![$\d.,])\b{number}\s?(?-i:[MF])\b(?=[,;.)]|\s(?:with|w/|c/o|s/p|present|pt|found|brought|admitted|hx|post|in\b|on\b))"
            r"(?!,?\s(?:in|on)\s(?:funding|grants|gifts|sales|debt|views|revenue))",
            0.6,
            check=_of_a_life,
            groups=(1,),
        )
        yield Shape(
            kind,
            rf"\b(?:de|tiene|tenia|con|cumplio)\s+(?:solo\s+|apenas\s+)?{number}\s+(?:anos|anitos|meses)\b(?!\s+(?:de\s+(?:experiencia|servicio|historia)|despues|atras))",
            0.55,
            check=_of_a_life,
            groups=(1,),
        )
        yield Shape(kind, rf"\b{number}\s+anos\s+de\s+edad\b", 0.75, check=_of_a_life, groups=(1,))
    yield Shape(
        "AGE",
        r"\b(?:s?he|they)(?:'s|'re|\s(?:is|was|are|were|turned))\s(?:only\s|just\s|barely\s)?(\d{1,3})\b"
        r"(?=\s*(?:[.,;!?)]|$|and\b|with\b|years?\b|yrs?\b|months?\b))(?![.,]\d)",
        0.6,
        check=_of_a_life,
        groups=(1,),
    )
    teens = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
    spelt = rf"(?:{teens}|{_ONES}|{_TENS}(?:[- ]{_ONES})?)"
    yield Shape("AGE", rf"\b{spelt}[- ](?:year|month|week|day)s?[- ]old\b{_NOT_A_THING}", 0.7)
    who = r"(?:mujer|hombre|senora?|nin[oa]|joven|muchach[oa])"
    yield Shape("AGE", rf"\b{who}\s+de\s+{_AGE}\b", 0.6, check=_of_a_life, groups=(1,))
    yield Shape("AGE", rf"\b{_AGE}\s+years\s+young\b", 0.6, check=_of_a_life, groups=(1,))
    yield Shape("AGE", rf"\b[A-Z][a-z'-]+,\s{_AGE},\s", 0.5, check=_of_a_life, groups=(1,), any_case=False)


def _places() -> Iterator[Shape]:
    yield Shape(
        "ROOM_BED",
        r"\b(?:room|rm|bed|bay|crib|chair|hallway|isolette|cama|camilla|silla|habitacion|cuarto|cubiculo)\.?\s{0,2}(?:(?:#|no\.|number|numero)\s{0,2})?"
        r"(?:\d{1,4}(?:-?[A-Z])?(?:-\d{1,4}[A-Z]?)?|[A-Z]-?\d{1,4})\b(?!\s*(?:beds?|bath|people|of\s+\d))",
        0.6,
    )
    yield Shape(
        "ROOM_BED",
        r"\b(?:in|from|del)\s(\d{1,2}[A-D]|[2-9]\d\d)\b(?=[\s,.!](?!\s?(?:people|patients|pacientes|days|dollars|%)))",
        0.4,
        groups=(1,),
    )
    yield Shape(
        "ADDRESS",
        rf"\b\d{{1,5}}\s+(?:(?:[NSEW]|North|South|East|West)\.?\s+)?(?:\d{{1,3}}(?:st|nd|rd|th)\s+|(?:[A-Z][\w'.-]{{1,20}}\s+){{1,3}})"
        rf"{_STREET_WORD}\b\.?{_FLAT}",
        0.65,
        any_case=False,
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
    yield Shape("URL", r"\b(?:https?://|www\.)[^\s<>\"'\])}]+", 0.6)
    yield Shape(
        "URL",
        r"(?<![@\w.-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|edu|gov|io|info|health|care)\b(?:/[^\s<>\"'\])}]*)?",
        0.5,
    )
