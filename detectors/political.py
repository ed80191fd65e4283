"""Finds posts of official accounts that speak for or against a candidate or party for public office (policy 7).

A 501(c)(3) organisation may not (26 U.S.C. 501). Official accounts only, whatever the policy file says: nothing is inferred or
kept of a person's politics. Judged by the facts and circumstances of Rev. Rul. 2007-41: is a candidate named, is an election
near, is an action urged, through which channel. Another's words in a reply or quote are context, unless our own take them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import ClassVar

from core.policy import Policy
from core.records import Account, Finding, FindingScope, Kind, PostType, Reading, Span
from core.seams import Detector
from detectors._campaign import CampaignReader, Context, Evidence, Stance, host_of
from detectors._campaign_text import Who
from detectors._candidates import data_digest, load_gazetteer
from detectors._joined import SAID, joined
from detectors._joined import data_digest as weights_digest

_OWN = ("title", "text", "summary")
_AGAINST = {
    Stance.SURELY_AGAINST,
    Stance.CALLS_AGAINST,
    Stance.BLAME,
    Stance.SLOGANS_AGAINST,
    Stance.URGES_AGAINST,
    Stance.SCORN,
}
_SURELY = {Stance.SURELY_FOR, Stance.SURELY_AGAINST}
_CALLS = {Stance.CALLS_FOR, Stance.CALLS_AGAINST} | _SURELY
_URGES = {Stance.URGES_FOR, Stance.URGES_AGAINST, Stance.URGES}
_SIDELESS = {Stance.URGES, Stance.VOICE}  # take the side of what stands around
_OPINIONS = {Stance.PRAISE, Stance.SCORN}
_POLITICAL = {Who.CANDIDATE, Who.NOMINEE, Who.PARTY}
_LONGEST = 1 << 20  # characters of a segment that are read; a Reader calls longer ones not read

# What a phrase alone is worth, by whom it is about. A name that no list knows needs an election beside it.
_SURE = {
    Who.CANDIDATE: 0.95,
    Who.NOMINEE: 0.95,
    Who.PARTY: 0.9,
    Who.OFFICIAL: 0.85,
    Who.OFFICE: 0.5,
    Who.MAYBE: 0.65,
    Who.NAME: 0.5,
}
_CALL = {
    Who.CANDIDATE: 0.92,
    Who.NOMINEE: 0.9,
    Who.PARTY: 0.85,
    Who.OFFICIAL: 0.8,
    Who.OFFICE: 0.45,
    Who.MAYBE: 0.4,
    Who.NAME: 0.25,
}
_VIEW = {
    Who.CANDIDATE: 0.7,
    Who.NOMINEE: 0.7,
    Who.PARTY: 0.6,
    Who.OFFICIAL: 0.35,
    Who.OFFICE: 0.3,
    Who.MAYBE: 0.25,
    Who.NAME: 0.1,
}
_URGE_BESIDE = {
    Who.CANDIDATE: 0.65,
    Who.NOMINEE: 0.65,
    Who.PARTY: 0.65,
    Who.OFFICIAL: 0.4,
    Who.MAYBE: 0.4,
    Who.NAME: 0.35,
    Who.OFFICE: 0.3,
}
_OPINION_OF = {
    Who.CANDIDATE: 0.52,
    Who.NOMINEE: 0.45,
    Who.PARTY: 0.4,
    Who.OFFICIAL: 0.35,
    Who.MAYBE: 0.3,
    Who.NAME: 0.25,
    Who.OFFICE: 0.1,
}
_OTHER_READING = {
    Context.CONTEST: 0.45,
    Context.FORUM: 0.35,
    Context.HISTORY: 0.35,
    Context.REPORTING: 0.25,
    Context.COURTESY: 0.3,
}
_TOLD = {Context.NEUTRAL, *_OTHER_READING}
_VOICE_BESIDE = 0.5
_KIND_OF = {
    Who.CANDIDATE: "a candidate is named",
    Who.NOMINEE: "a candidacy is named",
    Who.PARTY: "a party is named",
    Who.OFFICIAL: "a holder of public office is named",
    Who.OFFICE: "a public office is named",
    Who.MAYBE: "a politician's name is used",
    Who.NAME: "a name stands beside an election",
}
_DEED = {
    Stance.SURELY_FOR: "a call to vote, give or turn out for them",
    Stance.SURELY_AGAINST: "a call to vote against or remove them",
    Stance.CALLS_FOR: "a call to vote, give or turn out for them",
    Stance.CALLS_AGAINST: "a call to vote against or remove them",
    Stance.BACKING: "words of approval",
    Stance.BLAME: "words of disapproval",
    Stance.SLOGANS_FOR: "a campaign slogan",
    Stance.SLOGANS_AGAINST: "a slogan against a candidate",
    Stance.SLOGANS_WITH_A_NAME: "a campaign slogan",
    Stance.URGES_FOR: "an appeal to voters",
    Stance.URGES_AGAINST: "an appeal to voters to reject them",
    Stance.URGES: "an appeal to voters",
    Stance.VOICE: "the account's own voice beside a candidate",
    Stance.PRAISE: "a favourable opinion beside a candidate",
    Stance.SCORN: "an unfavourable opinion beside a candidate",
}


_CLASS_OF = {"endorse": "endorses", "oppose": "opposes"}


@dataclass(frozen=True, slots=True)
class _Judgement:
    category: str
    score: float
    grounds: tuple[str, ...]
    spans: tuple[Span, ...]
    own: bool = True  # found in the account's own words, which the language model reads too


class PoliticalDetector(Detector):
    """Rule 'political': endorse, oppose."""

    rule: ClassVar[str] = "political"
    categories: ClassVar[frozenset[str]] = frozenset({"endorse", "oppose"})
    revision = "5"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._reader = CampaignReader(self.config.phrases, load_gazetteer())

    @cached_property
    def _version(self) -> str:
        return f"{super().version}.{data_digest()}.{weights_digest()}"

    @property
    def version(self) -> str:
        return self._version

    def applies_to(self, account: Account) -> bool:
        return account.kind is Kind.OFFICIAL and super().applies_to(account)

    def detect(self, reading: Reading) -> Iterable[Finding]:
        post = reading.post
        if post is None or not self.applies_to(reading.account):
            return
        day = post.posted_at.date() if post.posted_at else None
        judged: list[_Judgement] = []
        for segment in reading.segments:
            if segment.name in _OWN or segment.name.endswith(".alt_text"):
                judged += self._judge_own(segment.name, segment.text[:_LONGEST], day)
        judged += self._judge_links(reading, bool(judged))
        judged += self._judge_shared(reading, day)
        yield from self._findings(judged, FindingScope.POST, reading)

    def detect_profile(self, reading: Reading) -> Iterable[Finding]:
        if not self.applies_to(reading.account):
            return
        judged: list[_Judgement] = []
        for name in ("display_name", "bio"):
            judged += self._judge_own(name, reading.by_name.get(name, "")[:_LONGEST], None)
        yield from self._findings(judged, FindingScope.PROFILE, reading)

    def _judge_own(self, name: str, text: str, day: date | None) -> Iterator[_Judgement]:
        marked = self._reader.mark(text, day)
        scored = [(evidence, judge(evidence)) for evidence in self._reader.evidence(marked)]
        against = _is_against(scored)
        for evidence, score in scored:
            if score > 0:
                grounds = [_KIND_OF[evidence.who]] if evidence.who else []
                grounds.append(_DEED[evidence.stance])
                if evidence.in_hashtag:
                    grounds.append("as a hashtag")
                places = [(evidence.start, evidence.end)]
                if evidence.who is None and evidence.about:
                    places.append(evidence.about)
                spans = tuple(Span(name, *place) for place in places)
                yield _Judgement(_category(evidence, against), score, tuple(grounds), spans)
        yield from self._judge_addresses(name, text)

    def _judge_addresses(self, name: str, text: str) -> Iterator[_Judgement]:
        for link in self._reader.campaign_links(text):
            yield _judge_link(link.fundraising, spoken=False, spans=(Span(name, link.start, link.end),))

    def _judge_links(self, reading: Reading, spoken: bool) -> Iterator[_Judgement]:
        for segment in reading.segments:
            if segment.name.startswith("link."):
                for link in self._reader.campaign_links(host_of(segment.text)):
                    spans = (Span(segment.name, 0, len(segment.text)),)
                    yield _judge_link(link.fundraising, spoken=spoken, spans=spans)

    def _judge_shared(self, reading: Reading, day: date | None) -> Iterator[_Judgement]:
        """A repost is a distribution of its message; a quote is one where our words take it up."""
        post = reading.post
        if post is None:
            return
        own = reading.by_name.get("text", "")
        if post.type is PostType.REPOST and post.repost_of and post.repost_of.text not in ("", own):
            yield from self._judge_other(post.repost_of.text, day, 0.9, "shared without a word of our own", None)
        quoted = reading.by_name.get("quote_of", post.quote_of.text if post.quote_of else "")
        if quoted and self._reader.agrees(own):
            yield from self._judge_other(quoted, day, 0.85, "taken up with approval", Span("text", 0, len(own)))

    def _judge_other(self, text: str, day: date | None, share: float, ground: str, span: Span | None) -> Iterator[_Judgement]:
        for judged in self._judge_own("", text[:_LONGEST], day):
            spans = (span,) if span else ()
            yield _Judgement(judged.category, judged.score * share, (*judged.grounds, ground), spans, own=False)

    def _findings(self, judged: list[_Judgement], scope: FindingScope, reading: Reading) -> Iterator[Finding]:
        """One finding of the stronger side: a call against one candidate is not also counted for the other.

        The model weighs with the wordings in the account's own words; what is shared or linked stands by itself.
        """
        side, found = _stronger_side(judged, reading.classes)
        score = max(
            joined("political", _sum([j for j in found if j.own]), reading.classes, tuple(_CLASS_OF.values())),
            _sum([j for j in found if not j.own]),
        )
        if not self.reaches(side, score):
            return
        best = max((j.score for j in found), default=0.0)
        strong = [j for j in found if j.score >= best - 0.3]
        grounds = list(dict.fromkeys(g for j in strong for g in j.grounds))
        if reading.classes.get(_CLASS_OF[side], 0.0) >= SAID or not grounds:
            grounds.append("the language model reads it so")
        yield self.finding(
            side,
            score=score,
            reason=f"An official account {'speaks for' if side == 'endorse' else 'speaks against'} a side in an election: "
            f"{', '.join(grounds)}.",
            spans=list(dict.fromkeys(span for j in strong for span in j.spans)) or _whole_words(reading, scope),
            scope=scope,
        )


def _stronger_side(judged: list[_Judgement], classes: Mapping[str, float]) -> tuple[str, list[_Judgement]]:
    """The side that wordings and model together speak for more, and what was found: for it, or else at all."""
    sides = {side: [j for j in judged if j.category == side] for side in _CLASS_OF}

    def strength(side: str) -> tuple[float, int, str]:
        return joined("political", _sum(sides[side]), classes, (_CLASS_OF[side],)), len(sides[side]), side

    side = max(sides, key=strength)
    return side, sides[side] or judged


def _sum(judged: list[_Judgement]) -> float:
    """The strongest of them, and a little for each further kind of ground; 0 where there is none."""
    if not judged:
        return 0.0
    kinds = {ground for j in judged for ground in j.grounds}
    return min(0.99, max(j.score for j in judged) + 0.03 * max(0, len(kinds) - 2))


def _whole_words(reading: Reading, scope: FindingScope) -> list[Span]:
    """The account's own words, where no single one of them carries it."""
    wanted = ("bio",) if scope is FindingScope.PROFILE else _OWN
    names = [name for name in reading.by_name if name in wanted or (name.endswith(".alt_text") and scope is FindingScope.POST)]
    return [Span(name, 0, len(reading.by_name[name])) for name in names if reading.by_name[name]]


