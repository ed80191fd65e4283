from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from core.errors import ConfigError, StorageError
from core.records import Account, CrawledPage
from core.settings import Settings
from storage import evidence, pages, tables
from storage.evidence import EvidenceFolder, EvidenceReport
from storage.store import Store

BODIES = [b"first answer", b"", b"\x00\xff" * 40_000]


@pytest.fixture
def blobs(store: Store, watched: Account, run_id: int, make_page: Callable[..., CrawledPage], settings: Settings) -> list[Path]:
    """The files of three captures, in the order of BODIES."""
    for body in BODIES:
        with store.begin() as tx:
            pages.store_page(tx, run_id=run_id, account=watched, page=make_page(body=body))
    folder = settings.home / "evidence"
    return [next(folder.rglob(f"{hashlib.sha256(body).hexdigest()}*")) for body in BODIES]


def _verify(store: Store) -> EvidenceReport:
    with store.read() as tx:
        return evidence.verify_all(tx)


def test_blobs_are_sharded_sealed_and_whole(store: Store, blobs: list[Path], settings: Settings) -> None:
    for body, blob in zip(BODIES, blobs, strict=True):
        sha256 = hashlib.sha256(body).hexdigest()
        assert blob.relative_to(settings.home / "evidence").parts == (sha256[:2], sha256[2:4], f"{sha256}.sealed")
        assert not body or body not in blob.read_bytes()
        assert store.evidence.load(sha256) == body
    assert _verify(store) == EvidenceReport(3, (), ())


@pytest.mark.parametrize("at", [0, 1, 5, 15, 30, -1])
def test_one_flipped_bit_anywhere_is_found(store: Store, blobs: list[Path], at: int) -> None:
    sealed = bytearray(blobs[2].read_bytes())
    sealed[at] ^= 1
    blobs[2].write_bytes(sealed)
    assert _verify(store) == EvidenceReport(3, (), (hashlib.sha256(BODIES[2]).hexdigest(),))


def test_lost_cut_and_swapped_blobs_are_found(store: Store, blobs: list[Path]) -> None:
    blobs[0].unlink()
    blobs[1].write_bytes(blobs[2].read_bytes())
    blobs[2].write_bytes(blobs[2].read_bytes()[:-100])
    report = _verify(store)
    assert report.missing == (hashlib.sha256(BODIES[0]).hexdigest(),)
    assert set(report.damaged) == {hashlib.sha256(body).hexdigest() for body in BODIES[1:]}
    assert not report.ok


def test_other_bytes_sealed_under_a_name_are_found(store: Store, blobs: list[Path]) -> None:
    sha256 = hashlib.sha256(BODIES[0]).hexdigest()
    blobs[0].write_bytes(store.keys.seal(b"made up later", f"evidence/{sha256}"))
    assert _verify(store).damaged == (sha256,)


def test_a_blob_is_written_once(store: Store, blobs: list[Path]) -> None:
    before = blobs[0].read_bytes(), blobs[0].stat().st_mtime_ns
    store.evidence.keep(BODIES[0])
    assert (blobs[0].read_bytes(), blobs[0].stat().st_mtime_ns) == before


@pytest.mark.parametrize("damage", [b"", b"not an envelope", b"\x01\x01k" + b"0" * 60])
def test_a_damaged_blob_is_written_anew(store: Store, blobs: list[Path], damage: bytes) -> None:
    blobs[0].write_bytes(damage)
    assert not _verify(store).ok
    store.evidence.keep(BODIES[0])
    assert _verify(store) == EvidenceReport(3, (), ())


def test_a_row_that_the_audit_trail_names_is_missed(store: Store, blobs: list[Path]) -> None:
    with store.begin() as tx:
        tx.connection.execute(delete(tables.evidence).where(tables.evidence.c.id == 2))
    report = _verify(store)
    assert (report.checked, report.lost_rows, report.ok) == (2, (2,), False)


def test_a_changed_address_is_found(store: Store, blobs: list[Path]) -> None:
    c = tables.evidence.c
    with store.begin() as tx:
        tx.connection.execute(update(tables.evidence).where(c.id == 1).values(url=tx.seal(c.url, "https://another.test/")))
        tx.connection.execute(update(tables.evidence).where(c.id == 2).values(sha256="0" * 64))
    report = _verify(store)
    assert (report.wrong_rows, report.ok) == ((1, 2), False)


def test_a_blob_without_a_row_is_told_and_harmless(store: Store, blobs: list[Path]) -> None:
    orphan = store.evidence.keep(b"the transaction of this one was killed")
    report = _verify(store)
    assert report == EvidenceReport(3, (), (), orphans=(orphan,))
    assert report.ok


def test_any_file_system_of_fsspec_serves(store: Store, tmp_path: Path) -> None:
    folder = EvidenceFolder(f"memory:/{tmp_path}", store.keys)
    sha256 = folder.keep(b"answer")
    assert folder.holds(sha256)
    assert folder.load(sha256) == b"answer"
    with pytest.raises(StorageError, match="can't be read"):
        folder.load("0" * 64)
    with pytest.raises(ConfigError, match="evidence_url"):
        EvidenceFolder("nosuch://bucket", store.keys)


def test_a_disk_that_refuses_stores_nothing(
    store: Store, watched: Account, run_id: int, make_page: Callable[..., CrawledPage], settings: Settings
) -> None:
    (settings.home / "evidence").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="evidence can't be written"), store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=make_page())
    assert _verify(store).checked == 0
