"""Conduct: wordings with and without the model, bent spellings, names and identities that must not matter, hostile input."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, FindingScope, Kind, Media, Post, Profile, Reading, Reference
from detectors._conduct_points import conduct_points
from detectors._conduct_text import slurs
from detectors._reader import Reader
from detectors.conduct import ConductDetector

HERE = Path(__file__).resolve().parent
EXAMPLES = yaml.safe_load((HERE / "examples" / "conduct.yaml").read_text(encoding="utf-8"))
SILENT = {"hate": 0.02, "threat": 0.02, "harassment": 0.02, "discrimination": 0.02, "quoted": 0.02, "coarse": 0.02}
GROUPS = (
    *("Black", "white", "Asian", "Latino", "Arab", "Native American", "Haitian", "Nigerian", "Mexican", "Chinese", "Indian"),
    *(
        "Jewish",
        "Muslim",
        "Christian",
        "Hindu",
        "Sikh",
        "atheist",
        "gay",
        "lesbian",
        "bisexual",
        "trans",
        "nonbinary",
        "straight",
    ),
    *(
        "deaf",
        "blind",
        "autistic",
        "disabled",
        "older",
        "young",
        "immigrant",
        "undocumented",
        "HIV-positive",
        "obese",
        "female",
    ),
)
MENTIONS = (
    "I am a proud {} nurse and I love my floor.",
    "My {} neighbor brought us soup.",
    "{} patients asked us for longer visiting hours.",
    "Our study followed 212 {} people with asthma.",
    "Being {} in medical school is not easy.",
    "{} families are welcome in our clinic.",
    "Ain't nobody like my {} auntie, she been fightin that sugar for years.",
)
NAMES = {
    "West African": ("Kwabena Owusu", "Ngozi Eberechi", "Tunde Balarabe"),
    "East Asian": ("Wei-Ling Zhao", "Haruka Mizuno", "Ji-ho Baek"),
    "Latin American": ("Yesenia Quispe", "Ramiro Villalba", "Xochitl Barrera"),
    "European": ("Greta Lindqvist", "Brendan Fairholm", "Katarzyna Wolny"),
}
OF_NAMES = (
    "{} is my new preceptor.",
    "Dr. {} killed it at grand rounds.",
    "I can't stand how early {} gets here.",
    "{} said no again.",
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> ConductDetector:
    return ConductDetector(policy)


@pytest.fixture(scope="module")
def reader(policy: Policy) -> Reader:
    return Reader(policy)


def account(kind: Kind = Kind.PERSONNEL, **profile: str) -> Account:
    return Account(
        id="1",
        platform="x",
        handle="user48213",
        kind=kind,
        basis=Basis.OWNED,
        basis_recorded_by="the test",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(**profile),
    )


def reading(reader: Reader, text: str, classes: Mapping[str, float] | None = None, **post: Any) -> Reading:
    """`classes` are what the model is taken to say; nothing unless told."""
    read = reader.read_post(account(), Post(platform="x", account_id="1", native_id="1", text=text, **post))
    return replace(read, classes=classes or {})


def found(
    detector: ConductDetector, reader: Reader, text: str, classes: Mapping[str, float] | None = None, **post: Any
) -> dict[str, Finding]:
    return {finding.category: finding for finding in detector.detect(reading(reader, text, classes, **post))}


@pytest.mark.parametrize("case", EXAMPLES["flagged"], ids=lambda case: case["why"])
def test_wordings_alone_tell(detector: ConductDetector, reader: Reader, case: dict[str, Any]) -> None:
    assert set(found(detector, reader, case["text"])) == set(case["expect"])


@pytest.mark.parametrize("case", EXAMPLES["near_misses"], ids=lambda case: case["why"])
def test_what_only_resembles_it_is_left_alone(detector: ConductDetector, reader: Reader, case: dict[str, Any]) -> None:
    assert found(detector, reader, case["text"]) == {}
    assert found(detector, reader, case["text"], SILENT) == {}


def test_there_are_as_many_near_misses_as_examples() -> None:
    assert min(len(EXAMPLES["flagged"]), len(EXAMPLES["near_misses"])) >= 40


def test_the_model_is_heard_and_spans_the_whole_where_no_words_speak(detector: ConductDetector, reader: Reader) -> None:
    text = "Funny how it is always the same ones, little hats and long reach."
    hate = found(detector, reader, text, {**SILENT, "hate": 0.97})["hate"]
    assert [(span.segment, span.start, span.end) for span in hate.spans] == [("text", 0, len(text))]
    assert "by the language model" in hate.reason
    assert found(detector, reader, text, {**SILENT, "hate": 0.3}) == {}


def test_what_the_model_hears_as_quoted_counts_for_less(detector: ConductDetector, reader: Reader) -> None:
    text = "Little hats and long reach, that is what the flyer on our door had to tell."
    alone = found(detector, reader, text, {**SILENT, "hate": 0.95})
    quoted = found(detector, reader, text, {**SILENT, "hate": 0.95, "quoted": 0.95}).get("hate")
    assert set(alone) == {"hate"}
    assert quoted is None or quoted.score < alone["hate"].score - 0.2
    assert found(detector, reader, text, {**SILENT, "hate": 0.8, "quoted": 0.98}) == {}


def test_a_threat_needs_somebody_whom_it_threatens(detector: ConductDetector, reader: Reader) -> None:
    heard = {**SILENT, "threat": 0.95}
    assert found(detector, reader, "Tonight there will be blood and bones.", heard) == {}
    assert set(found(detector, reader, "Tonight there will be blood and bones, and he knows why.", heard)) == {"threat"}


def test_model_and_words_together_are_surer_than_either(detector: ConductDetector, reader: Reader) -> None:
    text = "Someone should shoot the mayor."
    words = found(detector, reader, text)["threat"].score
    both = found(detector, reader, text, {**SILENT, "threat": 0.95})["threat"].score
    doubted = found(detector, reader, text, {**SILENT, "threat": 0.05}).get("threat")
    assert both > words
    assert doubted is None or doubted.score < words


def test_a_model_that_does_not_know_the_classes_says_nothing(detector: ConductDetector, reader: Reader) -> None:
    text = "I refuse to treat Muslims in my clinic."
    assert found(detector, reader, text, {"phi": 0.9, "patient": 0.9}) == found(detector, reader, text)


def test_what_the_model_did_not_read_in_full_it_has_no_say_in(detector: ConductDetector, reader: Reader) -> None:
    read = reading(reader, "Good morning from the roof garden.", {**SILENT, "hate": 0.99})
    cut = replace(read, signals={name: replace(s, not_read="too long") for name, s in read.signals.items()})
    assert {f.category for f in detector.detect(read)} == {"hate"}
    assert list(detector.detect(cut)) == []


@pytest.mark.parametrize("template", MENTIONS)
@pytest.mark.parametrize("classes", [{}, {**SILENT, "hate": 0.7, "discrimination": 0.7}], ids=["alone", "beside the model"])
def test_no_group_raises_a_score(detector: ConductDetector, reader: Reader, template: str, classes: dict[str, float]) -> None:
    """What is scored is compared, not only what is found: no group is nearer to the threshold than another."""
    scores = {group: _scores(detector, reading(reader, template.format(group), classes)) for group in GROUPS}
    assert len({tuple(s.items()) for s in scores.values()}) == 1, scores


@pytest.mark.parametrize("template", OF_NAMES)
def test_no_name_raises_a_score(detector: ConductDetector, reader: Reader, template: str) -> None:
    scores = {
        (origin, name): _scores(detector, reading(reader, template.format(name)))
        for origin, names in NAMES.items()
        for name in names
    }
    assert all(score < 0.5 for one in scores.values() for score in one.values())
    by_origin = {origin: max(scores[origin, name]["hate"] for name in names) for origin, names in NAMES.items()}
    assert len(set(by_origin.values())) == 1


def test_what_ships_flags_few_mentions_of_a_group_and_none_much_more_than_others(
    detector: ConductDetector, reader: Reader
) -> None:
    """With whatever model ships: under one in twenty, and of no group more than two sentences of seven."""
    who = account()
    posts = [(group, template.format(group)) for group, template in product(GROUPS, MENTIONS)]
    read = (
        (group, reader.read_post(who, Post(platform="x", account_id="1", native_id="1", text=text))) for group, text in posts
    )
    flagged = Counter(group for group, one in read if list(detector.detect(one)))
    assert flagged.total() < len(posts) / 20, flagged
    assert max(flagged.values(), default=0) <= 2, flagged


def _scores(detector: ConductDetector, read: Reading) -> dict[str, float]:
    evidence = detector._evidence.of(read, "text")
    return {c: conduct_points().score(c, evidence.names(c), read.classes) for c in ("hate", "harassment", "discrimination")}


def test_identity_words_are_no_slurs() -> None:
    own = {group.lower() for group in GROUPS} | {
        "jew",
        "jews",
        "muslim",
        "gay",
        "gays",
        "immigrant",
        "immigrants",
        "negra",
        "indio",
    }
    assert not own & slurs().keys()
    assert len(slurs()) > 200


BENT = (
    *("raghead", "r4ghe4d", "ragh3ad", "r@gh3@d", "ragheeeead", "r.a.g.h.e.a.d", "r a g h e a d", "r*ghead"),
    *("ｒａｇｈｅａｄ", "rаghеad", "RAG\u200bHEAD"),
)
ORDINARY = ("5 mg q4h x3 days", "B12 / D3 levels", "f/u in 2-3 wks", "W1W on-call", "A1C 7.4%", "h*pp*ly", "1:1 sitter")


@pytest.mark.parametrize("bent", BENT)
def test_bent_spellings_are_undone_and_the_span_is_the_given_text(detector: ConductDetector, reader: Reader, bent: str) -> None:
    text = f"🌙 that {bent} again"
    (span,) = found(detector, reader, text, {})["hate"].spans
    assert bent in text[span.start : span.end]
    assert span.end - span.start <= len(bent) + len("that ")


@pytest.mark.parametrize("plain", ORDINARY)
def test_doses_and_wards_are_not_bent_words(detector: ConductDetector, reader: Reader, plain: str) -> None:
    assert detector._evidence.of(reading(reader, plain), "text").read.lower == plain.lower()


def test_one_quotation_excuses_nothing_else(detector: ConductDetector, reader: Reader) -> None:
    text = "He called me a raghead at lunch. Fine. Anyway, long day, long week, cold coffee. Filthy Jews run this place."
    assert set(found(detector, reader, text)) == {"hate"}


def test_other_peoples_words_are_not_the_authors(detector: ConductDetector, reader: Reader) -> None:
    quoted = Reference(native_id="2", text="I'm going to find you and break your legs.")
    assert found(detector, reader, "Reported this one.", in_reply_to=quoted, quote_of=quoted) == {}


def test_a_picture_and_a_profile_are_read(detector: ConductDetector, reader: Reader) -> None:
    picture = Media(kind="image", native_key="1", alt_text="A sign: immigrants are vermin")
    assert {s.segment for s in found(detector, reader, "", media=(picture,))["hate"].spans} == {"media.0.alt_text"}
    read = reader.read_profile(account(bio="Filthy Jews out of my hospital", display_name="A. Nobody"))
    (finding,) = detector.detect_profile(read)
    assert (finding.category, finding.scope) == ("hate", FindingScope.PROFILE)


def test_findings_cite_the_policy_and_quote_nothing(detector: ConductDetector, reader: Reader, policy: Policy) -> None:
    finding = found(detector, reader, "I'm going to find you and break your legs.")["threat"]
    assert (finding.clause, finding.route, finding.severity.value) == ("1", "legal", "critical")
    assert finding.policy_version == policy.version
    assert "legs" not in finding.reason
    assert "word patterns" in finding.reason


def test_kinds_and_thresholds_are_the_policys(policy: Policy, reader: Reader) -> None:
    assert not ConductDetector(policy).applies_to(account(Kind.UNOFFICIAL))
    strict = policy.model_copy(
        update={"rules": {**policy.rules, "conduct": policy.rule("conduct").model_copy(update={"threshold": 0.99})}}
    )
    assert found(ConductDetector(strict), reader, "I'm going to find you and break your legs.") == {}
    bare = ConductDetector(load_policy(HERE.parent / "data" / "policies" / "riverbend.yaml"))
    assert set(found(bare, reader, "That towelhead at the desk again.")) == {"hate"}, (
        "without wordings, slurs and the model remain"
    )


HOSTILE = {
    "letters apart": "f a g " * 60_000,
    "asterisks": "*" * 200_000,
    "signs": "a@" * 100_000,
    "quotes": '"' * 100_000,
    "threats": "kill you " * 40_000,
    "Cyrillic": "ж" * 200_000,
    "one word": "a" * 300_000,
    "a lone surrogate": "\ud800x",
    "blank": " ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_linear_time(detector: ConductDetector, reader: Reader, text: str) -> None:
    read = reading(reader, text)
    started = time.perf_counter()
    list(detector.detect(read))
    assert time.perf_counter() - started < 5
