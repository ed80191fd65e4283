"""What was measured, as a table with its bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One figure, and the bar that it has to hold, if any."""

    what: str
    value: str
    bar: str = ""
    held: bool = True


def print_table(rows: Iterable[Row]) -> None:
    for row in rows:
        print(f"{row.what:58} {row.value:>22}  {row.bar:>10}  {('ok' if row.held else 'NOT HELD') if row.bar else ''}".rstrip())
