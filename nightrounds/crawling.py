"""The crawl stage: one account after another on each platform, the platforms side by side, each page stored as it comes.

All is charged to a budget; what a budget, a dispute or a dead credential keeps from being looked at is in the coverage.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.errors import Actor, BudgetExhausted, CrawlError, NightRoundsError, RateLimited, Scope
from core.records import Account, Coverage, CoverageStatus, CrawledPage
from core.seams import Crawler, CrawlRequest
from nightrounds.budgets import Budget, Budgets
from nightrounds.context import Context
from storage import crawls, disputes, pages, posts
from storage.account_names import Rename

log = logging.getLogger(__name__)

# How soon a stored post is looked at again for edits and disappearance: (younger than, if last seen longer ago than).
# Hourly, daily, weekly, monthly, each with some slack: tonight's scan may reach an account sooner than yesterday's did.
RECHECKS = (
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=20)),
    (timedelta(days=30), timedelta(days=6, hours=12)),
    (timedelta(days=36_500), timedelta(days=29)),
)
IN_QUESTION_AFTER = timedelta(hours=20)  # a post with a finding in an open case is looked at every night, whatever its age
_MANY = 3  # so many looked at again, and all of them missing: more likely the account or we than the posts
_DISPUTED = "it is disputed whose account this is; nothing is collected until that is decided"

Progress = Callable[[Coverage], None]


@dataclass(slots=True)
class _Tally:
    """What the pages of one account came to so far."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, page: CrawledPage, stored: pages.PageStored) -> None:
        missing = stored.gone + stored.pending_gone
        self.counts.update(
            pages=1, posts=len(page.posts), new=stored.new, edited=stored.edited, gone=stored.gone, missing=missing
        )
        taken = "its new handle is another watched account's" if stored.rename is Rename.TAKEN else ""
        for note in (page.note, taken):
            if note and note not in self.notes:
                self.notes.append(note)

    def coverage(
        self, account: Account, status: CoverageStatus, reason: str, actor: Actor, retry_at: datetime | None = None
    ) -> Coverage:
        return Coverage(
            account_id=account.id,
            platform=account.platform,
            status=status,
            reason=reason,
            actor="" if actor is Actor.NOBODY else actor.value,
            new=self.counts["new"],
            edited=self.counts["edited"],
            gone=self.counts["gone"],
            pages=self.counts["pages"],
            retry_at=retry_at,
        )


def crawl_accounts(
    context: Context,
    run_id: int,
    accounts: Sequence[Account],
    *,
    since: datetime | None = None,
    progress: Progress | None = None,
) -> list[Coverage]:
    """Crawl `accounts` and record each one's coverage. One's failure never stops another; a dead credential stops its own."""
    by_platform: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        by_platform[account.platform].append(account)

    def crawl_platform(platform: str) -> list[Coverage]:
        return _crawl_platform(context, run_id, platform, by_platform[platform], since, progress)

    with ThreadPoolExecutor(max_workers=max(1, len(by_platform)), thread_name_prefix="crawl") as pool:
        return [coverage for done in pool.map(crawl_platform, by_platform) for coverage in done]


def _crawl_platform(
    context: Context, run_id: int, platform: str, accounts: Sequence[Account], since: datetime | None, progress: Progress | None
) -> list[Coverage]:
    crawler, obstacle = _crawler_for(context, platform)
    budgets = Budgets(crawler, context.terms.of(platform)) if crawler else None
    dead: dict[str, CrawlError] = {}  # credential -> what stopped it
    with context.store.read() as tx:
        seen = crawls.last_complete(tx)
        disputed = disputes.disputed(tx, [account.id for account in accounts])
    results = []
    # Whom nobody has seen for longest comes first: a rate limit must not starve the same accounts every night.
    for number, account in enumerate(sorted(accounts, key=lambda a: seen.get(a.id, 0))):
        if account.id in disputed:
            coverage = _Tally().coverage(account, CoverageStatus.NOT_TRIED, _DISPUTED, Actor.CURATOR)
        elif crawler is None or budgets is None or obstacle:
            coverage = _Tally().coverage(account, CoverageStatus.NOT_TRIED, obstacle, Actor.CREDENTIAL_OWNER)
        elif (credential := crawler.credential_of(account)) in dead:
            coverage = _failure(account, _Tally(), dead[credential])
        else:
            visit = _Visit(context, run_id, crawler, budgets.of(credential), accounts_left=len(accounts) - number, since=since)
            coverage, error = visit.crawl(account)
            if error is not None and error.scope is Scope.CREDENTIAL:
                dead[credential] = error
        with context.store.begin() as tx:
            crawls.record_coverage(tx, run_id, coverage)
        results.append(coverage)
        if progress:
            progress(coverage)
    return results


