"""What in a text speaks for bad conduct and what against it: the policy's wordings, slurs, and where they stand.

Whether a sign is reported ('she called me ...') is told of its own place: by the words before it, in its sentence or the one
before, or by quotation marks around it. So one quotation excuses nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from core.policy import Rule
from core.records import Reading, Span
from detectors._conduct_points import conduct_points
from detectors._conduct_text import PERHAPS, SLOTS, SLUR, VILE, ConductText, persons_in
from detectors._fold import Folded
from detectors._phrases import compile_pattern, compile_phrases

_FILLS = ("violence", "should", "will")  # lists that fill slots of other lists; 'harm' is filled by them in its turn
_THREATS = ("threat_announced", "threat_menace", "threat_incited", "threat_wished")
_OF_GROUPS = ("dehumanised", "excluded", "denied_atrocity", "denied_service", "unfit")
_OF_PERSONS = ("insulted_to_face", "told_off", "insulted_behind", "mocked", "doxxed", "whereabouts", "hounded", "sexual")
_SPEAKS = (*_THREATS, *_OF_GROUPS, *_OF_PERSONS)
_OF_THE_WHOLE = ("condemned", "reclaimed", "sport", "laughter")
_MOST = 64  # matches of one sign in one text; more add nothing
_BEFORE, _AFTER = 90, 40  # characters in which a sign of reporting belongs to what follows, or to what came before
_LONGEST_QUOTE = 240
_LONGEST = 1 << 18  # characters of a segment that are read
_ANYBODY = r"he|she|they|your|his|their|te|le|les|hospital|clinic|school|mosque|church|synagogue|office|here|place|building"
_TARGET = compile_pattern(rf"\b{SLOTS['target']}\b|\b(?:{_ANYBODY})\b")
_AIMED = compile_pattern(
    rf"\b(?:you|u|ur|ya|your|these|those|all|fucking|filthy|dirty|stupid|dumb|disgusting|damn|goddamn|little|ugly|nasty|lazy|smelly|hate|"
    rf"bunch of|like an?|such an?|is an?|are|eres|son|es|pinches?|malditos?|sucios?|putos?|esos?|pareces?)\s+"
    rf"(?:\w+\s+)?(?:{PERHAPS}|{SLUR})\b|\b(?:{PERHAPS}|{SLUR})\s+(?:go home|get out|scum|trash|fuck|piece|ass|{VILE})\b"
)
_SLURS = compile_pattern(rf"\b(?:{SLUR}|{PERHAPS})\b")
_WEAPONS = compile_pattern(r"\b(?:gun|guns|rifle|glock|knife|machete|ammo|bullets?|bomb|pistola|cuchillo|navaja|balas?)\b")
_ADDRESS = ("PHONE_NUMBER", "STREET_ADDRESS")


class Sign(NamedTuple):
    """One sign at [start, end) of the read text. `reported` is whether it is somebody else's word that is told."""

    name: str
    start: int
    end: int
    reported: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one segment holds. `context` are signs of the whole text, `targeted` whether anybody is there to be aimed at."""

    segment: str
    read: Folded
    signs: tuple[Sign, ...]
    context: frozenset[str]
    targeted: bool

    def names(self, category: str) -> set[str]:
        """The signs that count for `category`. Where all that speaks for it is reported, 'reported' is among them."""
        points = conduct_points()
        own = {sign.name for sign in self.signs if not sign.reported}
        told = {sign.name for sign in self.signs}
        speaking = own if any(points.speaks_for(category, name) for name in own) else {*told, *_reported(told, self.context)}
        if category == "threat" and not self.targeted and not any(points.speaks_for(category, name) for name in own):
            speaking = {*speaking, "no_target"}
        return speaking | (self.context - {"reported"})

    def spans(self, category: str) -> tuple[Span, ...]:
        """Where that stands which speaks for `category`; where nothing does, the whole segment."""
        points = conduct_points()
        found = {
            Span(self.segment, *self.read.original_span(sign.start, sign.end))
            for sign in self.signs
            if points.speaks_for(category, sign.name)
        }
        return tuple(sorted(found)) or (Span(self.segment, 0, len(self.read.given)),)


class ConductEvidence:
    """Reads segments with one policy's wordings."""

    def __init__(self, config: Rule) -> None:
        phrases = config.phrases
        slots = dict(SLOTS)
        for name in (*_FILLS, "harm"):
            compiled = compile_phrases(phrases.get(name, ()), slots)
            slots[name] = f"(?:{compiled.pattern})" if compiled else _NEVER
        self._text = ConductText(phrases.get("other_senses", ()))
        self._patterns: Mapping[str, Any] = {
            name: compile_phrases(phrases.get(name, ()), slots) for name in (*_SPEAKS, *_OF_THE_WHOLE, "reported")
        }

    def of(self, reading: Reading, segment: str) -> Evidence:
        """What the segment of this name holds."""
        read = self._text.read(reading.by_name[segment][:_LONGEST], persons_in(reading, segment))
        text = read.lower
        reports = [match.span() for match in self._found("reported", text)]
        quotes = _quotes(text)
        signs = tuple(
            Sign(name, start, end, _is_reported(text, start, end, reports, quotes)) for name, start, end in self._signs(text)
        )
        context = {name for name in _OF_THE_WHOLE if any(True for _ in self._found(name, text))}
        context |= {"weapon_nearby"} if _WEAPONS.search(text) else set()
        context |= {"reported"} if reports else set()
        exposed = any(sign.name in {"doxxed", "whereabouts"} for sign in signs)
        if exposed and any(e.span.segment == segment for e in reading.entities(*_ADDRESS)):
            context.add("address")
        return Evidence(segment, read, signs, frozenset(context), bool(_TARGET.search(text)))

    def _signs(self, text: str) -> Iterator[tuple[str, int, int]]:
        for name in _SPEAKS:
            for match in self._found(name, text):
                yield (name, *match.span())
                if VILE in match[0] or SLUR in match[0]:
                    yield ("vile", *match.span())
        for match in islice(_SLURS.finditer(text), _MOST):
            yield ("slur" if match[0] == SLUR else "slur_perhaps", *match.span())
        for match in islice(_AIMED.finditer(text), _MOST):
            yield ("slur_aimed", *match.span())

    def _found(self, name: str, text: str) -> Iterator[Any]:
        pattern = self._patterns[name]
        return islice(pattern.finditer(text), _MOST) if pattern else iter(())


_NEVER = r"[^\s\S]"


def _reported(told: set[str], context: frozenset[str]) -> set[str]:
    """Words that only others said are reported; without any word of ill conduct, a text that reports something may well be."""
    return {"reported"} if told or "reported" in context else set()


def _quotes(text: str) -> list[tuple[int, int]]:
    marks = [at for at, char in enumerate(text) if char == '"']
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return [(start, end) for start, end in pairs if end - start <= _LONGEST_QUOTE]


def _is_reported(text: str, start: int, end: int, reports: list[tuple[int, int]], quotes: list[tuple[int, int]]) -> bool:
    """Within quotation marks, or near words that tell who said it with no more than one end of a sentence between."""
    if any(opens < start and end <= closes + 1 for opens, closes in quotes):
        return True
    before = any(0 <= start - last <= _BEFORE and _ends(text[last:start]) <= 1 for _, last in reports)
    return before or any(0 <= first - end <= _AFTER and _ends(text[end:first]) == 0 for first, _ in reports)


def _ends(between: str) -> int:
    return sum(between.count(mark) for mark in ".!?\n")
