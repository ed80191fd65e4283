"""What people spell out or break up, read as they meant it: a second text beside the folded one, with a way back to it.

Words for digits ('five five five oh one two three', 'cuatro cuatro siete'), single digits with gaps, digits broken over lines,
spelt cues ('d o b', 'M R N'), '(at)' and 'dot com', figures for letters within a cue ('d0b', 'p4tient'), and hashtags that glue
words to numbers. These are the ways around filters that the forms of post in tests/detectors/examples/respelled.yaml were
collected from. Each rule is one pass of a linear pattern, and its gate tells cheaply whether it may match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from detectors._fold import Folded, _Map

_EN = {"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
       "eight": "8", "nine": "9"}  # fmt: skip
_ES = {"cero": "0", "uno": "1", "una": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7",
       "ocho": "8", "nueve": "9"}  # fmt: skip
_TEENS = {"ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
          "seventeen": "17", "eighteen": "18", "nineteen": "19", "diez": "10", "once": "11", "doce": "12", "trece": "13",
          "catorce": "14", "quince": "15", "dieciseis": "16", "diecisiete": "17", "dieciocho": "18", "diecinueve": "19",
          "veintiuno": "21", "veintidos": "22", "veintitres": "23", "veinticuatro": "24", "veinticinco": "25",
          "veintiseis": "26", "veintisiete": "27", "veintiocho": "28", "veintinueve": "29"}  # fmt: skip
_TENS = {"twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8", "ninety": "9",
         "veinte": "2", "treinta": "3", "cuarenta": "4", "cincuenta": "5", "sesenta": "6", "setenta": "7", "ochenta": "8",
         "noventa": "9"}  # fmt: skip
_DIGITS = _EN | _ES
_ONE_WORD = "|".join([*_DIGITS, *_TEENS, *_TENS])
_JOINT = r"(?:[ ,.\n-]{1,3}|\sy\s)"
_RUN_LEAST = 3  # number words in a row, without a cue before them
_RUN = rf"\b(?:{_ONE_WORD})(?:{_JOINT}(?:{_ONE_WORD})){{{_RUN_LEAST - 1},20}}\b"
_PLACE_CUE = r"\b(?:room|rm|bed|bay|cama|cuarto|habitacion|mrn|mr|pin)\.?\s(?:#\s?|number\s|no\.?\s|numero\s)?"
_AFTER_CUE = rf"{_PLACE_CUE}(?:{_ONE_WORD})(?:[ -](?:{_ONE_WORD})){{0,3}}\b"
_CUED_TAIL = r"(?=\s?(?:[.,;:!?)\n]|$|(?:is|was|has|had|needs|wants|coded|again|and|with|on|esta|se)\b))"
_GAPPED = r"(?<!\d)(?<!\d[ .-])\d(?:[ .,-]\d){6,16}(?![ .,-]?\d)"
_BREAKABLE = r"[-. ]{0,2}\n?[-. ]{0,2}"
_BROKEN = (
    rf"(?<![\d/.-])\(?\d{{3}}\)?{_BREAKABLE}(?:\d{{3}}|\d\d){_BREAKABLE}\d{{4}}(?![\d/])"
    rf"|\b(?:mrn|member|account|acct|record|ssn|social|policy|poliza|"
    rf"expediente)\b[^\d\n]{{0,12}}\d{{2,6}}[-. ]{{0,2}}\n[-. ]{{0,2}}\d{{2,6}}(?![\d/])"
)
_SPELT = r"\b(?:d[ .-]o[ .-]b|m[ .-]r[ .-]n|s[ .-]s[ .-]n)\b"
_AT = r"(?<=\w)\s?[\[({<]\s?(?:at|arroba)\s?[\])}>]\s?(?=\w)"
_DOT = r"(?<=\w)\s?[\[({<]\s?(?:dot|punto|\.)\s?[\])}>]\s?(?=\w)"
_DOMAIN_END = r"(?:com|org|net|edu|gov|io|me|co|us|mx|es|info|health|example)"
_SPOKEN_AT = rf"(?<=\w)\s(?:at|arroba)\s(?=[\w-]{{1,40}}\s(?:dot|punto)\s{_DOMAIN_END}\b)"
_SPOKEN_DOT = rf"(?<=\w)\s(?:dot|punto)\s(?={_DOMAIN_END}\b)"
_TAG = r"#\w{4,60}"
_TAG_OF_ONE = (
    r"#(?:\w{0,20}\d|(?:my)?(?:patient|pt|paciente|pray(?:ers)?(?:for)?|rip|qepd|team|meet|baby|room|bed|mrn|dob|justice)\w)"
)
_LEET_SIGN = "[01345@$7]"
_LEET_WORD = rf"(?<![\w@./])(?=[a-z]{{0,9}}{_LEET_SIGN})(?=[0-9@$]{{0,9}}[a-z])[a-z01345@$7]{{3,12}}(?![\w@/])"
_LEET = str.maketrans("01345@$7", "oieasast")
_CUES_WORDS = """
    patient patients paciente record medical chart name nombre dob born birth mrn ssn social security room bed
    admitted admission discharged surgery died age aged phone cell call text email fax account acct member policy
    medicaid medicare license plate serial passport address years old nacimiento seguro telefono cuenta poliza
    expediente historia habitacion cama number numero
