"""An excerpt shows that something is there, never what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Span
from nightrounds.masking import masked_excerpt


def test_spans_and_telling_words_are_hidden_and_the_rest_is_readable():
    text = "so happy: Mr. Ignatius Quill in room 4-112 went home after his transplant, thanks to all!"
    start = text.index("Ignatius")
    shown = masked_excerpt(text, [Span("text", start, start + 14)])
    assert shown == "so happy: ▇▇▇ ▇▇▇▇▇▇▇▇ ▇▇▇▇▇ in room ▇▇▇▇▇ went home after his transplant, thanks to all!"


@pytest.mark.parametrize(
    "telling",
    [
        "MRN",
        "555-0142",
        "ana@mail.example",
        "@anaq",
        "#TeamAna",
        "ignatius",
        "twelve",
        "Иван",
        "王小明",
        "fuchsia",
        "Harlem",
        "o'neill",
        "Ñandú",
        "clinic.example",
        "http://x.example/a",
    ],
)
def test_words_that_name_or_number_somebody_never_show(telling):
    assert telling not in masked_excerpt(f"we saw {telling} there today", [])


def test_a_word_that_may_be_shown_is_hidden_within_a_span():
    text = "we saw April Day at the clinic"
    assert masked_excerpt(text, [Span("text", 7, 16)]) == "we saw ▇▇▇▇▇ ▇▇▇ at the clinic"


def test_no_word_that_may_be_shown_is_a_number_or_a_month():
    from nightrounds.masking import _shown_words

    telling = {"two", "three", "four", "ten", "twelve", "march", "april", "june", "july", "august", "dos", "tres", "enero"}
    assert not telling & _shown_words()


def test_a_long_text_is_cut_around_the_first_span():
    text = "word " * 500 + "secret " + "word " * 500
    shown = masked_excerpt(text, [Span("text", 2500, 2506)], width=60)
    assert "▇▇▇▇▇▇" in shown
    assert len(shown) <= 62
    assert shown.startswith("…")
    assert shown.endswith("…")


@given(st.text(max_size=300), st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 400)), max_size=4))
def test_any_text_and_any_span_give_one_printable_line(text, ranges):
    shown = masked_excerpt(text, [Span("text", *pair) for pair in ranges])
    assert all(char.isprintable() for char in shown)
    assert not any(char.isdigit() for char in shown)
