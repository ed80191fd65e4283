from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from core.errors import ConfigError, StorageError
from core.records import Account, CrawledPage, Cursor, Media, Post, Profile
from core.settings import Settings
from storage import accounts, crawls, evidence, keyring, pages, posts, tables
from storage._envelope import Envelope, KeyRing, key_id_of
from storage.store import Store


def _ring(**changes: object) -> str:
    key = {name: base64.b64encode(os.urandom(32)).decode() for name in ("a", "b", "index")}
    return json.dumps({"active": "a", "keys": {"a": key["a"], "b": key["b"]}, "index": key["index"], **changes})


@pytest.fixture
def filled(
    store: Store, watched: Account, run_id: int, make_page: Callable[..., CrawledPage], make_post: Callable[..., Post]
) -> Store:
    """A store with something in most sealed columns."""
    stored = [
        make_post(str(n), text=f"Post {n}", media=(Media(kind="image", native_key="m", url="https://img.test"),))
        for n in range(30)
    ]
    page = make_page(*stored, profile=Profile(bio="Care"), cursor=Cursor({"since": "3"}), native_account_id="7")
    with store.begin() as tx:
        pages.store_page(tx, run_id=run_id, account=watched, page=page)
    return store


def _keys_in_use(store: Store) -> set[str]:
    with store.read() as tx:
        used = {
            key_id_of(value, column.name)
            for table in tables.metadata.tables.values()
            for column in tables.sealed_columns(table)
            for value in tx.connection.execute(select(column).where(column.is_not(None))).scalars()
        }
        names = tx.connection.execute(select(tables.evidence.c.sha256)).scalars()
        return used | {key_id_of(store.evidence._sealed(sha256), "blob") for sha256 in names}


def _assert_readable(store: Store) -> None:
    with store.read() as tx:
        [account] = accounts.list_accounts(tx)
        assert (account.handle, account.profile.bio) == ("lakeside_clinic", "Care")
        cursor = crawls.load_cursor(tx, account.id)
        assert cursor is not None
        assert cursor.state == {"since": "3"}
        assert {posts.get_revision(tx, number).post.text for number in range(1, 31)} == {f"Post {n}" for n in range(30)}
        assert evidence.verify_all(tx).ok


def test_rotation_leaves_nothing_under_the_old_key(filled: Store, settings: Settings, clock: Callable[..., None]) -> None:
    old = filled.keys.active
    assert _keys_in_use(filled) == {old}
    rotated = keyring.rotate(filled, batch=7)
    assert _keys_in_use(filled) == {rotated.active}
    assert (rotated.unused, rotated.blobs) == ((old,), 1)
    _assert_readable(filled)
    ring = json.loads((settings.home / "keys.json").read_text())
    del ring["keys"][old]
    (settings.home / "keys.json").write_text(json.dumps(ring))
    reopened = Store.open(settings, clock=filled._clock)
    _assert_readable(reopened)
    reopened.close()


