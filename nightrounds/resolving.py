"""Asks each platform once who an account is: its immutable id, the handle that it has now, and its profile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from core.errors import CrawlError, NightRoundsError, Scope
from core.records import Account
from core.seams import Crawler, CrawlRequest
from nightrounds.budgets import Budgets
from nightrounds.context import Context
from storage import crawls, disputes, pages
from storage.account_names import Rename

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What asking about one account came to; `problem` is empty when it was found."""

    account: Account
    native_id: str | None = field(default=None, repr=False)
    renamed: bool = False
    problem: str = ""


def resolve_accounts(
    context: Context, unresolved: Sequence[Account], *, progress: Callable[[Resolved], None] | None = None
) -> list[Resolved]:
    """Look each account up and keep what the platform told; one's failure never stops another."""
    with context.store.begin() as tx:
        run_id = crawls.begin_run(tx, trigger="resolve")
    budgets: dict[str, Budgets] = {}
    dead: dict[tuple[str, str], CrawlError] = {}
    results = []
    try:
        for account in unresolved:
            crawler = context.crawlers.get(account.platform)
            obstacle = crawler.missing_credentials() if crawler else "no crawler for this platform"
            if crawler is None or obstacle:
                resolved = Resolved(account, problem=obstacle)
            else:
                terms = context.terms.of(account.platform)
                own = budgets.setdefault(account.platform, Budgets(context.store, crawler, terms))
                resolved = _resolve(context, run_id, crawler, own, account, dead)
            results.append(resolved)
            if progress:
                progress(resolved)
    finally:
        for own in budgets.values():
            own.give_back()
    with context.store.begin() as tx:
        crawls.finish_run(tx, run_id, "finished")
    return results


def _resolve(
    context: Context,
    run_id: int,
    crawler: Crawler,
    budgets: Budgets,
    account: Account,
    dead: dict[tuple[str, str], CrawlError],
) -> Resolved:
    credential = crawler.credential_of(account)
    if (account.platform, credential) in dead:
        return Resolved(account, problem=str(dead[account.platform, credential]))
    with context.store.read() as tx:
        if unwatched := disputes.why_unwatched(tx, account.id):
            return Resolved(account, problem=unwatched)
    asking = crawler.crawl(CrawlRequest(account=account, meter=budgets.of(credential)))
    try:
        # With its posts, where this answer shows some: evidence that is noted for no post is never erased with one.
        first = replace(next(iter(asking)), cursor=None)  # the first scan still reads from where it would have begun
        with context.store.begin() as tx:
            stored = pages.store_page(tx, run_id=run_id, account=account, page=first, surface=crawler.platform)
        return Resolved(account, first.native_account_id, renamed=stored.rename is Rename.FOLLOWED)
    except StopIteration:
        return Resolved(account, problem="the platform told nothing of it")
    except CrawlError as error:
        if error.scope is Scope.CREDENTIAL:
            dead[account.platform, credential] = error
        return Resolved(account, problem=str(error))
    except NightRoundsError:
        raise  # storage: not this account's affair
    except Exception as error:
        log.error("crawler of %s raised %s for account %s", account.platform, type(error).__name__, account.id)
        return Resolved(account, problem=f"the crawler failed unexpectedly ({type(error).__name__})")
    finally:
        asking.close()  # type: ignore[attr-defined]  # crawlers are generators: the rest is not asked for
