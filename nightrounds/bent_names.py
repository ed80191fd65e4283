"""Bends a name as impostors do: which ways are used, how many of each and in which order.

dnstwist knows the ways. It makes tens of thousands of spellings of one name; a person reads a hundred, so the rest is order.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from detectors._likeness import skeleton

_SUFFIX = "com"  # dnstwist wants whole domains
_SHORT = 6  # letters; a shorter name with a letter changed is just another short name
_MANY = 24  # letters; of a longer one dnstwist would make hundreds of thousands of spellings with marks on two letters
_LONG = 40  # letters; a longer one is only given words


class Change(NamedTuple):
    """A way of bending a name: `score` of its likeliest spelling, how fast it `fades` to the next one, and the `most` kept.

    Hand-set. They say what is read first, nothing more.
    """

    name: str
    fuzzer: str  # what dnstwist calls it
    score: float
    fades: float
    most: int


HOMOGLYPH = Change("homoglyph", "homoglyph", 0.95, 0.92, 12)
OMISSION = Change("omission", "omission", 0.91, 0.90, 6)
TRANSPOSITION = Change("transposition", "transposition", 0.88, 0.88, 6)
HYPHENATION = Change("hyphenation", "hyphenation", 0.87, 0.85, 4)
ADDITION = Change("addition", "dictionary", 0.86, 0.985, 60)
OTHER_SUFFIX = Change("tld swap", "tld-swap", 0.85, 0.97, 14)

SPELLINGS = (HOMOGLYPH, OMISSION, TRANSPOSITION, HYPHENATION, ADDITION)


@dataclass(frozen=True, slots=True)
class Bender:
    """Bends labels: names in lower case whose words are parted by '-' or by nothing.

    `words` are what imitators add, the likeliest first; `parts` the words of our names, run together in every way.
    """

    words: tuple[str, ...]
    parts: Collection[str] = frozenset()

    def bend(self, label: str, change: Change, *, marks: bool) -> list[str]:
        """Spellings of `label` by one change, the most confusable first; with `marks`, letters beyond a to z among them."""
        if not self._is_bent(label, change):
            return []
        marks = marks and _SHORT <= len(label) <= _MANY
        spellings = {unicode(one) for one in self._made(label, change, marks=marks)}
        if change is HOMOGLYPH and len(label) < _SHORT:
            spellings = {one for one in spellings if skeleton(one) == skeleton(label)}
        return sorted(spellings - {label}, key=lambda spelling: self._rank(label, spelling, change))

    def without_word(self, label: str) -> str:
        """A label without a word that imitators would swap for another at its end; empty where there is none."""
        for word in sorted(self.words, key=lambda word: (-len(word), word)):
            rest = label.removesuffix(word).rstrip("-")
            if rest != label and len(rest) >= _SHORT:
                return rest
        return ""

    def _is_bent(self, label: str, change: Change) -> bool:
        return change is ADDITION or (len(label) <= _LONG and (change is HOMOGLYPH or len(label) >= _SHORT))

    def _made(self, label: str, change: Change, *, marks: bool) -> list[str]:
        """By dnstwist, whose own way of taking names apart depends on what else is installed, so it is given the parts.

        It is imported on first use: it changes the process' time-out of sockets, which is put back.
        """
        before = socket.getdefaulttimeout()
        try:
            from dnstwist import Fuzzer
        finally:
            socket.setdefaulttimeout(before)
        fuzzer = Fuzzer(f"name.{_SUFFIX}", dictionary=[word for word in self.words if word not in label])
        fuzzer.domain = label
        if not marks:
            fuzzer.glyphs_unicode = {}
        fuzzer.generate([change.fuzzer])
        return [one["domain"].removesuffix(f".{_SUFFIX}") for one in fuzzer.domains]

    def _rank(self, label: str, spelling: str, change: Change) -> tuple[object, ...]:
        """Sorts spellings by how easily a hurried eye takes them for `label`."""
        rank: dict[Change, Callable[[str, str], tuple[object, ...]]] = {
            HOMOGLYPH: _by_look,
            OMISSION: _by_place,
            TRANSPOSITION: _by_place,
            HYPHENATION: self._by_border,
            ADDITION: self._by_word,
        }
        return (*rank[change](label, spelling), spelling)

    def _by_border(self, label: str, spelling: str) -> tuple[object, ...]:
        at = _first_difference(label, spelling)
        return label[:at] not in self.parts, abs(len(label) - 2 * at)

    def _by_word(self, label: str, spelling: str) -> tuple[object, ...]:
        """Words in their order by sixes, so that each of a few is seen in all its places before many others."""
        word = spelling.replace(label, "", 1).strip("-")
        order = self.words.index(word) if word in self.words else len(self.words)
        return order // 6, not spelling.startswith(label), order, "-" not in spelling


def unicode(host: str) -> str:
    """A host or label as a reader sees it; as it is where it is no right punycode."""
    return ".".join(_decoded(label) for label in host.split("."))


def ascii_host(host: str) -> str:
    """A host as machines spell it, in lower case; empty where it can't be one."""
    try:
        return host.strip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def _decoded(label: str) -> str:
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _by_look(label: str, spelling: str) -> tuple[object, ...]:
    """Letters that look the same, of the keyboard before others, few before many, and 'rn' for 'm' before figures."""
    one, other = _without_pairs(label), _without_pairs(spelling)
    pairs = abs(len(spelling) - len(label))
    changed = pairs + sum(a != b for a, b in zip(one, other, strict=False))
    return skeleton(spelling) != skeleton(label), not spelling.isascii(), changed, -pairs


def _without_pairs(text: str) -> str:
    return text.replace("rn", "m").replace("vv", "w")


def _by_place(label: str, spelling: str) -> tuple[object, ...]:
    """A mark or a doubled letter is missed least, then what is inside; the first and the last letter are read."""
    at = _first_difference(label, spelling)
    doubled = 0 < at < len(label) and label[at] == label[at - 1]
    return label[at : at + 1] != "-" and not doubled, at == 0 or at >= len(label) - 1, -at


def _first_difference(label: str, spelling: str) -> int:
    pairs = enumerate(zip(label, spelling, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(label), len(spelling)))
