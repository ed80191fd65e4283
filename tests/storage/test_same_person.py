"""One person's name typed in other ways is still that person's; two people's names are not one."""

from __future__ import annotations

import pytest

from storage._same_person import same_person


@pytest.mark.parametrize(
    "other",
    [
        "p lee", "P  Lee", "P Lee.", "P\u00a0Lee", "P Lee\u200b", "Lee, P", "\u0420 Lee", "P L\u00e9e", "\uff30 Lee",
        "P\tLEE\n", "P\u00ad Lee", "\u03a1 Lee",
    ],
)  # fmt: skip
def test_spellings_of_one_name(other: str) -> None:
    assert same_person("P Lee", other)


@pytest.mark.parametrize("other", ["P. Lee, counsel", "Lee", "...", ""])
def test_less_and_more_of_one_name(other: str) -> None:
    assert same_person("P Lee", other)


@pytest.mark.parametrize("other", ["P Leigh", "R Lee", "PLee"])
def test_other_names(other: str) -> None:
    assert not same_person("P Lee", other)
