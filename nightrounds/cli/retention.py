"""purge; holds place, list, release; decisions list, decide: what must be erased, what may not be, and who says so."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from nightrounds.cli._edge import By, Json, account_called, context, err, out, said, write_json
from nightrounds.finding_lines import printable
from nightrounds.retention import Purge
from nightrounds.retention import purge as carry_out
from storage import decisions, holds
from storage.decisions import Decision
from storage.duties import DecisionState
from storage.holds import LegalHold

_holds = typer.Typer(help="Legal holds: while one stands, nothing of its account is erased.", no_args_is_help=True)
_decisions = typer.Typer(help="A duty to delete met a hold or an open case: counsel decides.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1)]


class Decided(StrEnum):
    """What counsel may say; a decision begins otherwise, by waiting."""

    KEEP = DecisionState.KEEP.value
    ERASE = DecisionState.ERASE.value


_ROWS = {
    "posts": "posts",
    "captures": "answers of platforms",
    "profiles": "profiles",
    "findings": "findings by a barred rule",
    "held": "answers and profiles that something holds",
    "waiting": "posts that wait for counsel",
    "kept": "posts kept by decision",
    "unread": "posts not screened yet",
}


def register(app: typer.Typer) -> None:
    app.command()(purge)
    app.add_typer(_holds, name="holds")
    app.add_typer(_decisions, name="decisions")


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and why; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Erase what the platforms' terms, a retirement or an upheld dispute want gone, and nothing that is held."""
    with context() as opened, _bar(quiet=json) as bar:
        task = bar.add_task("looking at posts", total=None)
        done = carry_out(opened, rehearse=dry_run, progress=lambda count: bar.advance(task, count))
    if json:
        write_json(done.as_json())
    else:
        _print_purge(done)


def _bar(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)


def _print_purge(done: Purge) -> None:
    table = Table()
    for name in ("what", "platform", "why"):
        table.add_column(name, overflow="fold")
    table.add_column("count", justify="right")
    cells = [(_ROWS[what], *cell, n) for what, counts in done.counts().items() for cell, n in sorted(counts.items())]
    for what, platform, why, n in cells:
        table.add_row(what, escape(platform), escape(why), str(n))
    if cells:
        out.print(table)
    going = done.posts.total() + done.captures.total() + done.profiles.total() + done.findings.total()
    if not going:
        out.print("Nothing is to be erased." if done.rehearsed else "Nothing was to be erased.")
    elif done.rehearsed:
        out.print("Nothing was changed; 'nightrounds purge' does it.")
    else:
        out.print(
            f"Erased; {done.blobs} answers are out of the evidence store. What stays is counted in the audit trail by ids."
        )
    for words in done.remains:
        out.print(words)
    if done.waiting and done.rehearsed:
        out.print("What waits for counsel is put before them by a scan or 'nightrounds purge'; then 'decisions list' shows it.")
    elif done.waiting:
        out.print("What waits for counsel: 'nightrounds decisions list'.")


@_holds.command("place")
def place(
    platform: Annotated[str, typer.Argument(help="The account's platform.")],
    handle: Annotated[str, typer.Argument(help="Its handle, as in the list.")],
    reason: Annotated[str, typer.Option("--reason", help="The matter: its name or number.")],
    by: By,
) -> None:
    """Keep everything of an account until the hold is released."""
    who, why = said(by, "--by"), said(reason, "--reason")
    with context() as opened:
        account = account_called(opened, platform, handle)
        with opened.store.begin(who) as tx:
            number = holds.place(tx, account.id, reason=why, placed_by=who)
    out.print(f"hold {number} stands; nothing of this account is erased unless counsel decides so")


