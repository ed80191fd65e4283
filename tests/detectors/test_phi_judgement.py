"""How word patterns and the model's judgement come together: each damping, the category, and which is said to have spoken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, Kind, Media, Post, Reference, Severity
from detectors._phi_points import data_digest
from detectors._phi_voice import Voice
from detectors._reader import Reader
from detectors.phi import PhiDetector

POLICY = load_policy(default_policy_path())
READER = Reader(POLICY)
TOLD = {"patient": 0.95, "health": 0.95, "identifiable": 0.95, "by_clinician": 0.95, "phi": 0.95}  # a clear disclosure
NOT_TOLD = {"patient": 0.05, "health": 0.1, "identifiable": 0.05, "by_clinician": 0.1, "phi": 0.03}
PATIENT = "Took care of a 34 year old firefighter from Engine 53 tonight, third degree burns, in bed 12 of our burn unit"


def detect(
    text: str,
    *,
    kind: Kind = Kind.PERSONNEL,
    classes: dict[str, float] | None = None,
    alt: str = "",
    reply_to: str | None = None,
    policy: Policy = POLICY,
    not_read: str | None = None,
) -> dict[str, Finding]:
    """Findings by category; `classes` is what the model is to have said, the real one's word where it is None."""
    account = Account(
        id="a",
        platform="x",
        handle="someone",
        kind=kind,
        basis=Basis.OWNED,
        basis_recorded_by="tests",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    post = Post(
        platform="x",
        account_id="a",
        native_id="1",
        text=text,
        media=(Media(kind="image", native_key="k", alt_text=alt),) if alt else (),
        in_reply_to=Reference(native_id="2", text=reply_to) if reply_to is not None else None,
    )
    reading = READER.read_post(account, post)
    if classes is not None:
        reading = replace(reading, classes=classes)
    if not_read:
        unread = {name: replace(signals, not_read=not_read) for name, signals in reading.signals.items()}
        reading = replace(reading, signals=unread)
    return {finding.category: finding for finding in PhiDetector(policy).detect(reading)}


def score(classes: dict[str, float], text: str = PATIENT) -> float:
    return max((f.score for f in detect(text, classes=classes).values()), default=0.0)


def test_the_model_does_not_speak_without_its_classes() -> None:
    assert Voice.of({}) is None
    assert Voice.of({"patient": 0.9, "health": 0.9}) is None
    assert Voice.of(TOLD) is not None


def test_without_the_model_the_patterns_decide() -> None:
    (found,) = detect(PATIENT, classes={}).values()
    assert found.category == "indirect_identifier"
    assert "by word patterns" in found.reason
    assert "language model" not in found.reason


def test_the_model_moves_the_score_both_ways() -> None:
    assert score(TOLD) > score(NOT_TOLD)


@pytest.mark.parametrize("part", ["patient", "health", "identifiable", "by_clinician"])
def test_each_part_that_is_missing_lowers_what_the_model_says(part: str) -> None:
    whole, lacking = Voice.of(TOLD), Voice.of({**TOLD, part: 0.02})
    assert whole
    assert lacking
    assert lacking.disclosed < whole.disclosed - 0.3


@pytest.mark.parametrize("damping", ["consent", "unreal"])
def test_permission_and_make_believe_lower_what_the_model_says(damping: str) -> None:
    whole, damped = Voice.of(TOLD), Voice.of({**TOLD, damping: 0.97})
    assert whole
    assert damped
    assert damped.disclosed < whole.disclosed - 0.3


def test_the_reason_names_the_parts_the_teller_and_the_reading() -> None:
    found = detect(PATIENT, classes=TOLD)["indirect_identifier"]
    for words in ("an age", "an occupation", "from work in health care", "by word patterns and the language model"):
        assert words in found.reason


def test_a_number_that_stands_for_one_patient_is_enough_whatever_the_model_says() -> None:
    assert "direct_identifier" in detect("Please merge the charts, MRN 00482913", classes=NOT_TOLD)


@pytest.mark.parametrize("classes", [{}, TOLD | {"consent": 0.6}], ids=["patterns", "both"])
@pytest.mark.parametrize(
    "permission",
    ["She signed our media release.", "Shared with her written authorization.", "Publicado con su autorización por escrito."],
)
def test_permission_in_writing_is_no_finding(permission: str, classes: dict[str, float]) -> None:
    text = f"Meet Gladys Figueroa, 71, who rang the chemo bell on 5 North today. {permission}"
    assert detect(text, kind=Kind.OFFICIAL, classes=classes) == {}


@pytest.mark.parametrize(
    "paper",
    [
        "She signed the waiver.",
        "Got my signed release from work.",
        "firmo el permiso de la escuela.",
        "It is on paper: leave at 7.",
    ],
)
def test_other_papers_that_somebody_signed_are_no_permission(paper: str) -> None:
    text = f"My patient Gladys Figueroa, 71, rang the chemo bell on 5 North today. {paper}"
    assert "direct_identifier" in detect(text, classes=TOLD)


@pytest.mark.parametrize("classes", [{}, TOLD], ids=["patterns", "both"])
@pytest.mark.parametrize(
    "word", ["She said it's fine.", "She won't mind.", "She has not signed the release yet.", "Release is coming!"]
)
def test_permission_by_word_of_mouth_is_none(word: str, classes: dict[str, float]) -> None:
    text = f"My patient Gladys Figueroa, 71, rang the chemo bell on 5 North today. {word}"
    assert "direct_identifier" in detect(text, kind=Kind.OFFICIAL, classes=classes)


@pytest.mark.parametrize(
    "text",
    [
        "My own biopsy came back on Tuesday. I have lymphoma, stage 2, and I start chemo on Monday",
        "My dad had his bypass this morning and is awake. Thank you all for the prayers",
        "Mi mamá salió bien de su cirugía de rodilla, gracias a todos",
    ],
)
def test_ones_own_health_and_the_familys_is_ones_own_to_tell(text: str) -> None:
    assert detect(text) == {}
    assert detect(text, classes={}) == {}


def test_an_answer_that_discloses_a_patient_confirms_one() -> None:
    text = "Your mother was seen on October 12 for the infected foot"
    assert detect(text, kind=Kind.OFFICIAL, reply_to="never again", classes={}).keys() == {"review_reply"}
    assert detect(text, kind=Kind.OFFICIAL, reply_to="never again").keys() == {"review_reply"}
    assert "review_reply" not in detect(text, kind=Kind.PERSONNEL, reply_to="never again", classes=TOLD)


def test_an_account_that_speaks_as_if_it_were_ours_needs_the_models_word() -> None:
    text = "We took care of your husband after his fall on our 5th floor on October 12"
    assert "review_reply" not in detect(text, kind=Kind.UNOFFICIAL, reply_to="never again", classes={})
    assert "review_reply" in detect(text, kind=Kind.UNOFFICIAL, reply_to="never again", classes=TOLD)


def test_a_polite_answer_confirms_nothing() -> None:
    assert detect("Thank you for your kind words!", kind=Kind.OFFICIAL, reply_to="Best nurses ever") == {}


def test_a_picture_comes_first_and_a_name_in_the_text_stays_beside_it() -> None:
    alt = "Mr. Lorcan Abendroth, 71, in room 512 on day 6 after his liver transplant, waves from a wheelchair"
    assert detect("Discharge day!", kind=Kind.OFFICIAL, alt=alt, classes=TOLD).keys() == {"image_caption"}
    both = detect("Our patient Lorcan Abendroth, 71, goes home today!", kind=Kind.OFFICIAL, alt=alt, classes=TOLD)
    assert both.keys() == {"image_caption", "direct_identifier"}


def test_the_model_may_doubt_words_of_death() -> None:
    text = "We lost our 19 year old trauma patient from the Bruckner crash tonight in the ICU"
    assert "deceased" in detect(text, classes={**TOLD, "deceased": 0.9})
    assert "deceased" in detect(text, classes={**TOLD, "deceased": 0.2})
    assert "deceased" not in detect(text, classes={**TOLD, "deceased": 0.01})


@pytest.mark.parametrize("classes", [{}, {**TOLD, "deceased": 0.02}], ids=["patterns", "both"])
def test_a_heart_that_stopped_may_beat_again(classes: dict[str, float]) -> None:
    text = "My 34 year old patient in bed 12: his heart stopped for six minutes last night and we got him back"
    found = detect(text, classes=classes)
    assert found
    assert "deceased" not in found


def test_a_bee_is_no_patient() -> None:
    assert detect("The oldest lady in my hive is six weeks old and sick, treated her today", classes={}) == {}


def test_a_specially_protected_matter_is_told_and_weighs_more() -> None:
    plain = detect("My patient Ramona Castellanos, 34, broke her hip last night", classes=TOLD)["direct_identifier"]
    psych = detect("Ramona Castellanos, 34, my psych patient, relapsed last night", classes=TOLD)["direct_identifier"]
    assert (plain.severity, psych.severity) == (Severity.CRITICAL, Severity.CRITICAL)
    assert "specially protected" in psych.reason
    assert "specially protected" not in plain.reason


def test_no_span_is_a_whole_sentence_and_the_telling_words_are_in_one() -> None:
    (found,) = detect(PATIENT, classes=TOLD).values()
    spanned = [PATIENT[s.start : s.end] for s in found.spans]
    assert all(len(words) < 40 for words in spanned)
    for telling in ("34", "firefighter", "Engine 53", "burns", "bed 12"):
        assert any(telling in words for words in spanned), telling


def _with(**lists: tuple[str, ...]) -> Policy:
    return POLICY.model_copy(update={"institution": POLICY.institution.model_copy(update=lists)})


@pytest.mark.parametrize("classes", [{}, TOLD], ids=["patterns", "both"])
def test_a_patient_with_a_release_on_file_may_be_named(classes: dict[str, Any]) -> None:
    text = "Farid Moradi, 61, got his new kidney with us on Friday. Mr. Moradi is home and baking."
    assert detect(text, kind=Kind.OFFICIAL, classes=classes)
    released = _with(released=("Farid Moradi",))
    assert detect(text, kind=Kind.OFFICIAL, classes=classes, policy=released) == {}


@pytest.mark.parametrize(
    "more", ["His roommate Olga Timoshenko, 70, had her bypass the same day.", "His record: MRN 00482913."]
)
def test_a_release_covers_nobody_else_and_no_number(more: str) -> None:
    text = f"Our patient Farid Moradi got his new kidney with us on Friday. {more}"
    assert "direct_identifier" in detect(text, kind=Kind.OFFICIAL, classes=TOLD, policy=_with(released=("Farid Moradi",)))


def test_a_part_of_a_released_name_counts_only_beside_the_whole() -> None:
    text = "Our patient Mr. Moradi got his new kidney with us on Friday, room 612."
    assert detect(text, kind=Kind.OFFICIAL, classes=TOLD, policy=_with(released=("Farid Moradi",)))


def test_a_release_hides_no_other_patient() -> None:
    text = "So proud of Farid Moradi! My patient, a bus driver from Throgs Neck, 34, came in last night with sepsis."
    assert detect(text, classes=TOLD, policy=_with(released=("Farid Moradi",)))


@pytest.mark.parametrize("name", ["Mr. Cruz", "Ana Maria Cruz Delgado"])
def test_a_patient_who_shares_a_name_with_staff_is_a_patient(name: str) -> None:
    text = f"Dr. Ana Cruz told me: my patient {name} was admitted last night with sepsis."
    assert "direct_identifier" in detect(text, classes=TOLD, policy=_with(staff=("Ana Cruz",)))


def test_what_the_model_did_not_read_it_has_no_say_in() -> None:
    assert not detect(PATIENT, classes=NOT_TOLD)
    assert detect(PATIENT, classes=NOT_TOLD, not_read="too long")


def test_the_version_tells_which_points_judge() -> None:
    assert PhiDetector(POLICY).version.endswith(data_digest())


def test_staff_of_the_list_are_no_patients() -> None:
    text = "Petra Lindqvist-Moya spent the night in our ICU with a patient on ECMO"
    before = detect(text, kind=Kind.OFFICIAL, classes=TOLD)
    after = detect(text, kind=Kind.OFFICIAL, classes=TOLD, policy=_with(staff=("Petra Lindqvist-Moya",)))
    assert "direct_identifier" in before
    assert "direct_identifier" not in after


def test_a_published_address_is_no_patients() -> None:
    text = "Discharging my patient after his surgery last night, pick him up at 245 East 93rd Street"
    theirs = detect(text, classes=TOLD)
    ours = detect(text, classes=TOLD, policy=_with(public_addresses=("245 East 93rd Street, New York, NY 10128",)))
    assert "direct_identifier" in theirs
    assert "direct_identifier" not in ours


def test_names_of_the_lists_stand_in_no_representation() -> None:
    assert "Moradi" not in repr(_with(released=("Farid Moradi",), staff=("Ana Moradi",)))
