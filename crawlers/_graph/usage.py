"""How much of Graph's limits is used up, from the headers that come with its answers.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting: percentages of call count, CPU time and total time,
counted over a rolling hour. Page and system-user tokens also get the minutes until access is regained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_PERCENTAGES = ("call_count", "total_time", "total_cputime")
_WINDOW = timedelta(hours=1)
_LONGEST = 60 * 24 * 7  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The fullest limit, when it is open again (a rolling hour where Graph does not say), and whether Graph said so."""

    percent: int
    until: datetime
    is_told: bool


def usage_of(headers: Mapping[str, str], *, now: datetime) -> Usage:
    """Read the usage headers (lower-case names); what can't be read counts as unused."""
    percent, minutes = 0, 0
    for entry in _entries(headers):
        percent = max([percent, *(_number(entry.get(name)) for name in _PERCENTAGES)])
        minutes = max(minutes, min(_number(entry.get("estimated_time_to_regain_access")), _LONGEST))
    wait = timedelta(minutes=minutes) if minutes else _WINDOW
    return Usage(percent=percent, until=now + wait, is_told=minutes > 0)


def _entries(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name in ("x-app-usage", "x-page-usage"):
        yield _object(headers.get(name, ""))
    for entries in _object(headers.get("x-business-use-case-usage", "")).values():
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                yield entry


def _object(content: str) -> dict[str, Any]:
    try:
        value = json.loads(content) if content else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 10**6 else 0
