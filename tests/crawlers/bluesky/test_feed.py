"""Bluesky: the feed, where the repository can't or must not be read, and the guard before foreign servers."""

from __future__ import annotations

from typing import Any

import pytest

from core.records import GoneReason
from core.seams import CrawlRequest
from crawlers._bluesky import hosts as _bluesky_hosts


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://169.254.169.254", "https://127.0.0.1", "http://pds.host.bsky.network", "https://evil.example", "https://",
        "https://pds.host.bsky.network:8443", "https://user@pds.host.bsky.network", "https://pds.host.bsky.network/path",
        "https://host.bsky.network.evil.example", "file:///etc/passwd", "https://pds.host.bsky.network@evil.example",
        "https://pds.host.bsky.network",
    ],
)  # fmt: skip
def test_a_server_that_the_guard_refuses_is_never_asked(
    network, crawler, account, clock, loopback, monkeypatch, endpoint, make_store
):
    resolved = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        resolved.append(host)
        return [(2, 1, 6, "", ("10.0.0.7", port))]

    uris = network.fill(clock)
    network.endpoint = endpoint
    list(crawler.crawl(CrawlRequest(account=account)))  # opens the connections to the loopback
    monkeypatch.setattr(_bluesky_hosts.socket, "getaddrinfo", resolve)
    store = make_store()
    store.crawl(crawler, account)
    assert sorted(store.posts) == sorted(uris), "read from the feed"
    assert store.notes[0].startswith("repository not read: the account's server")
    assert "evil" not in store.notes[0]
    assert set(resolved) <= {"pds.host.bsky.network", "127.0.0.1"}


def test_a_feed_night_looks_posts_up_and_takes_two_paths_to_miss_one(network, crawler, account, clock, make_store):
    uris = network.fill(clock, 30)
    network.endpoint = "https://elsewhere.example"
    store = make_store()
    store.crawl(crawler, account)
    assert len(store.posts) == 30
    network.delete(uris[0])
    store.crawl(crawler, account, recheck=store.known(clock, uris[0]))
    first = store.gone[uris[0]]
    assert (first.reason, first.definite, first.path) == (GoneReason.UNAVAILABLE, False, "lookup")
    store.crawl(crawler, account, recheck=store.known(clock, uris[0], missing_path="lookup"))
    assert store.gone[uris[0]].path == "thread"
    network.endpoint = "https://pds.harbor.example"
    store.crawl(crawler, account, recheck=store.known(clock, uris[0], missing_path="thread"))
    assert (store.gone[uris[0]].reason, store.gone[uris[0]].definite) == (GoneReason.DELETED, True)


def test_a_killed_feed_night_loses_nothing(network, crawler, account, clock, make_store):
    uris = network.fill(clock)
    network.endpoint = "https://elsewhere.example"
    pages = make_store().crawl(crawler, account)
    for stop in range(1, pages):
        store = make_store()
        store.crawl(crawler, account, pages=stop)
        store.crawl(crawler, account)
        assert sorted(store.posts) == sorted(uris), f"killed after page {stop}"


def test_a_post_of_the_feed_and_of_the_repository_is_the_same(network, crawler, account, clock, make_store):
    network.fill(clock)
    one, other = make_store(), make_store()
    one.crawl(crawler, account)
    network.endpoint = "https://elsewhere.example"
    other.crawl(crawler, account)
    assert {uri: post.content() for uri, post in one.posts.items()} == {u: post.content() for u, post in other.posts.items()}
    assert {uri: post.revision for uri, post in one.posts.items()} == {u: post.revision for u, post in other.posts.items()}
