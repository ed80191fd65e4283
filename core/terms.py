"""What each platform's terms allow, as data: how long content may be kept, what may be inferred from it, what reading costs.

Read from one YAML file and checked. A wrong file fails with the file, the key and what was expected there. A platform that the
file does not name gets cautious terms: refreshed within 30 days, deletions honoured within a day, one shard at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core._data_file import DataFile
from core.policy import Words, default_policy_path
from core.records import Kind

RESOURCES = ("post", "user")  # what crawlers count in the answers of a platform that bills by resource
BARRED = "barred"  # in the place of a detector's version: the platform's terms forbid the rule here
_TEN_YEARS = 3653


def _zone(name: object) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    try:
        if isinstance(name, str):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise ValueError("expected a time zone of the IANA database, as America/Los_Angeles")


def _false_or_day(value: object) -> object:
    if value is False or type(value) is date:
        return value
    raise ValueError("expected the day on which counsel confirmed these terms (2026-11-30), or false")


# strict: no number is made of `yes`, and no yes of a number
Truth = Annotated[bool, Field(strict=True)]
Days = Annotated[int, Field(gt=0, le=_TEN_YEARS, strict=True)]
Hours = Annotated[int, Field(ge=0, le=_TEN_YEARS * 24, strict=True)]
Shards = Annotated[int, Field(gt=0, le=64, strict=True)]
Dollars = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, strict=True)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]


class _Data(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class PlatformTerms(_Data):
    """One platform's terms, as far as they bind what Night Rounds does."""

    source: Words  # which terms, and where they were read
    read: date | None = None  # when they were read
    confirmed: Annotated[date | Literal[False], BeforeValidator(_false_or_day)] = False  # by counsel
    questions: tuple[Words, ...] = ()  # what counsel still has to read
    store_text: Truth = True  # else text is erased as soon as it was screened
    refresh_days: Days | None = None  # content that was not looked at again within so many days must go
    keep_days: Days | None = None  # content older than this must go, refreshed or not
    honour_deletions: Truth = True  # content that its author or the platform took away must go
    delete_within_hours: Hours | None = None  # counted from the tombstone; given where deletions are honoured
    barred_inferences: Mapping[Words, tuple[Kind, ...]] = {}  # rule -> account kinds on which it may not be run
    prices: Mapping[Words, Dollars] = {}  # resource -> US dollars each
    budget_day: Zone = ZoneInfo("UTC")  # whose midnight ends the quota day
    max_parallel: Shards = 1  # shards read at once

    @model_validator(mode="after")
    def _deletion_has_a_deadline(self) -> PlatformTerms:
        if self.honour_deletions and self.delete_within_hours is None:
            raise ValueError("delete_within_hours: expected where honour_deletions is true")
        return self

    def bars(self, rule: str, kind: Kind) -> bool:
        """Whether these terms forbid to run `rule` on accounts of `kind`."""
        return kind in self.barred_inferences.get(rule, ())


CAUTIOUS = PlatformTerms(
    source="nobody has read this platform's terms for Night Rounds yet",
    refresh_days=30,
    delete_within_hours=24,
    barred_inferences={"political": (Kind.PERSONNEL, Kind.UNOFFICIAL)},
)


class Terms(_Data):
    """The terms of all platforms that were read."""

    version: Words
    platforms: Mapping[Words, PlatformTerms] = Field(min_length=1)

    def of(self, platform: str) -> PlatformTerms:
        """A platform's terms; cautious ones where the file does not name it."""
        return self.platforms.get(platform, CAUTIOUS)

    def knows(self, platform: str) -> bool:
        return platform in self.platforms

    @property
    def barred_rules(self) -> frozenset[str]:
        """Every rule that some platform bars."""
        return frozenset(rule for terms in (CAUTIOUS, *self.platforms.values()) for rule in terms.barred_inferences)


def default_terms_path() -> Path:
    """The file that comes with Night Rounds, beside the policy."""
    return default_policy_path().with_name("platforms.yaml")


_TERMS_FILE = DataFile(
    title="the file of platform terms",
    mend="set NIGHTROUNDS_PLATFORM_TERMS",
    top="version and platforms",
    keys_told_in="docs/retention.md",
)


def load_terms(path: Path) -> Terms:
    """Read and check a terms file.

    Raises:
        ConfigError: the file is missing, no YAML, or holds no terms; one line for each problem, with file, key and expectation.
    """
    return _TERMS_FILE.read(path, Terms)
