"""The command line in a process of its own, and homes that a scan of the sandbox has filled: made once, copied for changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.settings import Settings
from nightrounds.demo import open_sandbox_context
from nightrounds.scan import ScanReport, scan, watched_accounts


@dataclass(frozen=True)
class ScannedHome:
    settings: Settings
    report: ScanReport


def scan_sandbox(settings: Settings, *, night: int = 1) -> ScanReport:
    with open_sandbox_context(settings, night=night) as context:
        return scan(context, watched_accounts(context), trigger="test")


@pytest.fixture
def nightrounds(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in an empty folder, with no setting but these; returns the finished process."""

    def run(
        *arguments: str, home: Path | None = None, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTROUNDS_")}
        env |= {"NIGHTROUNDS_HOME": str(home or tmp_path / "home"), "COLUMNS": "200", **environment}
        command = [sys.executable, "-c", "from nightrounds.cli import main; main()", *arguments]
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, input=stdin, check=False)

    return run


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> ScannedHome:
    """A home after the sandbox's first night. Not to be changed: take `after_first_night` for that."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return ScannedHome(settings, scan_sandbox(settings))


@pytest.fixture
def after_first_night(first_night: ScannedHome, tmp_path: Path) -> Settings:
    """A home of one's own, as the first night left it."""
    home = tmp_path / "home"
    shutil.copytree(first_night.settings.home, home)
    return first_night.settings.model_copy(update={"home": home})


@pytest.fixture
def scan_night() -> Callable[..., ScanReport]:
    return scan_sandbox
