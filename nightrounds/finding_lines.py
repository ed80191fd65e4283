"""A finding as a few lines on a terminal: what, where it goes, whose, why, and a masked excerpt."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from core.records import Post, Severity
from nightrounds.masking import masked_excerpt
from storage.findings import StoredFinding

COLOURS = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def finding_lines(stored: StoredFinding, excerpt: str = "") -> RenderableType:
    """`excerpt` is masked already; empty leaves it out."""
    f = stored.finding
    head = Text(f"#{stored.id} ")
    head.append(f.severity.value, style=COLOURS[f.severity])
    head.append(
        f" {f.rule}/{f.category}, clause {f.clause}, to {f.route}" + (f", case {stored.case_id}" if stored.case_id else "")
    )
    about = Text(f"{stored.account.platform} {printable(stored.account.handle)}, found {stored.found_at:%Y-%m-%d}", style="dim")
    body = [about, Text(f.reason), *([Text(excerpt)] if excerpt else [])]
    return Group(head, Padding(Group(*body), (0, 0, 0, 4)))


def excerpt_of(stored: StoredFinding, text: str) -> str:
    """The masked neighbourhood of the finding's first span in the segment that it names."""
    spans = stored.finding.spans
    return masked_excerpt(text, [span for span in spans if span.segment == spans[0].segment]) if spans else ""


def place_of(stored: StoredFinding, post: Post | None) -> str:
    """Where a person finds the post: account, day, and its public address."""
    account = f"{stored.account.platform} {stored.account.handle}"
    if post is None:
        return printable(f"{account}, in the profile")
    return printable(", ".join([account, *_day(post.posted_at), *([post.url] if post.url else [])]))


def printable(text: str) -> str:
    """What others wrote, without what a terminal would obey: control characters and marks that turn the line around."""
    return "".join(char if char.isprintable() else "·" for char in text)


def _day(moment: datetime | None) -> list[str]:
    return [f"posted {moment:%Y-%m-%d %H:%M} UTC"] if moment else []
