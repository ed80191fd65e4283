"""The whole nightly scan against a real Bluesky network: an edit that adds patient information, a rename, a closed account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from atproto import models

from core.records import Account, Basis, CoverageStatus, Kind, account_id
from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.scan import scan, watched_accounts
from storage import account_names, accounts, findings, posts

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("bluesky")]


def test_scan_over_several_nights(bluesky: Any, tmp_path: Any) -> None:
    member = bluesky.join("quayside-hospital")
    other = bluesky.join("quayside-ferries")
    question = other.client.send_post("When does the flu clinic open?")
    strong = models.create_strong_ref(question)
    kept = member.post(
        "The flu clinic opens on Monday at nine.", reply_to=models.AppBskyFeedPost.ReplyRef(parent=strong, root=strong)
    )
    deleted = member.post("Soup of the day: lentil.")
    account = Account(
        id=account_id("bluesky", member.handle),
        platform="bluesky",
        handle=member.handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=datetime.now(UTC),
    )
    settings = Settings(home=tmp_path / "home", platforms={"bluesky": bluesky.options})
    nights = 0

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(days=nights)

    def night() -> Any:
        bluesky.settle()
        return scan(context, watched_accounts(context), trigger="test")

    with open_context(settings, clock=clock) as context:
        with context.store.begin() as tx:
            accounts.import_accounts(tx, [account])
        first = night()
        assert [c.status for c in first.coverage] == [CoverageStatus.COMPLETE], first.coverage[0].reason
        assert first.new_posts == 2
        with context.store.read() as tx:
            assert findings.list_findings(tx) == []

        again = night()
        assert (again.new_posts, again.screening.posts) == (0, 0)
        assert again.coverage[0].status is CoverageStatus.COMPLETE

        nights = 1
        member.edit(kept, "Patient Ottoline Fairweather, MRN 4417702, was our first; the flu clinic opens on Monday.")
        member.client.delete_post(deleted)
        member.rename("quayside-medical.test")
        second = night()
        (coverage,) = second.coverage
        assert coverage.status is CoverageStatus.COMPLETE, coverage.reason
        assert (coverage.new, coverage.edited, coverage.gone) == (0, 1, 1)
        with context.store.read() as tx:
            found = findings.list_findings(tx, rule="phi")
            assert found
            stored = posts.get_revision(tx, found[0].revision_id or 0)
            names = [known.handle for known in account_names.handles_of(tx, account.id)]
        assert stored.post.native_id == kept
        assert stored.post.in_reply_to
        assert (stored.post.in_reply_to.native_id, stored.post.in_reply_to.text) == (
            question.uri,
            "When does the flu clinic open?",
        )
        assert names == ["quayside-hospital.test", "quayside-medical.test"]
        assert [a.handle for a in watched_accounts(context)] == ["quayside-medical.test"]

        nights = 2
        member.client.com.atproto.server.deactivate_account(models.ComAtprotoServerDeactivateAccount.Data())
        third = night()
        (coverage,) = third.coverage
        assert coverage.status is CoverageStatus.BLOCKED
        assert "deactivated" in coverage.reason
        assert (coverage.edited, coverage.gone) == (0, 0)
