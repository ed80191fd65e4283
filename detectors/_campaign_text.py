"""A text as a reader of campaigns sees it, so that the policy file's phrases are plain patterns over it.

Hashtags come apart into words; everybody and everything that can be voted for becomes one capital word, all else lower case:

    Vote #Harris2024, not Senator Pryce   ->   vote CANDIDATE 2024 . , not OFFICE OFFICIAL
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise

from detectors._campaign_candidacy import Candidacies, surname, ticket_surnames
from detectors._candidates import Gazetteer, Status, Sureness
from detectors._fold import Folded, fold
from detectors._phrases import compile_pattern


class Who(StrEnum):
    """Whom a phrase can be about, surest first; the value is the word in a marked text."""

    CANDIDATE = "CANDIDATE"
    NOMINEE = "NOMINEE"  # 'our candidate for mayor'
    PARTY = "PARTY"
    OFFICIAL = "OFFICIAL"  # holds office, no election of theirs is near
    OFFICE = "OFFICE"
    MAYBE = "MAYBE"  # a listed name that many people bear
    NAME = "NAME"  # a name that no list knows


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked text with the way back: for each of its characters, the range of the folded text that it stands for."""

    text: str = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    ends: Sequence[int] = field(repr=False)
    hashtags: Sequence[tuple[int, int]] = field(repr=False)  # in the folded text
    folded: Folded = field(repr=False)

    def given(self, start: int, end: int) -> tuple[int, int]:
        """The range of the text as it was given."""
        return self.folded.original_span(self.starts[start], self.ends[end - 1])

    def in_hashtag(self, at: int) -> bool:
        source = self.starts[at]
        place = bisect_left(self.hashtags, (source + 1, 0)) - 1
        return place >= 0 and source < self.hashtags[place][1]


