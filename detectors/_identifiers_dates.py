"""Shapes of dates, times and ages: (C) of 45 CFR 164.514(b)(2)(i), all elements of dates but the year, and ages.

The forms are those that people type: '3/4/61', '4-Mar-61', '04MAR1961', 'march 4th', '4 de marzo', 'last Tuesday night', 'at
3am', 'a las 6', 'POD 3'; '34yo', '34F', 'F34', '6wk old', '71 añitos', 'ninety-one years young'. Not dates: 120/80, 4/5, 24/7,
9/11, 50/50, years alone; not ages: decades ('90s'), durations ('for 10 years'), ages of institutions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from detectors._identifiers import Shape

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_MESES = r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:(?:19|20)\d\d|'\d\d)"
_NTH = r"(?:st|nd|rd|th)"
_NOT_COUNTED = r"(?!\s?(?:mg|mcg|ml|people|patients|percent|%|beds|nurses|staff))"
_MONTH_FIRST = (
    rf"(?:{_MONTHS}\.?\s+{_DAY}{_NTH}?\b{_NOT_COUNTED}(?:,?\s+{_YEAR}\b)?"
    rf"|{_MESES}\s{_DAY}\b{_NOT_COUNTED}(?:,?\s(?:del?\s)?{_YEAR}\b)?)"
)
_DAY_FIRST = (
    rf"(?:{_DAY}{_NTH}?\s+(?:of\s+)?{_MONTHS}\b(?:,?\s+{_YEAR}\b)?"
    rf"|{_DAY}-{_MONTHS}\b(?:-(?:\d{{4}}|\d\d)\b)?"
    rf"|{_DAY}(?:\s?y\s{_DAY})?\s+(?:de\s+)?{_MESES}\b(?:,?\s+(?:del?\s+)?(?:ano\s+)?{_YEAR}\b)?)"
)
_WORDED_DATE = rf"(?:{_MONTH_FIRST}|{_DAY_FIRST})"
_GLUED_DATE = r"(?:0?[1-9]|[12]\d|3[01])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:(?:19|20)\d\d|\d\d)"
_NUMERIC_DATE = (
    rf"(?:(?:19|20)\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}\s?[-/.]\s?\d{{1,2}}\s?[-/.]\s?(?:\d{{4}}|\d\d)|{_DAY}/{_DAY})"
)
_PART_OF_DAY = (
    r"(?:\s(?:night|morning|afternoon|evening|nite|overnight|(?:por|en)\sla\s(?:manana|tarde|noche)|(?:de|"
    r"a)\sla\smadrugada))?"
)
_ENGLISH_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_SHORT_DAY = r"(?:mon|tues?|weds?|thurs?|thu|fri|sat|sun)"
_DIA = r"(?:lunes|martes|miercoles|jueves|viernes|sabados?|domingos?)"
_WEEKDAY = (
    rf"(?:(?:(?:last|this\spast|this|next|on|every|each|every\sother|since|by|as\sof|late|"
    rf"early)\s)?{_ENGLISH_DAY}{_PART_OF_DAY}"
    rf"|(?:last|this|next|on|every|since)\s{_SHORT_DAY}\b{_PART_OF_DAY}"
    rf"|(?:(?:el|los|este|cada|del|pasado)\s(?:pasado\s)?)?{_DIA}(?:\spasado)?{_PART_OF_DAY})"
)
_UNIT_OF_TIME = r"(?:days?|weeks?|wks?|months?|mos?|years?|yrs?|nights?|hours?|hrs?)"
_FEW = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|couple)"
_NEAR_DAY = (
    r"(?:yesterday|tonight|tonite|today|tomorrow|tmrw|tmr|(?:last|this|that|past)\s(?:night|nite|week|weekend|month|spring|"
    r"summer|fall|autumn|winter|morning|afternoon|evening|shift|am|a\.m\.)|(?:late|early)\s(?:last|this)\s(?:night|"
    r"week|month)|"
    r"hoy|ayer|anoche|antier|anteayer|anteanoche|pasado\smanana|(?:la\s)?(?:semana|noche|manana|tarde)\spasada|"
    r"(?:el\s)?mes\spasado|"
    rf"est[ae]\s(?:misma\s)?(?:manana|tarde|noche|madrugada|semana|mes|finde|fin\sde\ssemana)|{_FEW}\s{_UNIT_OF_TIME}\sago|"
    rf"hace\s(?:un[ao]?|dos|tres|cuatro|\d{{1,2}})\s(?:dias?|semanas?|mes(?:es)?|noches?))"
)
_HOUR = r"(?:1[0-2]|0?[1-9])"
_CLOCK = (
    rf"(?:(?:2[0-3]|1\d|0\d|[1-9]):[0-5]\d(?:\s?[ap]\.?\s?m\b\.?)?|{_HOUR}\s?(?:a\.?m|p\.?m)\b\.?|{_HOUR}\s?o'?clock"
    rf"|(?:at|by|since|around|before|after|until|till)\s(?:noon|midnight|dawn|shift\schange)"
    rf"|(?:2[0-3]|[01]\d)[0-5]\d\s?(?:hrs|hours|h)\b"
    rf"|a\slas?\s(?:{_HOUR}|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce)\b(?:\sde\sla\s(?:manana|"
    rf"tarde|noche|madrugada))?"
    rf"|(?:at|around|by)\s{_HOUR}\sin\sthe\s(?:morning|afternoon|evening))"
)
_AT = rf"(?:,?\s(?:at\s|a\sla\s|around\s|about\s|on\s)?{_CLOCK})?"
_HOLIDAY = (
    r"(?:christmas(?:\seve|\sday)?|thanksgiving(?:\sday)?|halloween|new\syear'?s(?:\seve|\sday)?|(?:mother|father|"
    r"veteran)'?s\sday|(?:valentine|"
    r"st\.?\spatrick)'?s(?:\sday)?|easter(?:\ssunday)?|labor\sday|memorial\sday|juneteenth|passover|nochebuena|"
    r"navidad|noche\svieja|"
    r"ano\snuevo|semana\ssanta|(?:dia\s(?:de\slas?|del|de)\s(?:madres?|padres?|nino|reyes|muertos|san\svalentin)))"
)
_DATE = rf"(?:{_WORDED_DATE}|{_GLUED_DATE}|{_NUMERIC_DATE})"
_SOME_DAY = rf"(?:{_WORDED_DATE}|{_GLUED_DATE}|{_NUMERIC_DATE}|{_WEEKDAY}|{_NEAR_DAY}|{_HOLIDAY})"
_GAP = r"[^.!?\n\d]{0,30}?"

_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_ONES = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_TEENS = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_SPELT = rf"(?:{_TEENS}|{_TENS}(?:[- ]{_ONES})?|a\shundred(?:\sand\s{_ONES})?)"
_DECENAS = (
    r"(?:veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa)(?:\sy\s(?:un[oa]?|dos|tres|cuatro|"
    r"cinco|seis|siete|ocho|nueve))?"
)
_LETRAS = (
    rf"(?:{_DECENAS}|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|"
    rf"dieci[a-z]{{3,5}}|veinti[a-z]{{2,6}})"
)
_SEX = r"(?:\s?[mf]\b)?"
_YEARS_OLD = (
    r"(?:-|\s){0,2}(?:y/?\s?o[mf]?\b|y\.\s?o\.?|yrs?/o\b|(?:years?|yrs?|yr|y|months?|mos?|m|weeks?|wks?|days?|d)(?:-|"
    r"\s){1,2}(?:old|young)\b"
    r"|(?:years?|yrs?|months?|weeks?|wks?|days?)(?:old|young)\b)"
)
_NOT_A_THING = (
    r"(?!\s+(?:hospital|institution|tradition|building|program|company|school|organi[sz]ation|law|practice|study|"
    r"trial|clinic|church|"
    r"bridge|elevator|computer|system|house|tree|wing|foundation))"
)
_AGE = r"(?:1[01]\d|\d{1,2})"
_OLD_AGE = r"(?:9\d|1[01]\d)"
_CLINICAL = (
    r"(?:with|w/|c/o|s/p|p/w|present|pt|found|brought|admitted|hx|post|in\b|on\b|from|who|here\b|coming|came|coded|"
    r"fell|intubated|"
    r"transferred|found|vs\b|h/o|status|unrestrained|ped\b|mvc|mva|gsw|died|dc|d/c|collapsed|diagnosed|con\b|ingres)"
)
_NO_SPAN = (
    r"(?<!hace\s)(?<!por\s)(?<!en\s)(?<!durante\s)(?<!los\s)(?<!ultimos\s)(?<!llev[oa]\s)"
    r"(?<!llevamos\s)(?<!casi\s)(?<!otros\s)(?<!cada\s)"
)
_NO_CAREER = (
    r"(?!\s+(?:de\s+(?:experiencia|servicio|historia|trabajo|carrera|casad\w+|enfermer\w+|matrimonio)|"
    r"despues|atras|trabajando|como|en\s(?:el|la|este|esta)))"
)
_NUMBER = re.compile(r"\d{1,3}")


def _of_a_life(matched: str) -> bool | None:
    """Refuses 0 and numbers that no person is old."""
    number = _NUMBER.search(matched)
    return None if number and 0 < int(number[0]) < 120 else False


def _over_89(matched: str) -> bool | None:
    number = _NUMBER.search(matched)
    return None if number and 89 < int(number[0]) < 120 else False


def _month_and_day(matched: str) -> bool | None:
    """A month and a day of it, in this order; not the eleventh of September, which stands for an event."""
    month, day = (int(part) for part in _NUMBER.findall(matched)[:2])
    return None if 1 <= month <= 12 and 1 <= day <= 31 and (month, day) != (9, 11) else False


def _late_in_month(matched: str) -> bool | None:
    """As a fraction has no such halves: a day after the twelfth, in a month, and no common score."""
    month, day = (int(part) for part in _NUMBER.findall(matched)[:2])
    return None if 9 <= month <= 12 and 13 <= day <= 31 and day != 2 * month and (month, day) != (10, 20) else False


def date_shapes() -> Iterator[Shape]:
    """Dates of any kind (DATE_TIME), and those that a cue ties to birth, care or death."""
    yield Shape("DATE_TIME", rf"\b{_MONTH_FIRST}{_AT}", 0.6)
    yield Shape("DATE_TIME", rf"\b{_DAY_FIRST}{_AT}", 0.6)
    yield Shape("DATE_TIME", rf"\b{_GLUED_DATE}\b", 0.6)
    yield Shape("DATE_TIME", r"(?<![\d/.])\d{1,2}\s/\s\d{1,2}\s/\s(?:\d{4}|\d\d)(?![\d/])", 0.5)
    yield Shape("DATE_TIME", rf"\b{_WEEKDAY}\b{_AT}", 0.4)
    yield Shape(
        "DATE_TIME", r"\b(?-i:Mon|Tues?|Weds?|Thurs?|Thu|Fri|Sat|MWF)\b(?=[/,.]|\s(?:night|morning|\d|at\b|pm\b|am\b)|$)", 0.4
    )
    yield Shape("DATE_TIME", rf"\b{_NEAR_DAY}\b(?:{_AT}|\sa\slas?\s\d{{1,2}})", 0.4)
    yield Shape("DATE_TIME", rf"(?<![\d:.])\b{_CLOCK}(?![:\d])", 0.4)
    military = r"(?:at|by|since|around|before|after|until)\s(?:2[1-3]|0\d|1[0-8])[0-5]\d"
    yield Shape("DATE_TIME", rf"\b{military}\b(?!\s?(?:[a-z]{{4,}}|%|mg|ml))", 0.4)
    yield Shape("DATE_TIME", rf"\b{_HOLIDAY}\b", 0.4)
    yield Shape(
        "DATE_TIME",
        r"\b(?:in|since|by|last|this|next|early|late|mid|until|till|every|of)[\s-](?-i:[Jj]an(?:uary)?|"
        r"[Ff]eb(?:ruary)?|March|[Aa]pril|May|[Jj]une|[Jj]uly|"
        r"[Aa]ugust|[Ss]ept(?:ember)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b(?:,?\s(?:of\s)?(?:19|20)\d\d\b)?",
        0.4,
    )
    yield Shape(
        "DATE_TIME",
        rf"\b(?:en|desde|hasta|de|a\s(?:fines|finales|principios|mediados)\sde)\s{_MESES}\b(?:\sdel?\s(?:19|20)\d\d)?",
        0.4,
    )
    yield Shape(
        "DATE_TIME",
        rf"\b(?:(?:by|since|until|till)\s(?:the\s)?|(?:on|before|after|from)\sthe\s|"
        rf"(?:el\s)?dia\s)\d{{1,2}}{_NTH}\b(?!\s(?:floor|grade|ave|street|st\b|rd\b|time|edition|annual|"
        r"anniversary|percentile|birthday|century|year|day|shift|place|avenue|row|child|baby|cycle|round|visit|street))",
        0.4,
    )
    yield Shape("DATE_TIME", r"\b(?:pod|hod|dol|vent\sday|icu\sday|hospital\sday|post-?op\sday)\s?#?\d{1,3}\b", 0.5)
    yield Shape(
        "DATE_TIME",
        r"(?<!/)\b(?:day|dia)\s(?:\d{1,3})\b(?!\s?(?:pass|supply|trial|challenge|of\s(?:the\s)?conference|week))",
        0.4,
    )
    yield Shape(
        "DATE_TIME",
        r"\b(?:on|since|until|till|appt|appointment|due|seen|visit|dated?|el|desde|hasta|cita|d/?c'?d?|dc|adm|"
        r"admit(?:ted)?|f/u|lmp|edd|"
        r"dos|doa|surgery|from|born|died)\s(?:on\s|el\s|:\s?)?(\d{1,2}/\d{1,2})(?![/\d%]|\s?(?:of\b|stars?|scale|"
        r"pts?\b|patients|people|points|"
        r"strength|reps|murmur|pain|on\sthe|beds))",
        0.45,
        check=_month_and_day,
        groups=(1,),
    )
    yield Shape(
        "DATE_TIME",
        r"(?<![\d/.$-])\d{1,2}/\d{1,2}(?![/\d%.]\d|[/%\d]|\s?(?:of\b|stars?|scale|pts?\b|patients|people|points|"
        r"strength|beds|nurses|staff|"
        r"questions|correct|hours|hrs|shifts|mmhg|mm))",
        0.4,
        check=_late_in_month,
    )
    birth = (
        r"d\.?\s?o\.?\s?b\b\.?|dobs?|date\s+of\s+birth|birth\s?date|birthdate|bday|b-day|born(?:\s+on)?|birthday|"
        r"fecha\s+de\s+nacimiento|"
        r"fecha\s+nac\b\.?|f\.?\s?nac\b\.?|fdn|f\.n\.|nacid[oa]|nacio"
    )
    born_date = rf"(?:{_DATE}|\d{{8}}|(?:0\d|1[0-2])(?:[0-2]\d|3[01])\d\d)"
    yield Shape(
        "DATE_OF_BIRTH",
        rf"\b(?:{birth})\b\s?(?:(?:is|was|es|el|on|en)\b|[.:=#\s-]){{0,4}}({born_date})(?!\d)",
        0.85,
        groups=(1,),
    )
    yield Shape("DATE_OF_BIRTH", rf"\b(?:dob|bday)({born_date})(?!\d)", 0.85, groups=(1,))
    for kind, cue in (
        (
            "ADMISSION_DATE",
            r"admit(?:ted)?|admission|hospitali[sz]ed|intubated|transferred|ingreso|ingresad[oa]|hospitalizad[oa]|"
            r"internad[oa]",
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


def age_shapes() -> Iterator[Shape]:
    """Ages of people, the number with its unit; those over 89 have a type of their own as well (164.514(b)(2)(i)(C))."""
    for kind, number, check in (("AGE", _AGE, _of_a_life), ("AGE_OVER_89", _OLD_AGE, _over_89)):

        def age(pattern: str, score: float, group: int = 0, kind: str = kind, check: object = check) -> Shape:
            return Shape(kind, pattern, score, check=check, groups=(group,))  # type: ignore[arg-type]

        yield age(rf"(?<![\d.,$])\b{number}{_YEARS_OLD}{_SEX}{_NOT_A_THING}", 0.75)
        yield age(rf"\b(?:aged|age|edad)[\s:]{{1,3}}(?:of\s|de\s)?({number})\b(?!%|\s*(?:to|-|and|a|y)\s*\d|\+|/)", 0.6, 1)
        yield age(
            rf"(?<![$\d.,:/])\b{number}\s?(?-i:[MF])\b(?=[,;.)/]|$|\s{_CLINICAL})(?!,?\s(?:in|on)\s(?:funding|grants|"
            rf"gifts|sales|debt|"
            r"views|revenue))(?!\.\d)",
            0.6,
        )
        yield age(
            rf"(?:(?<=^)|(?<=[\n.:,(]\s)|(?<=[(\n])|(?<=\b(?:a|pt|the|our|my)\s))(?-i:[MF])\s?{number}\b(?=[,;)]|"
            rf"\s{_CLINICAL})",
            0.55,
        )
        yield age(
            rf"\b(?:de|tiene|tenia|con|cumplio)\s+(?:solo\s+|apenas\s+|unos\s)?({number}\s+(?:anos|anitos|meses|"
            rf"semanas))\b{_NO_CAREER}",
            0.55,
            1,
        )
        yield age(rf"{_NO_SPAN}\b{number}\s+(?:anitos?\b|anos\b(?=\s*(?:[.,;!?)]|$|con\b|de\sedad\b)))", 0.5)
        yield age(rf"\b{number}\s+years?\s+young\b", 0.6)
        yield age(
            rf"\b(?:turn(?:ed|ing|s)|cumpli\w{{1,4}})\s({number})\b(?!\s?(?:beds|patients|people|pages|%|times|heads|"
            rf"shades|:))(?![:/.]\d)",
            0.5,
            1,
        )
        yield age(
            rf"\b(?:died|gone|passed(?:\saway)?|lost|dead|killed|diagnosed|widowed|mother|"
            rf"mom)\s(?:\w{{1,8}}\s)?at\s({number})\b(?!\s?(?:[ap]\.?m|o'clock|%|in\sthe|"
            r"this|today|on\b)|[:/]\d)",
            0.45,
            1,
        )
        yield age(rf"(?<=[a-z]),\s({number})(?=,\s[a-z])", 0.45, 1)
        yield age(
            rf"(?:^|[,.:(]\s)({number}(?-i:[MF]))\s(?!(?:and|in|or|to|for|degrees|outside|today|people|users|views|"
            rf"dollars|budget|grant)\b)[a-z]{{3}}",
            0.45,
            1,
        )
        yield age(
            rf"(?<![$\d.,:/])\b{number}[mf]\b(?=\s(?:with|w/|c/o|s/p|p/w|hx|h/o|presents|presenting|admitted|found|"
            rf"brought|intubated)\b)",
            0.5,
        )
        yield age(rf"\b(?:pt|patient|paciente)\s([mf]{number})\b(?=\s(?:with|w/|c/o|s/p|p/w)\b)", 0.5, 1)
        yield age(rf"\(({number}),\s[a-z]", 0.4, 1)
        yield age(rf"\b(?:tiene|tenia|tengo|cumple|cumplio)\s({number})(?=\s?(?:[.,;!?)]|$|[ye]\b|con\b))", 0.5, 1)
        yield age(
            rf"\b(?:muri\w{{1,4}}|muere|falleci\w{{1,3}}|jubila)\b[^.!?\n]{{0,40}}?\sa\slos\s({number})\b(?!\s(?:dias|"
            rf"meses|minutos|horas))",
            0.5,
            1,
        )
        yield age(rf"(?:^|[,(:]\s|[a-z]\s)({number}\s?y(?=[,;.)]|$|\s(?-i:[MF])\b)|{number}a(?=[,;)]))", 0.45, 1)
        yield age(rf"\b{number}(?:th|st|nd|rd)\sbirthday\b", 0.5)
    who = r"(?:s?he|they|pt|patient|baby|who|mom|dad|kid|child|son|daughter|ella|el|paciente)"
    yield Shape(
        "AGE",
        rf"\b{who}(?:'s|'re|\s(?:is|was|are|were|turned|turns|just\sturned|tiene|tenia|era\sde))\s(?:only\s|just\s|"
        rf"barely\s|about\s|solo\s|apenas\s)?(\d{{1,3}})\b"
        r"(?=\s*(?:[.,;!?)]|$|and\b|now\b|with\b|years?\b|yrs?\b|months?\b|weeks?\b))(?![.,]\d)"
        r"(?!\s*(?:months?|weeks?|years?|yrs?)\s(?:pregnant|sober|clean|post|out|into|in\b|ago|since|later|along|of\b|"
        r"to\b|away|from|behind|late))",
        0.6,
        check=_of_a_life,
        groups=(1,),
    )
    yield Shape(
        "AGE",
        rf"\b(?:s?he|they)(?:'s|'re|\s(?:is|was|turned|turns))\s(?:only\s|just\s|"
        rf"barely\s)?{_SPELT}\b(?=\s?(?:[.,;!?)]|$|and\b|years?\b))",
        0.5,
    )
    yield Shape("AGE", rf"\b(?:{_SPELT}|{_ONES})[- ](?:year|yr|month|week|day)s?[- ](?:old|young)\b{_NOT_A_THING}", 0.7)
    yield Shape("AGE", rf"\b(?:{_SPELT}|{_ONES})(?:y/?o|\sy/o|\syo)\b", 0.6)
    yield Shape("AGE", rf"{_NO_SPAN}\b{_LETRAS}\s(?:anitos?|anos\sde\sedad|meses\sde\s(?:nacid|edad)\w{{0,3}})\b", 0.6)
    yield Shape(
        "AGE",
        rf"\b(?:tiene|tenia|cumplio|de)\s(?:solo\s|"
        rf"apenas\s)?({_LETRAS}\sanos)\b{_NO_CAREER}",
        0.5,
        groups=(1,),
    )
    yield Shape("AGE", rf"{_NO_SPAN}\b{_LETRAS}\sanos(?=[.,;!]|$)", 0.45)
    yield Shape("AGE", rf"\b(?:aged?|turn(?:ed|ing|s))\s(?:{_SPELT}|{_ONES})\b(?!\s(?:of|heads?|times|weeks?\b|more))", 0.45)
    yield Shape("AGE", rf"[.!?]\s({_SPELT})[.!]", 0.4, groups=(1,))
    yield Shape("AGE", r"[a-z],\s([1-9]\d|10\d)[.,]\s", 0.4, groups=(1,))
    nina = (
        r"(?:mujer|hombre|nen[ea]|pib[ea]|chamac[oa]|chav[oa]|hij[oa]|viejit[oa]|senora?|nin[oa]|joven|muchach[oa]|"
        r"bebe|chic[oa]|abuel[oa]|abuelit[oa]|paciente)"
    )
    yield Shape("AGE", rf"\b{nina}\s+de\s+{_AGE}\b(?!\s?(?:%|kg|mg|hijos))", 0.6, check=_of_a_life)
    small = r"(?:wko?|wks?|mos?|moo|mths?|do|weeks?|months?|days?|semanas?|meses)"
    child = (
        r"(?:old|boy|girl|male|female|infant|[mf]\b|pt\b|patient|preemie|twins?|kid|child|son\b|daughter|baby|"
        r"babe|nin[oa]|bebe|newborn|neonate|peds?\b|cutie)"
    )
    yield Shape("AGE", rf"(?<![\d.,$x]|q)\b\d{{1,2}}(?:\s|-)?{small}[- ]?(?={child})(?:old\b)?", 0.55, check=_of_a_life)
    yield Shape(
        "AGE",
        r"(?<![\d.,$x])\b\d{1,2}(?:mo|moo|wko|wo|yoM|yoF|yof|yom)\b(?!\s?(?:course|follow|post|later|ago|supply|f/u|"
        r"check|visit|of\b|s/p|out\b))",
        0.5,
        check=_of_a_life,
    )
    yield Shape(
        "AGE",
        r"\b(?:born\s(?:at|@)|nacio\s(?:a\slas|de)|delivered\sat|nacid[oa]\s(?:a\slas|de)|ex[- ]|"
        r"former\s)\s?((?:2[2-9]|3\d|4[0-2])[- ]?(?:weeks?|wks?|w|semanas)(?:er)?(?:\s?\+?\s?\d(?:d|\sdays?)?)?)\b",
        0.5,
        groups=(1,),
    )
    yield Shape(
        "AGE",
        r"\b2[2-9](?:[- ]?week(?:er|s\sand\s\d\sdays)|w\d(?:d\b|\b)|\s?\+\s?[0-6](?=\s?(?:weeks?|wks?|week|preemie|,|"
        r"\.))|\s(?:weeks|semanas)(?=\s?(?:,|\.|gestat|prem|de\sgest)))",
        0.45,
    )
    yield Shape("AGE", rf"\b[A-Z][a-z'-]+,\s({_AGE}),\s", 0.5, check=_of_a_life, groups=(1,), any_case=False)
