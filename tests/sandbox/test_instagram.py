"""The Instagram stand-in: business discovery through facebook-sdk, its refusals, and two nights of it through our crawler."""

from __future__ import annotations

from typing import Any

import facebook
import pytest
from rebased import facebook_sdk

from core.records import KnownPost
from core.seams import CrawlRequest
from crawlers.instagram_business import InstagramCrawler, InstagramOptions
from nightrounds.sandbox.platforms._instagram_objects import id_of_media, id_of_user
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

ACCOUNTS = {account.handle: account for account in load_world().of("instagram")}
OURS, OTHER = "sinaisandbox.health", "pilar.breathes.sandbox"
OUR_ID = id_of_user(ACCOUNTS[OURS])


def media_id(name: str) -> str:
    return id_of_media(view_of(2).by_id[name])


@pytest.fixture
def sdk(sandbox: Sandbox) -> facebook.GraphAPI:
    return facebook_sdk(sandbox.urls["instagram"], sandbox.platform_options()["instagram"]["access_token"], "v26.0")


def discover(sdk: facebook.GraphAPI, handle: str, fields: str) -> dict[str, Any]:
    answer = sdk.get_object(OUR_ID, fields=f"business_discovery.username({handle}){{{fields}}}")
    assert answer["id"] == OUR_ID
    found: dict[str, Any] = answer["business_discovery"]
    return found


def refusal(sdk: facebook.GraphAPI, node: str, **query: Any) -> tuple[int, int | None]:
    """(code, subcode)"""
    with pytest.raises(facebook.GraphAPIError) as raised:
        sdk.get_object(node, **query)
    error = raised.value.result["error"]
    return error["code"], error.get("error_subcode")


def test_a_profile_by_name_and_nothing_but_what_was_asked(sdk: facebook.GraphAPI) -> None:
    found = discover(sdk, OTHER.upper(), "username,name,biography,followers_count,media_count")
    assert found["id"] == id_of_user(ACCOUNTS[OTHER])
    assert found["name"] == ACCOUNTS[OTHER].display_name
    assert set(found) == {"id", "username", "name", "biography", "followers_count", "media_count"}


def test_media_come_newest_first_and_once_behind_a_cursor_in_the_expansion(sdk: facebook.GraphAPI) -> None:
    ids, after, pages = [], "", 0
    while True:
        media = discover(sdk, OURS, f"media.limit(4){after}{{id,timestamp}}")["media"]
        ids += [(item["timestamp"], item["id"]) for item in media["data"]]
        pages += 1
        if "after" not in media.get("paging", {}).get("cursors", {}):
            break
        after = f".after({media['paging']['cursors']['after']})"
    assert ids == sorted(ids, reverse=True)
    assert {one for _, one in ids} == {id_of_media(shown) for shown in view_of(1).posts(ACCOUNTS[OURS])}
    assert (len(ids), pages) == (25, 7)


def test_a_page_holds_no_more_than_the_cap_and_its_next_address_is_a_trap(sandbox: Sandbox, sdk: facebook.GraphAPI) -> None:
    media = discover(sdk, OURS, "media.limit(50){id}")["media"]
    assert len(media["data"]) == 20
    assert sandbox.platform_options()["instagram"]["access_token"] in media["paging"]["next"]


def test_what_a_reader_meets(sdk: facebook.GraphAPI) -> None:
    fields = "id,caption,media_type,media_product_type,like_count,media_url,thumbnail_url,alt_text,children{id,alt_text}"
    data = [*_all(sdk, OURS, fields), *_all(sdk, OTHER, fields)]
    items = {item["id"]: item for item in data}
    album = items[media_id("igh-album-phi")]
    assert album["media_type"] == "CAROUSEL_ALBUM"
    assert "MRN 8841906" in album["children"]["data"][1]["alt_text"]
    reel = items[media_id("igh-reel-hands")]
    assert (reel["media_type"], reel["media_product_type"]) == ("VIDEO", "REELS")
    assert "media_url" not in reel
    assert "like_count" not in items[media_id("igh-reel-stretch")]
    assert "@sandbox_beekeepers" in items[media_id("igh-garden")]["caption"], "our own account's captions are whole"
    first, second = (_all(sdk, OTHER, "id,media_url")[0]["media_url"] for _ in range(2))
    assert first != second
    assert first.split("?")[0] == second.split("?")[0]