class Ranges:
    """Half-open ranges, joined where they meet, so that an overlap is found by one look."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def meet(self, start: int, end: int) -> bool:
        at = bisect_left(self._starts, end) - 1
        return at >= 0 and self._ends[at] > start


_HASHTAG = re.compile(r"(?<![\w&])#([A-Za-z]\w{1,79})")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TAG_STEM = re.compile(
    r"(vote|elect(?!ion)|reelect(?!ion)|never|dump|stop|fire|impeach|team|imwith|nurses?for|doctorsfor)(?=[a-z]{3})|(\d{4})$"
)
_NAME = re.compile(r"[A-Z][A-Za-z'-]*(?: (?:[A-Z]\.? )?[A-Z][A-Za-z'-]+){0,4}")
_BILL = re.compile(r"(?:Bill|Grant|Frank|Rob|Mark) [A-Z][a-z]")  # given names that are words as well
_BEGINS = re.compile(r"(?:^|[.!?:]\s+|\n\s*)$")
_SUBJECT = re.compile(
    r"(?:'s)? (?:for|4|is|has|have|must|will|would|can|can't|should|needs|wins|out|20\d\d|para|al|es|debe|alcald(?:e|esa)"
    r"|gobernadora?)\b",
    re.IGNORECASE,
)
_CAMPAIGN_HANDLE = re.compile(
    r"@\w{3,20}(?:for|4)"
    r"(?:ny|nyc|newyork|congress|senate|mayor|gov|governor|president|potus|council|assembly|america|us|house|the?people)\b",
    re.IGNORECASE,
)

_UNSURE = {str(who) for who in (Who.OFFICIAL, Who.MAYBE, Who.NAME)}
_POLITICIANS = {str(who) for who in (Who.MAYBE, Who.CANDIDATE)}
_NOMINEE = str(Who.NOMINEE)

PLACES = r"(?:OFFICE|white house|city hall|oval office|council|legislature|governor's mansion|casa blanca|assembly|the bench)"
OFFICE = (
    r"(?:(?:the|la|el|our|next|new|your|state|u\.s\.|us|united states|new york|ny|nyc|city|county|a|district \d+) ){0,3}"
    + PLACES
)


class Marker:
    """Marks texts. `plain_words` are words that begin no name, however they are written."""

    def __init__(self, gazetteer: Gazetteer, plain_words: Iterable[str]) -> None:
        self._gazetteer = gazetteer
        elections = gazetteer.elections
        self._plain = frozenset(plain_words) | elections.sentence_words
        self._parties = re.compile(rf"\b(?:(?i:{any_of(elections.parties)})|{any_of(elections.capital_parties)})\b")
        self._offices = re.compile(rf"\b(?:{any_of(elections.offices)})(?!\w)", re.IGNORECASE)
        name = r"[A-Z][\w'-]+(?: (?:[A-Z]\. )?[A-Z][\w'-]+)?"
        self._titled = re.compile(rf"\b(?i:{any_of(elections.public_titles)}) ({name})")
        self._titled_plainly = re.compile(rf"\b(?:{any_of(elections.public_titles)}) ([a-z][\w'-]+)")
        self._named_plainly = re.compile(
            r"\b(?:for|por|a|elect|endorse|support|against|dump|oust|send|of|is|:) ([a-z'-]{3,40}(?: [a-z'-]{3,40})?)"
            rf"|\b([a-z'-]{{3,40}}(?: [a-z'-]{{3,40}})?)(?= (?:for|para|out of) (?:[a-z]+ )?(?:{any_of(elections.offices)})\b)"
        )
        self._candidacies = Candidacies(any_of(elections.offices))
        self._nominee = compile_pattern(
            r"(?:our|the|a|an|nuestr[oa]|el|la|democratic|republican|party's) (?:own |first |only |best |pro-[a-z]+ )?"
            rf"(?:(?:candidate|nominee|candidat[oa]|nominad[oa])(?:,? (?:for|to|a|para|al?)(?: the| la| el)?|,) {OFFICE}|"
            r"(?:PARTY|democratic|republican|gop) (?:candidate|nominee)s?|candidat[oa]s? (?:democrata|republican[oa])s?"
            r"(?: (?:for|para|al?)(?: the| la| el)? OFFICE)?)"
        )

    def mark(self, text: str, day: date | None) -> Marked:
        """`text` as it reads on `day`; linear in its length."""
        folded = fold(text)
        spread, places, tags = _spread_hashtags(folded.text)
        ends = [place + 1 for place in places]
        slots = self._promoted(spread, self._slots(spread, day))
        named = _replaced(spread, places, ends, slots)
        words = [(m.start(), m.end(), Who.NOMINEE.value) for m in self._nominee.finditer(named[0])]
        return Marked(*(_replaced(*named, words) if words else named), tags, folded)

    def _slots(self, text: str, day: date | None) -> list[tuple[int, int, str]]:
        """What becomes one word, in order and without overlaps: who is listed goes before who only looks like a name."""
        cased = text not in (text.lower(), text.upper())
        text = text if cased else text.lower()
        found: list[tuple[int, int, int, str]] = []
        for mention in self._gazetteer.mentions(text, day):
            found.append((mention.start, 0, mention.end, _who_is(mention.status, mention.sureness)))
        found += [(m.start(), 1, m.end(), Who.PARTY) for m in self._parties.finditer(text)]
        found += [(m.start(), 1, m.end(), Who.CANDIDATE) for m in _CAMPAIGN_HANDLE.finditer(text)]
        for m in (self._titled if cased else self._titled_plainly).finditer(text):
            if m[1].split()[0].lower() not in self._plain or _BILL.match(m[1]):
                found.append((m.start(1), 1, m.end(1), Who.OFFICIAL))
        found += [(m.start(), 2, m.end(), Who.OFFICE) for m in self._offices.finditer(text)]
        known = Ranges((start, end) for start, _, end, _ in found)
        names = self._unknown_names(text) if cased else self._names_by_place(text)
        found += [(s, 3, e, Who.NAME) for s, e in names if not known.meet(s, e)]
        slots: list[tuple[int, int, str]] = []
        for start, _, end, word in sorted(found):
            if not slots or start >= slots[-1][1]:
                slots.append((start, end, str(word)))
        return slots

    def _promoted(self, text: str, slots: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Who is said to stand for office is a candidate wherever the same surname stands."""
        stand = self._candidacies.surnames(text, (slot for slot in slots if slot[2] in _UNSURE))
        stand |= ticket_surnames(text, [slot for slot in slots if slot[2] in _POLITICIANS])
        return [(s, e, _NOMINEE if w in _UNSURE and surname(text[s:e]) in stand else w) for s, e, w in slots]

    def _unknown_names(self, text: str) -> Iterator[tuple[int, int]]:
        """Capitalised words in a row, without the plain words at their ends and the word that merely begins a sentence."""
        for match in _NAME.finditer(text):
            words = [(match.start() + w.start(), match.start() + w.end()) for w in re.finditer(r"[^ ]+", match[0])]
            while words and self._is_plain(text, words[-1]):
                words.pop()
            while words and self._is_plain(text, words[0]) and not _BILL.match(text[words[0][0] : words[-1][1]]):
                words.pop(0)
            if words and words[0][0] == match.start() and _BEGINS.search(text[max(0, match.start() - 3) : match.start()]):
                alone = len(words) == 1 and not _SUBJECT.match(text[words[0][1] : words[0][1] + 12])
                words = words[1:] if alone or len(words) > 2 else words
            if words:
                start, end = words[0][0], words[-1][1]
                yield start, end - 2 if text[end - 2 : end] == "'s" else end

    def _names_by_place(self, text: str) -> Iterator[tuple[int, int]]:
        """Where capitals don't tell: the words that stand where a candidate's name would."""
        for match in self._named_plainly.finditer(text):
            start, end = match.span(1) if match[1] else match.span(2)
            words = [(start + w.start(), start + w.end()) for w in re.finditer(r"[^ ]+", text[start:end])]
            while words and self._is_plain(text, words[-1]):
                words.pop()
            if words and not self._is_plain(text, words[0]):
                yield words[0][0], words[-1][1]

    def _is_plain(self, text: str, place: tuple[int, int]) -> bool:
        return text[place[0] : place[1]].lower().strip("'").removesuffix("'s") in self._plain


