"""The Bluesky stand-in: driven by the SDK, and crawled by our crawler on both nights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from atproto import Client
from atproto_client.exceptions import BadRequestError, RateLimitExceededError

from core.errors import AccountNotFound, AccountPrivate, CrawlError, ParseError, RateLimited
from core.records import Account, GoneReason, KnownPost, Post
from core.seams import CrawlRequest
from crawlers.bluesky import BlueskyCrawler, BlueskyOptions
from nightrounds.sandbox.platforms._bluesky_records import POST, REPOST, did_of, uri_of
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

ACCOUNTS = {account.handle: account for account in load_world().of("bluesky")}
HEALTH = "health.sandbox.example"
DID = did_of("sky-health")


def uri(name: str) -> str:
    return uri_of(view_of(2).by_id[name])


@pytest.fixture
def sdk(sandbox: Sandbox) -> Client:
    return Client(base_url=sandbox.urls["bluesky"])


@pytest.fixture
def sky(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.urls["bluesky"]) as client:
        yield client


def listed(sdk: Client, handle: str, collection: str, **more: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        asked = {"repo": did_of(ACCOUNTS[handle].key), "collection": collection, "limit": 7, "cursor": cursor, **more}
        answer = sdk.com.atproto.repo.list_records(asked)
        found += answer.records
        cursor = answer.cursor
        if not answer.records:
            return found


@pytest.mark.parametrize("handle", ACCOUNTS)
def test_the_sdk_lists_every_record_once_in_either_order(sdk: Client, handle: str) -> None:
    down = [one.uri for collection in (POST, REPOST) for one in listed(sdk, handle, collection)]
    up = [one.uri for one in listed(sdk, handle, POST, reverse=True)]
    assert sorted(down) == sorted(uri_of(shown) for shown in view_of(1).posts(ACCOUNTS[handle]))
    assert up == [one for one in down if POST in one][::-1]


def test_the_sdk_reads_profile_and_feed(sdk: Client) -> None:
    profile = sdk.get_profile(HEALTH)
    assert (profile.did, profile.handle) == (DID, HEALTH)
    feed, cursor = [], None
    while True:
        page = sdk.get_author_feed(DID, limit=6, cursor=cursor, filter="posts_with_replies")
        feed += page.feed
        cursor = page.cursor
        if cursor is None:
            break
    assert len(feed) == len(view_of(1).posts(ACCOUNTS[HEALTH]))
    reposts = [item for item in feed if item.reason]
    assert [item.reason.uri for item in reposts] == [uri("skh-repost")]
    replies = {item.post.uri: item.reply.parent.uri for item in feed if item.reply}
    assert replies == {uri("skh-flu-more"): uri("skh-flu")}
    embeds = {item.post.uri: item.post.embed for item in feed}
    assert embeds[uri("skh-quote-gone")].record.not_found is True
    assert embeds[uri("skh-quote-odalys")].record.value.text.startswith("A moth")


def test_a_long_address_is_cut_short_and_whole_in_its_facet(sdk: Client) -> None:
    record = next(one.value for one in listed(sdk, HEALTH, POST) if one.uri == uri("skh-flu"))
    facet = record.facets[0]
    assert facet.features[0].uri == "https://news.sandbox.example/flu-shots-walk-in-hours-and-places"
    shown = record.text.encode()[facet.index.byte_start : facet.index.byte_end].decode()
    assert shown == "news.sandbox.example/flu-sh..."


def test_an_edit_keeps_its_address_and_a_deleted_post_is_left_out(sandbox: Sandbox, sdk: Client) -> None:
    names = [uri("skh-typo"), uri("skh-mistake")]
    before = {post.uri: post for post in sdk.get_posts(names).posts}
    rev = sdk.com.atproto.sync.get_latest_commit({"did": DID}).rev
    sandbox.night = 2
    after = {post.uri: post for post in sdk.get_posts(names).posts}
    assert (set(before), set(after)) == (set(names), {uri("skh-typo")})
    one, other = before[uri("skh-typo")], after[uri("skh-typo")]
    assert one.cid != other.cid
    assert one.record.created_at == other.record.created_at
    assert sdk.com.atproto.sync.get_latest_commit({"did": DID}).rev > rev
    with pytest.raises(BadRequestError) as raised:
        sdk.com.atproto.repo.get_record({"repo": DID, "collection": POST, "rkey": uri("skh-mistake").rsplit("/", 1)[1]})
    assert raised.value.response.content.error == "RecordNotFound"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/xrpc/app.bsky.actor.getProfile?actor=nobody.example", 400, "InvalidRequest"),
        ("/xrpc/app.bsky.actor.getProfile", 400, "InvalidRequest"),
        (f"/xrpc/app.bsky.feed.getAuthorFeed?actor={DID}&limit=101", 400, "InvalidRequest"),
        (f"/xrpc/app.bsky.feed.getAuthorFeed?actor={DID}&cursor=nonsense", 400, "InvalidRequest"),
        (f"/xrpc/app.bsky.feed.getAuthorFeed?actor={DID}&includePins=True", 400, "InvalidRequest"),
        ("/xrpc/app.bsky.feed.getPosts?" + "&".join(f"uris=at://{DID}/{POST}/{n}" for n in range(26)), 400, "InvalidRequest"),
        (f"/xrpc/com.atproto.repo.listRecords?repo={DID}", 400, "InvalidRequest"),
        ("/xrpc/com.atproto.sync.getLatestCommit?did=did:plc:a", 400, "RepoNotFound"),
        ("/xrpc/com.atproto.sync.getRepo?did=x", 501, "MethodNotImplemented"),
    ],
)
def test_refusals(sky: httpx.Client, path: str, status: int, error: str) -> None:
    answer = sky.get(path)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_the_directory_names_the_server(sky: httpx.Client) -> None:
    answer = sky.get(f"/{DID}")
    assert answer.headers["content-type"].startswith("application/did+ld+json")
    assert answer.json()["service"][0]["serviceEndpoint"] == "https://pds.sandbox.example"
    assert sky.get("/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").status_code == 404


@pytest.mark.parametrize(("kind", "status"), [("private", "deactivated"), ("not_found", "deleted")])
def test_a_shut_account_is_not_found_at_the_appview_and_named_by_its_server(
    sandbox: Sandbox, sdk: Client, kind: str, status: str
) -> None:
    sandbox.fault("bluesky", HEALTH, kind)
    with pytest.raises(BadRequestError) as raised:
        sdk.get_profile(DID)
    assert raised.value.response.content.message == "Profile not found"
    answer = sdk.com.atproto.sync.get_repo_status({"did": DID})
    assert (answer.active, answer.status) == (False, status)


def test_a_rate_limit_tells_when_it_ends(sandbox: Sandbox, sdk: Client) -> None:
    sandbox.fault("bluesky", None, "rate_limit")
    with pytest.raises(RateLimitExceededError) as raised:
        sdk.get_profile(DID)
    assert int(raised.value.response.headers["ratelimit-reset"]) > sandbox.clock()().timestamp()


@pytest.fixture
def crawler(sandbox: Sandbox) -> Iterator[BlueskyCrawler]:
    options = BlueskyOptions(**sandbox.platform_options()["bluesky"])
    crawler = BlueskyCrawler(options, clock=sandbox.clock(), sleep=lambda _: None)
    yield crawler
    crawler.close()


def account_of(sandbox: Sandbox, handle: str) -> Account:
    return next(account for account in sandbox.accounts() if account.handle == handle)


@pytest.mark.parametrize("handle", ACCOUNTS)
def test_our_crawler_sees_exactly_what_changed_from_night_to_night(
    sandbox: Sandbox, crawler: BlueskyCrawler, handle: str
) -> None:
    account, first = account_of(sandbox, handle), dict[str, Post]()
    cursor, notes = None, []
    for page in crawler.crawl(CrawlRequest(account=account)):
        first |= {post.native_id: post for post in page.posts}
        cursor = page.cursor or cursor
        notes.append(page.note)
    assert set(first) == {uri_of(shown) for shown in view_of(1).posts(ACCOUNTS[handle])}
    sandbox.night = 2
    due = [
        KnownPost(
            native_id=post.native_id,
            url=post.url,
            revision=post.revision,
            posted_at=post.posted_at,
            last_verified_at=crawler.clock(),
        )
        for post in first.values()
    ]
    second, gone, verified = dict[str, Post](), {}, set[str]()
    for page in crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)):
        second |= {post.native_id: post for post in page.posts}
        gone |= {one.native_id: one for one in page.gone}
        verified.update(page.verified)
        notes.append(page.note)
    one, two = view_of(1), view_of(2)
    before = {shown.post.id: shown for shown in one.posts(ACCOUNTS[handle])}
    after = {shown.post.id: shown for shown in two.posts(ACCOUNTS[handle])}
    edited = {uri(name) for name in before.keys() & after.keys() if before[name].now != after[name].now}
    assert {u for u in first.keys() & second.keys() if first[u].content() != second[u].content()} == edited
    assert second.keys() - first.keys() == {uri(name) for name in after.keys() - before.keys()}
    assert gone.keys() == {uri(name) for name in before.keys() - after.keys()}
    assert all(sight.definite and sight.reason is GoneReason.DELETED for sight in gone.values())
    assert second.keys() | verified == {uri(name) for name in after}
    assert not any(notes)
    if handle != "dr-ferrant.sandbox.example":
        assert edited
        assert gone


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("not_found", AccountNotFound),
        ("private", AccountPrivate),
        ("rate_limit", RateLimited),
        ("truncated_json", ParseError),
        ("huge_body", ParseError),
        ("server_error", CrawlError),
        ("html_error", CrawlError),
        ("permission", CrawlError),
    ],
)
def test_faults_in_our_crawlers_words(sandbox: Sandbox, crawler: BlueskyCrawler, kind: str, error: type[CrawlError]) -> None:
    sandbox.fault("bluesky", HEALTH, kind)
    with pytest.raises(error) as raised:
        list(crawler.crawl(CrawlRequest(account=account_of(sandbox, HEALTH))))
    assert HEALTH not in str(raised.value)
    sandbox.clear_faults()
    assert list(crawler.crawl(CrawlRequest(account=account_of(sandbox, "dr-ferrant.sandbox.example"))))


def test_every_answer_is_asked_by_the_did_and_no_question_repeats(sandbox: Sandbox, crawler: BlueskyCrawler) -> None:
    before = len(sandbox.seen)
    list(crawler.crawl(CrawlRequest(account=account_of(sandbox, HEALTH))))
    asked = [(one.path, one.query) for one in sandbox.seen[before:]]
    assert len(asked) == len(set(asked))
    assert json.dumps(asked).count(HEALTH) == 1, "the handle is asked for once"
