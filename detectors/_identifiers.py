"""Finds identifiers by shape: one pass over a text says which patterns can match, and only those are confirmed.

The gate is a google-re2 Set (linear time) of the patterns without their lookarounds, hence a superset. Confirming uses the
pattern itself under a time limit, its check (a checksum, a list), and the words before it: a context word lifts a score as
Presidio's enhancer does. A shape that is worth nothing without a context word is opened only where one stands in the text. What
people spell out or break up ('five five five', 'd o b', 'jane at example dot org') is read a second time as it was meant.
A pattern that runs out of time makes the text 'not read', never clean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import re2
import regex

from detectors._fold import Folded
from detectors._identifiers_respelled import GATES, respelled

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
_TO_WORDS = bytes(ord(chr(n).lower()) if n < 128 and chr(n).isalpha() else 32 for n in range(256))
_ODD_LETTER = re.compile(r"[^\W\x00-\x7f]")
_BEYOND_RE2 = re.compile(r"\(\?(?:<?[=!])|(?<!\\)\\[1-9]")
_LOOKAROUND = re.compile(r"\(\?(?:<?[=!])")

_NONE: frozenset[str] = frozenset()

Matcher = Callable[[str, Set[str]], Iterable[tuple[int, int]]]  # of a text, and of the words of `needs` in it
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
    IBAN does it, an extent always begins where the match does. `gate` is a tighter pattern for the gate than the pattern
    without its lookarounds; every text with a match must match it too. `needs` tells a set of lower-case words (letters only)
    of which the text must hold one. `decides` says whether `check` ever answers True.
    """

    type: str
    pattern: str
    score: float
    context: tuple[str, ...] = ()
    check: Check | None = None
    any_case: bool = True
    groups: tuple[int, ...] = (0,)
    trims: bool = False
    matcher: Matcher | None = None  # finds extents itself; `pattern` then only gates
    gate: str = ""
    needs: Callable[[], Set[str]] | None = None
    decides: bool = True
    compiled: regex.Pattern[str] = field(init=False, repr=False, compare=False)
    linear: Any = field(init=False, repr=False, compare=False)  # the same as a google-re2 pattern, where that can say it

    def __post_init__(self) -> None:
        flags = regex.DOTALL | regex.MULTILINE | (regex.IGNORECASE if self.any_case else 0)
        object.__setattr__(self, "compiled", regex.compile(self.pattern, flags))
        linear = None if self.matcher or _BEYOND_RE2.search(self.pattern) else _loosened(self.pattern, self.any_case)
        object.__setattr__(self, "linear", re2.compile(linear.encode(), _options()) if linear else None)

    @property
    def lives_by_context(self) -> bool:
        """Whether no match reaches FLOOR without a context word."""
        return self.score < FLOOR and bool(self.context) and not (self.check and self.decides)

    def extents(self, text: str, plain: bytes | None = None, words: Set[str] = _NONE) -> Iterator[Sequence[tuple[int, int]]]:
        """For each match its possible extents, the preferred first. Raises TimeoutError.

        `plain` is `text` as google-re2 reads it, given where both engines find the same in it.
        """
        if self.matcher is not None:
            yield from ((extent,) for extent in self.matcher(text, words))
            return
        quick = self.linear is not None and plain is not None
        for match in self.linear.finditer(plain) if quick else self.compiled.finditer(text, timeout=TIME_LIMIT):
            if self.trims:
                yield [(match.start(), match.end(g)) for g in self.groups if match.end(g) > match.start()]
            else:
                yield [match.span(g) for g in self.groups if match.end(g) > match.start(g)]


