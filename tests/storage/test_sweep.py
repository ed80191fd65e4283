"""Bytes that no answer needs: those of killed crawls go when they are old, those that came back after an erasure go at once."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.records import Account, CrawledPage, RawPage
from core.settings import Settings
from storage import audit, erasure, evidence, keyring, pages
from storage.evidence import EvidenceFolder
from storage.store import Store
from storage.tables import evidence as captures

BODIES = (b"first", b"second", b"third")


def _page(body: bytes, clock: Any) -> CrawledPage:
    kept = {"media_type": "application/json", "status": 200, "fetched_at": clock.now, "collector": "test 1"}
    return CrawledPage(raw=(RawPage(url="https://platform.test/timeline", body=body, **kept),))


@pytest.fixture
def answers(store: Store, watched: Account, run_id: int, clock: Any) -> list[int]:
    """Three answers that were kept; their ids."""
    for body in BODIES:
        with store.begin() as tx:
            pages.store_page(tx, run_id=run_id, account=watched, page=_page(body, clock))
    return [1, 2, 3]


def _erase(store: Store, ids: list[int]) -> None:
    with store.begin() as tx:
        erasure.erase_pages(tx, ids)
    erasure.remove_bytes(store)


def _blobs(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.home / "evidence").rglob("*") if path.is_file())


def _is_sound(store: Store) -> bool:
    with store.read() as tx:
        return evidence.verify_all(tx).ok and audit.verify_chain(tx).ok


def _aged(settings: Settings, sha256: str, **age: float) -> None:
    for path in (settings.home / "evidence").rglob(f"{sha256}*"):
        at = time.time() - timedelta(**age).total_seconds()
        os.utime(path, (at, at))


def test_a_killed_crawl_leaves_no_bytes_for_ever(store: Store, answers: list[int], settings: Settings) -> None:
    orphan = store.evidence.keep(b"its transaction was killed")
    _aged(settings, orphan, days=6)
    assert erasure.sweep(store) == 0  # its crawl may be under way, or its database come back from a backup
    _aged(settings, orphan, days=8)
    assert erasure.sweep(store) == 1
    assert orphan not in str(_blobs(settings))
    assert len(_blobs(settings)) == 3
    assert _is_sound(store)


def test_what_a_killed_write_left_alone_goes_when_it_is_old(store: Store, settings: Settings) -> None:
    name = "ab" * 32
    folder = settings.home / "evidence" / "ab" / "ab"
    folder.mkdir(parents=True)
    (folder / f"{name}.sealed.0123456789abcdef").write_bytes(b"half of it")
    with store.read() as tx:
        assert evidence.verify_all(tx).orphans == (name,)
    assert erasure.sweep(store) == 0
    _aged(settings, name, days=8)
    assert (erasure.sweep(store), _blobs(settings)) == (1, [])


def test_a_blob_that_our_keys_do_not_open_is_left_alone(store: Store, settings: Settings) -> None:
    orphan = store.evidence.keep(b"of another installation")
    blob = next((settings.home / "evidence").rglob("*.sealed"))
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    _aged(settings, orphan, days=800)
    assert (erasure.sweep(store), len(_blobs(settings))) == (0, 1)


def test_bytes_that_came_back_after_they_were_erased_go_at_once(store: Store, answers: list[int], settings: Settings) -> None:
    _erase(store, answers)
    name = store.evidence.keep(b"first")
    with store.read() as tx:
        report = evidence.verify_all(tx)
    assert (report.unfinished, report.ok) == ((name,), False)
    assert erasure.sweep(store) == 1
    assert _blobs(settings) == []
    assert _is_sound(store)


def test_a_purge_while_keys_rotate_brings_nothing_back(
    store: Store, answers: list[int], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, at = EvidenceFolder._write, threading.Event()

    def erase() -> None:
        assert at.wait(10)
        _erase(store, answers)

    def slow(self: EvidenceFolder, path: str, sealed: bytes) -> None:
        at.set()
        purge.join(0.3)  # time enough for a purge that nothing kept waiting
        real(self, path, sealed)

    purge = threading.Thread(target=erase)
    purge.start()
    monkeypatch.setattr(EvidenceFolder, "_write", slow)
    assert keyring.rotate(store).blobs == 3
    purge.join()
    assert _blobs(settings) == []
    assert _is_sound(store)


def test_an_answer_stored_again_and_made_to_look_erased_is_damage(
    store: Store, answers: list[int], watched: Account, run_id: int, clock: Any
) -> None:
    _erase(store, answers)
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=_page(b"first", clock))
    assert _is_sound(store)
    with store.begin() as tx:
        tx.connection.execute(update(captures).where(captures.c.id == 1).values(erased_at=tx.now, size=-1))
        tx.evidence.remove(hashlib.sha256(b"first").hexdigest())
    with store.read() as tx:
        assert evidence.verify_all(tx).wrong_rows == (1,)
