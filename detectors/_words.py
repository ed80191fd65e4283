"""Cuts folded text into the words that the language model reads, and tells of each how it is written and whether lists know it.

Training and reading both go through here, so that the model meets what it was taught on: handles and links are one word each
without their letters, a hashtag is its words, and letters that were swapped for look-alike figures are letters again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from detectors._name_lists import name_lists

_WORDS_KEPT = 1 << 14  # the words that are met again and again
SHAPES = 32  # ids of shapes are below this; 0 is for what is no word
LONGEST_WORD = 40  # characters; the rest of a longer one tells nothing

_CASES = {"mark": 0, "small": 1, "Title": 2, "LARGE": 3, "mIxed": 4, "figures": 5}
_CLITIC = 2  # letters
_LISTED = 5  # what the lists may say of a word: nothing, given name, surname, both, or a name that is a word as well

_TOKEN = re.compile(
    r"(?P<link>(?:https?://|www\.)[^\s<>\"]+)|(?P<handle>@\w+)|#?(?P<word>[^\W_]+(?:'[^\W\d_]+)?)|(?P<mark>[^\w\s]|_)"
)
_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_FIGURE_IN_WORD = re.compile(r"(?<=[A-Za-z])[013457@$]+(?=[A-Za-z])")
_LETTERS_OF = str.maketrans("013457@$", "oieastas")
_FIGURES_AND_LETTERS = re.compile(r"\d+|[A-Za-z]+")
_UNIT = re.compile(r"\d{1,3}[A-Za-z]{1,4}\Z")  # 34yo, 12mg, 2nd: two words


class Word(NamedTuple):
    """What the model reads at [start, end) of the folded text. `shape` is below SHAPES."""

    text: str
    start: int
    end: int
    shape: int


def words_of(text: str) -> list[Word]:
    """The words of folded `text`, in order; linear in its length."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        if kind == "link":
            found.append(Word("link", start, end, 0))
        elif kind == "handle":
            found.append(Word("@", start, end, 0))
        elif kind == "mark":
            found.append(Word(match[0], start, end, 0))
        else:
            begin = match.start("word")
            if begin > start:
                found.append(Word("#", start, begin, 0))
            word = match["word"]
            cut = _parts if len(word) <= LONGEST_WORD else _parts.__wrapped__  # nothing huge is kept
            found += [Word(part, begin + s, begin + e, shape) for part, s, e, shape in cut(word, begin > start)]
    return found


@lru_cache(_WORDS_KEPT)
def _parts(word: str, tagged: bool) -> tuple[Word, ...]:
    """A word, or the words that are written as one: in a hashtag by their humps, a number and its unit. Offsets in the word."""
    plain = _FIGURE_IN_WORD.sub(lambda m: m[0].translate(_LETTERS_OF), word)
    if tagged and not (plain.islower() or plain.isupper()):
        pieces = [m.span() for m in _HUMP.finditer(plain)]
    elif _UNIT.match(plain):
        pieces = [m.span() for m in _FIGURES_AND_LETTERS.finditer(plain)]
    else:
        pieces = [(0, len(plain))]
    return tuple(Word(plain[s:e][:LONGEST_WORD], s, e, _shape(plain[s:e])) for s, e in pieces)


def _shape(word: str) -> int:
    first, _, last = word.partition("'")
    bare = first + last if len(last) > _CLITIC else first  # O'Brien, but Brien's
    if any(char.isdigit() for char in bare):
        return 1 + _CASES["figures"] * _LISTED
    if bare.islower():
        case = "small"
    elif bare.isupper():
        case = "LARGE" if len(bare) > 1 else "Title"
    else:
        case = "Title" if bare[0].isupper() and bare[1:].islower() else "mIxed"
    return 1 + _CASES[case] * _LISTED + _listed(bare.lower())


def _listed(word: str) -> int:
    lists = name_lists()
    given, surname = word in lists.given, word in lists.surnames
    if given or surname:
        return given + 2 * surname
    return 4 * (word in lists.loose_given or word in lists.loose_surnames)


def windows_of(lengths: Sequence[int], room: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Ranges of words whose tokens (`lengths` of each word) fit `room`; each begins `overlap` tokens before the last ends."""
    start, count = 0, len(lengths)
    while True:
        end, used = start, 0
        while end < count and (used + lengths[end] <= room or end == start):
            used += lengths[end]
            end += 1
        yield start, end
        if end >= count:
            return
        back, shared = end, 0
        while back - 1 > start and shared + lengths[back - 1] <= overlap:
            back -= 1
            shared += lengths[back]
        start = back
