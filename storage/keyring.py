"""Where the keys come from: the setting `keys`, else a file in `home` (mode 0600), made on first use. And their rotation.

    {"active": "k1f09c2", "keys": {"k1f09c2": "<32 bytes, base64>"}, "index": "<32 bytes, base64>"}

`index` is for keyed hashes. It is never rotated, because natural keys hang on it. Lose the ring and what is stored is lost.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, ColumnElement, LargeBinary, RowMapping, and_, bindparam, func, or_, select, update

from core.errors import ConfigError, NightRoundsError, StorageError
from core.settings import Settings
from storage import tables
from storage._engine import lock
from storage._envelope import ERASED, KEY_BYTES, Envelope, KeyRing, prefix_of
from storage.evidence import REMOVING

if TYPE_CHECKING:
    from storage.store import Store

_BLOBS = 100  # sealed anew in one transaction, while no purge takes any out
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class FileKeyRing(KeyRing):
    """A key ring in a file; another process may rotate it while this one runs."""

    def __init__(self, path: Path, text: str) -> None:
        data = _parse(text, str(path))
        super().__init__(active=data.active, keys=data.keys, index=data.index)
        self.path = path

    def _ciphers_after_reload(self) -> Mapping[str, AESGCM]:
        self.reload()
        return self._ciphers

    def reload(self) -> None:
        self._take(FileKeyRing(self.path, _read(self.path)))

    def add_key(self) -> None:
        """Write the file with one more key, and make that the active one."""
        data = _parse(_read(self.path), str(self.path))
        key_id, key = _new_key()
        _write(_temporary(self.path, _text(_RingData(key_id, {**data.keys, key_id: key}, data.index))), self.path)
        self.reload()


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. Keys in `unused` seal nothing any more and may be taken out once no older process runs."""

    active: str
    rows: int
    blobs: int
    unused: tuple[str, ...]


def load_keyring(settings: Settings, *, create: bool) -> KeyRing:
    """The key ring of these settings; `create` allows to make the file, which only a database without data may ask.

    Raises:
        ConfigError: the ring in the setting is malformed or weak.
        StorageError: the file is missing, malformed, weak, or readable by others.
    """
    if settings.keys is not None:
        data = _parse(settings.keys.get_secret_value(), "the setting keys", ConfigError)
        return KeyRing(active=data.active, keys=data.keys, index=data.index)
    path = settings.home / "keys.json"
    if not path.exists():
        if not create:
            raise StorageError(f"{path}: the key ring is missing, but the database holds sealed data; put the file back")
        _create(path)
    return FileKeyRing(path, _read(path))


@dataclass(frozen=True, slots=True)
class _RingData:
    active: str
    keys: Mapping[str, bytes]
    index: bytes

    def __repr__(self) -> str:
        return "_RingData()"


def _parse(text: str, source: str, refusal: type[NightRoundsError] = StorageError) -> _RingData:
    wanted = "expected JSON with active, keys and index; each key 32 random bytes in base64"
    try:
        data = json.loads(text)
        keys = {str(key_id): base64.b64decode(key, validate=True) for key_id, key in data["keys"].items()}
        ring = _RingData(str(data["active"]), keys, base64.b64decode(data["index"], validate=True))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise refusal(f"{source}: no key ring: {wanted}") from None
    if ring.active not in keys:
        raise refusal(f"{source}: the active key is not among the keys")
    if not all(_KEY_ID.fullmatch(key_id) for key_id in keys):
        raise refusal(f"{source}: a key id must be 1 to 32 letters, digits, - or _")
    for key in (*keys.values(), ring.index):
        if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4:
            raise refusal(f"{source}: a key is too short or not random: {wanted}")
    if ring.index in keys.values():
        raise refusal(f"{source}: the index key must not also be an encryption key")
    return ring


def _new_key() -> tuple[str, bytes]:
    return f"k{secrets.token_hex(4)}", os.urandom(KEY_BYTES)


def _text(ring: _RingData) -> str:
    keys = {key_id: base64.b64encode(key).decode() for key_id, key in ring.keys.items()}
    return json.dumps({"active": ring.active, "keys": keys, "index": base64.b64encode(ring.index).decode()}, indent=2)


def _read(path: Path) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise StorageError(f"{path}: other users can read the keys; run: chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: the key ring can't be read ({type(error).__name__})") from None


