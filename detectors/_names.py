"""Finds names of people by cautious evidence: a title, a cue ('patient', 'se llama'), or a given name beside a surname.

Names of staff are found like all others; whether a name is a patient's is for the PHI detector to judge. Handles are no names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from functools import cache

from detectors._identifiers import Check, Shape
from detectors._name_lists import name_lists, word_list

_PART = r"(?:(?:Mc|Mac|O'|D'|De|La|Di|Van)?[A-Z][a-z]{1,20}(?:-[A-Z][a-z]{1,20})?)"
_LINK = r"(?:\s(?:de\s(?:la\s|los\s)?|del\s|van\s|von\s|da\s|[A-Z]\.?\s)|\s)"
_NAME = rf"{_PART}(?:{_LINK}{_PART}){{0,3}}\b"
_FULL_NAME = rf"{_PART}(?:{_LINK}{_PART}){{1,3}}\b"
_LOOSE_NAME = r"[a-z][a-z'-]{1,20}(?:\s[a-z][a-z'-]{1,20})?\b"
_NOT_A_HANDLE = r"(?<![@#\w/.'-])"
_RUN = re.compile(rf"{_NOT_A_HANDLE}\b{_PART}(?:{_LINK}{_PART}){{1,7}}\b")
_RUN_WORD = re.compile(r"[A-Z][\w'-]*\.?|(?:de|del|la|los|van|von|da)\b")
_LONGEST_NAME = 5  # words, particles among them
_INITIALS = 3  # letters: Jr, III
_PARTICLES = frozenset({"de", "del", "la", "las", "los", "van", "von", "da"})
_OF_A_THING = re.compile(
    r"^(?:ave(?:nue)?|st(?:reet)?|road|rd|blvd|boulevard|square|park|plaza|bridge|tunnel|beach|island|heights|station|"
    r"stadium|"
    r"pavilion|wing|tower|hall|auditorium|atrium|building|suite|room|cent(?:er|re)s?|institute|hospital|clinic|school|"
    r"college|"
    r"university|academy|foundation|fund|trust|award|prize|medal|lecture|scholarship|fellowship|endowment|chair|society|"
    r"association|library|museum|church|day|week|month|gala|memorial|syndrome|disease|sign|criteria|act|law|street)s?$"
)
_ENDS_LIKE_A_WORD = re.compile(r"(?:ing|tion|cion|ciones|mente|amos|emos|imos|aron|ieron|ando|iendo|ment|ness|ology)$")
_CAPITAL = re.compile(rf"{_NOT_A_HANDLE}\b((?:Mc|Mac|De|La|Di|Van)?[A-Z][a-z]{{1,20}}(?:-[A-Z][a-z]{{1,20}})?)\b")
_ALONE = re.compile(r"(?!['-]?\w\w|\s[A-Z])")
_TWO_CAPITALS = rf"[A-Z][a-z-]{{1,42}}{_LINK}[A-Z]"
_PLACES_TOO_WORDS = """
    paris london sydney florence austin chelsea savannah victoria georgia carolina virginia brooklyn bronx jackson
    lincoln washington madison hamilton phoenix dallas houston memphis aurora trenton camden kingston asia africa
    india america denver orlando rosario italy columbia ave ella mercedes lexington roosevelt gloria lord gala rocky
    jacobi vernon israel jordan cuba kenya chile milan verona vienna geneva siena catalina guadalupe trinidad santiago
    lourdes belen sinai christian muslim wednesday
"""
_PLACES_TOO = frozenset(_PLACES_TOO_WORDS.split())
_BEFORE_A_PLACE_WORDS = """
    in at on the en outside near toward towards hacia mount st ste san santa calle de la los las del dia code team
