"""LinkedIn's little text as a reader sees it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers._linkedin.little_text import plain
from nightrounds.sandbox.platforms._linkedin_objects import little


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"Call \(555\) 0100", "Call (555) 0100"),
        (r"a\_b \* c \~d\~ \<e\> \[f\] \{g\} \| \@ \# \\", r"a_b * c ~d~ <e> [f] {g} | @ # " + "\\"),
        (r"Hello @[Acme Corp](urn:li:organization:1234)!", "Hello Acme Corp!"),
        (r"@[Acme \(East\) \[2\]](urn:li:organization:1)", "Acme (East) [2]"),
        (r"@[Devtestco] (urn:li:organization:2414183)", "Devtestco"),
        (r"{hashtag|\#|mytag} and {hashtag|#|two} and {hashtag\|#\|three}", "#mytag and #two and #three"),
        (r"{hashtag|＃|東京} {hashtag|\#|under\_score}", "＃東京 #under_score"),
        ("#plain @plain (as it is) 100% {x} [y](z)", "#plain @plain (as it is) 100% {x} [y](z)"),
        (r"@[cut off](urn:li:", r"@[cut off](urn:li:"),
        (r"@[no urn](https://x.example/)", r"@[no urn](https://x.example/)"),
        (r"{other|\#|x}", "{other|#|x}"),
        ("ends with a \\", "ends with a \\"),
        (r"\d is no escape", r"\d is no escape"),
        ("", ""),
    ],
)
def test_it_reads_as_linkedin_shows_it(written: str, read: str) -> None:
    assert plain(written) == read


@given(st.text(max_size=200))
def test_what_is_escaped_comes_back_whole(text: str) -> None:
    assert plain(little(text, {})) == text


@given(st.text(alphabet="\\{}@[]()<>|#*_~ab:urnlihstg", max_size=120))
def test_hostile_text_loses_no_letter(text: str) -> None:
    letters = [char for char in text if char.isalpha()]
    read = [char for char in plain(text) if char.isalpha()]
    assert len(read) <= len(letters)
    if "@[" not in text and "{hashtag" not in text:
        assert read == letters


@pytest.mark.parametrize("piece", ["@[", "{hashtag|#|", "\\", "@[a](urn:li:", "@[\\"])
def test_hostile_text_is_read_in_no_time(piece: str) -> None:
    begun = time.perf_counter()
    plain(piece * (100_000 // len(piece)))
    assert time.perf_counter() - begun < 2
