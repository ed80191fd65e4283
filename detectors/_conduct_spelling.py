"""Undoes what people do to words so that filters pass over them: figures for letters, gaps, asterisks, letters drawn out.

A word is undone only into one of those that the rule knows, so that a dose, a ward or a handle stays what it is. Linear in the
length of the text; the lists are small and looked up.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from detectors._fold import Folded, _Map

_FIGURES = str.maketrans("0134578@$!|+€", "oieastbasiite")
_SIGNED = re.compile(r"(?<![\w@/.])(?=[\w@$!|+*#%&-]{0,20}[0-9@$!|+*#%&])[a-z0-9@$!|+*#%&-]{3,24}(?<![!+|-])")
_LETTERS_APART = re.compile(r"(?<![\w'])[a-z0-9@$!*](?:([ ._*-])[a-z0-9@$!*])(?:\1[a-z0-9@$!*]){1,20}(?![\w'])")
_DRAWN_OUT = re.compile(r"\b\w*?([a-z])\1\1\w*")
_RUN = re.compile(r"([a-z])\1{2,}")
_MASKS = "*#%&"
_SHOWN = 0.5  # of a masked word's letters, the least that must stand open
_LONGEST = 25

Edit = tuple[int, int, str]


class Spelling:
    """The words that are looked for, and every way of bending them that is undone."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {word for word in words if word.isascii() and word.isalpha() and len(word) > 2}
        self._by_ends: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in sorted(self._words):
            self._by_ends[word[0], len(word)].append(word)

    def undone(self, folded: Folded) -> Folded:
        """The text with bent words straight, in lower case, and its way back to the given one."""
        return rewritten(folded, sorted(self.edits(folded.lower)))

    def edits(self, text: str) -> Iterator[Edit]:
        """Where folded lower-case text bends a word of the list, and the straight word."""
        for match in _LETTERS_APART.finditer(text):
            letters = match[0][::2]
            if word := self._known(letters):
                yield match.start(), match.end(), word
        for match in _SIGNED.finditer(text):
            if word := self._known(match[0].rstrip("-")):
                yield match.start(), match.start() + len(match[0].rstrip("-")), word
        for match in _DRAWN_OUT.finditer(text):
            if len(match[0]) <= _LONGEST and (word := self._squeezed(match[0])):
                yield match.start(), match.end(), word

    def _known(self, bent: str) -> str | None:
        if bent in self._words or bent.isdigit():
            return None if bent.isdigit() else bent
        plain = bent.translate(_FIGURES)
        for candidate in (plain, plain.replace("-", ""), bent.replace("1", "l").translate(_FIGURES)):
            if candidate in self._words:
                return candidate
        if plain.isalpha():
            return self._squeezed(plain)
        return self._unmasked(plain)

    def _unmasked(self, plain: str) -> str | None:
        """'f*gg*t': one sign a letter, and no other word of the list would fit."""
        letters = sum(char.isalpha() for char in plain)
        if not (plain[0].isalpha() and any(sign in plain for sign in _MASKS) and letters >= _SHOWN * len(plain)):
            return None
        fits = [word for word in self._by_ends.get((plain[0], len(plain)), ()) if _agrees(plain, word)]
        return fits[0] if len(fits) == 1 else None

    def _squeezed(self, word: str) -> str | None:
        """'biiitch': letters drawn out to three and more were one or two."""
        for kept in (r"\1", r"\1\1"):
            short = _RUN.sub(kept, word)
            if short != word and short in self._words:
                return short
        return None


def rewritten(folded: Folded, edits: Sequence[Edit]) -> Folded:
    """`folded` in lower case with each (start, end, new) put in its place; of edits that overlap the first holds."""
    text = folded.lower
    if not edits:
        return Folded(text, folded.given, folded.map, folded.dropped)
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for start, end, new in (*edits, (len(text), len(text), "")):
        if start < at:
            continue
        pieces += (text[at:start], new)
        spans += [folded.original_span(n, n + 1) for n in range(at, start)]
        if new:
            spans += [folded.original_span(start, end)] * len(new)
        at = end
    return Folded("".join(pieces), folded.given, _Map([s for s, _ in spans], [e for _, e in spans]), folded.dropped)


def _agrees(masked: str, word: str) -> bool:
    return all(sign in _MASKS or sign == letter for sign, letter in zip(masked, word, strict=True))
