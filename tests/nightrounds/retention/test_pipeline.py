"""Terms at work in the pipeline and on the command line: barred rules are not run, the report says what waits."""

from __future__ import annotations

import json
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from rich.console import Console
from sqlalchemy import select

from core.errors import ConfigError
from core.policy import default_policy_path, load_policy
from core.records import FindingScope, Kind
from core.settings import Settings
from core.terms import BARRED, PlatformTerms, Terms, default_terms_path, load_terms
from nightrounds.cli import rounds
from nightrounds.context import open_context
from nightrounds.digest import digest_of
from nightrounds.doctor import examine
from nightrounds.morning_report import morning_report
from nightrounds.screener import Screener
from nightrounds.screening import screen_unread
from storage import evidence, posts, tables
from storage.transaction import Transaction


def _terms_file(folder: Path, change: dict[str, dict[str, Any]]) -> Path:
    """The terms that come along, changed."""
    data = yaml.safe_load(default_terms_path().read_text(encoding="utf-8"))
    for platform, values in change.items():
        data["platforms"][platform].update(values)
    path = folder / "terms.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def _standing(tx: Transaction, rule: str) -> dict[str, int]:
    """Findings of a rule that stand, by platform."""
    f, a = tables.findings.c, tables.accounts.c
    rows = tx.connection.execute(
        select(a.platform).join(tables.findings, f.account_id == a.id).where(f.rule == rule, f.retired_at.is_(None))
    ).scalars()
    counts: dict[str, int] = {}
    for platform in rows:
        counts[platform] = counts.get(platform, 0) + 1
    return counts


def _sets_of(tx: Transaction, platform: str) -> list[dict[str, str]]:
    """The detector sets that the revisions of a platform's official accounts were read with."""
    r, p, a, s = tables.post_revisions.c, tables.posts.c, tables.accounts.c, tables.detector_sets.c
    owned = tables.post_revisions.join(tables.posts, p.id == r.post_id).join(tables.accounts, a.id == p.account_id)
    query = select(s.versions).select_from(owned.join(tables.detector_sets, s.id == r.read_with)).distinct()
    return list(tx.connection.execute(query.where(a.platform == platform, a.kind == "official")).scalars())


def test_a_barred_rule_is_not_run_and_the_set_of_versions_says_so(after_first_night: Settings, tmp_path: Path) -> None:
    barring = _terms_file(tmp_path, {"x": {"barred_inferences": {"political": [kind.value for kind in Kind]}}})
    with open_context(after_first_night) as context, context.store.read() as tx:
        before = _standing(tx, "political")
    assert before["x"] > 0
    assert before["facebook"] > 0
    with open_context(after_first_night.model_copy(update={"platform_terms": barring})) as context:
        read = screen_unread(context)
        again = screen_unread(context)
        with context.store.read() as tx:
            after = _standing(tx, "political")
            assert {one["political"] for one in _sets_of(tx, "x")} == {BARRED}
            assert BARRED not in {one["political"] for one in _sets_of(tx, "facebook")}
    assert after == {platform: n for platform, n in before.items() if platform != "x"}
    assert read.posts > 0
    assert (again.posts, again.profiles) == (0, 0)
    with open_context(after_first_night) as context:
        screen_unread(context)
        with context.store.read() as tx:
            assert _standing(tx, "political") == before


def test_what_may_not_be_stored_is_gone_when_screening_is_done(after_first_night: Settings, tmp_path: Path) -> None:
    path = _terms_file(tmp_path, {"x": {"store_text": False}})
    with open_context(after_first_night.model_copy(update={"platform_terms": path})) as context:
        screen_unread(context)
        with context.store.read() as tx:
            p, a, f, c = tables.posts.c, tables.accounts.c, tables.findings.c, tables.cases.c
            mine = select(p.id).join(tables.accounts, a.id == p.account_id).where(a.platform == "x")
            in_case = select(f.post_id).join(tables.cases, c.id == f.case_id).where(f.post_id.in_(mine), c.closed_at.is_(None))
            held = set(tx.connection.execute(in_case).scalars())
            kept = set(tx.connection.execute(mine.where(p.erased_at.is_(None))).scalars())
            others = tx.connection.execute(
                select(p.id).join(tables.accounts, a.id == p.account_id).where(a.platform != "x", p.erased_at.is_not(None))
            ).all()
            assert kept == held != set()
            assert others == []
            assert posts.verify_contents(tx).ok
            assert evidence.verify_all(tx).ok
            waiting = tx.connection.execute(select(tables.retention_decisions.c.post_id)).scalars()
            assert set(waiting) == held


def test_a_misspelt_rule_is_refused_for_it_would_run() -> None:
    one = PlatformTerms(source="test", honour_deletions=False, barred_inferences={"politics": (Kind.PERSONNEL,)})
    with pytest.raises(ConfigError, match="there is no rule politics; there are"):
        Screener(load_policy(default_policy_path()), terms=Terms(version="1", platforms={"x": one}))


def test_the_terms_that_come_along_bar_nothing_that_the_policy_runs() -> None:
    policy = load_policy(default_policy_path())
    bound, free = Screener(policy, terms=load_terms(default_terms_path())), Screener(policy)
    for platform in ("x", "website", "a platform that nobody named"):
        for kind in Kind:
            for scope in FindingScope:
                assert bound.versions_for(kind, scope, platform) == free.versions_for(kind, scope)


