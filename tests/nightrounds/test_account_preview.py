"""What is told of an import before it happens, and that the sandbox's own import undoes no decision."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.records import Account, Basis, Kind, account_id
from core.settings import Settings
from nightrounds.account_list import write_account_list
from nightrounds.account_preview import preview_import
from nightrounds.cli import app
from nightrounds.context import Context, open_context
from nightrounds.demo import open_sandbox_context
from storage import accounts, disputes
from storage.account_plan import Act
from storage.disputes import DisputeState


def make(handle: str, **changes: object) -> Account:
    return replace(
        Account(
            id=account_id("x", handle), platform="x", handle=handle, kind=Kind.OFFICIAL, basis=Basis.OWNED,
            basis_recorded_by="Imogen Vale", basis_recorded_at=datetime(2026, 3, 1, tzinfo=UTC),
        ),
        **changes,
    )  # fmt: skip


def uphold(context: Context, account: Account) -> None:
    with context.store.begin() as tx:
        number = disputes.raise_dispute(tx, account.id, claim="not ours", raised_by="Rowan Teal")
    with context.store.begin() as tx:
        disputes.decide(tx, number, DisputeState.UPHELD, reasoning="a namesake", decided_by="Imogen Vale")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Context]:
    with open_context(Settings(home=tmp_path / "home")) as context:
        yield context


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("NIGHTROUNDS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_preview_and_its_import_say_the_same(opened: Context) -> None:
    first = [make("one", native_id="1"), make("two", native_id="2"), make("gone")]
    with opened.store.begin() as tx:
        accounts.import_accounts(tx, first)
    uphold(opened, first[2])
    second = [make("two", native_id="1"), make("one", native_id="2"), make("gone"), make("three"), make("Three")]
    preview = preview_import(opened, second)
    with opened.store.begin() as tx:
        done = accounts.import_accounts(tx, second)
    told = [preview.count(act) for act in (Act.ADDED, Act.CHANGED, Act.UNCHANGED, Act.DISPUTED, Act.REFUSED)]
    assert told == [done.added, done.changed, done.unchanged, done.disputed, done.refused] == [1, 2, 0, 1, 1]


def test_a_preview_keeps_no_writer_waiting(opened: Context) -> None:
    previewed: list[int] = []
    with opened.store.begin() as tx:
        accounts.import_accounts(tx, [make("one")])
        reader = threading.Thread(target=lambda: previewed.append(preview_import(opened, [make("two")]).count(Act.ADDED)))
        reader.start()
        reader.join(30)
        assert previewed == [1]


def test_the_sandbox_imports_its_world_again_and_undoes_no_decision(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with open_sandbox_context(settings) as context:
        with context.store.read() as tx:
            disputed, *rest = accounts.list_accounts(tx)
        uphold(context, disputed)
    with open_sandbox_context(settings, night=2) as context, context.store.read() as tx:
        assert [account.id for account in accounts.list_accounts(tx)] == [account.id for account in rest]


def test_the_command_names_what_is_not_watched_and_what_is_not_taken(
    opened: Context, run: Callable[..., Result], tmp_path: Path
) -> None:
    given = [make("one"), make("two", native_id="2")]
    write_account_list(tmp_path / "a.csv", given)
    assert run("accounts", "import", "a.csv").exit_code == 0
    uphold(opened, given[0])
    again = run("accounts", "import", "a.csv")
    assert (again.exit_code, "1 not watched: disputed and upheld" in again.output) == (0, True)
    assert "record its basis anew" in " ".join(again.output.split())
    write_account_list(tmp_path / "b.csv", [make("two", native_id="3"), make("three")])
    rehearsed = run("accounts", "import", "b.csv", "--dry-run").output
    assert "another native id" in " ".join(rehearsed.split())
    whole = run("accounts", "import", "b.csv", "--complete")
    assert whole.exit_code == 1
    assert "nothing was stored" in str(whole.exception)
    done = run("accounts", "import", "b.csv", "--json")
    assert done.exit_code == 1
    assert {name: json.loads(done.output)[name] for name in ("added", "refused")} == {"added": 1, "refused": 1}


def test_what_a_platform_tells_reaches_no_terminal_as_a_command(opened: Context, run: Callable[..., Result]) -> None:
    with opened.store.begin() as tx:
        accounts.import_accounts(tx, [make("evil\x1b]0;pwn\x07\x1b[31m\u202e", unit="Ward\x1b[2J")])
    for command in ("list", "check"):
        shown = run("accounts", command).output
        assert "evil·" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)
