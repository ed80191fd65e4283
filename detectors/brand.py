"""Brand misuse: accounts, addresses, claims, goods and scams that use our name.

An unofficial account is read for all of it; of personnel only claims that the institution endorses what they sell, or that they
are its voice. The policy's wordings tell what only resembles it: namesakes, parody, fans, unions, news, warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar, NamedTuple

from core.policy import Policy
from core.records import Finding, FindingScope, Kind, Reading, Severity, Span
from core.seams import Detector
from detectors._fold import Folded, fold
from detectors._hosts import Hosts, Suspicion, find_addresses
from detectors._institution import Institution, Mention, given_span
from detectors._likeness import Likeness, Likenesses
from detectors._own_pictures import OwnPictures
from detectors._phrases import compile_phrases

_WORDS = ("title", "text", "summary", "media.")  # segments that the author wrote
_LIKE_US = 0.85  # likeness from which an account is taken for ours at a glance
_PICTURE, _WITH_PICTURE = 0.5, 0.1  # what a picture of ours is worth by itself, and what it adds to anything
_CLAIM_GAP = 4  # words between a claim and the name
_GOODS_GAP = 5  # words between goods and the name
_SENTENCE_END = re.compile(r"[.!?\n]")
_CLAUSE_END = re.compile(r"[.!?\n,;]")
_BEFORE = 24  # code points in which a 'no' turns what follows
_FAR = 160  # code points beyond which two places have nothing to do with each other
_SURE_ALONE = 0.97  # probability from which the model is believed where no wording speaks
_MOST_ADDRESSES = 256  # of one text
_CLASS_OF = {
    "impersonation": "speaks_as_us",
    "endorsement_claim": "endorsed_by_us",
    "merchandise": "sells_ours",
    "scam": "scam",
}
_READ_AS = {
    "impersonation": "it speaks as the institution",
    "endorsement_claim": "it says that the institution recommends or is a partner of what is offered",
    "merchandise": "it offers goods with the institution's name",
    "scam": "an offer in the institution's name that asks for money or data",
}


class _Text(NamedTuple):
    """One of the author's texts, with the mentions that mean us."""

    segment: str
    folded: Folded
    ours: list[Mention]

    def span(self, start: int, end: int) -> Span:
        return given_span(self.segment, self.folded, start, end)


class _Sign(NamedTuple):
    """What speaks for a category, before the language model is heard."""

    category: str
    score: float
    reason: str
    spans: tuple[Span, ...]
    scope: FindingScope
    severity: Severity | None


