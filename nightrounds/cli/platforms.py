"""platforms, new platform: what can be crawled, and the start of one more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from core.terms import load_terms
from nightrounds import new_platform, platform_table
from nightrounds.cli._edge import Json, out, settings, write_json

_new = typer.Typer(help="The start of something new, in a checkout.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("platforms")(platforms)
    app.add_typer(_new, name="new")


def platforms(
    write: Annotated[
        bool,
        typer.Option("--write", help="Bring README.md, docs/platforms.md and dags/pools.json of this checkout up to date."),
    ] = False,
    json: Json = False,
) -> None:
    """The platforms that can be crawled: what is read, how, under which terms, and what it was tried against."""
    terms = load_terms(settings().platform_terms)
    if write:
        for path in platform_table.write(Path.cwd(), terms):
            out.print(f"written: {path.relative_to(Path.cwd())}", markup=False)
        return
    found = platform_table.rows(terms)
    if json:
        write_json([dict(zip(platform_table.COLUMNS, row, strict=True)) for row in found])
        return
    for name, *cells in found:
        out.print(name, style="bold", markup=False)
        table = Table.grid(padding=(0, 2))
        for column, cell in zip(platform_table.COLUMNS[1:], cells, strict=True):
            table.add_row(f"  {column}", escape(cell))
        out.print(table)


@_new.command("platform")
def platform(name: Annotated[str, typer.Argument(help="The word for it in account lists: lower case.")]) -> None:
    """Write a crawler that works, a recorded conversation and a page of documentation, to be changed into the new one's."""
    for path in new_platform.write_platform(Path.cwd(), name):
        out.print(f"written: {path.relative_to(Path.cwd())}", markup=False)
    out.print("what comes next, its entry in policy/platforms.yaml among it: docs/add-a-platform.md")


@_new.callback()
def _only_platforms() -> None:
    """Keeps `new` a group while it has one command."""
