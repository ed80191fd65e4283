"""lookalikes make, add, list, decide: names that look like ours, and what somebody decided of each. Asks no platform."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from core.errors import ConfigError
from core.records import Account
from nightrounds.cli._edge import By, Json, context, err, out, said, write_json
from nightrounds.context import Context
from nightrounds.demo import refuse_mixing
from nightrounds.finding_lines import printable
from nightrounds.lookalikes import WEBSITE, OwnNames, account_of, known_names, likely_names, name_as_given, shown_name
from nightrounds.platforms import nightly_platforms
from nightrounds.seen_addresses import seen_addresses
from storage import accounts
from storage import lookalikes as stored
from storage.audit import SYSTEM
from storage.lookalikes import Lookalike, LookalikeSource, LookalikeState
from storage.transaction import Transaction

commands = typer.Typer(help="Names that look like ours; none is asked for until somebody decides so.", no_args_is_help=True)


class Ruling(StrEnum):
    """What may be decided of a lookalike; it begins otherwise, new."""

    WATCHED = LookalikeState.WATCHED.value
    OURS = LookalikeState.OURS.value
    HARMLESS = LookalikeState.HARMLESS.value


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="lookalikes")


@commands.command("make")
def make(
    limit: Annotated[int, typer.Option("--limit", min=1, max=5000, help="How many of the likeliest names.")] = 300,
    json: Json = False,
) -> None:
    """Put the names that an impostor is likeliest to take on the list, and the addresses that findings point to."""
    with context() as opened:
        with opened.store.read() as tx:
            known = _on_the_account_list(tx)
            own = OwnNames.of(opened.policy)
            seen = [
                one
                for one in seen_addresses(opened, tx)
                if (one.platform, one.name) not in known and not own.whose(one.platform, one.name)
            ]
        likely = likely_names(opened.policy, known=known, limit=limit)
        with opened.store.begin() as tx:
            counts = {
                "seen": stored.add(tx, seen, source=LookalikeSource.SEEN),
                "generated": stored.add(tx, likely, source=LookalikeSource.GENERATED),
            }
            waiting = len(stored.list_lookalikes(tx, state=LookalikeState.NEW))
    if json:
        write_json({**counts, "limit": limit, "waiting": waiting})
    else:
        made = f"{counts['generated']} of the {len(likely)} likeliest names are new, {counts['seen']} from findings"
        out.print(f"{made}; {waiting} wait for a decision: 'nightrounds lookalikes list'")


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(help="A web address, or with --platform a handle.")],
    platform: Annotated[str, typer.Option("--platform", help="The handle's platform.")] = WEBSITE,
    by: Annotated[str, typer.Option("--by", help="Who says so: name and office.")] = SYSTEM,
) -> None:
    """Put a web address or a handle that somebody came across on the list."""
    who = said(by, "--by")
    where = platform.strip().lower()
    if where not in nightly_platforms():
        raise ConfigError(f"--platform: expected one of {', '.join(nightly_platforms())}")
    with context() as opened:
        candidate = name_as_given(opened.policy, name, where)
        with opened.store.begin(who) as tx:
            if problem := _problem(opened, account_of(candidate, recorded_by=who, recorded_at=tx.now), credentials=False):
                raise ConfigError(problem)
            if (candidate.platform, candidate.name.casefold()) in _on_the_account_list(tx):
                raise ConfigError("it is on the account list already; see 'nightrounds accounts list'")
            added = stored.add(tx, [candidate], source=LookalikeSource.BY_HAND)
            one = stored.find(tx, candidate.platform, candidate.name)
    what = f"{one.candidate.platform} {printable(shown_name(one.candidate.name))}"
    known = "" if added else "known already: "
    out.print(f"{known}lookalike {one.id}, {what}, is {one.state.value}", markup=False)


@commands.command("list")
def list_(
    state: Annotated[LookalikeState, typer.Option("--state", help="Those in this state.")] = LookalikeState.NEW,
    every: Annotated[bool, typer.Option("--all", help="Those in every state.")] = False,
    json: Json = False,
) -> None:
    """Those that wait for a decision: first those that somebody saw, then the most confusable."""
    with context() as opened, opened.store.read() as tx:
        found = stored.list_lookalikes(tx, state=None if every else state)
    if json:
        write_json([_as_json(one) for one in found])
    elif found:
        _print(found)
    else:
        out.print("there is none" if every else f"none is {state.value}")


@commands.command("decide")
def decide(
    number: Annotated[int, typer.Argument(help="The lookalike, as 'lookalikes list' numbers it.", min=1, max=2**63 - 1)],
    state: Annotated[Ruling, typer.Argument(help="watched: crawled from the next night on. ours, harmless: settled.")],
    by: By,
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
) -> None:
    """Decide what one is. 'watched' puts it on the account list as unofficial, on the ground of its public claim."""
    who = said(by, "--by")
    why = said(note, "--note") if note else ""
    with context() as opened:
        if state is Ruling.WATCHED:
            problem = _watch(opened, number, who, why)
            out.print(
                f"lookalike {number} is watched; " + ("not crawled yet, though:" if problem else "the next scan visits it")
            )
            if problem:
                err.print(problem, markup=False)
            return
        with opened.store.begin(who) as tx:
            stored.dismiss(tx, number, LookalikeState(state), note=why, decided_by=who)
    out.print(f"lookalike {number} is {state.value}")


def _watch(opened: Context, number: int, who: str, why: str) -> str:
    """Put it on the account list; why it can't be crawled as things stand, or empty."""
    refuse_mixing(opened, sandboxed=False)
    with opened.store.begin(who) as tx:
        candidate = stored.get(tx, number).candidate
        if candidate.platform not in nightly_platforms():
            raise ConfigError(f"nothing crawls {candidate.platform}, so this one can't be watched")
        if whose := OwnNames.of(opened.policy).whose(candidate.platform, candidate.name):
            raise ConfigError(f"by the policy file this one is {whose}: it is not watched as an impostor")
        account = account_of(candidate, recorded_by=who, recorded_at=tx.now, evidence=f"lookalike {number}")
        stored.watch(tx, number, account, note=why, decided_by=who)
    return _problem(opened, account)


