"""accounts import, list, check: who is watched, and on what basis."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from core.records import Account, Kind
from nightrounds.account_list import read_account_list
from nightrounds.cli._edge import Json, context, err, out, write_json
from nightrounds.context import Context
from storage import accounts as stored
from storage import crawls

_commands = typer.Typer(help="Who is watched, and on what basis.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(_commands, name="accounts")


@_commands.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: platform, handle, kind, basis, recorded_by, recorded_at[, unit, native_id].")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check the file, store nothing.")] = False,
    json: Json = False,
) -> None:
    """Add accounts to the watch list, or bring them up to date. Rows that can't be taken are reported, the rest goes in."""
    read = read_account_list(file)
    for row in read.bad_rows:
        err.print(f"{file}:{row.line}: {row.problem}", markup=False)
    if dry_run:
        result = {"rows": len(read.accounts), "bad_rows": len(read.bad_rows)}
        summary = f"{len(read.accounts)} rows are in order; nothing was stored"
    else:
        with context() as opened, opened.store.begin() as tx:
            imported = stored.import_accounts(tx, read.accounts)
        result = {
            "added": imported.added,
            "changed": imported.changed,
            "unchanged": imported.unchanged,
            "bad_rows": len(read.bad_rows),
        }
        summary = f"{imported.added} added, {imported.changed} changed, {imported.unchanged} unchanged"
    if json:
        write_json(result)
    else:
        out.print(summary + (f"; {len(read.bad_rows)} rows not taken" if read.bad_rows else ""))
    if read.bad_rows:
        raise typer.Exit(1)


@_commands.command("list")
def list_(
    platform: Annotated[str | None, typer.Option(help="Only this platform.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    json: Json = False,
) -> None:
    """The watched accounts."""
    with context() as opened, opened.store.read() as tx:
        found = sorted(stored.list_accounts(tx, platform=platform, kind=kind), key=lambda a: (a.platform, a.handle.casefold()))
    if json:
        write_json([_as_json(account) for account in found])
        return
    table = Table()
    for name in ("platform", "handle", "kind", "basis", "recorded", "unit"):
        table.add_column(name, overflow="fold")
    for a in found:
        table.add_row(
            a.platform, escape(a.handle), a.kind.value, a.basis.value, f"{a.basis_recorded_at:%Y-%m-%d}", escape(a.unit or "")
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


@_commands.command("check")
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
            names = ", ".join(f"{account.platform} {account.handle}" for account, _ in group)
            out.print(f"{problem}\n  so not: {names}", markup=False)
        ready, never = len(found) - len(problems), sum(not had for had in crawled.values())
        out.print(f"{ready} of {len(found)} accounts can be crawled; {never} have no stored post yet")
    if problems:
        raise typer.Exit(1)


def _problem(opened: Context, account: Account) -> str:
    crawler = opened.crawlers.get(account.platform)
    return crawler.missing_credentials() if crawler else "no crawler for this platform"