def judge(evidence: Evidence) -> float:
    """What one phrase amounts to, in [0, 1], with what stands around it.

    A call is worth more than a view. A holder of office or an unknown name counts as a candidate only where the text itself
    speaks of an election or a public office. Signs of another reading (an award, a news item, a forum for all, history, thanks)
    take away, and take away most where nobody is surely a candidate.
    """
    who, around = evidence.who, evidence.around
    election = Context.ELECTION in around
    office = Who.OFFICE in evidence.named or Who.NOMINEE in evidence.named
    surely = who in _POLITICAL
    if evidence.stance in {Stance.SLOGANS_FOR, Stance.SLOGANS_AGAINST}:
        score = 0.75
    elif evidence.stance is Stance.SLOGANS_WITH_A_NAME:
        score = 0.75 if evidence.named & _POLITICAL or (election and office) else 0.0
    elif evidence.stance in _URGES:
        score = _urge(evidence)
    elif evidence.stance is Stance.VOICE:
        score = 0.0 if around & _TOLD else _VOICE_BESIDE * bool(evidence.named & _POLITICAL)
    elif evidence.stance in _OPINIONS:
        score = 0.0 if around & _OTHER_READING.keys() else _opinion(evidence)
    elif who is None:
        score = _nobody_named(evidence)
    else:
        score = (_SURE if evidence.stance in _SURELY else _CALL if evidence.stance in _CALLS else _VIEW)[who]
        if not surely:
            if evidence.stance in _CALLS:
                score += (0.2 if who is Who.NAME else 0.3) * office
            score += 0.15 * election + 0.2 * bool(evidence.named & _POLITICAL)
    doubt = max((_OTHER_READING[c] for c in around if c in _OTHER_READING), default=0.0)
    if evidence.stance in _SURELY and not around & {Context.CONTEST, Context.FORUM, Context.REPORTING}:
        doubt = 0.0
    elif (evidence.stance in _CALLS and surely) or (evidence.stance in _URGES and evidence.named & _POLITICAL):
        doubt *= 0.4
    return max(0.0, min(1.0, score - doubt))


