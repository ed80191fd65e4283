"""Reads whether a profile or a post states a current affiliation with the institution.

Bios are lists, not prose ('RN | General Hospital | dog mom'). A text is cut into parts, and parts at commas and brackets into
pieces. A name of ours counts where a role stands in its piece or part, or where it stands alone; not where its piece says that
it is over, somebody else's, or a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from core.policy import Policy
from core.records import Span
from detectors._fold import Folded, fold
from detectors._institution import Institution, Mention, any_of, given_span, name_pattern, squash
from detectors._phrases import compile_pattern, compile_phrases

_PART_END = re.compile("[|\u2022\u00b7;\n]|[.!?]+(?=\\s|$)|\\s[-~]+\\s|[\u2190-\u2bff\U0001f000-\U0001faff]+")
_PIECE_END = re.compile(r"[,()\[\]]")
_WORD = re.compile(r"[^\W\d]+|[@&]")
_AT = frozenset({"at", "@", "en"})
_FILLERS = frozenset({"the", "at", "of", "in", "hospital", "and", "de", "del", "en", "el", "la", "y", "@", "&", "nyc"})


class Statement(NamedTuple):
    """Where a current affiliation is stated, and how surely."""

    span: Span
    score: float


class _Piece(NamedTuple):
    start: int
    end: int
    part: int  # which part it belongs to


class Affiliations:
    """Reads profiles and posts of personnel. Wordings are those of the policy's rule `disclaimer`."""

    def __init__(self, policy: Policy) -> None:
        self.institution = Institution(policy)
        words = policy.institution.affiliation_words
        phrases = policy.rule("disclaimer").phrases
        slots = {"us": self.institution.name_pattern, "role": any_of(map(name_pattern, words))}
        self._role = compile_phrases(words)
        self._former = compile_phrases(phrases.get("former", ()))
        self._not_ours = compile_phrases(phrases.get("not_ours", ()))
        self._current = compile_phrases(phrases.get("current", ()))
        self._place = compile_phrases(phrases.get("place", ()), slots)
        self._own_statement = compile_phrases(phrases.get("own_statement", ()), slots)
        self._ex = compile_pattern(
            any_of(squash(word) for word in phrases.get("former", ()) if " " not in word and "/" not in word)
        )

    def in_profile(self, handle: str, display_name: str, bio: str) -> list[Statement]:
        """Statements of a current affiliation in a profile, surest first."""
        texts = {"display_name": fold(display_name), "bio": fold(bio)}
        has_role = any(_has(self._role, folded.lower) for folded in texts.values())
        found = [s for segment, folded in texts.items() for s in self._statements(segment, folded, has_role)]
        if not found and has_role and self._is_ours(handle):
            found = [Statement(Span("handle", 0, len(handle)), 0.6)]
        return sorted(found, key=lambda statement: -statement.score)

    def in_post(self, segment: str, text: str) -> list[Statement]:
        """Statements by which the author of a post claims an affiliation ('as a nurse at ...')."""
        folded = fold(text)
        if self._own_statement is None:
            return []
        ours = self.institution.own_mentions(folded)
        found = []
        for match in self._own_statement.finditer(folded.lower):
            start, end = match.span()
            if any(start <= m.start < end for m in ours) and not self._is_over(folded.lower[start:end]):
                found.append(Statement(given_span(segment, folded, start, end), 0.85))
        return found

    def _statements(self, segment: str, folded: Folded, has_role: bool) -> Iterable[Statement]:
        mentions = self.institution.own_mentions(folded)
        if not mentions:
            return
        pieces = _pieces(folded.lower, mentions)
        for mention in mentions:
            score = self._score(folded.lower, pieces, mention, has_role)
            if score:
                yield Statement(given_span(segment, folded, mention.start, mention.end), score)

    def _score(self, lower: str, pieces: list[_Piece], mention: Mention, has_role: bool) -> float:
        at = next(n for n, piece in enumerate(pieces) if piece.start <= mention.start < piece.end or n == len(pieces) - 1)
        piece = pieces[at]
        before, after = lower[piece.start : mention.start], lower[mention.end : piece.end]
        role_here = _has(self._role, f"{before} {after}")
        if self._is_over(self._since_now(before) + " : " + after) or (
            not role_here and self._is_over_before(lower, pieces, at)
        ):
            return 0.0
        if self._is_over_after(lower, pieces, at):
            return 0.0
        if role_here:
            return 0.9 if mention.strong else 0.8
        part = " ".join(lower[p.start : p.end] for p in pieces if p.part == piece.part and p is not piece)
        if _has(self._role, part):
            return 0.8 if mention.strong else 0.7
        return self._score_without_role(lower, before, after, mention, has_role) if mention.strong else 0.0

    def _score_without_role(self, lower: str, before: str, after: str, mention: Mention, has_role: bool) -> float:
        """A name that stands alone, or after an 'at', says where somebody works; one within prose does not."""
        if not mention.distinctive and self._is_place(lower, mention):
            return 0.0
        words_before, words_after = (set(_WORD.findall(side)) - _FILLERS for side in (before, after))
        if lower[mention.start] == "@" or _AT & set(before.split()[-1:]):
            return 0.7 if has_role else 0.65
        if words_before or len(words_after) > (2 if has_role else 0):
            return 0.0
        return 0.7 if has_role else 0.6

    def _since_now(self, before: str) -> str:
        """What follows the last 'now': 'ex-banker turned nurse at ...' is a nurse's."""
        nows = [match.end() for match in self._current.finditer(before)] if self._current is not None else []
        return before[nows[-1] :] if nows else before

    def _is_over(self, text: str) -> bool:
        """Whether an affiliation is a past one, or somebody else's. A role may hold such a word ('grad student')."""
        without_roles = text if self._role is None else self._role.sub(" : ", text)
        return _has(self._former, without_roles) or _has(self._not_ours, text)

    def _is_over_before(self, lower: str, pieces: list[_Piece], at: int) -> bool:
        """'Retired surgeon (General Hospital)': an earlier piece speaks for this one, unless a 'now' stands between."""
        if _has(self._current, lower[pieces[at].start : pieces[at].end]):
            return False
        for piece in reversed([p for p in pieces[:at] if p.part == pieces[at].part]):
            text = lower[piece.start : piece.end]
            if _has(self._current, text):
                return False
            if self._is_over(text):
                return True
        return False

    def _is_over_after(self, lower: str, pieces: list[_Piece], at: int) -> bool:
        """'Nurse, General Hospital (former)'."""
        following = pieces[at + 1 : at + 2]
        text = (
            lower[following[0].start : following[0].end].strip() if following and following[0].part == pieces[at].part else ""
        )
        return bool(text) and " " not in text and _has(self._former, text)

    def _is_place(self, lower: str, mention: Mention) -> bool:
        return self._place is not None and any(m.start() <= mention.start < m.end() for m in self._place.finditer(lower))

    def _is_ours(self, handle: str) -> bool:
        names = self.institution
        return names.is_named_in(handle) and not names.names_a_namesake(handle) and not self._ex.match(squash(handle))


def _pieces(lower: str, mentions: list[Mention]) -> list[_Piece]:
    """The text cut at the ends of parts and pieces, never inside a mention ('St. Luke's')."""
    cuts = [(m.start(), m.end(), True) for m in _PART_END.finditer(lower)]
    cuts += [(m.start(), m.end(), False) for m in _PIECE_END.finditer(lower)]
    pieces, begin, part = [], 0, 0
    for start, end, ends_part in sorted(cuts):
        if any(m.start <= start < m.end for m in mentions) or start < begin:
            continue
        pieces.append(_Piece(begin, start, part))
        begin, part = end, part + ends_part
    pieces.append(_Piece(begin, len(lower) + 1, part))
    return pieces


def _has(pattern: Any, lower: str) -> bool:
    return pattern is not None and pattern.search(lower) is not None
