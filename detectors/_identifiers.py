"""Finds identifiers by shape: one pass over a text says which patterns can match, and only those are confirmed.

The gate is a google-re2 Set (linear time) of the patterns without their lookarounds, hence a superset. Confirming uses the
pattern itself under a time limit, its check (a checksum, a list), and the words before it: a context word lifts a score as
Presidio's enhancer does. A pattern that runs out of time makes the text 'not read', never clean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import re2
import regex

from detectors._fold import Folded

FLOOR = 0.35  # below it, stock Presidio's shapes say little more than 'a number stands here'
TIME_LIMIT = 0.25  # seconds of CPU for one pattern on one text
CONTEXT_LIFT = 0.35  # this and the next: presidio's LemmaContextAwareEnhancer
CONTEXT_LEAST = 0.4
_CONTEXT_REACH = 90  # characters looked at before a match, and a few words after it
_CONTEXT_AFTER = 30
_CONTEXT_WORDS = 8
_EXACT_CONTEXT = 3  # a context word this short must be a whole word, else 'lic' is found in 'public'
_GATE_MEMORY = 64 << 20

_WORD = re.compile(r"[^\W_]+#?")
_ODD = re.compile(r"[^\t\n\r\x20-\x7e]")
_LOOKAROUND = re.compile(r"\(\?(?:<?[=!])")

Check = Callable[[str], bool | None]


class Found(NamedTuple):
    """An identifier at [start, end) of the folded text."""

    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Shape:
    """One pattern of one type of identifier.

    `check` says of the matched text: True (certainly one), False (not one), None (no say). `context` are words whose nearness
    lifts the score. `groups` are tried in turn for the entity's extent: (0,) is the whole match. With `trims`, as Presidio's
    IBAN does it, an extent always begins where the match does.
    """

    type: str
    pattern: str
    score: float
    context: tuple[str, ...] = ()
    check: Check | None = None
    any_case: bool = True
    groups: tuple[int, ...] = (0,)
    trims: bool = False
    matcher: Callable[[str], Iterable[tuple[int, int]]] | None = None  # finds extents itself; `pattern` then only gates
    compiled: regex.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        flags = regex.DOTALL | regex.MULTILINE | (regex.IGNORECASE if self.any_case else 0)
        object.__setattr__(self, "compiled", regex.compile(self.pattern, flags))

    def extents(self, text: str) -> Iterator[Sequence[tuple[int, int]]]:
        """For each match its possible extents, the preferred first. Raises TimeoutError."""
        if self.matcher is not None:
            yield from ((extent,) for extent in self.matcher(text))
            return
        for match in self.compiled.finditer(text, timeout=TIME_LIMIT):
            if self.trims:
                yield [(match.start(), match.end(g)) for g in self.groups if match.end(g) > match.start()]
            else:
                yield [match.span(g) for g in self.groups if match.end(g) > match.start(g)]


class Identifiers:
    """All shapes as one engine. Building it costs some milliseconds; one serves a whole process."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self.shapes = tuple(shapes)
        options = re2.Options()
        options.max_mem = _GATE_MEMORY
        options.log_errors = False
        self._gate = re2.Set.SearchSet(options)
        for shape in self.shapes:
            self._gate.Add(_loosened(shape.pattern, shape.any_case))
        self._canary = len(self.shapes)
        self._gate.Add("")  # matches every text: where it is absent, the gate gave up
        self._gate.Compile()

    def can_match(self, text: str) -> list[Shape]:
        """The shapes that may have a match in folded `text`: a superset of those that do."""
        open_ = self._gate.Match(_ODD.sub(_plain_stand_in, text))
        if self._canary not in open_:
            return list(self.shapes)
        return [self.shapes[n] for n in sorted(open_) if n != self._canary]

    def find(self, folded: Folded) -> tuple[list[Found], bool]:
        """Identifiers of at least FLOOR in reading order, and whether every pattern came to its end in time."""
        best: dict[tuple[str, int, int], float] = {}
        in_time = True
        for shape in self.can_match(folded.text):
            try:
                for found in _confirm(shape, folded):
                    key = found[:3]
                    best[key] = max(best.get(key, 0.0), found.score)
            except TimeoutError:
                in_time = False
        return _without_parts([Found(*key, score) for key, score in best.items()]), in_time


def _confirm(shape: Shape, folded: Folded) -> Iterator[Found]:
    text = folded.text
    for extents in shape.extents(text):
        for start, end in extents:
            verdict = shape.check(text[start:end]) if shape.check else None
            if verdict is False:
                continue
            score = 1.0 if verdict else shape.score
            if score < 1.0 and shape.context and _has_context(shape.context, folded.lower, start, end):
                score = min(1.0, max(score + CONTEXT_LIFT, CONTEXT_LEAST))
            if score >= FLOOR:
                yield Found(shape.type, start, end, score)
            break


def _has_context(context: tuple[str, ...], lower: str, start: int, end: int) -> bool:
    before = lower[max(0, start - _CONTEXT_REACH) : start]
    after = lower[end : end + _CONTEXT_AFTER]
    words = _WORD.findall(before)[-_CONTEXT_WORDS:] + _WORD.findall(lower[start:end])[:1] + _WORD.findall(after)[:3]
    for word in context:
        if " " in word:
            if word in before:
                return True
        elif len(word) <= _EXACT_CONTEXT:
            if word in words:
                return True
        elif any(near.startswith(word) for near in words):
            return True
    return False


def _without_parts(found: list[Found]) -> list[Found]:
    """Reading order, without a find that lies within a longer one of its type and is not surer."""
    found.sort(key=lambda f: (f.start, -f.end, f.type))
    reaching: dict[str, list[Found]] = {}  # kept ones that may still hold what comes next
    kept: list[Found] = []
    for one in found:
        longer = reaching[one.type] = [k for k in reaching.get(one.type, ()) if k.end > one.start]
        if not any(k.end >= one.end and k.score >= one.score for k in longer):
            kept.append(one)
            longer.append(one)
    return kept


def _plain_stand_in(match: re.Match[str]) -> str:
    """What the gate reads for a character outside printable ASCII: re2's \\w, \\b and \\s know only ASCII."""
    char = match[0]
    if char.isalnum():
        return "a"
    return " " if char.isspace() else "!"


def _loosened(pattern: str, any_case: bool) -> str:
    """The pattern for re2: lookarounds dropped, a back-reference to one character made any character."""
    while found := _LOOKAROUND.search(pattern):
        pattern = pattern[: found.start()] + pattern[_closing(pattern, found.start()) + 1 :]
    pattern = re.sub(r"(?<!\\)\\[1-9]", ".", pattern)
    return f"(?{'i' if any_case else ''}sm:{pattern})"


def _closing(pattern: str, opening: int) -> int:
    """Where the parenthesis at `opening` closes."""
    depth, at, in_class = 0, opening, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise ValueError("unbalanced pattern")
