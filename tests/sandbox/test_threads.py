"""The Threads stand-in: discovery and own accounts through facebook-sdk, refusals, and two nights through our crawler."""

from __future__ import annotations

from typing import Any

import facebook
import pytest
from rebased import facebook_sdk

from core.records import KnownPost, PostType
from core.seams import CrawlRequest
from crawlers.threads import ThreadsCrawler, ThreadsOptions
from nightrounds.sandbox.platforms._threads_objects import id_of_post, id_of_user
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

ACCOUNTS = {account.handle: account for account in load_world().of("threads")}
NEWS, IMANI, CARE = "sinaisandbox.news", "imani.rounds.sandbox", "sinaisandbox.listens"
OWN_ID = id_of_user(ACCOUNTS[CARE])


def post_id(name: str) -> str:
    return id_of_post(view_of(2).by_id[name])


@pytest.fixture
def discovery(sandbox: Sandbox) -> facebook.GraphAPI:
    return facebook_sdk(sandbox.urls["threads"], sandbox.platform_options()["threads"]["access_token"], "v1.0")


@pytest.fixture
def own(sandbox: Sandbox) -> facebook.GraphAPI:
    return facebook_sdk(sandbox.urls["threads"], sandbox.platform_options()["threads"]["own_tokens"][CARE], "v1.0")


def refusal(sdk: facebook.GraphAPI, node: str, **query: Any) -> tuple[int, int | None]:
    """(code, subcode)"""
    with pytest.raises(facebook.GraphAPIError) as raised:
        sdk.get_object(node, **query)
    error = raised.value.result["error"]
    return error["code"], error.get("error_subcode")


def test_a_looked_up_profile_tells_no_id(discovery: facebook.GraphAPI) -> None:
    found = discovery.get_object("profile_lookup", username=NEWS)
    assert (found["username"], found["name"]) == (NEWS, ACCOUNTS[NEWS].display_name)
    assert {"biography", "follower_count", "is_verified", "views_count"} <= set(found)
    assert "id" not in found


def test_posts_of_a_profile_come_newest_first_and_without_replies(discovery: facebook.GraphAPI) -> None:
    posts, after = [], {}
    while True:
        page = discovery.get_object("profile_posts", username=NEWS, limit=4, fields="id,timestamp", **after)
        posts += [(item["timestamp"], item["id"]) for item in page["data"]]
        if "next" not in page["paging"]:
            break
        assert "access_token=sandbox-" in page["paging"]["next"], "the trap"
        after = {"after": page["paging"]["cursors"]["after"]}
    assert posts == sorted(posts, reverse=True)
    assert {one for _, one in posts} == {id_of_post(shown) for shown in view_of(1).posts(ACCOUNTS[NEWS])}


def test_what_a_reader_meets(discovery: facebook.GraphAPI, own: facebook.GraphAPI) -> None:
    fields = (
        "id,media_type,text,quoted_post{id,text},reposted_post{id,text},poll_attachment,children{id,alt_text},is_quote_post"
    )
    data = discovery.get_object("profile_posts", username=NEWS, limit=100, fields=fields)["data"]
    items = {item["id"]: item for item in data}
    repost = items[post_id("thn-repost")]
    assert (repost["media_type"], repost["reposted_post"]["id"]) == ("REPOST_FACADE", post_id("thc-hours"))
    assert "text" not in repost
    assert items[post_id("thn-quote")]["quoted_post"]["text"].startswith("The garage")
    gone = items[post_id("thn-quote-gone")]
    assert ("quoted_post" in gone, gone["is_quote_post"]) == (False, False)
    assert items[post_id("thn-poll")]["poll_attachment"]["option_b"] == "The kidney"
    assert len(items[post_id("thn-carousel")]["children"]["data"]) == 2
    replies = own.get_connections(OWN_ID, "replies", fields="id,text,replied_to{id,text},is_reply")["data"]
    by_id = {item["id"]: item for item in replies}
    assert by_id[post_id("thc-reply-phi")]["replied_to"]["text"].startswith("Worst morning")
    assert post_id("thc-hours") not in by_id


