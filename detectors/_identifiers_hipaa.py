"""Shapes for what stock Presidio lacks of HIPAA's eighteen identifiers (45 CFR 164.514(b)(2)), in English and Spanish.

Most ask for a cue word, because a number alone says nothing. Patterns are read against folded text: no accents, one kind of
dash, quote and space. Each is linear: no repeat within a repeat, every gap bounded. Letters in brackets at the head of each
group are those of 164.514(b)(2)(i); dates and ages stand in `_identifiers_dates`, places and links in `_identifiers_places`.
"""

from __future__ import annotations

from collections.abc import Iterator

from detectors._identifiers import Check, Shape
from detectors._identifiers_dates import age_shapes, date_shapes
from detectors._identifiers_places import place_shapes

_NUMBER_WORD = (
    r"(?:(?:number|num|no|nr|nro|nbr|numero|id|is|was|es|era|de|ends?|ending|in|with|under|s)\b\.?|[:#=._\-'\"*(]|\s){0,8}"
)
# '12 34 56', '4 4 7 1 2', '12/34/567', or 'AB-123456'
_CODE = r"(\d{2,4}(?:[ /]\d{2,5}){1,4}\b|\d(?: \d){3,11}\b|(?:[A-Z]{1,4}[-_]?)?\d[\dA-Z]*(?:[-._/][\dA-Z]+){0,6})"
_NO_MEASURE = r"(?!\s?(?:mg|mcg|ml|cc|kg|lbs?|%|percent|years?|days?|hours?|hrs?|people|patients|beds|times|weeks?|steps)\b)"
_MASK = r"[X*#]"
_HER = r"(?:(?:his|her|their|your|my|the|pt'?s?|patient'?s?|su|mom'?s|dad'?s)\s)?"


def _has_digits(least: int) -> Check:
    """A check that refuses a match with fewer digits, or that is a year, and has no say about others."""

    def check(matched: str) -> bool | None:
        digits = sum(char.isdigit() for char in matched)
        is_year = digits == len(matched) == 4 and matched[:2] in {"19", "20"}
        return None if digits >= least and not is_year else False

    return check


def hipaa_shapes() -> Iterator[Shape]:
    """Record, plan, account, device and vehicle numbers, rooms, dates of care, ages, addresses, links, biometrics."""
    yield from _record_numbers()
    yield from _social_security()
    yield from _papers()
    yield from _things()
    yield from _contacts()
    yield from date_shapes()
    yield from age_shapes()
    yield from place_shapes()


def _numbered(kind: str, cue: str, score: float, digits: int) -> Shape:
    return Shape(kind, rf"\b(?:{cue}){_NUMBER_WORD}{_CODE}{_NO_MEASURE}", score, check=_has_digits(digits), groups=(1,))


def _record_numbers() -> Iterator[Shape]:
    """(H) medical record numbers, (I) health plan beneficiary numbers, (J) account numbers, (R) codes of tests and visits."""
    yield _numbered("MEDICAL_RECORD_NUMBER", r"mrns?(?![a-z])|m\.r\.n\.|mr\s?#|nhc\b|med\s?rec\b|emr\s?#|ehr\s?#", 0.9, 4)
    yield _numbered(
        "MEDICAL_RECORD_NUMBER",
        r"med(?:ical)?\s+rec(?:ord)?s?\b|record\s?(?=#|n(?:o|um|umber)\b)|chart\b(?=\s*(?:#|n))|(?:patient|"
        r"pt)\s?(?=id\b|#|n(?:o|umber)\b)"
        r"|hospital\s+(?=id\b|no\b|number)|historias?\s+(?:clinicas?|medicas?)\b|\bhc\s*[#:]|"
        r"expediente(?:\s+(?:clinico|medico))?\b|\bh\.c\.",
        0.85,
        4,
    )
    yield _numbered(
        "ACCESSION_NUMBER",
        r"accession\b|encounter(?=\s*(?:#|n|id))|csn\b|specimen(?=\s*(?:#|n|id))|visit\s?(?=#|n(?:o|umber)\b)",
        0.75,
        4,
    )
    yield _numbered(
        "ACCOUNT_NUMBER",
        r"(?:patient\s+)?(?:account|acct)s?\b(?:\sdetails)?|a/c\b|billing\s+(?=#|n|id)|cuenta\b|routing\b|"
        r"invoice\s?(?=#|n(?:o|umber)\b)",
        0.6,
        4,
    )
    plan = r"insurance|policy|plan|policyholder|group|medicare|humana|aetna|cigna"
    yield _numbered(
        "HEALTH_PLAN_NUMBER",
        r"member\s*(?=id\b|#|n(?:o|umber)\b)|subscriber\s*(?=id\b|#|n)|medicaid\s*(?=id\b|#|n|:|\d|[a-z]{2}\d)|cin\s*#"
        rf"|(?:{plan})\s*(?=id\b|#|n(?:o|umber)\b)|(?:numero\s+de\s+)?(?:poliza|afiliad[oa]|asegurad[oa])\b|"
        rf"insurance\spolicy\s?(?=#)",
        0.7,
        5,
    )
    letter, either = "[AC-HJKMNP-RT-Y]", r"[\dAC-HJKMNP-RT-Y]"
    yield Shape("US_MBI", rf"\b[1-9]{letter}{either}\d{letter}{either}\d{letter}{letter}\d\d\b", 0.8)


