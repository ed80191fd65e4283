"""A scan killed with SIGKILL at twenty random instants, then run again, leaves the rows of an undisturbed one."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import night_starts
from nightrounds.scan import scan, watched_accounts
from storage import accounts, audit, evidence, tables
from storage._columns import Sealed, UtcTime

KILLS = 20
COMPARED = ("accounts", "profile_snapshots", "posts", "post_revisions", "media", "screenings", "findings", "cases")
# Which page showed a post first depends on where a scan went on; a finding's key is made with its revision's number.
_VOLATILE = {"id", "evidence_ids", "run_id", "findings.key"}


def run_scan(home: str, platforms: dict[str, Any], begun: float) -> None:
    """One scan in a process of its own, on the sandbox's clock."""
    settings = Settings(home=Path(home), platforms=platforms)

    def clock():
        return night_starts(1) + timedelta(seconds=time.monotonic() - begun)

    with open_context(settings, clock=clock) as context:
        scan(context, watched_accounts(context), trigger="test")


def prepared_home(folder: Path, sandbox: Sandbox, keys: Path | None = None) -> Settings:
    folder.mkdir(mode=0o700)
    if keys:
        shutil.copy2(keys, folder / "keys.json")
    settings = Settings(home=folder, platforms=sandbox.platform_options())
    with open_context(settings, clock=sandbox.clock()) as context, context.store.begin() as tx:
        accounts.import_accounts(tx, sandbox.accounts())
    return settings


def rows_of(settings: Settings) -> dict[str, list[str]]:
    """What a scan is for, without times, numbers that count up, and what is sealed anew at each writing."""
    names: dict[int, str] = {}
    result = {}
    with open_context(settings) as context, context.store.read() as tx:
        for row in tx.connection.execute(select(tables.posts.c.id, tables.posts.c.native_key)):
            names[row.id] = row.native_key.hex()
        for table in (tables.metadata.tables[name] for name in COMPARED):
            kept = [c for c in table.c if not ({c.name, str(c)} & _VOLATILE or isinstance(c.type, Sealed | UtcTime))]
            kept = [c for c in kept if not c.foreign_keys]
            owner = [table.c.post_id] if "post_id" in table.c else []
            rows = tx.connection.execute(select(*kept, *owner)).all()
            result[table.name] = sorted(
                repr([_without_numbers(v) for v in row[: len(kept)]] + [names.get(v) for v in row[len(kept) :]]) for row in rows
            )
    return result


def _without_numbers(value: Any) -> Any:
    """A case's key names its post by number, which depends on the order of storing."""
    if isinstance(value, str) and "/post/" in value:
        return value.rpartition("/")[0]
    return value.hex() if isinstance(value, bytes) else value


@pytest.mark.xdist_group("slow")
def test_twenty_kills_lose_and_double_nothing(tmp_path):
    spawned = multiprocessing.get_context("forkserver")
    spawned.set_forkserver_preload(["nightrounds.scan", "nightrounds.sandbox.view", "detectors._reader", "crawlers.websites"])
    chance = random.Random(20261116)
    with Sandbox(night=1) as sandbox:
        begun = time.monotonic()
        calm = prepared_home(tmp_path / "calm", sandbox)
        started = time.monotonic()
        run_scan(str(calm.home), calm.platforms, begun)
        duration = time.monotonic() - started
        expected = rows_of(calm)
        assert len(expected["posts"]) >= 200

        kills, round_number = 0, 0
        while kills < KILLS:
            home = tmp_path / f"killed{round_number}"
            round_number += 1
            killed = prepared_home(home, sandbox, calm.home / "keys.json")
            kills += _kill_until_it_is_done(spawned, killed, begun, duration, chance, KILLS - kills)
            run_scan(str(killed.home), killed.platforms, begun)
            assert rows_of(killed) == expected
            with open_context(killed) as context, context.store.read() as tx:
                assert audit.verify_chain(tx).ok
                assert evidence.verify_all(tx).ok


def _kill_until_it_is_done(spawned, settings: Settings, begun: float, duration: float, chance: random.Random, most: int) -> int:
    """Start, kill, start again; returns how many scans were really killed before one came to its end."""
    kills = 0
    while kills < most:
        process = spawned.Process(target=run_scan, args=(str(settings.home), settings.platforms, begun))
        process.start()
        process.join(chance.uniform(0.1, duration))
        if not process.is_alive():
            assert process.exitcode == 0
            return kills
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += 1
    return kills
