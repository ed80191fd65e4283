"""accounts history, retire, dispute and decide; spending: as a person meets them, and whom the audit trail names."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import select

from core.settings import Settings
from nightrounds.context import open_context
from storage import account_names, accounts, spending, tables
from storage.audit import actor_token
from storage.spending import Spent

Command = Callable[..., CompletedProcess[str]]
WHO = "Dana Okafor, HR"


@pytest.fixture
def home(nightrounds: Command, tmp_path: Path) -> Settings:
    """Watches the accounts old_clinic and harbor on X."""
    listed = tmp_path / "accounts.csv"
    rows = "".join(f"x,{handle},official,owned,T,2026-11-01\n" for handle in ("old_clinic", "harbor"))
    listed.write_text(f"platform,handle,kind,basis,recorded_by,recorded_at\n{rows}")
    assert nightrounds("accounts", "import", str(listed)).returncode == 0
    return Settings(home=tmp_path / "home")


def rename(home: Settings, old: str, new: str) -> str:
    with open_context(home) as context, context.store.begin() as tx:
        (account,) = accounts.list_accounts(tx, handle=old)
        assert account_names.follow_rename(tx, account.id, new) is account_names.Rename.FOLLOWED
        return account.id


def acted(home: Settings, *actions: str) -> list[tuple[str, bool]]:
    """These actions of the audit trail in their order, each with whether it names WHO."""
    e = tables.audit_events.c
    with open_context(home) as context, context.store.read() as tx:
        rows = tx.connection.execute(select(e.action, e.actor).where(e.action.in_(actions)).order_by(e.sequence)).all()
        return [(row.action, row.actor == actor_token(tx.keys, WHO)) for row in rows]


def test_who_retires_an_account_is_named_in_the_trail(nightrounds: Command, home: Settings) -> None:
    unsigned = nightrounds("accounts", "retire", "x", "harbor")
    assert (unsigned.returncode, "--by" in unsigned.stderr) == (2, True)
    assert nightrounds("accounts", "retire", "x", "harbor", "--by", " ").returncode == 2
    assert acted(home, "account retired") == []
    assert nightrounds("accounts", "retire", "x", "@harbor", "--by", WHO).returncode == 0
    assert acted(home, "account retired") == [("account retired", True)]


def test_who_disputes_and_who_decides_are_named_in_the_trail(nightrounds: Command, home: Settings) -> None:
    claim = ("--claim", "not ours")
    assert nightrounds("accounts", "dispute", "x", "harbor", *claim, "--by", WHO).returncode == 0
    assert nightrounds("accounts", "dispute", "x", "old_clinic", *claim, "--by", "Orla Finch").returncode == 0
    assert acted(home, "dispute raised") == [("dispute raised", True), ("dispute raised", False)]
    reasoning = ("--reasoning", "HR knows", "--by", WHO)
    assert nightrounds("accounts", "decide", "2", "open", *reasoning).returncode == 2
    assert nightrounds("accounts", "decide", "2", "upheld", *reasoning).returncode == 0
    assert acted(home, "dispute decided", "account retired") == [("dispute decided", True), ("account retired", True)]


@pytest.mark.parametrize(
    ("command", "offered", "refused"), [("accounts", "upheld|rejected", "open"), ("decisions", "keep|erase", "waiting")]
)
def test_only_what_can_be_decided_is_offered(nightrounds: Command, command: str, offered: str, refused: str) -> None:
    shown = nightrounds(command, "decide", "--help").stdout
    assert offered in shown
    assert refused not in shown


def test_an_old_handle_leads_to_who_had_it(nightrounds: Command, home: Settings) -> None:
    renamed = rename(home, "old_clinic", "new_clinic")
    told = nightrounds("accounts", "history", "x", "@Old_Clinic").stdout
    assert "had this handle once, is new_clinic now" in told
    assert "old_clinic (told by the list)" in told
    (known,) = json.loads(nightrounds("accounts", "history", "x", "old_clinic", "--json").stdout)
    assert (known["id"], known["handle"], len(known["handles"])) == (renamed, "new_clinic", 2)
    assert nightrounds("accounts", "history", "facebook", "old_clinic").returncode == 2


def test_whoever_took_an_old_handle_over_is_told_from_who_had_it(nightrounds: Command, home: Settings) -> None:
    first, second = rename(home, "old_clinic", "new_clinic"), rename(home, "harbor", "old_clinic")
    known = json.loads(nightrounds("accounts", "history", "x", "old_clinic", "--json").stdout)
    assert [(one["id"], one["handle"]) for one in known] == [(second, "old_clinic"), (first, "new_clinic")]


def test_nobody_is_retired_by_an_old_handle(nightrounds: Command, home: Settings) -> None:
    rename(home, "old_clinic", "new_clinic")
    done = nightrounds("accounts", "retire", "x", "old_clinic", "--by", WHO)
    assert (done.returncode, "accounts history" in done.stderr) == (2, True)
    assert "new_clinic" not in done.stderr
    assert acted(home, "account retired") == []


def test_spending_stands_beside_its_budget(nightrounds: Command, home: Settings) -> None:
    with open_context(home) as context, context.store.begin() as tx:
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        spending.add(tx, "x", "x", today, Spent(calls=7, micros=40_000))
        spending.add(tx, "youtube", "youtube", today, Spent(calls=3, units=5))
    limits = {"NIGHTROUNDS_PLATFORMS__X__DAILY_CALLS": "450", "NIGHTROUNDS_PLATFORMS__X__DAILY_DOLLARS": "12.5"}
    on_x, on_youtube = json.loads(nightrounds("spending", "--json", **limits).stdout)
    assert (on_x["calls"], on_x["daily_calls"], on_x["daily_units"], on_x["daily_dollars"]) == (7, 450, None, 12.5)
    assert (on_youtube["units"], on_youtube["daily_calls"], on_youtube["daily_units"]) == (5, None, 10_000)
    rows = [line.split() for line in nightrounds("spending", **limits).stdout.replace("│", " ").splitlines()]
    assert [today, "x", "x", "7", "450", "·", "·", "0.040", "12.50"] in rows
    assert [today, "youtube", "youtube", "3", "·", "5", "10000", "·", "·"] in rows
    wrong = nightrounds("spending", NIGHTROUNDS_PLATFORMS__X__DAILY_CALLS="many")
    assert (wrong.returncode, "platforms.x.daily_calls" in wrong.stderr) == (2, True)
