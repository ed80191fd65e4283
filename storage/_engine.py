"""Opens the database: SQLite in WAL mode, or PostgreSQL over psycopg 3. Says what a write is and turns errors into our own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from core.errors import StorageError

_BUSY_SECONDS = 60  # a nightly page takes milliseconds; a rotation batch or a migration may take longer
_WRITES = "nightrounds_writes"  # execution option of connections that will write
_ADVISORY_LOCK = 0x4E52_0001  # migrations and first start, one process at a time


def open_engine(url: str) -> Engine:
    """Raises: StorageError: the URL is none, or of another database system. It is never quoted: it holds a password."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
        elif backend == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
        else:
            raise StorageError("database_url: expected sqlite:///… or postgresql://…")
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StorageError("database_url: not a database URL; expected sqlite:///… or postgresql://…") from None
    if backend == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and never is IMMEDIATE
    for statement in ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=NORMAL"):
        connection.execute(statement)
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:  # SQLite does not wait for the lock that the change of journal mode needs
        try:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] in {"wal", "memory"}:
                return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
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


def lock(connection: Connection, number: int) -> None:
    """Hold a lock until the transaction ends, on PostgreSQL; a SQLite write transaction holds the whole database anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (number,))


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(f"the database refused: {_named(error)}") from None


def _named(error: SQLAlchemyError) -> str:
    """The error's class and code. Its message may quote values."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return f"{type(error.orig).__name__} {code}" if code else type(error.orig).__name__
