"""lookalikes make, add, list and decide as a person meets them, up to the night that visits what was approved."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import select

from core.records import CoverageStatus, Kind
from core.settings import Settings
from nightrounds import cli
from nightrounds.context import open_context
from nightrounds.sandbox.server import Sandbox
from nightrounds.scan import scan, watched_accounts
from nightrounds.seen_addresses import seen_addresses
from storage import accounts, tables
from storage import lookalikes as stored
from storage.audit import actor_token
from storage.lookalikes import Candidate, LookalikeSource

Command = Callable[..., CompletedProcess[str]]
WHO = "Dana Okafor, compliance"


@pytest.fixture
def nightrounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command as the other `nightrounds` does, but in this process: each start of one takes seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTROUNDS_HOME", str(tmp_path / "home"))

    def run(*arguments: str, **environment: str) -> CompletedProcess[str]:
        with monkeypatch.context() as patch, redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            patch.setattr(sys, "argv", ["nightrounds", *arguments])
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return CompletedProcess(arguments, int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run


def listed(nightrounds: Command, *arguments: str) -> list[dict[str, object]]:
    return json.loads(nightrounds("lookalikes", "list", "--json", *arguments).stdout)


def test_making_fills_the_list_once(nightrounds: Command) -> None:
    assert listed(nightrounds) == []
    first = json.loads(nightrounds("lookalikes", "make", "--limit", "40", "--json").stdout)
    again = json.loads(nightrounds("lookalikes", "make", "--limit", "40", "--json").stdout)
    more = json.loads(nightrounds("lookalikes", "make", "--limit", "50", "--json").stdout)
    assert first == {"seen": 0, "generated": 40, "limit": 40, "waiting": 40}
    assert (again["generated"], more["generated"], more["waiting"]) == (0, 10, 50)
    found = listed(nightrounds)
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)
    assert {"state": "new", "source": "generated", "decided_by": "", "account_id": None}.items() <= found[0].items()
    assert nightrounds("accounts", "list", "--json").stdout.strip() == "[]"  # nothing is crawled that nobody approved


def test_what_was_settled_does_not_come_up_again(nightrounds: Command) -> None:
    nightrounds("lookalikes", "make", "--limit", "3")
    for number, state in (("1", "ours"), ("2", "harmless")):
        done = nightrounds("lookalikes", "decide", number, state, "--by", WHO, "--note", "known")
        assert (done.returncode, done.stdout) == (0, f"lookalike {number} is {state}\n")
    nightrounds("lookalikes", "make", "--limit", "3")
    assert [one["id"] for one in listed(nightrounds)] == [3]
    assert [one["id"] for one in listed(nightrounds, "--state", "ours")] == [1]
    assert {one["state"] for one in listed(nightrounds, "--all")} == {"new", "ours", "harmless"}
    assert "mssrn.com" in nightrounds("lookalikes", "list", "--all").stdout


def test_one_is_added_by_hand_and_known_the_second_time(nightrounds: Command, tmp_path) -> None:
    site = ("lookalikes", "add", "https://mountsinai-visas.example/apply")
    assert nightrounds(*site, "--by", WHO).stdout == "lookalike 1, website mountsinai-visas.example, is new\n"
    assert nightrounds(*site).stdout == "known already: lookalike 1, website mountsinai-visas.example, is new\n"
    on_x = nightrounds("lookalikes", "add", "--platform", "X", "@MountSinai_Relief")
    assert on_x.stdout == "lookalike 2, x MountSinai_Relief, is new\n"
    e = tables.audit_events.c
    with open_context(Settings(home=tmp_path / "home")) as context, context.store.read() as tx:
        actors = (
            tx.connection.execute(select(e.actor).where(e.action == "lookalikes added").order_by(e.sequence)).scalars().all()
        )
        assert [actor == actor_token(tx.keys, WHO) for actor in actors] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("https://www.mountsinai.org/careers",), "this one is ours"),
        (("--platform", "x", "MountSinaiNYC"), "this one is ours"),
        (("sinaichicago.org",), "a namesake's"),
        (("--platform", "myspace", "canary"), "--platform: expected one of"),
        (("--platform", "archive", "canary"), "--platform: expected one of"),
        (("http://192.0.2.7/canary",), "expected a web address"),
        (("canary.example", "--by", " "), "--by: expected"),
    ],
)
def test_what_can_not_be_added_is_told_and_not_quoted(nightrounds: Command, arguments: tuple[str, ...], said: str) -> None:
    done = nightrounds("lookalikes", "add", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert "canary" not in done.stderr
    assert listed(nightrounds, "--all") == []


def test_what_can_not_be_decided_is_told(nightrounds: Command) -> None:
    decide = ("lookalikes", "decide")
    nightrounds("lookalikes", "make", "--limit", "1")
    assert nightrounds(*decide, "1", "new", "--by", WHO).returncode == 2
    assert nightrounds(*decide, "0", "ours", "--by", WHO).returncode == 2
    assert nightrounds(*decide, "1", "watched").returncode == 2
    missing = nightrounds(*decide, "99", "watched", "--by", WHO)
    assert (missing.returncode, missing.stderr) == (1, "nightrounds: there is no lookalike 99\n")
    assert [one["state"] for one in listed(nightrounds)] == ["new"]


@pytest.mark.parametrize(("platform", "name", "said"), [("x", "mountsinainyc", "ours"), ("myspace", "mountsinai_", "crawls")])
def test_ours_and_what_nothing_crawls_is_not_watched(
    nightrounds: Command, tmp_path, platform: str, name: str, said: str
) -> None:
    with open_context(Settings(home=tmp_path / "home")) as context, context.store.begin() as tx:
        stored.add(tx, [Candidate(platform=platform, name=name)], source=LookalikeSource.GENERATED)
    done = nightrounds("lookalikes", "decide", "1", "watched", "--by", WHO)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert nightrounds("accounts", "list", "--json").stdout.strip() == "[]"


def test_control_characters_of_a_name_do_not_reach_the_terminal(nightrounds: Command, tmp_path) -> None:
    with open_context(Settings(home=tmp_path / "home")) as context, context.store.begin() as tx:
        stored.add(tx, [Candidate(platform="x", name="ev\x1b[31mil[bold]")], source=LookalikeSource.SEEN)
    shown = nightrounds("lookalikes", "list").stdout
    assert "ev·[31mil[bold]" in shown
    assert "\x1b" not in shown


def test_a_missing_credential_is_said_when_one_is_approved(nightrounds: Command) -> None:
    nightrounds("lookalikes", "add", "--platform", "x", "MountSinai_Relief")
    done = nightrounds("lookalikes", "decide", "1", "watched", "--by", WHO)
    assert (done.returncode, done.stdout) == (0, "lookalike 1 is watched; not crawled yet, though:\n")
    assert "bearer token" in done.stderr
    site = nightrounds("lookalikes", "add", "mountsinai-visas.example").stdout
    assert "lookalike 2" in site
    assert nightrounds("lookalikes", "decide", "2", "watched", "--by", WHO).stdout.endswith("the next scan visits it\n")
    assert [one["state"] for one in listed(nightrounds, "--all")] == ["watched", "watched"]
    assert nightrounds("lookalikes", "add", "mountsinai-visas.example").returncode == 2  # it is an account now
    refused = nightrounds("lookalikes", "decide", "2", "harmless", "--by", WHO)
    assert (refused.returncode, "accounts retire" in refused.stderr) == (1, True)


def test_the_next_night_visits_what_was_approved_and_nothing_else(nightrounds: Command, tmp_path) -> None:
    for handle in ("MountSinaiHeIp", "SummitSinaiTrek"):
        assert nightrounds("lookalikes", "add", "--platform", "x", handle).returncode == 0
    with Sandbox(night=1) as sandbox:
        options = sandbox.platform_options()
        settings = Settings(home=tmp_path / "home", platforms=options, picture_stand_in=sandbox.pictures_url)
        on_x = {f"NIGHTROUNDS_PLATFORMS__X__{name.upper()}": str(value) for name, value in options["x"].items()}
        with open_context(settings, clock=sandbox.clock()) as context:
            assert watched_accounts(context) == []
        approved = nightrounds("lookalikes", "decide", "1", "watched", "--by", WHO, **on_x)
        assert approved.stdout == "lookalike 1 is watched; the next scan visits it\n"
        with open_context(settings, clock=sandbox.clock()) as context:
            scan(context, watched_accounts(context), trigger="test")
            with context.store.read() as tx:
                [account] = accounts.list_accounts(tx)
                seen = tx.connection.execute(select(tables.coverage.c.status)).scalars().all()
                posts = tx.connection.execute(select(tables.posts.c.id)).all()
    assert (account.handle, account.kind, account.basis_recorded_by) == ("MountSinaiHeIp", Kind.UNOFFICIAL, WHO)
    assert seen == [CoverageStatus.COMPLETE.value]
    assert posts


def test_a_home_of_invented_accounts_takes_no_real_one(nightrounds: Command, after_first_night: Settings) -> None:
    nightrounds("lookalikes", "add", "mountsinai-visas.example")
    done = nightrounds("lookalikes", "decide", "1", "watched", "--by", WHO)
    assert (done.returncode, "invented accounts" in done.stderr) == (2, True)


def test_addresses_that_findings_point_to_are_candidates(nightrounds: Command, after_first_night: Settings) -> None:
    with open_context(after_first_night, clock=lambda: datetime(2026, 11, 17, tzinfo=UTC)) as context:
        with context.store.read() as tx:
            found = seen_addresses(context, tx)
        hosts = [one.name for one in found]
        assert len(hosts) >= 2
        assert all("." in host and host == host.lower() for host in hosts)
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        with context.store.begin() as tx:  # what the gate sealed is nobody's to list
            tx.connection.execute(tables.findings.update().values(sealed=True))
        with context.store.read() as tx:
            assert seen_addresses(context, tx) == []
        with context.store.begin() as tx:
            tx.connection.execute(tables.findings.update().values(sealed=False))
            tx.connection.execute(tables.screenings.update().values(protected=True))
        with context.store.read() as tx:
            assert seen_addresses(context, tx) == []
    assert json.loads(nightrounds("lookalikes", "make", "--limit", "1", "--json").stdout)["seen"] == 0


def test_seen_ones_stand_first_on_the_list(nightrounds: Command, after_first_night: Settings) -> None:
    made = json.loads(nightrounds("lookalikes", "make", "--limit", "5", "--json").stdout)
    assert made["seen"] >= 1
    found = listed(nightrounds)
    assert [one["source"] for one in found] == ["seen"] * made["seen"] + ["generated"] * 5
    watched = {one["handle"] for one in json.loads(nightrounds("accounts", "list", "--json").stdout)}
    assert not any(f"http://{one['name']}/" in watched for one in found)
