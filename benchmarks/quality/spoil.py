"""Spoils texts as haste and evasion do, and tells where each character went, so that spans can follow."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Sequence

Range = tuple[int, int]
Spoiler = Callable[[str, Sequence[Range], random.Random], list[str]]  # what each character becomes

_PUNCTUATION = frozenset('.,!?;:"()')
_LOOK_ALIKES = dict(zip("acehiopsxyABCEHIKMOPTXjT", "асеһіорѕхуАВСЕНІКМОРТХјТ", strict=True))
_FIGURES = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5", "t": "7"}
_EMOJI = "😅🙏💔🏥✨😭❤️🔥"
_WORD = re.compile(r"[^\W\d_]{3,}")
_LONG_WORD = re.compile(r"[A-Za-z]{4,}")
_HASHTAG = re.compile(r"#([A-Za-z][a-z]+(?:[A-Z][a-z]+)+)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"\d[\d./()-]*(?:[ .-]\d+)*\d")
_SHARE = 0.3  # of letters that are swapped
_SEED = 20261122


def spoiled(kind: str, text: str, identifiers: Sequence[Range] = ()) -> tuple[str, list[int]]:
    """The text and, for each of its offsets (its end too), the offset there. The same text always becomes the same."""
    chance = random.Random(_SEED ^ zlib.crc32(text.encode("utf-8", "replace")))
    pieces = SPOILERS[kind](text, identifiers, chance)
    places = [0]
    for piece in pieces:
        places.append(places[-1] + len(piece))
    return "".join(pieces), places


def _small(text: str, _identifiers: Sequence[Range], _chance: random.Random) -> list[str]:
    return [char.lower() for char in text]


def _unpunctuated(text: str, _identifiers: Sequence[Range], _chance: random.Random) -> list[str]:
    following = [*text[1:], " "]
    return [
        ("" if after.isspace() else " ") if char in _PUNCTUATION else char for char, after in zip(text, following, strict=True)
    ]


def _look_alikes(text: str, _identifiers: Sequence[Range], chance: random.Random) -> list[str]:
    return [_LOOK_ALIKES[char] if char in _LOOK_ALIKES and chance.random() < _SHARE else char for char in text]


def _zero_width(text: str, _identifiers: Sequence[Range], chance: random.Random) -> list[str]:
    return [char + "\u200b" if char.isalnum() and chance.random() < _SHARE else char for char in text]


def _leet(text: str, _identifiers: Sequence[Range], chance: random.Random) -> list[str]:
    pieces = list(text)
    for word in _LONG_WORD.finditer(text):
        for at in range(word.start() + 1, word.end() - 1):
            if pieces[at].lower() in _FIGURES and chance.random() < _SHARE:
                pieces[at] = _FIGURES[pieces[at].lower()]
    return pieces


def _hashtags_split(text: str, _identifiers: Sequence[Range], _chance: random.Random) -> list[str]:
    pieces = list(text)
    for tag in _HASHTAG.finditer(text):
        pieces[tag.start()] = "# "
        for hump in _HUMP.finditer(text, tag.start(), tag.end()):
            pieces[hump.start()] = " " + pieces[hump.start()]
    return pieces


def _as_hashtags(text: str, identifiers: Sequence[Range], _chance: random.Random) -> list[str]:
    pieces = list(text)
    for start, end in identifiers:
        if _WORD.match(text, start) and (start == 0 or text[start - 1].isspace()):
            pieces[start] = "#" + pieces[start].upper()
            for at in range(start + 1, end):
                if text[at].isspace():
                    pieces[at] = ""
                elif text[at - 1].isspace():
                    pieces[at] = text[at].upper()
    return pieces


def _emoji(text: str, _identifiers: Sequence[Range], chance: random.Random) -> list[str]:
    pieces = list(text)
    for word in _WORD.finditer(text):
        if chance.random() < _SHARE:
            pieces[word.end() - 1] += chance.choice(("", " ")) + chance.choice(_EMOJI)
    return pieces


def _broken(text: str, identifiers: Sequence[Range], _chance: random.Random) -> list[str]:
    """A line break at the first blank within each identifier, and in the middle of each number of six figures or more."""
    pieces = list(text)
    for start, end in identifiers:
        blank = next((at for at in range(start, end) if text[at].isspace()), None)
        if blank is not None:
            pieces[blank] = "\n"
    for number in _NUMBER.finditer(text):
        if sum(char.isdigit() for char in number[0]) >= 6:
            middle = (number.start() + number.end()) // 2
            pieces[middle] = "\n" if text[middle].isspace() else "\n" + pieces[middle]
    return pieces


SPOILERS: dict[str, Spoiler] = {
    "small letters": _small,
    "no punctuation": _unpunctuated,
    "homoglyphs": _look_alikes,
    "zero-width characters": _zero_width,
    "leetspeak": _leet,
    "hashtags split": _hashtags_split,
    "identifiers as hashtags": _as_hashtags,
    "emoji": _emoji,
    "line break in identifiers": _broken,
}