def any_of(words: Iterable[str]) -> str:
    """Alternatives for a pattern, the longest first."""
    return "|".join(re.escape(w) for w in sorted(words, key=lambda w: (-len(w), w)))


def _who_is(status: Status, sureness: Sureness) -> Who:
    if sureness is Sureness.CUE:
        return Who.MAYBE
    return {Status.CANDIDATE: Who.CANDIDATE, Status.OFFICIAL: Who.OFFICIAL, Status.NEITHER: Who.MAYBE}[status]


def _replaced(
    text: str, starts: Sequence[int], ends: Sequence[int], slots: Iterable[tuple[int, int, str]]
) -> tuple[str, list[int], list[int]]:
    """`text` with each (start, end, word) of `slots` replaced, and its way back; all but such words becomes lower case."""
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for start, end, word in (*slots, (len(text), len(text), "")):
        pieces += [_lower(text[at:start]), word]
        new_starts += starts[at:start]
        new_ends += ends[at:start]
        if word:
            new_starts += [starts[start]] * len(word)
            new_ends += [ends[end - 1]] * len(word)
        at = end
    return "".join(pieces), new_starts, new_ends


_SLOT_WORDS = re.compile(rf"\b({'|'.join(Who)})\b")


def _lower(text: str) -> str:
    return "".join(part if n % 2 else part.lower() for n, part in enumerate(_SLOT_WORDS.split(text)))


def _spread_hashtags(text: str) -> tuple[str, list[int], list[tuple[int, int]]]:
    """Text with each hashtag's words apart and closed by a full stop, where each character came from, and the tags' ranges."""
    pieces: list[str] = []
    places: list[int] = []
    tags: list[tuple[int, int]] = []
    at = 0
    for match in _HASHTAG.finditer(text):
        start, end = match.span()
        pieces.append(text[at:start])
        places += range(at, start)
        tags.append((start, end))
        for offset, word in _tag_words(match[1]):
            pieces.append(word + " ")
            places += range(start + 1 + offset, start + 1 + offset + len(word))
            places.append(start + offset + len(word))
        pieces.append(". ")
        places += [end - 1] * 2
        at = end
    pieces.append(text[at:])
    places += range(at, len(text))
    return "".join(pieces), places, tags


def _tag_words(tag: str) -> list[tuple[int, str]]:
    """The words of a hashtag with their offsets: by capitals, or by the stems that campaigns use."""
    words = [(m.start(), m[0]) for m in _CAMEL.finditer(tag)]
    if tag.lower() == tag:
        cuts = sorted({0, len(tag), *(place for m in _TAG_STEM.finditer(tag) for place in m.span())})
        words = [(a, tag[a:b].capitalize()) for a, b in pairwise(cuts)]
    return words or [(0, tag)]
