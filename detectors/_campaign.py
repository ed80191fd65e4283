"""What a text holds of an election campaign: whom it names, what it asks, and what speaks for another reading.

Evidence only, found by the policy file's phrases over a marked text; what it amounts to is judged in detectors/political.py.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

import re2

from detectors._campaign_text import OFFICE, Marked, Marker, Ranges, Who, any_of
from detectors._candidates import Gazetteer
from detectors._fold import fold
from detectors._phrases import compile_pattern, compile_phrases


class Stance(StrEnum):
    """What is done for or against them; the value is the policy file's list of phrases."""

    SURELY_FOR = "surely_for"
    SURELY_AGAINST = "surely_against"
    CALLS_FOR = "calls_for"
    CALLS_AGAINST = "calls_against"
    BACKING = "backing"
    BLAME = "blame"
    SLOGANS_FOR = "slogans_for"
    SLOGANS_AGAINST = "slogans_against"
    SLOGANS_WITH_A_NAME = "slogans_with_a_name"
    URGES_FOR = "urges_for"
    URGES_AGAINST = "urges_against"
    URGES = "urges"  # takes the side of what stands around
    VOICE = "voice"  # no stance, but a channel that speaks for itself
    PRAISE = "praise"
    SCORN = "scorn"


class Context(StrEnum):
    """What stands around; the value is the policy file's list of phrases."""

    ELECTION = "election"
    CONTEST = "contest"
    REPORTING = "reporting"
    FORUM = "forum"
    HISTORY = "history"
    COURTESY = "courtesy"
    NEUTRAL = "neutral"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One phrase of a campaign: range in the text as given, whom it is about, and what stands around it."""

    stance: Stance
    start: int
    end: int
    who: Who | None
    around: frozenset[Context]
    named: frozenset[Who]
    in_hashtag: bool = False
    about: tuple[int, int] | None = None  # the surest of those named around it, nearest first


@dataclass(frozen=True, slots=True)
class CampaignLink:
    """A web address of a campaign: its range, and whether it is a service's that only takes money and volunteers."""

    start: int
    end: int
    fundraising: bool


_REFUSALS = {Stance.SURELY_AGAINST, Stance.CALLS_AGAINST}
_OPPOSED_THING = re.compile(
    r"(?:'s)? (?:[a-z-]+ ){0,2}(?:plans?|bills?|budgets?|cuts?|proposals?|measures?|laws?|polic(?:y|ies)|acts?|tax(?:es)?"
    r"|amendments?|efforts?|mandates?|orders?|legislation|rule|rules)\b"
)
_TURNED_BACK = re.compile(
    r"\b(?:look|hold|held|go|goes|went|gone|going|come|came|coming|push|give|gave|giving|get|got|getting|bring|brought|take|took"
    r"|turn|fall|fell|bounce|step|welcome|report|call|date|pay|paid|sit|send|sent|cut|put|fight|fought|way|and|her|his|my|your"
    r"|their|our|low|lower|upper)(?:s|es|ed|ing)? (?:it |them |us |him |her |me |you |right |straight )?$"
)
_PAST_YEAR = r"\b(?:1[0-8]\d\d|19[0-5]\d)\b"
_AROUND = 320  # characters on either side that count as standing around a phrase
_MOST = 500  # phrases of one kind that are looked at in one text; more tell nothing new
_POSSESSIVE_THING = re.compile(r"'s (?!campaign|candidacy|re-?election|bid|run\b|team|fight|agenda)[a-z]")
_CAMPAIGN_HOST = re.compile(
    r"^(?:[a-z-]{3,30}(?:for|4)-?(?:ny|nyc|newyork|congress|senate|mayor|gov|governor|president|council|assembly|america|house)"
    r"|(?:re)?elect[a-z-]{4,30}|(?:vote|votefor)[a-z]{4,30}|[a-z]{4,30}20(?:1|2|3)\d)$"
)
_HOST = compile_pattern(r"(?i)(?:https?://)?((?:[\w-]+\.)+[a-z]{2,12})(?:[/:?#]\S*)?")

_Kind = TypeVar("_Kind", Stance, Context)


