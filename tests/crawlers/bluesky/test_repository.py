"""Bluesky: the repository of an account, night after night."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.errors import ParseError
from core.records import Cursor, GoneReason, PostType
from crawlers._bluesky.posts import POST, REPOST

DID = "did:plc:harborclinic234567abcdef"
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def tid(at):
    number = int(at.timestamp()) * 1_000_000 << 10
    return "".join(LETTERS[number >> shift & 31] for shift in range(60, -5, -5))


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


def repost(network, key, at):
    subject = {"uri": f"at://did:plc:{'b' * 24}/{POST}/3kabcdefghijk", "cid": "bafyreisubject"}
    record = {"$type": REPOST, "createdAt": at.isoformat().replace("+00:00", "Z"), "subject": subject}
    network.records[REPOST][key] = (f"bafyrei{len(network.records[REPOST])}repost", record)
    network.edits += 1
    return f"at://{DID}/{REPOST}/{key}"


@pytest.mark.parametrize("key", ["jzzzzzzzzzzzz", "zzz-no-tid"])
@pytest.mark.parametrize("is_poisoned", [False, True])
def test_a_key_that_its_author_made_up_hides_no_later_repost(network, crawler, account, clock, make_store, key, is_poisoned):
    mine = [repost(network, tid(clock() - timedelta(days=3)), clock()), repost(network, key, clock())]
    network.fill(clock, 2)
    store = make_store()
    store.crawl(crawler, account)
    if is_poisoned:  # as an earlier version would have left it
        state = dict(store.cursor.state)
        store.cursor = Cursor({**state, "newest": {**state["newest"], REPOST: key}})
    for _ in range(2):
        clock.move(days=1)
        mine.append(repost(network, tid(clock() - timedelta(hours=1)), clock()))
        store.crawl(crawler, account)
    assert {one for one in store.posts if REPOST in one} == set(mine)
    assert store.notes == []


def empty_pages(network, loopback, count):
    """Between the first page and the rest of the posts stand so many empty ones."""
    given = network.listRecords

    def list_records(query):
        place, number = query.get("cursor", ""), 0
        if place.startswith("empty"):
            number, place = int(place[5:6]), place[7:]
        if place and number < count and query["collection"] == POST:
            return {"records": [], "cursor": f"empty{number + 1} {place}"}
        return given({**query, "cursor": place} if place else query)

    network.listRecords = list_records


def test_an_empty_page_that_leads_on_does_not_end_the_walk(network, crawler, account, clock, loopback, make_store):
    uris = network.fill(clock, 6)
    empty_pages(network, loopback, 2)
    store = make_store()
    store.crawl(crawler, account)
    assert sorted(store.posts) == sorted(uris)
    assert store.notes == []


def test_three_empty_pages_in_a_row_are_a_gap(network, crawler, account, clock, loopback, make_store):
    network.fill(clock, 6)
    empty_pages(network, loopback, 5)
    store = make_store()
    store.crawl(crawler, account)
    assert store.notes == ["3 empty pages in a row: there may be more posts behind them"]
    assert store.cursor.state["rev"] == "", "the walk is taken again"


def test_a_place_that_cannot_be_sent_back_is_refused_and_a_stored_one_begins_at_the_top(
    network, crawler, account, clock, loopback, make_store
):
    uris = network.fill(clock)
    given = network.listRecords
    network.listRecords = lambda query: {**given(query), "cursor": "a\ud800b"}
    store = make_store()
    with pytest.raises(ParseError):
        store.crawl(crawler, account)
    network.listRecords = given
    store.crawl(crawler, account, pages=3)
    place = store.cursor.state["walk"]["place"]

    def forgotten(query):
        if query.get("cursor") == place:
            return loopback.Reply({"error": "InvalidRequest", "message": "No such place"}, 400)
        return given(query)

    network.listRecords = forgotten
    network.page_size = 4
    store.posts.clear()
    store.crawl(crawler, account)
    assert sorted(store.posts) == sorted(uris)
