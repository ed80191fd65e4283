"""Reads the Graph API's `fields` expression: `id,attachments{media_type,media},comments.summary(true).limit(0)`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
_ARGUMENT = re.compile(r"[^(){}]*")
_DEPTH = 5


class FieldsError(Exception):
    """An expression that the Graph API would refuse. `at` is the character where reading stopped."""

    def __init__(self, at: int) -> None:
        super().__init__(f"stopped at character {at}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Asked:
    """One field: its modifiers (`limit`, `summary`, ...) and the fields asked of what it holds."""

    modifiers: Mapping[str, str] = field(default_factory=dict)
    inner: Mapping[str, Asked] = field(default_factory=dict)


def parse_fields(expression: str) -> dict[str, Asked]:
    """Fields by name, in the order asked. Raises FieldsError."""
    fields, end = _list(expression, 0, 0)
    if end != len(expression):
        raise FieldsError(end)
    return fields


def _list(text: str, at: int, depth: int) -> tuple[dict[str, Asked], int]:
    if depth > _DEPTH:
        raise FieldsError(at)
    fields: dict[str, Asked] = {}
    while True:
        name, at = _word(text, _space(text, at))
        modifiers: dict[str, str] = {}
        while text[at : at + 1] == ".":
            modifier, at = _word(text, at + 1)
            modifiers[modifier], at = _argument(text, at)
        inner: dict[str, Asked] = {}
        if text[at : at + 1] == "{":
            inner, at = _list(text, at + 1, depth + 1)
            if text[at : at + 1] != "}":
                raise FieldsError(at)
            at += 1
        fields[name] = Asked(modifiers, inner)
        at = _space(text, at)
        if text[at : at + 1] != ",":
            return fields, at
        at += 1


def _space(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _word(text: str, at: int) -> tuple[str, int]:
    match = _NAME.match(text, at)
    if not match:
        raise FieldsError(at)
    return match[0], match.end()


def _argument(text: str, at: int) -> tuple[str, int]:
    match = _ARGUMENT.match(text, at + 1)
    if text[at : at + 1] != "(" or match is None or text[match.end() : match.end() + 1] != ")":
        raise FieldsError(at)
    return match[0], match.end() + 1
