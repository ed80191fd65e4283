"""Graph's error codes in our words: who must act, and whether to ask again.

https://developers.facebook.com/docs/graph-api/guides/error-handling. Codes are judged before `is_transient`, because Graph
calls its rate limits transient too. Messages are read for a few words and never repeated: Graph puts tokens into them.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from crawlers._graph.usage import Usage

_RATE = {4: "app", 17: "user", 32: "page", 341: "application", 613: "custom", 80001: "business", 80002: "business"}
_NOBODY = frozenset({24, 110, 803})  # Threads, Instagram, Facebook
_TOKEN = {
    458: "the app was removed",
    459: "a login checkpoint waits",
    460: "the password was changed",
    463: "it has expired",
    464: "the user is not confirmed",
    467: "it is invalid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One of the services that speak Graph, in the words of its messages."""

    name: str
    platform: str
    collector: str  # module and version that asks
    permissions: str  # what a token lacks that may not
    field_hint: str = ""  # why a field that we ask for may not be there, other than that it was retired

    def option(self, name: str) -> str:
        """The environment variable that sets an option."""
        return f"NIGHTROUNDS_PLATFORMS__{self.platform.upper()}__{name.upper()}"


class AppBlocked(Blocked):
    """Meta has blocked the app or its user for breaking a policy: nothing may be asked until its owner has seen to it."""

    actor = Actor.CREDENTIAL_OWNER
    scope = Scope.CREDENTIAL


class NodeUnseen(AccountNotFound):
    """Something does not exist or may not be seen; Graph does not say which, or of which id in a lookup of several.

    `raw` is the answer that says so, as evidence; `code` is Graph's.
    """

    raw: RawPage | None = None
    code: int = 0


class Refused(ParseError):
    """Graph does not take the question, or a place in a list that it has forgotten."""


def judge(service: Service, status: int, answer: dict[str, Any], usage: Usage) -> None:
    """Raise the CrawlError that an answer with an error means; return when there is none."""
    error, name = answer.get("error"), service.name
    if error is None and status == 200:
        return
    if not isinstance(error, dict):
        _raise_for_status(name, status)
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    message = error.get("message")
    words = message.casefold() if isinstance(message, str) else ""
    place = f"(code {code}{f', subcode {subcode}' if subcode else ''})"
    if code in _RATE:
        raise RateLimited(f"{name}: the {_RATE[code]} limit is reached {place}", until=usage.until if usage.is_told else None)
    if code == 368:
        raise AppBlocked(f"{name} has blocked the app or its user for its policies {place}; stop, and see its alerts")
    if code in {102, 190}:
        why = _TOKEN.get(subcode, "it is not valid")
        raise AuthError(f"{name} refuses the access token: {why} {place}; make a new one")
    if code == 3 or code == 10 or 200 <= code <= 299:
        raise PermissionMissing(f"{name}: the token lacks {service.permissions} {place}")
    if code == 100:
        _raise_for_parameter(service, subcode, words, place)
    if code in _NOBODY:
        raise _unseen(f"{name} knows nothing of this name or id {place}", code)
    if code in {12, 2635}:
        raise Outdated(f"{name} has retired this version of its API {place}; set {service.option('version')}")
    if code in {1, 2} or error.get("is_transient") is True or status >= 500:
        raise PlatformDown(f"{name} asks to try again {place}")
    raise ParseError(f"{name} answered with an error that we don't know {place}")


def _raise_for_parameter(service: Service, subcode: int, words: str, place: str) -> NoReturn:
    """Code 100 is said of many things."""
    name = service.name
    if subcode == 33:
        raise _unseen(f"{name}: it does not exist, or the token may not see it {place}", 100)
    if "public content access" in words:
        raise PermissionMissing(f"{name}: the app lacks Page Public Content Access {place}")
    if "appsecret_proof" in words:
        raise PermissionMissing(f"{name} wants a proof of the app's secret {place}; set {service.option('app_secret')}")
    if "nonexisting field" in words:
        raise Outdated(f"{name} no longer has a field that we ask for {place}{service.field_hint}")
    raise Refused(f"{name} refused the question {place}")


def _unseen(message: str, code: int) -> NodeUnseen:
    unseen = NodeUnseen(message)
    unseen.code = code
    return unseen


def _raise_for_status(name: str, status: int) -> NoReturn:
    if status >= 500:
        raise PlatformDown(f"{name} is out of order ({status})")
    if status == 402:
        raise BudgetExhausted(f"{name} asks for payment (402)")
    if status == 401:
        raise AuthError(f"{name} refuses the access token (401)")
    if status == 429:
        raise RateLimited(f"{name} asks to wait (429)")
    raise ParseError(f"{name} answered with status {status} and no error that we can read")


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
