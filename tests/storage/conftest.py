"""A store on each database, a clock that a test moves, and makers of invented accounts and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from core.records import Account, Basis, CrawledPage, Finding, Kind, Post, RawPage, Severity, Span, account_id
from core.settings import Settings
from storage import accounts, crawls, migrations
from storage.store import Store

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_template(postgres_url: Callable[..., str]) -> str:
    """The name of a migrated database, to copy."""
    url = postgres_url()
    migrations.upgrade(url)
    return sqlalchemy.make_url(url).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a database without tables."""
    if request.param == "sqlite":
        return Settings(home=tmp_path / "home")
    return Settings(home=tmp_path / "home", database_url=request.getfixturevalue("postgres_url")())


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a database that is migrated, or will be by `upgrade=True`."""
    if request.param == "sqlite":
        return Settings(home=tmp_path / "home")
    template = request.getfixturevalue("postgres_template")
    return Settings(home=tmp_path / "home", database_url=request.getfixturevalue("postgres_url")(template))


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Iterator[Store]:
    opened = Store.open(settings, clock=clock, upgrade=True)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = Store.open(Settings(home=tmp_path / "home"), clock=clock, upgrade=True)
    yield opened
    opened.close()


def _account(handle: str = "lakeside_clinic", **changes: object) -> Account:
    values: dict[str, object] = {
        "id": account_id("x", handle),
        "platform": "x",
        "handle": handle,
        "kind": Kind.OFFICIAL,
        "basis": Basis.OWNED,
        "basis_recorded_by": "Imogen Vale",
        "basis_recorded_at": START,
    }
    return Account(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def make_account() -> Callable[..., Account]:
    return _account


@pytest.fixture
def watched(store: Store) -> Account:
    """An imported account."""
    account = _account()
    with store.begin() as tx:
        accounts.import_accounts(tx, [account])
    return account


@pytest.fixture
def run_id(store: Store) -> int:
    with store.begin() as tx:
        return crawls.begin_run(tx, trigger="test")


@pytest.fixture
def make_post(watched: Account) -> Callable[..., Post]:
    def make(native_id: str = "1", text: str = "Flu clinic on Monday", **changes: object) -> Post:
        return Post(platform="x", account_id=watched.id, native_id=native_id, text=text, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_page() -> Callable[..., CrawledPage]:
    def make(*posts: Post, body: bytes = b"{}", **changes: object) -> CrawledPage:
        raw = RawPage(
            url="https://platform.test/timeline",
            body=body,
            media_type="application/json",
            status=200,
            fetched_at=START,
            collector="test 1",
        )
        return CrawledPage(raw=(raw,), posts=posts, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    def make(rule: str = "phi", category: str = "direct_identifier", start: int = 0, **changes: object) -> Finding:
        values: dict[str, object] = {
            "severity": Severity.HIGH,
            "score": 0.9,
            "spans": (Span("text", start, start + 3),),
            "clause": "3",
            "route": "privacy",
            "reason": "names a patient",
        }
        return Finding(rule=rule, category=category, **{**values, **changes})  # type: ignore[arg-type]

    return make
