"""accounts resolve, history, retire, dispute, disputes, decide: who an account is, was, and whether it is ours at all."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError
from core.records import Account
from nightrounds.cli._edge import Json, context, out, write_json
from nightrounds.cli.accounts import commands
from nightrounds.context import Context
from nightrounds.demo import refuse_mixing
from nightrounds.finding_lines import printable
from nightrounds.resolving import Resolved, resolve_accounts
from storage import account_names, disputes, profiles
from storage import accounts as stored
from storage.disputes import DisputeState

Platform = Annotated[str, typer.Argument(help="The account's platform.")]
Handle = Annotated[str, typer.Argument(help="Its handle, as in the list.")]
By = Annotated[str, typer.Option("--by", help="Who says so: name and office.")]


def register() -> None:
    """Add these to the commands under `accounts`."""
    for function in (resolve, history, retire, dispute, decide):
        commands.command(function.__name__)(function)
    commands.command("disputes")(list_disputes)


def _one(opened: Context, platform: str, handle: str) -> Account:
    with opened.store.read() as tx:
        found = stored.list_accounts(tx, platform=platform, handle=handle.removeprefix("@"))
        found += stored.list_accounts(tx, platform=platform, handle=handle.removeprefix("@"), retired=True)
    if not found:
        raise ConfigError("no account of this platform and handle is on the list; see 'nightrounds accounts list'")
    return found[0]


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
    """What an account was called and what it said of itself, from the first night on."""
    with context() as opened:
        account = _one(opened, platform, handle)
        with opened.store.read() as tx:
            handles = account_names.handles_of(tx, account.id)
            seen = profiles.snapshots(tx, account.id)
    if json:
        write_json(
            {
                "id": account.id,
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
        )
        return
    for h in handles:
        out.print(f"{h.seen_at:%Y-%m-%d}  {printable(h.handle)} (told by the {h.source})", markup=False)
    for s in seen:
        out.print(f"{s.first_seen_at:%Y-%m-%d} to {s.last_seen_at:%Y-%m-%d}  {printable(s.profile.display_name)}", markup=False)
        for name, value in (("bio", s.profile.bio), ("links", " ".join(s.profile.links)), ("picture", s.profile.picture_hash)):
            if value:
                out.print(f"    {name}: {printable(value)}", markup=False)
    if not seen:
        out.print("no profile was seen yet")


def retire(platform: Platform, handle: Handle) -> None:
    """Watch an account no longer. What is stored of it falls under retention."""
    with context() as opened:
        account = _one(opened, platform, handle)
        with opened.store.begin() as tx:
            stored.retire(tx, account.id)
    out.print("retired; importing it again watches it again")


def dispute(
    platform: Platform,
    handle: Handle,
    claim: Annotated[str, typer.Option("--claim", help="What is wrong: not ours, no longer ours, another person.")],
    by: By,
) -> None:
    """Record that somebody disputes what the list says of an account; until it is decided nothing is collected from it."""
    with context() as opened:
        account = _one(opened, platform, handle)
        with opened.store.begin() as tx:
            number = disputes.raise_dispute(tx, account.id, claim=_said(claim, "--claim"), raised_by=_said(by, "--by"))
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
    state: Annotated[DisputeState, typer.Argument(help="upheld: the account is retired. rejected: it is watched again.")],
    reasoning: Annotated[str, typer.Option("--reasoning", help="Why.")],
    by: By,
) -> None:
    """Decide a dispute; not the person who raised it."""
    if state is DisputeState.OPEN:
        raise ConfigError("decide: expected upheld or rejected")
    with context() as opened, opened.store.begin() as tx:
        disputes.decide(tx, number, state, reasoning=_said(reasoning, "--reasoning"), decided_by=_said(by, "--by"))
    out.print(f"dispute {number} is {state.value}")


def _said(words: str, option: str) -> str:
    if not words.strip() or len(words) > 2000:
        raise ConfigError(f"{option}: expected 1 to 2,000 characters")
    return words.strip()
