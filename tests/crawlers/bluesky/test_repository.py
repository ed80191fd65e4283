"""Bluesky: the repository of an account, night after night."""

from __future__ import annotations

import json
from datetime import timedelta

from core.records import GoneReason, PostType
from crawlers._bluesky.posts import POST, REPOST

DID = "did:plc:harborclinic234567abcdef"


def test_a_first_crawl_reads_the_whole_repository(network, crawler, account, clock, make_store):
    uris = network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    assert sorted(store.posts) == sorted(uris)
    assert store.notes == []
    assert store.cursor.state["rev"] == network.rev


def test_killed_between_any_two_pages_nothing_is_lost(network, crawler, account, clock, make_store):
    uris = network.fill(clock)
    whole = make_store()
    pages = whole.crawl(crawler, account)
    for stop in range(1, pages):
        store = make_store()
        store.crawl(crawler, account, pages=stop)
        json.dumps(dict(store.cursor.state))
        late = network.post(clock() - timedelta(minutes=1), "Written while nobody looked.")
        store.crawl(crawler, account)
        assert sorted(store.posts) == sorted([*uris, late]), f"killed after page {stop}"
        assert store.cursor.state["rev"] == network.rev
        network.records[POST].pop(late.rsplit("/", 1)[1])


def test_an_unchanged_repository_with_nothing_due_is_not_read_again(network, crawler, account, clock, loopback, make_store):
    network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    loopback.asked.clear()
    store.crawl(crawler, account)
    assert not [one for one in loopback.asked if "listRecords" in one.path]


def test_news_edits_and_deletions_are_seen_in_one_night(network, crawler, account, clock, make_store):
    uris = network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    revisions = {uri: post.revision for uri, post in store.posts.items()}
    clock.move(days=1)
    network.edit(uris[0], "Another wording.")
    network.delete(uris[3])
    new = network.post(clock(), "Fresh.")
    store.crawl(crawler, account, recheck=store.known(clock, *uris))
    assert store.posts[uris[0]].text == "Another wording."
    assert store.posts[new].text == "Fresh."
    assert {uri for uri in uris if store.posts[uri].revision != revisions[uri]} == {uris[0]}
    assert set(store.gone) == {uris[3]}
    gone = store.gone[uris[3]]
    assert (gone.reason, gone.definite) == (GoneReason.DELETED, True)
    assert store.notes == []


def test_a_page_that_leaves_a_post_out_does_not_bury_it(network, crawler, account, clock, loopback, make_store):
    uris = network.fill(clock)
    store = make_store()
    store.crawl(crawler, account)
    network.broken["com.atproto.repo.listRecords"] = loopback.Reply({"records": []})
    store.posts.clear()
    store.crawl(crawler, account, recheck=store.known(clock, *uris))
    assert store.gone == {}
    assert sorted(store.posts) == sorted(uris), "each was asked for by itself"


def test_what_is_older_than_asked_for_is_not_kept_unless_its_key_or_its_word_is_newer(
    network, crawler, account, clock, make_store
):
    network.fill(clock)
    backdated = network.post(clock() - timedelta(hours=2), "Found in a drawer.")
    network.records[POST][backdated.rsplit("/", 1)[1]][1]["createdAt"] = "2012-02-02T00:00:00Z"
    store = make_store()
    store.crawl(crawler, account, since=clock() - timedelta(days=2, hours=1))
    assert len(store.posts) == 3
    assert backdated in store.posts
    store.crawl(crawler, account, since=clock() - timedelta(days=60))
    assert len(store.posts) == 9, "a wider window is read anew"


def test_a_page_limit_is_said_and_the_next_crawl_goes_on(network, account, clock, make_store, make_crawler):
    uris = network.fill(clock)
    crawler, store = make_crawler(max_pages=2), make_store()
    for _ in range(6):
        store.crawl(crawler, account)
    assert sorted(store.posts) == sorted(uris)
    assert "page limit reached" in store.notes[0]


def test_a_broken_record_costs_itself_and_is_tried_again(network, crawler, account, clock, make_store):
    uris = network.fill(clock, 4)
    broken = network.post(clock() - timedelta(hours=1), {"not": "text"})
    store = make_store()
    store.crawl(crawler, account)
    assert sorted(store.posts) == sorted(uris)
    assert store.notes == ["1 post not understood"]
    network.records[POST][broken.rsplit("/", 1)[1]][1]["text"] = "Now it can be read."
    store.crawl(crawler, account)
    assert store.posts[broken].text == "Now it can be read."


def test_a_repost_carries_the_words_that_it_shows(network, crawler, account, clock, make_store):
    uris = network.fill(clock, 1)
    subject = {"uri": uris[0], "cid": "bafyreisubject"}
    record = {"$type": REPOST, "createdAt": "2026-11-18T12:00:00Z", "subject": subject}
    network.records[REPOST]["3n2bh6fvo222d"] = ("bafyreirepost", record)
    store = make_store()
    store.crawl(crawler, account)
    post = store.posts[f"at://{DID}/{REPOST}/3n2bh6fvo222d"]
    assert (post.type, post.text, post.repost_of.native_id) == (PostType.REPOST, "Post number 0.", uris[0])
