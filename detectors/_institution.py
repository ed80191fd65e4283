"""Finds where a text speaks of the institution, and tells it from others of like name.

The same words may mean a hospital elsewhere, a mountain or a church. A name is taken for a namesake's where one of its cues
stands near and nothing of ours stands nearer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from core.policy import Policy
from core.records import Span
from detectors._fold import Folded, fold
from detectors._phrases import compile_pattern, compile_phrases

MOST_MENTIONS = 64  # of one text that are looked at; a text that says it more often has said it
REACH = 60  # code points within which a cue says which of two namesakes is meant
_SHORTEST_TAG = 6  # letters of a name that are looked for inside a hashtag or handle
_NOTHING = r"\x00"  # stands in no text that a platform hands over
_LINKS = frozenset({"the", "of", "at", "for", "and"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A name of ours at [start, end) of the folded text. `strong` for a name, not for a mere abbreviation."""

    start: int
    end: int
    strong: bool
    distinctive: bool  # holds a word that no namesake's name has


class Institution:
    """The institution's names, made ready for finding. Folded text is lower case (`Folded.lower`)."""

    def __init__(self, policy: Policy) -> None:
        us = policy.institution
        names = _longest_first([us.name, *us.short_names, *us.units, *us.brands])
        aliases = _longest_first(us.aliases)
        tags = _longest_first(squash(n) for n in names if len(squash(n)) >= _SHORTEST_TAG)
        self._handles = frozenset(h.casefold() for handles in us.handles.values() for h in handles)
        self.name_pattern = rf"(?:the\s)?{any_of(map(name_pattern, names))}"
        handles = any_of(name_pattern(handle) for handle in sorted(self._handles))
        self._mentions = compile_pattern(
            rf"(?P<tag>[@#][a-z0-9_]*{any_of(tags)}[a-z0-9_]*|@{handles}\b)|(?P<name>\b{self.name_pattern}\b)"
            rf"|(?P<alias>\b{any_of(map(name_pattern, aliases))}\b)"
        )
        self._any_tag = re.compile(any_of(tags))
        cues = [cue for namesake in us.namesakes for cue in namesake.cues]
        self._cues = compile_phrases(cues)
        self._squashed_cues = tuple({s for cue in cues if len(s := squash(cue)) >= _SHORTEST_TAG - 1})
        self._places = compile_phrases(us.own_places)
        self._squashed_places = tuple(map(squash, us.own_places))
        self._shared_words = _LINKS | {word for namesake in us.namesakes for word in _words(namesake.name)}
        self._shared_words |= {word for name in (*us.short_names, *us.aliases) for word in _words(name)}

    def mentions(self, folded: Folded) -> list[Mention]:
        """The places where a name of ours stands, namesakes' among them: the first MOST_MENTIONS."""
        return [self._mention(match) for match in islice(self._mentions.finditer(folded.lower), MOST_MENTIONS)]

    def own_mentions(self, folded: Folded) -> list[Mention]:
        """The mentions that mean us."""
        found = self.mentions(folded)
        if not found:
            return []
        around = Surroundings(self, folded.lower)
        return [mention for mention in found if not around.mean_a_namesake(mention)]

    def names_a_namesake(self, text: str) -> bool:
        """Whether a handle or the label of a web address, words run together, holds a namesake's cue beside the shared name."""
        rest = self._any_tag.sub(" ", squash(text))
        return any(cue in rest for cue in self._squashed_cues) and not any(place in rest for place in self._squashed_places)

    def is_named_in(self, handle: str) -> bool:
        """Whether one of our names stands in a handle, words run together."""
        return self._any_tag.search(squash(handle)) is not None

    def means_a_namesake(self, folded: Folded) -> bool:
        """Whether a cue of a namesake stands anywhere in a text."""
        return self._cues is not None and self._cues.search(folded.lower) is not None

    def _mention(self, match: Any) -> Mention:
        start, end, kind, text = match.start(), match.end(), match.lastgroup, match[0]
        if kind == "tag":
            return Mention(start, end, True, text.lstrip("@#") in self._handles)
        return Mention(start, end, kind == "name", not set(_words(text)) <= self._shared_words)


class Surroundings:
    """What stands around the mentions of one text."""

    def __init__(self, institution: Institution, lower: str) -> None:
        self._institution = institution
        self._lower = lower

    @cached_property
    def _cue_spans(self) -> list[tuple[int, int]]:
        return _spans(self._institution._cues, self._lower)

    @cached_property
    def _place_spans(self) -> list[tuple[int, int]]:
        return _spans(self._institution._places, self._lower)

    def mean_a_namesake(self, mention: Mention) -> bool:
        if mention.distinctive:
            return False
        if self._lower[mention.start] in "@#" and self._institution.names_a_namesake(self._lower[mention.start : mention.end]):
            return True
        cue = min((_distance(mention, span) for span in self._cue_spans), default=REACH + 1)
        place = min((_distance(mention, span) for span in self._place_spans), default=REACH + 1)
        return cue <= REACH and (cue == 0 or cue < place)


def given_span(segment: str, folded: Folded, start: int, end: int) -> Span:
    """The range of the given segment that a folded range stands for."""
    return Span(segment, *folded.original_span(start, end))


def squash(text: str) -> str:
    """Letters and figures of a name, run together as in a handle."""
    return "".join(char for char in fold(text).lower if char.isalnum())


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in fold(text).lower.replace("'", "")).split()


def name_pattern(name: str) -> str:
    """RE2 for a name with whatever people put between its words, the article and apostrophes left out or not."""
    words = _words(name)
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return r"[\s._-]{0,3}".join(word[:-1] + "'?s" if len(word) > 3 and word.endswith("s") else word for word in words)


def any_of(patterns: Iterable[str]) -> str:
    """RE2 for any of `patterns`, in their order; for nothing where there are none."""
    return f"(?:{'|'.join(patterns) or _NOTHING})"


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(set(names), key=lambda name: (-len(name), name))


def _spans(pattern: Any, lower: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(lower)] if pattern is not None else []


def _distance(mention: Mention, span: tuple[int, int]) -> int:
    """Code points between a mention and a span; 0 where the span reaches over the mention's edge."""
    start, end = span
    if start >= mention.end:
        return start - mention.end + 1
    if end <= mention.start:
        return mention.start - end + 1
    return 0 if start < mention.start or end > mention.end else REACH + 1
