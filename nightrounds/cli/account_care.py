"""accounts resolve, history, retire, dispute, disputes, decide: who an account is, was, and whether it is ours at all."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from core.errors import ConfigError
from core.records import Account
from nightrounds.cli._edge import By, Json, account_called, accounts_called, context, out, said, write_json
from nightrounds.cli.accounts import commands
from nightrounds.demo import refuse_mixing
from nightrounds.finding_lines import printable
from nightrounds.resolving import Resolved, resolve_accounts
from storage import account_names, disputes, profiles
from storage import accounts as stored
from storage.account_names import KnownHandle
from storage.disputes import DisputeState
from storage.profiles import Snapshot

Platform = Annotated[str, typer.Argument(help="The account's platform.")]
Handle = Annotated[str, typer.Argument(help="Its handle, as in the list.")]


class Ruling(StrEnum):
    """What may be decided of a dispute; it begins otherwise, open."""

    UPHELD = DisputeState.UPHELD.value
    REJECTED = DisputeState.REJECTED.value


def register() -> None:
    """Add these to the commands under `accounts`."""
    for function in (resolve, history, retire, dispute, decide):
        commands.command(function.__name__)(function)
    commands.command("disputes")(list_disputes)


def resolve(
    platform: Annotated[str | None, typer.Option(help="Only this platform.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Those too whose id is known: follows renames.")] = False,
    json: Json = False,
) -> None:
    """Ask the platforms once for each account's immutable id; from then on renames are followed."""
    with context() as opened:
        refuse_mixing(opened, sandboxed=False)
        with opened.store.read() as tx:
            found = [a for a in stored.list_accounts(tx, platform=platform) if again or a.native_id is None]
        results = resolve_accounts(opened, found, progress=None if json else _print_resolved)
    if json:
        write_json([_as_json(r) for r in results])
    else:
        out.print(f"{sum(not r.problem for r in results)} of {len(results)} accounts resolved")
    if any(r.problem for r in results):
        raise typer.Exit(1)


def _as_json(result: Resolved) -> dict[str, object]:
    return {
        "id": result.account.id,
        "platform": result.account.platform,
        "resolved": not result.problem,
        "renamed": result.renamed,
        "problem": result.problem,
    }


def _print_resolved(result: Resolved) -> None:
    name = f"{result.account.platform} {printable(result.account.handle)}"
    what = result.problem or ("found, under another handle now" if result.renamed else "found")
    out.print(f"{name}: {what}", markup=False)


def history(platform: Platform, handle: Handle, json: Json = False) -> None:
    """What an account was called and what it said of itself, from the first night on; an old handle finds whoever had it."""
    with context() as opened:
        now, former = accounts_called(opened, platform, handle)
        if not now and not former:
            raise ConfigError("no account of this platform has or had this handle; see 'nightrounds accounts list'")
        with opened.store.read() as tx:
            known = [(one, account_names.handles_of(tx, one.id), profiles.snapshots(tx, one.id)) for one in (*now, *former)]
    if json:
        write_json([_history_as_json(*one) for one in known])
        return
    for account, handles, seen in known:
        if account in former:
            out.print(f"had this handle once, is {printable(account.handle)} now:", style="bold", markup=False)
        _print_history(handles, seen)


def _history_as_json(account: Account, handles: list[KnownHandle], seen: list[Snapshot]) -> dict[str, Any]:
    return {
        "id": account.id,
        "handle": account.handle,
        "handles": [{"handle": h.handle, "source": h.source, "seen_at": h.seen_at.isoformat()} for h in handles],
        "profiles": [
            {
                "first_seen_at": s.first_seen_at.isoformat(),
                "last_seen_at": s.last_seen_at.isoformat(),
                "display_name": s.profile.display_name,
                "bio": s.profile.bio,
                "links": list(s.profile.links),
                "picture_sha256": s.profile.picture_sha256,
                "picture_hash": s.profile.picture_hash,
            }
            for s in seen
        ],
    }


def _print_history(handles: list[KnownHandle], seen: list[Snapshot]) -> None:
    for h in handles:
        out.print(f"{h.seen_at:%Y-%m-%d}  {printable(h.handle)} (told by the {h.source})", markup=False)
    for s in seen:
        out.print(f"{s.first_seen_at:%Y-%m-%d} to {s.last_seen_at:%Y-%m-%d}  {printable(s.profile.display_name)}", markup=False)
        for name, value in (("bio", s.profile.bio), ("links", " ".join(s.profile.links)), ("picture", s.profile.picture_hash)):
            if value:
                out.print(f"    {name}: {printable(value)}", markup=False)
    if not seen:
        out.print("no profile was seen yet")


def retire(platform: Platform, handle: Handle, by: By) -> None:
    """Watch an account no longer. What is stored of it falls under retention."""
    who = said(by, "--by")
    with context() as opened:
        account = account_called(opened, platform, handle)
        with opened.store.begin(who) as tx:
            stored.retire(tx, account.id)
    out.print("retired; importing it again watches it again")


def dispute(
    platform: Platform,
    handle: Handle,
    claim: Annotated[str, typer.Option("--claim", help="What is wrong: not ours, no longer ours, another person.")],
    by: By,
) -> None:
    """Record that somebody disputes what the list says of an account; until it is decided nothing is collected from it."""
    who, what = said(by, "--by"), said(claim, "--claim")
    with context() as opened:
        account = account_called(opened, platform, handle)
        with opened.store.begin(who) as tx:
            number = disputes.raise_dispute(tx, account.id, claim=what, raised_by=who)
    out.print(f"dispute {number} is open; nothing is collected from this account until it is decided")


def list_disputes(every: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False, json: Json = False) -> None:
    """Disputes that wait for a decision."""
    with context() as opened, opened.store.read() as tx:
        found = disputes.list_disputes(tx, state=None if every else DisputeState.OPEN)
        named = stored.by_id(tx, [one.account_id for one in found])
    if json:
        write_json(
            [
                {
                    "id": d.id,
                    "account_id": d.account_id,
                    "state": d.state.value,
                    "raised_at": d.raised_at.isoformat(),
                    "claim": d.claim,
                    "raised_by": d.raised_by,
                    "decided_at": d.decided_at.isoformat() if d.decided_at else None,
                    "decided_by": d.decided_by,
                    "reasoning": d.reasoning,
                }
                for d in found
            ]
        )
        return
    for d in found:
        account = named[d.account_id]
        name = f"{account.platform} {printable(account.handle)}"
        out.print(f"{d.id}  {d.state.value}  {name}  since {d.raised_at:%Y-%m-%d}", markup=False)
        out.print(f"    {printable(d.claim)}", markup=False)
        out.print(
            f"    raised by {printable(d.raised_by)}; on the list by {printable(account.basis_recorded_by)}", markup=False
        )
    if not found:
        out.print("no dispute waits")


def decide(
    number: Annotated[int, typer.Argument(help="The dispute, as 'accounts disputes' lists it.")],
    state: Annotated[Ruling, typer.Argument(help="upheld: the account is retired. rejected: it is watched again.")],
    reasoning: Annotated[str, typer.Option("--reasoning", help="Why.")],
    by: By,
) -> None:
    """Decide a dispute; not the person who raised it."""
    who, why = said(by, "--by"), said(reasoning, "--reasoning")
    with context() as opened, opened.store.begin(who) as tx:
        disputes.decide(tx, number, DisputeState(state), reasoning=why, decided_by=who)
    out.print(f"dispute {number} is {state.value}")
