"""coverage: what a run could and could not look at, shown again without scanning."""

from __future__ import annotations

from typing import Annotated

import typer

from core.records import CoverageStatus
from nightrounds.cli._edge import Json, context, out, write_json
from storage import accounts, crawls
from storage.transaction import Transaction


def register(app: typer.Typer) -> None:
    app.command()(coverage)


def coverage(
    run: Annotated[int | None, typer.Option(min=1, help="The run's number, as its report names it; else the last.")] = None,
    json: Json = False,
) -> None:
    """What the last run could and could not look at, by cause, and who must act. Scans nothing."""
    with context() as opened, opened.store.read() as tx:
        shown = crawls.get_run(tx, run if run is not None else _last_with_coverage(tx))
        seen = crawls.coverage_of(tx, shown.id)
        watched = accounts.list_accounts(tx, ids=[c.account_id for c in seen])
    incomplete = [c for c in seen if c.status is not CoverageStatus.COMPLETE]
    from nightrounds.morning_report import by_cause, coverage_table, problems

    if json:
        causes = [
            {
                "platform": group[0].platform,
                "status": group[0].status.value,
                "reason": group[0].reason,
                "actor": group[0].actor,
                "accounts": [c.account_id for c in group],
            }
            for group in by_cause(incomplete)
        ]
        wholly = len(seen) - len(incomplete)
        write_json({"run_id": shown.id, "started_at": shown.started_at.isoformat(), "complete": wholly, "incomplete": causes})
        return
    out.print(f"Run {shown.id}, {shown.started_at:%A %Y-%m-%d, %H:%M} UTC, {shown.state}", style="bold", markup=False)
    if not seen:
        out.print("It looked at no account.")
        return
    out.print(coverage_table(seen))
    names = {account.id: f"{account.platform} {account.handle}" for account in watched}
    for part in problems(incomplete, names, most=len(incomplete)):
        out.print(part)


def _last_with_coverage(tx: Transaction) -> int:
    """Runs that only resolve or import tell no coverage. Raises StorageError before the first run."""
    last = crawls.get_run(tx).id
    return next((number for number in range(last, 0, -1) if crawls.coverage_of(tx, number)), last)
