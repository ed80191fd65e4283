"""Known works by their signatures: how much of one stands in a text, and what a signature keeps."""

from __future__ import annotations

import random

import pytest

from core.errors import ConfigError
from detectors._fold import fold
from detectors._works import KEPT, Works, signature

_RANDOM = random.Random(7)
_VOCABULARY = [f"w{n}" for n in range(4_000)]


def _work(words: int) -> str:
    return " ".join(_RANDOM.choice(_VOCABULARY) for _ in range(words))


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 1.0])
def test_the_share_is_about_right_however_much_stands_around_it(share: float) -> None:
    errors = []
    for _ in range(20):
        work = _work(900)
        part = " ".join(work.split()[: int(900 * share)])
        (again,) = Works([("it", signature(work))]).again_in(fold(f"{_work(400)} {part} {_work(400)}"))
        errors.append(again.share - share)
        assert abs(again.words - 900 * share) < 900 * 0.25
    assert abs(sum(errors) / len(errors)) < 0.05
    assert max(map(abs, errors)) < 0.25


def test_what_stands_again_is_where_it_says() -> None:
    work = _work(200)
    text = f"{_work(50)} | {work} | {_work(50)}"
    (again,) = Works([("it", signature(work))]).again_in(fold(text))
    assert text.index("|") < again.start < again.end < text.rindex("|") + 1
    assert again.share == 1.0


def test_another_text_has_nothing_of_it() -> None:
    works = Works([(str(n), signature(_work(300))) for n in range(50)])
    assert list(works.again_in(fold(_work(5_000)))) == []


def test_a_signature_holds_no_word_and_stays_short() -> None:
    short, long = signature(_work(60)), signature(_work(50_000))
    assert len(short) < 600
    assert len(long) < 600
    assert KEPT == 64
    assert not any(word in long for word in ("w17 ", " "))


def test_a_line_can_not_be_registered() -> None:
    with pytest.raises(ConfigError, match="at least"):
        signature("each one a little less than stars, each one a little prayer")
