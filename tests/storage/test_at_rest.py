"""Nothing that names a person or quotes a post may be readable in the database, its log files or the evidence folder."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import NightRoundsError, StorageError
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
    Reference,
    Screened,
    Severity,
)
from core.settings import Settings
from storage import accounts, cases, crawls, pages, screenings, tables
from storage.store import Store

CANARY = "Xanthippe"


def _c(number: int) -> str:
    """A canary; each is different, and all hold the same word."""
    return f"{CANARY}-{number}"


@pytest.fixture
def filled(store: Store, make_account: Callable[..., Account], make_finding: Callable[..., Finding], clock: Any) -> Store:
    account = make_account(_c(1), basis_recorded_by=_c(2), native_id=_c(3), profile=Profile(bio=_c(4)))
    post = Post(
        platform="x",
        account_id=account.id,
        native_id=_c(5),
        url=_c(6),
        title=_c(7),
        text=_c(8),
        summary=_c(9),
        revision=_c(10),
        in_reply_to=Reference(native_id=_c(11), url=_c(12), text=_c(13)),
        links=(_c(14),),
        media=(Media(kind="image", native_key=_c(15), url=_c(16), alt_text=_c(17), path=_c(18)),),
    )
    raw = RawPage(
        url=_c(19),
        body=_c(20).encode(),
        media_type="text/html",
        status=200,
        fetched_at=clock.now,
        collector="test 1",
        headers=(("Set-Cookie", _c(21)),),
    )
    profile = Profile(display_name=_c(22), bio=_c(23), url=_c(24), links=(_c(25),), picture_url=_c(26))
    with store.begin(_c(27)) as tx:
        accounts.import_accounts(tx, [account])
        run = crawls.begin_run(tx, trigger="test")
        page = CrawledPage(raw=(raw,), posts=(post,), profile=profile, cursor=Cursor({"at": _c(28)}), native_account_id=_c(3))
        pages.store_page(tx, run_id=run, account=account, page=page)
        gone = CrawledPage(raw=(), gone=(Gone(native_id=_c(5), reason=GoneReason.DELETED, definite=True),))
        pages.store_page(tx, run_id=run, account=account, page=gone)
        [revision] = screenings.unread_revisions(tx, {Kind.OFFICIAL: {"phi": "1"}}, limit=9)
        found = screenings.record(tx, revision, {"phi": "1"}, Screened(protected=False, findings=(make_finding(),)))
        case = cases.join(tx, key="1", route="privacy", severity=Severity.LOW, due_at=None, findings=found, sealed=False)
        cases.assign(tx, case.case_id, _c(29), _c(30))
    return store


def _spellings() -> list[bytes]:
    words = [CANARY, CANARY.casefold(), CANARY[::-1]]
    return [
        spelling
        for word in words
        for spelling in (word.encode(), word.encode("utf-16-le"), base64.b64encode(word.encode())[:8])
    ]


def test_no_file_holds_a_canary(filled: Store, settings: Settings) -> None:
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    if filled.engine.dialect.name == "sqlite":
        assert {"nightrounds.db", "nightrounds.db-wal"} <= {path.name for path in files}
    assert any(path.suffix == ".sealed" for path in files)
    leaks = [path.name for path in files for spelling in _spellings() if spelling in path.read_bytes()]
    assert leaks == []


def test_no_row_holds_a_canary(filled: Store) -> None:
    seen = 0
    with filled.read() as tx:
        for name in tables.metadata.tables:
            for row in tx.connection.exec_driver_sql(f"SELECT * FROM {name}"):
                seen += 1
                for value in row:
                    stored = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    assert not [spelling for spelling in _spellings() if spelling in stored], name
    assert seen > 15


def test_logs_and_errors_hold_no_canary(filled: Store, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    values = {"platform": "x", "handle": filled.keys.seal(b"", "accounts.handle"), "unit": CANARY, "id": CANARY}
    with pytest.raises(StorageError) as caught, filled.begin() as tx:
        tx.connection.execute(tables.accounts.insert().values(values))
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert CANARY not in caplog.text
    with filled.read() as tx:
        assert CANARY not in repr(accounts.list_accounts(tx))
        assert CANARY not in repr(cases.get(tx, 1))
        assert CANARY not in repr(tx)


def test_a_wrong_url_is_not_quoted(tmp_path: Path) -> None:
    for url in (f"mysql://me:{CANARY}@host/db", f"{CANARY}", f"postgresql://me:{CANARY}@127.0.0.1:1/db?connect_timeout=1"):
        with pytest.raises(NightRoundsError) as caught:
            Store.open(Settings(home=tmp_path, database_url=url), clock=lambda: pytest.fail("no time is needed"))  # type: ignore[arg-type]
        assert CANARY not in str(caught.value)
