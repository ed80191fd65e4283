"""The platforms that can be crawled, each crawler made on first use from its own part of the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import SecretStr, ValidationError

from core.errors import ConfigError
from core.registry import discover
from core.seams import Crawler, CrawlerOptions
from core.settings import Settings

BY_HAND = frozenset({"archive"})  # read when a person hands over a file, never at night


def crawler_classes() -> dict[str, type[Crawler]]:
    """Every crawler there is, by platform."""
    return discover("crawlers", Crawler, "platform")


def nightly_platforms() -> list[str]:
    """The platforms that a nightly scan may visit, sorted."""
    return [name for name in crawler_classes() if name not in BY_HAND]


def parse_options(crawler: type[Crawler], values: dict[str, Any]) -> CrawlerOptions:
    """Check one platform's settings.

    Raises:
        ConfigError: names platform and option; never quotes the value.
    """
    try:
        return crawler.Options.model_validate(values)
    except ValidationError as error:
        lines = [
            f"platforms.{crawler.platform}.{'.'.join(map(str, p['loc']))}: {p['msg']}"
            for p in error.errors(include_input=False)
        ]
        raise ConfigError("\n".join(lines)) from None


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
