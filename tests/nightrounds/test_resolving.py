"""Resolving accounts and previewing a list: what is asked, what is kept, what would change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.records import Kind
from core.settings import Settings
from nightrounds.account_preview import Act, preview_import
from nightrounds.demo import open_sandbox_context
from nightrounds.resolving import resolve_accounts
from storage import account_names, accounts, posts


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
