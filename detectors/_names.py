"""Finds names of people by cautious evidence: a title, a cue ('patient', 'se llama'), or a given name beside a surname.

Names of staff are found like all others; whether a name is a patient's is for the PHI detector to judge. Handles are no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
    r"^(?:ave(?:nue)?|st(?:reet)?|road|rd|blvd|boulevard|square|park|plaza|bridge|tunnel|beach|island|heights|station|stadium|"
    r"pavilion|wing|tower|hall|auditorium|atrium|building|suite|room|cent(?:er|re)s?|institute|hospital|clinic|school|college|"
    r"university|academy|foundation|fund|trust|award|prize|medal|lecture|scholarship|fellowship|endowment|chair|society|"
    r"association|library|museum|church|day|week|month|gala|memorial|syndrome|disease|sign|criteria|act|law|street)s?$"
)
_ENDS_LIKE_A_WORD = re.compile(r"(?:ing|tion|cion|ciones|mente|amos|emos|imos|aron|ieron|ando|iendo|ment|ness|ology)$")
_ANY_WORD = re.compile(r"[A-Za-z]{3,20}(?=(?:'s)?(?![\w'-]))")


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


def _known_names(text: str) -> Iterator[tuple[int, int]]:
    """Within each run of capitalised words: a given name with what follows it, or a surname with what precedes it."""
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


def _uncased_names(text: str) -> Iterator[tuple[int, int]]:
    """Given name and surname side by side where letters tell nothing: all small, or all large."""
    known = name_lists()
    previous = None
    for word in _ANY_WORD.finditer(text):
        lower = word[0].lower()
        if previous and text[previous.end() : word.start()] == " " and (word[0].islower() or word[0].isupper()):
            first = previous[0].lower()
            if previous[0].islower() == word[0].islower() and first in known.sure_in_small_letters and lower in known.surnames:
                yield previous.start(), word.end()
        previous = word if word[0].islower() or word[0].isupper() else None


def _ends_in_a_surname(matched: str) -> bool | None:
    words = _words(matched)
    known = name_lists()
    return None if words[-1] in known.surnames and not _is_word(words[0]) and words[0] not in word_list("not_names") else False


def _holds_a_surname(matched: str) -> bool | None:
    word = _words(matched)[-1]
    return None if word in name_lists().surnames and not _is_word(word) else False


def _is_given(word: str) -> bool:
    return word in word_list("given") or word in word_list("ambiguous")


def _is_a_plain_given_name(matched: str) -> bool | None:
    word = matched.lower()
    return None if word in word_list("given") and word not in word_list("ambiguous") else False


def _starts_with_a_given_name(matched: str) -> bool | None:
    words = _words(matched)
    return None if words[0] in word_list("given") and words[0] not in word_list("ambiguous") else False


def name_shapes() -> Iterator[Shape]:
    """Shapes of PERSON, by strength of evidence."""

    def person(pattern: str, score: float, check: Check | None = None, *, any_case: bool = False, group: int = 1) -> Shape:
        return Shape("PERSON", pattern, score, check=check, any_case=any_case, groups=(group,))

    cue = r"(?i:patient|pt|paciente|residente?|named|nombre|name|called|se\sllamaba?|llamad[oa]|r\.?i\.?p\.?|q\.?e\.?p\.?d\.?)"
    yield person(rf"\b(?:(?i:mrs?|ms|mx|sra?|srta|dona?|senora?)|Miss)\b\.?\s({_NAME})", 0.85, _not_a_common_word)
    yield person(rf"\b(?:Dr|Dra|DR|Doctor|Doctora|Prof|Professor|Nurse)\b\.?\s({_NAME})", 0.6, _not_a_common_word)
    yield person(rf"\b{cue}(?:\s(?:(?i:name|is|was|es))\b|\s?[:,]){{0,2}}\s({_NAME})", 0.6, _holds_a_known_name)
    yield person(
        r"\b(?i:patient|pt|paciente|name|nombre)\s?:\s?([A-Z][A-Za-z'-]{1,20},\s?[A-Z][A-Za-z'-]{1,20}(?:\s[A-Z]\b\.?)?)",
        0.8,
    )
    yield person(r"\b(?i:patient|pt|paciente|sr|sra|mr|mrs|ms)\.?\s([A-Z]\.\s?[A-Z]\.)", 0.5)
    yield person(r"\b(?i:mr|mrs|ms|sra?)\.?\s([A-Z])\b\.?(?!['\w])", 0.4)
    yield Shape("PERSON", rf"{_NOT_A_HANDLE}\b{_FULL_NAME}", 0.6, any_case=False, matcher=_known_names)
    yield Shape("PERSON", r"[A-Za-z']{3,21} [A-Za-z']{3,21}", 0.5, any_case=False, matcher=_uncased_names)
    yield person(rf"{_NOT_A_HANDLE}\b({_PART}\s[A-Z]\b\.?)(?!\w)", 0.5, _starts_with_a_given_name)
    yield person(rf"{_NOT_A_HANDLE}\b({_PART})\b(?!['-]?\w\w|\s[A-Z])", 0.4, _is_a_plain_given_name)
    greeting = (
        r"(?i:proud of|meet|baby|little|hi|hello|dear|goodbye|thank you,?|thanks,?|gracias a|"
        r"(?:pray|prayers|praying) for|remembering)"
    )
    yield person(rf"\b{greeting}\s({_PART})(?=[,!.]|\s(?:who|was|is|has|on|in)\b)", 0.4, _not_a_common_word)
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