def test_the_doctor_says_what_nobody_read_or_confirmed(tmp_path: Path) -> None:
    data = yaml.safe_load(default_terms_path().read_text(encoding="utf-8"))
    del data["platforms"]["website"]
    path = tmp_path / "terms.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    said = [check for check in examine(Settings(home=tmp_path / "home", platform_terms=path)) if check.subject == "terms"]
    assert [check.ok for check in said] == [True, False, False]
    assert "no entry, so cautious terms hold: website" in said[1].finding
    assert "not confirmed by counsel yet" in said[2].finding
    broken = examine(Settings(home=tmp_path / "home", platform_terms=tmp_path / "none.yaml"))
    assert [check.ok for check in broken if check.subject == "terms"] == [False]


@pytest.fixture
def nightrounds(nightrounds: Any, after_second_night: Settings) -> Any:
    return partial(nightrounds, home=after_second_night.home)


@pytest.fixture
def after_second_night(after_first_night: Settings, scan_night: Any) -> Settings:
    scan_night(after_first_night, night=2)
    return after_first_night


def test_purge_holds_and_decisions_on_the_command_line(nightrounds: Any) -> None:
    rehearsed = json.loads(nightrounds("purge", "--dry-run", "--json").stdout)
    assert rehearsed["rehearsed"]
    going = {(one["platform"], one["for"]): one["count"] for one in rehearsed["posts"]}
    waiting = {(one["platform"], one["for"]): one["count"] for one in rehearsed["waiting"]}
    assert going["x", "deleted"] >= 1
    assert waiting["x", "deleted"] >= 1
    told = nightrounds("purge", "--dry-run").stdout
    assert "Nothing was changed; 'nightrounds purge' does it." in told
    assert "What waits for counsel is put before them by a scan or 'nightrounds purge'" in told

    accounts = json.loads(nightrounds("accounts", "list", "--platform", "bluesky", "--json").stdout)
    placed = [
        nightrounds("holds", "place", "bluesky", a["handle"], "--reason", "matter 7", "--by", "Tamsin Oak") for a in accounts
    ]
    assert [done.returncode for done in placed] == [0] * len(accounts)
    assert len(json.loads(nightrounds("holds", "list", "--json").stdout)) == len(accounts)

    done = json.loads(nightrounds("purge", "--json").stdout)
    assert {(one["platform"], one["for"]): one["count"] for one in done["posts"]} == {
        cell: n for cell, n in going.items() if cell[0] != "bluesky"
    }
    asked = json.loads(nightrounds("decisions", "list", "--json").stdout)
    assert {one["held_by"] for one in asked} == {"legal hold", "open case"}
    (held, *_) = [one["number"] for one in asked if one["held_by"] == "legal hold"]
    refused = nightrounds("decisions", "decide", str(held), "erase", "--reasoning", "mine", "--by", "tamsin oak")
    assert (refused.returncode, "somebody else must" in refused.stderr) == (1, True)
    assert nightrounds("decisions", "decide", str(held), "waiting", "--reasoning", "a", "--by", "b").returncode == 2
    assert nightrounds("decisions", "decide", str(held), "erase", "--reasoning", " ", "--by", "b").returncode == 2
    assert (
        nightrounds("decisions", "decide", str(held), "erase", "--reasoning", "the duty", "--by", "Rowan Ash").returncode == 0
    )
    again = json.loads(nightrounds("purge", "--json").stdout)
    assert again["posts"] == [{"platform": "bluesky", "for": "deleted", "count": 1}]

    listed = nightrounds("decisions", "list", "--all")
    assert "Rowan Ash: the duty" in listed.stdout
    assert nightrounds("holds", "release", "1", "--by", "Tamsin Oak").returncode == 0
    assert nightrounds("holds", "release", "1", "--by", "Tamsin Oak").returncode == 1
    assert nightrounds("holds", "place", "x", "nobody_at_all", "--reason", "a", "--by", "b").returncode == 2
    assert "matter 7" in nightrounds("holds", "list", "--all").stdout
    verified = nightrounds("verify")
    assert "Everything is as it was written." in verified.stdout


def test_the_morning_report_says_what_waits(after_second_night: Settings) -> None:
    with open_context(after_second_night) as context:
        screen_unread(context)
        digest = digest_of(context, 2, screened=0)
        assert digest.erasure_overdue > 0
        assert digest.decisions_waiting > 0
        console = Console(width=200)
        with console.capture() as captured:
            console.print(morning_report(digest, context.policy, names={}, gravest=[]))
    assert f"{digest.erasure_overdue} stored posts must be erased by now" in captured.get()
    assert f"{digest.decisions_waiting} decisions wait for counsel" in captured.get()


def test_the_doctor_names_entries_that_bind_nothing(tmp_path: Path) -> None:
    path = tmp_path / "platforms.yaml"
    entry = "    source: s\n    honour_deletions: false\n    prices: {posts: 1}\n"
    path.write_text(f'version: "1"\nplatforms:\n  X:\n{entry}', encoding="utf-8")
    said = [check for check in examine(Settings(home=tmp_path / "home", platform_terms=path)) if check.subject == "terms"]
    assert all(check.ok or check.bearable for check in said)
    told = " ".join(check.finding for check in said)
    assert "no crawler reads X" in told
    assert "it costs nothing in a budget: posts" in told


def test_verify_tells_erased_bytes_that_are_still_there(
    house: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    account = house.watch("x")
    house.show(account, "1", body="erased")
    house.screen()
    house.show(account, gone="1")
    house.pass_time(days=2)
    house.purge()
    name = house.context.store.evidence.keep(b"erased")
    monkeypatch.setattr(rounds, "open_context", lambda settings: nullcontext(house.context))
    with pytest.raises(typer.Exit):
        rounds.verify()
    told = " ".join(capsys.readouterr().out.split())
    assert "1 erased but still there, 0 without a capture" in told
    assert name in told
    assert "goes with 'nightrounds purge'" in told
    house.purge()
    rounds.verify()
    assert "Everything is as it was written." in capsys.readouterr().out
