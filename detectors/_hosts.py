"""Finds web addresses and tells which only look like one of the institution's.

Registrable domains come from the Public Suffix List as tldextract ships it; nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import tldextract

from core.policy import Policy
from detectors._institution import Institution, squash
from detectors._likeness import Likenesses, skeleton
from detectors._phrases import compile_pattern

_RESERVED = frozenset({"example", "test", "invalid", "onion"})  # RFC 2606 and 7686: in no suffix list, yet addresses
_LONGEST_HOST = 253
_SHORTEST_LABEL = 4  # of a domain of ours that is too short to be looked for inside other words
_ADDRESS = compile_pattern(
    r"(?i)(https?://)?(?:([^\s/@?#<>()\"']+)@)?"
    r"((?:[\pL\pN_-]+[.。．｡])+(?:xn--[a-z0-9-]+|\pL{2,24}|\d{1,3}))"
)
_HALF_PAIR = re.compile("[\ud800-\udfff]")  # can't be encoded, so RE2 can't read it


class Address(NamedTuple):
    """A host as it stands at [start, end) of a text. `user` is what stands before an @."""

    host: str
    start: int
    end: int
    user: str = ""
    has_scheme: bool = False


class Suspicion(NamedTuple):
    """Why an address is held to look like ours. `plain` in words; `doubtful` where it may be innocent."""

    score: float
    plain: str
    doubtful: bool = False


def find_addresses(text: str) -> Iterator[Address]:
    """Hosts of links, e-mail addresses and bare domains, in the order of the text; offsets in code points."""
    for match in _ADDRESS.finditer(_HALF_PAIR.sub("\ufffd", text)):
        scheme, user, host = match.groups()
        if len(host) <= _LONGEST_HOST:
            start, end = match.span(3)
            yield Address(host, start, end, user or "", bool(scheme))


class Hosts:
    """Judges addresses against the institution's domains and names."""

    def __init__(self, policy: Policy, institution: Institution, likenesses: Likenesses) -> None:
        us = policy.institution
        phrases = policy.rule("brand").phrases
        self._institution, self._likenesses = institution, likenesses
        self._own = tuple(domain.lower() for domain in us.domains)
        self._theirs = tuple(domain.lower() for namesake in us.namesakes for domain in namesake.domains)
        self._shared = tuple(host.lower() for host in phrases.get("shared_hosts", ()))
        self._added = frozenset(squash(word) for word in phrases.get("added_words", ()))
        self._unrelated = tuple(s for phrase in phrases.get("unrelated", ()) for s in _single_words(phrase))
        self._split = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
        self._short = frozenset(label for d in self._own if _SHORTEST_LABEL <= len(label := self._parts(d)[1]) <= 5)
        self._squashed_own = frozenset(squash(domain) for domain in self._own)

    def is_own(self, host: str) -> bool:
        return _within(_readable(host), self._own)

    def is_a_namesakes(self, host: str) -> bool:
        return _within(_readable(host), self._theirs)

    def registered(self, host: str) -> tuple[str, str]:
        """The label that somebody registered, and the suffix under which; empty ones where the host has none."""
        _, label, suffix = self._parts(_readable(host))
        return label, suffix

    def suspicion(self, address: Address) -> Suspicion | None:
        """Why this address looks like ours without being it; None where it does not."""
        host = _readable(address.host)
        if _within(host, self._own):
            return None
        if address.has_scheme and any(own in address.user.lower() for own in self._own):
            return Suspicion(0.97, "A web address shows one of our domains before the @, and leads elsewhere")
        if _within(host, self._theirs) or not self._is_address(address, host):
            return None
        below, label, _ = self._parts(host)
        return self._of_label(label) or self._of_subdomain(host, below, label)

    def _of_label(self, label: str) -> Suspicion | None:
        short = self._of_short_label(label)
        if short:
            return short
        likeness = self._likenesses.of(label)
        if likeness is None or self.is_innocent(label):
            return None
        if likeness.disguised:
            return Suspicion(max(likeness.score, 0.85), "A web address is spelt to look like one of our domains")
        if likeness.score >= 0.9:
            return Suspicion(0.75, "A web address has our name under another ending")
        if likeness.score > 0.5:
            return Suspicion(likeness.score, "A web address puts a word of service beside our name")
        return Suspicion(0.55, "A web address holds our name among other words", doubtful=True)

    def _of_short_label(self, label: str) -> Suspicion | None:
        if any(skeleton(label) == skeleton(own) and label != own for own in self._short):
            return Suspicion(0.9, "A web address is spelt to look like one of our domains")
        words = label.replace("_", "-").split("-")
        if (
            len(words) > 1
            and self._short & set(words)
            and all(w in self._short or w in self._added or w == "edu" for w in words)
        ):
            return Suspicion(0.85, "A web address puts a word of service beside our name")
        return None

    def _of_subdomain(self, host: str, below: str, label: str) -> Suspicion | None:
        if any(f".{own}." in f".{below}." for own in self._own) or any(
            squash(x) in self._squashed_own for x in below.split(".")
        ):
            return Suspicion(0.95, "A web address holds one of our whole domains within another's")
        if _within(host, self._shared):
            return None
        for part in (*below.split("."), f"{below}{label}" if below else ""):
            likeness = self._likenesses.of(part)
            if likeness is None or likeness.score <= 0.5 or self.is_innocent(part):
                continue
            if likeness.disguised or likeness.score < 0.9:
                return Suspicion(0.8, "A web address puts our name before another's domain")
            return Suspicion(0.6, "A web address puts our name before another's domain", doubtful=True)
        return None

    def is_innocent(self, label: str) -> bool:
        """Whether a label says itself that a namesake, a fan or a critic is meant."""
        squashed = squash(label)
        return self._institution.names_a_namesake(label) or any(word in squashed for word in self._unrelated)

    def _parts(self, host: str) -> tuple[str, str, str]:
        """Labels below, the registrable label, and the suffix."""
        split = self._split(host)
        if split.suffix and split.domain:
            return split.subdomain, split.domain, split.suffix
        below, _, suffix = host.rpartition(".")  # a suffix that no list has, or a whole host under a wildcard ('*.mm')
        rest, _, label = below.rpartition(".")
        return rest, label, suffix

    def _is_address(self, address: Address, host: str) -> bool:
        """Tells a bare domain from a sentence that runs into the next ('at MountSinai.It was good')."""
        if address.has_scheme or address.user:
            return True
        suffix = address.host.rpartition(".")[2]
        if not self._split(host).suffix and suffix not in _RESERVED:
            return False
        return suffix.islower() and (len(suffix) > 2 or address.host.islower())


def _within(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _readable(host: str) -> str:
    """Lower case, dots made plain, punycode labels as the letters they stand for."""
    labels = host.lower().translate(str.maketrans("。．｡", "...")).strip(".").split(".")
    return ".".join(_decoded(label) for label in labels)


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _single_words(phrase: str) -> Iterator[str]:
    """Words of five letters or more that stand alone in a phrase of the policy ('parody', 'fan/fans')."""
    if " " not in phrase.strip():
        yield from (s for word in phrase.split("/") if len(s := squash(word)) >= 4)
