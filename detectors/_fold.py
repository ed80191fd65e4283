"""Text as a pattern wants to see it, with a way back to the text as it was given.

Folding undoes what hides words and numbers: digits of all scripts (keycaps, circles, full width), look-alike letters, Turkic i,
accents, odd dashes, quotes and spaces, zero-width and direction marks, small capitals, letters set apart ('M a r i a'). Case is
kept. Sources: Unicode's NFKC one character at
a time, and for look-alikes the Cyrillic, Greek, Armenian and Cherokee letters of Unicode's confusables table (TS 39).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

_LOOK_ALIKES = {
    "A": "АΑᎪ", "B": "ВΒᏴ", "C": "СᏟϹ", "D": "Ꭰ", "E": "ЕΕᎬ", "F": "Ϝ", "G": "ᏀԌ", "H": "НΗᎻ", "I": "ІΙӀⵏ", "J": "ЈᎫ",
    "K": "КΚᏦ", "L": "Ꮮ", "M": "МΜᎷ", "N": "ΝՆ", "O": "ОΟՕ", "P": "РΡᏢ", "Q": "Ԛ", "R": "ᎡᏒ", "S": "ЅᏚՏ", "T": "ТΤᎢ",
    "U": "ՍᑌԱ", "V": "ᏙѴ", "W": "ԜᎳ", "X": "ХΧ", "Y": "ҮΥ", "Z": "ΖᏃ",
    "a": "аαɑ", "b": "Ьƅ", "c": "сϲᴄ", "d": "ԁɗ", "e": "еҽ℮", "g": "ɡց", "h": "һհ", "i": "іιıɩ", "j": "јϳ", "k": "кκ",
    "l": "ӏǀⅼ", "m": "м", "n": "ոռ", "o": "оοօσᴏ", "p": "рρ", "q": "ԛզ", "r": "гᴦ", "s": "ѕꜱ", "u": "սυᴜ", "v": "ѵνᴠ",
    "w": "ԝաᴡ", "x": "хχ", "y": "уγүყ", "z": "ᴢ", "ss": "ßẞ", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "'": "’‘‛ʼʹ′`´＇", '"': "“”„‟«»″", "-": "‐‑‒–—―−⁃﹘﹣－⸺⸻", ".": "․", "/": "⁄∕", ":": "∶ː꞉", ",": "‚",
    " ": "\u2800\u115f\u1160\u3164\uffa0", "\n": "\u2028\u2029\x85",
}  # fmt: skip
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢǫ", "abcdefghijklmnopqrstuvwyzq", strict=True))
_STROKED = {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T"}
_KEEP = frozenset("™®©…¨¸¯")  # NFKC would glue letters or dots to a neighbour, or change what a reader sees
# Five letters and more, a blank between each; fewer are initials, grades or a list.
_APART = re.compile(r"(?<![\w.'])[^\W\d_](?: [^\W\d_]){4,}(?![\w'])")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_JOINED_LENGTH = 4  # NFKC spells some single characters out as whole phrases


def _enclosed_letters() -> dict[str, str]:
    """Letters in black circles and squares (🅐, 🅰), which NFKC leaves alone, and in parentheses (🄐, ⒜), which it would keep."""
    large = {chr(first + n): chr(ord("A") + n) for first in (0x1F110, 0x1F150, 0x1F170) for n in range(26)}
    return large | {chr(0x249C + n): chr(ord("a") + n) for n in range(26)}


class _Folds(dict[str, str]):
    """What each character folds to, worked out when first met; empty for a character that is dropped."""

    def __missing__(self, char: str) -> str:
        self[char] = folded = _fold_char(char)
        return folded


_TABLE = {odd: plain for plain, odds in _LOOK_ALIKES.items() for odd in odds} | _SMALL_CAPITALS | _STROKED | _enclosed_letters()
_FOLDS = _Folds(_TABLE)


def _fold_char(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Mn", "Me", "Cf"}:
        return ""
    if category == "Cs":
        return "\ufffd"  # a lone surrogate can't be encoded, and nothing can be read in it
    if category == "Zs":
        return " "
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if char in _KEEP or (category == "No" and "VULGAR" in unicodedata.name(char, "")):
        return char
    plain = unicodedata.normalize("NFKD", char)
    if plain != char and len(plain) <= _JOINED_LENGTH:
        return "".join(_FOLDS[c] if c > "\x7f" else c for c in plain if not unicodedata.combining(c))
    return char


@dataclass(frozen=True, slots=True)
class _Map:
    """For each folded character, the half-open range of given characters that it stands for."""

    starts: list[int] = field(repr=False)
    ends: list[int] = field(repr=False)


@dataclass(frozen=True)
class Folded:
    """Folded text. Without a map, folded and given text have equal offsets."""

    text: str = field(repr=False)
    given: str = field(repr=False)
    map: _Map | None = field(default=None, repr=False)
    dropped: bool = False  # whether characters were taken out, so that neighbours moved together

    @cached_property
    def lower(self) -> str:
        """Lower case, of equal length (the one letter that would grow, İ, is folded away)."""
        return self.text.lower()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The range of the given text, in code points, that the folded range [start, end) stands for."""
        if self.map is None or start >= end:
            return (start, end) if self.map is None else self._empty_span(start)
        return self.map.starts[start], self.map.ends[end - 1]

    def _empty_span(self, at: int) -> tuple[int, int]:
        starts = self.map.starts if self.map else []
        place = starts[at] if at < len(starts) else len(self.given)
        return place, place


def fold(text: str) -> Folded:
    """Fold `text`; linear in its length, and nearly free where it is ASCII."""
    folded = Folded(text, text) if text.isascii() else _fold_letters(text)
    return _closed_up(folded) if _APART.search(folded.text) else folded


def _fold_letters(text: str) -> Folded:
    folds = _FOLDS
    if all(len(folds[char]) == 1 for char in set(_NOT_ASCII.findall(text))):
        return Folded(_NOT_ASCII.sub(lambda match: folds[match[0]], text), text)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    dropped = False
    for at, char in enumerate(text):
        folded = char if char <= "\x7f" else folds[char]
        if folded:
            pieces.append(folded)
            starts += [at] * len(folded)
            ends += [at + 1] * len(folded)
        else:
            dropped = True
            if ends and unicodedata.combining(char):
                ends[-1] = at + 1  # an accent belongs to its letter
    return Folded("".join(pieces), text, _Map(starts, ends), dropped)


def _closed_up(folded: Folded) -> Folded:
    """With the letters of words that were set apart next to each other."""
    gone = {at for match in _APART.finditer(folded.text) for at in range(match.start() + 1, match.end(), 2)}
    kept = [at for at in range(len(folded.text)) if at not in gone]
    spans = [folded.original_span(at, at + 1) for at in kept]
    text = "".join(folded.text[at] for at in kept)
    return Folded(text, folded.given, _Map([start for start, _ in spans], [end for _, end in spans]), dropped=True)
