"""What platforms answered, byte for byte: content-addressed, encrypted, written once, and before the database speaks of it.

A blob without a row (an orphan) is from a transaction that was killed: its rerun finds the blob in place, and a purge takes out
what nothing came back for. What a duty to delete took out leaves its row, marked as erased, and the audit trail says so;
`storage.erasure` does both.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
from storage._trail import erased_by_trail, ids_in_trail

if TYPE_CHECKING:
    from storage.transaction import Transaction

REMOVING = 0x4E52_0004  # who takes blobs out waits for those who are writing some, and the other way round
SHARDS = tuple(f"{number:02x}" for number in range(256))  # the first two digits of a name
_SUFFIX = ".sealed"
_FILE = re.compile(r"([0-9a-f]{64})\.sealed(?:\.[0-9a-f]{16})?")  # a blob, or what a killed write left beside it


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """What a check of all evidence found; `missing` and `damaged` are SHA-256 names of blobs.

    `lost_rows` are ids that the audit trail names and the table lacks, `wrong_rows` those whose address is not as it was kept,
    or that are erased while the trail's last word is that they were stored, or the other way round. Erased ones are not among
    the checked; `unfinished` are blobs that are still there though all their rows are erased, for the next purge to remove.
    `orphans` have no row at all: a crawl is under way, or was killed.
    """

    checked: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    lost_rows: tuple[int, ...] = ()
    wrong_rows: tuple[int, ...] = ()
    unfinished: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Nothing is lost or changed; what was erased may still be there."""
        return not (self.missing or self.damaged or self.lost_rows or self.wrong_rows)

    @property
    def ok(self) -> bool:
        return self.intact and not self.unfinished


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

    def found(self, shard: str) -> set[str]:
        """The names that start with these two digits, of what is there: blobs, and what killed writes left beside them.

        Raises:
            StorageError: the store can't be listed.
        """
        try:
            self._files.invalidate_cache()
            paths = self._files.find(f"{self._root}/{shard}")
        except OSError as error:
            raise StorageError(f"the evidence store can't be listed ({type(error).__name__})") from None
        return {match[1] for path in paths if (match := _FILE.fullmatch(str(path).rpartition("/")[2]))}

    def written_at(self, sha256: str) -> datetime | None:
        """When the last file of this name was written, in UTC; None when nothing is there, or the store does not tell."""
        times = []
        try:
            for one in self._of_name(sha256):
                at = self._files.modified(one)
                times.append(at if at.tzinfo else at.replace(tzinfo=UTC))
        except (OSError, NotImplementedError):  # so fsspec says that this kind of store keeps no times
            return None
        return max(times, default=None)

    def is_foreign(self, sha256: str) -> bool:
        """Whether a blob is there that our keys don't open: damaged, or another installation's."""
        return self.holds(sha256) and not self._is_sound(sha256)

    def remove(self, sha256: str) -> None:
        """Take a blob out, with what a killed write may have left beside it; nothing there is fine.

        Raises:
            StorageError: the store refuses.
        """
        try:
            for one in self._of_name(sha256):
                self._files.rm_file(one)
        except OSError as error:
            raise StorageError(f"evidence {sha256}: can't be removed ({type(error).__name__})") from None

    def _of_name(self, sha256: str) -> list[str]:
        path = self._path(sha256)
        return [one for one in (path, *self._files.glob(f"{path}.*")) if self._files.exists(one)]

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
    """Keep captures and return their ids. The same bytes from the same address are one capture of an account: the first
    stays, its `last_captured_at` moves. One that was erased is there again."""
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
    put = tx.upsert(t, ("sha256", "url_key", "account_id"), ("url", "headers", "size", "last_captured_at", "erased_at"))
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
        checked,
        tuple(missing),
        tuple(damaged),
        _lost_rows(tx),
        _wrong_rows(tx),
        unfinished=tuple(unfinished),
        orphans=tuple(_orphans(tx)),
    )


def known_names(tx: Transaction, shard: str) -> dict[str, bool]:
    """The names of a shard that have rows; True for those that an answer needs, False where all are erased."""
    c = tables.evidence.c
    needed = func.count(c.id) > func.count(c.erased_at)
    of_shard = select(c.sha256, needed.label("needed")).where(c.sha256 >= shard, c.sha256 < f"{shard}g").group_by(c.sha256)
    return {row.sha256: bool(row.needed) for row in tx.connection.execute(of_shard)}


def _orphans(tx: Transaction) -> list[str]:
    return [name for shard in SHARDS for name in sorted(tx.evidence.found(shard) - known_names(tx, shard).keys())]


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
    erased = erased_by_trail(tx)
    rows = select(c.id, c.url, c.url_key, c.sha256, c.erased_at).order_by(c.id).execution_options(yield_per=1000)
    for row in tx.connection.execute(rows):
        if (row.erased_at is not None) != (row.id in erased):
            wrong.append(row.id)
            continue
        if row.erased_at is not None:
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
