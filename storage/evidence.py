"""What platforms answered, byte for byte: content-addressed, encrypted, written once, and before the database speaks of it.

A blob without a row is harmless: the transaction that wanted it was killed, and its rerun finds the blob in place. What a duty
to delete took out leaves its row, marked as erased, and the audit trail says so; `storage.erasure` does that.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import bindparam, func, select, update

from core.errors import ConfigError, StorageError
from core.records import RawPage
from core.settings import Settings
from storage import tables
from storage._engine import lock
from storage._envelope import KeyRing, key_id_of
from storage._trail import EVIDENCE_ERASED, ids_in_trail

if TYPE_CHECKING:
    from storage.transaction import Transaction

REMOVING = 0x4E52_0004  # who takes blobs out waits for those who are writing some, and the other way round
_SUFFIX = ".sealed"


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """What a check of all evidence found; `missing` and `damaged` are SHA-256 names of blobs.

    `lost_rows` are ids that the audit trail names and the table lacks, `wrong_rows` those whose address is not as it was kept,
    or that say they were erased while the trail does not. Erased ones are not among the checked; `unfinished` are blobs that
    are still there though all their rows are erased, for the next purge to remove.
    """

    checked: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    lost_rows: tuple[int, ...] = ()
    wrong_rows: tuple[int, ...] = ()
    unfinished: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not (self.missing or self.damaged or self.lost_rows or self.wrong_rows)


class EvidenceFolder:
    """The blobs, on any file system that fsspec speaks. Names are sharded: `ab/cd/abcd….sealed`."""

    def __init__(self, url: str, keys: KeyRing) -> None:
        """Raises: ConfigError: the URL names no file system that is installed."""
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError, OSError) as error:
            raise ConfigError(f"evidence_url: no file system can be opened there ({type(error).__name__})") from None
        self._root = str(root).rstrip("/")
        self._keys = keys

    def keep(self, body: bytes) -> str:
        """Store bytes and return their SHA-256 name; bytes that are there already are left alone, unless they are damaged."""
        sha256 = hashlib.sha256(body).hexdigest()
        path = self._path(sha256)
        try:
            if not self._files.exists(path) or not self._is_sound(sha256):
                self._write(path, self._keys.seal(body, _place(sha256)))
        except OSError as error:
            raise StorageError(f"evidence can't be written ({type(error).__name__}); is the disk full?") from None
        return sha256

    def load(self, sha256: str) -> bytes:
        """Raises: StorageError: the blob is missing, does not open, or holds other bytes than its name says."""
        body = self._keys.unseal(self._sealed(sha256), _place(sha256))
        if hashlib.sha256(body).hexdigest() != sha256:
            raise StorageError(f"evidence {sha256}: holds other bytes than its name says")
        return body

    def holds(self, sha256: str) -> bool:
        return bool(self._files.exists(self._path(sha256)))

    def remove(self, sha256: str) -> None:
        """Take a blob out, with what a killed write may have left beside it; nothing there is fine.

        Raises:
            StorageError: the store refuses.
        """
        path = self._path(sha256)
        try:
            for one in (path, *self._files.glob(f"{path}.*")):
                if self._files.exists(one):
                    self._files.rm_file(one)
        except OSError as error:
            raise StorageError(f"evidence {sha256}: can't be removed ({type(error).__name__})") from None

    def _is_sound(self, sha256: str) -> bool:
        try:
            self.load(sha256)
        except StorageError:
            return False
        return True

    def reseal(self, sha256: str) -> bool:
        """Seal a blob with the active key; False when it was already, or is missing or damaged (which `verify_all` reports)."""
        try:
            if key_id_of(self._sealed(sha256), _place(sha256)) == self._keys.active:
                return False
            body = self.load(sha256)
        except StorageError:
            return False
        self._write(self._path(sha256), self._keys.seal(body, _place(sha256)))
        return True

    def _sealed(self, sha256: str) -> bytes:
        try:
            return bytes(self._files.cat_file(self._path(sha256)))
        except OSError as error:
            raise StorageError(f"evidence {sha256}: can't be read ({type(error).__name__})") from None

    def _write(self, path: str, sealed: bytes) -> None:
        if not isinstance(self._files, LocalFileSystem):
            self._files.pipe_file(path, sealed)  # an object store shows an object whole or not at all
            return
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        temporary = f"{path}.{secrets.token_hex(8)}"
        with self._files.open(temporary, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - paths here are fsspec's strings

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}{_SUFFIX}"


def open_evidence(settings: Settings, keys: KeyRing) -> EvidenceFolder:
    return EvidenceFolder(settings.evidence_url or str((settings.home / "evidence").resolve()), keys)


def keep_pages(tx: Transaction, *, run_id: int, account_id: str, raw: Sequence[RawPage]) -> list[int]:
    """Keep captures and return their ids. The same bytes from the same address are one capture: the first stays, its
    `last_captured_at` moves. One that was erased is there again."""
    t = tables.evidence
    lock(tx.connection, REMOVING, shared=True)
    rows: dict[tuple[str, bytes], Mapping[str, Any]] = {}
    for page in raw:
        sha256, url_key = tx.evidence.keep(page.body), tx.fingerprint(t.c.url, page.url)
        rows[sha256, url_key] = {
            "sha256": sha256,
            "url": tx.seal(t.c.url, page.url, sha256),
            "url_key": url_key,
            "headers": tx.seal_json(t.c.headers, [list(pair) for pair in page.headers]),
            "account_id": account_id,
            "run_id": run_id,
            "status": page.status,
            "media_type": page.media_type,
            "size": len(page.body),
            "collector": page.collector,
            "captured_at": page.fetched_at,
            "last_captured_at": page.fetched_at,
            "erased_at": None,
        }
    if not rows:
        return []
    put = tx.upsert(t, ("sha256", "url_key"), ("url", "headers", "size", "last_captured_at", "erased_at"))
    return sorted(tx.connection.execute(put.returning(t.c.id), list(rows.values())).scalars())


def note_shown(tx: Transaction, evidence_ids: Sequence[int], post_ids: Iterable[int]) -> None:
    """Note whose posts these answers show, beside those noted before: what is erased later must be found in them."""
    c, shown = tables.evidence.c, set(post_ids)
    noted = tx.connection.execute(select(c.id, c.post_ids).where(c.id.in_(evidence_ids))).all()
    rows = [{"at_id": row.id, "post_ids": sorted(shown | {*(row.post_ids or ())})} for row in noted]
    if rows:
        tx.connection.execute(update(tables.evidence).where(c.id == bindparam("at_id")), rows)


def captures(tx: Transaction, ids: Sequence[int]) -> list[RawPage]:
    """Kept answers with their bytes, by id, for a case's packet; erased ones are left out.

    Raises:
        StorageError: a blob is missing or damaged.
    """
    t = tables.evidence
    found = tx.connection.execute(select(t).where(t.c.id.in_(ids), t.c.erased_at.is_(None)).order_by(t.c.id)).mappings()
    return [
        RawPage(
            url=tx.unseal(t.c.url, row["url"], row["sha256"]),
            body=tx.evidence.load(row["sha256"]),
            media_type=row["media_type"],
            status=row["status"],
            fetched_at=row["captured_at"],
            collector=row["collector"],
            headers=tuple((name, value) for name, value in tx.unseal_json(t.c.headers, row["headers"])),
        )
        for row in found
    ]


def verify_all(tx: Transaction) -> EvidenceReport:
    """Read every blob again, open it and hash it; for an erased one, see that the trail says so and that it is not there."""
    t, checked = tables.evidence, 0
    missing: list[str] = []
    damaged: list[str] = []
    unfinished: list[str] = []
    erased = func.count(t.c.id) == func.count(t.c.erased_at)
    names = select(t.c.sha256, erased.label("erased")).group_by(t.c.sha256).order_by(t.c.sha256)
    for sha256, is_erased in tx.connection.execute(names.execution_options(yield_per=1000)):
        if is_erased:
            unfinished += [sha256] if tx.evidence.holds(sha256) else []
            continue
        checked += 1
        if not tx.evidence.holds(sha256):
            missing.append(sha256)
            continue
        try:
            tx.evidence.load(sha256)
        except StorageError:
            damaged.append(sha256)
    return EvidenceReport(
        checked, tuple(missing), tuple(damaged), _lost_rows(tx), _wrong_rows(tx), unfinished=tuple(unfinished)
    )


def _lost_rows(tx: Transaction) -> tuple[int, ...]:
    c = tables.evidence.c
    lost: set[int] = set()
    named = sorted(ids_in_trail(tx, "", "evidence_ids"))
    for ids in (named[start : start + 900] for start in range(0, len(named), 900)):
        lost |= {*ids} - {*tx.connection.execute(select(c.id).where(c.id.in_(ids))).scalars()}
    return tuple(sorted(lost))


def _wrong_rows(tx: Transaction) -> tuple[int, ...]:
    c = tables.evidence.c
    wrong: list[int] = []
    in_trail = ids_in_trail(tx, EVIDENCE_ERASED, "evidence_ids")
    rows = select(c.id, c.url, c.url_key, c.sha256, c.erased_at).order_by(c.id).execution_options(yield_per=1000)
    for row in tx.connection.execute(rows):
        if row.erased_at is not None:
            wrong += [] if row.id in in_trail else [row.id]
            continue
        try:
            sound = tx.fingerprint(c.url, tx.unseal(c.url, row.url, row.sha256)) == row.url_key
        except StorageError:
            sound = False
        if not sound:
            wrong.append(row.id)
    return tuple(wrong)


def _place(sha256: str) -> str:
    return f"evidence/{sha256}"