def _problem(opened: Context, account: Account, *, credentials: bool = True) -> str:
    """Why an account can't be asked for as it is written; or, with `credentials`, as things are configured."""
    crawler = opened.crawlers.get(account.platform)
    problem = crawler.account_problem(account) if crawler else ""
    return "" if crawler and not credentials and problem == crawler.missing_credentials() else problem


def _on_the_account_list(tx: Transaction) -> set[tuple[str, str]]:
    """Accounts that are watched, and those that were."""
    return known_names([*accounts.list_accounts(tx), *accounts.list_accounts(tx, retired=True)])


def _print(found: list[Lookalike]) -> None:
    table = Table()
    for name in ("number", "state", "platform", "name", "resembles", "how", "score"):
        table.add_column(name, overflow="fold")
    for one in found:
        candidate = one.candidate
        how = candidate.change or one.source.value
        cells = (one.state.value, candidate.platform, shown_name(candidate.name), candidate.resembles, how)
        table.add_row(
            str(one.id), *(escape(printable(cell)) for cell in cells), f"{candidate.score:.2f}" if candidate.score else ""
        )
    out.print(table)


def _as_json(one: Lookalike) -> dict[str, Any]:
    candidate = one.candidate
    return {
        "id": one.id,
        "platform": candidate.platform,
        "name": candidate.name,
        "shown": shown_name(candidate.name),
        "resembles": candidate.resembles,
        "change": candidate.change,
        "score": candidate.score,
        "source": one.source.value,
        "added_at": one.added_at.isoformat(),
        "state": one.state.value,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at.isoformat() if one.decided_at else None,
        "note": one.note,
        "account_id": one.account_id,
    }
