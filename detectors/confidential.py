"""Confidential things (clause 9): marked papers, passwords, the network's inside, business not public yet, inside talk.

Secrets and addresses are told by their shape; markings and secrecy by the policy's wordings; whether a thing is public already
mostly by the language model. What was published, announced or told by a newspaper is clean, save a password, which is one
anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, Reading
from core.seams import Detector
from detectors._confidential_hosts import InsideHosts
from detectors._confidential_secrets import secrets_in
from detectors._phrases import compile_pattern
from detectors._sign_points import data_digest, rule_points
from detectors._signs import Page, Sign, Verdicts, Wordings, classes_of, near, pages_of, sentence_around

_LISTS = ("marking", "marking_weak", "embargo", "weakness", "drugs_kept", "secrecy", "business", "papers", "inside", "leaked")
_DENIED_BY = dict.fromkeys(("secrecy", "marking", "weakness", "drugs_kept", "leaked"), "negation") | {"published": "not_yet"}
_OF_THE_WHOLE = ("published", "marking_other", "innocent")
_CAPITALS = compile_pattern(
    r"(?m)(?:^|[\"'\[(*|:>]|[-•.!?]\s)\s*(?:STRICTLY |HIGHLY |COMPANY |ESTRICTAMENTE )?"
    r"(?:CONFIDENTIAL|CONFIDENCIAL|INTERNAL USE ONLY|INTERNAL ONLY|DO NOT DISTRIBUTE|DO NOT FORWARD|USO INTERNO|NO DISTRIBUIR|"
    r"PRIVILEGED)\b"
)
_NEAR = 220  # characters within which secrecy belongs to a matter of business
_WHAT = {
    "marking": "May show a paper that is marked as not for outside",
    "credentials": "May give away a password, key or code",
    "infrastructure": "May tell a detail that somebody could exploit",
    "unannounced": "May tell business of the institution that is not public yet",
    "internal": "May show papers, screens or talk that are meant for inside",
}
_PLAIN = {
    "marking": "words of a confidentiality marking",
    "marking_capitals": "a marking in capitals",
    "marking_weak": "a request to keep it inside",
    "embargo": "an embargo",
    "secret": "a key or token by its form",
    "password": "a password that is said",
    "door_code": "a door's or alarm's code",
    "private_address": "a private network address",
    "internal_host": "the name of an internal host",
    "unlisted_host": "a host of ours that the policy does not list as public",
    "share": "the path of a network share or service",
    "ticket": "the number of a support ticket",
    "weakness": "a gap in security",
    "drugs_kept": "where drugs are kept",
    "secrecy": "words of secrecy",
    "business": "a matter of business",
    "papers": "internal papers",
    "inside": "talk or screens from inside",
    "leaked": "words of a leak",
}


class ConfidentialDetector(Detector):
    """Indicators that something confidential, proprietary or a matter of security is told."""

    rule: ClassVar[str] = "confidential"
    categories: ClassVar[frozenset[str]] = frozenset(
        {"confidential", "marking", "credentials", "infrastructure", "unannounced", "internal"}
    )
    revision: ClassVar[str] = "1"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._wordings = Wordings(self.config, denied_by=_DENIED_BY)
        self._hosts = InsideHosts(policy, self.config.phrases)
        self._verdicts = Verdicts(self, rule_points(self.rule), _WHAT, _PLAIN)

    @property
    def version(self) -> str:
        """The points are part of it."""
        return f"{super().version}.{data_digest('confidential_points.yaml')}"

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category."""
        own = pages_of(reading)
        links = pages_of(reading, ("link.",))
        signs = [sign for page in own for sign in self._of_words(page)]
        signs += [sign for page in (*own, *links) for sign in self._of_shape(page)]
        context = [name for name in _OF_THE_WHOLE if any(any(self._wordings.places(page, name)) for page in own)]
        context += self._together(signs)
        found = list(self._verdicts.findings(own or links, signs, context, classes_of(reading, own)))
        marked = any(finding.category == "marking" for finding in found)
        yield from (finding for finding in found if not (marked and finding.category == "internal"))  # one thing, one finding

    def _of_words(self, page: Page) -> Iterator[Sign]:
        yield from self._wordings.signs(page, _LISTS)
        for match in _CAPITALS.finditer(page.folded.text):
            yield Sign("marking_capitals", page, *match.span())

    def _of_shape(self, page: Page) -> Iterator[Sign]:
        yield from self._hosts.signs(page)
        for sign in secrets_in(page):
            if not self._wordings.has("no_secret", sentence_around(page, sign.start, sign.end)):
                yield sign

    def _together(self, signs: list[Sign]) -> list[str]:
        """What only holds of two signs that stand near each other."""
        found = []
        business = [sign for sign in signs if sign.name == "business"]
        for name, other in (("secret_business", ("secrecy", "leaked", "embargo")), ("business_papers", ("papers", "inside"))):
            if any(near(sign, one, characters=_NEAR) for sign in signs if sign.name in other for one in business):
                found.append(name)
        return found
