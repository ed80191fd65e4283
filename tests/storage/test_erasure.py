"""Erasing leaves shells and nothing else: no word in a row, no blob, no byte of the old envelopes in the database's files."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.records import (
    Account,
    CrawledPage,
    Cursor,
    Finding,
    Gone,
    GoneReason,
    Kind,
    Media,
    Post,
    Profile,
    RawPage,
    Screened,
)
from core.settings import Settings
from storage import _engine, accounts, audit, crawls, erasure, evidence, findings, keyring, pages, posts, screenings
from storage._envelope import ERASED
from storage.duties import Duty
from storage.evidence import EvidenceFolder
from storage.profiles import keep_profile
from storage.store import Store
from storage.tables import evidence as captures
from storage.tables import media, metadata, post_revisions, profile_snapshots
from storage.tables import posts as posts_table

WANTED = {Kind.OFFICIAL: {"phi": "1"}}


def _raw(body: bytes, clock: Any, url: str = "https://platform.test/timeline?user=lakeside") -> RawPage:
    headers = (("X-Post", "Orchid Wren"),)
    kept = {"media_type": "application/json", "status": 200, "fetched_at": clock.now, "collector": "test 1"}
    return RawPage(url=url, body=body, headers=headers, **kept)


@pytest.fixture
def one_post(store: Store, watched: Account, run_id: int, make_post: Callable[..., Post], clock: Any) -> int:
    """A post of two revisions with a picture, shown by three answers; the third one found it unchanged."""
    picture = Media(kind="image", native_key="p1", url="https://platform.test/p1.png", alt_text="Orchid Wren in bed 4")
    told = {"url": "https://platform.test/1", "revision": "r1", "media": (picture,)}
    for body, text in ((b"first", "Orchid Wren is in"), (b"second", "Orchid Wren is out"), (b"third", "Orchid Wren is out")):
        clock.pass_time(hours=1)
        page = CrawledPage(raw=(_raw(body, clock),), posts=(make_post("1", text, **told),))
        with store.begin() as tx:
            pages.store_page(tx, run_id=run_id, account=watched, page=page)
    return 1


def _erase(store: Store, *post_ids: int, duty: Duty = Duty.DELETED) -> None:
    with store.begin() as tx:
        erasure.erase_posts(tx, dict.fromkeys(post_ids, duty))
        shown = [row.id for row in tx.connection.execute(select(captures)) if set(row.post_ids or ()) & set(post_ids)]
        erasure.erase_pages(tx, shown)
    erasure.remove_bytes(store)
    assert _engine.empty_log(store.engine)


def _rows(store: Store, table: Any) -> list[Any]:
    with store.read() as tx:
        return list(tx.connection.execute(select(table).order_by(table.c.id)))


def _blobs(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.home / "evidence").rglob("*") if path.is_file())


def _is_sound(store: Store) -> bool:
    with store.read() as tx:
        return posts.verify_contents(tx).ok and evidence.verify_all(tx).ok and audit.verify_chain(tx).ok


def test_every_answer_that_shows_a_post_is_known(store: Store, one_post: int) -> None:
    assert [row.post_ids for row in _rows(store, captures)] == [[one_post]] * 3
    assert [row.evidence_ids for row in _rows(store, post_revisions)] == [[1], [2]]  # the third changed nothing


def test_nothing_is_left_but_shells(store: Store, one_post: int, settings: Settings) -> None:
    _erase(store, one_post)
    (post,) = _rows(store, posts_table)
    (picture,) = _rows(store, media)
    assert (post.erased_at is not None, post.erased_for) == (True, "deleted")
    assert len(post.native_key) == 32
    assert [row.content for row in _rows(store, post_revisions)] == [ERASED, ERASED]
    with store.read() as tx:
        c, m, e = posts_table.c, media.c, captures.c
        assert [tx.unseal(column, getattr(post, column.name)) for column in (c.native_id, c.url, c.mark)] == [""] * 3
        assert [tx.unseal(column, getattr(picture, column.name)) for column in (m.native_id, m.url, m.alt_text)] == [""] * 3
        for row in tx.connection.execute(select(captures)):
            assert (tx.unseal(e.url, row.url, row.sha256), tx.unseal_json(e.headers, row.headers)) == ("", [])
    assert _blobs(settings) == []
    assert _is_sound(store)


@pytest.fixture
def careless_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """An SQLite that was built to leave what is deleted where it stands; ours here may be built otherwise."""
    real = _engine._prepare_sqlite

    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute("PRAGMA secure_delete=OFF")
        real(connection, record)

    monkeypatch.setattr(_engine, "_prepare_sqlite", prepare)


def test_every_connection_overwrites_what_it_frees(careless_sqlite: None, sqlite_store: Store) -> None:
    with sqlite_store.read() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_no_byte_of_the_old_envelopes_stays_in_the_files(
    careless_sqlite: None, sqlite_store: Store, tmp_path: Path, one_post_in: Any
) -> None:
    home = tmp_path / "home"
    envelopes = one_post_in(sqlite_store)
    # in pieces, because a long value lies on several pages of the file; what comes before is the key's name
    pieces = [envelope[at : at + 24] for envelope in envelopes for at in range(16, len(envelope) - 24, 24)]
    before = b"".join((home / name).read_bytes() for name in ("nightrounds.db", "nightrounds.db-wal"))
    assert sum(piece in before for piece in pieces) > 0.9 * len(pieces) > 900
    _erase(sqlite_store, 1)
    after = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert [piece for piece in pieces if piece in after] == []


@pytest.fixture
def one_post_in(make_account: Callable[..., Account], clock: Any) -> Callable[[Store], list[bytes]]:
    """Stores a post and returns the envelopes that must go."""

    def fill(store: Store) -> list[bytes]:
        account = make_account()
        with store.begin() as tx:
            accounts.import_accounts(tx, [account])
            run = crawls.begin_run(tx, trigger="test")
            post = Post(platform="x", account_id=account.id, native_id="1", text="Orchid Wren " * 2000, url="https://p.test/1")
            pages.store_page(tx, run_id=run, account=account, page=CrawledPage(raw=(_raw(b"a", clock),), posts=(post,)))
        with store.read() as tx:
            revision = tx.connection.execute(select(post_revisions)).one()
            row = tx.connection.execute(select(posts_table)).one()
            page = tx.connection.execute(select(captures)).one()
        return [revision.content, row.native_id, row.url, page.url, page.headers]

    return fill


def test_said_twice_nothing_changes(store: Store, one_post: int) -> None:
    _erase(store, one_post)
    before = _rows(store, posts_table), _rows(store, captures), _rows(store, metadata.tables["post_revisions"])
    with store.read() as tx:
        head = audit.verify_chain(tx).head
    with store.begin() as tx:
        assert erasure.erase_posts(tx, {one_post: Duty.RETIRED}) == 0
        assert erasure.erase_pages(tx, [1, 2, 3]) == 0
    assert erasure.remove_bytes(store) == 0
    assert before == (_rows(store, posts_table), _rows(store, captures), _rows(store, metadata.tables["post_revisions"]))
    with store.read() as tx:
        assert audit.verify_chain(tx).head == head


def test_the_trail_names_ids_and_the_duty_only(store: Store, one_post: int) -> None:
    _erase(store, one_post)
    with store.read() as tx:
        events = {row.action: row.detail for row in tx.connection.execute(select(metadata.tables["audit_events"]))}
    assert events["posts erased: deleted"] == {"post_ids": [1], "revision_ids": [1, 2]}
    assert events["evidence erased"] == {"evidence_ids": [1, 2, 3]}


def test_what_is_blank_without_the_trail_is_damage(store: Store, one_post: int, make_post: Callable[..., Post]) -> None:
    with store.begin() as tx:
        tx.connection.execute(update(post_revisions).where(post_revisions.c.id == 1).values(content=ERASED))
        tx.connection.execute(update(captures).where(captures.c.id == 2).values(erased_at=tx.now))
    with store.read() as tx:
        assert posts.verify_contents(tx).damaged == (1,)
        assert evidence.verify_all(tx).wrong_rows == (2,)


def test_what_is_erased_and_full_again_is_damage(store: Store, one_post: int) -> None:
    (full, _) = _rows(store, post_revisions)
    page = _rows(store, captures)[0]
    _erase(store, one_post)
    with store.begin() as tx:
        envelope = tx.seal_json(post_revisions.c.content, {}, full.content_key)
        tx.connection.execute(update(post_revisions).where(post_revisions.c.id == full.id).values(content=envelope))
        tx.connection.execute(update(captures).where(captures.c.id == page.id).values(erased_at=None))
    with store.read() as tx:
        assert posts.verify_contents(tx).damaged == (full.id,)
        report = evidence.verify_all(tx)
        assert (report.missing, report.wrong_rows) == ((page.sha256,), (page.id,))


def test_an_intact_check_counts_the_erased_ones(store: Store, one_post: int) -> None:
    _erase(store, one_post)
    with store.read() as tx:
        assert posts.verify_contents(tx) == posts.ContentReport(2, (), 2)
        assert evidence.verify_all(tx).checked == 0


@pytest.mark.parametrize("duty", [Duty.DELETED, Duty.NOT_REFRESHED, Duty.RETIRED, Duty.DISPUTED])
def test_seen_live_again_it_is_stored_anew(
    store: Store, one_post: int, watched: Account, run_id: int, make_post: Callable[..., Post], clock: Any, duty: Duty
) -> None:
    _erase(store, one_post, duty=duty)
    picture = Media(kind="image", native_key="p1", url="https://platform.test/new.png", alt_text="again")
    again = make_post("1", "Orchid Wren is out", url="https://platform.test/1", revision="r2", media=(picture,))
    page = CrawledPage(raw=(_raw(b"third", clock),), posts=(again,))  # the very bytes of an answer that was erased
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=page)
    (post,) = _rows(store, posts_table)
    assert (post.erased_at, post.erased_for, post.revisions) == (None, None, 3)
    with store.read() as tx:
        assert posts.get_revision(tx, 3).post == again
        assert tx.unseal(posts_table.c.native_id, post.native_id) == "1"
        assert tx.unseal(media.c.native_id, tx.connection.execute(select(media.c.native_id)).scalar_one()) == "p1"
        assert [raw.body for raw in evidence.captures(tx, [1, 2, 3])] == [b"third"]
        assert [one.id for one in screenings.unread_revisions(tx, WANTED, limit=9)] == [3]
    assert _is_sound(store)


@pytest.mark.parametrize("duty", [Duty.KEPT_LONG, Duty.NOT_STORABLE])
def test_what_would_be_erased_again_is_not_stored_again(
    store: Store, one_post: int, watched: Account, run_id: int, make_post: Callable[..., Post], clock: Any, duty: Duty
) -> None:
    _erase(store, one_post, duty=duty)
    picture = Media(kind="image", native_key="p1", alt_text="Orchid Wren in bed 4")

    def told(text: str) -> pages.PageStored:
        page = CrawledPage(raw=(_raw(text.encode(), clock),), posts=(make_post("1", text, media=(picture,)),))
        with store.begin() as tx:
            return pages.store_page(tx, run_id=run_id, account=watched, page=page)

    assert told("Orchid Wren is out") == pages.PageStored(unchanged=1)
    assert told("Orchid Wren is here again") == pages.PageStored(edited=1)
    assert _is_sound(store)


def test_a_tombstone_stays_through_it_and_is_lifted_after(
    store: Store, one_post: int, watched: Account, run_id: int, make_post: Callable[..., Post], clock: Any
) -> None:
    gone = CrawledPage(raw=(), gone=(Gone(native_id="1", reason=GoneReason.DELETED, definite=True),))
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=gone)
    _erase(store, one_post)
    assert _rows(store, posts_table)[0].gone_reason == "deleted"
    with store.begin() as tx:
        back = CrawledPage(raw=(_raw(b"back", clock),), posts=(make_post("1", "back"),))
        assert pages.store_page(tx, run_id=run_id, account=watched, page=back).reappeared == 1


def test_what_was_found_stays_and_is_not_read_away(store: Store, one_post: int, make_finding: Callable[..., Finding]) -> None:
    with store.begin() as tx:
        for revision in screenings.unread_revisions(tx, WANTED, limit=9):
            screenings.record(tx, revision, {"phi": "1"}, Screened(protected=False, findings=(make_finding(),)))
    _erase(store, one_post)
    newer = {Kind.OFFICIAL: {"phi": "2"}}
    with store.read() as tx:
        assert screenings.unread_revisions(tx, newer, limit=9) == []
        assert screenings.counts(tx) == screenings.ScreeningCounts(0, 0, {})
        stored = findings.list_findings(tx)
        assert [(one.finding.rule, one.finding.reason, one.retired_at) for one in stored] == [
            ("phi", "names a patient", None)
        ] * 2
        emptied = posts.get_revision(tx, stored[0].revision_id or 0).post
    assert (emptied.text, emptied.native_id, emptied.url, emptied.media) == ("", "", "", ())


def test_keys_rotate_afterwards(store: Store, one_post: int) -> None:
    _erase(store, one_post)
    keyring.rotate(store)
    assert [row.content for row in _rows(store, post_revisions)] == [ERASED, ERASED]
    assert _is_sound(store)
    assert keyring.rotate(store).rows > 0


def test_bytes_that_another_capture_needs_stay(store: Store, one_post: int, settings: Settings, clock: Any) -> None:
    with store.begin() as tx:
        row = _rows(store, captures)[0]
        evidence.keep_pages(
            tx, run_id=row.run_id, account_id=row.account_id, raw=[_raw(b"first", clock, "https://p.test/other")]
        )
    _erase(store, one_post)
    assert _blobs(settings) == [f"{hashlib.sha256(b'first').hexdigest()}.sealed"]
    assert _is_sound(store)
    with store.begin() as tx:
        erasure.erase_pages(tx, [row.id for row in _rows(store, captures)])
    assert erasure.remove_bytes(store) == 1
    assert _blobs(settings) == []


def test_killed_before_the_bytes_went_the_next_call_takes_them(
    store: Store, one_post: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = EvidenceFolder.remove, []

    def dies(self: EvidenceFolder, sha256: str) -> None:
        calls.append(sha256)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(self, sha256)

    monkeypatch.setattr(EvidenceFolder, "remove", dies)
    with pytest.raises(KeyboardInterrupt):
        _erase(store, one_post)
    assert len(_blobs(settings)) == 2
    with store.read() as tx:
        report = evidence.verify_all(tx)
    assert (report.intact, report.ok, len(report.unfinished)) == (True, False, 2)
    assert erasure.remove_bytes(store) == 3  # the first one, whose row was not noted, among them
    assert _blobs(settings) == []


def test_what_a_killed_write_left_beside_a_blob_goes_too(store: Store, one_post: int, settings: Settings) -> None:
    name = hashlib.sha256(b"first").hexdigest()
    blob = next((settings.home / "evidence").rglob(f"{name}.sealed"))
    (blob.parent / f"{blob.name}.0123456789abcdef").write_bytes(blob.read_bytes())
    _erase(store, one_post)
    assert _blobs(settings) == []


def test_profiles_are_emptied_and_read_no_more(store: Store, watched: Account) -> None:
    with store.begin() as tx:
        keep_profile(tx, watched.id, Profile(display_name="Orchid Wren", bio="nurse"))
    with store.begin() as tx:
        assert erasure.erase_profiles(tx, [1]) == 1
    with store.begin() as tx:
        assert erasure.erase_profiles(tx, [1]) == 0
    with store.read() as tx:
        assert accounts.by_id(tx, [watched.id])[watched.id].profile == Profile()
        assert screenings.unread_profiles(tx, WANTED, limit=9) == []
    with store.begin() as tx:
        assert keep_profile(tx, watched.id, Profile(display_name="Orchid Wren", bio="nurse"))
    assert len(_rows(store, profile_snapshots)) == 2


def test_a_reader_that_keeps_the_log_is_told(sqlite_store: Store, one_post_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "_BUSY_SECONDS", 0.1)
    store = Store(
        _engine.open_engine(str(sqlite_store.engine.url)), sqlite_store.keys, sqlite_store.evidence, sqlite_store._clock
    )
    one_post_in(sqlite_store)
    with sqlite_store.read() as reader:
        accounts.list_accounts(reader)
        with store.begin() as tx:
            erasure.erase_posts(tx, {1: Duty.DELETED})
        assert not _engine.empty_log(store.engine)
    assert _engine.empty_log(store.engine)
    store.close()


def test_cursors_are_forgotten(store: Store, one_post: int, watched: Account, run_id: int) -> None:
    with store.begin() as tx:
        crawls.keep_cursor(tx, run_id=run_id, account_id=watched.id, surface="x", cursor=Cursor({"since": "1"}))
    with store.begin() as tx:
        assert erasure.erase_cursors(tx, [watched.id]) == 1
    with store.begin() as tx:
        assert erasure.erase_cursors(tx, [watched.id]) == 0
    with store.read() as tx:
        assert crawls.load_cursor(tx, watched.id, "x") is None