@_holds.command("list")
def list_holds(every: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False, json: Json = False) -> None:
    """The holds that stand."""
    with context() as opened, opened.store.read() as tx:
        found = holds.list_holds(tx, include_released=every)
    if json:
        write_json([_hold_as_json(hold) for hold in found])
        return
    for hold in found:
        ended = f", released {hold.released_at:%Y-%m-%d}" if hold.released_at else ""
        name = f"{hold.account.platform} {printable(hold.account.handle)}"
        out.print(f"{hold.id}  {name}  since {hold.placed_at:%Y-%m-%d}{ended}", markup=False)
        out.print(f"    {printable(hold.reason)}, by {printable(hold.placed_by)}", markup=False)
    if not found:
        out.print("no hold stands")


@_holds.command("release")
def release(number: Number, by: By) -> None:
    """End a hold. What had to go meanwhile goes with the next purge."""
    with context() as opened, opened.store.begin(said(by, "--by")) as tx:
        holds.release(tx, number)
    out.print(f"hold {number} is released")


@_decisions.command("list")
def list_decisions(
    every: Annotated[bool, typer.Option("--all", help="Those that were carried out too.")] = False,
    sealed: Annotated[bool, typer.Option("--sealed", help="Labour counsel: those over sealed cases too.")] = False,
    json: Json = False,
) -> None:
    """What waits for counsel, and what was decided and not yet carried out."""
    with context() as opened, opened.store.read() as tx:
        found = decisions.list_decisions(tx, include_settled=every, include_sealed=sealed)
    if json:
        write_json([_decision_as_json(one) for one in found])
    else:
        _print_decisions(found)


def _print_decisions(found: Sequence[Decision]) -> None:
    for one in found:
        name = f"{one.account.platform} {printable(one.account.handle)}, post {one.post_id}"
        state = "settled" if one.done_at and one.state is DecisionState.WAITING else one.state.value
        out.print(f"{one.id}  {state}  {name}: {one.duty.value} since {one.due_at:%Y-%m-%d}, {one.held_by.value}", markup=False)
        if one.decided_at:
            closed = f", closed {one.done_at:%Y-%m-%d}" if one.done_at else ""
            words = f"    decided {one.decided_at:%Y-%m-%d}{closed} by {printable(one.decided_by)}: {printable(one.reasoning)}"
            out.print(words, markup=False)
    if not found:
        out.print("no decision waits")


@_decisions.command("decide")
def decide(
    number: Number,
    state: Annotated[Decided, typer.Argument(help="keep: it stays until decided otherwise. erase: the next purge does.")],
    reasoning: Annotated[str, typer.Option("--reasoning", help="Why.")],
    by: By,
) -> None:
    """Decide to keep or to erase. Who placed a legal hold on the account can't decide to erase."""
    who, why = said(by, "--by"), said(reasoning, "--reasoning")
    with context() as opened, opened.store.begin(who) as tx:
        decided = decisions.decide(tx, number, DecisionState(state), reasoning=why, decided_by=who)
    anew = f", in place of {number}" if decided != number else ""
    out.print(f"decision {decided}{anew}: {state.value}" + ("; the next purge does it" if state is Decided.ERASE else ""))


def _hold_as_json(hold: LegalHold) -> dict[str, Any]:
    return {
        "number": hold.id,
        "account_id": hold.account.id,
        "platform": hold.account.platform,
        "handle": hold.account.handle,
        "reason": hold.reason,
        "placed_by": hold.placed_by,
        "placed_at": hold.placed_at.isoformat(),
        "released_at": hold.released_at.isoformat() if hold.released_at else None,
    }


def _decision_as_json(one: Decision) -> dict[str, Any]:
    return {
        "number": one.id,
        "post_id": one.post_id,
        "account_id": one.account.id,
        "platform": one.account.platform,
        "handle": one.account.handle,
        "duty": one.duty.value,
        "held_by": one.held_by.value,
        "due_at": one.due_at.isoformat(),
        "raised_at": one.raised_at.isoformat(),
        "state": one.state.value,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at.isoformat() if one.decided_at else None,
        "reasoning": one.reasoning,
        "done_at": one.done_at.isoformat() if one.done_at else None,
    }
