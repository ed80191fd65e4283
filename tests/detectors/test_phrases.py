"""Phrases of the policy file: words that may be left out stand anywhere, and the text may end where they would have stood."""

from __future__ import annotations

import pytest

from detectors._phrases import compile_phrases


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("own the rights (here/now)", "we own the rights", "own the rights"),
        ("own the rights (here/now)", "we own the rights.", "own the rights"),
        ("own the rights (here/now)", "we own the rights now", "own the rights now"),
        ("own the rights (here/now)", "we own the rights nowadays", "own the rights"),
        ("own the rights (to) (it/this)", "own the rights", "own the rights"),
        ("own the rights (to) (it/this)", "own the rights to", "own the rights to"),
        ("own the rights (to) (it/this)", "own the rights this", "own the rights this"),
        ("own the rights (to) (it/this)", "own the rights to this", "own the rights to this"),
        ("keep ... (away)", "keep", "keep"),
        ("keep ... (away)", "keep all of it away", "keep all of it away"),
        ("keep (it) ... (away)", "keep", "keep"),
        ("with support* (too)", "with supporters", "with supporters"),
        ("{number} (pages)", "all 40", "40"),
        ("(all) pages (here)", "pages", "pages"),
        ("(all) pages (here)", "all pages: here", "all pages: here"),
    ],
)
def test_a_phrase_ends_with_the_text(phrase: str, text: str, found: str) -> None:
    pattern = compile_phrases([phrase])
    assert pattern is not None
    match = pattern.search(text)
    assert match is not None
    assert match.group() == found


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("own the rights (here/now)", "own the rightsholder"),
        ("own the rights (here/now)", "own the"),
        ("keep ... (away)", "keeper"),
        ("for all (of us)", "for al"),
    ],
)
def test_what_must_be_there_must_be_there_whole(phrase: str, text: str) -> None:
    pattern = compile_phrases([phrase.replace("(of us)", "(of_us)")])
    assert pattern is not None
    assert pattern.search(text) is None
