"""Finds names of people by cautious evidence: a title, a cue ('patient', 'se llama'), or a common given name with a surname.

Names of staff are found like all others; whether a name is a patient's is for the PHI detector to judge. Handles are no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources

import yaml

from detectors._identifiers import Check, Shape

_PART = r"(?:(?:Mc|Mac|O'|D'|De|La|Di|Van)?[A-Z][a-z]{1,20}(?:-[A-Z][a-z]{1,20})?)"
_LINK = r"(?:\s(?:de\s(?:la\s|los\s)?|del\s|van\s|von\s|da\s|[A-Z]\.?\s)|\s)"
_NAME = rf"{_PART}(?:{_LINK}{_PART}){{0,3}}\b"
_FULL_NAME = rf"{_PART}(?:{_LINK}{_PART}){{1,3}}\b"
_LOOSE_NAME = r"[a-z][a-z'-]{1,20}(?:\s[a-z][a-z'-]{1,20})?\b"
_NOT_A_HANDLE = r"(?<![@#\w/.'-])"
_RUN = re.compile(rf"{_NOT_A_HANDLE}\b{_PART}(?:{_LINK}{_PART}){{1,7}}\b")
_RUN_WORD = re.compile(r"[A-Z][\w'-]*\.?|(?:de|del|la|los|van|von|da)\b")
_LONGEST_NAME = 5  # words, particles among them


@cache
def _list(name: str) -> frozenset[str]:
    text = resources.files("detectors").joinpath("_data", "names.yaml").read_text(encoding="utf-8")
    return frozenset(yaml.safe_load(text)[name].split())


def _words(matched: str) -> list[str]:
    return [word.strip("'.-") for word in matched.lower().replace("-", " ").split()]


def _not_a_common_word(matched: str) -> bool | None:
    return False if _words(matched)[0] in _list("not_names") else None


def _holds_a_known_name(matched: str) -> bool | None:
    """A given name first, or a surname last; not where a word that is no name stands anywhere."""
    words = _words(matched)
    if any(word in _list("not_names") for word in words):
        return False
    return None if _is_given(words[0]) or words[-1] in _list("surnames") else False


def _known_names(text: str) -> Iterator[tuple[int, int]]:
    """Within each run of capitalised words: a given name with what follows it, or a surname with what precedes it."""
    for run in _RUN.finditer(text):
        words = [
            (word[0].lower().replace("'", ""), run.start() + word.start(), run.start() + word.end())
            for word in _RUN_WORD.finditer(run[0])
        ]
        at = 0
        while at < len(words) - 1:
            end = at + 1
            if _is_given(words[at][0]):
                while end < len(words) and end - at < _LONGEST_NAME and words[end][0] not in _list("not_names"):
                    end += 1
            elif words[end][0] in _list("surnames") and words[at][0] not in _list("not_names"):
                end += 1
            if end - at > 1:
                yield words[at][1], words[end - 1][2]
            at = end


def _is_given(word: str) -> bool:
    return word in _list("given") or word in _list("ambiguous")


def _is_a_plain_given_name(matched: str) -> bool | None:
    word = matched.lower()
    return None if word in _list("given") and word not in _list("ambiguous") else False


def _starts_with_a_given_name(matched: str) -> bool | None:
    words = _words(matched)
    return None if words[0] in _list("given") and words[0] not in _list("ambiguous") else False


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
    yield person(rf"{_NOT_A_HANDLE}\b({_PART}\s[A-Z]\b\.?)(?!\w)", 0.5, _starts_with_a_given_name)
    yield person(rf"{_NOT_A_HANDLE}\b({_PART})\b(?!['-]?\w\w|\s[A-Z])", 0.4, _is_a_plain_given_name)
    greeting = (
        r"(?i:proud of|meet|baby|little|hi|hello|dear|goodbye|thank you,?|thanks,?|gracias a|"
        r"(?:pray|prayers|praying) for|remembering)"
    )
    yield person(rf"\b{greeting}\s({_PART})(?=[,!.]|\s(?:who|was|is|has|on|in)\b)", 0.4, _not_a_common_word)
    yield person(r"\b(?:mrs?|sra)\.?\s([a-z][a-z'-]{1,20})\b", 0.5, _not_a_common_word, any_case=True)
    loose_cue = r"(?:my\s)?(?:patient|pt|paciente|named|se\sllama|mrs?\.?|ms\.?|sra\.?|rip)"
    yield person(rf"\b{loose_cue}\s({_LOOSE_NAME})", 0.5, _starts_with_a_given_name, any_case=True)
