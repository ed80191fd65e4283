"""A text as the gate reads it: folded, in lower case, bent words straight, hashtags as words, other senses taken out.

What hides talk of working conditions from a filter must not take the law's protection from it either: 'un10n', 's.t.r.i.k.e'
and '#strikenow' are read as 'union', 'strike' and 'strike now'. A word is only ever undone into one that the policy's own
phrases hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import re2

from detectors._conduct_spelling import Spelling
from detectors._fold import fold
from detectors._phrases import compile_phrases

_WINDOW, _STEP = 600, 400  # characters that are judged together, so that a long text's far words don't add up
_CAMEL = re2.compile(r"([a-z])([A-Z])")
_HASHTAG = re.compile(r"#(\w{4,40})")
_WORD = re.compile(r"[a-z]{2,}")
_BENT_FROM = 4  # letters: shorter words are undone into by chance
_LINKING = (
    "a",
    "i",
    "and",
    "the",
    "us",
    "we",
    "now",
    "for",
    "of",
    "in",
    "our",
    "no",
    "at",
    "to",
    "is",
    "are",
    "not",
    "y",
    "el",
    "la",
)
_ADDRESS = re.compile(r"[/._?=&#+%:-]+")


class GateText:
    """Reads texts. `phrases` are all wordings of the policy's gate, `other_senses` those that mean something else."""

    def __init__(self, phrases: Iterable[str], other_senses: Iterable[str]) -> None:
        words = {word for phrase in phrases for word in _WORD.findall(phrase.lower())}
        self._spelling = Spelling(word for word in words if len(word) >= _BENT_FROM)
        self._in_hashtags = frozenset(words | set(_LINKING))
        self._other = compile_phrases(other_senses)

    def read(self, text: str) -> str:
        apart = _CAMEL.sub(r"\1 \2", fold(text).text)
        lower = _HASHTAG.sub(self._words_of, apart.lower()).replace("#", " ")
        straight = _replaced(lower, self._spelling)
        return str(self._other.sub(" . ", straight)) if self._other else straight

    def _words_of(self, hashtag: re.Match[str]) -> str:
        """'#fairpaynow' as 'fair pay now', where known words fill it to the end; the fewest that do."""
        tag = hashtag[1]
        fewest: list[tuple[str, ...] | None] = [()] + [None] * len(tag)
        for end in range(1, len(tag) + 1):
            for start in range(end):
                before, word = fewest[start], tag[start:end]
                if before is not None and word in self._in_hashtags:
                    best = fewest[end]
                    if best is None or len(before) + 1 < len(best):
                        fewest[end] = (*before, word)
        return " " + " ".join(fewest[-1] or (tag,))


def words_of_address(link: str) -> str:
    """A link's words: 'https://sign.example/safe-staffing' speaks of safe staffing."""
    return _ADDRESS.sub(" ", link)


def windows(text: str) -> Iterator[str]:
    """Overlapping parts of a long text, cut between words."""
    start = 0
    while True:
        end = start + _WINDOW
        if end < len(text):
            end = max(text.rfind(" ", start + _STEP, end), start + _STEP)
        yield text[start:end]
        if end >= len(text):
            return
        start = max(text.find(" ", start + _STEP, end), start + _STEP)


def _replaced(text: str, spelling: Spelling) -> str:
    pieces, at = list[str](), 0
    for start, end, word in sorted(spelling.edits(text)):
        if start >= at:
            pieces += (text[at:start], word)
            at = end
    return "".join((*pieces, text[at:]))
