"""spending: what each credential cost, day by day, against its budget."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from nightrounds.cli._edge import Json, context, out, write_json
from nightrounds.platforms import daily_budget
from storage import spending as stored


def register(app: typer.Typer) -> None:
    app.command("spending")(spending)


def spending(days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 7, json: Json = False) -> None:
    """Questions asked, quota units and dollars spent, by platform, credential and the platform's own day.

    Beside each stands its budget for a day, as the settings of this process give it now.
    """
    with context() as opened:
        with opened.store.read() as tx:
            found = stored.days(tx, since=f"{opened.clock() - timedelta(days=days):%Y-%m-%d}")
        budgets = {name: daily_budget(opened.settings, name) for name in {one.platform for one in found}}
    if json:
        write_json(
            [
                {
                    "day": one.day,
                    "platform": one.platform,
                    "credential": one.credential,
                    "calls": one.spent.calls,
                    "units": one.spent.units,
                    "dollars": one.spent.micros / 1_000_000,
                    "daily_calls": budgets[one.platform].daily_calls,
                    "daily_units": budgets[one.platform].daily_units,
                    "daily_dollars": budgets[one.platform].daily_dollars,
                }
                for one in found
            ]
        )
        return
    table = Table()
    for name in ("day", "platform", "credential"):
        table.add_column(name)
    for name in ("questions", "units", "dollars"):
        table.add_column(name, justify="right")
        table.add_column("budget", justify="right")
    for one in found:
        spent, budget = one.spent, budgets[one.platform]
        cells = (
            *(str(spent.calls), _limit(budget.daily_calls, "d")),
            *(str(spent.units or "·"), _limit(budget.daily_units, "d")),
            *(f"{spent.micros / 1_000_000:.3f}" if spent.micros else "·", _limit(budget.daily_dollars, ".2f")),
        )
        table.add_row(one.day, one.platform, one.credential, *cells)
    out.print(table)


def _limit(most: float | None, form: str) -> str:
    return "·" if most is None else format(most, form)
