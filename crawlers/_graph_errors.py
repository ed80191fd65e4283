"""Graph's error codes in our words: who must act, and whether to ask again.

https://developers.facebook.com/docs/graph-api/guides/error-handling. Codes are judged before `is_transient`, because Graph
calls its rate limits transient too. Messages are read for a few words and never repeated: Graph puts tokens into them.
"""

from __future__ import annotations

from typing import Any, NoReturn

from core.errors import (
    AccountNotFound,
    Actor,
    AuthError,
    Blocked,
    BudgetExhausted,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
    Scope,
)
from core.records import RawPage
from crawlers._graph_usage import Usage

_RATE = {4: "app", 17: "user", 32: "page", 341: "application", 613: "custom", 80001: "business", 80002: "business"}
_TOKEN = {
    458: "the app was removed",
    459: "a login checkpoint waits",
    460: "the password was changed",
    463: "it has expired",
    464: "the user is not confirmed",
    467: "it is invalid",
}


class AppBlocked(Blocked):
    """Facebook has blocked the app or its user for breaking a policy: nothing may be asked until its owner has seen to it."""

    actor = Actor.CREDENTIAL_OWNER
    scope = Scope.CREDENTIAL


class NodeUnseen(AccountNotFound):
    """Something does not exist or may not be seen; Graph does not say which, or of which id in a lookup of several.

    `raw` is the answer that says so, as evidence.
    """

    raw: RawPage | None = None


class Refused(ParseError):
    """Graph does not take the question, or a place in a list that it has forgotten."""


def judge(status: int, answer: dict[str, Any], usage: Usage) -> None:
    """Raise the CrawlError that an answer with an error means; return when there is none."""
    error = answer.get("error")
    if error is None and status == 200:
        return
    if not isinstance(error, dict):
        _raise_for_status(status)
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    message = error.get("message")
    words = message.casefold() if isinstance(message, str) else ""
    place = f"(code {code}{f', subcode {subcode}' if subcode else ''})"
    if code in _RATE:
        raise RateLimited(f"Facebook: the {_RATE[code]} limit is reached {place}", until=usage.until if usage.is_told else None)
    if code == 368:
        raise AppBlocked(f"Facebook has blocked the app or its user for its policies {place}; stop, and see its alerts")
    if code in {102, 190}:
        why = _TOKEN.get(subcode, "it is not valid")
        raise AuthError(f"Facebook refuses the access token: {why} {place}; make a new one")
    if code == 3 or code == 10 or 200 <= code <= 299:
        raise PermissionMissing(f"Facebook: the token lacks pages_read_engagement or Page Public Content Access {place}")
    if code == 100:
        _raise_for_parameter(subcode, words, place)
    if code == 803:
        raise NodeUnseen(f"Facebook knows nothing of this name or id {place}")
    if code in {12, 2635}:
        raise Outdated(
            f"Facebook has retired this version of the Graph API {place}; set NIGHTROUNDS_PLATFORMS__FACEBOOK__VERSION"
        )
    if code in {1, 2} or error.get("is_transient") is True or status >= 500:
        raise PlatformDown(f"Facebook asks to try again {place}")
    raise ParseError(f"Facebook answered with an error that we don't know {place}")


def _raise_for_parameter(subcode: int, words: str, place: str) -> NoReturn:
    """Code 100 is said of many things."""
    if subcode == 33:
        raise NodeUnseen(f"Facebook: it does not exist, or the token may not see it {place}")
    if "public content access" in words:
        raise PermissionMissing(f"Facebook: the app lacks Page Public Content Access {place}")
    if "appsecret_proof" in words:
        raise PermissionMissing(
            f"Facebook wants a proof of the app's secret {place}; set NIGHTROUNDS_PLATFORMS__FACEBOOK__APP_SECRET"
        )
    if "nonexisting field" in words:
        raise Outdated(f"Facebook no longer has a field that we ask for {place}")
    raise Refused(f"Facebook refused the question {place}")


def _raise_for_status(status: int) -> NoReturn:
    if status >= 500:
        raise PlatformDown(f"Facebook is out of order ({status})")
    if status == 402:
        raise BudgetExhausted("Facebook asks for payment (402)")
    if status == 401:
        raise AuthError("Facebook refuses the access token (401)")
    if status == 429:
        raise RateLimited("Facebook asks to wait (429)")
    raise ParseError(f"Facebook answered with status {status} and no error that we can read")


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
