"""accounts import, list, check: who is watched, and on what basis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from core.errors import ConfigError
from core.records import Account, Kind
from nightrounds.account_list import read_account_list
from nightrounds.account_preview import Change, Preview, preview_import
from nightrounds.cli._edge import Json, context, err, out, write_json
from nightrounds.context import Context
from nightrounds.demo import refuse_mixing
from nightrounds.finding_lines import printable
from storage import accounts as stored
from storage import crawls
from storage.account_plan import Act

_MOST_CHANGES = 40
_ALWAYS = frozenset({Act.ADDED, Act.CHANGED, Act.UNCHANGED})

commands = typer.Typer(help="Who is watched, and on what basis.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="accounts")


@commands.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: platform, handle, kind, basis, recorded_by, recorded_at[, unit, native_id, evidence]."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, store nothing.")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="The list is whole: accounts that it lacks are watched no longer.")
    ] = False,
    json: Json = False,
) -> None:
    """Add accounts to the watch list, or bring them up to date. Rows that can't be taken are reported, the rest goes in."""
    read = read_account_list(file)
    for row in read.bad_rows:
        err.print(f"{printable(str(file))}:{row.line}: {row.problem}", markup=False)
    if complete and (read.bad_rows or not read.accounts):
        raise ConfigError(f"{file}: --complete wants a list without a bad row: mend it first, nothing was stored")
    with context() as opened:
        refuse_mixing(opened, sandboxed=False)
        _warn_of_handles(opened, read.accounts)
        preview = preview_import(opened, read.accounts, complete=complete)
        if complete and not dry_run and preview.count(Act.REFUSED):
            _print_changes(preview, only=Act.REFUSED)
            raise ConfigError(f"{file}: --complete wants a list whose rows can all be taken: mend it first, nothing was stored")
        if not dry_run:
            with opened.store.begin() as tx:
                stored.import_accounts(tx, read.accounts)
                if complete:
                    stored.retire_others(tx, read.accounts)
    counts = {act.name.lower(): preview.count(act) for act in Act}
    if json:
        changes = [_as_change(change) for change in preview.changes if change.act is not Act.UNCHANGED]
        write_json({**counts, "bad_rows": len(read.bad_rows), "stored": not dry_run, "changes": changes})
    else:
        _print_changes(preview)
        summary = ", ".join(
            f"{preview.count(act)} {act.value}" for act in Act if act.name.lower() in _ALWAYS or preview.count(act)
        )
        summary += f"; {len(read.bad_rows)} rows not taken" if read.bad_rows else ""
        out.print(summary + ("; nothing was stored" if dry_run else ""))
    if read.bad_rows or preview.count(Act.REFUSED):
        raise typer.Exit(1)


def _print_changes(preview: Preview, *, only: Act | None = None) -> None:
    changed = [change for change in preview.changes if change.act is (only or change.act) and change.act is not Act.UNCHANGED]
    for change in changed[:_MOST_CHANGES]:
        account = change.account
        out.print(f"{change.act.value}: {account.platform} {printable(account.handle)}", markup=False)
        for name, before, after in change.fields:
            out.print(f"    {name}: {printable(before) or '(none)'} -> {printable(after) or '(none)'}", markup=False)
        if change.consequence:
            out.print(f"    so: {change.consequence}", markup=False)
    if len(changed) > _MOST_CHANGES:
        out.print(f"… and {len(changed) - _MOST_CHANGES} more: --json lists all")


def _as_change(change: Change) -> dict[str, object]:
    return {
        "act": change.act.value,
        **_as_json(change.account),
        "fields": {name: {"before": before, "after": after} for name, before, after in change.fields},
        "consequence": change.consequence,
    }


@commands.command("list")
def list_(
    platform: Annotated[str | None, typer.Option(help="Only this platform.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Those that are watched no longer.")] = False,
    json: Json = False,
) -> None:
    """The watched accounts."""
    with context() as opened, opened.store.read() as tx:
        found = sorted(
            stored.list_accounts(tx, platform=platform, kind=kind, retired=retired),
            key=lambda a: (a.platform, a.handle.casefold()),
        )
    if json:
        write_json([_as_json(account) for account in found])
        return
    table = Table()
    for name in ("platform", "handle", "kind", "basis", "recorded", "unit"):
        table.add_column(name, overflow="fold")
    for a in found:
        table.add_row(
            a.platform,
            escape(printable(a.handle)),
            a.kind.value,
            a.basis.value,
            f"{a.basis_recorded_at:%Y-%m-%d}",
            escape(printable(a.unit or "")),
        )
    out.print(table)


def _as_json(account: Account) -> dict[str, str | None]:
    return {
        "id": account.id,
        "platform": account.platform,
        "handle": account.handle,
        "kind": account.kind.value,
        "basis": account.basis.value,
        "recorded_at": account.basis_recorded_at.isoformat(),
        "unit": account.unit,
        "native_id": account.native_id,
    }


@commands.command("check")
def check(json: Json = False) -> None:
    """Can each account be crawled with what is configured? Asks no platform."""
    with context() as opened:
        with opened.store.read() as tx:
            found = stored.list_accounts(tx)
            crawled = {account.id: crawls.had_posts(tx, account.id) for account in found}
        problems = [(account, problem) for account in found if (problem := _problem(opened, account))]
    if json:
        write_json([{"id": a.id, "platform": a.platform, "handle": a.handle, "problem": problem} for a, problem in problems])
    else:
        for problem, group in groupby(sorted(problems, key=itemgetter(1)), key=itemgetter(1)):
            names = ", ".join(f"{account.platform} {printable(account.handle)}" for account, _ in group)
            out.print(f"{problem}\n  so not: {names}", markup=False)
        ready, never = len(found) - len(problems), sum(not had for had in crawled.values())
        out.print(f"{ready} of {len(found)} accounts can be crawled; {never} have no stored post yet")
    if problems:
        raise typer.Exit(1)


def _problem(opened: Context, account: Account) -> str:
    crawler = opened.crawlers.get(account.platform)
    return crawler.account_problem(account) if crawler else "no crawler for this platform"


def _warn_of_handles(opened: Context, accounts: Sequence[Account]) -> None:
    """Say which accounts of a list can't be asked for as they are written; credentials may come later."""
    for account in accounts:
        crawler = opened.crawlers.get(account.platform)
        problem = crawler.account_problem(account) if crawler else ""
        if crawler and problem and problem != crawler.missing_credentials():
            err.print(f"{account.platform} {printable(account.handle)}: {problem}", markup=False)
