"""The two seams: what a crawler and a detector must offer. Everything else of a platform or a rule is its own business."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from core.errors import AuthError, ConfigError, CrawlError
from core.policy import Policy, Rule
from core.records import Account, CrawledPage, Cursor, Finding, FindingScope, KnownPost, Reading, Severity, Span

_MOST = 1_000_000_000  # of anything a day; above it somebody mistyped


class CrawlerOptions(BaseModel):
    """A platform's settings (`[platforms.<platform>]`, or NIGHTROUNDS_PLATFORMS__<PLATFORM>__<OPTION>).

    The daily budgets hold for each credential; None is no limit of ours.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    daily_calls: Annotated[int, Field(gt=0, le=_MOST)] | None = None
    daily_units: Annotated[int, Field(gt=0, le=_MOST)] | None = None  # of the platform's own quota
    daily_dollars: Annotated[float, Field(gt=0, le=_MOST, allow_inf_nan=False)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A platform's line in the table of platforms: each in a few plain words, for people who decide whether to switch it on."""

    reads: str  # whose posts, and which
    through: str  # client library and method
    new_posts: str
    edits: str
    deletions: str
    credentials: str
    tried: str  # 'real': a real server on loopback; 'specification': a published one; 'sandbox': nothing but our own stand-in


class Meter(abc.ABC):
    """Counts what one credential spends in a day, against its budget. The pipeline keeps the count."""

    @abc.abstractmethod
    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        """Note a question before it is sent. Raises BudgetExhausted when the day's budget has no room for it."""

    @abc.abstractmethod
    def took(self, resource: str, count: int) -> None:
        """Note priced things that an answer held, by the name that policy/platforms.yaml prices them under."""


class Unmetered(Meter):
    """No budget, and nobody counts."""

    def ask(self, *, calls: int = 1, units: int = 0) -> None:
        """Nothing to note."""

    def took(self, resource: str, count: int) -> None:
        """Nothing to note."""


UNMETERED = Unmetered()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlRequest:
    """What the pipeline asks of a crawler for one account.

    `cursor` is what this crawler last gave (None on the first crawl: backfill from `since`, or as far as the platform allows).
    `recheck` are stored posts due for another look (edits, disappearances). Every question is put to `meter` first.
    """

    account: Account
    cursor: Cursor | None = None
    since: datetime | None = None
    recheck: Sequence[KnownPost] = ()
    meter: Meter = UNMETERED


class Crawler(abc.ABC):
    """Reads the public posts of accounts on one surface. One instance serves many accounts, one at a time.

    `crawl` yields the account itself first (id, handle, profile), then pages in an order that may stop anywhere: whatever was
    yielded is stored with its cursor before the next page is asked for. It raises a CrawlError for an account that can't be
    read; nothing else may escape. What it sees of a login wall or a challenge is an error, never a post.
    """

    platform: ClassVar[str]  # the word in account lists and `--platform`
    title: ClassVar[str]  # what people call it
    about: ClassVar[About]
    recheck_batch: ClassVar[int] = 1  # stored posts that one question looks at again
    Options: ClassVar[type[CrawlerOptions]] = CrawlerOptions

    def __init__(
        self, options: CrawlerOptions, *, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.options = options
        self.clock = clock
        self.sleep = sleep  # seconds, between two tries

    @abc.abstractmethod
    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Yield pages of `request.account`; raise CrawlError."""

    def credential_of(self, account: Account) -> str:
        """An opaque name (never the secret) of the credential that reads this account; a dead one stops only its own."""
        return self.platform

    def missing_credentials(self) -> str:
        """Why this crawler can't be used as configured, in plain words with the mend; empty when it can."""
        return ""

    def demand_askable(self, account: Account) -> None:
        """Raise the CrawlError with which `crawl` refuses an account before it asks the platform: one truth for both."""
        if problem := self.missing_credentials():
            raise AuthError(problem)

    def account_problem(self, account: Account) -> str:
        """Why this account can't be asked for as it is written or configured, in plain words; empty when it can."""
        try:
            self.demand_askable(account)
        except CrawlError as error:
            return str(error)
        return ""

    def close(self) -> None:  # noqa: B027 - optional
        """Give back connections and child processes."""


class Detector(abc.ABC):
    """Finds one policy rule's indicators. A pure function of reading and policy: no network, database or clock.

    `detect` reads a post (with its author's profile at hand), `detect_profile` a profile alone. The seam filters by account
    kind: a rule that does not apply to a kind is never run on it.
    """

    rule: ClassVar[str]
    categories: ClassVar[frozenset[str]]  # what it can find; the policy leaves out what is not to be looked for
    revision: ClassVar[str] = "1"  # raised when the code would judge differently: history is then read again
    borrows: ClassVar[tuple[str, ...]] = ()  # other rules whose phrases this one reads

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.config: Rule = policy.rule(self.rule)
        if unknown := sorted(self.config.categories.keys() - self.categories):
            raise ConfigError(
                f"policy {policy.title!r}: rules.{self.rule}.categories: this rule finds no {', '.join(unknown)}; "
                f"expected some of {', '.join(sorted(self.categories))}"
            )

    @cached_property
    def version(self) -> str:
        """Code revision and a digest of everything in the policy that this rule depends on."""
        return f"{self.revision}+{self.policy.rule_digest(self.rule, *self.borrows)}"

    def applies_to(self, account: Account) -> bool:
        return account.kind in self.config.kinds

    def looks_for(self, category: str) -> bool:
        """Whether the policy has it looked for."""
        return category in self.config.categories

    def reaches(self, category: str, score: float) -> bool:
        """Whether a score is enough for a finding, where the category is looked for at all."""
        return self.looks_for(category) and score >= self.config.threshold_of(category)

    def detect(self, reading: Reading) -> Iterable[Finding]:
        """Findings of one post."""
        return ()

    def detect_profile(self, reading: Reading) -> Iterable[Finding]:
        """Findings of the account's profile (`reading.post` is None, or is ignored)."""
        return ()

    def finding(
        self,
        category: str,
        *,
        score: float,
        reason: str,
        spans: Iterable[Span] = (),
        severity: Severity | None = None,
        scope: FindingScope = FindingScope.POST,
    ) -> Finding:
        """A finding of this rule, filled in from the policy. `severity` overrides the category's own."""
        settings = self.config.category(category)
        return Finding(
            rule=self.rule,
            category=category,
            severity=severity or settings.severity,
            score=round(min(max(score, 0.0), 1.0), 4),
            spans=tuple(sorted(set(spans))),
            clause=settings.clause or self.config.clause,
            route=settings.route or self.config.route,
            reason=reason,
            scope=scope,
            detector_version=self.version,
            policy_version=self.policy.version,
        )
