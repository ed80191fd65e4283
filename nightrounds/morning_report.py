"""The morning report on a terminal: what could not be looked at first, then what was found, then what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from core.policy import Policy
from core.records import Coverage, CoverageStatus, Severity
from nightrounds.digest import Digest
from nightrounds.excerpts import FindingInPlace
from nightrounds.finding_lines import COLOURS, excerpt_of, finding_lines, printable

_MOST_PROBLEMS = 20


def morning_report(
    digest: Digest, policy: Policy, *, names: Mapping[str, str], gravest: Sequence[FindingInPlace]
) -> RenderableType:
    """Render a run. `names` maps account ids to what people call them; `gravest` are tonight's findings to show."""
    parts: list[RenderableType] = [
        Text(f"Morning report of run {digest.run_id}", style="bold"),
        Text(f"{policy.title}, version {policy.version}. What follows are indicators for a person to look at, not verdicts."),
        "",
        _coverage(digest),
        *_problems(digest.incomplete, names),
        *_not_read(digest, policy),
        "",
        Text(
            f"{digest.posts_new} new posts, {digest.posts_edited} edited, {digest.posts_gone} gone; "
            f"{digest.screened} screened; {digest.posts_stored} stored in all."
        ),
        "",
        _findings(digest),
    ]
    if gravest:
        parts += ["", *_gravest(gravest, sum(digest.findings_new.values()))]
    return Group(*parts, "", *_upkeep(digest), _next_steps(digest))


def _coverage(digest: Digest) -> Table:
    table = Table(title="What could be looked at", title_justify="left", title_style="bold")
    table.add_column("platform")
    for status in CoverageStatus:
        table.add_column(status.value, justify="right")
    frame = pd.DataFrame([(c.platform, c.status.value) for c in digest.coverage], columns=["platform", "status"])
    counts = pd.crosstab(frame["platform"], frame["status"]).reindex(columns=[s.value for s in CoverageStatus], fill_value=0)
    for platform, row in counts.iterrows():
        table.add_row(escape(str(platform)), *(str(n) if n else "·" for n in row))
    return table


def _problems(incomplete: Sequence[Coverage], names: Mapping[str, str]) -> Iterable[RenderableType]:
    if not incomplete:
        return
    table = Table(title="Not wholly looked at", title_justify="left", title_style="bold")
    for name in ("account", "status", "why", "who must act"):
        table.add_column(name, overflow="fold")
    for c in incomplete[:_MOST_PROBLEMS]:
        retry = f" (again after {c.retry_at:%H:%M} UTC)" if c.retry_at else ""
        name = escape(printable(names.get(c.account_id, c.account_id)))
        table.add_row(name, c.status.value, escape(c.reason) + retry, c.actor or "nobody")
    yield table
    if len(incomplete) > _MOST_PROBLEMS:
        yield Text(f"… and {len(incomplete) - _MOST_PROBLEMS} more: nightrounds scan --json lists all")


def _not_read(digest: Digest, policy: Policy) -> Iterable[RenderableType]:
    for reason, count in sorted(digest.not_read.items()):
        yield Text(f"Not read: {count} texts ({reason}). They are not 'clean': nobody has looked.", style="yellow")
    if digest.not_looked_for:
        titles = ", ".join(policy.rule(rule).title for rule in digest.not_looked_for)
        yield Text(f"Not looked for in this version: {titles}.", style="yellow")


def _findings(digest: Digest) -> RenderableType:
    new, standing = sum(digest.findings_new.values()), sum(digest.findings.values())
    parts: list[RenderableType] = [
        Text(f"{new} findings are new tonight; {standing} stand in all." if standing else "No findings stand.")
    ]
    if standing:
        parts.append(_findings_table(digest))
    if digest.sealed:
        sealed = f"{digest.sealed} more are sealed as protected activity: only labour counsel may open them."
        parts.append(Text(sealed, style="magenta"))
    return Group(*parts)


def _findings_table(digest: Digest) -> Table:
    table = Table(title="Findings that stand (new tonight)", title_justify="left", title_style="bold")
    table.add_column("rule")
    table.add_column("category")
    severities = [s for s in reversed(Severity) if any(severity == s for _, _, severity in digest.findings)]
    for severity in severities:
        table.add_column(severity.value, justify="right", style=COLOURS[severity])
    frame = pd.DataFrame(
        [(*key, count) for key, count in digest.findings.items()], columns=["rule", "category", "severity", "count"]
    )
    pivot = frame.pivot_table(index=["rule", "category"], columns="severity", values="count", aggfunc="sum", fill_value=0)
    for key, row in pivot.iterrows():
        rule, category = cast(tuple[str, str], key)
        cells = []
        for severity in severities:
            count, new = int(row.get(severity.value, 0)), digest.findings_new.get((rule, category, severity.value), 0)
            cells.append("·" if not count else f"{count} ({new})" if new else str(count))
        table.add_row(rule, category, *cells)
    return table


def _gravest(findings: Sequence[FindingInPlace], new: int) -> Iterable[RenderableType]:
    yield Text(f"The gravest of tonight, masked ({len(findings)} of {new} new ones)", style="bold")
    for one in findings:
        yield ""
        yield finding_lines(one.stored, excerpt_of(one.stored, one.text))


def _upkeep(digest: Digest) -> Iterable[RenderableType]:
    if digest.erasure_overdue:
        overdue = f"{digest.erasure_overdue} stored posts must be erased by now: 'purge --dry-run' says why, 'purge' does it."
        yield Text(overdue, style="yellow")
    if digest.decisions_waiting:
        waiting = f"{digest.decisions_waiting} decisions wait for counsel, to keep or to erase: 'decisions list'."
        yield Text(waiting, style="yellow")


def _next_steps(digest: Digest) -> RenderableType:
    steps = Table.grid(padding=(0, 2))
    for command, purpose in (
        ("cases list", "what waits, the most urgent first"),
        ("findings list", "every finding; 'findings show N' explains one"),
        ("verify", "check the audit trail and the evidence"),
        ("doctor", "is everything in order with this installation?"),
    ):
        steps.add_row(f"  {_program()} {command}", purpose)
    acting = (
        "Each account above that was not wholly looked at says who must act." if any(c.actor for c in digest.incomplete) else ""
    )
    return Group(Text(f"{digest.open_cases} cases are open."), "", Text("What next:"), steps, Text(acting))


def _program() -> str:
    """How this command can be called again from here."""
    return "nightrounds" if shutil.which("nightrounds") else os.path.relpath(sys.argv[0])
