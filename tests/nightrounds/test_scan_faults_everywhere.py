"""Every fault that the sandbox can lay, on every platform: the victim is in the coverage with a reason, the others are well."""

from __future__ import annotations

import pytest

from core.errors import Actor
from core.records import CoverageStatus
from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.crawling import crawl_accounts
from nightrounds.platforms import nightly_platforms
from nightrounds.sandbox.faults import KINDS
from nightrounds.sandbox.server import Sandbox
from storage import accounts, crawls

NOBODY, CURATOR, OWNER, BUDGET = "", Actor.CURATOR.value, Actor.CREDENTIAL_OWNER.value, Actor.BUDGET_OWNER.value
ENGINEER = Actor.ENGINEER.value
MAY_ACT = {
    "rate_limit": {NOBODY},
    "rate_limit_no_reset": {NOBODY},
    "token_dead": {OWNER},
    "permission": {OWNER, CURATOR},
    "server_error": {NOBODY},
    "html_error": {NOBODY},
    "truncated_json": {ENGINEER, NOBODY, CURATOR},  # a feed cut short may still tell some posts
    "usage_capped": {BUDGET},
    "not_found": {CURATOR, OWNER},  # where only an account's owner can tell, the owner must act
    "private": {CURATOR, OWNER},
}
SLOW = {"slow_body", "huge_body"}  # tried on X in test_scan_faults.py, through the adapter that all of them share


@pytest.mark.parametrize("platform", nightly_platforms())
def test_no_fault_is_silent_and_none_spreads(tmp_path, platform):
    with Sandbox(night=1) as sandbox:
        chosen = [a for a in sandbox.accounts() if a.platform == platform]
        kinds = sorted(KINDS - SLOW - {"transient_once"} - sandbox.never_on(platform))
        assert set(kinds) <= set(MAY_ACT)
        for kind in kinds:
            settings = Settings(home=tmp_path / kind, platforms=sandbox.platform_options(), pictures=False)
            with open_context(settings, clock=sandbox.clock()) as context:
                with context.store.begin() as tx:
                    accounts.import_accounts(tx, chosen)
                    run_id = crawls.begin_run(tx, trigger="test")
                well = {c.account_id for c in crawl_accounts(context, run_id, chosen) if c.status is CoverageStatus.COMPLETE}
                victim = next(a for a in chosen if a.id in well)
                sandbox.fault(platform, victim.handle, kind)
                crawler = context.crawlers.get(platform)
                shared = {a.id for a in chosen if crawler.credential_of(a) == crawler.credential_of(victim)}
                coverage = {c.account_id: c for c in crawl_accounts(context, run_id, chosen)}
                sandbox.clear_faults()
            hit = coverage[victim.id]
            assert hit.status is not CoverageStatus.COMPLETE, kind
            assert hit.reason, kind
            assert hit.actor in MAY_ACT[kind], (kind, hit.actor, hit.reason)
            assert victim.handle not in hit.reason, kind
            for other in well - {victim.id}:
                is_well = coverage[other].status is CoverageStatus.COMPLETE
                assert is_well or (other in shared and coverage[other].reason == hit.reason), (kind, coverage[other].reason)


@pytest.mark.parametrize("platform", nightly_platforms())
def test_a_fault_that_passes_is_not_noticed(tmp_path, platform):
    with (
        Sandbox(night=1) as sandbox,
        open_context(Settings(home=tmp_path / "home", platforms=sandbox.platform_options()), clock=sandbox.clock()) as context,
    ):
        account = next(a for a in sandbox.accounts() if a.platform == platform)
        with context.store.begin() as tx:
            accounts.import_accounts(tx, [account])
            run_id = crawls.begin_run(tx, trigger="test")
        sandbox.fault(platform, account.handle, "transient_once", 1)
        (coverage,) = crawl_accounts(context, run_id, [account])
    assert coverage.status is CoverageStatus.COMPLETE, coverage.reason