def _temporary(path: Path, text: str) -> Path:
    """A whole, flushed file beside `path`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _write(temporary: Path, path: Path) -> None:
    temporary.replace(path)


def _create(path: Path) -> None:
    """Make the first ring. Of two processes that start at once the first wins, and the other reads what that one wrote."""
    key_id, key = _new_key()
    try:
        temporary = _temporary(path, _text(_RingData(key_id, {key_id: key}, os.urandom(KEY_BYTES))))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    except OSError as error:
        raise StorageError(f"{path}: the key ring can't be made ({type(error).__name__})") from None


def rotate(store: Store, *, batch: int = 2000) -> Rotated:
    """Seal everything under the newest key: rows in batches of one transaction each, then evidence. Killed, run it again.

    A ring in a file gets a new key, unless an earlier rotation was left unfinished: that one is then brought to its end. A
    ring in the settings is used as it is: put the new key there first and make it active.
    """
    keys = store.keys
    if isinstance(keys, FileKeyRing):
        keys.reload()
        if not _is_unfinished(store):
            keys.add_key()
    rows = sum(
        _rotate_table(store, name, batch) for name, table in tables.metadata.tables.items() if tables.sealed_columns(table)
    )
    blobs = _rotate_evidence(store)
    with store.begin() as tx:
        tx.audit("keys rotated", rows=rows, blobs=blobs)
    return Rotated(keys.active, rows, blobs, tuple(sorted(keys.key_ids - {keys.active})))


def _is_unfinished(store: Store) -> bool:
    with store.read() as tx:
        for table in tables.metadata.tables.values():
            columns = tables.sealed_columns(table)
            if columns:
                stale = or_(*(_is_stale(column, store.keys.active) for column in columns))
                if tx.connection.execute(select(1).select_from(table).where(stale).limit(1)).first():
                    return True
    return False


def _is_stale(column: Column[bytes], active: str) -> ColumnElement[bool]:
    prefix = prefix_of(active)
    head = func.substr(column, 1, len(prefix), type_=LargeBinary())
    return and_(column.is_not(None), column != ERASED, head != prefix)


def _rotate_table(store: Store, name: str, batch: int) -> int:
    table = tables.metadata.tables[name]
    key, columns = next(iter(table.primary_key.columns)), tables.sealed_columns(table)
    stale = or_(*(_is_stale(column, store.keys.active) for column in columns))
    change = (
        update(table).where(key == bindparam("at_key")).values({column: bindparam(f"new_{column.name}") for column in columns})
    )
    done, after = 0, None
    while True:
        with store.begin() as tx:
            due = select(table).where(stale).order_by(key).limit(batch).with_for_update()
            found = tx.connection.execute(due if after is None else due.where(key > after)).mappings().all()
            if not found:
                return done
            tx.connection.execute(change, [_resealed(store.keys, key, columns, row) for row in found])
            done, after = done + len(found), found[-1][key]


def _resealed(keys: KeyRing, key: Column[Any], columns: list[Column[bytes]], row: RowMapping) -> dict[str, object]:
    values: dict[str, object] = {"at_key": row[key]}
    for column in columns:
        beside, sealed = tables.bound_to(column), row[column]
        place = tables.place_of(column, None if beside is None else row[beside])
        if sealed is None or sealed == ERASED:
            values[f"new_{column.name}"] = None if sealed is None else ERASED
        else:
            values[f"new_{column.name}"] = keys.seal(keys.unseal(_bytes(sealed), place), place)
    return values


def _bytes(value: object) -> Envelope:
    if not isinstance(value, bytes):
        raise StorageError("expected a sealed value, found something else")
    return Envelope(value)


def _rotate_evidence(store: Store) -> int:
    c, after, done = tables.evidence.c, "", 0
    while True:
        with store.begin() as tx:
            lock(tx.connection, REMOVING, shared=True)  # else a purge between reading and writing would find its blob back
            names = select(c.sha256).distinct().where(c.sha256 > after, c.erased_at.is_(None))
            page = tx.connection.execute(names.order_by(c.sha256).limit(_BLOBS)).scalars().all()
            if not page:
                return done
            done += sum(store.evidence.reseal(sha256) for sha256 in page)
        after = page[-1]
