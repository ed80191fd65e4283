"""The platforms that can be crawled, each crawler made on first use from its own part of the settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, get_origin

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from core.errors import ConfigError
from core.registry import discover
from core.seams import Crawler, CrawlerOptions
from core.settings import Settings

_FORMS: dict[object, str] = {dict: '{"name": "value"}', list: '["one", "another"]', tuple: '["one", "another"]'}
_EXPECTED = {  # the beginning of pydantic's name for a problem, the longer ones first: what was expected, in plain words
    "greater_than_equal": "expected {ge} or more",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected {le} or less",
    "less_than": "expected less than {lt}",
    "literal_error": "expected {expected}",
    "missing": "must be set",
    "int_": "expected a whole number",
    "float_": "expected a number",
    "finite_number": "expected a number",
    "bool_": "expected true or false",
    "string_type": "expected a string",
    "path_": "expected a path",
    "dict_type": f"expected a table, as JSON in the environment: {_FORMS[dict]}".replace("{", "{{").replace("}", "}}"),
    "model_": "expected a table of options",
    "list_type": f"expected a list, as JSON in the environment: {_FORMS[list]}",
    "tuple_type": f"expected a list, as JSON in the environment: {_FORMS[list]}",
}

BY_HAND = frozenset({"archive"})  # read when a person hands over a file, never at night


def crawler_classes() -> dict[str, type[Crawler]]:
    """Every crawler there is, by platform."""
    return discover("crawlers", Crawler, "platform")


def nightly_platforms() -> list[str]:
    """The platforms that a nightly scan may visit, sorted."""
    return [name for name in crawler_classes() if name not in BY_HAND]


def parse_options(crawler: type[Crawler], values: dict[str, Any]) -> CrawlerOptions:
    """Check one platform's settings. A mapping or a list may come as JSON: the environment knows only strings.

    Raises:
        ConfigError: names platform and option; never quotes the value, nor a key of a mapping, which may be somebody's handle.
    """
    given = {name: _from_json(crawler, name, value) if isinstance(value, str) else value for name, value in values.items()}
    try:
        return crawler.Options.model_validate(given)
    except ValidationError as error:
        lines = [_told(crawler, given, problem) for problem in error.errors(include_input=False, include_url=False)]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def daily_budget(settings: Settings, platform: str) -> CrawlerOptions:
    """What the settings let each credential of a platform spend in a day; no limit where no crawler reads it.

    Raises:
        ConfigError: a wrong option of this platform.
    """
    kind = crawler_classes().get(platform)
    return CrawlerOptions() if kind is None else parse_options(kind, settings.platforms.get(platform, {}))


def _from_json(crawler: type[Crawler], name: str, value: str) -> Any:
    """Raises ConfigError where the option is a mapping or a list and the value is no JSON."""
    field = crawler.Options.model_fields.get(name)
    if field is None or (form := get_origin(field.annotation)) not in _FORMS:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ConfigError(f"platforms.{crawler.platform}.{name}: expected JSON in the environment: {_FORMS[form]}") from None


def _told(crawler: type[Crawler], given: dict[str, Any], problem: ErrorDetails) -> str:
    """One wrong option, in plain words; an entry of a mapping goes by its number."""
    option, *inner = [str(part) for part in problem["loc"]] or [""]
    where = f"platforms.{crawler.platform}" + (f".{option}" if option else "")
    if inner:
        entries = given[option]
        number = list(map(str, entries)).index(inner[0]) if isinstance(entries, dict) else int(inner[0])
        where += f", entry {number + 1}"
    return f"{where}: {_expected(crawler, option, problem, is_inner=bool(inner))}"


def _expected(crawler: type[Crawler], option: str, problem: ErrorDetails, *, is_inner: bool) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return "no such option" + ("" if is_inner else f"; there are {', '.join(crawler.Options.model_fields)}")
    if kind == "string_pattern_mismatch":
        field = crawler.Options.model_fields[option]
        return f"expected something like {(field.examples or [field.default])[0]}"
    if kind == "value_error":
        return str(context.get("error", ""))
    words = next((words for start, words in _EXPECTED.items() if kind.startswith(start)), "")
    return words.format(**context) if words else problem["msg"]


def secret_option(crawler: type[Crawler]) -> str | None:
    """The option that holds this platform's token: where a connection's password goes. The first single secret declared."""
    single = (SecretStr, SecretStr | None)
    return next((name for name, info in crawler.Options.model_fields.items() if info.annotation in single), None)


class Crawlers:
    """One crawler a platform, made when it is first asked for and kept for the run."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._classes = crawler_classes()
        self._made: dict[str, Crawler] = {}

    def get(self, platform: str) -> Crawler | None:
        """The platform's crawler, or None when there is none for it."""
        kind = self._classes.get(platform)
        if kind is None or platform in BY_HAND:
            return None
        if platform not in self._made:
            options = parse_options(kind, self._settings.platforms.get(platform, {}))
            self._made[platform] = kind(options, clock=self._clock)
        return self._made[platform]

    def close(self) -> None:
        for crawler in self._made.values():
            crawler.close()
