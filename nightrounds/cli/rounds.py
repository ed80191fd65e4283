"""scan, sandbox, verify, doctor: the night's work and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import Actor, ConfigError
from core.records import Coverage, CoverageStatus, Severity
from nightrounds import scan as rounds
from nightrounds.cli._edge import Json, PolicyFile, err, out, settings, write_json
from nightrounds.context import open_context
from nightrounds.demo import open_sandbox_context, refuse_mixing
from nightrounds.digest import digest_of
from nightrounds.doctor import examine
from nightrounds.excerpts import gravest
from nightrounds.times import parse_time
from storage import audit, evidence, migrations, posts

_MOST_SHOWN = 8  # findings in the morning report


def register(app: typer.Typer) -> None:
    app.command()(scan)
    app.command()(sandbox)
    app.command()(verify)
    app.command()(doctor)


def scan(
    platform: Annotated[str | None, typer.Option(help="Only accounts on this platform.")] = None,
    account: Annotated[str | None, typer.Option(help="Only the account with this handle.")] = None,
    since: Annotated[str | None, typer.Option(help="Read again from this date or time, whatever was read before.")] = None,
    use_sandbox: Annotated[bool, typer.Option("--sandbox", help="Over the invented accounts of the loopback sandbox.")] = False,
    night: Annotated[
        int, typer.Option(min=1, max=2, help="Which night of the sandbox: on the second, posts change and go.")
    ] = 1,
    policy: PolicyFile = None,
    json: Json = False,
) -> None:
    """The nightly job: crawl, read, detect, gate, open cases, print what was and was not seen."""
    start = parse_time(since)
    chosen = settings(policy)
    with open_sandbox_context(chosen, night=night) if use_sandbox else open_context(chosen) as context:
        if not use_sandbox:
            refuse_mixing(context, sandboxed=False)
        handle = account.removeprefix("@") if account else None
        watched = rounds.watched_accounts(context, platform=platform, handle=handle)
        if not watched:
            raise ConfigError(
                "no account matches; 'nightrounds accounts list' shows what is watched"
                if platform or account
                else "no accounts are watched yet: 'nightrounds accounts import FILE.csv', or try 'nightrounds scan --sandbox'"
            )
        with _progress(quiet=json) as progress:
            report = rounds.scan(context, watched, trigger="command line", since=start, progress=progress)
        digest = digest_of(context, report.run_id, screened=report.screening.posts, narrowed=account is not None)
        if json:
            write_json(digest.as_json())
        else:
            from nightrounds.morning_report import morning_report

            names = {a.id: f"{a.platform} {a.handle}" for a in watched}
            grave = gravest(context, least=Severity.HIGH, since=digest.started_at, most=_MOST_SHOWN)
            out.print(morning_report(digest, context.policy, names=names, gravest=grave))
    if any(_is_failure(coverage) for coverage in digest.coverage):
        raise typer.Exit(1)


def _is_failure(coverage: Coverage) -> bool:
    """A private account or a robots.txt that refuses us is a fact for the account list's curator, not a failure of the run."""
    seen = coverage.status in {CoverageStatus.COMPLETE, CoverageStatus.PARTIAL}
    return not seen and coverage.actor != Actor.CURATOR.value


@contextmanager
def _progress(*, quiet: bool) -> Iterator[rounds.Progress]:
    """Bars on stderr, where a terminal is; nothing in a log file."""
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=err, transient=True, disable=quiet or not err.is_terminal,
    )  # fmt: skip
    with bars:
        crawling = bars.add_task("crawling accounts", total=None)
        reading = bars.add_task("screening posts", total=None, start=False)

        def show_crawled(coverage: Coverage) -> None:
            bars.advance(crawling)

        def show_screened(count: int) -> None:
            bars.start_task(reading)
            bars.advance(reading, count)

        yield rounds.Progress(
            accounts=lambda total: bars.update(crawling, total=total), crawled=show_crawled, screened=show_screened
        )


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65_533, help="Loopback port and the two above it; 0 takes any.")] = 8650,
    night: Annotated[int, typer.Option(min=1, max=2, help="Which night it is there.")] = 1,
    accounts: Annotated[Path | None, typer.Option(help="Write its account list here, for 'accounts import'.")] = None,
) -> None:
    """Loopback stand-ins of the platforms, in the foreground, to try everything without credentials."""
    from nightrounds.account_list import write_account_list
    from nightrounds.sandbox.server import Sandbox, main

    if accounts is not None:
        # by another name than the demonstration's: whoever imports this list means to crawl the sandbox as if it were real
        write_account_list(accounts, [replace(a, basis_recorded_by="sandbox list") for a in Sandbox().accounts()])
        err.print(f"the sandbox's account list is in {accounts}", markup=False)
    main(port=port, night=night)


def verify(json: Json = False) -> None:
    """Check the database, the audit trail's chain, each revision, and every piece of evidence. Needs no network."""
    with open_context(settings()) as context:
        damage = migrations.integrity(context.store.engine)
        with context.store.read() as tx:
            chain, contents, kept = audit.verify_chain(tx), posts.verify_contents(tx), evidence.verify_all(tx)
    sound = not damage and chain.ok and contents.ok and kept.ok
    if json:
        write_json(
            {"sound": sound, "database": damage, "audit": asdict(chain), "posts": asdict(contents), "evidence": asdict(kept)}
        )
    else:
        broken = f"; broken at entry {chain.broken_at}: {chain.reason}" if not chain.ok else ""
        for line in (
            f"database: {damage or 'no damage found'}",
            f"audit trail: {chain.checked} entries checked{broken}",
            f"revisions of posts: {contents.checked} checked, {len(contents.damaged)} damaged",
            f"evidence: {kept.checked} pieces checked, {len(kept.damaged)} damaged, {len(kept.missing)} missing, "
            f"{len(kept.lost_rows)} captures lost, {len(kept.wrong_rows)} captures changed, "
            f"{len(kept.unfinished)} erased but still there, {len(kept.orphans)} without a capture",
            *(f"  damaged: {name}" for name in kept.damaged),
            *(f"  missing: {name}" for name in kept.missing),
            *(f"  erased but still there: {name}" for name in kept.unfinished),
            "Everything is as it was written."
            if sound
            else "Nothing was changed or lost; what was erased goes with 'nightrounds purge'."
            if not damage and chain.ok and contents.ok and kept.intact
            else "Something was changed, or is missing: keep it, and restore a backup.",
        ):
            out.print(line, markup=False)
    if not sound:
        raise typer.Exit(1)


def doctor(json: Json = False) -> None:
    """Is everything in order: settings, policy, database, keys, evidence, credentials, rules without a detector."""
    checks = examine(settings())
    if json:
        write_json([check.as_json() for check in checks])
    else:
        for check in checks:
            mark = "[green]ok  [/green]" if check.ok else "[yellow]note[/yellow]" if check.bearable else "[red]FAIL[/red]"
            out.print(f"{mark} {escape(check.subject)}: {escape(check.finding)}")
    if not all(check.ok or check.bearable for check in checks):
        raise typer.Exit(1)
