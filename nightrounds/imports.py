"""Posts from a file, stored under the accounts that the file speaks of and screened like crawled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import ConfigError, CrawlError
from core.records import Account
from core.seams import CrawlRequest
from crawlers.archives import ArchiveCrawler, ArchiveOptions, accounts_in
from nightrounds import scan
from nightrounds.context import Context
from nightrounds.screening import screen_unread
from storage import accounts, crawls, pages

_MOST_NAMED = 5  # accounts that are named in a problem


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file came to. `problems` are for a person: lines that are no posts, accounts that nobody registered."""

    accounts: int
    new: int
    edited: int
    unchanged: int
    screened: int
    findings: int
    cases_opened: int
    problems: tuple[str, ...]

    @property
    def summary(self) -> str:
        return (
            f"accounts: {self.accounts}; posts: {self.new} new, {self.edited} edited, {self.unchanged} unchanged; "
            f"{self.screened} screened, {self.findings} findings, {self.cases_opened} cases opened"
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def import_file(
    context: Context, path: Path, *, platform: str | None = None, handle: str | None = None, progress: Callable[[int], None]
) -> ImportReport:
    """Store the file's posts under registered accounts. Killed, it goes on where it was; repeated, it stores nothing twice.

    Raises:
        ConfigError: the file can't be read at all, or no registered account is in it.
    """
    try:
        named = accounts_in(path)
    except CrawlError as error:
        raise ConfigError(f"{path}: {error}") from None
    chosen, problems = _chosen(context, named, platform, handle.removeprefix("@") if handle else None)
    if not chosen:
        raise ConfigError("\n".join([f"{path}: no registered account for these posts", *problems]))
    crawler = ArchiveCrawler(ArchiveOptions(path=path, take_nameless=handle is not None), clock=context.clock)
    counts = {"new": 0, "edited": 0, "unchanged": 0}
    with context.store.begin() as tx:
        run_id = crawls.begin_run(tx, trigger="posts import")
    try:
        for account in chosen:
            try:
                problems += _import_account(context, crawler, run_id, account, counts, progress)
            except CrawlError as error:
                problems.append(f"{account.platform} {account.handle}: {error}")
        screening = screen_unread(context)
    except BaseException:
        scan.finish(context, run_id, "failed")
        raise
    scan.finish(context, run_id, "finished")
    return ImportReport(
        len(chosen), **counts, screened=screening.posts, findings=screening.findings, cases_opened=screening.cases_opened,
        problems=tuple(problems),
    )  # fmt: skip


def _import_account(
    context: Context,
    crawler: ArchiveCrawler,
    run_id: int,
    account: Account,
    counts: dict[str, int],
    progress: Callable[[int], None],
) -> list[str]:
    notes: list[str] = []
    with context.store.read() as tx:
        cursor = crawls.load_cursor(tx, account.id, crawler.platform)
    for page in crawler.crawl(CrawlRequest(account=account, cursor=cursor)):
        with context.store.begin() as tx:
            stored = pages.store_page(tx, run_id=run_id, account=account, page=page, surface=crawler.platform)
        for name in counts:
            counts[name] += getattr(stored, name)
        if page.note:
            notes.append(page.note)
        progress(1)
    return notes


def _chosen(
    context: Context, named: list[tuple[str, str, int]], platform: str | None, handle: str | None
) -> tuple[list[Account], list[str]]:
    """The registered accounts that the file's records belong to, and a line for each name that nobody registered."""
    with context.store.read() as tx:
        if handle is not None:
            known = accounts.list_accounts(tx, platform=platform, handle=handle)
            if len(known) > 1:
                return [], ["--account names accounts on several platforms: say which with --platform"]
            return known, [] if known else ["the account that --account names is not registered: 'nightrounds accounts import'"]
        chosen: dict[str, Account] = {}
        problems, strangers = [], []
        for named_platform, named_handle, count in named:
            if platform is not None and named_platform not in ("", platform):
                continue
            on = named_platform or platform
            if not named_handle:
                problems.append(f"posts that name no account ({count}): give it with --account")
            elif not on:
                problems.append(f"posts that name no platform ({count}): give it with --platform")
            elif known := accounts.list_accounts(tx, platform=on, handle=named_handle):
                chosen |= {account.id: account for account in known}
            else:
                strangers.append(f"{on} {named_handle} ({count})")
        if strangers:
            more = f" and {len(strangers) - _MOST_NAMED} more" if len(strangers) > _MOST_NAMED else ""
            problems.append(f"posts of accounts that are not registered: {', '.join(strangers[:_MOST_NAMED])}{more}")
        return list(chosen.values()), problems