def test_a_rotation_that_was_killed_goes_on_where_it_stopped(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old, sealed, calls = filled.keys.active, KeyRing.seal, iter(range(100))

    def seal(ring: KeyRing, plain: bytes, place: str) -> Envelope:
        if next(calls) == 50:
            raise KeyboardInterrupt
        return sealed(ring, plain, place)

    monkeypatch.setattr(KeyRing, "seal", seal)
    with pytest.raises(KeyboardInterrupt):
        keyring.rotate(filled, batch=5)
    monkeypatch.setattr(KeyRing, "seal", sealed)
    new = filled.keys.active
    assert _keys_in_use(filled) == {old, new}
    _assert_readable(filled)
    assert keyring.rotate(filled, batch=5).active == new
    assert _keys_in_use(filled) == {new}
    _assert_readable(filled)


def test_another_process_reads_on_after_a_rotation(filled: Store, settings: Settings) -> None:
    other = Store.open(settings, clock=filled._clock)
    keyring.rotate(filled)
    _assert_readable(other)
    other.close()


def test_a_ring_from_the_settings_rotates_to_its_active_key(tmp_path: Path, clock: Callable[..., None]) -> None:
    first = json.loads(_ring())
    settings = Settings(home=tmp_path, keys=SecretStr(json.dumps(first)))
    store = Store.open(settings, clock=clock, upgrade=True)  # type: ignore[arg-type]
    assert not (tmp_path / "keys.json").exists()
    with store.begin() as tx:
        tx.connection.execute(
            tables.crawl_runs.insert().values(trigger="t", state="running", started_at=tx.now),
        )
    store.close()
    reopened = Store.open(Settings(home=tmp_path, keys=SecretStr(json.dumps({**first, "active": "b"}))), clock=clock)  # type: ignore[arg-type]
    assert keyring.rotate(reopened).active == "b"
    reopened.close()


def test_the_file_is_private_and_made_once(sqlite_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir() if "keys" in entry.name] == ["keys.json"]
    path.chmod(0o640)
    with pytest.raises(StorageError, match="chmod 600"):
        Store.open(Settings(home=tmp_path / "home"), clock=sqlite_store._clock)


def test_of_two_that_make_the_file_the_first_wins(tmp_path: Path) -> None:
    keyring._create(tmp_path / "keys.json")
    first = (tmp_path / "keys.json").read_text()
    keyring._create(tmp_path / "keys.json")
    assert (tmp_path / "keys.json").read_text() == first
    assert len(list(tmp_path.iterdir())) == 1


def test_a_lost_ring_is_never_replaced_in_silence(filled: Store, settings: Settings) -> None:
    path = settings.home / "keys.json"
    text = path.read_text()
    path.unlink()
    with pytest.raises(StorageError, match="put the file back"):
        Store.open(settings, clock=filled._clock)
    assert not path.exists()
    path.touch(mode=0o600)
    path.write_text(_ring())
    with pytest.raises(StorageError, match="not the one of this database"):
        Store.open(settings, clock=filled._clock)
    ring = json.loads(text)
    other = json.loads(_ring())
    path.write_text(json.dumps({**other, "index": ring["index"]}))
    opened = Store.open(settings, clock=filled._clock)
    with pytest.raises(StorageError, match=f"{ring['active']!r}, which is not in the key ring"), opened.read() as tx:
        accounts.list_accounts(tx)
    opened.close()
    path.write_text(json.dumps({**ring, "keys": {ring["active"]: other["keys"]["a"]}}))
    opened = Store.open(settings, clock=filled._clock)
    with pytest.raises(StorageError, match="the key is another one, or the value was changed"), opened.read() as tx:
        accounts.list_accounts(tx)
    opened.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        _ring(active="c"),
        _ring(keys={"a": "short"}),
        _ring(keys={"a": base64.b64encode(b"\x00" * 32).decode()}),
        _ring(keys={"a b": base64.b64encode(os.urandom(32)).decode()}, active="a b"),
        _ring(index=base64.b64encode(os.urandom(16)).decode()),
        _ring(keys={"a": base64.b64encode(bytes(range(32))).decode()}, index=base64.b64encode(bytes(range(32))).decode()),
    ],
    ids=[
        "empty",
        "a list",
        "no keys",
        "too deep",
        "no such active key",
        "short",
        "zeros",
        "bad id",
        "short index",
        "not random",
    ],
)
def test_a_bad_ring_is_refused_and_never_quoted(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the setting keys: ") as caught:
        keyring.load_keyring(Settings(home=tmp_path, keys=SecretStr(text)), create=True)
    assert len(str(caught.value)) < 200
    assert caught.value.__cause__ is None


def test_a_value_opens_only_where_it_was_sealed(filled: Store) -> None:
    with filled.begin() as tx:
        tx.connection.execute(update(tables.accounts).values(handle=tables.accounts.c.native_id))
    with pytest.raises(StorageError, match=r"accounts\.handle"), filled.read() as tx:
        accounts.list_accounts(tx)


def test_plain_text_does_not_enter_a_sealed_column(store: Store, watched: Account) -> None:
    with pytest.raises(StorageError, match="the database refused") as caught, store.begin() as tx:
        tx.connection.execute(update(tables.accounts).values(handle=b"plain-canary"))
    assert "plain-canary" not in str(caught.value)
