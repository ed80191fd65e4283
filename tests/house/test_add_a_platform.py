"""Follows docs/add-a-platform.md in a copy of the checkout: every command that it shows, in its order."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALK = ROOT / "docs" / "add-a-platform.md"
COPIED = ("core", "crawlers", "detectors", "storage", "nightrounds", "policy", "dags", "docs", "examples", "tests", "alembic")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "real")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pyproject.toml", "requirements.lock", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def run(checkout: Path, command: str) -> subprocess.CompletedProcess[str]:
    program, *rest = shlex.split(command)
    argv = {
        "nightrounds": [sys.executable, "-c", "from nightrounds.cli import main; main()"],
        "python": [sys.executable],
        "ruff": [sys.executable, "-m", "ruff"],
    }[program]
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "NIGHTROUNDS_HOME": str(checkout / "home"),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }
    return subprocess.run(
        [*argv, *rest], cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def shown_commands() -> list[str]:
    return re.findall(r"^    ((?:nightrounds|python|ruff) .+)$", WALK.read_text(), re.MULTILINE)


def test_the_walk_shows_the_commands_that_matter():
    commands = shown_commands()
    assert commands[0] == "nightrounds new platform salon"
    assert any("test_mutated_answers" in command for command in commands)
    assert "nightrounds platforms --write" in commands
    assert any("terms" in command for command in commands)


def enter_terms(checkout: Path) -> None:
    """Put the lines that the page shows where it says."""
    (lines,) = re.findall(r"^```yaml\n(.+?)^```$", WALK.read_text(), re.MULTILINE | re.DOTALL)
    terms = checkout / "policy" / "platforms.yaml"
    terms.write_text(terms.read_text().rstrip("\n") + "\n\n" + lines)


def test_the_walk_leads_to_a_platform(checkout):
    outputs = []
    for command in shown_commands():
        if command == "nightrounds platforms --write":
            enter_terms(checkout)
        done = run(checkout, command)
        # doctor finds no database and no policy of ours here: it must run, and that is all
        assert done.returncode == 0 or command == "nightrounds doctor", (command, done.stdout[-1500:], done.stderr[-800:])
        outputs.append(done.stdout)
    text = "\n".join(outputs)
    assert "crawlers/salon.py" in text
    assert re.search(r"2 passed", text)
    assert "[salon](platforms/salon.md)" in (checkout / "docs" / "platforms.md").read_text()
    assert "`salon`" in (checkout / "README.md").read_text()
    assert "nightrounds_salon" in (checkout / "dags" / "pools.json").read_text()
    assert "Parlor" not in (checkout / "crawlers" / "salon.py").read_text()


def test_a_missing_expectation_is_written_for_a_person_to_read(checkout):
    """As the page says in its fifth step; on any platform's conversation."""
    expected = checkout / "tests" / "crawlers" / "examples" / "reddit" / "account.posts.json"
    before = expected.read_bytes()
    expected.unlink()
    command = "python -m pytest -q tests/crawlers/test_recorded_answers.py -k reddit/account"
    first = run(checkout, command)
    assert first.returncode == 1
    assert "read it line by line" in first.stdout
    assert run(checkout, command).returncode == 0
    assert json.loads(expected.read_text()) == json.loads(before)


@pytest.mark.parametrize("name", ["x", "Salon", "1st", "a b", "../up", "class", ""])
def test_a_name_that_is_none_is_refused(checkout, name):
    done = run(checkout, f"nightrounds new platform {name}")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_outside_a_checkout_nothing_is_written(checkout, tmp_path):
    shutil.copy(ROOT / "README.md", tmp_path / "README.md")
    for command in ("nightrounds new platform saloon", "nightrounds platforms --write"):
        program = [sys.executable, "-c", "from nightrounds.cli import main; main()", *command.split(" ")[1:]]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "checkout" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
