"""Several processes at once, and processes that are killed: nothing is lost and nothing doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from core.records import Account
from core.settings import Settings
from storage import accounts, audit, crawls, evidence, keyring, posts, tables
from storage.store import Store

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = """
import sys
from datetime import UTC, datetime
from core.records import *
from core.settings import load_settings
from storage import accounts, crawls, keyring, pages
from storage.store import Store

def account(number):
    return Account(id=account_id("x", f"a{number}"), platform="x", handle=f"a{number}", kind=Kind.OFFICIAL, basis=Basis.OWNED,
                   basis_recorded_by="x", basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC))

store = Store.open(load_settings(), clock=lambda: datetime.now(UTC), upgrade=True)
"""
IMPORT = """
first = int(sys.argv[1])
for start in range(first, first + 200, 20):
    with store.begin() as tx:
        accounts.import_accounts(tx, [account(number) for number in range(start, start + 20)])
"""
CRAWL = """
with store.begin() as tx:
    accounts.import_accounts(tx, [account(0)])
    run = crawls.begin_run(tx, trigger="test")
    cursor = crawls.load_cursor(tx, account(0).id)
number = cursor.state["page"] if cursor else 0
while True:
    number += 1
    some = tuple(Post(platform="x", account_id=account(0).id, native_id=f"{number}.{n}", text="text " * 40) for n in range(5))
    raw = RawPage(url=f"https://platform.test/{number}", body=str(number).encode() * 3000, media_type="text/plain", status=200,
                  fetched_at=datetime.now(UTC), collector="test")
    with store.begin() as tx:
        page = CrawledPage(raw=(raw,), posts=some, cursor=Cursor({"page": number}))
        pages.store_page(tx, run_id=run, account=account(0), page=page)
    print("stored", flush=True)
"""
SAME_PAGES = """
with store.begin() as tx:
    accounts.import_accounts(tx, [account(0)])
    run = crawls.begin_run(tx, trigger="test")
for number in range(40):
    some = tuple(Post(platform="x", account_id=account(0).id, native_id=f"{number}.{n}", text="text") for n in range(5))
    raw = RawPage(url="https://platform.test", body=str(number).encode(), media_type="text/plain", status=200,
                  fetched_at=datetime.now(UTC), collector="test")
    with store.begin() as tx:
        page = CrawledPage(raw=(raw,), posts=some, profile=Profile(bio="Care"), cursor=Cursor({"page": number}))
        pages.store_page(tx, run_id=run, account=account(0), page=page)
"""
ROTATE = """
import os, signal
from storage._envelope import KeyRing
seal, left = KeyRing.seal, iter(range(400))

def seal_until_killed(ring, plain, place):
    if next(left) == 399:
        os.kill(os.getpid(), signal.SIGKILL)
    return seal(ring, plain, place)

KeyRing.seal = seal_until_killed
keyring.rotate(store, batch=3)
"""


def _start(settings: Settings, script: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NIGHTROUNDS_HOME": str(settings.home)}
    if settings.database_url is not None:
        environment["NIGHTROUNDS_DATABASE_URL"] = settings.database_url.get_secret_value()
    command = [sys.executable, "-c", PRELUDE + script, *arguments]
    return subprocess.Popen(command, env=environment, cwd=settings.home.parent, stdout=subprocess.PIPE, text=True)


def _kill_in_mid_page(process: subprocess.Popen[str], stored: int, seconds: float) -> None:
    """Kill a crawling process some time after it told of so many stored pages."""
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(stored)] == ["stored\n"] * stored
    time.sleep(seconds)
    process.kill()
    process.wait(timeout=30)
    process.stdout.close()


def test_processes_that_start_at_once_agree_and_lose_nothing(empty_settings: Settings, clock: Callable[[], object]) -> None:
    processes = [_start(empty_settings, IMPORT, str(first)) for first in (0, 100, 0)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    store = Store.open(empty_settings, clock=clock)  # type: ignore[arg-type]
    with store.read() as tx:
        handles = {account.handle for account in accounts.list_accounts(tx)}
        assert handles == {f"a{number}" for number in range(300)}
        assert audit.verify_chain(tx).ok
    store.close()


def test_the_same_pages_from_two_processes_are_stored_once(empty_settings: Settings, clock: Callable[[], object]) -> None:
    processes = [_start(empty_settings, SAME_PAGES) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    store = Store.open(empty_settings, clock=clock)  # type: ignore[arg-type]
    wanted = {"posts": 200, "post_revisions": 200, "evidence": 40, "profile_snapshots": 1, "cursors": 1, "crawl_runs": 2}
    with store.read() as tx:
        rows = {
            name: tx.connection.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one()
            for name in wanted
        }
        assert rows == wanted
        assert audit.verify_chain(tx).ok
    store.close()


def test_kill_in_mid_page_loses_and_doubles_nothing(empty_settings: Settings, clock: Callable[[], object]) -> None:
    chance = random.Random(7)
    last = 0
    for _ in range(3):
        _kill_in_mid_page(_start(empty_settings, CRAWL), chance.randrange(3, 12), chance.uniform(0, 0.02))
        store = Store.open(empty_settings, clock=clock)  # type: ignore[arg-type]
        with store.read() as tx:
            [account] = accounts.list_accounts(tx)
            cursor = crawls.load_cursor(tx, account.id)
            number = cursor.state["page"] if cursor else 0
            rows = {
                table.name: tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (tables.posts, tables.post_revisions, tables.evidence)
            }
            assert rows == {"posts": number * 5, "post_revisions": number * 5, "evidence": number}
            assert posts.count(tx, account.id) == number * 5
            assert evidence.verify_all(tx).ok
            assert audit.verify_chain(tx).ok
        store.close()
        assert number > last
        last = number


def test_kill_in_mid_rotation_leaves_everything_readable(
    sqlite_store: Store, tmp_path: Path, make_account: Callable[..., Account]
) -> None:
    many = [make_account(f"a{number}", native_id=str(number)) for number in range(600)]
    with sqlite_store.begin() as tx:
        accounts.import_accounts(tx, many)
    old = sqlite_store.keys.active
    killed = _start(Settings(home=tmp_path / "home"), ROTATE)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL

    def sealed_with() -> dict[str, int]:
        with sqlite_store.read() as tx:
            assert len(accounts.list_accounts(tx)) == 600
            handles = tx.connection.execute(select(tables.accounts.c.handle)).scalars().all()
        ids = [handle[2 : 2 + handle[1]].decode() for handle in handles]
        return {key_id: ids.count(key_id) for key_id in set(ids)}

    half_way = sealed_with()
    assert set(half_way) > {old}
    active = keyring.rotate(sqlite_store).active
    assert set(half_way) == {old, active}
    assert sealed_with() == {active: 600}
