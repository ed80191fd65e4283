"""Names of the institution in text: found in every spelling, told from namesakes, and read back to the given text."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.policy import default_policy_path, load_policy
from detectors._fold import fold
from detectors._institution import MOST_MENTIONS, Institution, given_span, squash


@pytest.fixture(scope="module")
def institution() -> Institution:
    return Institution(load_policy(default_policy_path()))


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("I saw Mount Sinai today", ["Mount Sinai"]),
        ("I saw MOUNT SINAI today", ["MOUNT SINAI"]),
        ("Mt. Sinai and Mt Sinai", ["Mt. Sinai", "Mt Sinai"]),
        ("at the Mount  Sinai Hospital", ["the Mount  Sinai Hospital"]),
        ("#MountSinaiStrong @MountSinaiNYC", ["#MountSinaiStrong", "@MountSinaiNYC"]),
        ("@TischCancer", ["@TischCancer"]),
        ("Kravis Childrens Hospital", ["Kravis Childrens Hospital"]),
        ("Kravis Children’s Hospital", ["Kravis Children’s Hospital"]),
        ("M\u043eunt Sinai", ["M\u043eunt Sinai"]),
        ("Mount\u200b Sinai", ["Mount\u200b Sinai"]),
        ("🌙 Icahn School of Medicine at Mount Sinai 🌙", ["Icahn School of Medicine at Mount Sinai"]),
        ("Mount Sinai Queens, near Mount Sinai", ["Mount Sinai Queens", "Mount Sinai"]),
        ("Surmount Sinaitic", []),
        ("Mount Auburn", []),
        ("", []),
    ],
)
def test_names_are_found_in_the_given_text(institution: Institution, text: str, mentions: list[str]) -> None:
    folded = fold(text)
    spans = [given_span("text", folded, m.start, m.end) for m in institution.own_mentions(folded)]
    assert [text[span.start : span.end] for span in spans] == mentions


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Mount Sinai Hospital in Toronto", "Canada"),
        ("Mount Sinai Medical Center, Miami Beach", "Florida"),
        ("Cedars-Sinai", "Los Angeles"),
        ("#MountSinaiToronto", "Canada, as a hashtag"),
        ("Sinai Hospital of Baltimore", "Maryland"),
        ("DMC Sinai-Grace", "Detroit"),
        ("Moses on Mount Sinai", "the mountain"),
        ("we hiked Mount Sinai in Egypt", "the mountain"),
        ("Mount Sinai Baptist Church", "a congregation"),
        ("Mount Sinai High School", "the hamlet"),
        ("subimos al Monte Sinaí con los diez mandamientos", "the mountain, in Spanish"),
    ],
)
def test_namesakes_are_not_ours(institution: Institution, text: str, why: str) -> None:
    folded = fold(text)
    assert institution.mentions(folded), "the shared name itself is found"
    assert institution.own_mentions(folded) == [], why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Mount Sinai Queens, with friends from Toronto", "a unit of ours has a word that no namesake has"),
        ("from Chicago to Mount Sinai in New York", "our place is nearer than theirs"),
        (
            "Mount Sinai. " + "A long day of rounds and notes and calls to families. " * 2 + "Tomorrow Toronto.",
            "too far to mean it",
        ),
        ("Cardiology at the Icahn School of Medicine at Mount Sinai, Bible reader", "a name that is ours alone"),
    ],
)
def test_a_cue_does_not_reach_everything(institution: Institution, text: str, why: str) -> None:
    assert institution.own_mentions(fold(text)), why


def test_an_abbreviation_is_weaker_than_a_name(institution: Institution) -> None:
    assert [m.strong for m in institution.own_mentions(fold("ISMMS, Mount Sinai"))] == [False, True]


def test_no_more_mentions_than_tell_something(institution: Institution) -> None:
    assert len(institution.mentions(fold("Mount Sinai " * 1_000))) == MOST_MENTIONS


def test_handles_run_words_together(institution: Institution) -> None:
    assert institution.is_named_in("dr_lana_mount_sinai")
    assert not institution.is_named_in("mountauburn")
    assert institution.names_a_namesake("mtsinaimustangs")
    assert not institution.names_a_namesake("mountsinaihealth"), "a cue is looked for beside our name, not within it"


def test_squash_keeps_letters_and_figures() -> None:
    assert squash("St. Lucía’s-Clinic 2") == "stluciasclinic2"


def test_another_institution() -> None:
    path = Path(__file__).resolve().parent.parent / "data" / "policies" / "riverbend.yaml"
    riverbend = Institution(load_policy(path))
    assert riverbend.own_mentions(fold("Centre hospitalier Aldergrove, Riverbend Health"))
    assert riverbend.own_mentions(fold("Riverbend, near the food court")) == []
    assert riverbend.mentions(fold("Mount Sinai")) == []
