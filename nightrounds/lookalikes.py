"""Names that an impostor of ours is likely to take, made out of the policy's own domains and handles, for a person to check.

Pure: nothing is looked up, so nobody knows yet whether any of them exists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, combinations, islice
from typing import NamedTuple
from urllib.parse import urlsplit

from core.errors import ConfigError
from core.policy import Policy
from core.records import Account, Basis, Kind, account_id
from detectors._hosts import Hosts, find_addresses
from detectors._institution import Institution, squash
from detectors._likeness import Likenesses
from nightrounds.bent_names import ADDITION, OMISSION, OTHER_SUFFIX, SPELLINGS, Bender, Change, ascii_host, unicode
from storage.lookalikes import Candidate

WEBSITE = "website"

_LURES = (
    "careers",
    "jobs",
    "apply",
    "care",
    "billing",
    "health",
)  # what applicants and patients are caught with, before other words
_SUFFIXES = ("com", "org", "net", "health", "care", "info", "co", "us", "online", "site", "clinic", "hospital", "jobs", "app")
_CLOSED = frozenset(
    {"edu", "gov", "mil", "int", "ac", "nhs"}
)  # no impostor can register under these, nor under "edu.au" or "ac.uk"
_NOT_PUBLIC = frozenset({"internal", "local", "localhost", "localdomain", "lan", "home", "corp", "intranet", "private", "arpa"})
_LONGEST_NAME = 253
_LONGEST_ADDRESS = 2000


class _Form(NamedTuple):
    """A platform's handles: which marks may part their words, the usual one first, how long they may be, and what stands
    before the server's name where they have one."""

    marks: str
    longest: int
    before_server: str = ""


_FORMS = {
    "x": _Form("_", 15),
    "instagram": _Form("_.", 30),
    "threads": _Form("_.", 30),
    "tiktok": _Form("_.", 24),
    "reddit": _Form("_-", 20),
    "facebook": _Form(".", 50),
    "youtube": _Form("-_.", 30),
    "linkedin": _Form("-", 100),
    "bluesky": _Form("-", 63, "."),
    "mastodon": _Form("_", 30, "@"),
}
_SAME_NAMES = {"threads": "instagram"}  # a name on the one is the same person's on the other
_DOMAINS_ARE_HANDLES = frozenset({"bluesky"})
_ANY_FORM = _Form("_-.", 50)


@dataclass(frozen=True, slots=True)
class OwnNames:
    """Tells the institution's and its namesakes' names from those of others."""

    policy: Policy
    hosts: Hosts

    @classmethod
    def of(cls, policy: Policy) -> OwnNames:
        """Raises: ConfigError: the policy has no rule 'brand'."""
        return cls(policy, Hosts(policy, Institution(policy), Likenesses((), ())))

    def whose(self, platform: str, name: str) -> str:
        """'ours', 'a namesake's', or empty where it is neither."""
        return self._whose_host(name) if platform == WEBSITE else self._whose_handle(platform, name)

    def _whose_host(self, host: str) -> str:
        if self.hosts.is_own(host):
            return "ours"
        innocent = self.hosts.is_a_namesakes(host) or self.hosts.is_innocent(self.hosts.registered(host)[0])
        return "a namesake's" if innocent else ""

    def _whose_handle(self, platform: str, handle: str) -> str:
        us = self.policy.institution
        own = chain.from_iterable(us.handles.get(place, ()) for place in (platform, _SAME_NAMES.get(platform, "")))
        if handle.casefold() in {one.casefold() for one in own}:
            return "ours"  # the same handle elsewhere may be anybody's
        if platform in _DOMAINS_ARE_HANDLES and self.hosts.is_own(handle):
            return "ours"
        bare, _ = _parted(_FORMS.get(platform, _ANY_FORM), handle.casefold())
        theirs = {domain for namesake in us.namesakes for domain in namesake.domains}
        is_theirs = squash(bare) in self._labels(theirs) - self._labels(us.domains)
        return "a namesake's" if is_theirs or self.hosts.is_innocent(bare) else ""

    def _labels(self, domains: Iterable[str]) -> set[str]:
        return {squash(self.hosts.registered(domain)[0]) for domain in domains}


def likely_names(policy: Policy, *, known: Collection[tuple[str, str]] = (), limit: int) -> list[Candidate]:
    """At most `limit` names, the most confusable first: always the same for the same policy.

    None is ours, a namesake's, or one of the `known` (platform and name in lower case).

    Raises:
        ConfigError: the policy has no rule 'brand'.
    """
    own = OwnNames.of(policy)
    bender = Bender(_words(policy), _parts(policy))
    best: dict[tuple[str, str], Candidate] = {}
    for one in (*_domains(policy, own.hosts, bender), *_handles(policy, bender)):
        place = (one.platform, one.name)
        if place not in best or best[place].score < one.score:
            best[place] = one
    ranked = sorted(best.values(), key=lambda one: (-one.score, one.platform != WEBSITE, one.platform, one.name))
    found = (one for one in ranked if (one.platform, one.name) not in known and not own.whose(one.platform, one.name))
    return list(islice(found, limit))


