"""The websites read by our own crawler on both nights: what is stored, what is edited, what is gone, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.records import CoverageStatus, Precision
from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.crawling import crawl_accounts
from nightrounds.sandbox.server import Sandbox
from storage import accounts, crawls, posts

EDITED = {"news": 2, "staff-blog": 1, "teaching-rounds": 1, "caring-hands": 2, "heart-walk": 1, "surgery-bulletin": 1}
GONE = {"news": 2, "heart-walk": 1, "teaching-rounds": 1}  # what the sites say themselves; the others take a second look
NEW = {"news": 1, "staff-blog": 1, "heart-walk": 1, "surgery-bulletin": 1}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Coverage of night 1, again night 1, and night 2 by site, and every revision that was stored."""
    home: Path = tmp_path_factory.mktemp("home")
    coverage: list[dict[str, Any]] = []
    with Sandbox(night=1) as sandbox:
        settings = Settings(home=home, platforms=sandbox.platform_options())
        sites = [account for account in sandbox.accounts() if account.platform == "website"]
        names = {account.id: account.handle.removeprefix("http://").partition(".")[0] for account in sites}
        expected = [e for night in (1, 2) for e in sandbox.expected(night) if e.platform == "website" and e.native_id]
        with open_context(settings, clock=sandbox.clock()) as context:
            with context.store.begin() as tx:
                accounts.import_accounts(tx, sites)
            for night in (1, 1, 2):
                if night != sandbox.night:
                    sandbox.night = night
                with context.store.begin() as tx:
                    run = crawls.begin_run(tx, trigger="test")
                coverage.append({names[c.account_id]: c for c in crawl_accounts(context, run, sites)})
            with context.store.read() as tx:
                rows = tx.connection.execute(posts.revisions()).all()
                stored = [revision.post for revision in posts.stored_revisions(tx, rows)]
    return coverage, stored, expected


def test_every_site_but_the_closed_one_is_read_whole(nights: Any) -> None:
    for night in nights[0]:
        assert night["mountsinai-rewards"].status is CoverageStatus.BLOCKED
        for name, coverage in night.items():
            if name != "mountsinai-rewards":
                assert (coverage.status, coverage.reason) == (CoverageStatus.COMPLETE, ""), name


def test_a_second_look_the_same_night_changes_nothing(nights: Any) -> None:
    assert all((c.new, c.edited, c.gone) == (0, 0, 0) for c in nights[0][1].values())


def test_the_second_night_shows_what_was_planted_and_nothing_else(nights: Any) -> None:
    second = nights[0][2]
    assert {name: c.edited for name, c in second.items() if c.edited} == EDITED
    assert {name: c.gone for name, c in second.items() if c.gone} == GONE
    assert {name: c.new for name, c in second.items() if c.new} == NEW


def test_posts_are_stored_under_the_ids_that_the_sandbox_tells(nights: Any) -> None:
    _, stored, expected = nights
    assert {e.native_id for e in expected} == {post.native_id for post in stored} - {
        "http://caring-hands.sandbox.example/",  # a site's own pages are posts too
        "http://caring-hands.sandbox.example/about/",
    }
    edits = Counter(post.native_id for post in stored)
    assert sum(count - 1 for count in edits.values()) == sum(EDITED.values())


def test_visitors_words_are_kept_as_context_alone(nights: Any) -> None:
    _, stored, _ = nights
    said = " ".join(f"{post.text} {post.title} {post.in_reply_to.text if post.in_reply_to else ''}" for post in stored)
    assert "Ansel" not in said
    assert "Quillon" not in said
    reply = next(post for post in stored if "Yolanda" in post.text)
    assert reply.in_reply_to is not None
    assert "We watched the bees" in reply.in_reply_to.text


def test_selectors_read_the_notice_and_not_what_stands_beside_it(nights: Any) -> None:
    notices = [post for post in nights[1] if "surgery-bulletin" in post.native_id]
    assert not any("front desk" in post.text or "Send this notice" in post.text for post in notices)
    assert {post.posted_at_precision for post in notices} == {Precision.DAY}
    assert (
        next(post for post in notices if post.native_id.endswith("=8")).text
        == "Size 9, green, a drawing of a fox. At the desk."
    )
