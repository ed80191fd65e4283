"""Strict reading of a platform's JSON: what is not as promised is a ParseError that names the key and quotes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from core.errors import ParseError

MAX_DEPTH = 64  # the deepest real answer has about a dozen levels
MAX_TEXT = 100_000  # code points; the longest promised text (an X article) is a quarter of it
MAX_LINK = 4096
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_UNFIT = re.compile("[\ud800-\udfff\x00]")


class CutShort(ParseError):
    """The answer broke off or is no JSON: asking again may help."""


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        CutShort: no JSON, or no UTF-8.
        ParseError: no object, or nested deeper than MAX_DEPTH.
    """
    value = _parse(body)
    if not isinstance(value, dict):
        raise ParseError("the answer is no JSON object")
    return value


def parse_list(body: bytes) -> list[Any]:
    """The JSON list that is the whole answer. Raises CutShort and ParseError as `parse_object`."""
    value = _parse(body)
    if not isinstance(value, list):
        raise ParseError("the answer is no JSON list")
    return value


def _parse(body: bytes) -> Any:
    value: Any = None
    is_json, is_deep = True, False
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        is_deep = isinstance(value, (dict, list)) and _deeper_than(value, MAX_DEPTH)
    except RecursionError:
        is_deep = True
    except ValueError:
        is_json = False
    # Raised out here, because the decoder's error holds the whole answer and would stay on as our error's context.
    if not is_json:
        raise CutShort("the answer is no valid JSON")
    if is_deep:
        raise ParseError(f"the answer is nested deeper than {MAX_DEPTH} levels")
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _deeper_than(value: dict[str, Any] | list[Any], levels: int) -> bool:
    layer: list[Any] = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not layer:
            return False
    return True


def text(item: Mapping[str, Any], key: str) -> str:
    """A text, empty where it is absent; what no database keeps (lone surrogates, NUL) is replaced."""
    value = item.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ParseError(f"{key}: expected text of at most {MAX_TEXT} characters")
    return _UNFIT.sub("\ufffd", value)


def is_fit(value: object, most: int) -> bool:
    """Whether this is a text that can be kept and sent back as it is, such as a place in a listing: of valid UTF-8, no NUL."""
    return isinstance(value, str) and len(value) <= most and not _UNFIT.search(value)


def digits(item: Mapping[str, Any], key: str) -> str:
    """An id of up to 19 digits, as a string: a JSON number is refused, because on its way it may have lost its end."""
    value = item.get(key)
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ParseError(f"{key}: expected an id as a string of digits")
    return value


def is_digits(value: object) -> bool:
    return isinstance(value, str) and _DIGITS.fullmatch(value) is not None


def mapping(item: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object, empty where it is absent."""
    value = item.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParseError(f"{key}: expected an object")
    return value


def objects(item: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects, empty where it is absent."""
    value = item.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ParseError(f"{key}: expected a list of objects")
    return value


def instant(item: Mapping[str, Any], key: str) -> datetime | None:
    """A time with its zone, as UTC; None where it is absent."""
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            moment = datetime.min.replace(tzinfo=UTC)
        if 2000 <= moment.year < 2100:
            return moment
    raise ParseError(f"{key}: expected an ISO 8601 time with its zone")


def link(item: Mapping[str, Any], key: str) -> str:
    """An http(s) address, empty for anything else: an address that can't be followed is no reason to lose a post."""
    value = item.get(key)
    if not isinstance(value, str) or len(value) > MAX_LINK or _UNFIT.search(value):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in {"http", "https"} and parts.netloc else ""


def link_on(item: Mapping[str, Any], key: str, *hosts: str) -> str:
    """An http(s) address on one of these hosts or below it, empty for anything else."""
    address = link(item, key)
    host = urlsplit(address).hostname or ""
    return address if any(host == one or host.endswith(f".{one}") for one in hosts) else ""


def not_understood(count: int) -> str:
    """What a page's note says of items that were left out, empty when there were none."""
    return f"{count} post{'' if count == 1 else 's'} not understood" if count else ""