def _urge(evidence: Evidence) -> float:
    """An appeal without a name in it, by the surest of those who are named around it."""
    score = max((_URGE_BESIDE[who] for who in evidence.named), default=0.0)
    return score + 0.15 * (Context.ELECTION in evidence.around and score >= _URGE_BESIDE[Who.MAYBE])


def _opinion(evidence: Evidence) -> float:
    """Plain words of opinion count beside a candidate; beside anybody else only where the text itself speaks of an election."""
    score = max((_OPINION_OF[who] for who in evidence.named), default=0.0)
    return score + 0.15 * (Context.ELECTION in evidence.around) + 0.1 * (Who.OFFICE in evidence.named and score < 0.5)


def _nobody_named(evidence: Evidence) -> float:
    """A call without a name in it ('join our campaign'), by what is named around it."""
    if evidence.stance not in _CALLS | {Stance.BLAME}:
        return 0.0
    if evidence.named & _POLITICAL:
        return 0.65
    return 0.55 if evidence.stance in _SURELY else 0.5 if evidence.named & {Who.OFFICE, Who.OFFICIAL} else 0.0


def _judge_link(fundraising: bool, *, spoken: bool, spans: tuple[Span, ...]) -> _Judgement:
    ground = "a link to a campaign's fundraising" if fundraising else "a link to a campaign"
    return _Judgement("endorse", 0.75 if fundraising or spoken else 0.6, (ground,), spans, own=False)


def _is_against(scored: Iterable[tuple[Evidence, float]]) -> bool:
    """Which side the words take that take one, for an appeal that takes none itself."""
    sides = [
        score if evidence.stance in _AGAINST else -score for evidence, score in scored if evidence.stance is not Stance.URGES
    ]
    return max(sides, default=0) > -min(sides, default=0)


def _category(evidence: Evidence, against: bool) -> str:
    return "oppose" if evidence.stance in _AGAINST or (evidence.stance in _SIDELESS and against) else "endorse"
