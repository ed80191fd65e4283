"""Bluesky: accounts that are shut, wishes not to be shown, and answers that are none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from purse import Purse

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    Actor,
    Blocked,
    BudgetExhausted,
    CrawlError,
    ParseError,
    PlatformDown,
    RateLimited,
    Scope,
)
from core.records import Basis, Kind

DID = "did:plc:harborclinic234567abcdef"
HANDLE = "harbor-clinic.example"


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ({"active": False, "status": "deactivated"}, AccountPrivate, "deactivated"),
        ({"active": False, "status": "suspended"}, AccountPrivate, "suspended"),
        ({"active": False, "status": "takendown"}, AccountPrivate, "taken down"),
        ({"active": False, "status": "deleted"}, AccountNotFound, "deleted"),
        ({"active": False}, AccountPrivate, "does not say why"),
    ],
)
def test_an_account_that_is_shut_is_named_by_its_server_and_no_post_is_buried(
    network, crawler, account, clock, loopback, status, error, words, make_store
):
    uris = network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    network.status = status
    network.broken["app.bsky.actor.getProfile"] = loopback.Reply(
        {"error": "InvalidRequest", "message": "Profile not found"}, 400
    )
    with pytest.raises(error, match=words):
        store.crawl(crawler, account, recheck=store.known(clock, *uris))
    assert store.gone == {}


def test_an_account_that_shuts_while_it_is_read_buries_nothing(network, crawler, account, clock, loopback, make_store):
    uris = network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    network.broken["com.atproto.repo.listRecords"] = loopback.Reply({"error": "RepoDeactivated", "message": "…"}, 400)
    with pytest.raises(AccountPrivate, match="deactivated"):
        store.crawl(crawler, account, recheck=store.known(clock, *uris))
    assert store.gone == {}


@pytest.mark.parametrize(
    ("kind", "basis", "is_read"),
    [
        (Kind.OFFICIAL, Basis.OWNED, True),
        (Kind.PERSONNEL, Basis.CONSENTED, True),
        (Kind.PERSONNEL, Basis.SELF_DISCLOSED, False),
        (Kind.UNOFFICIAL, Basis.PUBLIC_CLAIM, False),
    ],
)
def test_the_wish_not_to_be_shown_without_a_login_is_honoured(
    network, crawler, account, clock, loopback, kind, basis, is_read, make_store
):
    network.fill(clock)
    network.labels = [{"src": DID, "uri": f"at://{DID}", "val": "!no-unauthenticated", "cts": "2025-01-01T00:00:00Z"}]
    account, store = replace(account, kind=kind, basis=basis), make_store()
    if is_read:
        store.crawl(crawler, account)
        assert len(store.posts) == 8
        return
    with pytest.raises(Blocked, match="asks Bluesky not to show"):
        store.crawl(crawler, account)
    assert store.posts == {}
    assert len(loopback.asked) == 1


def test_moderators_labels_hide_an_account_and_its_own_do_not(network, crawler, account, clock, make_store):
    network.fill(clock, 1)
    network.labels = [{"src": DID, "val": "!hide"}]
    store = make_store()
    store.crawl(crawler, account)
    assert len(store.posts) == 1, "nobody hides from the rounds by a label of his own"
    network.labels = [{"src": "did:plc:moderation", "val": "!takedown"}]
    with pytest.raises(AccountPrivate):
        store.crawl(crawler, account)


CASES = [
    (429, {"ratelimit-reset": "1795144000"}, "{}", RateLimited),
    (502, {}, '{"error": "UpstreamFailure"}', PlatformDown),
    (403, {}, '{"error": "Forbidden"}', Blocked),
    (400, {}, '{"error": "InvalidRequest", "message": "secret words"}', ParseError),
    (302, {"location": "https://evil.example/"}, "", CrawlError),
    (200, {}, "<html>", ParseError),
]


@pytest.mark.parametrize(("status", "headers", "body", "error"), CASES, ids=lambda value: str(value)[:12])
def test_the_appviews_answers_in_our_words(network, crawler, account, loopback, status, headers, body, error, make_store):
    network.broken["app.bsky.actor.getProfile"] = loopback.Reply(body.encode(), status, headers)
    with pytest.raises(error) as raised:
        make_store().crawl(crawler, account)
    assert "secret" not in str(raised.value)
    assert HANDLE not in str(raised.value)
    if error is RateLimited:
        assert raised.value.until == datetime.fromtimestamp(1795144000, UTC)
        assert raised.value.scope is Scope.CREDENTIAL
        assert raised.value.actor is Actor.NOBODY


def test_one_server_that_asks_to_wait_stops_its_own_accounts_only(network, crawler, account, loopback, make_store):
    network.broken["com.atproto.sync.getRepoStatus"] = loopback.Reply({"error": "RateLimitExceeded"}, 429)
    with pytest.raises(RateLimited) as raised:
        make_store().crawl(crawler, account)
    assert raised.value.scope is Scope.ACCOUNT


def test_a_directory_or_server_out_of_order_leaves_the_feed(network, crawler, account, clock, loopback, make_store):
    network.fill(clock)
    for method in ("directory", "com.atproto.sync.getLatestCommit"):
        network.broken = {method: loopback.Reply({}, 503)}
        store = make_store()
        store.crawl(crawler, account)
        assert len(store.posts) == 8
        assert "out of order" in store.notes[0]


def test_every_question_is_charged_before_it_is_sent(network, crawler, account, clock, loopback, make_store):
    network.fill(clock)
    for calls in range(6):
        loopback.asked.clear()
        with pytest.raises(BudgetExhausted):
            make_store().crawl(crawler, account, meter=Purse(calls))
        assert len(loopback.asked) == calls


@pytest.mark.parametrize("name", ["RepoTakendown", "RepoNotFound", "InvalidRequest"])
def test_only_a_missing_record_is_a_deletion(network, crawler, account, clock, loopback, make_store, name):
    uris = network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    network.broken["com.atproto.repo.listRecords"] = loopback.Reply({"records": []})
    network.broken["com.atproto.repo.getRecord"] = loopback.Reply({"error": name, "message": "…"}, 400)
    with pytest.raises(CrawlError):
        store.crawl(crawler, account, recheck=store.known(clock, *uris))
    assert store.gone == {}