"""
_BEFORE_A_PLACE = frozenset(_BEFORE_A_PLACE_WORDS.split())
_NEXT_WORD = re.compile(r" ([A-Za-z]{3,20})(?=(?:'s)?(?![\w'-]))")
_PREFIXES = ("mc", "mac", "de", "la", "di", "van", "o", "d")


def _words(matched: str) -> list[str]:
    return [word.strip("'.-") for word in matched.lower().replace("-", " ").split()]


def _not_a_common_word(matched: str) -> bool | None:
    return False if _words(matched)[0] in word_list("not_names") else None


def _holds_a_known_name(matched: str) -> bool | None:
    """A given name first, or a surname last; not where a word that is no name stands anywhere."""
    words = _words(matched)
    if any(word in word_list("not_names") for word in words):
        return False
    return None if _is_given(words[0]) or words[-1] in word_list("surnames") or words[0] in name_lists().given else False


def _known_names(text: str, words_there: Set[str]) -> Iterator[tuple[int, int]]:
    """Within each run of capitalised words: a given name with what follows it, or a surname with what precedes it."""
    if "'" not in text and not any(_stands_capital(word, text) for word in words_there):
        return
    for run in _RUN.finditer(text):
        words = [
            (word[0].lower().replace("'", ""), run.start() + word.start(), run.start() + word.end())
            for word in _RUN_WORD.finditer(run[0])
        ]
        if _OF_A_THING.search(words[-1][0]):  # the wing, street or prize that bears a name
            continue
        at = 0
        while at < len(words) - 1:
            end = _name_end([word for word, _, _ in words], at)
            if end - at > 1:
                yield words[at][1], words[end - 1][2]
            at = end


def _name_end(words: Sequence[str], at: int) -> int:
    """Where the name that begins at `at` ends; `at + 1` where none does."""
    known, no_names, first, end = name_lists(), word_list("not_names"), words[at], at + 1
    if first in known.given or first in known.loose_given:
        while end < len(words) and end - at < _LONGEST_NAME and words[end] not in no_names:
            if not _continues(words[end].rstrip("."), first in known.given):
                break
            end += 1
        while end - at > 1 and words[end - 1] in _PARTICLES:
            end -= 1
    elif words[end] in known.surnames and first not in no_names and not _is_word(first):
        end += 1
    return end


def _continues(word: str, after_a_sure_name: bool) -> bool:
    """Whether `word` may go on a name that began with a given name."""
    known = name_lists()
    if word in known.surnames:
        return True
    if not after_a_sure_name:
        return False
    if len(word) <= _INITIALS or word in _PARTICLES or word in known.loose_surnames or word in known.given:
        return True
    return word not in known.loose_given and _ENDS_LIKE_A_WORD.search(word) is None


def _is_word(word: str) -> bool:
    known = name_lists()
    return (
        word in word_list("palabras")
        or word in known.loose_surnames
        or len(word) < 3
        or _ENDS_LIKE_A_WORD.search(word) is not None
    )


def _stands_capital(word: str, text: str) -> bool:
    return word.capitalize() in text or word.startswith(_PREFIXES)


def _uncased_names(text: str, givens: Set[str]) -> Iterator[tuple[int, int]]:
    """Given name and surname side by side where letters tell nothing: all small, or all large."""
    surnames = name_lists().surnames
    for given in givens:
        for shown in (given, given.upper()):
            at = text.find(shown)
            while at >= 0:
                end = at + len(shown)
                word = _NEXT_WORD.match(text, end) if _starts_word(text, at) else None
                if word and _written_alike(word[1], shown) and word[1].lower() in surnames:
                    yield at, word.end()
                at = text.find(shown, end)


def _written_alike(word: str, other: str) -> bool:
    """Both in small letters, or both in large ones."""
    return (word.islower() and other.islower()) or (word.isupper() and other.isupper())


def _starts_word(text: str, at: int) -> bool:
    return at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "_'-@#/.")


def _ends_in_a_surname(matched: str) -> bool | None:
    words = _words(matched)
    known = name_lists()
    return None if words[-1] in known.surnames and not _is_word(words[0]) and words[0] not in word_list("not_names") else False


def _ends_in_any_surname(matched: str) -> bool | None:
    """An initial and a surname, which may be an everyday word too."""
    known, word = name_lists(), _words(matched)[-1]
    return None if (word in known.surnames or word in known.loose_surnames) and word not in word_list("not_names") else False


def _turned_round(matched: str) -> bool | None:
    """A surname, a comma, a given name, neither of them an everyday word."""
    surname, given = (part.strip().lower() for part in matched.split(",", 1))
    known = name_lists()
    sure = surname in known.surnames and not _is_word(surname) and surname not in known.given
    return None if sure and given in _sure_given() and given not in _PLACES_TOO else False


def _holds_a_surname(matched: str) -> bool | None:
    word = _words(matched)[-1]
    return None if word in name_lists().surnames and not _is_word(word) else False


def _is_given(word: str) -> bool:
    return word in word_list("given") or word in word_list("ambiguous")


@cache
def _plain_given() -> frozenset[str]:
    return word_list("given") - word_list("ambiguous")


@cache
def _sure_given() -> frozenset[str]:
    return name_lists().sure_in_small_letters


@cache
def _sure_given_or_plain() -> frozenset[str]:
    return _sure_given() | _plain_given()


@cache
def _all_names() -> frozenset[str]:
    known = name_lists()
    return frozenset(part for name in known.given | known.loose_given | known.surnames for part in (name, *name.split("-")))


def _given_names(text: str, givens: Set[str]) -> Iterator[tuple[int, int]]:
    """A given name alone: one of the short list anywhere, one of the long list where a capital tells that it is a name."""
    if not any(_stands_capital(word, text) for word in givens):
        return
    plain, sure = _plain_given(), _sure_given()
    for word in _CAPITAL.finditer(text):
        lower = word[1].lower()
        known = lower in plain or (lower in sure and lower not in _PLACES_TOO and _mid_sentence(text, word.start(1)))
        if known and _ALONE.match(text, word.end(1)):
            yield word.span(1)


def _mid_sentence(text: str, start: int) -> bool:
    """Whether a word in small letters stands right before, so that the capital is no sentence's, and none as before a place."""
    if start < 2 or text[start - 1] != " " or not (text[start - 2].islower() or text[start - 2] in ",&;"):
        return False
    return text[max(0, start - 12) : start - 1].rpartition(" ")[2].lower() not in _BEFORE_A_PLACE