def _of_nine(matched: str) -> bool | None:
    """Nine digits in an area and group that may have been issued (the Social Security Administration's rules)."""
    digits = "".join(char for char in matched if char.isdigit())
    refused = len(digits) != 9 or digits[:3] in {"000", "666"} or digits[3:5] == "00" or digits[5:] == "0000"
    return False if refused or digits in {"078051120", "219099999"} else None


def _social_security() -> Iterator[Shape]:
    """(G) social security numbers: cued in any grouping, partly masked, or the last four of one."""
    cue = r"(?:ssn?s?(?:\s?#|\b)|soc(?:ial)?\b(?:\ssec(?:urity)?\b)?|(?:numero\sde\s)?seguro\ssocial|nss\b)"
    yield Shape(
        "US_SSN",
        rf"\b{cue}{_NUMBER_WORD}(\d{{3}}[-./ ]{{0,3}}\d\d[-./ ]{{0,3}}\d{{4}})(?!\d)",
        0.85,
        check=_of_nine,
        groups=(1,),
    )
    yield Shape(
        "US_SSN",
        rf"(?<![\w*])((?:{_MASK}{{3}}|\d{{3}})[- ]?{_MASK}{{2}}[- ]?(?:\d{{4}}|{_MASK}{{4}}))(?![\w*])",
        0.5,
        check=_has_digits(3),
    )
    last = (
        r"(?:last\s(?:4|four)(?:\sdigits)?|last4|l4|ends?\s(?:in|with)|ending\s(?:in|with)|ultim[oa]s\s(?:4|"
        r"cuatro)(?:\sdigitos)?|termina\sen)"
    )
    yield Shape(
        "US_SSN",
        rf"\b(?:{last}(?:\s(?:of|de|del)\s{_HER}|\s|:\s?){cue}|{cue}\W{{1,3}}{last})\b[^\d.\n]{{0,16}}(\d{{4}})\b",
        0.45,
        groups=(1,),
    )


def _papers() -> Iterator[Shape]:
    """(K) certificate and licence numbers; (R) any other number that a person is filed under."""
    number = r"(?:#|n(?:o|um|umber|ro|umero)?\b|id\b|:)"
    yield _numbered(
        "US_DRIVER_LICENSE",
        rf"(?:driver'?s?|drivers|driving)\s?(?:licen[sc]e|lic)s?\b|dl\s?{number}|licencia\sde\s(?:conducir|manejo)|"
        rf"licen[sc]e\s?(?=#|id\b|n(?:o|umber)\b)",
        0.7,
        5,
    )
    yield Shape(
        "US_PASSPORT",
        rf"\b(?:passport|pasaporte){_NUMBER_WORD}([A-Z]{{0,3}}\d{{6,9}}[A-Z]?)\b",
        0.75,
        groups=(1,),
    )
    yield _numbered("LICENSE_NUMBER", rf"(?:certificate|cert|lic|permit|dea|npi|nursing\slicense)\s?(?={number})", 0.55, 5)
    yield _numbered(
        "ID_NUMBER",
        r"(?:tax|taxpayer|employee|student|voter|national|user|client|resident|inmate|donor|study|subject|participant|"
        r"badge|staff|tribal|"
        r"case|file|suspect|identification|patient|medical|federal)\s?(?:id(?:entification)?\b|(?=#|n(?:o|umber)\b))|"
        r"(?-i:ID|TIN|ATIN|EIN)\s?(?:#|\bnumber\b|\bno\b|:|(?=\s\d{2}-\d{7}))"
        r"|folio\b|cedula\b|dni\b|nie\b|curp\b|pan\s?(?:card|number|no)\b|aadhaa?r\b",
        0.55,
        5,
    )
    yield Shape(
        "ID_NUMBER",
        r"\b(?:pan|curp|voter|aadhaa?r|account|acct)\b[^\d\n.]{0,12}?\b((?=[A-Z]{0,12}\d)[A-Z]{3,12}\d{3,18}[A-Z]{0,2})\b",
        0.55,
        groups=(1,),
    )


def _checks_out(matched: str) -> bool | None:
    """The check digit of a vehicle identification number (49 CFR 565.15), in ninth place."""
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    vin = matched.upper()
    total = sum(weight * (int(char) if char.isdigit() else values[char]) for weight, char in zip(weights, vin, strict=True))
    return None if "0123456789X"[total % 11] == vin[8] and vin[-4:].isdigit() and not vin.isdigit() else False


