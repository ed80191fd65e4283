"""The audit trail: a hash chain of what storage itself did, written in the transaction that did it.

An event's hash covers the previous hash, so that a change, a loss or a swap breaks the chain where it happened. The head row
says where the chain ends, sealed under the index key: without that key nobody can write a tail anew or cut it off unnoticed.
An older copy of the whole database put back is found only by a head that was noted elsewhere (`verify_chain(expected=…)`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.errors import StorageError
from storage import tables
from storage._columns import canonical
from storage._engine import lock
from storage._envelope import KeyRing
from storage.transaction import Transaction

_ORIGIN_ROW, _HEAD_ROW = 0, 1
_ZERO = "0" * 64
_LOCK = 0x4E52_0002
SYSTEM = "system"

events, head = tables.audit_events, tables.audit_head


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends. Note it outside the database, and a later check can tell whether history was cut or replaced."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of the chain found; `broken_at` is the first sequence number that does not fit, with the reason."""

    checked: int
    head: Head
    broken_at: int | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def actor_token(keys: KeyRing, actor: str) -> str:
    """How the chain names a person: by keyed hash. `system` stays readable."""
    return actor if actor == SYSTEM else "person:" + keys.fingerprint(actor.encode(), "audit_events.actor").hex()


def is_begun(connection: Connection) -> bool:
    """Whether this database was ever opened with keys."""
    return connection.execute(select(head.c.id).where(head.c.id == _ORIGIN_ROW)).first() is not None


def begin_chain(tx: Transaction) -> None:
    """Write the first rows of an empty trail; where another process did so meanwhile, check the keys instead."""
    if is_begun(tx.connection):
        check_keys(tx)
        return
    start = {"sequence": 0, "hash": _ZERO, "seal": _seal(tx.keys, 0, _ZERO)}
    tx.connection.execute(insert(head), [{"id": _ORIGIN_ROW, **start}, {"id": _HEAD_ROW, **start}])


def check_keys(tx: Transaction) -> None:
    """Raises: StorageError: the index key is not the one that began this trail."""
    origin = tx.connection.execute(select(head.c.seal).where(head.c.id == _ORIGIN_ROW)).scalar_one()
    if not hmac.compare_digest(origin, _seal(tx.keys, 0, _ZERO)):
        raise StorageError("the key ring is not the one of this database; put the right keys.json (or setting keys) back")


def append_entries(tx: Transaction) -> None:
    """Chain what the transaction noted. Last thing before the commit: from here on other writers wait."""
    if not tx.entries:
        return
    lock(tx.connection, _LOCK)
    previous = _head(tx)
    rows: list[dict[str, Any]] = []
    sequence, last = previous.sequence, previous.hash
    for action, detail in tx.entries.items():
        sequence += 1
        row = {"sequence": sequence, "at": tx.now, "actor": actor_token(tx.keys, tx.actor), "action": action, "detail": detail}
        digest = _digest(last, row)
        rows.append({**row, "previous": last, "hash": digest})
        last = digest
    tx.connection.execute(insert(events), rows)
    tx.connection.execute(
        update(head).where(head.c.id == _HEAD_ROW).values(sequence=sequence, hash=last, seal=_seal(tx.keys, sequence, last))
    )
    tx.entries.clear()


def verify_chain(tx: Transaction, *, expected: Head | None = None) -> ChainReport:
    """Walk the whole chain and name the first link that does not fit."""
    checked, last = 0, _ZERO
    noted = expected is None or expected.sequence == 0
    stream = select(events).order_by(events.c.sequence).execution_options(yield_per=2000)
    for row in tx.connection.execute(stream).mappings():
        sequence = checked + 1
        broken = ""
        if row["sequence"] != sequence:
            broken = f"event {sequence} is missing"
        elif row["previous"] != last:
            broken = f"event {sequence} does not follow the one before it"
        elif _digest(last, row) != row["hash"]:
            broken = f"event {sequence} was changed"
        elif expected is not None and sequence == expected.sequence:
            noted = row["hash"] == expected.hash
            broken = "" if noted else f"event {sequence} is not the one that was noted"
        if broken:
            return ChainReport(checked, Head(checked, last), sequence, broken)
        checked, last = sequence, row["hash"]
    end = Head(checked, last)
    stored = tx.connection.execute(select(head).where(head.c.id == _HEAD_ROW)).mappings().first()
    if stored is None or not hmac.compare_digest(stored["seal"], _seal(tx.keys, stored["sequence"], stored["hash"])):
        return ChainReport(checked, end, checked + 1, "the head of the chain was changed")
    if (stored["sequence"], stored["hash"]) != (checked, last):
        return ChainReport(checked, end, checked + 1, f"the chain ends at event {checked}, its head says {stored['sequence']}")
    if not noted:
        return ChainReport(checked, end, checked + 1, "the chain ends before the event that was noted")
    return ChainReport(checked, end)


def _head(tx: Transaction) -> Head:
    row = tx.connection.execute(select(head.c.sequence, head.c.hash).where(head.c.id == _HEAD_ROW)).first()
    if row is None:
        raise StorageError("the audit trail has lost its head; run: nightrounds verify")
    return Head(*row)


def _digest(previous: str, row: Any) -> str:
    at: datetime = row["at"]
    covered = [previous, row["sequence"], at.astimezone(UTC).isoformat(), row["actor"], row["action"], row["detail"]]
    return hashlib.sha256(canonical(covered).encode()).hexdigest()


def _seal(keys: KeyRing, sequence: int, digest: str) -> bytes:
    return keys.fingerprint(f"{sequence}:{digest}".encode(), "audit_head.seal")