"""
_CUES = frozenset(_CUES_WORDS.split())

_Edit = tuple[int, int, str]


class _Rule:
    """One thing that people do to digits and words, and how it is undone."""

    def __init__(self, gate: str, pattern: str, change: Callable[[re.Match[str]], Iterator[_Edit]]) -> None:
        self.gate = gate
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self.change = change


def respelled(text: str, open_rules: Collection[int]) -> Folded | None:
    """`text` as it was meant, mapped to `text`; None where nothing is spelled out or broken up.

    `open_rules` are the places in GATES of those that matched.
    """
    letters = _changed(text, _edits(text, (rule for n, rule in enumerate(_LETTER_RULES) if n in open_rules)))
    numbered = _NUMBER_RULES if letters else [r for n, r in enumerate(_NUMBER_RULES, len(_LETTER_RULES)) if n in open_rules]
    so_far = letters.text if letters else text
    numbers = _changed(so_far, _edits(so_far, numbered))
    if letters is None or numbers is None:
        return letters or numbers
    spans = [letters.original_span(*numbers.original_span(at, at + 1)) for at in range(len(numbers.text))]
    return _placed(numbers.text, text, spans)


def _edits(text: str, rules: Iterable[_Rule]) -> list[_Edit]:
    return [edit for rule in rules for match in rule.pattern.finditer(text) for edit in rule.change(match)]


def _changed(text: str, edits: list[_Edit]) -> Folded | None:
    if not edits:
        return None
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for start, end, new in sorted(edits):
        if start < at:
            continue
        pieces += (text[at:start], new)
        spans += ((n, n + 1) for n in range(at, start))
        spans += [(start, end)] * len(new)
        at = end
    pieces.append(text[at:])
    spans += ((n, n + 1) for n in range(at, len(text)))
    return _placed("".join(pieces), text, spans)


def _placed(new: str, text: str, spans: list[tuple[int, int]]) -> Folded:
    return Folded(new, text, _Map([start for start, _ in spans], [end for _, end in spans]))


def _by(new: str) -> Callable[[re.Match[str]], Iterator[_Edit]]:
    def change(match: re.Match[str]) -> Iterator[_Edit]:
        yield match.start(), match.end(), new

    return change


def _close_up(match: re.Match[str]) -> Iterator[_Edit]:
    """Letters or digits alone: what stands between them goes."""
    for gap in _NOT_SIGN.finditer(match[0]):
        yield match.start() + gap.start(), match.start() + gap.end(), ""


def _one_line(match: re.Match[str]) -> Iterator[_Edit]:
    """Digits broken over lines, which nothing happens to where they stand on one."""
    for gap in _BREAK.finditer(match[0]):
        yield match.start() + gap.start(), match.start() + gap.end(), "-"


def _plain_letters(match: re.Match[str]) -> Iterator[_Edit]:
    """A cue with figures for letters."""
    word = match[0].lower()
    plain = word.translate(_LEET)
    if plain in _CUES and plain != word:
        yield match.start(), match.end(), plain


def _split_tag(match: re.Match[str]) -> Iterator[_Edit]:
    if _ONE_TAG.match(match[0]) is None:
        return
    yield match.start(), match.start() + 1, " "
    for joint in _TAG_JOINT.finditer(match[0]):
        at = match.start() + joint.start()
        yield (at, at + 1, " ") if joint[0] == "_" else (at, at + 1, joint[0] + " ")


def _digits(match: re.Match[str]) -> Iterator[_Edit]:
    """Number words as digits: 'forty-seven' is 47, 'forty oh' 400, and what stands between two of them goes."""
    words = list(_WORD.finditer(match[0].lower()))
    last = 0
    for n, word in enumerate(words):
        if n:
            yield match.start() + last, match.start() + word.start(), ""
        last = word.end()
        value = _DIGITS.get(word[0]) or _TEENS.get(word[0])
        if value is None:
            following = words[n + 1][0] if n + 1 < len(words) else ""
            joined = _DIGITS.get(following, "0") != "0"
            value = _TENS[word[0]] + ("" if joined else "0")
        yield match.start() + word.start(), match.start() + word.end(), value


def _cued_digits(match: re.Match[str]) -> Iterator[_Edit]:
    cue = _CUE.match(match[0])
    number = _FROM_NUMBER.search(match.string, match.start() + (cue.end() if cue else 0), match.end())
    if number is not None:
        yield from _digits(number)


_NOT_SIGN = re.compile(r"[^a-z0-9]+", re.I)
_BREAK = re.compile(r"[-. ]{0,2}\n[-. ]{0,2}")
_ONE_TAG = re.compile(_TAG_OF_ONE, re.I)
_TAG_JOINT = re.compile(r"_|[a-z](?=[A-Z0-9])|[A-Z](?=\d)|\d(?=[A-Za-z])")
_WORD = re.compile(rf"\b(?:{_ONE_WORD})\b")
_CUE = re.compile(_PLACE_CUE, re.I)
_FROM_NUMBER = re.compile(rf"(?:{_ONE_WORD}).*", re.I | re.S)
_LETTER_RULES: tuple[_Rule, ...] = (
    _Rule(r"d[ .-]o[ .-]b|m[ .-]r[ .-]n|s[ .-]s[ .-]n", _SPELT, _close_up),
    _Rule(r"[\[({<]\s?(?:at|arroba)\s?[\])}>]", _AT, _by("@")),
    _Rule(r"[\[({<]\s?(?:dot|punto|\.)\s?[\])}>]", _DOT, _by(".")),
    _Rule(rf"\s(?:at|arroba)\s[\w-]{{1,40}}\s(?:dot|punto)\s{_DOMAIN_END}\b", _SPOKEN_AT, _by("@")),
    _Rule(rf"\s(?:dot|punto)\s{_DOMAIN_END}\b", _SPOKEN_DOT, _by(".")),
    _Rule(_TAG_OF_ONE, _TAG, _split_tag),
    _Rule(
        rf"(?:^|[\s#(])(?:[a-z]{{1,9}}{_LEET_SIGN}|[01345$7][a-z0-9$@])[a-z01345$7@]{{0,10}}(?:$|[^\w@/])",
        _LEET_WORD,
        _plain_letters,
    ),
)
_NUMBER_RULES: tuple[_Rule, ...] = (
    _Rule(rf"\b(?:{_ONE_WORD})(?:{_JOINT}(?:{_ONE_WORD})){{2}}", _RUN, _digits),
    _Rule(rf"{_PLACE_CUE}(?:{_ONE_WORD})\b", _AFTER_CUE + _CUED_TAIL, _cued_digits),
    _Rule(r"\d(?:[ .,-]\d){6}", _GAPPED, _close_up),
    _Rule(r"\d\d\)?[-. ]{0,2}\n[-. ]{0,2}\d\d", _BROKEN, _one_line),
)
GATES = tuple(rule.gate for rule in (*_LETTER_RULES, *_NUMBER_RULES))
"""For google-re2, in any case: a rule changes nothing in a text that its gate does not match."""
SPELLINGS = tuple(rule.pattern for rule in (*_LETTER_RULES, *_NUMBER_RULES))
