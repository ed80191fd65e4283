"""LinkedIn's errors in our words: who must act, and whether to ask again.

Its client raises for none of them. An error is a status and `{"status", "code", "serviceErrorCode", "message"}`; messages are
never repeated: LinkedIn puts the names of members and applications into them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from core.errors import AccountNotFound, AuthError, Blocked, Outdated, ParseError, PermissionMissing, PlatformDown, RateLimited
from crawlers._exchange import Answer

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}", re.ASCII)
_TOKEN = {
    "EXPIRED_ACCESS_TOKEN": "it has expired",
    "REVOKED_ACCESS_TOKEN": "it was revoked",
    "INVALID_ACCESS_TOKEN": "it is not valid",
    "EMPTY_ACCESS_TOKEN": "it is empty",
}
_REFUSES_ROBOTS = 999  # LinkedIn's own status for what it takes for a scraper


def judge(answer: Answer, *, now: datetime) -> None:
    """Raise the CrawlError that an answer means; return when it is a good one."""
    status = answer.status
    if status == _REFUSES_ROBOTS:
        raise Blocked("LinkedIn takes us for a robot (999); is base_url the API's?")
    if not answer.is_json and status < 400:
        raise Blocked(f"LinkedIn answered with a page for people instead of data ({status}): a login or a challenge")
    if status == 200:
        answer.json()
        return
    _raise_for(status, _code(answer), now)


def _code(answer: Answer) -> str:
    """The error's own code, empty where there is none that we can read."""
    try:
        document: dict[str, Any] = answer.json() if answer.is_json else {}
    except ParseError:
        return ""
    code = document.get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _raise_for(status: int, code: str, now: datetime) -> NoReturn:
    place = f"({status}{f', {code}' if code else ''})"
    if status == 426 or "VERSION" in code:
        raise Outdated(
            f"LinkedIn has retired this version of its API {place}; set NIGHTROUNDS_PLATFORMS__LINKEDIN__VERSION to another"
        )
    if status == 401:
        why = _TOKEN.get(code, "it is not valid")
        raise AuthError(f"LinkedIn refuses the access token: {why} {place}; make a new one")
    if status == 403:
        raise PermissionMissing(
            f"LinkedIn: the token's member does not administer this page, or the app lacks r_organization_social {place}"
        )
    if status == 404:
        raise AccountNotFound(f"LinkedIn knows no such page, or not any more {place}")
    if status == 429:
        raise RateLimited(f"LinkedIn: the day's limit is reached {place}", until=next_midnight(now))
    if status >= 500:
        raise PlatformDown(f"LinkedIn is out of order {place}")
    raise ParseError(f"LinkedIn refused the question {place}")


def next_midnight(now: datetime) -> datetime:
    """When LinkedIn's daily limits begin anew: it counts by UTC days, and tells no time."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)
