"""Spoils texts as people and evasion do, and gives the people and groups in them other names; spans stay right."""

from __future__ import annotations

import random
import re
import string
from dataclasses import replace
from functools import cache

import yaml

from detectors._name_lists import name_lists
from training.examples import Example, Span
from training.posts import HERE

_PUNCTUATION = re.compile(r"[.,!?;:]")
_WORD = re.compile(r"[A-Za-z]{4,}")
_LEET = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5", "t": "7"}
_RATES = (("small", 0.14), ("LARGE", 0.03), ("unpunctuated", 0.08), ("typos", 0.10), ("leet", 0.02))
_RENAMED = 0.35
_NUMBERED = 0.25
_REGROUPED = 0.4  # of the examples that are judged on conduct
_TAGGED = 0.07  # examples of which some spans become hashtags
_TAG_WORDS = 3
_TAGGED_SMALL = 0.3  # of these hashtags, those in small letters alone


def spoiled(example: Example, chance: random.Random) -> Example:
    """The example as another hand might have typed it. Deterministic for a given state of `chance`."""
    if example.spans.get("names") and chance.random() < _RENAMED:
        example = renamed(example, chance)
    if example.classes.get("phi") and any(tag == "PERSON" for tag, _, _ in example.spans.get("names", ())):
        example = numbered(example, chance) if chance.random() < _NUMBERED else example
    if "hate" in example.classes and chance.random() < _REGROUPED:
        example = regrouped(example, chance)
    if chance.random() < _TAGGED:
        example = hashtagged(example, chance)
    text, drawn = example.text, chance.random()
    for kind, rate in _RATES:
        if drawn < rate:
            text = _SPOILERS[kind](text, chance)
            break
        drawn -= rate
    return replace(example, text=text) if len(text) == len(example.text) else example


def _typos(text: str, chance: random.Random) -> str:
    letters = list(text)
    for match in _WORD.finditer(text):
        if chance.random() < 0.1:
            at = chance.randrange(match.start() + 1, match.end() - 1)
            if chance.random() < 0.5:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            else:
                letters[at] = chance.choice(string.ascii_lowercase)
    return "".join(letters)


def _leet(text: str, chance: random.Random) -> str:
    letters = list(text)
    for match in _WORD.finditer(text):
        for at in range(match.start() + 1, match.end() - 1):
            if letters[at].lower() in _LEET and chance.random() < 0.5:
                letters[at] = _LEET[letters[at].lower()]
    return "".join(letters)


_SPOILERS = {
    "small": lambda text, chance: text.lower(),
    "LARGE": lambda text, chance: text.upper(),
    "unpunctuated": lambda text, chance: _PUNCTUATION.sub(" ", text),
    "typos": _typos,
    "leet": _leet,
}


@cache
def _pools() -> tuple[list[str], list[str]]:
    lists = name_lists()
    return sorted(lists.given), sorted(lists.surnames)


def renamed(example: Example, chance: random.Random) -> Example:
    """Every person of the example by another name of the lists, one name always by the same."""
    given, surnames = _pools()
    people = sorted((s for s in example.spans["names"] if s[0] == "PERSON"), key=lambda span: span[1])
    others: dict[str, str] = {}
    edits: list[tuple[int, int, str]] = []
    for _, start, end in people:
        parts = example.text[start:end].split(" ")
        for n, part in enumerate(parts):
            if len(part) > 2 and part.isalpha():
                pool = given if n == 0 and (len(parts) > 1 or chance.random() < 0.8) else surnames
                others.setdefault(part, _like(part, chance.choice(pool)))
        edits.append((start, end, " ".join(others.get(part, part) for part in parts)))
    return _edited(example, edits)


@cache
def _groups() -> list[tuple[re.Pattern[str], list[str]]]:
    """Each form's pattern, and its words."""
    words = yaml.safe_load((HERE / "groups.yaml").read_text(encoding="utf-8"))
    before = "|".join(words["before"])
    forms = {"adjective": rf"(?=\s(?:{before})\b)", "plural": "", "plural_es": ""}
    return [
        (re.compile(rf"\b(?:{'|'.join(sorted(words[form], key=len, reverse=True))})\b{behind}", re.IGNORECASE), words[form])
        for form, behind in forms.items()
    ]


def regrouped(example: Example, chance: random.Random) -> Example:
    """Every group that the text names by another one of the same form, one group always by the same."""
    others: dict[str, str] = {}
    edits: list[tuple[int, int, str]] = []
    for pattern, known in _groups():
        for match in pattern.finditer(example.text):
            other = others.setdefault(match[0].casefold(), chance.choice(known))
            edits.append((*match.span(), other.upper() if match[0].isupper() and len(match[0]) > 1 else other))
    return _edited(example, sorted(edits))


def _like(word: str, name: str) -> str:
    return name.lower() if word.islower() else name.upper() if word.isupper() else name.title()


def hashtagged(example: Example, chance: random.Random) -> Example:
    """About half of the names and details that stand apart as hashtags ('#AnaRuiz', '#34yo', '#anaruiz')."""
    edits: list[tuple[int, int, str]] = []
    for _, start, end in sorted({span for all_ in example.spans.values() for span in all_}, key=lambda span: span[1:]):
        words = example.text[start:end].split()
        apart = start == 0 or example.text[start - 1].isspace()
        if apart and len(words) <= _TAG_WORDS and all(word.isalnum() for word in words) and chance.random() < 0.5:
            small = chance.random() < _TAGGED_SMALL
            edits.append((start, end, "#" + "".join(word.lower() if small else word[0].upper() + word[1:] for word in words)))
    return _edited(example, edits)


def numbered(example: Example, chance: random.Random) -> Example:
    """With a number of the patient behind it, in one of the forms that people type."""
    digits = "".join(chance.choice(string.digits) for _ in range(7))
    last = chance.choice("0123456789") + chance.choice("0123456789")
    born = f"{chance.randint(1, 12)}/{chance.randint(1, 28)}/{chance.randint(1930, 2022)}"
    forms = (
        f" MRN {digits}",
        f" mrn#{digits}",
        f" (chart {digits[:3]}-{digits[3:]})",
        f" call 212 555 01{last}",
        f" cell: (718) 555-01{last}",
        f" tel 787-555-01{last}",
        f" DOB {born}",
        f" acct {digits}",
        f" exp. {digits}",
    )
    return replace(example, text=example.text + chance.choice(forms))


def _edited(example: Example, edits: list[tuple[int, int, str]]) -> Example:
    """`edits` are in order and lie on whole names; a span that a changed range cuts is dropped."""
    pieces: list[str] = []
    at = 0
    shifts: list[tuple[int, int, int]] = []  # start, end, growth
    for start, end, new in edits:
        if start < at:
            continue
        pieces += [example.text[at:start], new]
        shifts.append((start, end, len(new) - (end - start)))
        at = end
    text = "".join([*pieces, example.text[at:]])

    def moved(span: Span) -> Span | None:
        tag, start, end = span
        for s, e, _ in shifts:
            if start < e and s < end and not (start <= s and e <= end):
                return None
        before = sum(growth for _, e, growth in shifts if e <= start)
        return tag, start + before, end + before + sum(growth for s, e, growth in shifts if start <= s and e <= end)

    spans = {head: [m for m in map(moved, all_) if m] for head, all_ in example.spans.items()}
    return replace(example, text=text, spans=spans)
