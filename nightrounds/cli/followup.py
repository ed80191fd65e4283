"""findings list, show; cases list, show: what waits for a person, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from core.errors import ConfigError, StorageError
from core.policy import Policy
from core.records import Case, Severity
from nightrounds.cli._edge import Json, context, out, write_json
from nightrounds.excerpts import in_place
from nightrounds.finding_lines import excerpt_of, finding_lines, place_of
from storage import cases as stored_cases
from storage import findings as stored_findings
from storage.findings import StoredFinding

_findings = typer.Typer(help="Indicators, one by one.", no_args_is_help=True)
_cases = typer.Typer(help="What reviewers work on.", no_args_is_help=True)

_LARGEST = 2**63 - 1  # what a database counts to
Number = Annotated[int, typer.Argument(min=1, max=_LARGEST)]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]
After = Annotated[int | None, typer.Option(min=1, max=_LARGEST, help="Go on after this number, the last one shown.")]


def register(app: typer.Typer) -> None:
    app.add_typer(_findings, name="findings")
    app.add_typer(_cases, name="cases")


@_findings.command("list")
def list_findings(
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only this severity.")] = None,
    route: Annotated[str | None, typer.Option(help="Only what goes to this desk.")] = None,
    limit: Limit = 50,
    after: After = None,
    json: Json = False,
) -> None:
    """The findings that stand, newest first. Sealed ones are not among them."""
    with context() as opened, opened.store.read() as tx:
        require_known(opened.policy, rule=rule, route=route)
        found = stored_findings.list_findings(tx, rule=rule, severity=severity, route=route, limit=limit, after=after)
    if json:
        write_json([_finding_as_json(stored) for stored in found])
        return
    for stored in found:
        out.print(finding_lines(stored))
    out.print(f"There may be more: --after {found[-1].id}" if len(found) == limit else f"{len(found)} findings")


@_findings.command("show")
def show_finding(number: Number, json: Json = False) -> None:
    """One finding: the clause, why, where the post is, and a masked excerpt."""
    with context() as opened:
        with opened.store.read() as tx:
            stored = stored_findings.get(tx, number)
            if stored.finding.sealed:
                # What storage says of a number that it doesn't know: that there is a seal is already too much.
                raise StorageError(f"there is no finding {number}")
            found = in_place(opened, tx, stored)
        policy = opened.policy
    if json:
        write_json({**_finding_as_json(stored), "post_url": found.post.url if found.post else None})
        return
    finding = stored.finding
    clause, rule = policy.clause(finding.clause), policy.rule(finding.rule)
    category = rule.category(finding.category)
    out.print(finding_lines(stored, excerpt_of(stored, found.text)))
    for words in (
        "",
        f"{rule.title}: {category.title} (score {finding.score:.2f})",
        f"Clause {clause.id}, {clause.title}: {clause.asks}",
        f"Post: {place_of(stored, found.post)}",
        *([f"What the author can do: {category.mend}"] if category.mend else []),
        f"Goes to: {policy.routes[finding.route].title}",
        f"Policy {finding.policy_version}, detector {finding.detector_version}, found {stored.found_at:%Y-%m-%d %H:%M} UTC",
    ):
        out.print(words, markup=False)


def _finding_as_json(stored: StoredFinding) -> dict[str, Any]:
    f = stored.finding
    return {
        "number": stored.id,
        "rule": f.rule,
        "category": f.category,
        "severity": f.severity.value,
        "score": f.score,
        "spans": [{"segment": s.segment, "start": s.start, "end": s.end} for s in f.spans],
        "clause": f.clause,
        "route": f.route,
        "reason": f.reason,
        "scope": f.scope.value,
        "account_id": stored.account.id,
        "post_id": stored.post_id,
        "case": stored.case_id,
        "found_at": stored.found_at.isoformat(),
        "policy_version": f.policy_version,
        "detector_version": f.detector_version,
    }


@_cases.command("list")
def list_cases(
    route: Annotated[str | None, typer.Option(help="Only this desk's.")] = None,
    state: Annotated[stored_cases.CaseState | None, typer.Option(help="Only in this state.")] = None,
    limit: Limit = 50,
    after: After = None,
    json: Json = False,
) -> None:
    """The cases, the soonest due first. Sealed ones are not among them."""
    with context() as opened, opened.store.read() as tx:
        require_known(opened.policy, route=route)
        found = stored_cases.list_cases(tx, route=route, state=state, limit=limit, after=after)
    if json:
        write_json([_case_as_json(case) for case in found])
        return
    table = Table()
    for name in ("no.", "goes to", "severity", "state", "due", "findings", "rules"):
        table.add_column(name, overflow="fold")
    for case in found:
        due = f"{case.due_at:%Y-%m-%d %H:%M}" if case.due_at else ""
        table.add_row(
            str(case.id), case.route, case.severity.value, case.state, due, str(case.finding_count), ", ".join(case.rules)
        )
    out.print(table)
    if len(found) == limit:
        out.print(f"There may be more: --after {found[-1].id}")


@_cases.command("show")
def show_case(number: Number, json: Json = False) -> None:
    """One case with its findings and what happened to it."""
    with context() as opened, opened.store.read() as tx:
        detail = stored_cases.get(tx, number)
        if detail.case.sealed:
            raise StorageError(f"there is no case {number}")
    if json:
        findings = [_finding_as_json(stored) for stored in detail.findings]
        events = [{"at": event.at.isoformat(), "action": event.action, "actor": event.actor} for event in detail.events]
        write_json({**_case_as_json(detail.case), "finding_list": findings, "events": events})
        return
    case = detail.case
    due = f", due {case.due_at:%Y-%m-%d %H:%M} UTC" if case.due_at else ""
    out.print(f"[bold]Case {case.id}[/bold] for {case.route}: {case.state}, {case.severity.value}{due}")
    for stored in detail.findings:
        out.print(finding_lines(stored))
    for event in detail.events:
        out.print(f"  {event.at:%Y-%m-%d %H:%M} {event.action} by {event.actor}", markup=False)


def require_known(policy: Policy, *, rule: str | None = None, route: str | None = None) -> None:
    """An empty list would look like good news.

    Raises:
        ConfigError: the policy has no such rule or route.
    """
    for word, name, known in (("rule", rule, policy.rules), ("route", route, policy.routes)):
        if name is not None and name not in known:
            raise ConfigError(f"the policy has no {word} {name!r}; there are {', '.join(sorted(known))}")


def _case_as_json(case: Case) -> dict[str, Any]:
    return {
        "number": case.id,
        "route": case.route,
        "severity": case.severity.value,
        "state": case.state,
        "opened_at": case.opened_at.isoformat(),
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "findings": case.finding_count,
        "rules": list(case.rules),
    }
