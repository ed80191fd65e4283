"""Folding finds what is hidden, and every folded place leads back to where it stood."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors._fold import fold

MIXED = st.text(
    st.one_of(st.characters(), st.sampled_from("ab1 -é̃İıﬁ①⑩１٣1\ufe0f\u20e3\u200b\u200f\u202eсоѕ’–½™…🅰㎏\ud800\U000e0041ß")),
    max_size=60,
)


@pytest.mark.parametrize(
    ("given_text", "folded"),
    [
        ("５５５－１２－３４５６", "555-12-3456"),
        ("٥٥٥-١٢-٣٤٥٦", "555-12-3456"),
        ("5️⃣5️⃣5️⃣", "555"),
        ("①②❸⑩", "12310"),
        ("555\u200b-12\u2060-34\u200f56", "555-12-3456"),
        ("555–12—3456", "555-12-3456"),
        ("рatіent", "patient"),  # Cyrillic р and і
        ("ｐａｔｉｅｎｔ", "patient"),
        ("𝐩𝐚𝐭𝐢𝐞𝐧𝐭 𝟝", "patient 5"),
        ("İSTANBUL ısı", "ISTANBUL isi"),
        ("historia clínica, año", "historia clinica, ano"),
        ("Jose\u0301", "Jose"),
        ("oﬀice\u00a0visit", "office visit"),
        ("patient’s", "patient's"),
        ("🅿🅰🆃🅸🅴🅽🆃", "PATIENT"),
        ("Tylenol™ 5½ …", "Tylenol™ 5½ …"),
    ],
)
def test_what_is_hidden_reads_as_plain_text(given_text: str, folded: str) -> None:
    assert fold(given_text).text == folded


def test_a_span_leads_back_to_the_given_text() -> None:
    text = "x\u200b ID: 5️⃣5️⃣5️⃣ é́!"
    folded = fold(text)
    at = folded.text.index("555")
    start, end = folded.original_span(at, at + 3)
    assert text[start:end].startswith("5")
    assert fold(text[start:end]).text == "555"
    assert text[end:].endswith("!")


def test_an_accent_stays_with_its_letter() -> None:
    text = "Jose\u0301 x"
    assert text[slice(*fold(text).original_span(0, 4))] == "Jose\u0301"


def test_a_lone_surrogate_can_be_encoded_after_folding() -> None:
    assert fold("a\ud800b").text.encode() == "a\ufffdb".encode()


@given(MIXED)
@example("")
@example("\u0301")
@example("5️⃣")
def test_every_folded_range_maps_to_an_ordered_range_that_folds_to_it(text: str) -> None:
    folded = fold(text)
    last = 0
    for at in range(len(folded.text)):
        start, end = folded.original_span(at, at + 1)
        assert last <= start < end <= len(text)
        last = start
        assert folded.text[at] in fold(text[start:end]).text
    assert len(folded.lower) == len(folded.text)
    if folded.text:
        assert fold(text[slice(*folded.original_span(0, len(folded.text)))]).text == folded.text


@given(MIXED)
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_ascii_is_left_alone(text: str) -> None:
    folded = fold(text)
    assert folded.text == text
    assert folded.original_span(0, len(text)) == (0, len(text))


def test_folding_takes_time_in_proportion_to_length() -> None:
    def seconds(length: int) -> float:
        text = "é\u0301\u200bа" * length
        best = []
        for _ in range(3):
            begun = time.process_time()
            fold(text)
            best.append(time.process_time() - begun)
        return min(best)

    assert seconds(64_000) < 16 * seconds(16_000) + 0.05


def test_small_capitals_and_letters_in_parentheses_are_letters() -> None:
    assert fold("ᴍᴀʀɪᴀ, ⒫⒯ 🄐🄝🄐").text == "maria, pt ANA"


def test_letters_set_apart_are_words_again_and_lead_back_to_their_place() -> None:
    folded = fold("our pt M a r i a  L ó p e z coded")
    assert folded.text == "our pt Maria  Lopez coded"
    at = folded.text.index("Lopez")
    assert folded.given[slice(*folded.original_span(at, at + 5))] == "L ó p e z"


@pytest.mark.parametrize("text", ["J F K", "hepatitis A B C D", "I a m", "e. e. cummings", "a b c'd"])
def test_a_few_single_letters_stay_apart(text: str) -> None:
    assert fold(text).text == text