class BrandMisuseDetector(Detector):
    rule: ClassVar[str] = "brand"
    categories: ClassVar[frozenset[str]] = frozenset(
        {"impersonation", "lookalike_domain", "endorsement_claim", "merchandise", "scam"}
    )
    revision = "3"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        us = policy.institution
        self._institution = Institution(policy)
        official = [handle for handles in us.handles.values() for handle in handles]
        domains = [domain.split(".")[0] for domain in us.domains]
        added = [*self._phrases("added_words"), *(p for p in self._phrases("official_claim") if "(" not in p)]
        names = [us.name, *us.short_names, *us.units, *us.brands, *official, *domains]
        self._likenesses = Likenesses(names, [word for phrase in added for word in _spelled_out(phrase)])
        self._pictures = OwnPictures(us.pictures)
        self._hosts = Hosts(policy, self._institution, self._likenesses)
        slots = {"us": self._institution.name_pattern}
        self._patterns: dict[str, Any] = {key: compile_phrases(phrases, slots) for key, phrases in self.config.phrases.items()}

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """Addresses, claims, goods and scams of one post; by the model alone where no wording found anything."""
        found = list(self._findings(self._signs(reading)))
        yield from found or self._findings(self._heard(reading))

    def _signs(self, reading: Reading) -> Iterator[_Sign]:
        texts = [t for t in self._texts(reading, _WORDS) if t.folded.text.strip()]
        personnel = reading.account.kind is Kind.PERSONNEL
        whole = "\n".join(text.folded.lower for text in texts)
        if not personnel:
            yield from self._addresses(reading, (*_WORDS, "link."), FindingScope.POST)
        if self._has("warning", whole):
            return
        for text in texts:
            yield from self._endorsements(text, whole, personnel)
            if not personnel:
                yield from self._merchandise(text, whole)
                yield from self._self_claims(text, "impersonation", FindingScope.POST)
        if not personnel:
            yield from self._scam(reading, texts)

    def _heard(self, reading: Reading) -> Iterator[_Sign]:
        """The one category that the model is surest of, if it is very sure and the post names us or its account poses as us.

        A scam asks for something, and a denial says 'not': neither is left to the model. That an account poses as us is its
        profile's finding, and not each post's again.
        """
        told = reading.classes
        asked = ["endorsement_claim"] if reading.account.kind is Kind.PERSONNEL else [one for one in _CLASS_OF if one != "scam"]
        surest = max(asked, key=lambda category: told.get(_CLASS_OF[category], 0.0))
        score = told.get(_CLASS_OF[surest], 0.0)
        denied = any(self._has("negation", text.folded.lower) for text in self._texts(reading, _WORDS))
        if score < _SURE_ALONE or told.get("warns", 0.0) >= 0.5 or denied:
            return
        texts = self._texts(reading, _WORDS)
        ours = [text.span(m.start, m.end) for text in texts for m in text.ours]
        if ours or (self._poses(reading) and surest != "impersonation"):
            reason = f"The language model reads it so: {_READ_AS[surest]}."
            spans = ours or [text.span(0, len(text.folded.text)) for text in texts if text.folded.text]
            yield _Sign(surest, score, reason, tuple(spans), FindingScope.POST, None)

    def _poses(self, reading: Reading) -> bool:
        """Whether handle or name would be taken for ours at a glance."""
        likenesses = self._profile_likenesses(reading).values()
        return not self._is_innocent(reading) and any(likeness.score >= _LIKE_US for likeness in likenesses)

    def detect_profile(self, reading: Reading) -> Iterator[Finding]:
        """Whether the account appears to be the institution."""
        yield from self._findings(self._profile_signs(reading))

    def _profile_signs(self, reading: Reading) -> Iterator[_Sign]:
        if reading.account.kind is Kind.PERSONNEL:
            for text in self._texts(reading, ("bio", "display_name")):
                yield from self._self_claims(text, "endorsement_claim", FindingScope.PROFILE)
            return
        site = ("handle",) if _is_site(reading.account.handle) else ()
        yield from self._addresses(reading, ("bio", "display_name", *site), FindingScope.PROFILE)
        yield from self._impersonation(reading)

    def _impersonation(self, reading: Reading) -> Iterator[_Sign]:
        if self._is_innocent(reading):
            return
        claims = [claim for t in self._texts(reading, ("bio", "display_name")) for claim in self._claim_spans(t)]
        likenesses = self._profile_likenesses(reading)
        best = max((likeness.score for likeness in likenesses.values()), default=0.0)
        about = "\n".join(t.folded.lower for t in self._texts(reading, ("display_name", "bio")))
        picture = self._pictures.shown_as(reading.account.profile.picture_hash)
        if best >= _LIKE_US:
            score = best
        elif best >= 0.5 and self._has("official_claim", about):
            score = 0.8
        elif claims:
            score = 0.75
        elif picture:
            score = _PICTURE
        else:
            return
        spans = [Span(name, 0, len(reading.by_name[name])) for name, likeness in likenesses.items() if likeness.score >= 0.5]
        bent = any(likeness.disguised for likeness in likenesses.values())
        reason = (
            "The handle or name is spelt to look like the institution's"
            if bent
            else "The account appears to be the institution"
        )
        if picture:
            score = min(score + _WITH_PICTURE, 1.0)
            reason = f"{reason}, its picture looks like ours ('{picture}')"
        yield from _sign(
            "impersonation",
            score,
            f"{reason}, and nothing in the profile says otherwise.",
            [*spans, *claims],
            FindingScope.PROFILE,
        )

    def _profile_likenesses(self, reading: Reading) -> dict[str, Likeness]:
        names = ("display_name",) if _is_site(reading.account.handle) else ("handle", "display_name")
        found = {name: self._likenesses.of(reading.by_name.get(name, "")) for name in names}
        return {name: likeness for name, likeness in found.items() if likeness is not None}

    def _is_innocent(self, reading: Reading) -> bool:
        """One of our own handles, a namesake, or an account that says that it is not the institution."""
        account, names = reading.account, reading.by_name
        own = self.policy.institution.handles.get(account.platform, ())
        if account.handle.casefold() in {handle.casefold() for handle in own} or self._hosts.is_own(_host(account.handle)):
            return True
        handle, about = names.get("handle", ""), f"{names.get('display_name', '')}\n{names.get('bio', '')}"
        if self._has("unrelated", fold(about).lower) or self._hosts.is_innocent(handle):
            return True
        links = [_host(link) for link in (account.profile.url, *account.profile.links)]
        if any(self._hosts.is_a_namesakes(link) for link in links):
            return True
        folded = fold(about)
        return self._institution.means_a_namesake(folded) and not self._institution.own_mentions(folded)

    def _addresses(self, reading: Reading, segments: tuple[str, ...], scope: FindingScope) -> Iterator[_Sign]:
        texts = [(name, text) for name, text in reading.by_name.items() if name.startswith(segments)]
        found: list[tuple[Suspicion, Span]] = []
        for name, text in texts:
            for address in islice(find_addresses(text), _MOST_ADDRESSES):
                suspicion = self._hosts.suspicion(address)
                if suspicion:
                    found.append((suspicion, Span(name, address.start, address.end)))
        if found:
            worst = max((suspicion for suspicion, _ in found), key=lambda suspicion: suspicion.score)
            severity = Severity.MEDIUM if worst.doubtful else None
            spans = [span for _, span in found]
            yield from _sign("lookalike_domain", worst.score, f"{worst.plain}.", spans, scope, severity)

    def _endorsements(self, text: _Text, whole: str, personnel: bool) -> Iterator[_Sign]:
        """A claim that we recommend or are a partner, beside something that is offered. News and patients' tales are none."""
        sells = bool(text.ours) and self._has("sale", whole)
        offers = sells or (bool(text.ours) and not personnel and self._has("product", whole))
        speaks = bool(text.ours) and not personnel and self._has("own_voice", whole)
        claims: list[tuple[float, Span]] = []
        for key, counts, score in (
            ("endorsement_before", offers or speaks, 0.8),
            ("endorsement_weak", offers and (speaks or personnel), 0.6),
        ):
            for start, end in self._found(key, text.folded.lower) if counts else ():
                mention = next((m for m in text.ours if 0 <= _gap(text, end, m.start) <= _CLAIM_GAP), None)
                if mention and not self._is_denied(text, start):
                    claims.append((score, text.span(start, mention.end)))
        for start, end in self._found("endorsement_after", text.folded.lower) if offers else ():
            mention = next((m for m in text.ours if m.start < start and 0 <= _gap(text, min(m.end, start), start) <= 1), None)
            if mention and not self._is_personal(text, mention):
                claims.append((0.75, text.span(mention.start, end)))
        if claims:
            reason = "Says that the institution recommends, approves or is a partner of what is offered."
            yield from _sign("endorsement_claim", max(claims)[0], reason, [span for _, span in claims])

    def _merchandise(self, text: _Text, whole: str) -> Iterator[_Sign]:
        if not text.ours or not self._has("sale", whole):
            return
        for start, end in self._found("merchandise", text.folded.lower):
            near = [m for m in text.ours if 0 <= _clause_gap(text, (start, end), m) <= _GOODS_GAP]
            if near:
                spans = [text.span(start, end), text.span(near[0].start, near[0].end)]
                yield from _sign("merchandise", 0.75, "Offers goods with the institution's name for sale.", spans)
                return

    def _self_claims(self, text: _Text, category: str, scope: FindingScope) -> Iterator[_Sign]:
        spans = self._claim_spans(text)
        if spans and not self._has("unrelated", text.folded.lower):
            yield from _sign(category, 0.75, "Claims to be the institution's official voice.", spans, scope)

    def _claim_spans(self, text: _Text) -> list[Span]:
        found = self._found("self_claim", text.folded.lower)
        return [text.span(*claim) for claim in found if any(claim[0] <= m.start < claim[1] for m in text.ours)]

    def _scam(self, reading: Reading, texts: list[_Text]) -> Iterator[_Sign]:
        """An offer in our name, and a request for money, or for data over some channel."""
        named = [text.span(m.start, m.end) for text in texts for m in text.ours]
        poses = self._poses(reading)
        if not named and not poses:
            return
        offers = [span for text in texts for span in self._given("scam_offer", text)]
        money = [span for text in texts for span in self._given("scam_money", text)]
        data = [span for text in texts for span in self._given("scam_data", text)]
        if not any(self._has("scam_channel", text.folded.lower) for text in texts):
            data = []
        if not offers or not (money or data):
            return
        if not poses and any(self._has("scam_personal", text.folded.lower) for text in texts):
            return
        score = 0.65 + 0.1 * min(len(money) + len(data) - 1, 2) + (0.1 if poses else 0.0)
        asks = " and ".join(word for word, found in (("money", money), ("personal data", data)) if found)
        yield from _sign(
            "scam", score, f"Offers something in the institution's name and asks for {asks}.", [*named, *money, *data]
        )

    def _given(self, key: str, text: _Text) -> list[Span]:
        """Where a wording stands without a 'no' before it."""
        return [text.span(*found) for found in self._found(key, text.folded.lower) if not self._is_denied(text, found[0])]

    def _is_denied(self, text: _Text, at: int) -> bool:
        before = _SENTENCE_END.split(text.folded.lower[max(0, at - _BEFORE) : at])[-1]
        return self._has("negation", " ".join(before.split()[-3:]))

    def _is_personal(self, text: _Text, mention: Mention) -> bool:
        """'My cardiologist at ...': what a patient tells of a doctor's advice."""
        before = _SENTENCE_END.split(text.folded.lower[max(0, mention.start - _FAR) : mention.start])[-1]
        return self._has("personal_advice", " ".join(before.split()[-4:]))

    def _texts(self, reading: Reading, names: tuple[str, ...]) -> list[_Text]:
        chosen = [(name, fold(text)) for name, text in reading.by_name.items() if name.startswith(names)]
        return [_Text(name, f, [m for m in self._institution.own_mentions(f) if m.strong]) for name, f in chosen]

    def _phrases(self, key: str) -> tuple[str, ...]:
        return self.config.phrases.get(key, ())

    def _found(self, key: str, lower: str) -> Iterator[tuple[int, int]]:
        pattern = self._patterns.get(key)
        return (match.span() for match in pattern.finditer(lower)) if pattern else iter(())

    def _has(self, key: str, lower: str) -> bool:
        pattern = self._patterns.get(key)
        return pattern is not None and pattern.search(lower) is not None

    def _findings(self, signs: Iterable[_Sign]) -> Iterator[Finding]:
        for sign in signs:
            if self.reaches(sign.category, sign.score):
                category, score, reason, spans, scope, severity = sign
                yield self.finding(category, score=score, reason=reason, spans=spans, severity=severity, scope=scope)


