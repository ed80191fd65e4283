"""How like a handle, a display name or a label of a web address is to one of the institution's names.

Disguises that are undone: look-alike letters of other scripts (folding), figures for letters (m0unt), rn for m and vv for w,
marks between words, words of service added (-jobs, official), and one or two typing errors (optimal string alignment).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz.distance import OSA

from detectors._fold import fold
from detectors._institution import squash
from detectors._phrases import compile_pattern

_FIGURES = str.maketrans(
    {"0": "o", "1": "i", "l": "i", "!": "i", "|": "i", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t"}
)
_SHORTEST_STEM = 6  # a shorter name is found inside too many words
_ONE_ERROR_FROM = 8  # letters from which one typing error still leaves the name plain
_TWO_ERRORS_FROM = 12


class Likeness(NamedTuple):
    """`score` in [0, 1]; `disguised` when the spelling was bent to look alike; `rest` is what stands beside the name."""

    score: float
    disguised: bool = False
    rest: str = ""


class Stem(NamedTuple):
    plain: str
    skeleton: str


class Likenesses:
    """Compares with all `names` at once. `added` are words that imitators put beside a name."""

    def __init__(self, names: Iterable[str], added: Iterable[str]) -> None:
        plain = sorted(
            {s for n in names if len(s := squash(n).removeprefix("the")) >= _SHORTEST_STEM}, key=lambda s: (-len(s), s)
        )
        self._stems = [Stem(stem, skeleton(stem)) for stem in plain]
        words = "|".join(sorted({re.escape(s) for word in added for s in (squash(word), skeleton(word)) if s}))
        self._added = compile_pattern(rf"(?:{words}|\d)*") if words else compile_pattern(r"\d*")
        self._core = compile_pattern(rf"(?:{words}|\d)*?(.+?)(?:{words}|\d)*") if words else compile_pattern(r"(.+?)\d*")

    def of(self, text: str) -> Likeness | None:
        """The likeness of `text` to the name that it resembles most; None where it resembles none."""
        plain, bare = squash(text), skeleton(text)
        if not plain:
            return None
        as_given = _as_given(text)
        for stem in self._stems:
            if bare == stem.skeleton or plain == f"the{stem.plain}":
                disguised = stem.plain not in as_given
                return Likeness(0.95 if disguised else 0.9, disguised)
        return self._holding(plain, bare, as_given) or self._misspelt(plain)

    def _holding(self, plain: str, bare: str, as_given: str) -> Likeness | None:
        for stem in self._stems:
            for text, part in ((plain, stem.plain), (bare, stem.skeleton)):
                at = text.find(part)
                if at < 0:
                    continue
                before, after = text[:at], text[at + len(part) :]
                disguised = stem.plain not in as_given
                if all(self._added.fullmatch(side) for side in (before, after)):
                    return Likeness(0.92 if disguised else 0.88, disguised, before + after)
                return Likeness(0.7 if disguised else 0.5, disguised, f"{before} {after}")
        return None

    def _misspelt(self, plain: str) -> Likeness | None:
        whole = self._core.fullmatch(plain)
        for core in {skeleton(plain), skeleton(whole[1]) if whole else ""}:
            for stem in self._stems:
                errors = _errors_allowed(stem.skeleton)
                alike = errors and core[:1] == stem.skeleton[:1]  # a hurried eye does read the first letter
                if alike and OSA.distance(core, stem.skeleton, score_cutoff=errors) <= errors:
                    return Likeness(0.85, True)
        return None


def _errors_allowed(stem: str) -> int:
    return 2 if len(stem) >= _TWO_ERRORS_FROM else 1 if len(stem) >= _ONE_ERROR_FROM else 0


def skeleton(text: str) -> str:
    """What a hurried eye sees: folded, figures read as letters, i and l as one, rn as m, vv as w, marks dropped."""
    letters = "".join(char for char in fold(text).lower.translate(_FIGURES) if char.isalnum())
    return letters.replace("rn", "m").replace("vv", "w")


def _as_given(text: str) -> str:
    """Letters and figures with only case and accents taken off, so that a look-alike letter still shows."""
    return "".join(char for char in unicodedata.normalize("NFD", text).casefold() if char.isalnum())
