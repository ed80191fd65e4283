"""Times as people and schedulers write them."""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import ConfigError


def parse_time(text: str | None) -> datetime | None:
    """An ISO 8601 date or time as UTC; without a zone it is taken to be UTC. None stays None.

    Raises:
        ConfigError: anything else.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(f"{text!r} is no date or time; write it as 2026-11-30 or 2026-11-30T18:00Z") from None
