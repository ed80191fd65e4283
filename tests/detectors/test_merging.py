"""One entity where a pattern and the model found the same, both where they found different things."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors._identifiers import Found
from detectors._merging import merged


def person(start: int, end: int, score: float) -> Found:
    return Found("PERSON", start, end, score)


@pytest.mark.parametrize(
    ("patterns", "told", "expected"),
    [
        ([person(0, 5, 0.4)], [], [person(0, 5, 0.4)]),
        ([], [person(0, 5, 0.4)], [person(0, 5, 0.4)]),
        ([person(0, 5, 0.4)], [person(5, 9, 0.9)], [person(0, 5, 0.4), person(5, 9, 0.9)]),
        ([person(0, 5, 0.4)], [person(0, 11, 0.9)], [person(0, 11, 0.9)]),
        ([person(0, 11, 0.95)], [person(0, 5, 0.9)], [person(0, 5, 0.95)]),
        ([person(0, 5, 0.4)], [person(0, 11, 0.49)], [person(0, 5, 0.49)]),
        ([person(0, 5, 0.4), person(6, 11, 0.85)], [person(0, 11, 0.6)], [person(0, 11, 0.85)]),
        ([person(0, 11, 0.6)], [person(0, 5, 0.8), person(6, 11, 0.9)], [person(0, 5, 0.8), person(6, 11, 0.9)]),
        ([person(0, 11, 0.6)], [person(0, 5, 0.3), person(6, 11, 0.9)], [person(0, 5, 0.3), person(6, 11, 0.9)]),
        ([Found("AGE", 0, 5, 0.6)], [person(0, 5, 0.8)], [Found("AGE", 0, 5, 0.6), person(0, 5, 0.8)]),
    ],
)
def test_overlaps_of_one_type_are_one(patterns: list[Found], told: list[Found], expected: list[Found]) -> None:
    assert list(merged(patterns, told)) == expected


ranges = st.tuples(st.integers(0, 40), st.integers(1, 8), st.floats(0.35, 1.0), st.sampled_from(["PERSON", "AGE"]))


@given(st.lists(ranges, max_size=12), st.lists(ranges, max_size=6))
def test_no_place_that_was_found_is_lost(
    some: list[tuple[int, int, float, str]], others: list[tuple[int, int, float, str]]
) -> None:
    patterns = [Found(type_, start, start + length, score) for start, length, score, type_ in some]
    patterns.sort(key=lambda f: (f.start, f.end, f.type))
    told: list[Found] = []
    for start, length, score, type_ in sorted(others):
        if all(t.type != type_ or t.end <= start for t in told):
            told.append(Found(type_, start, start + length, score))
    joined = merged(patterns, told)
    for one in (*patterns, *told):
        touching = [j for j in joined if j.type == one.type and j.start < one.end and one.start < j.end]
        assert max(j.score for j in touching) >= min(one.score, 1.0)
    assert list(joined) == sorted(joined, key=lambda f: (f.start, f.end, f.type))


def test_many_of_both_are_joined_in_no_time() -> None:
    patterns = [person(n, n + 3, 0.6) for n in range(0, 60_000, 2)]
    told = [person(n, n + 2, 0.7) for n in range(1, 60_000, 3)]
    begun = time.process_time()
    assert merged(patterns, told)
    assert time.process_time() - begun < 3
