"""The whole nightly scan against a real WordPress: its posts, an edit that adds patient information, a trashed post."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.records import Account, Basis, CoverageStatus, Kind, account_id
from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.scan import scan, watched_accounts
from storage import accounts, findings, posts

pytestmark = pytest.mark.real


def test_scan_sees_posts_an_edit_and_a_trashed_post(wordpress: Any, tmp_path: Any) -> None:
    kept = wordpress.do("create", post_title="Flu clinic", post_content="<p>The flu clinic opens on Monday at nine.</p>")
    trashed = wordpress.do("create", post_title="Old menu", post_content="<p>Soup of the day: lentil.</p>")
    handle = f"{wordpress.origin}/"
    account = Account(
        id=account_id("website", handle),
        platform="website",
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=datetime.now(UTC),
    )
    settings = Settings(home=tmp_path / "home", platforms={"website": {"rebase": wordpress.rebase, "delay": 0}})
    nights = 0

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(days=nights)

    with open_context(settings, clock=clock) as context:
        with context.store.begin() as tx:
            accounts.import_accounts(tx, [account])
        first = scan(context, watched_accounts(context), trigger="test")
        assert [c.status for c in first.coverage] == [CoverageStatus.COMPLETE], first.coverage[0].reason
        assert first.new_posts >= 2

        again = scan(context, watched_accounts(context), trigger="test")
        assert (again.new_posts, again.screening.posts) == (0, 0)

        slip = "<p>Patient Ottoline Fairweather, MRN 4417702, was our first; the flu clinic opens on Monday.</p>"
        wordpress.do("update", ID=kept["id"], post_content=slip)
        wordpress.do("trash", ID=trashed["id"])
        nights = 1
        second = scan(context, watched_accounts(context), trigger="test")
        (coverage,) = second.coverage
        assert (coverage.edited, coverage.gone) == (1, 1), coverage.reason
        with context.store.read() as tx:
            found = findings.list_findings(tx, rule="phi")
            assert len(found) >= 1
            stored = posts.get_revision(tx, found[0].revision_id or 0)
        assert stored.post.url == kept["link"]