def _crawler_for(context: Context, platform: str) -> tuple[Crawler | None, str]:
    crawler = context.crawlers.get(platform)
    if crawler is None:
        return None, "no crawler for this platform"
    return crawler, crawler.missing_credentials()


@dataclass(frozen=True, slots=True)
class _Visit:
    """One account's turn: what it may cost, and what it is asked for."""

    context: Context
    run_id: int
    crawler: Crawler
    budget: Budget
    accounts_left: int  # this one among them
    since: datetime | None

    def crawl(self, account: Account) -> tuple[Coverage, CrawlError | None]:
        tally = _Tally()
        request, due = self._request(account)
        try:
            for page in self.crawler.crawl(request):
                self._store(account, page, tally)
        except CrawlError as error:
            return _failure(account, tally, error), error
        except NightRoundsError:
            raise  # storage or configuration: not this account's affair, the run must stop
        except Exception as error:
            # A crawler may not let anything else escape; when one does, the account is lost for tonight and the rest goes on.
            log.error("crawler of %s raised %s for account %s", account.platform, type(error).__name__, account.id)
            reason = f"the crawler failed unexpectedly ({type(error).__name__})"
            return tally.coverage(account, CoverageStatus.FAILED, reason, Actor.ENGINEER), None
        finally:
            if not self.budget.is_kept:
                with self.context.store.begin() as tx:
                    self.budget.keep(tx)
        looked_at = len(request.recheck)
        if looked_at >= _MANY and tally.counts["missing"] >= looked_at:
            tally.notes.append("every stored post that was looked at again is missing: is it still the same account?")
        actor = Actor.CURATOR
        if due > looked_at:
            tally.notes.append(f"budget used up: {due - looked_at} stored posts were not looked at again")
            actor = Actor.BUDGET_OWNER
        if tally.notes:
            return tally.coverage(account, CoverageStatus.PARTIAL, "; ".join(tally.notes), actor), None
        return tally.coverage(account, CoverageStatus.COMPLETE, "", Actor.NOBODY), None

    def _request(self, account: Account) -> tuple[CrawlRequest, int]:
        """What to ask for, and how many stored posts were due for another look, whatever the budget."""
        context, platform = self.context, self.crawler.platform
        limit = context.settings.recheck_limit
        with context.store.read() as tx:
            self.budget.load(tx)
            cursor = crawls.load_cursor(tx, account.id, platform) if self.since is None else None
            due = posts.due_rechecks(tx, account.id, self._schedule(), limit, in_question_after=IN_QUESTION_AFTER)
        room = self.budget.room_for_rechecks(self.crawler, self.accounts_left)
        start = self.since or context.clock() - timedelta(days=context.settings.backfill_days)
        recheck = due if room is None else due[:room]
        return CrawlRequest(account=account, cursor=cursor, since=start, recheck=recheck, meter=self.budget), len(due)

    def _schedule(self) -> list[tuple[timedelta, timedelta]]:
        """How soon to look again; thrice within the time in which the platform's terms want content refreshed."""
        refresh_days = self.context.terms.of(self.crawler.platform).refresh_days
        if refresh_days is None:
            return list(RECHECKS)
        return [(younger, min(ago, timedelta(days=refresh_days) / 3)) for younger, ago in RECHECKS]

    def _store(self, account: Account, page: CrawledPage, tally: _Tally) -> None:
        if self.since is not None:
            page = replace(page, cursor=None)  # what lies between the stored cursor and `since` was not read
        if page.profile is not None and self.context.settings.pictures:
            page = replace(page, profile=self.context.pictures.look(page.profile, account.profile))
        with self.context.store.begin() as tx:
            stored = pages.store_page(tx, run_id=self.run_id, account=account, page=page, surface=self.crawler.platform)
            self.budget.keep(tx)
        tally.add(page, stored)


def _failure(account: Account, tally: _Tally, error: CrawlError) -> Coverage:
    status = CoverageStatus.BLOCKED if error.blocks else CoverageStatus.FAILED
    if tally.counts["posts"]:  # a page with the profile alone is no part of the posts
        status = CoverageStatus.PARTIAL
    retry_at = error.until if isinstance(error, (RateLimited, BudgetExhausted)) else None
    return tally.coverage(account, status, str(error), error.actor, retry_at)
