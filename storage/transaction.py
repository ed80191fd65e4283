"""One transaction: the connection, the time that it counts as now, who acts, and the keys. What every query is handed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Column, Connection, Row, Table, text
from sqlalchemy.dialects import postgresql, sqlite

from storage._envelope import Envelope, KeyRing, to_bytes, to_text
from storage.evidence import EvidenceFolder
from storage.tables import place_of

_MOST_PARAMETERS = 900  # values in one IN (…): below every SQLite's limit

Item = TypeVar("Item")
Clock = Callable[[], datetime]
Upsert: TypeAlias = postgresql.Insert | sqlite.Insert
AnyRow: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(slots=True)
class Transaction:
    """Made by `Store.begin` and `Store.read` alone. Audit entries gather here and are chained just before the commit."""

    connection: Connection
    now: datetime
    actor: str
    keys: KeyRing = field(repr=False)
    evidence: EvidenceFolder = field(repr=False)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    def seal(self, column: Column[Any], text: str | None, bound: str | bytes | None = None) -> Envelope | None:
        """`bound` is the row's value of the column that this one is bound to."""
        return None if text is None else self.keys.seal(to_bytes(text), place_of(column, bound))

    def unseal(self, column: Column[Any], sealed: bytes, bound: str | bytes | None = None) -> str:
        return to_text(self.keys.unseal(sealed, place_of(column, bound)))

    def seal_json(self, column: Column[Any], value: Any, bound: str | bytes | None = None) -> Envelope:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return self.keys.seal(to_bytes(text), place_of(column, bound))

    def unseal_json(self, column: Column[Any], sealed: bytes, bound: str | bytes | None = None) -> Any:
        return json.loads(self.unseal(column, sealed, bound))

    def fingerprint(self, column: Column[Any], value: str | bytes) -> bytes:
        """The keyed hash of a value at a column."""
        return self.keys.fingerprint(to_bytes(value) if isinstance(value, str) else value, place_of(column))

    def upsert(self, table: Table, key: tuple[str, ...], fresh: tuple[str, ...] = (), where: str = "") -> Upsert:
        """INSERT that meets a row of the same natural key: its `fresh` columns take the new values, without any it stays.

        `where` is the condition of a partial unique index.
        """
        return _upsert(self.connection.dialect.name, table, key, fresh, where)

    def audit(self, action: str, **detail: int | str | list[int]) -> None:
        """Note an act: ids and counts only. Equal acts of one transaction become one entry: counts add up, ids are joined."""
        entry = self.entries.setdefault(action, {})
        for name, value in detail.items():
            entry[name] = value if isinstance(value, str) or name not in entry else entry[name] + value


@cache
def _upsert(dialect: str, table: Table, key: tuple[str, ...], fresh: tuple[str, ...], where: str) -> Upsert:
    """Made once each: building `excluded` costs as much as storing a row."""
    put: Upsert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not fresh:
        return put.on_conflict_do_nothing(index_elements=key, index_where=text(where) if where else None)
    return put.on_conflict_do_update(index_elements=key, set_={name: put.excluded[name] for name in fresh})


def chunks(items: Iterable[Item], size: int = _MOST_PARAMETERS) -> Iterator[Sequence[Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
