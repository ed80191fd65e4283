"""What a text holds of an election campaign: whom it names, what it asks, and what speaks for another reading.

A text is first marked: hashtags come apart into words, and every candidate, holder of office, party, office and unknown name becomes
one capital word, all else lower case. The policy file's phrases are then plain patterns over the marked text. Evidence only; what it
amounts to is judged in detectors/political.py.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from detectors._candidates import _SENTENCE_WORDS, Gazetteer, Status, Sureness
from detectors._fold import Folded, fold
from detectors._phrases import compile_pattern, compile_phrases


class Who(StrEnum):
    """Whom a phrase is about, surest first; the value is its word in a marked text."""

    CANDIDATE = "CANDIDATE"
    NOMINEE = "NOMINEE"  # 'our candidate for mayor'
    PARTY = "PARTY"
    OFFICIAL = "OFFICIAL"  # holds office, no election of theirs is near
    OFFICE = "OFFICE"
    MAYBE = "MAYBE"  # a listed name that many people bear
    NAME = "NAME"  # a name that no list knows


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


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked text with the way back: for each of its characters, the range of the folded text that it stands for."""

    text: str = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    ends: Sequence[int] = field(repr=False)
    hashtags: Sequence[tuple[int, int]] = field(repr=False)
    folded: Folded = field(repr=False)

    def given(self, start: int, end: int) -> tuple[int, int]:
        return self.folded.original_span(self.starts[start], self.ends[end - 1])

    def in_hashtag(self, at: int) -> bool:
        place = bisect_left(self.hashtags, (at + 1, 0)) - 1
        return place >= 0 and at < self.hashtags[place][1]


