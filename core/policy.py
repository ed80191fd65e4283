"""The institution's policy as data: read from one YAML file, checked, and handed to every rule.

A wrong file fails with the file, the key and what was expected there. Nothing in the code knows an institution's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core._data_file import DataFile
from core.errors import ConfigError
from core.records import Kind, Severity

_CHECKOUT = Path(__file__).resolve().parent.parent / "policy"
_INSTALLED = Path(__file__).resolve().parent / "_policy"  # where the wheel puts the folder policy/

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text.strip()


def _full_name(name: str) -> str:
    """One word would be everybody's."""
    if sum(sum(map(str.isalpha, word)) > 1 for word in name.replace("-", " ").split()) < 2:
        raise ValueError("expected a given name and a surname")
    return name.strip()


def _public_address(address: str) -> str:
    """A street or a postal code alone would be every neighbour's."""
    if not (any(map(str.isdigit, address)) and sum(map(str.isalpha, address)) >= _LEAST_STREET):
        raise ValueError("expected a house's number and its street")
    return address.strip()


_OFFICIAL_ALONE = frozenset({"political"})  # rules that no policy may turn on people
_NEVER_SEALED = frozenset({"phi"})  # a patient comes first; what is shown of the post is masked
_MAY_PASS = frozenset({"confidential/credentials"})  # a password that is out must be changed, whatever else its post speaks of
_MOST_GATE = 0.7  # what one phrase of the topic `plain` comes to: above it, open talk of pay would pass
_LEAST_STREET = 6  # letters
Words = Annotated[str, AfterValidator(_not_blank)]
FullName = Annotated[str, AfterValidator(_full_name)]
PublicAddress = Annotated[str, AfterValidator(_public_address)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Clause(_Data):
    """One practice or carve-out of the policy: its number, its title, and what it asks in our own words."""

    id: Words
    title: Words
    asks: Words


class Contact(_Data):
    title: Words
    email: str = ""
    phone: str = ""
    url: str = ""


class Namesake(_Data):
    """An institution or place of like name, so that it is not mistaken for ours."""

    name: Words
    why: Words
    domains: tuple[str, ...] = ()
    cues: tuple[Words, ...] = ()  # words beside the shared name that mean the namesake is meant


class Disclaimer(_Data):
    """The sentence that the policy requires, word for word, and what makes another wording equivalent or partial."""

    sentence: Words
    own_views: tuple[Words, ...] = ()  # 'my own views'
    not_employer: tuple[Words, ...] = ()  # 'not those of my employer'


class OwnPicture(_Data):
    """A logo or portrait of ours, by the hash of its look (`nightrounds pictures sign`): who shows it may pose as us."""

    title: Words
    look: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Institution(_Data):
    """Who we are: what the brand, disclaimer and PHI rules compare with."""

    name: Words
    short_names: tuple[Words, ...] = Field(min_length=1)  # what people call it; alone enough to mean it
    aliases: tuple[Words, ...] = ()  # abbreviations and handles' stems; weaker evidence
    units: tuple[Words, ...] = ()  # hospitals, schools and departments with public names
    brands: tuple[Words, ...] = ()
    domains: tuple[Words, ...] = Field(min_length=1)
    handles: dict[str, tuple[Words, ...]] = {}  # platform -> official handles
    pictures: tuple[OwnPicture, ...] = ()
    affiliation_words: tuple[Words, ...] = ()  # 'works at', 'resident at', 'RN @'
    disclaimer: Disclaimer
    contacts: dict[str, Contact] = {}
    namesakes: tuple[Namesake, ...] = ()
    own_places: tuple[Words, ...] = ()  # our towns and streets: nearer to a shared name than a namesake's cue, they mean us
    public_phones: tuple[str, ...] = ()  # published numbers and addresses: never a patient's
    public_emails: tuple[str, ...] = ()
    public_addresses: tuple[PublicAddress, ...] = ()
    staff: tuple[FullName, ...] = Field(default=(), repr=False)  # whose names stand in public in their office
    released: tuple[FullName, ...] = Field(default=(), repr=False)  # patients with a signed release on file


class Route(_Data):
    """Who gets a finding."""

    title: Words
    contact: str = ""  # a key of institution.contacts


class Category(_Data):
    """One kind of finding within a rule. What is left out is the rule's own."""

    title: Words
    severity: Severity
    clause: str | None = None
    route: str | None = None
    threshold: Probability | None = None
    mend: str = ""  # what the author can do about it, for `check`


class Work(_Data):
    """Somebody's work that must not be reposted, by a signature that does not hold its text."""

    title: Words
    signature: Words


class Rule(_Data):
    """How one detector is configured, and the clause that it serves."""

    title: Words
    clause: Words
    kinds: tuple[Kind, ...] = Field(min_length=1)
    route: Words
    review_hours: Annotated[int, Field(gt=0, le=24 * 90)]
    threshold: Probability = 0.5
    opens_case_from: Severity = Severity.LOW
    one_case_per_account: bool = False  # a reminder to a person, not one a post
    categories: dict[str, Category] = Field(min_length=1)
    phrases: dict[str, tuple[Words, ...]] = {}
    works: tuple[Work, ...] = ()  # of others, known: what the copyright rule compares with

    def category(self, name: str) -> Category:
        return self.categories[name]

    def threshold_of(self, name: str) -> float:
        own = self.categories[name].threshold
        return self.threshold if own is None else own


class Gate(_Data):
    """The protected-activity gate: what it recognises, on whom, what it seals and who may open the seal."""

    clause: Words
    kinds: tuple[Kind, ...] = Field(min_length=1)
    seals: tuple[Words, ...]  # rules whose findings are sealed when the post is protected talk
    passes: tuple[Words, ...] = ()  # rule/category of those rules that must be seen all the same
    route: Words
    threshold: Annotated[float, Field(ge=0.0, le=_MOST_GATE)] = 0.5
    topics: dict[str, Annotated[tuple[Words, ...], Field(min_length=1)]] = Field(min_length=1)  # topic -> phrases
    signals: dict[str, tuple[Words, ...]] = {}  # what turns a topic into talk about one's own working conditions


class Policy(_Data):
    """One institution's social media policy."""

    title: Words
    version: Words
    language: str = "en"
    institution: Institution
    clauses: tuple[Clause, ...] = Field(min_length=1)
    carve_outs: tuple[Clause, ...] = ()
    routes: dict[str, Route] = Field(min_length=1)
    rules: dict[str, Rule] = Field(min_length=1)
    gate: Gate

    @model_validator(mode="after")
    def _names_exist(self) -> Policy:
        problems = list(self._dangling())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _dangling(self) -> Iterator[str]:
        clauses = {clause.id for clause in (*self.clauses, *self.carve_outs)}
        for place, clause, route in self._references():
            if clause is not None and clause not in clauses:
                yield f"{place}.clause: expected one of {', '.join(sorted(clauses))}, got {clause!r}"
            if route is not None and route not in self.routes:
                yield f"{place}.route: expected one of {', '.join(sorted(self.routes))}, got {route!r}"
        for name in self.gate.seals:
            if name not in self.rules:
                yield f"gate.seals: expected names of rules, got {name!r}"
        yield from self._gaps_in_the_gate()
        for name in _OFFICIAL_ALONE & self.rules.keys():
            if set(self.rules[name].kinds) != {Kind.OFFICIAL}:
                yield f"rules.{name}.kinds: expected official alone: nothing may be inferred of a person's politics"
        for name, target in self.routes.items():
            if target.contact and target.contact not in self.institution.contacts:
                yield f"routes.{name}.contact: expected a key of institution.contacts, got {target.contact!r}"

    def _gaps_in_the_gate(self) -> Iterator[str]:
        """No policy may switch off what the law asks for: talk of working conditions is held against nobody."""
        if Kind.PERSONNEL not in self.gate.kinds:
            yield "gate.kinds: expected personnel among them: the law protects what employees say of their working conditions"
        for name, rule in self.rules.items():
            on_people = Kind.PERSONNEL in rule.kinds and name not in _NEVER_SEALED | _OFFICIAL_ALONE
            if on_people and name not in self.gate.seals:
                yield f"gate.seals: expected {name} among them, because it is read on personnel"
        for name in _NEVER_SEALED.intersection(self.gate.seals):
            yield f"gate.seals: expected no {name}: it passes, with the protected part masked"
        for name in self.gate.passes:
            if name not in _MAY_PASS or name.split("/")[0] not in self.gate.seals:
                yield f"gate.passes: expected nothing but {', '.join(sorted(_MAY_PASS))} of a rule in gate.seals, got {name!r}"

    def _references(self) -> Iterator[tuple[str, str | None, str | None]]:
        yield "gate", self.gate.clause, self.gate.route
        for name, rule in self.rules.items():
            yield f"rules.{name}", rule.clause, rule.route
            for key, category in rule.categories.items():
                yield f"rules.{name}.categories.{key}", category.clause, category.route

    def rule(self, name: str) -> Rule:
        try:
            return self.rules[name]
        except KeyError:
            raise ConfigError(f"policy {self.title!r}: rules.{name}: expected an entry for this detector, found none") from None

    def clause(self, number: str) -> Clause:
        return next(c for c in (*self.clauses, *self.carve_outs) if c.id == number)

    def rule_digest(self, *names: str) -> str:
        """Eight hex digits that change when these rules, the gate or the institution's names change."""
        parts: list[_Data] = [*(self.rule(name) for name in names), self.gate]
        text = "\n".join([*(part.model_dump_json() for part in parts), self._institution_json])
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @cached_property
    def _institution_json(self) -> str:
        return self.institution.model_dump_json()


def default_policy_path() -> Path:
    """The policy file that comes with Night Rounds, from a checkout or from an installed wheel."""
    folder = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    return folder / "mount_sinai.yaml"


_POLICY_FILE = DataFile(
    title="the policy file",
    mend="name another with --policy",
    top="title, version, institution, clauses, routes, rules and gate",
    keys_told_in="docs/policy.md",
)


def load_policy(path: Path) -> Policy:
    """Read and check a policy file.

    Raises:
        ConfigError: the file is missing, no YAML, or not a policy; one line for each problem, with file, key and expectation.
    """
    return _POLICY_FILE.read(path, Policy)