@pytest.mark.parametrize(
    ("node", "query", "expected"),
    [
        ("profile_lookup", {"username": "nobody.here"}, (24, 4279009)),
        ("profile_posts", {"username": "nobody.here"}, (24, 4279009)),
        ("profile_lookup", {"username": NEWS, "fields": "id"}, (100, None)),
        ("profile_posts", {"username": NEWS, "fields": "id,owner"}, (100, None)),
        ("profile_posts", {"username": NEWS, "limit": 101}, (100, None)),
        ("profile_posts", {"username": NEWS, "after": "nonsense"}, (100, None)),
        ("profile_posts", {"username": NEWS, "page": 2}, (100, None)),
        ("me", {"fields": "id"}, (100, 33)),
        (post_id("thn-clocks"), {"fields": "id"}, (100, 33)),
    ],
)
def test_refusals_of_discovery(
    discovery: facebook.GraphAPI, node: str, query: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    assert refusal(discovery, node, **query) == expected


def test_an_own_token_sees_its_own_account_alone(sandbox: Sandbox, own: facebook.GraphAPI) -> None:
    assert own.get_object("me", fields="id,username") == {"id": OWN_ID, "username": CARE}
    assert own.get_object(post_id("thc-deleted"), fields="id") == {"id": post_id("thc-deleted")}
    assert refusal(own, "profile_lookup", username=NEWS) == (10, 4279067)
    assert refusal(own, id_of_user(ACCOUNTS[NEWS]), fields="id") == (100, 33)
    assert refusal(own, post_id("thn-clocks"), fields="id") == (100, 33)
    assert refusal(own, f"{OWN_ID}/replies", fields="id,alt_text") == (100, None), "no documented field of replies"
    assert refusal(own, f"{OWN_ID}/insights") == (100, None)
    sandbox.night = 2
    assert refusal(own, post_id("thc-deleted"), fields="id") == (100, 33)
    own.access_token = "another"
    assert refusal(own, "me", fields="id") == (190, None)
    own.version = "v2.0"
    assert refusal(own, "me", fields="id")[0] in {190, 2500}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rate_limit", (4, 1349210)),
        ("token_dead", (190, 463)),
        ("permission", (10, 4279067)),
        ("not_found", (24, 4279009)),
        ("private", (24, 4279009)),
    ],
)
def test_a_fault_on_one_account_looks_like_threads_own(
    sandbox: Sandbox, discovery: facebook.GraphAPI, own: facebook.GraphAPI, kind: str, expected: tuple[int, int | None]
) -> None:
    sandbox.fault("threads", NEWS, kind)
    assert refusal(discovery, "profile_lookup", username=NEWS) == expected
    assert discovery.get_object("profile_lookup", username=IMANI)["username"] == IMANI
    sandbox.clear_faults()
    sandbox.fault("threads", CARE, kind)
    assert refusal(own, "me", fields="id")[0] in {expected[0], 100}
    assert discovery.get_object("profile_lookup", username=NEWS)["username"] == NEWS


@pytest.mark.parametrize("page_size", [2, 50])
def test_two_nights_through_our_crawler(sandbox: Sandbox, page_size: int) -> None:
    options = ThreadsOptions(**sandbox.platform_options()["threads"], page_size=page_size)
    crawler = ThreadsCrawler(options, clock=sandbox.clock(), sleep=lambda _: None)
    edited, gone, new, asked_before = set(), set(), set(), len(sandbox.seen)
    reposts = set()
    for account in (one for one in sandbox.accounts() if one.platform == "threads"):
        sandbox.night = 1
        pages = list(crawler.crawl(CrawlRequest(account=account)))
        first = {post.native_id: post for page in pages for post in page.posts}
        assert set(first) == {id_of_post(shown) for shown in view_of(1).posts(ACCOUNTS[account.handle])}
        assert not [page.note for page in pages if page.note]
        assert pages[0].native_account_id == (OWN_ID if account.handle == CARE else None)
        reposts |= {one for one, post in first.items() if post.type is PostType.REPOST}
        cursor = [page.cursor for page in pages if page.cursor][-1]
        due = [
            KnownPost(native_id=one.native_id, url="", revision="", posted_at=one.posted_at, last_verified_at=sandbox.clock()())
            for one in first.values()
        ]
        sandbox.night = 2
        pages = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
        assert not [page.note for page in pages if page.note]
        second = {post.native_id: post for page in pages for post in page.posts}
        edited |= {one for one in second.keys() & first.keys() if second[one].content() != first[one].content()}
        new |= second.keys() - first.keys()
        gone |= {one.native_id for page in pages for one in page.gone}
    crawler.close()
    assert edited == {post_id(name) for name in ("thn-edit", "thi-edit", "thc-reply-edit")}
    assert gone == {post_id(name) for name in ("thn-deleted", "thi-deleted", "thc-deleted")}
    assert new == {post_id(name) for name in ("thn-night2", "thi-night2", "thc-night2")}
    assert reposts == {post_id(name) for name in ("thn-repost", "thi-repost")}
    assert not [
        seen for seen in sandbox.seen[asked_before:] if seen.platform == "threads" and "sandbox-THAA" in seen.query + seen.path
    ]
