"""Who holds or stands for public office, from detectors/_data, and where a text names them.

A name counts by the day of the post: a candidate in a campaign, a holder of office outside of one, or neither. candidates.tsv
is made by training/gazetteers/build_candidates.py, elections.yaml is kept by hand; licences: _data/candidates.SOURCE.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import ahocorasick_rs
import yaml

from detectors._fold import fold

_DATA = Path(__file__).resolve().parent / "_data"
_WIDELY_KNOWN = {"president", "vice-president", "senator", "representative", "governor"}


class Status(IntEnum):
    """What a person is on the day of a post; the higher says more."""

    NEITHER = 0
    OFFICIAL = 1
    CANDIDATE = 2


class Sureness(IntEnum):
    """How surely a name means the politician."""

    CUE = 0  # only beside another sign of politics
    ALONE = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """`stands` for an office or holds it, from and until a day; None where the day is not known."""

    stands: bool
    office: str
    start: date | None
    end: date | None

    @classmethod
    def parse(cls, text: str) -> Standing:
        """Read '+office/place/from/until', '=' for holding it."""
        seat, _, start, end = text.split("/")
        return cls(seat[0] == "+", seat[1:], _day(start), _day(end))

    def status(self, day: date | None) -> Status:
        """On `day`; a post without a date is read as if in the campaign."""
        if day is not None and not (self.start or day) <= day <= (self.end or day):
            return Status.NEITHER
        return Status.CANDIDATE if self.stands else Status.OFFICIAL


@dataclass(frozen=True, slots=True)
class Named:
    """One way to name one person. `capital`: a single name, which must stand capitalised and apart from other names."""

    sureness: Sureness
    capital: bool
    standings: tuple[str, ...] = field(repr=False)
    by_hand: bool = True  # kept by hand: still well known when the campaign is over

    def status(self, day: date | None) -> Status:
        if day is None and not self.by_hand:
            return Status.NEITHER
        return max((Standing.parse(s).status(day) for s in self.standings), default=Status.NEITHER)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: half-open range, and what the named person is on the day."""

    start: int
    end: int
    status: Status
    sureness: Sureness


class Elections:
    """The hand-kept part: elections.yaml."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.people: list[dict[str, Any]] = data["people"]
        self.not_after = frozenset(data["not_after"])
        self.not_before = frozenset(data["not_before"])
        self.parties: list[str] = data["parties"]["any"]
        self.capital_parties: list[str] = data["parties"]["capital"]
        self.namesakes = frozenset(data["namesakes"])
        self.offices: list[str] = data["offices"]
        self.titles: list[str] = data["titles"]
        self.public_titles: list[str] = data["public_titles"]
        self.sentence_words: frozenset[str] = frozenset(data["sentence_words"].split())
        self.fundraising_hosts = frozenset(data["fundraising_hosts"])


class Gazetteer:
    """Names and handles of politicians, found in one pass over a text."""

    def __init__(self, rows: Iterable[str], elections: Elections) -> None:
        self.elections = elections
        titles = {word for title in elections.titles for word in title.split()}
        self._may_precede = titles | elections.sentence_words | {word.lower() for word in elections.capital_parties}
        self._named: dict[str, list[Named]] = {}
        for row in rows:
            self._enter_row(row)
        for person in elections.people:
            self._enter_person(person)
        self._patterns = list(self._named)

    def _enter_row(self, row: str) -> None:
        names, handles, standings, _, common = row.split("\t")
        listed = tuple(standings.split(";"))
        known = any(s[1:].partition("/")[0] in _WIDELY_KNOWN for s in listed)
        sureness = Sureness.CUE if common or not known else Sureness.ALONE
        for name in names.split("|"):
            sure = Sureness.CUE if name.lower() in self.elections.namesakes else sureness
            self._enter(name, Named(sure, False, listed, by_hand=False))
        for handle in filter(None, handles.split("|")):
            self._enter(f"@{handle}", Named(Sureness.ALONE, False, listed, by_hand=False))

    def _enter_person(self, person: dict[str, Any]) -> None:
        stands = tuple(f"+{s}" for s in person["stands"])
        for name in (person["name"], *person.get("others", ())):
            held = tuple(s for n in self._named.get(_key(person["name"]), ()) for s in n.standings)
            self._enter(name, Named(Sureness.ALONE, False, stands + held))
        for key, sureness in (("alone", Sureness.ALONE), ("cue", Sureness.CUE)):
            for name in person.get(key, ()):
                held = tuple(s for n in self._named.get(_key(person["name"]), ()) for s in n.standings)
                self._enter(name, Named(sureness, True, stands + held))
        for handle in person.get("handles", ()):
            self._enter(f"@{handle}", Named(Sureness.ALONE, False, stands))

    def _enter(self, name: str, named: Named) -> None:
        self._named.setdefault(_key(name), []).append(named)

    @cached_property
    def _matcher(self) -> ahocorasick_rs.AhoCorasick:
        return ahocorasick_rs.AhoCorasick(self._patterns, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)

    def mentions(self, text: str, day: date | None) -> Iterator[Mention]:
        """Who is named in folded `text` (case kept), in order. Linear in its length."""
        lower = text.lower()
        shouted = text.isupper() or lower == text  # no case to go by
        for index, start, end in self._matcher.find_matches_as_indexes(lower):
            if not _whole(lower, start, end):
                continue
            named = [n for n in self._named[self._patterns[index]] if not n.capital or shouted or self._apart(text, start, end)]
            if named:
                best = max(named, key=lambda n: (n.sureness, n.status(day)))
                yield Mention(start, end, best.status(day), best.sureness)

    def _apart(self, text: str, start: int, end: int) -> bool:
        """Whether a single name stands capitalised, and is no part of another person's or a place's name."""
        before = re.search(r"([\w.'-]+)\s+$", text[max(0, start - 30) : start])
        after = re.match(r"\s+([\w'-]+)", text[end : end + 30])
        if not text[start].isupper() and text[start : start + 3] != "de ":
            return False
        if self._hyphenated(text, start, end):
            return False
        elections = self.elections
        if before and before[1].lower().rstrip(".") in elections.not_after:
            return False
        if after and after[1].lower() in elections.not_before:
            return False
        return not (before and _given_name(before[1]) and before[1].lower() not in self._may_precede)

    def _hyphenated(self, text: str, start: int, end: int) -> bool:
        """Part of a double name, but not of a ticket of two candidates."""
        after, before = (
            re.match(r"-([A-Z][\w']+)", text[end : end + 30]),
            re.search(r"([\w']+)-$", text[max(0, start - 30) : start]),
        )
        return any(other and other[1].lower() not in self._named for other in (after, before))


def _given_name(word: str) -> bool:
    return word[0].isupper() and word.isalpha() and not word.isupper()


def _whole(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() or before == "_" or (before == "@" and text[start] != "@") or after.isalnum() or after == "_")


def _key(name: str) -> str:
    return fold(name).lower


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def load_gazetteer() -> Gazetteer:
    """The gazetteer that comes with Night Rounds, read on first use."""
    rows = (_DATA / "candidates.tsv").read_text(encoding="utf-8").splitlines()
    data = yaml.load((_DATA / "elections.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return Gazetteer((row for row in rows if not row.startswith("#")), Elections(data))


@cache
def data_digest() -> str:
    """Eight hex digits that change with the data: a newer list reads history again."""
    files = (_DATA / "candidates.tsv", _DATA / "elections.yaml")
    return hashlib.sha256(b"\n".join(file.read_bytes() for file in files)).hexdigest()[:8]
