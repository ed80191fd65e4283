"""Tables and text of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.quality.metrics import Estimate


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, and its lines for the summary: what is measured, ours, the best peer's."""

    markdown: str
    brief: tuple[tuple[str, object, object], ...] = ()


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; columns of figures stand on the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    sides = [" --- |" if any(row[n][:1].isalpha() for row in cells) else " ---: |" for n in range(len(head))]
    lines = ["| " + " | ".join(head) + " |", "|" + "".join(sides)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in cells)])


def titled(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *parts])


def plain(value: float) -> str:
    """Three places, or a dash for what could not be computed."""
    return "–" if value != value else f"{value:.3f}"


def per_thousand(share: Estimate) -> str:
    """With its interval, one place."""
    value, low, high = (1_000 * edge for edge in (share.value, share.low, share.high))
    return "–" if value != value else f"{value:.1f} [{low:.1f}, {high:.1f}]"
