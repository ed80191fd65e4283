from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import alembic
import pytest
import sqlalchemy
from alembic.script import ScriptDirectory

from core.errors import StorageError
from core.records import Account, CrawledPage
from core.settings import Settings
from storage import _engine, accounts, crawls, migrations, pages, tables
from storage.store import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def url(empty_settings: Settings) -> str:
    empty_settings.home.mkdir()
    return empty_settings.sqlalchemy_url


def _names(url: str) -> set[str]:
    engine = _engine.open_engine(url)
    with _engine.read(engine) as connection:
        names = set(sqlalchemy.inspect(connection).get_table_names())
    engine.dispose()
    return names


def test_upgrade_makes_the_tables_of_this_version(url: str) -> None:
    migrations.upgrade(url)
    assert _names(url) == {*tables.metadata.tables, "alembic_version"}
    assert migrations.current_revision(url) == migrations.head_revision()
    assert migrations.check(url) == ""


def test_check_names_what_differs(url: str) -> None:
    migrations.upgrade(url)
    engine = _engine.open_engine(url)
    with _engine.write(engine) as connection:
        connection.exec_driver_sql("DROP INDEX ix_findings_found_at")
    engine.dispose()
    assert "ix_findings_found_at" in migrations.check(url)


def test_down_and_up_again(url: str) -> None:
    migrations.upgrade(url)
    migrations.downgrade(url)
    assert _names(url) == {"alembic_version"}
    migrations.upgrade(url)
    migrations.upgrade(url)
    assert migrations.check(url) == ""


def test_a_migration_that_fails_leaves_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "alembic"
    (folder / "versions").mkdir(parents=True)
    for source in (migrations.script_location() / "env.py", *(migrations.script_location() / "versions").glob("*.py")):
        target = folder / source.relative_to(migrations.script_location())
        target.write_text(source.read_text())
    (folder / "versions" / "9999_fails.py").write_text(
        "from alembic import op\nrevision = '9999'\n"
        f"down_revision = {migrations.head_revision()!r}\n"
        "def upgrade():\n    op.execute('CREATE TABLE half_way (id INTEGER)')\n    op.execute('SELECT * FROM nowhere')\n"
    )
    monkeypatch.setattr(migrations, "script_location", lambda: folder)
    with pytest.raises(StorageError):
        migrations.upgrade(url)
    assert _names(url) == set()


def test_store_says_that_the_schema_is_missing_or_newer(empty_settings: Settings, url: str) -> None:
    with pytest.raises(StorageError, match="nightrounds db upgrade"):
        Store.open(empty_settings, clock=lambda: pytest.fail("no time is needed"))
    migrations.upgrade(url)
    engine = _engine.open_engine(url)
    with _engine.write(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'later'")
    engine.dispose()
    for upgrade in (False, True):
        with pytest.raises(StorageError, match="newer version"):
            Store.open(empty_settings, clock=lambda: pytest.fail("no time is needed"), upgrade=upgrade)


def test_migrations_run_from_where_the_wheel_puts_them(url: str, tmp_path: Path) -> None:
    for package in ("core", "storage"):
        shutil.copytree(ROOT / package, tmp_path / "installed" / package)
    shutil.copytree(ROOT / "alembic", tmp_path / "installed" / "storage" / "_alembic")
    script = "import sys; from storage import migrations; migrations.upgrade(sys.argv[1]); print(migrations.script_location())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    command = [sys.executable, "-c", script, url]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == str(tmp_path / "installed" / "storage" / "_alembic")
    assert migrations.check(url) == ""


def test_there_is_one_head_and_alembic_itself_is_not_shadowed() -> None:
    assert len(ScriptDirectory(str(migrations.script_location())).get_heads()) == 1
    assert not (migrations.script_location() / "__init__.py").exists()
    assert Path(alembic.__file__).parent != migrations.script_location()


def test_down_is_refused_while_it_would_forget_what_is_over(
    url: str,
    empty_settings: Settings,
    clock: Callable[[], datetime],
    make_account: Callable[..., Account],
    make_page: Callable[..., CrawledPage],
) -> None:
    store = Store.open(empty_settings, clock=clock, upgrade=True)
    one, other = make_account("one"), make_account("other")
    for account in (one, other):
        with store.begin() as tx:
            accounts.import_accounts(tx, [account])
            run = crawls.begin_run(tx, trigger="test")
            pages.store_page(tx, run_id=run, account=account, page=make_page())
    with store.begin() as tx:
        accounts.retire(tx, other.id)
    store.close()
    with pytest.raises(StorageError, match="no place for retired accounts, answers that show several accounts;"):
        migrations.downgrade(url, "0001")
    assert migrations.check(url) == ""
    engine = _engine.open_engine(url)
    with _engine.write(engine) as connection:
        connection.exec_driver_sql("UPDATE accounts SET retired_at = NULL")
        connection.exec_driver_sql("DELETE FROM evidence WHERE id = 2")
        before = connection.exec_driver_sql("SELECT id, sha256, url, account_id FROM evidence").all()
    migrations.downgrade(url, "0001")
    migrations.upgrade(url)
    assert migrations.check(url) == ""
    with _engine.read(engine) as connection:
        assert connection.exec_driver_sql("SELECT id, sha256, url, account_id FROM evidence").all() == before != []
    engine.dispose()
