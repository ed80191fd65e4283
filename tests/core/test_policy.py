"""The policy file: ours is whole, another institution's loads too, and a wrong one says what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from core.errors import ConfigError
from core.policy import Policy, default_policy_path, load_policy
from core.records import Kind, Severity

DOCS = Path(__file__).resolve().parents[2] / "docs" / "policy.md"
RIVERBEND = Path(__file__).resolve().parent.parent / "data" / "policies" / "riverbend.yaml"
SENTENCE = "The views expressed are my own and do not represent those of the Mount Sinai Health System."


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


def test_every_clause_and_carve_out_stands_there(policy: Policy) -> None:
    assert [clause.id for clause in policy.clauses] == [str(number) for number in range(1, 11)]
    assert {clause.id for clause in policy.carve_outs} == {
        "scope", "e-mail", "protected-activity", "reporting-to-authorities", "private-politics", "other-policies", "violations",
        "resources",
    }  # fmt: skip
    assert policy.clause("3").title == "Protect patient privacy"


def test_the_required_sentence_is_kept_word_for_word(policy: Policy) -> None:
    assert policy.institution.disclaimer.sentence == SENTENCE


@pytest.mark.parametrize(
    ("rule", "clause", "kinds", "categories"),
    [
        ("phi", "3", set(Kind), {"direct_identifier", "indirect_identifier", "deceased", "review_reply", "image_caption"}),
        ("political", "7", {Kind.OFFICIAL}, {"endorse", "oppose"}),
        (
            "brand",
            "8",
            {Kind.UNOFFICIAL, Kind.PERSONNEL},
            {"impersonation", "lookalike_domain", "endorsement_claim", "merchandise", "scam"},
        ),
        ("disclaimer", "7", {Kind.PERSONNEL}, {"missing", "incomplete"}),
        ("affiliation", "6", {Kind.PERSONNEL}, {"undisclosed"}),
        ("conduct", "1", {Kind.OFFICIAL, Kind.PERSONNEL}, {"hate", "harassment", "threat", "discrimination"}),
        (
            "confidential",
            "9",
            {Kind.OFFICIAL, Kind.PERSONNEL},
            {"marking", "credentials", "infrastructure", "unannounced", "internal"},
        ),
        ("copyright", "8", {Kind.OFFICIAL, Kind.PERSONNEL}, {"copied", "stripped", "registered"}),
        ("claims", "6", {Kind.OFFICIAL, Kind.UNOFFICIAL}, {"promise", "superiority", "misinformation"}),
    ],
)
def test_each_rule_serves_its_clause_on_its_kinds(
    policy: Policy, rule: str, clause: str, kinds: set[Kind], categories: set[str]
) -> None:
    config = policy.rule(rule)
    assert (config.clause, set(config.kinds), set(config.categories)) == (clause, kinds, categories)


def test_no_rule_reads_politics_of_a_person(policy: Policy) -> None:
    assert set(policy.rule("political").kinds) == {Kind.OFFICIAL}


def test_patient_information_is_reviewed_within_the_business_day(policy: Policy) -> None:
    assert policy.rule("phi").review_hours == 8
    assert min(c.severity.rank for c in policy.rule("phi").categories.values()) >= Severity.HIGH.rank


def test_reminders_are_one_an_account_and_low(policy: Policy) -> None:
    for name in ("disclaimer", "affiliation"):
        assert policy.rule(name).one_case_per_account
        assert {c.severity for c in policy.rule(name).categories.values()} == {Severity.LOW}


def test_the_gate_seals_all_but_patient_information_on_personnel(policy: Policy) -> None:
    on_personnel = {name for name, rule in policy.rules.items() if Kind.PERSONNEL in rule.kinds}
    assert set(policy.gate.seals) == on_personnel - {"phi"}
    assert (policy.gate.kinds, policy.gate.clause, policy.gate.route) == (
        (Kind.PERSONNEL,),
        "protected-activity",
        "labour_counsel",
    )


def test_each_category_says_how_to_mend_it(policy: Policy) -> None:
    assert [
        (name, key) for name, rule in policy.rules.items() for key, category in rule.categories.items() if not category.mend
    ] == []


def test_a_namesakes_domain_is_not_one_of_ours(policy: Policy) -> None:
    theirs = {domain for namesake in policy.institution.namesakes for domain in namesake.domains}
    assert theirs
    assert theirs.isdisjoint(policy.institution.domains)


def test_another_institution_writes_its_own_file() -> None:
    riverbend = load_policy(RIVERBEND)
    assert riverbend.institution.name == "Riverbend Regional Health"
    assert riverbend.rule("phi").clause == "A"


def test_a_category_without_its_own_threshold_takes_the_rules(tmp_path: Path) -> None:
    data = yaml.safe_load(RIVERBEND.read_text(encoding="utf-8"))
    data["rules"]["brand"]["threshold"] = 0.25
    data["rules"]["brand"]["categories"]["scam"]["threshold"] = 0.0
    rule = load_policy(_written(tmp_path, data)).rule("brand")
    assert (rule.threshold_of("merchandise"), rule.threshold_of("scam")) == (0.25, 0.0)


def test_a_rules_digest_follows_its_own_words_the_gate_and_the_names(tmp_path: Path) -> None:
    def digests(change: Callable[[dict[str, Any]], object]) -> tuple[str, str]:
        data = yaml.safe_load(RIVERBEND.read_text(encoding="utf-8"))
        change(data)
        changed = load_policy(_written(tmp_path, data))
        return changed.rule_digest("brand"), changed.rule_digest("phi")

    brand, phi = digests(lambda data: None)
    other_brand, same_phi = digests(lambda data: data["rules"]["brand"].update(threshold=0.9))
    assert other_brand != brand
    assert same_phi == phi
    both = digests(lambda data: data["institution"]["units"].append("Pellew Clinic"))
    gated = digests(lambda data: data["gate"].update(threshold=0.6))
    assert brand not in {both[0], gated[0]}
    assert phi not in {both[1], gated[1]}


def test_a_rule_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"rules\.weather: expected an entry for this detector"):
        load_policy(RIVERBEND).rule("weather")


Change = Callable[[dict[str, Any]], object]

BROKEN: dict[str, tuple[Change, str]] = {
    "a missing section": (lambda d: d.pop("gate"), "gate: expected here, but missing"),
    "a missing key": (lambda d: d["rules"]["phi"].pop("clause"), "rules.phi.clause: expected here, but missing"),
    "an unknown key": (lambda d: d["rules"]["phi"].update(colour="red"), "rules.phi.colour: unknown key; see docs/policy.md"),
    "an unknown key on top": (lambda d: d.update(rulez={}), "rulez: unknown key"),
    "a severity that is none": (
        lambda d: d["rules"]["brand"]["categories"]["scam"].update(severity="awful"),
        "rules.brand.categories.scam.severity: Input should be 'info', 'low', 'medium', 'high' or 'critical'",
    ),
    "a kind that is none": (lambda d: d["rules"]["phi"].update(kinds=["patients"]), "rules.phi.kinds.0: Input should be"),
    "no kinds": (lambda d: d["rules"]["phi"].update(kinds=[]), "rules.phi.kinds: Tuple should have at least 1 item"),
    "no categories": (
        lambda d: d["rules"]["phi"].update(categories={}),
        "rules.phi.categories: Dictionary should have at least",
    ),
    "a clause that does not exist": (
        lambda d: d["rules"]["phi"].update(clause="99"),
        "rules.phi.clause: expected one of A, B, C, working-conditions, got '99'",
    ),
    "a category's clause that does not exist": (
        lambda d: d["rules"]["brand"]["categories"]["scam"].update(clause="Z"),
        "rules.brand.categories.scam.clause: expected one of",
    ),
    "the gate's clause that does not exist": (lambda d: d["gate"].update(clause="Z"), "gate.clause: expected one of"),
    "a route that does not exist": (
        lambda d: d["rules"]["phi"].update(route="nobody"),
        "rules.phi.route: expected one of counsel, newsroom, privacy, got 'nobody'",
    ),
    "a contact that does not exist": (
        lambda d: d["routes"]["counsel"].update(contact="lawyer"),
        "routes.counsel.contact: expected a key of institution.contacts, got 'lawyer'",
    ),
    "a sealed rule that does not exist": (
        lambda d: d["gate"].update(seals=["weather"]),
        "gate.seals: expected names of rules, got 'weather'",
    ),
    "a gate that guards no personnel": (
        lambda d: d["gate"].update(kinds=["official"]),
        "gate.kinds: expected personnel among them",
    ),
    "a gate for nobody": (lambda d: d["gate"].update(kinds=[]), "gate.kinds: Tuple should have at least 1 item"),
    "a rule on personnel that is not sealed": (
        lambda d: d["gate"].update(seals=[name for name in d["gate"]["seals"] if name != "conduct"]),
        "gate.seals: expected conduct among them, because it is read on personnel",
    ),
    "a rule turned on personnel and not sealed": (
        lambda d: d["rules"]["claims"].update(kinds=["personnel"]),
        "gate.seals: expected claims among them, because it is read on personnel",
    ),
    "patient information under seal": (lambda d: d["gate"]["seals"].append("phi"), "gate.seals: expected no phi"),
    "conduct that passes the gate": (
        lambda d: d["gate"].update(passes=["conduct/hate"]),
        "gate.passes: expected nothing but confidential/credentials of a rule in gate.seals, got 'conduct/hate'",
    ),
    "a gate that hears nothing": (lambda d: d["gate"].update(threshold=0.9), "gate.threshold: Input should be less"),
    "a topic without words": (lambda d: d["gate"].update(topics={"pay": []}), "gate.topics.pay: Tuple should have at least 1"),
    "politics read on people": (
        lambda d: d["rules"]["political"].update(kinds=["official", "personnel"]),
        "rules.political.kinds: expected official alone",
    ),
    "a threshold out of range": (
        lambda d: d["rules"]["phi"].update(threshold=1.5),
        "rules.phi.threshold: Input should be less",
    ),
    "no time to review": (
        lambda d: d["rules"]["phi"].update(review_hours=0),
        "rules.phi.review_hours: Input should be greater",
    ),
    "a blank word": (lambda d: d["institution"].update(short_names=[" "]), "institution.short_names.0: must not be blank"),
    "no short name": (lambda d: d["institution"].update(short_names=[]), "institution.short_names: Tuple should have at least"),
    "a number for a word": (lambda d: d.update(version=7), "version: Input should be a valid string"),
}


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_a_wrong_file_names_file_key_and_expectation(tmp_path: Path, case: str) -> None:
    change, expected = BROKEN[case]
    data = yaml.safe_load(RIVERBEND.read_text(encoding="utf-8"))
    change(data)
    path = _written(tmp_path, data)
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert f"{path}: {expected}" in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    data = yaml.safe_load(RIVERBEND.read_text(encoding="utf-8"))
    data.pop("title")
    data["rules"]["phi"].pop("route")
    with pytest.raises(ConfigError) as caught:
        load_policy(_written(tmp_path, data))
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"title: [unclosed", ":1:17: not valid YAML", id="bad YAML"),
        pytest.param(b"title: a\ntitle: b\n", ":2:1: not valid YAML: the key 'title' stands here twice", id="a key twice"),
        pytest.param(b"a:\n  b: 1\n  b: 2\n", ":3:3: not valid YAML: the key 'b' stands here twice", id="a nested key twice"),
        pytest.param(b"- one\n- two\n", ": expected a mapping with title", id="a list"),
        pytest.param(b"", ": expected a mapping with title", id="empty"),
        pytest.param("title: Café".encode("latin-1"), ": the policy file can't be read (UnicodeDecodeError)", id="not UTF-8"),
        pytest.param(b"!!python/object/apply:os.getcwd []", ":1:1: not valid YAML", id="a tag that would run code"),
    ],
)
def test_a_file_that_is_no_policy_at_all(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert f"{path}{expected}" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't be read \(FileNotFoundError\); name another with --policy"):
        load_policy(tmp_path / "none.yaml")


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all those within it."""
    inner = {c for field in model.model_fields.values() for c in _classes(field.annotation) if issubclass(c, BaseModel)}
    return {model}.union(*map(_models, inner))


def _classes(annotation: Any) -> set[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation}
    return {c for part in get_args(annotation) for c in _classes(part)}


def test_every_key_is_explained_to_compliance_staff(policy: Policy) -> None:
    text = DOCS.read_text(encoding="utf-8")
    keys = {key for model in _models(Policy) for key in model.model_fields}
    keys |= {key for name in ("brand", "disclaimer", "affiliation") for key in policy.rule(name).phrases}
    assert {key for key in keys if f"{key}`" not in text and f"`{key}" not in text} == set()


def test_the_ten_line_example_of_the_documentation_loads(tmp_path: Path) -> None:
    example = DOCS.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert len(example.splitlines()) == 10
    (tmp_path / "example.yaml").write_text(example, encoding="utf-8")
    assert load_policy(tmp_path / "example.yaml").institution.name == "Riverbend Regional Health"


def _written(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path
