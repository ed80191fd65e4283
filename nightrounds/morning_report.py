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

_MOST_PROBLEMS = 20  # rows
_MOST_NAMES = 3  # of the accounts in a row


def morning_report(
    digest: Digest, policy: Policy, *, names: Mapping[str, str], gravest: Sequence[FindingInPlace]
) -> RenderableType:
    """Render a run. `names` maps account ids to what people call them; `gravest` are tonight's findings to show."""
    parts: list[RenderableType] = [
        Text(f"Morning report of run {digest.run_id}, {digest.started_at:%A %Y-%m-%d, %H:%M} UTC", style="bold"),
        Text(f"{policy.title}, version {policy.version}. What follows are indicators for a person to look at, not verdicts."),
        "",
        coverage_table(digest.coverage),
        *problems(digest.incomplete, names, most=_MOST_PROBLEMS),
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


def coverage_table(coverage: Sequence[Coverage]) -> Table:
    """Platform by platform: how many accounts came to what, and how many posts are new."""
    table = Table(title="What could be looked at", title_justify="left", title_style="bold")
    table.add_column("platform")
    for name in (*(status.value for status in CoverageStatus), "new posts"):
        table.add_column(name, justify="right")
    frame = pd.DataFrame([(c.platform, c.status.value, c.new) for c in coverage], columns=["platform", "status", "new"])
    counts = pd.crosstab(frame["platform"], frame["status"]).reindex(columns=[s.value for s in CoverageStatus], fill_value=0)
    counts["new"] = frame.groupby("platform")["new"].sum()
    for platform, row in counts.iterrows():
        table.add_row(escape(str(platform)), *(str(n) if n else "·" for n in row))
    return table


def problems(incomplete: Sequence[Coverage], names: Mapping[str, str], *, most: int) -> Iterable[RenderableType]:
    """What was not wholly looked at, `most` rows: a row is a cause, with how many accounts it keeps from being seen."""
    if not incomplete:
        return
    table = Table(title="Not wholly looked at", title_justify="left", title_style="bold")
    for name in ("account", "status", "why", "who must act"):
        table.add_column(name, overflow="fold")
    groups = by_cause(incomplete)
    for group in groups[:most]:
        one = group[0]
        retry_at = max((c.retry_at for c in group if c.retry_at), default=None)
        retry = f" (again after {retry_at:%H:%M} UTC)" if retry_at else ""
        table.add_row(_named(group, names), one.status.value, escape(one.reason) + retry, one.actor or "nobody")
    yield table
    if len(groups) > most:
        yield Text(f"… and {len(groups) - most} causes more: nightrounds coverage lists all")


def by_cause(incomplete: Iterable[Coverage]) -> list[list[Coverage]]:
    """Accounts of one platform that the same keeps from being seen stand together; in the order in which they come."""
    groups: dict[tuple[str, CoverageStatus, str, str], list[Coverage]] = {}
    for c in incomplete:
        groups.setdefault((c.platform, c.status, c.reason, c.actor), []).append(c)
    return list(groups.values())


def _named(group: Sequence[Coverage], names: Mapping[str, str]) -> str:
    shown = [escape(printable(names.get(c.account_id, c.account_id))) for c in group[:_MOST_NAMES]]
    if len(group) == 1:
        return shown[0]
    return f"{len(group)} accounts: {', '.join(shown)}{', …' if len(group) > len(shown) else ''}"


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
