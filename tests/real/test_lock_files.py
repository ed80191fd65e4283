"""What install.py fetches is pinned by hash, and no list says where from: that is each machine's own business."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LOCKS = sorted(HERE.glob("*/package-lock.json"))


def test_there_are_some() -> None:
    assert len(LOCKS) == len(list(HERE.glob("*/package.json"))) >= 2


@pytest.mark.parametrize("path", LOCKS, ids=[lock.parent.name for lock in LOCKS])
def test_a_lock_file_holds_hashes_and_no_addresses(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert "://" not in written
    packages: dict[str, dict[str, Any]] = json.loads(written)["packages"]
    assert packages.pop("")["dependencies"] == json.loads(path.with_name("package.json").read_text())["dependencies"]
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
