"""Resolving accounts and previewing a list: what is asked, what is kept, what would change."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.errors import ConfigError
from core.records import CrawledPage, Cursor, Kind, Post
from core.seams import Crawler, CrawlerOptions
from core.settings import Settings
from nightrounds.account_preview import preview_import
from nightrounds.demo import open_sandbox_context, refuse_mixing
from nightrounds.imports import import_file
from nightrounds.resolving import resolve_accounts
from storage import account_names, accounts, crawls, disputes, posts
from storage.account_plan import Act


@pytest.fixture
def sandboxed(tmp_path):
    with open_sandbox_context(Settings(home=tmp_path / "home"), night=2) as context:
        yield context


def test_each_account_is_asked_for_once_and_its_id_is_kept(sandboxed):
    with sandboxed.store.read() as tx:
        chosen = [a for a in accounts.list_accounts(tx) if a.platform in {"x", "facebook"}]
    results = resolve_accounts(sandboxed, chosen)
    found = {r.account.id for r in results if not r.problem}
    assert len(found) > len(chosen) / 2
    with sandboxed.store.read() as tx:
        known = accounts.by_id(tx, [a.id for a in chosen])
        assert {one.id for one in known.values() if one.native_id} >= found
        assert posts.count(tx) == 0
        renamed = [r for r in results if r.renamed]
        assert all(account_names.handles_of(tx, r.account.id) for r in renamed)
    assert all(r.problem for r in results if r.account.id not in found)


class _Telling(Crawler):
    """Tells an account and its posts in one answer."""

    platform = "x"
    title = "telling"

    def __init__(self, clock):
        super().__init__(CrawlerOptions(), clock=clock)
        self.asked = 0

    def crawl(self, request):
        self.asked += 1
        post = Post(platform="x", account_id=request.account.id, native_id="1", text="Flu clinic")
        yield CrawledPage(raw=(), native_account_id=f"told {request.account.handle}", posts=(post,), cursor=Cursor({"at": 1}))


def test_posts_that_the_first_answer_shows_are_kept_and_the_scan_still_begins_at_the_beginning(sandboxed):
    with sandboxed.store.read() as tx:
        one, disputed, *_ = accounts.list_accounts(tx, platform="x")
    with sandboxed.store.begin() as tx:
        disputes.raise_dispute(tx, disputed.id, claim="not ours", raised_by="HR")
    crawler = sandboxed.crawlers._made["x"] = _Telling(sandboxed.clock)
    resolved, refused = resolve_accounts(sandboxed, [one, disputed])
    assert (resolved.problem, crawler.asked) == ("", 1)
    assert "disputed" in refused.problem
    with sandboxed.store.read() as tx:
        assert (posts.count(tx, one.id), posts.count(tx, disputed.id)) == (1, 0)
        assert crawls.load_cursor(tx, one.id, "x") is None


def test_a_preview_tells_what_the_import_does_and_stores_nothing(sandboxed):
    with sandboxed.store.read() as tx:
        before = accounts.list_accounts(tx)
    one, other, *rest = before
    changed = replace(one, kind=Kind.UNOFFICIAL if one.kind is not Kind.UNOFFICIAL else Kind.PERSONNEL, unit="Ward 3")
    stranger = replace(one, id="", handle="nobody_yet", native_id=None)
    stranger = replace(stranger, id="f" * 32)
    preview = preview_import(sandboxed, [changed, other, stranger], complete=True)
    assert preview.count(Act.ADDED) == 1
    assert preview.count(Act.UNCHANGED) == 1
    assert preview.count(Act.RETIRED) == len(rest)
    (change,) = [c for c in preview.changes if c.act is Act.CHANGED]
    assert [name for name, _, _ in change.fields] == ["kind", "unit"]
    assert "read again" in change.consequence
    with sandboxed.store.read() as tx:
        assert accounts.list_accounts(tx) == before
        assert accounts.list_accounts(tx, retired=True) == []


def test_a_file_s_posts_of_a_disputed_account_are_not_stored(sandboxed, tmp_path):
    with sandboxed.store.read() as tx:
        one, *_ = accounts.list_accounts(tx, platform="x")
    with sandboxed.store.begin() as tx:
        disputes.raise_dispute(tx, one.id, claim="not ours", raised_by="HR")
    line = {"id": "1", "platform": "x", "account": {"handle": one.handle}, "text": "Flu clinic"}
    (tmp_path / "posts.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    report = import_file(sandboxed, tmp_path / "posts.jsonl", progress=lambda count: None)
    assert (report.new, "disputed" in report.problems[0]) == (0, True)
    with sandboxed.store.read() as tx:
        assert posts.count(tx, one.id) == 0


def test_a_sandbox_stays_one_when_its_accounts_are_retired(sandboxed):
    with sandboxed.store.begin() as tx:
        for account in accounts.list_accounts(tx):
            accounts.retire(tx, account.id)
    with pytest.raises(ConfigError, match="sandbox"):
        refuse_mixing(sandboxed, sandboxed=False)
