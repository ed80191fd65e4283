from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import ConfigError, StorageError
from core.settings import Settings
from storage import _engine, crawls, migrations
from storage.store import Store


def _open(settings: Settings) -> Store:
    return Store.open(settings, clock=lambda: pytest.fail("no time is needed"), upgrade=True)


@pytest.mark.parametrize("url", ["mysql://me:secret-word@host/db", "secret-word", "nosuch+driver://secret-word"])
def test_a_wrong_url_is_a_matter_of_configuration(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^database_url: ") as caught:
        _open(Settings(home=tmp_path, database_url=SecretStr(url)))
    assert "secret-word" not in str(caught.value)


def test_a_home_that_cannot_be_made_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="NIGHTROUNDS_HOME"):
        _open(Settings(home=tmp_path / "file" / "home"))


def test_a_new_database_is_its_owners_alone(sqlite_store: Store, tmp_path: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "home").glob("nightrounds.db*")}
    assert modes["nightrounds.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_an_unreachable_server_is_told_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = SecretStr(f"postgresql://me:secret-word@127.0.0.1:{port}/db?connect_timeout=2")
    with pytest.raises(StorageError, match="is the server up\\? Check host and port of database_url") as caught:
        _open(Settings(home=tmp_path, database_url=url))
    assert "secret-word" not in str(caught.value)


def test_a_damaged_file_is_told_with_the_mend(sqlite_store: Store, tmp_path: Path) -> None:
    assert migrations.integrity(sqlite_store.engine) == ""
    sqlite_store.close()
    path = tmp_path / "home" / "nightrounds.db"
    sound = path.read_bytes()
    path.write_bytes(sound[:8192] + b"\xff" * 40_960 + sound[49_152:])
    assert migrations.integrity(f"sqlite:///{path}") not in {"", "ok"}
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="the database is damaged; restore a backup"):
        _open(Settings(home=tmp_path / "home"))
    assert "restore a backup" in migrations.integrity(f"sqlite:///{path}")


def test_integrity_is_the_servers_own_matter_on_postgresql(store: Store) -> None:
    assert migrations.integrity(store.engine) == ""


def test_a_full_disk_is_told_with_the_mend(sqlite_store: Store) -> None:
    with _engine.read(sqlite_store.engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    refused = pytest.raises(StorageError, match="SQLITE_FULL: the disk is full; free space on it")
    with refused, _engine.write(sqlite_store.engine) as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.exec_driver_sql("CREATE TABLE big (x)")
        connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(1000000))")


def test_a_read_only_database_is_told_with_the_mend_at_once(sqlite_store: Store) -> None:
    with (
        pytest.raises(StorageError, match="SQLITE_READONLY: the database or its folder is read-only"),
        sqlite_store.read() as tx,
    ):
        crawls.begin_run(tx, trigger="test")