class Identifiers:
    """All shapes as one engine. Building it costs some tenths of a second; one serves a whole process."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self.shapes = tuple(shapes)
        self._gate = re2.Set.SearchSet(_options())
        for shape in self.shapes:
            self._gate.Add(_loosened(shape.gate or shape.pattern, shape.any_case))
        self._canary = self._gate.Add("")  # matches every text: where it is absent, the gate gave up
        self._rules = {self._gate.Add(f"(?is:{gate})"): n for n, gate in enumerate(GATES)}
        lived_by = dict.fromkeys(shape.context for shape in self.shapes if shape.lives_by_context)
        contexts: dict[tuple[str, ...], int] = {context: self._gate.Add(_any_of(context)) for context in lived_by}
        self._known = [(shape, contexts[shape.context] if shape.lives_by_context else None) for shape in self.shapes]
        self._gate.Compile()
        self._all_needs = frozenset[str]().union(*(needs() for needs in {shape.needs for shape in self.shapes} if needs))

    def can_match(self, text: str) -> list[Shape]:
        """The shapes that may find something in folded `text`: a superset of those that do."""
        return [shape for shape, _ in self._open(_plain(text)[0])[0]]

    def find(self, folded: Folded) -> tuple[list[Found], bool]:
        """Identifiers of at least FLOOR in reading order, and whether every pattern came to its end in time."""
        best: dict[tuple[str, int, int], float] = {}
        in_time, rules = self._collect(folded, best)
        if rules and (meant := respelled(folded.text, rules)) is not None:
            more: dict[tuple[str, int, int], float] = {}
            in_time = self._collect(meant, more)[0] and in_time
            for (kind, start, end), score in more.items():
                key = (kind, *meant.original_span(start, end))
                best[key] = max(best.get(key, 0.0), score)
        return _without_parts([Found(*key, score) for key, score in best.items()]), in_time

    def _collect(self, folded: Folded, best: dict[tuple[str, int, int], float]) -> tuple[bool, list[int]]:
        """Put the best score of each find into `best`; whether all patterns ended in time, and which rules may apply."""
        plain, alike = _plain(folded.text)
        shapes, rules = self._open(plain)
        in_time = True
        for shape, words in shapes:
            try:
                for found in _confirm(shape, folded, plain if alike else None, words):
                    key = found[:3]
                    best[key] = max(best.get(key, 0.0), found.score)
            except TimeoutError:
                in_time = False
        return in_time, rules

    def _open(self, plain: bytes) -> tuple[list[tuple[Shape, Set[str]]], list[int]]:
        """The shapes whose gate is open, each with the words of its `needs` that are there; and the rules that may apply."""
        open_ = self._gate.Match(plain)
        if self._canary not in open_:
            words = _words_of(plain)
            return [(shape, words & shape.needs() if shape.needs else _NONE) for shape in self.shapes], list(
                self._rules.values()
            )
        shapes: list[tuple[Shape, Set[str]]] = []
        rules: list[int] = []
        words, nothing = _NONE, False
        for n in open_:
            if n >= self._canary:
                if n in self._rules:
                    rules.append(self._rules[n])
                continue
            shape, context = self._known[n]
            if context is not None and context not in open_:
                continue
            if shape.needs is None:
                shapes.append((shape, _NONE))
                continue
            if not words and not nothing:
                words = _words_of(plain)
                nothing = words.isdisjoint(self._all_needs)
            if not nothing and not words.isdisjoint(needs := shape.needs()):
                shapes.append((shape, words & needs))
        return shapes, rules


def _words_of(plain: bytes) -> Set[str]:
    """The words of a text in small letters; where apostrophes stand, also as without them."""
    words = set(plain.translate(_TO_WORDS).decode("ascii").split())
    return words.union(plain.translate(_TO_WORDS, b"'").decode("ascii").split()) if b"'" in plain else words


def _any_of(context: Iterable[str]) -> str:
    """A gate pattern that holds wherever a context word may stand."""
    words = "|".join(re.escape(word) for word in context)
    return f"(?is:(?:^|[^0-9a-z])(?:{words})|{'|'.join(re.escape(word) for word in context if ' ' in word) or 'a^'})"


def _confirm(shape: Shape, folded: Folded, plain: bytes | None, words: Set[str]) -> Iterator[Found]:
    text = folded.text
    for extents in shape.extents(text, plain, words):
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
    if len(found) < 2:
        return found
    found.sort(key=lambda f: (f.start, -f.end, f.type))
    reaching: dict[str, list[Found]] = {}  # kept ones that may still hold what comes next
    kept: list[Found] = []
    for one in found:
        longer = reaching[one.type] = [k for k in reaching.get(one.type, ()) if k.end > one.start]
        if not any(k.end >= one.end and k.score >= one.score for k in longer):
            kept.append(one)
            longer.append(one)
    return kept


def _plain(text: str) -> tuple[bytes, bool]:
    """`text` for google-re2, whose \\w, \\b and \\s know only ASCII, at equal length; and whether it means the same there."""
    if text.isascii() and text.isprintable():
        return text.encode("ascii"), True
    plain = _ODD.sub(_plain_stand_in, text)
    return plain.encode("ascii"), plain is text or _ODD_LETTER.search(text) is None


def _plain_stand_in(match: re.Match[str]) -> str:
    char = match[0]
    if char.isalnum():
        return "a"
    return " " if char.isspace() else "\x7f"


def _options() -> Any:
    options = re2.Options()
    options.max_mem = _GATE_MEMORY
    options.log_errors = False
    return options


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
