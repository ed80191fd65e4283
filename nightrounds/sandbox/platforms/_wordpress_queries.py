"""The manners of WordPress's REST API that its lists share: refusals, chosen fields, numbers and times in a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nightrounds.sandbox.answers import Answer, json_answer

_NUMBER = re.compile(r"[0-9]{1,9}")


class WordPressError(Exception):
    """A request that WordPress refuses."""

    def __init__(self, code: str, message: str, status: int = 400, **data: Any) -> None:
        super().__init__(message)
        self.code, self.status, self.data = code, status, data

    def answer(self) -> Answer:
        body = {"code": self.code, "message": str(self), "data": {"status": self.status} | self.data}
        return json_answer(body, self.status)


def chosen(item: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    if "_fields" not in query:
        return item
    wanted = {name.split(".")[0].strip() for name in query["_fields"].split(",")}
    return {name: value for name, value in item.items() if name in wanted}


def integer(query: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 10_000) -> int:
    value = query.get(name, str(default))
    if not _NUMBER.fullmatch(value) or not least <= int(value) <= most:
        raise invalid(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)")
    return int(value)


def time_of(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name].replace(" ", "+"))
    except ValueError:
        raise invalid(name, "Invalid date.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def invalid(name: str, message: str) -> WordPressError:
    return WordPressError("rest_invalid_param", f"Invalid parameter(s): {name}", params={name: message})


def numbers(query: Mapping[str, str], name: str) -> set[int]:
    """Ids in a list of them; empty where none was given."""
    given = [item for item in query.get(name, "").split(",") if item]
    if not all(_NUMBER.fullmatch(item) for item in given):
        raise invalid(name, f"{name}[0] is not of type integer.")
    return {int(item) for item in given}
