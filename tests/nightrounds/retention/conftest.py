"""A house with a clock that stands still and terms of its own, on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.policy import default_policy_path, load_policy
from core.records import (
    Account,
    Basis,
    CrawledPage,
    Finding,
    Gone,
    GoneReason,
    Kind,
    Post,
    Profile,
    RawPage,
    Screened,
    Severity,
    Span,
    account_id,
)  # fmt: skip
from core.settings import Settings
from core.terms import PlatformTerms, Terms
from nightrounds import retention
from nightrounds.context import Context
from storage import accounts, audit, cases, crawls, evidence, pages, posts, screenings, tables
from storage.duties import Duty
from storage.store import Store

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
TERMS = {
    "x": PlatformTerms(source="test", delete_within_hours=24),
    "youtube": PlatformTerms(source="test", refresh_days=30, delete_within_hours=72),
    "tiktok": PlatformTerms(source="test", keep_days=10, honour_deletions=False),
    "reddit": PlatformTerms(source="test", store_text=False, delete_within_hours=48),
    "website": PlatformTerms(source="test", honour_deletions=False),
}
DELETED = Duty.DELETED.value


@dataclass
class House:
    """A context with a clock that stands still, and what the tests do with it."""

    context: Context
    now: datetime = START

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)

    def watch(self, platform: str, handle: str = "lakeside_clinic") -> Account:
        account = Account(
            id=account_id(platform, handle), platform=platform, handle=handle, kind=Kind.OFFICIAL, basis=Basis.OWNED,
            basis_recorded_by="Imogen Vale", basis_recorded_at=START,
        )  # fmt: skip
        with self.context.store.begin() as tx:
            accounts.import_accounts(tx, [account])
        return account

    def show(self, account: Account, *native_ids: str, body: str = "", gone: str = "", profile: Profile | None = None) -> None:
        """One answer that shows these posts."""
        kept = {"media_type": "application/json", "status": 200, "fetched_at": self.now, "collector": "test 1"}
        words = body or f"{account.id} {native_ids} {self.now}"
        raw = RawPage(url="https://platform.test/timeline", body=words.encode(), **kept)  # type: ignore[arg-type]
        told = tuple(
            Post(
                platform=account.platform,
                account_id=account.id,
                native_id=one,
                text=f"Orchid Wren {one}",
                url=f"https://p/{one}",
            )
            for one in native_ids
        )
        missing = (Gone(native_id=gone, reason=GoneReason.DELETED, definite=True),) if gone else ()
        with self.context.store.begin() as tx:
            run_id = crawls.begin_run(tx, trigger="test")
            page = CrawledPage(raw=(raw,), posts=told, gone=missing, profile=profile)
            pages.store_page(tx, run_id=run_id, account=account, page=page)

    def screen(self, *found_in: int, case: str = "", sealed: bool = False) -> int:
        """Read all that is unread; posts of these numbers hold a finding, in an open case where one is named."""
        wanted, case_id = {Kind.OFFICIAL: {"phi": "1"}}, 0
        with self.context.store.begin() as tx:
            for one in screenings.unread_revisions(tx, wanted, limit=1000):
                found = (_finding(sealed),) if one.post_id in found_in else ()
                stored = screenings.record(tx, one, {"phi": "1"}, Screened(protected=sealed, findings=found))
                if case and stored:
                    joined = cases.join(
                        tx, key=case, route="privacy", severity=Severity.HIGH, due_at=None, findings=stored, sealed=sealed
                    )  # fmt: skip
                    case_id = joined.case_id
        return case_id

    def do(self, act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self.context.store.begin() as tx:
            return act(tx, *arguments, **named)

    def read(self, look: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self.context.store.read() as tx:
            return look(tx, *arguments, **named)

    def purge(self, **named: Any) -> retention.Purge:
        return retention.purge(self.context, **named)

    def texts(self) -> dict[int, str]:
        """The text of each post's revisions, by post: '' where it was erased."""
        with self.context.store.read() as tx:
            ids = tx.connection.execute(select(tables.post_revisions.c.id).order_by(tables.post_revisions.c.id)).scalars().all()
            return {one.post_id: one.post.text for one in (posts.get_revision(tx, number) for number in ids)}

    def blobs(self) -> int:
        return sum(path.is_file() for path in (self.context.settings.home / "evidence").rglob("*"))

    def is_sound(self) -> bool:
        with self.context.store.read() as tx:
            return self.is_intact() and evidence.verify_all(tx).ok

    def is_intact(self) -> bool:
        """Nothing is lost or changed; bytes of erased answers may still be there."""
        with self.context.store.read() as tx:
            return posts.verify_contents(tx).ok and evidence.verify_all(tx).intact and audit.verify_chain(tx).ok


def _finding(sealed: bool) -> Finding:
    return Finding(
        rule="phi", category="direct_identifier", severity=Severity.HIGH, score=0.9, spans=(Span("text", 0, 3),), clause="3",
        route="privacy", reason="names a patient", sealed=sealed,
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[House]:
    settings = Settings(home=tmp_path / "home")
    if request.param == "postgresql":
        settings = settings.model_copy(update={"database_url": SecretStr(request.getfixturevalue("postgres_url")())})
    terms = Terms(version="test", platforms=TERMS)
    made: list[House] = []
    store = Store.open(settings, clock=lambda: made[0].now if made else START, upgrade=True)
    made.append(House(Context(settings, load_policy(default_policy_path()), terms, store, lambda: made[0].now)))
    yield made[0]
    store.close()
