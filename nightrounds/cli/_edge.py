"""Shared by the commands: reading the settings once, opening a context, writing for people or for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from core.settings import Settings, load_settings
from nightrounds.context import Context, open_context

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Another policy file than the settings name.", dir_okay=False)
]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def settings(policy: Path | None = None) -> Settings:
    """The settings of this process."""
    return load_settings(policy=policy)


@contextmanager
def context(policy: Path | None = None) -> Iterator[Context]:
    """An open context on the settings of this process."""
    with open_context(settings(policy)) as opened:
        yield opened


def write_json(data: Any) -> None:
    """One JSON document on stdout; not through rich, which would wrap and colour it."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")
