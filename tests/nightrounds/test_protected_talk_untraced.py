"""Nothing can be searched, watched or counted by union or political terms, and no protected talk reaches the general queue."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Kind, Post, Reading, Screened, account_id
from core.settings import Settings
from nightrounds.cli import app
from nightrounds.context import open_context
from nightrounds.digest import Digest
from nightrounds.screener import Screener, detector_classes
from storage import tables
from storage.findings import FindingCounts
from storage.screenings import ScreeningCounts

EXAMPLES = Path(__file__).resolve().parents[1] / "detectors" / "examples"
TELLING = ("union", "strike", "labour", "labor", "topic", "political", "politics", "party", "protest", "organis", "organiz")
UNREST = "Our union meets Thursday because management cut nurses to the bone."
QUIET = "The ferry to the island leaves at noon because the tide is low now."


def commands(group: Any, path: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, command in group.commands.items():
        found += commands(command, f"{path}{name} ") if hasattr(command, "commands") else [(f"{path}{name}", command)]
    return found


def test_no_command_takes_words_to_look_for_in_what_people_said():
    """`check` reads a draft of one's own; all else is chosen by number, name, day, rule, severity or desk."""
    known = commands(typer.main.get_command(app))
    assert len(known) > 20
    seeking = ("query", "search", "text", "term", "word", "keyword", "contains", "match", "grep", "phrase", "topic", "tag")
    taking = {
        f"{path}: {parameter.name}"
        for path, command in known
        for parameter in command.params
        if parameter.name in seeking
        or any(option.strip("-") in seeking for option in (*parameter.opts, *parameter.secondary_opts))
    }
    assert taking == {"check: text"}


@pytest.mark.parametrize("basis", ["union member", "union", "delegate", "political", "donor"])
def test_nobody_is_watched_for_what_they_belong_to(nightrounds, tmp_path, basis):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(f"platform,handle,kind,basis,recorded_by,recorded_at\nx,someone,personnel,{basis},T,2026-11-01\n")
    done = nightrounds("accounts", "import", str(accounts))
    assert done.returncode != 0
    assert "basis" in done.stdout + done.stderr
    assert json.loads(nightrounds("accounts", "list", "--json").stdout) == []


def test_no_figure_is_of_protected_talk():
    for figures in (Digest, FindingCounts, ScreeningCounts):
        assert not any("protected" in field.name for field in fields(figures))


def test_nothing_is_stored_but_that_the_gate_closed():
    columns = {f"{table.name}.{column.name}" for table in tables.metadata.tables.values() for column in table.columns}
    assert {name for name in columns if "protected" in name} == {"screenings.protected"}
    assert not any(word in name for name in columns for word in TELLING)
    assert {field.name for field in fields(Screened)} == {"protected", "findings", "not_read"}


def test_no_rule_is_about_unions_and_none_reads_peoples_politics():
    policy = load_policy(default_policy_path())
    for name, rule in policy.rules.items():
        if Kind.PERSONNEL in rule.kinds:
            words = (
                f"{name} {rule.title} {' '.join(rule.categories)} {' '.join(c.title for c in rule.categories.values())}".lower()
            )
            assert not any(word in words for word in TELLING), name
    assert not any(word in name for name in detector_classes() for word in ("union", "labour", "labor"))


def imported(nightrounds, tmp_path, home, text):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("platform,handle,kind,basis,recorded_by,recorded_at\nx,someone,personnel,self-disclosed,T,2026-11-01\n")
    assert nightrounds("accounts", "import", str(accounts), home=home).returncode == 0
    posts = tmp_path / "posts.jsonl"
    posts.write_text(json.dumps({"id": "7", "platform": "x", "account": {"handle": "someone"}, "text": text}))
    told = [nightrounds("posts", "import", str(posts), "--json", home=home).stdout]
    told += [nightrounds(*command, "--json", home=home).stdout for command in (("findings", "list"), ("cases", "list"))]
    return told


def test_whoever_counts_and_lists_cannot_tell_protected_talk_from_other_talk(nightrounds, tmp_path):
    assert imported(nightrounds, tmp_path, tmp_path / "a", UNREST) == imported(nightrounds, tmp_path, tmp_path / "b", QUIET)
    with open_context(Settings(home=tmp_path / "a")) as context, context.store.read() as tx:
        flags = tx.connection.execute(tables.screenings.select()).all()
    assert any(row.protected for row in flags), "the gate did close on the first"


def nurse() -> Account:
    return Account(
        id=account_id("x", "nobody"), platform="x", handle="nobody", kind=Kind.PERSONNEL, basis=Basis.SELF_DISCLOSED,
        basis_recorded_by="test", basis_recorded_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip


def test_no_protected_talk_reaches_the_general_queue():
    """All examples, each as it is and with words at its end that a rule would take up."""
    policy = load_policy(default_policy_path())
    screener, who = Screener(policy), nurse()
    talk = [
        e["text"] for e in yaml.safe_load((EXAMPLES / "protected.yaml").read_text(encoding="utf-8"))["protected"] if len(e) == 2
    ]
    unsealed, sealed = [], 0
    for text in (text + end for text in talk for end in ("", " Our manager is a piece of shit and I hope she dies.")):
        screened = screener.screen_post(who, Post(platform="x", account_id=who.id, native_id="1", text=text))
        sealed += sum(finding.sealed for finding in screened.findings)
        unsealed += [(f.rule, text) for f in screened.findings if not f.sealed and f.rule in policy.gate.seals]
    assert unsealed == []
    assert sealed >= len(talk) // 2


def test_what_was_read_keeps_no_trace_of_the_gate():
    assert {field.name for field in fields(Reading)} == {"account", "post", "segments", "signals", "classes"}
