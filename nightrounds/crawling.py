"""The crawl stage: one account after another on each platform, the platforms side by side, each page stored as it comes."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.errors import Actor, CrawlError, NightRoundsError, RateLimited, Scope
from core.records import Account, Coverage, CoverageStatus, CrawledPage
from core.seams import Crawler, CrawlRequest
from nightrounds.context import Context
from storage import crawls, pages, posts

log = logging.getLogger(__name__)

# How soon a stored post is looked at again for edits and disappearance: (younger than, if last seen longer ago than).
# Hourly, daily, weekly, monthly, each with some slack: tonight's scan may reach an account sooner than yesterday's did.
RECHECKS = (
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=20)),
    (timedelta(days=30), timedelta(days=6, hours=12)),
    (timedelta(days=36_500), timedelta(days=29)),
)
_MANY = 3  # so many looked at again, and all of them missing: more likely the account or we than the posts

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
        if page.note and page.note not in self.notes:
            self.notes.append(page.note)

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
    dead: dict[str, CrawlError] = {}  # credential -> what stopped it
    with context.store.read() as tx:
        seen = crawls.last_complete(tx)
    results = []
    # Whom nobody has seen for longest comes first: a rate limit must not starve the same accounts every night.
    for account in sorted(accounts, key=lambda a: seen.get(a.id, 0)):
        credential = crawler.credential_of(account) if crawler else ""
        if crawler is None or obstacle:
            coverage = _Tally().coverage(account, CoverageStatus.NOT_TRIED, obstacle, Actor.CREDENTIAL_OWNER)
        elif credential in dead:
            coverage = _failure(account, _Tally(), dead[credential])
        else:
            coverage, error = _crawl_account(context, run_id, crawler, account, since)
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


def _crawl_account(
    context: Context, run_id: int, crawler: Crawler, account: Account, since: datetime | None
) -> tuple[Coverage, CrawlError | None]:
    tally = _Tally()
    with context.store.read() as tx:
        cursor = crawls.load_cursor(tx, account.id, crawler.platform) if since is None else None
        recheck = posts.due_rechecks(tx, account.id, RECHECKS, context.settings.recheck_limit)
    start = since or context.clock() - timedelta(days=context.settings.backfill_days)
    try:
        for page in crawler.crawl(CrawlRequest(account=account, cursor=cursor, since=start, recheck=recheck)):
            if since is not None:
                page = replace(page, cursor=None)  # what lies between the stored cursor and `since` was not read
            with context.store.begin() as tx:
                stored = pages.store_page(tx, run_id=run_id, account=account, page=page, surface=crawler.platform)
            tally.add(page, stored)
    except CrawlError as error:
        return _failure(account, tally, error), error
    except NightRoundsError:
        raise  # storage or configuration: not this account's affair, the run must stop
    except Exception as error:
        # A crawler may not let anything else escape; when one does, the account is lost for tonight and the rest goes on.
        log.error("crawler of %s raised %s for account %s", account.platform, type(error).__name__, account.id)
        reason = f"the crawler failed unexpectedly ({type(error).__name__})"
        return tally.coverage(account, CoverageStatus.FAILED, reason, Actor.ENGINEER), None
    if len(recheck) >= _MANY and tally.counts["missing"] >= len(recheck):
        tally.notes.append("every stored post that was looked at again is missing: is it still the same account?")
    if tally.notes:
        return tally.coverage(account, CoverageStatus.PARTIAL, "; ".join(tally.notes), Actor.CURATOR), None
    return tally.coverage(account, CoverageStatus.COMPLETE, "", Actor.NOBODY), None


def _failure(account: Account, tally: _Tally, error: CrawlError) -> Coverage:
    status = CoverageStatus.BLOCKED if error.blocks else CoverageStatus.FAILED
    if tally.counts["posts"]:  # a page with the profile alone is no part of the posts
        status = CoverageStatus.PARTIAL
    retry_at = error.until if isinstance(error, RateLimited) else None
    return tally.coverage(account, status, str(error), error.actor, retry_at)
