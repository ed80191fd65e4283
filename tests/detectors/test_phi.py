"""The PHI rule against written examples, and what it must never do.

Where a test says `deaf`, the language model's judgement is taken away: word patterns must do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Finding, Kind, Media, Post, Profile, Reading, Reference, Severity
from detectors._phi_evidence import passages
from detectors._phi_parts import Page
from detectors._reader import Reader
from detectors.phi import PhiDetector

POLICY = load_policy(default_policy_path())
READER = Reader(POLICY)
DETECTOR = PhiDetector(POLICY)
EXAMPLES = Path(__file__).parent / "examples"
TUNED = yaml.safe_load((EXAMPLES / "phi.yaml").read_text(encoding="utf-8"))
VOICES = yaml.safe_load((EXAMPLES / "phi_voices.yaml").read_text(encoding="utf-8"))
APART = yaml.safe_load((EXAMPLES / "phi_apart.yaml").read_text(encoding="utf-8"))
UNSEEN = yaml.safe_load((EXAMPLES / "phi_unseen.yaml").read_text(encoding="utf-8"))


def read(
    text: str,
    *,
    kind: str = "personnel",
    alt: str = "",
    reply_to: str | None = None,
    quoted: str = "",
    deaf: bool = False,
    **_: Any,
) -> Reading:
    account = Account(
        id="a",
        platform="x",
        handle="someone",
        kind=Kind(kind),
        basis=Basis.SELF_DISCLOSED,
        basis_recorded_by="tests",
        basis_recorded_at=datetime(2025, 1, 1, tzinfo=UTC),
        profile=Profile(display_name="Some One", bio="Nurse. Views mine."),
    )
    post = Post(
        platform="x",
        account_id="a",
        native_id="1",
        text=text,
        media=(Media(kind="image", native_key="k", alt_text=alt),) if alt else (),
        in_reply_to=Reference(native_id="2", text=reply_to) if reply_to is not None else None,
        quote_of=Reference(native_id="3", text=quoted) if quoted else None,
    )
    reading = READER.read_post(account, post)
    return replace(reading, classes={}) if deaf else reading


def detect(text: str, **how: Any) -> list[Finding]:
    return list(DETECTOR.detect(read(text, **how)))


def _named(examples: list[Mapping[str, Any]]) -> list[Any]:
    return [pytest.param(e, id=e["why"], marks=[pytest.mark.xfail(strict=True)] if e.get("missed") else []) for e in examples]


@pytest.mark.parametrize("example", _named(TUNED["positives"]))
def test_a_post_that_gives_a_patient_away_is_found(example: dict[str, Any]) -> None:
    categories = {finding.category for finding in detect(**example, deaf=True)}
    assert categories & {example["category"], *example.get("also", ())}


@pytest.mark.parametrize("example", _named(TUNED["near_misses"]))
def test_a_post_that_only_sounds_so_is_clean(example: dict[str, Any]) -> None:
    assert detect(**example, deaf=True) == []
    assert detect(**example) == []


@pytest.mark.parametrize(
    ("examples", "share", "most_alarms"),
    [
        pytest.param(UNSEEN, 0.9, 0, id="unseen"),
        pytest.param(VOICES, 0.9, 3, id="voices"),
        pytest.param(APART, 0.9, 2, id="apart"),
    ],
)
def test_a_set_holds_its_measured_floor(examples: dict[str, list[dict[str, Any]]], share: float, most_alarms: int) -> None:
    found = sum(bool(detect(**example, deaf=True)) for example in examples["positives"])
    alarms = sum(bool(detect(**example, deaf=True)) for example in examples["near_misses"])
    assert found >= share * len(examples["positives"])
    assert alarms <= most_alarms


@pytest.mark.parametrize(
    ("examples", "share"),
    [
        pytest.param(TUNED, 0.8, id="tuned"),
        pytest.param(UNSEEN, 0.5, id="unseen"),
        pytest.param(VOICES, 0.5, id="voices"),
        pytest.param(APART, 0.6, id="apart"),
    ],
)
def test_with_the_language_model_hardly_anything_is_a_false_alarm(examples: dict[str, Any], share: float) -> None:
    found = sum(bool(detect(**example)) for example in examples["positives"])
    assert found >= share * len(examples["positives"])
    assert sum(bool(detect(**example)) for example in examples["near_misses"]) <= 1


def test_another_authors_words_are_not_blamed_on_the_author() -> None:
    told = "My patient Maria Gonzalez in bed 12 coded twice tonight, MRN 00482913"
    assert detect(told) != []
    assert detect("So sorry to read this.", quoted=told) == []
    assert detect("So sorry to read this.", reply_to=told) == []


def test_the_author_is_no_patient_by_the_profile() -> None:
    account = read("x").account
    assert list(DETECTOR.detect_profile(READER.read_profile(account))) == []


def test_a_strong_number_counts_alone_on_our_accounts_only() -> None:
    text = "Please update 219-09-4821 in the system"
    assert [f.category for f in detect(text)] == ["direct_identifier"]
    assert [f.category for f in detect(text, kind="official")] == ["direct_identifier"]
    assert detect(text, kind="unofficial") == []


@pytest.mark.parametrize(
    "text", ["Call 917-555-0142", "jane.roe@example.com", "03/14/1961", "245 East 93rd Street", "10.1.2.3"]
)
def test_a_contact_or_a_date_alone_is_no_patient(text: str) -> None:
    assert detect(text) == []


def test_death_never_lowers_the_score() -> None:
    alive = "My 27 year old patient with cystic fibrosis in the MICU got engaged tonight"
    dead = alive.replace("got engaged", "passed away")
    best = max(f.score for f in detect(alive, deaf=True))
    assert max(f.score for f in detect(dead, deaf=True)) >= best
    # The model reads other words in another way; it may not take the dead for less than the living by more than that.
    assert max(f.score for f in detect(dead)) >= max(f.score for f in detect(alive)) - 0.15
    assert "deceased" in {f.category for f in detect(dead)}


def test_a_specially_protected_matter_is_one_level_more_severe() -> None:
    plain = {f.category: f.severity for f in detect("One of my patients, a retired judge from Inwood, broke a hip last night")}
    psych = {
        f.category: f.severity for f in detect("One of my psych patients, a retired judge from Inwood, relapsed last night")
    }
    assert psych["indirect_identifier"].rank == plain["indirect_identifier"].rank + 1


def test_severity_stops_at_critical() -> None:
    found = detect("Patient Denise Okafor, HIV+, refused her meds again")
    assert found[0].severity is Severity.CRITICAL


@pytest.mark.parametrize("example", TUNED["positives"], ids=lambda e: e["why"])
def test_a_reason_never_quotes_the_post(example: dict[str, Any]) -> None:
    reading = read(**example)
    words = {
        word.strip(".,!?'") for s in reading.segments for word in s.text.split() if word[:1].isupper() or word[:1].isdigit()
    }
    telling = {word for word in words if len(word) > 3} - {"Together", "Permission", "Medicare", "Patient", "Nurse", "Some"}
    for finding in DETECTOR.detect(reading):
        assert not telling & set(finding.reason.replace(".", " ").replace(",", " ").split())
        assert all(0 <= s.start < s.end <= len(reading.by_name[s.segment]) for s in finding.spans)


def test_claimed_permission_is_said_where_a_number_still_counts() -> None:
    found = detect("Shared with her written permission: our patient, MRN 00482913, rang the bell today")
    assert "Permission is claimed" in found[0].reason


def test_our_own_published_contacts_are_nobodys_privacy() -> None:
    text = "My patient from Inwood had surgery last night, questions to {} please"
    ours = max((f.score for f in detect(text.format("socialmedia@mountsinai.org"))), default=0.0)
    theirs = max(f.score for f in detect(text.format("tyrone.b@example.com")))
    assert theirs > ours


def test_windows_of_a_long_article_leave_nothing_out() -> None:
    page = Page("text", "x" * 5_000, ())
    covered = {at for ((_, start, end),) in passages([page]) for at in range(start, end)}
    assert covered == set(range(5_000))


def test_a_patient_in_the_midst_of_a_long_article_is_found_and_distant_details_do_not_add_up() -> None:
    filler = "The garden on the roof is open to all who want some air. " * 60
    assert detect(filler + "My patient Maria Gonzalez in bed 12 coded twice tonight. " + filler) != []
    assert detect("Come in October 2 to room 12. " + filler + "Diabetes is common. " + filler + "Maria Gonzalez bakes.") == []


@pytest.mark.parametrize(
    "disguised",
    [
        "my patient mаria gonzalez in bed 12 cоded twice tonight",
        "M​y p​atient Maria Gonzalez in bed １２ coded twice tonight",
        "my patient\nmaria gonzalez\nin bed 12 coded\ntwice tonight",
        "MY PATIENT MARIA GONZALEZ IN BED 12 CODED TWICE TONIGHT",
    ],
)
def test_a_disguise_hides_no_patient(disguised: str) -> None:
    assert detect(disguised) != []
