"""screen, entities, check; posts import: posts that somebody hands over, rather than posts that are crawled.

What reads posts takes a second or two to import, so each command imports its own: `--help` must not wait for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.errors import ConfigError
from core.policy import load_policy
from core.records import Kind, Profile
from nightrounds.cli._edge import Json, PolicyFile, context, err, out, settings, write_json
from nightrounds.cli._files import given, taken

if TYPE_CHECKING:
    from nightrounds.drafts import DraftCheck
    from nightrounds.jsonl import FileReport

_commands = typer.Typer(help="Posts from files.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(help="JSON Lines, one post a line; '-' is stdin.", metavar="IN.jsonl")]
Target = Annotated[str, typer.Option("--output", "-o", help="Where to write; '-' is stdout.", metavar="OUT.jsonl")]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes to read with.")]


def register(app: typer.Typer) -> None:
    app.command()(screen)
    app.command()(entities)
    app.command()(check)
    app.add_typer(_commands, name="posts")


def screen(source: Source, output: Target = "-", policy: PolicyFile = None, workers: Workers = 1) -> None:
    """Posts in, findings out, one line each, in the order read. No database, no network."""
    from nightrounds.screen_files import screen_file

    _file_to_file(screen_file, source, output, policy, workers)


def entities(source: Source, output: Target = "-", policy: PolicyFile = None, workers: Workers = 1) -> None:
    """Posts in, the raw entities out, before any judgement: for evaluation."""
    from nightrounds.screen_files import list_entities

    _file_to_file(list_entities, source, output, policy, workers)


def _file_to_file(answer: Callable[..., FileReport], source: str, output: str, policy: Path | None, workers: int) -> None:
    chosen = settings(policy)
    rules = load_policy(chosen.policy)
    with ExitStack() as files:
        read = given(source)
        written = files.enter_context(taken(output))
        progress = files.enter_context(_counter("posts"))
        report = answer(
            read, written, _say, policy=rules, nlp_configuration=chosen.nlp_configuration, workers=workers, progress=progress
        )
    if report.bad or report.not_read:
        _say(f"{report.read} lines read, {report.bad} not valid, {report.not_read} not wholly read")
    if report.bad:
        raise typer.Exit(1)


def _say(message: str) -> None:
    err.print(message, markup=False, soft_wrap=True)


@contextmanager
def _counter(what: str) -> Iterator[Callable[[int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.completed} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda count: bars.advance(task, count)


def check(
    text: Annotated[str, typer.Argument(help="The draft; '-' reads it from stdin.")],
    kind: Annotated[Kind, typer.Option("--as", help="As which kind of account it would be posted.")] = Kind.OFFICIAL,
    platform: Annotated[str, typer.Option(help="On which platform.")] = "website",
    bio: Annotated[str, typer.Option("--bio", help="The account's bio, read with it.")] = "",
    name: Annotated[str, typer.Option("--name", help="The account's display name, read with it.")] = "",
    policy: PolicyFile = None,
    json: Json = False,
) -> None:
    """Before you post: what would be flagged in a draft, which clause asks for it, and how to mend it.

    Exit 1 where the draft could not be read wholly.
    """
    from nightrounds.drafts import check_draft
    from nightrounds.screener import Screener, detectors_without_rule

    try:
        draft = sys.stdin.read() if text == "-" else text
    except UnicodeDecodeError:
        raise ConfigError("the draft is not UTF-8") from None
    if not draft.strip():
        raise ConfigError("there is no draft to check")
    chosen = settings(policy)
    rules = load_policy(chosen.policy)
    screener = Screener(rules, nlp_configuration=chosen.nlp_configuration)
    profile = Profile(display_name=name, bio=bio) if bio or name else None
    result = check_draft(draft, kind, rules, platform=platform, profile=profile, screener=screener)
    if json:
        write_json(_as_json(result))
    else:
        _show(result)
        if left_out := detectors_without_rule(rules):
            out.print(f"Not looked for, because the policy file has no entry: {', '.join(left_out)}.")
    if result.screened.not_read:
        raise typer.Exit(1)


def _show(result: DraftCheck) -> None:
    if result.screened.not_read:
        out.print(f"[yellow]Not wholly read: {escape(result.screened.not_read)}. That is not 'clean'.[/yellow]")
    if result.screened.protected:
        out.print(
            "This speaks about working conditions, which the law protects; rules that the gate seals don't hold it against you."
        )
    if any(finding.sealed for finding in result.screened.findings):
        out.print(
            "Something in it would be noted all the same, under seal: only labour counsel would see it, and may open the seal."
        )
    for item in result.explanations:
        f = item.finding
        out.print(
            f"[bold]{escape(item.rule_title)}: {escape(item.category_title)}[/bold] ({f.severity.value}, score {f.score:.2f})"
        )
        out.print(f"  clause {item.clause.id}, {escape(item.clause.title)}: {escape(item.clause.asks)}")
        out.print(f"  why: {escape(f.reason)}")
        words = ", ".join(f"'{word}'" for word in dict.fromkeys(item.words) if word)
        if words:
            out.print(f"  in: {words}", markup=False)
        if item.mend:
            out.print(f"  mend: {escape(item.mend)}")
    if not result.screened.findings and not result.screened.not_read:
        out.print("Nothing would be flagged. That is no approval: an indicator that is not found is not the same as none.")


def _as_json(result: DraftCheck) -> dict[str, Any]:
    return {
        "protected": result.screened.protected,
        "sealed": any(finding.sealed for finding in result.screened.findings),
        "not_read": result.screened.not_read,
        "findings": [
            {
                "rule": item.finding.rule,
                "category": item.finding.category,
                "severity": item.finding.severity.value,
                "score": item.finding.score,
                "spans": [{"segment": s.segment, "start": s.start, "end": s.end} for s in item.finding.spans],
                "clause": item.clause.id,
                "clause_title": item.clause.title,
                "route": item.finding.route,
                "reason": item.finding.reason,
                "mend": item.mend,
            }
            for item in result.explanations
        ],
    }


@_commands.command("import")
def import_posts(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines in the shape of 'screen', CSV, or X's account archive (zip or folder).")
    ],
    platform: Annotated[str | None, typer.Option(help="Only posts of this platform; needed where the file names none.")] = None,
    account: Annotated[str | None, typer.Option(help="Only posts of this handle; needed where the file names none.")] = None,
    json: Json = False,
) -> None:
    """Store posts from a file under their accounts, screen them and open cases. Run again, it stores nothing twice."""
    from nightrounds.imports import import_file

    with context() as opened, _counter("pages") as progress:
        report = import_file(opened, file, platform=platform, handle=account, progress=progress)
    if json:
        write_json(report.as_json())
    else:
        out.print(report.summary, markup=False)
        for problem in report.problems:
            err.print(problem, markup=False)
    if report.problems:
        raise typer.Exit(1)