def _starts_with_a_given_name(matched: str) -> bool | None:
    word = _words(matched)[0]
    return None if word in _plain_given() or (word in _sure_given() and word not in _PLACES_TOO) else False


def name_shapes() -> Iterator[Shape]:
    """Shapes of PERSON, by strength of evidence."""

    def person(
        pattern: str,
        score: float,
        check: Check | None = None,
        *,
        any_case: bool = False,
        needs: Callable[[], Set[str]] | None = None,
    ) -> Shape:
        return Shape("PERSON", pattern, score, check=check, any_case=any_case, groups=(1,), needs=needs)

    cue = (
        r"(?i:patient|pt|paciente|residente?|named|nombre|name|called|se\sllamaba?|llamad[oa]|r\.?i\.?p\.?|"
        r"q\.?e\.?p\.?d\.?)"
    )
    yield person(rf"\b(?:(?i:mrs?|ms|mx|sra?|srta|dona?|senora?)|Miss)\b\.?\s({_NAME})", 0.85, _not_a_common_word)
    yield person(rf"\b(?:Dr|Dra|DR|Doctor|Doctora|Prof|Professor|Nurse)\b\.?\s({_NAME})", 0.6, _not_a_common_word)
    yield person(rf"\b{cue}(?:\s(?:(?i:name|is|was|es))\b|\s?[:,]){{0,2}}\s({_NAME})", 0.6, _holds_a_known_name)
    yield person(
        r"\b(?i:patient|pt|paciente|name|nombre)\s?:\s?([A-Z][A-Za-z'-]{1,20},\s?[A-Z][A-Za-z'-]{1,20}(?:\s[A-Z]\b\.?)?)",
        0.8,
    )
    yield person(r"\b(?i:patient|pt|paciente|sr|sra|mr|mrs|ms)\.?\s([A-Z]\.\s?[A-Z]\.)", 0.5)
    yield person(r"\b(?i:mr|mrs|ms|sra?)\.?\s([A-Z])\b\.?(?!['\w])", 0.4)
    yield Shape(
        "PERSON",
        rf"{_NOT_A_HANDLE}\b{_FULL_NAME}",
        0.6,
        any_case=False,
        gate=_TWO_CAPITALS,
        matcher=_known_names,
        needs=_all_names,
    )
    yield Shape(
        "PERSON", r"[A-Za-z']{3,21} [A-Za-z']{3,21}", 0.5, any_case=False, gate=" ", matcher=_uncased_names, needs=_sure_given
    )
    yield person(rf"{_NOT_A_HANDLE}\b((?:[A-Z]\.\s?){{1,2}}{_PART})\b", 0.5, _ends_in_any_surname)
    yield person(rf"{_NOT_A_HANDLE}\b({_PART},\s{_PART})\b", 0.5, _turned_round)
    yield person(rf"{_NOT_A_HANDLE}\b({_PART}\s[A-Z]\b\.?)(?!\w)", 0.5, _starts_with_a_given_name, needs=_sure_given_or_plain)
    yield Shape("PERSON", r"[A-Z][a-z]", 0.4, any_case=False, matcher=_given_names, needs=_sure_given_or_plain)
    greeting = (
        r"(?i:proud of|meet|baby|little|hi|hello|dear|goodbye|thank you,?|thanks,?|gracias a|"
        r"(?:pray|prayers|praying) for|remembering)"
    )
    yield person(rf"\b{greeting}\s({_PART})(?:[,!.]|\s(?:who|was|is|has|on|in)\b)", 0.4, _not_a_common_word)
    yield person(r"\b(?:mrs?|sra)\.?\s([a-z][a-z'-]{1,20})\b", 0.5, _not_a_common_word, any_case=True)
    seen = (
        r"(?:trajeron|llevaron|llego|atend\w{1,6}|recib\w{1,6}|oper\w{1,6}|conoc\w{1,4}|cuid\w{1,6}|perdi\w{1,4}"
        r"|ingres\w{1,6}|pobre)"
    )
    yield person(rf"\b{seen}\s(?:a\s)?([a-z]{{3,20}}\s[a-z]{{3,20}})\b", 0.5, _ends_in_a_surname, any_case=True)
    yield person(rf"\b(?i:familia)\s({_PART})\b", 0.6, _holds_a_surname)
    yield person(rf"\b(?i:the)\s({_PART})\s(?i:family|twins|baby)\b", 0.6, _holds_a_surname)
    loose_cue = r"(?:my\s)?(?:patient|pt|paciente|named|se\sllama|mrs?\.?|ms\.?|sra\.?|rip)"
    yield person(rf"\b{loose_cue}\s({_LOOSE_NAME})", 0.5, _starts_with_a_given_name, any_case=True)
