"""What a request to X API v2 asks for, checked as X checks it: an unknown parameter or value is a 400."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from nightrounds.sandbox.platforms._x_problems import InvalidRequestError
from nightrounds.sandbox.platforms._x_vocabulary import Vocabulary

HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
NUMBER = re.compile(r"[0-9]{1,19}")
_TOKEN = re.compile(r"7140([0-9a-z]{13})")  # where a page begins: the newest id that it may hold, in base 36
TIMELINE_PARAMETERS = frozenset(
    {"max_results", "pagination_token", "since_id", "until_id", "start_time", "end_time", "exclude"}
)
_EXCLUDABLE = frozenset({"replies", "retweets"})
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fields and expansions of one request."""

    vocabulary: Vocabulary
    post_fields: frozenset[str]
    user_fields: frozenset[str]
    media_fields: frozenset[str]
    expansions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a timeline that a request asks for. Ids are exclusive, `since` is inclusive, `until` is not."""

    size: int
    below_id: int | None  # a page's beginning, inclusive
    since_id: int | None
    until_id: int | None
    since: datetime | None
    until: datetime | None
    exclude: frozenset[str]


def wanted(parameters: Mapping[str, str], vocabulary: Vocabulary, *, of_user: bool, own: frozenset[str]) -> Wanted:
    """Fields and expansions; `own` are the parameters that the endpoint takes besides."""
    asked: dict[str, frozenset[str]] = {}
    for name, value in parameters.items():
        if name in own:
            continue
        allowed = vocabulary.allowed(name, of_user=of_user)
        if allowed is None:
            raise InvalidRequestError(name, value, f"The query parameter [{name}] is not one of [{','.join(sorted(own))}]")
        for item in value.split(","):
            if item not in allowed:
                message = f"The `{name}` query parameter value [{item}] is not one of [{','.join(sorted(allowed))}]"
                raise InvalidRequestError(name, item, message)
        asked[name] = frozenset(value.split(","))
    expansions = asked.get("expansions", frozenset())
    renamed = {new: old for old, new in vocabulary.renamed.items()}
    post_fields = {renamed.get(name, name) for name in asked.get(vocabulary.fields_parameter, frozenset())}
    implied = {vocabulary.implied[name] for name in expansions if name in vocabulary.implied}
    return Wanted(
        vocabulary,
        vocabulary.default_fields | post_fields | implied,
        frozenset({"id", "name", "username"}) | asked.get("user.fields", frozenset()),
        frozenset({"media_key", "type"}) | asked.get("media.fields", frozenset()),
        expansions,
    )


def window(parameters: Mapping[str, str]) -> Window:
    """The timeline's own parameters."""
    size = _number(parameters, "max_results") or 10
    if "max_results" in parameters and not 5 <= size <= 100:
        raise InvalidRequestError(
            "max_results", str(size), f"The `max_results` query parameter value [{size}] is not between 5 and 100"
        )
    exclude = frozenset(parameters["exclude"].split(",")) if "exclude" in parameters else frozenset()
    for item in exclude - _EXCLUDABLE:
        message = f"The `exclude` query parameter value [{item}] is not one of [replies,retweets]"
        raise InvalidRequestError("exclude", item, message)
    return Window(
        size,
        _page(parameters.get("pagination_token")),
        _number(parameters, "since_id"),
        _number(parameters, "until_id"),
        _time(parameters, "start_time"),
        _time(parameters, "end_time"),
        exclude,
    )


def names(parameters: Mapping[str, str], parameter: str, pattern: re.Pattern[str]) -> list[str]:
    """The 1 to 100 handles or ids of a lookup."""
    value = parameters.get(parameter, "")
    if not value:
        raise InvalidRequestError(parameter, "", f"The `{parameter}` query parameter can not be empty")
    items = value.split(",")
    if len(items) > 100:
        message = f"The number of values in the `{parameter}` query parameter list [{len(items)}] is not between 1 and 100"
        raise InvalidRequestError(parameter, str(len(items)), message)
    for item in items:
        one(parameter, item, pattern)
    return list(dict.fromkeys(items))


def one(parameter: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        message = f"The `{parameter}` query parameter value [{value}] does not match ^{pattern.pattern}$"
        raise InvalidRequestError(parameter, value, message)
    return value


def page_token(newest_id: int) -> str:
    """The token of a page that begins at that id."""
    digits = []
    for _ in range(13):
        newest_id, digit = divmod(newest_id, 36)
        digits.append(_DIGITS[digit])
    return "7140" + "".join(reversed(digits))


def _page(token: str | None) -> int | None:
    if token is None:
        return None
    match = _TOKEN.fullmatch(token)
    if not match:
        raise InvalidRequestError(
            "pagination_token", token, f"The `pagination_token` query parameter value [{token}] is not valid"
        )
    return int(match[1], 36)


def _number(parameters: Mapping[str, str], name: str) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    if not NUMBER.fullmatch(value):
        raise InvalidRequestError(name, value, f"The `{name}` query parameter value [{value}] is not a valid number")
    return int(value)


def _time(parameters: Mapping[str, str], name: str) -> datetime | None:
    value = parameters.get(name)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        time = None
    if time is None or "T" not in value or time.tzinfo is None:
        message = f"Invalid time:'{value}'. '{name}' must be of the form YYYY-MM-DDTHH:mm:ssZ"
        raise InvalidRequestError(name, value, message)
    return time.astimezone(UTC)
