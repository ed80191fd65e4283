"""Opens the database: SQLite in WAL mode, or PostgreSQL over psycopg 3. Says what a write is and turns errors into our own."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from core.errors import ConfigError, StorageError

_BUSY_SECONDS = 60  # a nightly page takes milliseconds; a rotation batch or a migration may take longer
_WRITES = "nightrounds_writes"  # execution option of connections that will write
_UNREACHED = "is the server up? Check host and port of database_url"
_ADVISORY_LOCK = 0x4E52_0001  # migrations and first start, one process at a time


def open_engine(url: str) -> Engine:
    """Raises: ConfigError: the URL is none, or of another database system. It is never quoted: it holds a password."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
        elif backend == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
        else:
            raise ConfigError("database_url: expected sqlite:///… or postgresql://…")
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError("database_url: not a database URL; expected sqlite:///… or postgresql://…") from None
    if backend == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], _named: Any) -> None:
    """Make a new database's file for its owner alone. SQLite would ask the umask, and gives its WAL the mode of the file."""
    with suppress(OSError, TypeError):  # what is wrong with the place, SQLite says itself
        if arguments[0] != ":memory:" and not arguments[0].startswith("file:"):
            os.close(os.open(arguments[0], os.O_WRONLY | os.O_CREAT, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and never is IMMEDIATE
    # whatever this SQLite was built with: an erased envelope must not stand in free space
    for statement in ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=NORMAL", "PRAGMA secure_delete=ON"):
        connection.execute(statement)
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:  # SQLite does not wait for the lock that the change of journal mode needs
        try:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] in {"wal", "memory"}:
                return
        except sqlite3.OperationalError as error:
            if time.monotonic() > deadline or not error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise
        time.sleep(0.05)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def write(engine: Engine, *, alone: bool = False) -> Iterator[Connection]:
    """One write transaction. `alone` keeps other processes' `alone` transactions waiting (on SQLite every write is alone)."""
    with _own_errors(), engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if alone:
            lock(connection, _ADVISORY_LOCK)
        yield connection


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One read-only transaction that sees the database as it stood at its first statement."""
    options: dict[str, Any] = (
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
    )
    with _own_errors(), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def lock(connection: Connection, number: int, *, shared: bool = False) -> None:
    """Hold a lock until the transaction ends, on PostgreSQL; a SQLite write transaction holds the whole database anyway."""
    if connection.dialect.name == "postgresql":
        kind = "_shared" if shared else ""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{kind}(%s)", (number,))


def empty_log(engine: Engine) -> bool:
    """Bring SQLite's log into the database and empty it: it holds pages as they were before. False when a reader keeps it."""
    if engine.dialect.name != "sqlite":
        return True
    with _own_errors(), closing(engine.raw_connection()) as connection:
        busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(f"the database refused: {_named(error)}{_mend(error)}") from None


def _named(error: SQLAlchemyError) -> str:
    """The error's class and code. Its message may quote values."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return f"{type(error.orig).__name__} {code}" if code else type(error.orig).__name__


_MENDS = (  # by the start of SQLite's error names and of PostgreSQL's codes
    (("SQLITE_FULL", "53100"), "the disk is full; free space on it"),
    (("SQLITE_READONLY", "25006"), "the database or its folder is read-only; let this user write there"),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"), "the database is damaged; restore a backup"),
    (("SQLITE_CANTOPEN",), "its file can't be opened; do the folder and the right to write there exist?"),
    (("SQLITE_IOERR",), "the disk does not answer as it should; check it"),
    (("SQLITE_BUSY",), "another process holds it; try again"),
    (("28",), "check user and password of database_url"),
    (("3D000",), "check the database's name in database_url"),
    (("08", "57P"), _UNREACHED),
)


def _mend(error: SQLAlchemyError) -> str:
    """What an operator can do about it, in our own words; empty where we know nothing."""
    if not isinstance(error, DBAPIError):
        return ""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    if code is None:
        # psycopg tells a failed connection by no code, only in a text that names the host
        return f": {_UNREACHED}" if type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"} else ""
    return next((f": {mend}" for starts, mend in _MENDS if code.startswith(starts)), "")
