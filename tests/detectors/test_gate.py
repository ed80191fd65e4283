from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, Kind, Post, PostType, Reading, Reference, Segment, Severity, Signals, Span
from detectors._gate import Gate
from detectors._reader import Reader

EXAMPLES = yaml.safe_load((Path(__file__).resolve().parent / "examples" / "protected.yaml").read_text(encoding="utf-8"))
UNSEEN = yaml.safe_load((Path(__file__).resolve().parent / "examples" / "protected_unseen.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TALK = "We are so short staffed on nights, and management does nothing."


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def gate(policy: Policy) -> Gate:
    return Gate(policy)


def account(kind: Kind) -> Account:
    return Account(
        id="a", platform="x", handle="h", kind=kind, basis=Basis.SELF_DISCLOSED, basis_recorded_by="test", basis_recorded_at=NOW
    )


def reading(
    text: str,
    *,
    kind: Kind = Kind.PERSONNEL,
    other: Iterable[tuple[str, str]] = (),
    signals: Iterable[Signals] = (),
    **post: Any,
) -> Reading:
    parts = [("text", text), *other]
    whole = Post(platform="x", account_id="a", native_id="1", text=text, posted_at=NOW, **post)
    segments = tuple(Segment(name=name, text=words) for name, words in parts if words)
    return Reading(account=account(kind), post=whole, segments=segments, signals={s.segment: s for s in signals})


def example_reading(example: dict[str, str]) -> Reading:
    other = [(name, example[name]) for name in ("in_reply_to", "quote_of") if name in example]
    return reading(example["text"], other=other)


def finding(rule: str) -> Finding:
    return Finding(
        rule=rule,
        category="c",
        severity=Severity.HIGH,
        score=0.9,
        spans=(Span("text", 0, 2),),
        clause="1",
        route="hr",
        reason="An indicator.",
    )


@pytest.mark.parametrize("example", EXAMPLES["protected"], ids=lambda e: e["why"])
def test_talk_of_working_conditions_is_protected(gate: Gate, example: dict[str, str]) -> None:
    assert gate.screen(example_reading(example), []).protected


@pytest.mark.parametrize("example", EXAMPLES["near_misses"], ids=lambda e: e["why"])
def test_other_talk_is_not(gate: Gate, example: dict[str, str]) -> None:
    assert not gate.screen(example_reading(example), []).protected


@pytest.mark.parametrize("example", EXAMPLES["in_doubt"], ids=lambda e: e["why"])
def test_in_doubt_a_post_is_protected(gate: Gate, example: dict[str, str]) -> None:
    assert gate.screen(example_reading(example), []).protected


def test_there_are_examples_enough() -> None:
    assert len(EXAMPLES["protected"]) >= 50
    assert len(EXAMPLES["near_misses"]) >= 40


def test_unseen_posts_hold_the_measured_floor(gate: Gate) -> None:
    kept = [text for text in UNSEEN["protected"] if gate.protects(reading(text))]
    other = [text for text in UNSEEN["other_talk"] if gate.protects(reading(text))]
    assert len(kept) >= 17
    assert len(other) <= 1


def test_far_words_of_a_long_text_do_not_add_up(gate: Gate) -> None:
    between = "The garden was green and the sea was blue. " * 40
    assert gate.protects(reading("The whole crew here is exhausted. Why is nobody fixing the shift schedule?"))
    assert not gate.protects(reading(f"A shift. {between} My clinic. {between} Not today."))
    assert gate.protects(reading(f"{between} They cut our overtime pay again. {between}"))


def test_what_the_policy_seals_goes_to_labour_counsel_and_phi_passes(gate: Gate, policy: Policy) -> None:
    rules = (*policy.gate.seals, "phi")
    screened = gate.screen(reading(TALK), map(finding, rules))
    assert {f.rule for f in screened.findings if f.sealed} == set(policy.gate.seals)
    assert {f.route for f in screened.findings if f.sealed} == {policy.gate.route}
    (phi,) = (f for f in screened.findings if f.rule == "phi")
    assert phi == finding("phi")


def test_what_the_policy_lets_pass_is_not_sealed(policy: Policy) -> None:
    config = policy.gate.model_copy(update={"passes": ("confidential/c",)})
    screened = Gate(policy.model_copy(update={"gate": config})).screen(reading(TALK), map(finding, policy.gate.seals))
    assert {f.rule for f in screened.findings if not f.sealed} == {"confidential"}
    other = policy.gate.model_copy(update={"passes": ("confidential/other",)})
    assert all(
        f.sealed
        for f in Gate(policy.model_copy(update={"gate": other})).screen(reading(TALK), [finding("confidential")]).findings
    )


HINT = "The schedule came out and I work Christmas."
SILENT_TALK = "Third winter in the same coat while they redo the lobby marble."


@pytest.mark.parametrize(("heard", "protected"), [(None, False), (0.02, False), (0.1, False), (0.5, True), (0.98, True)])
def test_the_model_hears_what_no_phrase_tells(gate: Gate, heard: float | None, protected: bool) -> None:
    read = replace(reading(SILENT_TALK), classes={} if heard is None else {"protected": heard})
    assert gate.protects(read) is protected


@pytest.mark.parametrize("heard", [None, 0.001, 0.3, 0.98])
def test_a_phrase_that_speaks_for_itself_holds_whatever_the_model_says(gate: Gate, heard: float | None) -> None:
    assert gate.protects(replace(reading(TALK), classes={} if heard is None else {"protected": heard}))


@pytest.mark.parametrize(("heard", "protected"), [(None, True), (0.005, False), (0.3, True), (0.98, True)])
def test_words_that_only_hint_hold_unless_the_model_is_sure_of_the_contrary(
    gate: Gate, heard: float | None, protected: bool
) -> None:
    read = replace(reading(HINT), classes={} if heard is None else {"protected": heard})
    assert gate.protects(read) is protected


@pytest.mark.parametrize(
    "text",
    [
        "w3 4r3 und3rst4ff3d",
        "un10n v0te on thursday",
        "s.t.r.i.k.e v.o.t.e on friday, all of us",
        "#strikevotenow",
        "#ourunionstrong and proud",
        "#FairPayForNurses",
        "told the FBI about the billing upstairs",
        "I wrote to the inspector general about what they did to the charts.",
        "denuncié al jefe en la fiscalía",
    ],
)
def test_bent_words_hashtags_and_reports_to_authorities_are_protected(gate: Gate, text: str) -> None:
    assert gate.protects(replace(reading(text), classes={"protected": 0.01}))


def test_a_link_speaks_as_well(gate: Gate) -> None:
    linked = reading("Read this.", other=[("link.0", "https://sign.example/petition/safe-staffing-for-nurses")])
    assert gate.protects(replace(linked, classes={"protected": 0.01}))
    assert not gate.protects(reading("Read this.", other=[("link.0", "https://news.example/2026/ducks-on-the-pond")]))


def test_a_long_row_of_hashtags_is_read_in_time(gate: Gate) -> None:
    started = time.process_time()
    gate.protects(reading("#" + "strikepay" * 4 + " #" + "anananananananananananananananananananan" * 1000))
    assert time.process_time() - started < 2.0


def test_a_surer_model_never_protects_less(gate: Gate) -> None:
    for text in (TALK, SILENT_TALK, "My cat is asleep.", "We need a raise."):
        told = [gate.protects(replace(reading(text), classes={"protected": p / 50})) for p in range(51)]
        assert told == sorted(told)


def test_what_the_model_did_not_read_in_full_it_has_no_say_in(gate: Gate) -> None:
    cut = [Signals(segment="text", not_read="too long")]
    assert gate.protects(replace(reading(TALK, signals=cut), classes={"protected": 0.01}))
    assert not gate.protects(replace(reading("My cat is asleep.", signals=cut), classes={"protected": 0.99}))


@pytest.mark.parametrize("kind", [Kind.OFFICIAL, Kind.UNOFFICIAL])
def test_the_model_gates_no_other_kind_of_account(gate: Gate, kind: Kind) -> None:
    assert not gate.protects(replace(reading(TALK, kind=kind), classes={"protected": 0.99}))


def test_other_talk_keeps_its_findings_as_they_are(gate: Gate) -> None:
    screened = gate.screen(reading("Just matched at Mount Sinai!"), [finding("conduct")])
    assert screened.findings == (finding("conduct"),)
    assert not screened.protected


@pytest.mark.parametrize("kind", [Kind.OFFICIAL, Kind.UNOFFICIAL])
def test_other_kinds_of_account_are_not_gated(gate: Gate, kind: Kind) -> None:
    screened = gate.screen(reading(TALK, kind=kind), [finding("conduct")])
    assert not screened.protected
    assert screened.findings == (finding("conduct"),)


def test_the_result_does_not_say_what_was_recognised(gate: Gate, policy: Policy) -> None:
    topics = set(policy.gate.topics) | set(policy.gate.signals)
    results = [gate.screen(example_reading(e), [finding("conduct")]) for e in EXAMPLES["protected"]]
    assert len({str(r) for r in results}) == 1, "two protected posts can't be told apart by their result"
    assert not any(topic in str(results[0]).split("'") for topic in topics)
    assert not any("cache" in name for name in vars(gate)), "nothing read is kept"


def test_joining_in_what_coworkers_said_is_protected(gate: Gate) -> None:
    other = [("in_reply_to", TALK)]
    assert gate.screen(reading("Same here.", other=other), []).protected
    assert gate.screen(reading("", other=[("quote_of", TALK)]), []).protected
    repost = Reference(native_id="o", text=TALK)
    assert gate.screen(reading("", type=PostType.REPOST, repost_of=repost), []).protected
    assert not gate.screen(reading("Go back where you came from.", other=other), []).protected


def test_a_bio_counts_for_a_profile_and_not_for_every_post(gate: Gate) -> None:
    bio = Segment(name="bio", text="RN. NYSNA delegate. We deserve safe staffing.")
    profile = Reading(account=account(Kind.PERSONNEL), post=None, segments=(bio,), signals={})
    assert gate.screen(profile, [finding("disclaimer")]).findings[0].sealed
    assert not gate.screen(reading("My cat is asleep.", other=[("bio", bio.text)]), []).protected


def test_what_the_gate_cannot_read_it_does_not_clear(gate: Gate) -> None:
    unread = [Signals(segment="text", lang="hu", not_read="language")]
    held = gate.screen(reading("Túl kevesen vagyunk", signals=unread), [finding("conduct"), finding("phi")])
    assert [f.sealed for f in held.findings] == [True, False]
    assert held.not_read == "language"
    assert not gate.screen(reading("Túl kevesen vagyunk", signals=unread), [finding("phi")]).protected


@pytest.mark.parametrize(
    "other",
    [
        "Estamos sem pessoal suficiente na unidade e a chefia ignora todos os nossos pedidos de ajuda.",
        "Ninguém está nos ouvindo. O setor está sempre vazio e a chefia não faz nada para mudar isso.",
        "Kulang na kulang kami sa tauhan tuwing gabi at walang ginagawa ang pamunuan ng ospital.",
        "我们病房每天晚上人手都不够，管理层什么也不做",
        "Нас не хватает на ночных сменах, и руководство ничего не делает",
        "חסר לנו כוח אדם בלילות וההנהלה לא עושה כלום",
    ],
    ids=["pt", "pt again", "tl", "zh", "ru", "he"],
)
def test_a_part_that_the_gate_cannot_read_it_does_not_clear(gate: Gate, policy: Policy, other: str) -> None:
    text = f"I am a nurse at Mount Sinai Hospital. {other}"
    post = Post(platform="x", account_id="a", native_id="1", text=text, posted_at=NOW)
    read = Reader(policy).read_post(account(Kind.PERSONNEL), post)
    assert read.signals["text"].not_read == "language"
    held = gate.screen(reading(text), [finding("disclaimer"), finding("phi")])
    assert [f.sealed for f in held.findings] == [True, False]
    long = reading(f"{'We walked in the park with the dog and it was a good day for all of us. ' * 6}{other}")
    assert gate.screen(long, [finding("disclaimer")]).protected


@pytest.mark.parametrize(
    "text",
    [
        "He works at the deli across from the hospital",
        "My last patient tonight tested HIV positive and he works at the deli across from the hospital",
    ],
)
def test_where_somebody_else_works_is_no_complaint(gate: Gate, policy: Policy, text: str) -> None:
    post = Post(platform="x", account_id="a", native_id="1", text=text, posted_at=NOW)
    read = Reader(policy).read_post(account(Kind.PERSONNEL), post)
    assert not gate.screen(read, [finding("conduct"), finding("phi")]).protected


def test_a_detectors_failure_is_carried_on(gate: Gate) -> None:
    assert gate.screen(reading("Hello"), [], not_read="detector conduct failed").not_read == "detector conduct failed"
    assert gate.screen(reading("Hello"), []).not_read is None


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda t: t.replace("a", "а").replace("o", "о"), lambda t: f"#{t}"])
def test_disguise_does_not_lose_the_protection(gate: Gate, change: Any) -> None:
    kept = [e for e in EXAMPLES["protected"] if gate.screen(example_reading({**e, "text": change(e["text"])}), []).protected]
    assert len(kept) >= 0.95 * len(EXAMPLES["protected"])


@pytest.mark.parametrize("text", ["staffing " * 50_000, "A" * 400_000, "ж" * 200_000, "no no no " * 50_000])
def test_hostile_text_takes_linear_time(gate: Gate, text: str) -> None:
    started = time.perf_counter()
    gate.screen(reading(text), [])
    assert time.perf_counter() - started < 3
