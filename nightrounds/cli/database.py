"""db upgrade, check; keys rotate: the state under the house."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from nightrounds.cli._edge import Json, out, settings, write_json
from nightrounds.context import utc_now
from storage import keyring, migrations
from storage.store import Store

_db = typer.Typer(help="The database.", no_args_is_help=True)
_keys = typer.Typer(help="The encryption keys.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(_db, name="db")
    app.add_typer(_keys, name="keys")


@_db.command()
def upgrade() -> None:
    """Bring the database to this version's schema. Safe to repeat."""
    with closing(Store.open(settings(), clock=utc_now, upgrade=True)) as store:
        out.print(f"{store.engine.dialect.name} database at revision {migrations.current_revision(store.engine)}")


@_db.command()
def check(
    fresh: Annotated[bool, typer.Option("--fresh", help="Of a new, empty database instead of the configured one.")] = False,
    json: Json = False,
) -> None:
    """Is the database at this version's schema, and do the migrations say the same as the tables?"""
    chosen = settings()
    with tempfile.TemporaryDirectory() as folder:
        if fresh:
            chosen = chosen.model_copy(update={"home": Path(folder), "database_url": None, "evidence_url": None})
            migrations.upgrade(chosen.sqlalchemy_url)
        current, head = migrations.current_revision(chosen.sqlalchemy_url), migrations.head_revision()
        differences = (
            migrations.check(chosen.sqlalchemy_url) if current == head else f"at revision {current}, this version needs {head}"
        )
    if json:
        write_json({"current": current, "head": head, "differences": differences})
    elif differences:
        out.print(f"{differences}\nrun 'nightrounds db upgrade'", markup=False)
    else:
        out.print(f"The database is at revision {head} and has no differences.")
    if differences:
        raise typer.Exit(1)


@_keys.command()
def rotate() -> None:
    """Make a new key and write everything anew under it. Can be stopped and run again; nothing is unreadable meanwhile."""
    with closing(Store.open(settings(), clock=utc_now)) as store:
        rotated = keyring.rotate(store)
    out.print(
        f"{rotated.rows} rows and {rotated.blobs} pieces of evidence were written anew; all are under key {rotated.active}"
    )
