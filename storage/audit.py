"""The audit trail: a hash chain of what storage itself did, written in the transaction that did it.

An event's hash is keyed with the index key and covers the previous hash, so that a change, a loss or a swap breaks the chain
where it happened, and nobody without that key can write history anew. The head row says where the chain ends, sealed likewise:
nobody can cut the tail off unnoticed. Nothing is appended to a trail whose end does not fit.
An older copy of the whole database put back is found only by a head that was noted elsewhere (`verify_chain(expected=…)`).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.errors import StorageError
from storage import tables
from storage._columns import canonical
from storage._engine import lock
from storage._envelope import KeyRing, to_bytes
from storage.transaction import Transaction

_ORIGIN_ROW, _HEAD_ROW = 0, 1
_ZERO = "0" * 64
_LOCK = 0x4E52_0002
SYSTEM = "system"
_TAMPERED = "the audit trail was tampered with; run nightrounds verify"

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
    return actor if actor == SYSTEM else "person:" + keys.fingerprint(to_bytes(actor), "audit_events.actor").hex()


def is_begun(connection: Connection) -> bool:
    """Whether this database was ever opened with keys."""
    return connection.execute(select(head.c.id).where(head.c.id == _ORIGIN_ROW)).first() is not None


def begin_chain(tx: Transaction) -> None:
    """Write the first rows of an empty trail; where another process did so meanwhile, check the keys instead.

    Raises:
        StorageError: the database holds data already, so that a trail must have been there.
    """
    if is_begun(tx.connection):
        check_keys(tx)
        return
    if _has_data(tx) or tx.connection.execute(select(events.c.sequence).limit(1)).first() is not None:
        raise StorageError(_TAMPERED)
    start = {"sequence": 0, "hash": _ZERO}
    rows = [
        {"id": _ORIGIN_ROW, **start, "seal": _origin_seal(tx.keys)},
        {"id": _HEAD_ROW, **start, "seal": _seal(tx.keys, 0, _ZERO)},
    ]
    tx.connection.execute(insert(head), rows)


def check_keys(tx: Transaction) -> None:
    """Raises: StorageError: the index key is not the one that began this trail."""
    origin = tx.connection.execute(select(head.c.seal).where(head.c.id == _ORIGIN_ROW)).scalar_one()
    if not hmac.compare_digest(origin, _origin_seal(tx.keys)):
        raise StorageError("the key ring is not the one of this database; put the right keys.json (or setting keys) back")


def append_entries(tx: Transaction) -> None:
    """Chain what the transaction noted. Last thing before the commit: from here on other writers wait.

    Raises:
        StorageError: the end of the trail is not as it was left.
    """
    if not tx.entries:
        return
    lock(tx.connection, _LOCK)
    previous = _sound_head(tx)
    rows: list[dict[str, Any]] = []
    sequence, last = previous.sequence, previous.hash
    for action, detail in tx.entries.items():
        sequence += 1
        row = {"sequence": sequence, "at": tx.now, "actor": actor_token(tx.keys, tx.actor), "action": action, "detail": detail}
        digest = _digest(tx.keys, last, row)
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
        elif not hmac.compare_digest(_digest(tx.keys, last, row), row["hash"]):
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
    if not checked and _has_data(tx):
        return ChainReport(0, end, 1, "the trail is empty, but the database is not")
    if not noted:
        return ChainReport(checked, end, checked + 1, "the chain ends before the event that was noted")
    return ChainReport(checked, end)


def _sound_head(tx: Transaction) -> Head:
    """The head, when its seal holds, it is where the last event stands, and an empty trail is a new database's."""
    row = tx.connection.execute(select(head).where(head.c.id == _HEAD_ROW)).first()
    if row is None or not hmac.compare_digest(row.seal, _seal(tx.keys, row.sequence, row.hash)):
        raise StorageError(_TAMPERED)
    last = tx.connection.execute(select(events.c.sequence, events.c.hash).order_by(events.c.sequence.desc()).limit(1)).first()
    if (row.sequence, row.hash) != ((0, _ZERO) if last is None else (last.sequence, last.hash)):
        raise StorageError(_TAMPERED)
    if last is None and _has_data(tx, before=tx.now):
        raise StorageError(_TAMPERED)
    return Head(row.sequence, row.hash)


def _has_data(tx: Transaction, before: datetime | None = None) -> bool:
    """Whether there are accounts or runs, which never come without an event; `before` leaves out this transaction's own."""
    for made_at in (tables.accounts.c.added_at, tables.crawl_runs.c.started_at):
        query = select(made_at).limit(1)
        if tx.connection.execute(query if before is None else query.where(made_at < before)).first() is not None:
            return True
    return False


def _digest(keys: KeyRing, previous: str, row: Any) -> str:
    at: datetime = row["at"]
    covered = [previous, row["sequence"], at.astimezone(UTC).isoformat(), row["actor"], row["action"], row["detail"]]
    return keys.fingerprint(canonical(covered).encode(), "audit_events.hash").hex()


def _origin_seal(keys: KeyRing) -> bytes:
    """Another label than the head's: the origin's seal says nothing of where a chain ends."""
    return keys.fingerprint(b"", "audit_head.origin")


def _seal(keys: KeyRing, sequence: int, digest: str) -> bytes:
    return keys.fingerprint(f"{sequence}:{digest}".encode(), "audit_head.seal")