class CampaignReader:
    """Marks texts and finds evidence in them, with one institution's phrases."""

    def __init__(self, phrases: Mapping[str, Iterable[str]], gazetteer: Gazetteer) -> None:
        elections = gazetteer.elections
        self._fundraising_hosts = elections.fundraising_hosts
        who = (
            r"(?:(?:the|our|my|your|this|that|el|la|los|las|al|del|a|dr\.?|doctor|doctora|more|all|these|those|fellow|local|mr\.?|ms\.?|"
            rf"pro-[a-z]+|OFFICE|{any_of(elections.titles)}),? ){{0,4}}"
            r"(?:CANDIDATE|NOMINEE|PARTY|OFFICIAL|MAYBE|NAME)(?:(?: and |/|-| )(?:CANDIDATE|OFFICIAL|MAYBE|NAME))?(?:'s)?"
        )
        slots = {"who": who, "office": OFFICE, "past_year": _PAST_YEAR}
        self._stances = _compiled(Stance, phrases, slots)
        self._contexts = _compiled(Context, phrases, slots)
        words = " ".join((*(phrase for group in phrases.values() for phrase in group), *elections.offices, *elections.titles))
        self._marker = Marker(gazetteer, re.findall(r"[a-z']+", words.lower()))

    def mark(self, text: str, day: date | None) -> Marked:
        """`text` as a reader of campaigns sees it on `day`, None where the day is not known."""
        return self._marker.mark(text, day)

    def evidence(self, marked: Marked) -> list[Evidence]:
        """All phrases of a campaign in a marked text, in order, without those inside a phrase that says the opposite."""
        text = marked.text
        contexts = {c: [m.start() for m in p.finditer(text)] for c, p in self._contexts.items()}
        named = {who: [m.start() for m in re.finditer(rf"\b{who}\b", text)] for who in Who}
        matches = list(self._matches(text))
        refused = Ranges(place for stance, place in matches if stance in _REFUSALS)
        found = []
        for stance, (start, end) in matches:
            if stance not in _REFUSALS and refused.meet(start, end):
                continue
            near = max(0, start - _AROUND), end + _AROUND
            found.append(
                Evidence(
                    stance,
                    *marked.given(start, end),
                    who=_surest(text[start:end]),
                    around=frozenset(c for c, at in contexts.items() if _any_between(at, *near)),
                    named=frozenset(w for w, at in named.items() if _any_between(at, *near)),
                    in_hashtag=marked.in_hashtag(start),
                    about=_about(marked, named, start, near),
                )
            )
        return sorted(found, key=lambda e: (e.start, e.end, e.stance))

    def _matches(self, text: str) -> Iterator[tuple[Stance, tuple[int, int]]]:
        for stance, pattern in self._stances.items():
            for match, _ in zip(pattern.finditer(text), range(_MOST), strict=False):
                start, end = match.span()
                if stance is Stance.BACKING and _POSSESSIVE_THING.match(text[end - 2 : end + 20]):
                    continue  # support of a plan or a bill
                if text.startswith("oppos", start) and _OPPOSED_THING.match(
                    text[end - 2 * text.endswith("'s", 0, end) : end + 60]
                ):
                    continue
                if text.startswith("back", start) and _TURNED_BACK.search(text[max(0, start - 30) : start]):
                    continue  # looking back is no backing
                yield stance, (start, end)

    def agrees(self, text: str) -> bool:
        """Whether own words make another post's message one's own."""
        pattern = self._contexts.get(Context.AGREEMENT)
        return bool(pattern and pattern.search(fold(text).lower))

    def campaign_links(self, text: str) -> list[CampaignLink]:
        """Web addresses of campaigns in `text`."""
        folded = fold(text)
        found = []
        for match in _HOST.finditer(folded.text):
            labels = match[1].lower().split(".")[-4:]
            fundraising = any(".".join(labels[n:]) in self._fundraising_hosts for n in range(len(labels) - 1))
            if fundraising or (labels[-1] != "gov" and _CAMPAIGN_HOST.match(labels[-2])):
                found.append(CampaignLink(*folded.original_span(*match.span()), fundraising))
        return found


def host_of(link: str) -> str:
    """The host name of a link; empty where it has none."""
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""


def _compiled(kinds: type[_Kind], phrases: Mapping[str, Iterable[str]], slots: Mapping[str, str]) -> dict[_Kind, re2._Regexp]:
    patterns = {kind: compile_phrases(phrases.get(kind, ()), slots) for kind in kinds}
    return {kind: pattern for kind, pattern in patterns.items() if pattern}


def _any_between(places: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _about(marked: Marked, named: Mapping[Who, Sequence[int]], at: int, near: tuple[int, int]) -> tuple[int, int] | None:
    """The range, in the text as given, of the surest who is named around `at`, the nearest of them."""
    for who in Who:
        places = named[who]
        nearest = bisect_left(places, at)
        beside = [place for place in places[max(0, nearest - 1) : nearest + 1] if near[0] <= place < near[1]]
        if beside:
            place = min(beside, key=lambda place: abs(place - at))
            return marked.given(place, place + len(who))
    return None


def _surest(words: str) -> Who | None:
    return next((who for who in Who if re.search(rf"\b{who}\b", words)), None)