def _sign(
    category: str,
    score: float,
    reason: str,
    spans: Iterable[Span],
    scope: FindingScope = FindingScope.POST,
    severity: Severity | None = None,
) -> Iterator[_Sign]:
    yield _Sign(category, score, reason, tuple(spans), scope, severity)


def _gap(text: _Text, end: int, start: int, stop: re.Pattern[str] = _SENTENCE_END) -> int:
    """Words between two places; -1 where the second comes first, is far off, or a `stop` stands between."""
    if not 0 <= start - end <= _FAR:
        return -1
    between = text.folded.lower[end:start]
    return -1 if stop.search(between) else len(between.split())


def _clause_gap(text: _Text, goods: tuple[int, int], mention: Mention) -> int:
    return max(_gap(text, mention.end, goods[0], _CLAUSE_END), _gap(text, goods[1], mention.start, _CLAUSE_END))


def _is_site(handle: str) -> bool:
    """Whether an account is a web site, whose handle is its address."""
    return "://" in handle


def _host(link: str) -> str:
    address = next(find_addresses(link), None)
    return address.host if address else ""


def _spelled_out(phrase: str) -> list[str]:
    """The wordings that a phrase of the policy stands for, its words run together ('customer service/care')."""
    spelled = [""]
    for word in phrase.split():
        spelled = [f"{begun}{other}" for begun in spelled for other in word.split("/")]
    return spelled
