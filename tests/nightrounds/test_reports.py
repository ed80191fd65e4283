"""What tells people how it stands: the morning report, a run's coverage shown again, the doctor."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from core.errors import Actor
from core.policy import load_policy
from core.records import Account, Basis, Coverage, CoverageStatus, Kind, account_id
from core.settings import Settings
from crawlers.archives import accounts_in
from nightrounds.cli import app
from nightrounds.cli.rounds import _is_failure
from nightrounds.context import open_context
from nightrounds.digest import digest_of
from nightrounds.doctor import examine
from nightrounds.morning_report import by_cause, morning_report
from storage import accounts

ROOT = Path(__file__).parents[2]


def account(platform: str, handle: str) -> Account:
    return Account(
        id=account_id(platform, handle),
        platform=platform,
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="T",
        basis_recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Run a command over a home; returns its exit status and what it printed."""

    def run(home: Path, *arguments: str) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("NIGHTROUNDS_HOME", str(home))
        monkeypatch.setenv("COLUMNS", "200")
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
        return done.exit_code, done.output

    return run


def unseen(number: int, reason: str, actor: str = "the owner of the platform credential") -> Coverage:
    return Coverage(
        account_id=f"a{number}",
        platform="tiktok",
        status=CoverageStatus.NOT_TRIED,
        reason=reason,
        actor=actor,
        new=0,
        edited=0,
        gone=0,
        pages=0,
        retry_at=None,
    )


def shown(digest, names) -> str:
    console = Console(width=220, file=io.StringIO())
    console.print(morning_report(digest, load_policy(Settings().policy), names=names, gravest=()))
    return console.file.getvalue()


@pytest.fixture
def digest(after_first_night):
    with open_context(after_first_night) as context:
        return digest_of(context, 1, screened=0)


def test_one_cause_is_one_row_with_the_count_and_the_first_names(digest):
    coverage = (*(unseen(n, "no token") for n in range(40)), unseen(40, "another reason"), unseen(41, "no token", ""))
    report = shown(replace(digest, coverage=coverage), {f"a{n}": f"tiktok name{n}" for n in range(42)})
    (row,) = [line for line in report.splitlines() if "40 accounts" in line]
    assert "tiktok name0, tiktok name1, tiktok name2, …" in row
    assert report.count("no token") == 2
    assert "name3" not in report
    assert "tiktok name40" in report
    assert [len(group) for group in by_cause(coverage)] == [40, 1, 1]


def test_more_causes_than_rows_are_counted_and_the_command_named(digest):
    report = shown(replace(digest, coverage=tuple(unseen(n, f"reason {n}") for n in range(25))), {})
    assert "and 5 causes more: nightrounds coverage" in report


def test_the_report_has_its_date_and_each_platforms_new_posts(digest):
    report = shown(digest, {})
    assert f"{digest.started_at:%Y-%m-%d}" in report.splitlines()[0]
    table = report[report.index("What could be looked at") :].split("└")[0]
    (row,) = [line for line in table.splitlines() if " facebook " in line]
    assert int(re.findall(r"\d+", row)[-1]) == sum(c.new for c in digest.coverage if c.platform == "facebook") > 0


def test_the_last_runs_coverage_is_shown_again_without_scanning(command, after_first_night, digest):
    home = after_first_night.home
    status, printed = command(home, "coverage")
    assert status == 0
    assert "Run 1," in printed
    assert "What could be looked at" in printed
    status, printed = command(home, "coverage", "--run", "1", "--json")
    told = json.loads(printed)
    incomplete = {c.account_id for c in digest.incomplete}
    assert told["complete"] == len(digest.coverage) - len(incomplete)
    assert {one for cause in told["incomplete"] for one in cause["accounts"]} == incomplete
    with open_context(after_first_night) as context, context.store.begin() as tx:
        from storage import crawls

        crawls.finish_run(tx, crawls.begin_run(tx, trigger="resolve"), "finished")
    assert json.loads(command(home, "coverage", "--json")[1]) == told  # asking who accounts are looks at none of them
    assert "looked at no account" in command(home, "coverage", "--run", "2")[1]


def test_there_is_no_coverage_before_the_first_run_nor_of_one_that_was_not(command, after_first_night, tmp_path):
    assert command(tmp_path / "new", "coverage")[0] != 0
    assert command(after_first_night.home, "coverage", "--run", "99")[0] != 0


@pytest.mark.parametrize("status", [CoverageStatus.BLOCKED, CoverageStatus.FAILED, CoverageStatus.NOT_TRIED])
@pytest.mark.parametrize("actor", [*Actor])
def test_whoever_must_act_but_the_curator_counts_for_the_exit_status(status, actor):
    """As docs/operate.md has it."""
    seen = replace(unseen(1, "why", "" if actor is Actor.NOBODY else actor.value), status=status)
    assert _is_failure(seen) is (actor is not Actor.CURATOR)
    assert not _is_failure(replace(seen, status=CoverageStatus.PARTIAL))
    assert not _is_failure(replace(seen, status=CoverageStatus.COMPLETE))


def findings_of(settings: Settings) -> dict[str, tuple[bool, str]]:
    return {check.subject: (check.ok, check.finding) for check in examine(settings)}


def test_the_doctor_says_how_many_accounts_wait_for_a_platform(tmp_path):
    settings = Settings(home=tmp_path / "home")
    with open_context(settings) as context, context.store.begin() as tx:
        accounts.import_accounts(tx, [account("x", "one"), account("x", "two"), account("reddit", "u/three")])
    found = findings_of(settings)
    assert found["platform x"][1].endswith("(2 watched accounts wait for this)")
    assert found["platform reddit"][1].endswith("(1 watched account waits for this)")
    assert "wait" not in found["platform facebook"][1]
    assert found["platform website"] == (True, "ready")


@pytest.mark.parametrize("spoiled", ["abc def", "abc\ndef", "abc\tdef", "abc\x00def", "abc\u00a0def", "abc\u200bdef"])
def test_a_token_with_blanks_or_control_characters_inside_is_not_ready(tmp_path, spoiled):
    platforms = {"x": {"bearer_token": spoiled}, "tiktok": {"tokens": {"one": "good", "two": spoiled}}}
    found = findings_of(Settings(home=tmp_path, platforms=platforms))
    assert found["platform x"][0] is False
    assert "bearer_token" in found["platform x"][1]
    assert found["platform tiktok"][0] is False
    assert spoiled not in found["platform x"][1]


def test_blanks_around_a_token_are_borne(tmp_path):
    found = findings_of(Settings(home=tmp_path, platforms={"x": {"bearer_token": " abc%2Fdef==\n"}}))
    assert found["platform x"] == (True, "ready")


def test_the_csv_that_the_archives_page_shows_is_read(tmp_path):
    page = (ROOT / "docs" / "platforms" / "archive.md").read_text()
    (example,) = re.findall(r"^```csv\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "posts.csv").write_text(example)
    assert accounts_in(tmp_path / "posts.csv") == [("x", "larkfield_health", 2)]
    columns = next(csv.reader(io.StringIO(example)))
    assert all(f"`{column}`" in page for column in columns)