def _all(sdk: facebook.GraphAPI, handle: str, fields: str) -> list[dict[str, Any]]:
    items, after = [], ""
    while True:
        media = discover(sdk, handle, f"media.limit(50){after}{{{fields}}}")["media"]
        items += media["data"]
        cursors = media.get("paging", {}).get("cursors", {})
        if "after" not in cursors:
            return items
        after = f".after({cursors['after']})"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("business_discovery.username(nobody.here){id}", (110, 2207013)),
        ("business_discovery{id}", (100, None)),
        (f"business_discovery.username({OTHER}){{id,shoe_size}}", (100, None)),
        (f"business_discovery.username({OTHER}){{media{{id,updated_time}}}}", (100, None)),
        (f"business_discovery.username({OTHER}){{media{{children{{caption}}}}}}", (100, None)),
        (f"business_discovery.username({OTHER}){{media.limit(101){{id}}}}", (100, None)),
        (f"business_discovery.username({OTHER}){{media.after(nonsense){{id}}}}", (100, None)),
        (f"business_discovery.username({OTHER}){{media.since(5){{id}}}}", (100, None)),
        (f"business_discovery.username({OTHER}){{id", (2500, None)),
        ("accounts", (100, None)),
    ],
)
def test_refusals(sdk: facebook.GraphAPI, fields: str, expected: tuple[int, int | None]) -> None:
    assert refusal(sdk, OUR_ID, fields=fields) == expected


def test_only_our_own_media_can_be_asked_for_by_id(sandbox: Sandbox, sdk: facebook.GraphAPI) -> None:
    own = media_id("igh-deleted")
    assert sdk.get_object(own, fields="id,caption") == {"id": own, "caption": "Wrong picture, right feeling."}
    assert refusal(sdk, media_id("igp-deleted"), fields="id") == (100, 33)
    assert refusal(sdk, id_of_user(ACCOUNTS[OTHER]), fields="id") == (100, 33)
    sandbox.night = 2
    assert refusal(sdk, own, fields="id") == (100, 33)
    assert refusal(sdk, OUR_ID, fields="id", since=5) == (100, None)
    sdk.access_token = "another"
    assert refusal(sdk, OUR_ID, fields="id") == (190, None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rate_limit", (80002, 2446079)),
        ("rate_limit_no_reset", (4, None)),
        ("token_dead", (190, 463)),
        ("permission", (10, None)),
        ("server_error", (2, None)),
        ("not_found", (110, 2207013)),
        ("private", (110, 2207013)),
    ],
)
def test_a_fault_on_one_account_looks_like_instagrams_own(
    sandbox: Sandbox, sdk: facebook.GraphAPI, kind: str, expected: tuple[int, int | None]
) -> None:
    sandbox.fault("instagram", OTHER, kind)
    assert refusal(sdk, OUR_ID, fields=f"business_discovery.username({OTHER}){{id}}") == expected
    assert discover(sdk, OURS, "id")["id"] == OUR_ID


@pytest.mark.parametrize("page_size", [3, 50])
def test_two_nights_through_our_crawler(sandbox: Sandbox, page_size: int) -> None:
    options = InstagramOptions(**sandbox.platform_options()["instagram"], page_size=page_size)
    crawler = InstagramCrawler(options, clock=sandbox.clock(), sleep=lambda _: None)
    edited, gone, new, asked_before = set(), set(), set(), len(sandbox.seen)
    for account in (one for one in sandbox.accounts() if one.platform == "instagram"):
        sandbox.night = 1
        pages = list(crawler.crawl(CrawlRequest(account=account)))
        first = {post.native_id: post for page in pages for post in page.posts}
        assert set(first) == {id_of_media(shown) for shown in view_of(1).posts(ACCOUNTS[account.handle])}
        assert not [page.note for page in pages if page.note]
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
    assert edited == {media_id(name) for name in ("igh-edit-typo", "igh-edit-remove", "igp-edit-adds")}
    assert gone == {media_id(name) for name in ("igh-deleted", "igp-deleted")}
    assert new == {media_id(name) for name in ("igh-night2", "igp-night2")}
    token = sandbox.platform_options()["instagram"]["access_token"]
    assert not [
        seen for seen in sandbox.seen[asked_before:] if seen.platform == "instagram" and token in seen.query + seen.path
    ]
