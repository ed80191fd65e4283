"""Reading a platform's JSON: what is accepted, what is refused, and that a refusal quotes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import ParseError
from crawlers._strict import (
    CutShort,
    digits,
    instant,
    is_fit,
    link,
    mapping,
    not_understood,
    objects,
    parse_list,
    parse_object,
    text,
)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": "canary', b"\xff\xff", b'{"a": Infinity}', b"<html>", b'{"n": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_may_be_asked_for_again(body):
    with pytest.raises(CutShort) as caught:
        parse_object(body)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None, "the decoder's error holds the whole answer"


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"5", b'"canary"', b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 65 + b"[]" + b"}" * 65]
)
def test_what_is_no_object_or_too_deep_is_refused_for_good(body):
    with pytest.raises(ParseError) as caught:
        parse_object(body)
    assert not isinstance(caught.value, CutShort)


def test_an_object_of_a_reasonable_depth_is_read():
    assert parse_object(b'{"a":' * 60 + b"1" + b"}" * 60)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-16T12:00:00.000Z", datetime(2026, 11, 16, 12, tzinfo=UTC)),
        ("2026-11-16T12:00:00Z", datetime(2026, 11, 16, 12, tzinfo=UTC)),
        ("2026-11-16T12:00:00+0000", datetime(2026, 11, 16, 12, tzinfo=UTC)),
        ("2026-11-16T12:00:00-05:00", datetime(2026, 11, 16, 17, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_time_with_its_zone_is_utc(value, moment):
    assert instant({"at": value}, "at") == moment


@pytest.mark.parametrize(
    "value",
    ["", "2026-11-16", "2026-11-16T12:00:00", "2026-02-30T12:00:00Z", "1970-01-01T00:00:00Z", 1763290800,
     "9999-12-31T23:59:59-14:00", "٢٠٢٦-11-16T12:00:00Z", "2026-11-16T12:00:00Z canary", ["x"], True],
)  # fmt: skip
def test_any_other_time_is_refused(value):
    with pytest.raises(ParseError) as caught:
        instant({"at": value}, "at")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "", 12, 1.0, "1" * 20, "-1", "12a", "٣", " 1", "1\n", ["1"]])
def test_an_id_is_a_string_of_digits(value):
    with pytest.raises(ParseError):
        digits({"id": value}, "id")


def test_text_loses_what_no_database_keeps():
    assert text({"t": "a\ud800b\x00c\U0001f6a4"}, "t") == "a\ufffdb\ufffdc\U0001f6a4"
    assert text({}, "t") == ""
    for value in (5, ["canary"], {"canary": 1}, "w" * 100_001):
        with pytest.raises(ParseError) as caught:
            text({"t": value}, "t")
        assert "canary" not in str(caught.value)


def test_a_list_is_the_whole_answer():
    assert parse_list(b' [1, {"a": []}] ') == [1, {"a": []}]
    for body in (b'[],"items":[]', b"[] []", b"[", b""):
        with pytest.raises(CutShort):
            parse_list(body)
    for body in (b"{}", b"null", b"[" * 70 + b"]" * 70):
        with pytest.raises(ParseError):
            parse_list(body)


def test_a_place_that_could_not_be_sent_back_is_not_fit():
    assert is_fit("a|b%20\u00e9\U0001f6a4", 10)
    assert not [value for value in ("a\ud800b", "\x00", "x" * 11, 5, None, ["a"]) if is_fit(value, 10)]


@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", "//a.example", "http://", "http://[", "ftp://a.example", "https://a\x00b", 5, None,
     "https://a.example/" + "x" * 5000],
)  # fmt: skip
def test_an_address_that_can_not_be_followed_is_none(value):
    assert link({"u": value}, "u") == ""


def test_containers_are_empty_when_absent_and_refused_when_wrong():
    assert (mapping({}, "m"), objects({}, "o")) == ({}, [])
    for wrong in ([], "x", 1):
        with pytest.raises(ParseError):
            mapping({"m": wrong}, "m")
    for wrong in ({}, "x", [1], [None]):
        with pytest.raises(ParseError):
            objects({"o": wrong}, "o")


def test_notes_count():
    assert [not_understood(n) for n in (0, 1, 2)] == ["", "1 post not understood", "2 posts not understood"]
