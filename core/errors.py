"""The error tree.

    NightRoundsError
    ├── ConfigError             settings, policy file or usage; the message carries the mend
    ├── RegistryError           a crawler or detector module that can't be registered
    ├── CrawlError              one account could not be read, or not wholly
    │   ├── AccountNotFound     no such account, or renamed
    │   ├── AccountPrivate      protected, suspended, withheld, or behind a login wall
    │   ├── AuthError           the token is dead: the whole credential stops
    │   ├── PermissionMissing   the token lives but lacks a permission or product
    │   ├── RateLimited         wait until `until`: the whole credential stops
    │   ├── BudgetExhausted     credits or a spending limit used up: the whole credential stops
    │   ├── Blocked             robots, the platform's policy, or our own guard refused
    │   ├── PlatformDown        5xx, time-outs, broken connections after the retries
    │   ├── Outdated            the platform retired the API version we speak
    │   └── ParseError          an answer that isn't what the platform promises
    ├── DetectError             a detector failed on one text: 'not read', never 'clean'
    └── StorageError            database, keys or evidence

Raised by the layer that knows, caught once in the pipeline, per account. A message never holds post text, a name or a token:
it is made of our own words, numbers and the platform's error codes.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class Actor(StrEnum):
    """Who must act before an account is read again."""

    NOBODY = "nobody: it mends itself"
    CURATOR = "the curator of the account list"
    CREDENTIAL_OWNER = "the owner of the platform credential"
    ENGINEER = "the engineer on call"
    BUDGET_OWNER = "the owner of the API budget"


class Scope(StrEnum):
    """How far a failure reaches: the pipeline stops asking within it."""

    ACCOUNT = "account"
    CREDENTIAL = "credential"


class NightRoundsError(Exception):
    """Anything that Night Rounds itself reports."""


class ConfigError(NightRoundsError):
    """Wrong settings, policy file or usage. The message names the place and the mend."""


class RegistryError(NightRoundsError):
    """A module in `crawlers/` or `detectors/` that breaks its seam."""


class DetectError(NightRoundsError):
    """A detector could not read one text."""


class StorageError(NightRoundsError):
    """The database, the keys or the evidence store refused."""


class CrawlError(NightRoundsError):
    """One account could not be read. Subclasses say who must act and how far the failure reaches."""

    actor: ClassVar[Actor] = Actor.ENGINEER
    scope: ClassVar[Scope] = Scope.ACCOUNT
    blocks: ClassVar[bool] = False  # coverage 'blocked' (somebody must let us in) rather than 'failed'


class AccountNotFound(CrawlError):
    actor = Actor.CURATOR


class AccountPrivate(CrawlError):
    actor = Actor.CURATOR
    blocks = True


class AuthError(CrawlError):
    actor = Actor.CREDENTIAL_OWNER
    scope = Scope.CREDENTIAL
    blocks = True


class PermissionMissing(CrawlError):
    actor = Actor.CREDENTIAL_OWNER
    blocks = True


class RateLimited(CrawlError):
    """`until` is when the platform will answer again (UTC), None if it did not say."""

    actor = Actor.NOBODY
    scope = Scope.CREDENTIAL
    blocks = True

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class BudgetExhausted(CrawlError):
    """`until` is when there is a budget again (UTC), None if nobody knows."""

    actor = Actor.BUDGET_OWNER
    scope = Scope.CREDENTIAL
    blocks = True

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Blocked(CrawlError):
    actor = Actor.CURATOR
    blocks = True


class PlatformDown(CrawlError):
    actor = Actor.NOBODY


class Outdated(CrawlError):
    actor = Actor.ENGINEER
    scope = Scope.CREDENTIAL


class ParseError(CrawlError):
    actor = Actor.ENGINEER