def name_as_given(policy: Policy, given: str, platform: str = WEBSITE) -> Candidate:
    """A web address, of which the host is kept, or a platform's handle, that a person typed in.

    Raises:
        ConfigError: it is neither; it is ours or a namesake's; or the policy has no rule 'brand'.
    """
    name = host_of(given) if platform == WEBSITE else given.strip().removeprefix("@").strip()
    is_strange = not name.isprintable() or any(char.isspace() for char in name) or (platform in _FORMS and "://" in name)
    if not name or is_strange or len(name) > _LONGEST_NAME:
        raise ConfigError("expected a web address such as clinic-jobs.example, or a handle with --platform")
    if platform == WEBSITE and name.rpartition(".")[2] in _NOT_PUBLIC:
        raise ConfigError("no public web address: nobody outside a network could see it")
    if whose := OwnNames.of(policy).whose(platform, name):
        raise ConfigError(f"by the policy file this one is {whose}; nothing was added")
    return Candidate(platform=platform, name=name)


def host_of(address: str) -> str:
    """The host of a web address, as machines spell it and without 'www.'; empty where there is none."""
    bare = address.strip()
    if len(bare) > _LONGEST_ADDRESS:
        return ""
    try:
        host = (urlsplit(bare if "://" in bare else f"//{bare}").hostname or "").rstrip(".")
    except ValueError:
        return ""
    if not any(one.host.lower() == host for one in find_addresses(host)):
        return ""
    spelt = ascii_host(host)
    if spelt.rpartition(".")[2].isdigit():  # an IP address resembles no name
        return ""
    bare = spelt.removeprefix("www.")
    return bare if "." in bare else spelt


def shown_name(name: str) -> str:
    """A name as a reader sees it, with its spelling for machines where that is another."""
    seen = unicode(name)
    return name if seen == name else f"{seen} ({name})"


def known_names(accounts: Iterable[Account]) -> set[tuple[str, str]]:
    """Platform and name of accounts that are on the list."""
    return {(a.platform, host_of(a.handle) if a.platform == WEBSITE else a.handle.casefold()) for a in accounts}


def account_of(candidate: Candidate, *, recorded_by: str, recorded_at: datetime, evidence: str = "") -> Account:
    """The account that a candidate is watched as: unofficial, on the ground of what it claims in public."""
    handle = f"https://{candidate.name}/" if candidate.platform == WEBSITE else candidate.name
    return Account(
        id=account_id(candidate.platform, handle),
        platform=candidate.platform,
        handle=handle,
        kind=Kind.UNOFFICIAL,
        basis=Basis.PUBLIC_CLAIM,
        basis_recorded_by=recorded_by,
        basis_recorded_at=recorded_at,
        basis_evidence=evidence,
    )


def _words(policy: Policy) -> tuple[str, ...]:
    added = policy.rule("brand").phrases.get("added_words", ())
    return tuple(dict.fromkeys(word for word in (*_LURES, *map(squash, added)) if word.isascii()))


def _parts(policy: Policy) -> frozenset[str]:
    """Words of our names that stand together, run together."""
    us = policy.institution
    names = [name.split() for name in (us.name, *us.short_names, *us.units, *us.brands)]
    return frozenset(
        squash("".join(words[start:end])) for words in names for start, end in combinations(range(len(words) + 1), 2)
    )


def _domains(policy: Policy, hosts: Hosts, bender: Bender) -> Iterator[Candidate]:
    for label, suffix in dict.fromkeys(hosts.registered(domain) for domain in policy.institution.domains):
        if not label:
            continue
        own = f"{label}.{suffix}"
        closed = suffix.partition(".")[0] in _CLOSED
        endings = (_SUFFIXES[0],) if closed else (suffix,)
        for change in SPELLINGS:
            spelt = bender.bend(label, change, marks=not closed)
            under = dict.fromkeys((*endings, _SUFFIXES[0])) if change is ADDITION else endings
            for ending in under:
                yield from _faded(WEBSITE, own, change, (ascii_host(f"{one}.{ending}") for one in spelt))
        yield from _faded(WEBSITE, own, OTHER_SUFFIX, (f"{label}.{other}" for other in _SUFFIXES if other != suffix))


def _handles(policy: Policy, bender: Bender) -> Iterator[Candidate]:
    for platform, handles in sorted(policy.institution.handles.items()):
        form = _FORMS.get(platform, _ANY_FORM)
        for handle in handles:
            bare, server = _parted(form, handle.casefold())
            mark = next((char for char in bare if char in form.marks), form.marks[0])
            label = bare.replace(mark, "-")
            core = bender.without_word(label)
            for change in SPELLINGS:
                spelt = bender.bend(label, change, marks=False)
                if core and change is OMISSION:
                    spelt = [core, *spelt]
                elif core and change is ADDITION:  # one word for another: a short handle has room for it
                    spelt = [*bender.bend(core, change, marks=False), *spelt]
                fitting = (one.replace("-", mark) for one in spelt if len(one) <= form.longest)
                yield from _faded(platform, handle, change, (f"{one}{server}" for one in fitting if one != bare))


def _parted(form: _Form, handle: str) -> tuple[str, str]:
    """A handle's own part, and its server's with the mark before it."""
    bare, mark, server = handle.partition(form.before_server) if form.before_server else (handle, "", "")
    return bare, mark + server


def _faded(platform: str, own: str, change: Change, names: Iterable[str]) -> Iterator[Candidate]:
    """The likeliest of one change, each a little less likely than the one before."""
    for n, name in enumerate(islice((name for name in names if name), change.most)):
        score = round(change.score * change.fades**n, 3)
        yield Candidate(platform=platform, name=name, resembles=own, change=change.name, score=score)
