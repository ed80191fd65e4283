"""spending: what each credential cost, day by day, against its budget."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from nightrounds.cli._edge import Json, context, out, write_json
from storage import spending as stored


def register(app: typer.Typer) -> None:
    app.command("spending")(spending)


def spending(days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 7, json: Json = False) -> None:
    """Questions asked, quota units and dollars spent, by platform, credential and the platform's own day."""
    with context() as opened, opened.store.read() as tx:
        found = stored.days(tx, since=f"{opened.clock() - timedelta(days=days):%Y-%m-%d}")
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
    for one in found:
        spent = one.spent
        cells = (str(spent.calls), str(spent.units or "·"), f"{spent.micros / 1_000_000:.3f}" if spent.micros else "·")
        table.add_row(one.day, one.platform, one.credential, *cells)
    out.print(table)