def _things() -> Iterator[Shape]:
    """(L) vehicles and plates, (M) devices, (P) biometric identifiers."""
    yield _numbered(
        "DEVICE_ID",
        r"serial\b|s/n\b|sn\s?[#:]|udi\b|lot\s?#|(?:device|implant|pacemaker|icd|pump|stent|valve|generator|"
        r"lead)\s*(?=id\b|#|n(?:o|umber)\b|s(?:/n|erial|n\b))|"
        r"numero\s+de\s+serie\b",
        0.6,
        4,
    )
    yield Shape(
        "VEHICLE_ID", r"\bvin\b[\s:#]{0,4}(?:(?:number|no|is|es)\b[\s:.#]{0,3})?([A-HJ-NPR-Z0-9]{17})\b", 0.85, groups=(1,)
    )
    yield Shape("VEHICLE_ID", r"\b(?=[A-HJ-NPR-Z]{0,8}\d)[A-HJ-NPR-Z0-9]{13}\d{4}\b", 0.5, check=_checks_out)
    yield Shape(
        "VEHICLE_ID",
        r"\b(?:licen[sc]e\s+plate|plates?|tags?|placas?|matricula)[\s:#]{0,4}(?:(?:number|no|numero|is|was|es|era|"
        r"read|reads)\b[.:\s#]{0,3})?"
        r"((?-i:[A-Z]{1,4}[- ]?\d{2,4}[A-Z]{0,3}|\d{1,4}[- ]?[A-Z]{2,4}\d{0,4}))\b",
        0.7,
        groups=(1,),
    )
    yield Shape(
        "VEHICLE_ID",
        r"\b(?:licen[sc]e\s+plate|plates?|placas?)[\s:#]{0,4}(?:(?:is|was|read|reads|es)\s)?([a-z]{2,4}-?\d{3,4})\b",
        0.6,
        groups=(1,),
    )
    yield Shape(
        "BIOMETRIC_ID",
        r"\b(?:(?:his|her|their|pt'?s?|patient'?s?|su|sus|del\spaciente)\s+(?:finger|thumb|voice|palm|hand|foot)\s?prints?\b|"
        r"(?:his|her|their|pt'?s?|patient'?s?)\s(?:face|facial|iris|retina|retinal|dna)\s(?:scan|id|profile|recognition)\b|"
        r"(?:retina|retinal|iris)\s+scan|huellas?\s+(?:dactilar(?:es)?|digitales)|(?:finger|thumb|"
        r"voice)prints?\sof\s(?:my|our|the|a)\s(?:patient|pt))",
        0.45,
    )


def _contacts() -> Iterator[Shape]:
    """(D) telephone numbers, (E) fax numbers, (R) handles: what Presidio does not read, where a person is meant."""
    ten = r"(?:\+?1[-./ ]{0,2})?\(?\d{3}\)?[-./ ]{0,3}\d{3}[-./ ]{0,3}\d{4}"
    yield Shape("FAX_NUMBER", rf"\b(?:fax|fx|facsimil)\b[^\d+\n]{{0,16}}?({ten})\b", 0.7, groups=(1,))
    cue = (
        r"(?:call|text|txt|tel|ph|phone|cell|mobile|whatsapp|wa|contact|celular|cel|telefono|movil|llam\w{1,5}|"
        r"marca\w{0,3})"
    )
    yield Shape("PHONE_NUMBER", rf"\b{cue}\b[^\d+\n]{{0,24}}?({ten})(?![\d/])", 0.6, groups=(1,))
    yield Shape("PHONE_NUMBER", r"(?<![\d/.-])\d{3}/\d{3}[-/]\d{4}(?![\d/])", 0.5)
    whose = (
        r"(?:his|her|their|pt'?s?|patient'?s?|su|mom'?s|mother'?s|dad'?s|wife'?s|husband'?s|daughter'?s|son'?s|"
        r"family'?s|reach\s(?:him|her|them)|call\s(?:him|her))"
    )
    kind = r"(?:\s(?:cell|phone|home|mobile|number|numero|celular|telefono|contact|digits|#))?"
    yield Shape(
        "PHONE_NUMBER",
        rf"\b{whose}(?:\s[a-z]{{2,10}})?{kind}{kind}[\s:#]{{0,3}}(?:(?:is|es|at|al|"
        rf"on)\b\s?)?\W{{0,2}}(\d{{3}}[-. ]?\d{{4}})(?![-\d/.]\d|\d)",
        0.45,
        groups=(1,),
    )
    site = (
        r"(?:insta(?:gram)?|ig|tik\s?tok|twitter|snap(?:chat)?|facebook|fb|venmo|cash\s?app|threads|handle|username|"
        r"linkedin|@)"
    )
    yield Shape(
        "SOCIAL_HANDLE",
        rf"\b(?:pt'?s?|patient'?s?|paciente|his|her|their|su|mom'?s|(?:find|follow|tag)\s(?:him|her|them))(?:\s(?:on|"
        rf"en|own|public|del?))?\s{site}"
        rf"(?:\s(?:handle|account|page|name|user|username))?(?:\s?(?:is|es|:|=|-|at|as)){{0,2}}\s?(@[\w.]{{2,30}}|"
        rf"(?<=[:=-]\s?|\sis\s)[a-z][\w.]{{2,29}})",
        0.6,
        groups=(1,),
    )
    yield Shape(
        "SOCIAL_HANDLE", r"\b(?:my|our|mi|nuestr[oa])\s(?:patient|pt|paciente)[\s:,]{1,2}(@[\w.]{2,30})", 0.6, groups=(1,)
    )
