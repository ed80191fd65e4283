"""One account's failure, of every kind that the sandbox can make, leaves the others complete and says who must act."""

from __future__ import annotations

import pytest

from core.errors import Actor
from core.records import CoverageStatus
from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.crawling import crawl_accounts
from nightrounds.demo import open_sandbox_context
from nightrounds.sandbox.server import Sandbox
from nightrounds.scan import watched_accounts
from storage import accounts, crawls

NOBODY, CURATOR, OWNER, BUDGET = "", Actor.CURATOR.value, Actor.CREDENTIAL_OWNER.value, Actor.BUDGET_OWNER.value
ENGINEER = Actor.ENGINEER.value
FAILED, BLOCKED = CoverageStatus.FAILED, CoverageStatus.BLOCKED

# platform, fault, whether it is the account's own or its credential's, the status and who must act
CASES = [
    ("x", "rate_limit", "credential", BLOCKED, NOBODY),
    ("x", "rate_limit_no_reset", "credential", BLOCKED, NOBODY),
    ("x", "token_dead", "credential", BLOCKED, OWNER),
    ("x", "usage_capped", "credential", BLOCKED, BUDGET),
    ("x", "permission", "account", BLOCKED, OWNER),
    ("x", "server_error", "account", FAILED, NOBODY),
    ("x", "html_error", "account", FAILED, NOBODY),
    ("x", "truncated_json", "account", FAILED, ENGINEER),
    ("x", "slow_body", "account", FAILED, NOBODY),
    ("x", "not_found", "account", FAILED, CURATOR),
    ("x", "private", "account", BLOCKED, CURATOR),
    ("x", "huge_body", "account", FAILED, ENGINEER),
    ("facebook", "rate_limit", "credential", BLOCKED, NOBODY),
    ("facebook", "token_dead", "credential", BLOCKED, OWNER),
    ("facebook", "permission", "account", BLOCKED, OWNER),
    ("facebook", "server_error", "account", FAILED, NOBODY),
    ("facebook", "html_error", "account", FAILED, NOBODY),
    ("facebook", "truncated_json", "account", FAILED, ENGINEER),
    ("facebook", "not_found", "account", FAILED, CURATOR),
    ("website", "server_error", "account", FAILED, NOBODY),
    ("website", "not_found", "account", FAILED, CURATOR),
]


@pytest.mark.parametrize(("platform", "fault", "reach", "status", "actor"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_a_fault_stays_where_it_belongs(tmp_path, platform, fault, reach, status, actor):
    with Sandbox(night=1) as sandbox:
        sandbox.slow_for_s = 3
        options = sandbox.platform_options()
        options[platform]["timeout"] = 1.5 if fault == "slow_body" else 10
        settings = Settings(home=tmp_path / "home", platforms=options)
        with open_context(settings, clock=sandbox.clock()) as context:
            chosen = [a for a in sandbox.accounts() if a.platform == platform][:3]
            with context.store.begin() as tx:
                accounts.import_accounts(tx, chosen)
                run_id = crawls.begin_run(tx, trigger="test")
            victim = chosen[0]
            sandbox.fault(platform, victim.handle, fault)
            coverage = {c.account_id: c for c in crawl_accounts(context, run_id, chosen)}
            with context.store.read() as tx:
                assert {c.account_id: c for c in crawls.coverage_of(tx, run_id)} == coverage

    hit = coverage[victim.id]
    assert (hit.status, hit.actor) == (status, actor), hit.reason
    assert hit.reason
    assert victim.handle not in hit.reason
    others = [coverage[a.id] for a in chosen[1:]]
    if reach == "account":
        assert {c.status for c in others} == {CoverageStatus.COMPLETE}, [c.reason for c in others]
    else:  # one dead credential is one cause: nobody else is asked with it, and each one's coverage says so
        assert {(c.status, c.reason) for c in others} == {(hit.status, hit.reason)}


def test_no_credentials_is_not_tried_and_says_the_mend(tmp_path):
    with open_sandbox_context(Settings(home=tmp_path / "home")) as sandboxed:
        watched = [a for a in watched_accounts(sandboxed) if a.platform in {"x", "facebook"}]
    with open_context(Settings(home=tmp_path / "home")) as context:
        with context.store.begin() as tx:
            run_id = crawls.begin_run(tx, trigger="test")
        coverage = crawl_accounts(context, run_id, watched)
    assert {c.status for c in coverage} == {CoverageStatus.NOT_TRIED}
    assert {c.actor for c in coverage} == {OWNER}
    assert all("NIGHTROUNDS_PLATFORMS__" in c.reason for c in coverage)


def test_a_page_with_a_dead_token_of_its_own_stops_alone(tmp_path):
    with Sandbox(night=1) as sandbox:
        options = sandbox.platform_options()
        chosen = [a for a in sandbox.accounts() if a.platform == "facebook"][:3]
        options["facebook"]["page_tokens"] = {chosen[0].handle: "a-token-that-was-revoked"}
        with open_context(Settings(home=tmp_path / "home", platforms=options), clock=sandbox.clock()) as context:
            with context.store.begin() as tx:
                accounts.import_accounts(tx, chosen)
                run_id = crawls.begin_run(tx, trigger="test")
            coverage = {c.account_id: c.status for c in crawl_accounts(context, run_id, chosen)}
    assert [coverage[a.id] for a in chosen] == [BLOCKED, CoverageStatus.COMPLETE, CoverageStatus.COMPLETE]