_REFUSALS = {Stance.SURELY_AGAINST, Stance.CALLS_AGAINST}
_AROUND = 320  # characters on either side that count as standing around a phrase
_HASHTAG = re.compile(r"(?<![\w&])#([A-Za-z]\w{1,79})")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TAG_STEM = re.compile(r"(vote|elect(?!ion)|reelect(?!ion)|never|dump|stop|fire|impeach|team|imwith|nurses?for|doctorsfor)(?=[a-z]{3})|(\d{4})$")
_NAME = re.compile(r"[A-Z][A-Za-z'-]*(?: (?:[A-Z]\.? )?[A-Z][A-Za-z'-]+){0,4}")
_LONGEST_NAME = 60
_BEGINS = re.compile(r"(?:^|[.!?:]\s+|\n\s*)$")
_SUBJECT = re.compile(r"(?:'s)? (?:for|4|is|has|have|must|will|would|can|can't|should|needs|wins|out|20\d\d|para|es|debe)\b")
_POSSESSIVE_THING = re.compile(r"'s (?!campaign|candidacy|re-?election|bid|run\b|team|fight|agenda)[a-z]")
_CAMPAIGN_HANDLE = re.compile(
    r"@\w{3,20}(?:for|4)(?:ny|nyc|newyork|congress|senate|mayor|gov|governor|president|potus|council|assembly|america|us|house|the?people)\b",
    re.IGNORECASE,
)
_CAMPAIGN_HOST = re.compile(
    r"^(?:[a-z-]{3,30}(?:for|4)-?(?:ny|nyc|newyork|congress|senate|mayor|gov|governor|president|council|assembly|america|house)"
    r"|(?:re)?elect[a-z-]{4,30}|(?:vote|votefor)[a-z]{4,30}|[a-z]{4,30}20(?:1|2|3)\d)$"
)
_HOST = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,12})(?:[/:?#][^\s]*)?", re.IGNORECASE)


class CampaignReader:
    """Marks texts and finds evidence in them, with one institution's phrases."""

    def __init__(self, phrases: Mapping[str, Iterable[str]], gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        elections = gazetteer.elections
        titles = _any(elections.titles)
        places = r"(?:OFFICE|white house|city hall|oval office|governor's mansion|casa blanca|assembly|the bench)"
        office = r"(?:(?:the|la|el|our|next|new|your|state|u\.s\.|us|united states|new york|ny|nyc|city|county|a|district \d+) ){0,3}" + places
        who = (
            rf"(?:(?:the|our|my|your|this|that|el|la|los|las|al|del|a|dr\.?|doctor|doctora|more|all|these|those|fellow|local|mr\.?|ms\.?|"
            rf"pro-[a-z]+|OFFICE|{titles}),? ){{0,4}}"
            r"(?:CANDIDATE|NOMINEE|PARTY|OFFICIAL|MAYBE|NAME)(?:(?: and |/|-| )(?:CANDIDATE|OFFICIAL|MAYBE|NAME))?(?:'s)?"
        )
        slots = {"who": who, "office": office}
        self._stances = _compiled(Stance, phrases, slots)
        self._contexts = _compiled(Context, phrases, slots)
        words = " ".join(phrase for group in phrases.values() for phrase in group).lower()
        offices = " ".join((*elections.offices, *elections.titles))
        self._plain = frozenset(re.findall(r"[a-z']+", f"{words} {offices}")) | _SENTENCE_WORDS
        self._parties = re.compile(rf"\b(?:{_any(elections.parties)})\b", re.IGNORECASE)
        self._capital_parties = re.compile(rf"\b(?:{_any(elections.capital_parties)})\b")
        self._offices = re.compile(rf"\b(?:{_any(elections.offices)})(?!\w)", re.IGNORECASE)
        self._titled = re.compile(
            rf"\b(?i:{_any(elections.public_titles)}) ((?:[A-Z][\w'-]+)(?: (?:[A-Z]\. )?[A-Z][\w'-]+)?)"
        )
        self._nominee = compile_pattern(
            r"(?:our|the|a|an|nuestr[oa]|el|la|democratic|republican|party's) (?:own |first |only |best |pro-[a-z]+ )?"
            r"(?:(?:candidate|nominee|candidat[oa]|nominad[oa])(?:,? (?:for|to|a|para|al?)(?: the| la| el)?|,) " + office + r"|"
            r"(?:PARTY|democratic|republican|gop) (?:candidate|nominee)s?|candidat[oa]s? (?:democrata|republican[oa])s?"
            r"(?: (?:for|para|al?)(?: the| la| el)? OFFICE)?)"
        )

    def mark(self, text: str, day: date | None) -> Marked:
        """`text` as a campaign reader sees it on `day`. Linear in its length."""
        folded = fold(text)
        spread, places, tags = _spread_hashtags(folded.text)
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end, word in self._slots(spread, day):
            if start < at:
                continue
            pieces += [spread[at:start].lower(), word]
            starts += [*places[at:start], *[places[start]] * len(word)]
            ends += [*[p + 1 for p in places[at:start]], *[places[end - 1] + 1] * len(word)]
            at = end
        pieces.append(spread[at:].lower())
        starts += places[at:]
        ends += [p + 1 for p in places[at:]]
        hashtags = [(bisect_left(starts, s), bisect_left(starts, e)) for s, e in tags]
        return self._with_nominees(Marked("".join(pieces), starts, ends, hashtags, folded))

    def _with_nominees(self, marked: Marked) -> Marked:
        """Replaces 'our candidate for OFFICE' by one word, so that it can stand where a name can."""
        found = list(self._nominee.finditer(marked.text))
        if not found:
            return marked
        text, starts, ends, at = "", [], [], 0  # type: tuple[str, list[int], list[int], int]
        for match in found:
            start, end = match.span()
            text += marked.text[at:start] + Who.NOMINEE
            starts += [*marked.starts[at:start], *[marked.starts[start]] * len(Who.NOMINEE)]
            ends += [*marked.ends[at:start], *[marked.ends[end - 1]] * len(Who.NOMINEE)]
            at = end
        tail = (*marked.starts[at:],), (*marked.ends[at:],)
        return Marked(text + marked.text[at:], [*starts, *tail[0]], [*ends, *tail[1]], marked.hashtags, marked.folded)

    def _slots(self, text: str, day: date | None) -> list[tuple[int, int, str]]:
        found: list[tuple[int, int, int, str]] = []
        for m in self.gazetteer.mentions(text, day):
            found.append((m.start, 0, m.end, _who_is(m.status, m.sureness)))
        found += [(m.start(), 1, m.end(), Who.PARTY) for m in self._parties.finditer(text)]
        found += [(m.start(), 1, m.end(), Who.PARTY) for m in self._capital_parties.finditer(text)]
        found += [(m.start(), 1, m.end(), Who.CANDIDATE) for m in _CAMPAIGN_HANDLE.finditer(text)]
        found += [(m.start(1), 1, m.end(1), Who.OFFICIAL) for m in self._titled.finditer(text) if m[1].split()[0].lower() not in self._plain]
        found += [(m.start(), 2, m.end(), Who.OFFICE) for m in self._offices.finditer(text)]
        known = sorted((start, end) for start, _, end, _ in found)
        found += [(s, 3, e, Who.NAME) for s, e in self._unknown_names(text) if not _overlaps(known, s, e)]
        return [(start, end, word) for start, _, end, word in sorted(found)]

    def _unknown_names(self, text: str) -> Iterator[tuple[int, int]]:
        """Capitalised words in a row, without the plain words at their ends."""
        for match in _NAME.finditer(text):
            words = [(match.start() + w.start(), match.start() + w.end(), w[0]) for w in re.finditer(r"[^ ]+", match[0])]
            while words and words[0][2].lower().strip("'").removesuffix("'s") in self._plain:
                words.pop(0)
            while words and words[-1][2].lower().strip("'").removesuffix("'s") in self._plain:
                words.pop()
            if _BEGINS.search(text[max(0, match.start() - 3) : match.start()]) and words and words[0][0] == match.start():
                if len(words) > 2 or len(words) == 1 and not _SUBJECT.match(text[words[0][1] : words[0][1] + 12]):
                    words.pop(0)  # a sentence begins with a capital letter, whatever its first word
            if words and not all(w.lower() in self._plain for _, _, w in words):
                end = words[-1][1] - 2 if words[-1][2].endswith("'s") else words[-1][1]
                yield words[0][0], end

    def evidence(self, marked: Marked) -> list[Evidence]:
        """All phrases of a campaign in a marked text, in order, without those inside a phrase that says the opposite."""
        text = marked.text
        contexts = {c: [m.start() for m in p.finditer(text)] for c, p in self._contexts.items() if p}
        named = {who: [m.start() for m in re.finditer(rf"\b{who}\b", text)] for who in Who}
        found: list[Evidence] = []
        against: list[tuple[int, int]] = []
        for stance in sorted(Stance, key=lambda s: s not in _REFUSALS):
            pattern = self._stances[stance]
            for match in pattern.finditer(text) if pattern else ():
                start, end = match.span()
                if stance not in _REFUSALS and any(s < end and start < e for s, e in against):
                    continue
                if stance is Stance.BACKING and _POSSESSIVE_THING.match(text[end - 2 : end + 20]):
                    continue  # support of a plan or a bill
                if stance in _REFUSALS:
                    against.append((start, end))
                near = max(0, start - _AROUND), end + _AROUND
                found.append(
                    Evidence(
                        stance,
                        *marked.given(start, end),
                        who=_surest(match[0]),
                        around=frozenset(c for c, at in contexts.items() if _any_between(at, *near)),
                        named=frozenset(w for w, at in named.items() if _any_between(at, *near)),
                        in_hashtag=marked.in_hashtag(start),
                    )
                )
        return sorted(found, key=lambda e: (e.start, e.end))

    def agrees(self, text: str) -> bool:
        """Whether own words make another post's message one's own."""
        pattern = self._contexts[Context.AGREEMENT]
        return bool(pattern and pattern.search(fold(text).lower))

    def campaign_links(self, text: str) -> list[tuple[int, int, bool]]:
        """Web addresses of campaigns in `text`: start, end, and whether it is a fundraising service's."""
        folded = fold(text)
        found = []
        for match in _HOST.finditer(folded.text):
            labels = match[1].lower().split(".")
            fundraising = any(".".join(labels[n:]) in self.gazetteer.elections.fundraising_hosts for n in range(len(labels) - 1))
            if fundraising or labels[-1] != "gov" and _CAMPAIGN_HOST.match(labels[-2]):
                found.append((*folded.original_span(*match.span()), fundraising))
        return found


def hosts_of(links: Iterable[str]) -> str:
    """The host names of `links`, a line each."""
    hosts = []
    for link in links:
        try:
            hosts.append(urlsplit(link).hostname or "")
        except ValueError:
            continue
    return "\n".join(hosts)


def _compiled(kinds: type[StrEnum], phrases: Mapping[str, Iterable[str]], slots: Mapping[str, str]):  # type: ignore[no-untyped-def]
    return {kind: compile_phrases(phrases.get(kind, ()), slots) for kind in kinds}


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def _any_between(places: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _overlaps(ranges: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether [start, end) meets one of the sorted `ranges`, of which none is longer than a name."""
    at = bisect_left(ranges, (start - _LONGEST_NAME, 0))
    while at < len(ranges) and ranges[at][0] < end:
        if ranges[at][1] > start:
            return True
        at += 1
    return False


def _who_is(status: Status, sureness: Sureness) -> Who:
    if sureness is Sureness.CUE:
        return Who.MAYBE
    return {Status.CANDIDATE: Who.CANDIDATE, Status.OFFICIAL: Who.OFFICIAL, Status.NEITHER: Who.MAYBE}[status]


def _surest(words: str) -> Who | None:
    return next((who for who in Who if re.search(rf"\b{who}\b", words)), None)


def _spread_hashtags(text: str) -> tuple[str, list[int], list[tuple[int, int]]]:
    """Text with each hashtag's words apart and closed by a full stop, the place each character came from, and the tags' ranges."""
    pieces: list[str] = []
    places: list[int] = []
    tags: list[tuple[int, int]] = []
    at = 0
    for match in _HASHTAG.finditer(text):
        start, end = match.span()
        pieces.append(text[at:start])
        places += range(at, start)
        tags.append((start, end))
        words = _tag_words(match[1])
        for offset, word in words:
            pieces.append(word + " ")
            places += [start + 1 + offset + n for n in range(len(word))] + [start + offset + len(word)]
        pieces.append(". ")
        places += [end - 1] * 2
        at = end
    pieces.append(text[at:])
    places += range(at, len(text))
    return "".join(pieces), places, tags


def _tag_words(tag: str) -> list[tuple[int, str]]:
    words = [(m.start(), m[0]) for m in _CAMEL.finditer(tag)]
    if tag.lower() == tag:
        cuts = sorted({0, len(tag), *(place for m in _TAG_STEM.finditer(tag) for place in m.span())})
        words = [(a, tag[a:b].capitalize()) for a, b in zip(cuts, cuts[1:], strict=False)]
    return words or [(0, tag)]
