"""What YouTube's refusals mean in our words: who must act, and whether to ask again.

https://developers.google.com/youtube/v3/docs/errors. Reasons decide, because one status says many things (403 is a spent quota,
a missing permission or a hidden playlist). Messages are never repeated: Google writes keys and names into them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    BudgetExhausted,
    CrawlError,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.records import RawPage
from crawlers._strict import mapping, objects

_SPENT = {"quotaexceeded", "dailylimitexceeded", "dailylimitexceededunreg"}
_TOO_FAST = {"ratelimitexceeded", "userratelimitexceeded", "rate_limit_exceeded", "concurrentlimitexceeded"}
_DEAD_KEY = {
    "keyinvalid",
    "keyexpired",
    "api_key_invalid",
    "api_key_expired",
    "autherror",
    "expired",
    "authenticateduseraccountclosed",
    "authenticateduseraccountsuspended",
}
_NOT_ALLOWED = {
    "accessnotconfigured",
    "service_disabled",
    "api_key_service_blocked",
    "api_key_ip_address_blocked",
    "iprefererblocked",
    "insufficientpermissions",
    "access_token_scope_insufficient",
    "forbidden",
}
_SHUT = {"channelclosed", "channelsuspended", "playlistitemsnotaccessible", "channelforbidden", "playlistforbidden"}
_UNSEEN = {"channelnotfound", "playlistnotfound", "videonotfound", "captionnotfound", "notfound"}
_AGAIN = {"backenderror", "internalerror", "processingfailure", "servererror"}


class Unseen(AccountNotFound):
    """What was asked for does not exist, or may not be seen. `raw` is the answer that says so."""

    raw: RawPage | None = None


class Refused(ParseError):
    """YouTube does not take the question, or a page token that it has forgotten."""


def judge(status: int, answer: dict[str, Any], *, now: datetime, until: datetime | None) -> None:
    """Raise the CrawlError that a refusal means, return for an answer. `until` is what a Retry-After header told."""
    error = answer.get("error")
    if error is None and status == 200:
        return
    reasons, per_day = _reasons(error) if isinstance(error, dict) else (set[str](), False)
    if reasons & _SPENT or per_day:
        words = f"YouTube: the day's quota is spent ({status}); it begins anew at midnight Pacific time"
        raise BudgetExhausted(words, until=_next_quota(now))
    raise _meaning(status, reasons, until)


def _next_quota(now: datetime) -> datetime:
    """Midnight Pacific time is 07:00 UTC in summer and 08:00 in winter; the later one is never too early."""
    begins = now.replace(hour=8, minute=0, second=0, microsecond=0)
    return begins if begins > now else begins + timedelta(days=1)


def _meaning(status: int, reasons: set[str], until: datetime | None) -> CrawlError:
    where = f"({status})"
    if reasons & _TOO_FAST or status == 429:
        return RateLimited(f"YouTube asks to wait {where}", until=until)
    if reasons & _DEAD_KEY or status == 401:
        return AuthError(f"YouTube refuses the API key or token {where}; make a new one")
    if reasons & _SHUT:
        return AccountPrivate(f"YouTube: the channel or its list of uploads may not be read {where}")
    if reasons & _UNSEEN or (status == 404 and reasons):
        return Unseen(f"YouTube knows nothing of this channel, list or video {where}")
    if reasons & _NOT_ALLOWED or status == 403:
        return PermissionMissing(f"YouTube: the key's project lacks the Data API, or the token its permission {where}")
    if reasons & _AGAIN or status >= 500:
        return PlatformDown(f"YouTube is out of order {where}")
    if status == 410:
        return Outdated(f"YouTube has retired this version of its API {where}")
    if status == 400:
        return Refused(f"YouTube refused the question {where}")
    return ParseError(f"YouTube answered with status {status} and no error that we can read")


def _reasons(error: dict[str, Any]) -> tuple[set[str], bool]:
    """Every reason that an error gives, in small letters, and whether it speaks of a limit for a whole day."""
    found: set[str] = set()
    per_day = False
    for name in ("errors", "details"):
        try:
            parts = objects(error, name)
            limits = [mapping(part, "metadata").get("quota_limit") for part in parts]
        except ParseError:
            continue
        found |= {str(part["reason"])[:80].casefold() for part in parts if isinstance(part.get("reason"), str)}
        per_day = per_day or any(isinstance(limit, str) and "perday" in limit.casefold() for limit in limits)
    return found, per_day
