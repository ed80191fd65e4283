"""The crawl stage: one account after another on each platform, the platforms side by side, each page stored as it comes.

All is charged to a budget; what a budget, a dispute or a dead credential keeps from being looked at is in the coverage.
While others wait, an account has its share of the day; one that wants more has another turn after them.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.errors import Actor, BudgetExhausted, CrawlError, NightRoundsError, RateLimited, Scope
from core.records import Account, Coverage, CoverageStatus, CrawledPage
from core.seams import Crawler, CrawlRequest
from nightrounds.budgets import Budget, Budgets, ShareUsed
from nightrounds.context import Context
from storage import crawls, disputes, pages, posts
from storage.account_names import Rename
from storage.transaction import Transaction

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
_TAKEN = (
    "the platform calls this account by a handle under which the list has another one; it is still read, by its id. "
    "If it stays so, give both their present handles and native ids in one list"
)

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
        taken = _TAKEN if stored.rename is Rename.TAKEN else ""
        for note in (page.note, taken):
            if note and note not in self.notes:
                self.notes.append(note)

    def status(self, otherwise: CoverageStatus) -> CoverageStatus:
        """That of an account which was not read to the end; a page with the profile alone is no part of the posts."""
        return CoverageStatus.PARTIAL if self.counts["posts"] else otherwise

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


def longest_unseen_first(tx: Transaction, accounts: Sequence[Account]) -> list[Account]:
    """So that a rate limit or a budget never starves the same accounts every night. Of those that were seen in the same run,
    the ones come first that were not seen wholly."""
    visits = crawls.last_visits(tx)
    return sorted(accounts, key=lambda account: visits.get(account.id, (0, False)))


def _crawl_platform(
    context: Context, run_id: int, platform: str, accounts: Sequence[Account], since: datetime | None, progress: Progress | None
) -> list[Coverage]:
    crawler, obstacle = _crawler_for(context, platform)
    with context.store.read() as tx:
        in_order = longest_unseen_first(tx, accounts)
    results = []
    if crawler is None or obstacle:
        for account in in_order:
            coverage = _Tally().coverage(account, CoverageStatus.NOT_TRIED, obstacle, Actor.CREDENTIAL_OWNER)
            results.append(_told(context, run_id, coverage, progress))
        return results
    round_ = _Round(context, run_id, crawler, Budgets(context.store, crawler, context.terms.of(platform)), since)
    try:
        results += [_told(context, run_id, coverage, progress) for coverage in round_.visit_all(in_order)]
    finally:
        round_.budgets.give_back()
    return results


def _told(context: Context, run_id: int, coverage: Coverage, progress: Progress | None) -> Coverage:
    with context.store.begin() as tx:
        crawls.record_coverage(tx, run_id, coverage)
    if progress:
        progress(coverage)
    return coverage


def _crawler_for(context: Context, platform: str) -> tuple[Crawler | None, str]:
    crawler = context.crawlers.get(platform)
    if crawler is None:
        return None, "no crawler for this platform"
    return crawler, crawler.missing_credentials()


@dataclass(slots=True)
class _Round:
    """One platform's accounts, one after another."""

    context: Context
    run_id: int
    crawler: Crawler
    budgets: Budgets
    since: datetime | None
    rooms: Mapping[str, int] = field(default_factory=dict)  # looks at stored posts that fall to each account, by its id

    def visit_all(self, accounts: Sequence[Account]) -> Iterator[Coverage]:
        """What became of each account, told when its last turn is over."""
        waiting = deque((account, self.crawler.credential_of(account), _Tally()) for account in accounts)
        still = Counter(credential for _, credential, _ in waiting)
        dead: dict[str, CrawlError] = {}  # credential -> what stopped it
        self.rooms = self._hand_out_rechecks(still)
        while waiting:
            account, credential, tally = waiting.popleft()
            with self.context.store.read() as tx:
                unwatched = disputes.why_unwatched(tx, account.id)
            if unwatched:
                coverage = tally.coverage(account, tally.status(CoverageStatus.NOT_TRIED), unwatched, Actor.CURATOR)
            elif credential in dead:
                coverage = _failure(account, tally, dead[credential])
            else:
                budget = self.budgets.of(credential)
                coverage, error = self._visit(account, budget, tally, accounts_left=still[credential])
                if isinstance(error, ShareUsed):
                    waiting.append((account, credential, tally))
                    with self.context.store.begin() as tx:
                        crawls.record_coverage(tx, self.run_id, coverage)  # should the run die before the next turn
                    continue
                if error is not None and error.scope is Scope.CREDENTIAL:
                    dead[credential] = error
            still[credential] -= 1
            yield coverage

    def _visit(
        self, account: Account, budget: Budget, tally: _Tally, *, accounts_left: int
    ) -> tuple[Coverage, CrawlError | None]:
        request, due = self._request(account, budget, accounts_left)
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

    def _request(self, account: Account, budget: Budget, accounts_left: int) -> tuple[CrawlRequest, int]:
        """What to ask for, and how many stored posts were due for another look, whatever the budget."""
        context, platform = self.context, self.crawler.platform
        limit = context.settings.recheck_limit
        with context.store.read() as tx:
            budget.load(tx)
            room = budget.room_for_rechecks(self.crawler, accounts_left)
            if room is not None:  # what its oldest posts are due, or what others left
                room = min(limit, max(room, self.rooms.get(account.id, 0)))
            cursor = crawls.load_cursor(tx, account.id, platform) if self.since is None else None
            schedule, question = self._schedule(), IN_QUESTION_AFTER
            due = posts.due_rechecks(tx, account.id, schedule, limit if room is None else room, in_question_after=question)
            many = len(due)
            if many == room:
                many = min(limit, posts.count_due(tx, account.id, schedule, in_question_after=question))
        # Read again from a date, an account has no cursor to go on from: a share would end it at the same place each time.
        budget.begin_turn(accounts_left if self.since is None else 1)
        start = self.since or context.clock() - timedelta(days=context.settings.backfill_days)
        return CrawlRequest(account=account, cursor=cursor, since=start, recheck=due, meter=budget), many

    def _hand_out_rechecks(self, credentials: Iterable[str]) -> Mapping[str, int]:
        """Half of what is left of the day, to the posts that wait for longest, whosever they are."""
        with self.context.store.read() as tx:
            rooms = []
            for credential in credentials:
                self.budgets.of(credential).load(tx)
                rooms.append(self.budgets.of(credential).room_for_rechecks(self.crawler, 1))
            limited = [room for room in rooms if room is not None]
            if not limited:
                return {}
            room = max(1, sum(limited))
            return posts.hand_out_rechecks(
                tx, self.crawler.platform, self._schedule(), room, in_question_after=IN_QUESTION_AFTER
            )

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
        tally.add(page, stored)


def _failure(account: Account, tally: _Tally, error: CrawlError) -> Coverage:
    status = tally.status(CoverageStatus.BLOCKED if error.blocks else CoverageStatus.FAILED)
    retry_at = error.until if isinstance(error, (RateLimited, BudgetExhausted)) else None
    return tally.coverage(account, status, str(error), error.actor, retry_at)
