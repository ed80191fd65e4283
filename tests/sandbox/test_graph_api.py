"""The Graph stand-in: tokens, versions, fields, cursors, batches, the error envelope; and facebook-sdk itself against it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import facebook
import httpx
import pytest
from rebased import facebook_sdk

from nightrounds.sandbox.platforms._graph_fields import Asked, FieldsError, parse_fields
from nightrounds.sandbox.platforms._graph_objects import id_of_page, id_of_post
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

POST_FIELDS = (
    "id,message,story,created_time,updated_time,permalink_url,from,status_type,full_picture,parent_id,is_published,"
    "message_tags,story_tags,shares,attachments{media_type,media,target,title,description,url,unshimmed_url,subattachments},"
    "reactions.summary(true).limit(0),comments.summary(true).limit(0)"
)
PAGES = {account.handle: account for account in load_world().of("facebook")}


def post_id(name: str) -> str:
    return id_of_post(view_of(2).by_id[name])


def every_post(graph: httpx.Client, page: str, **query: Any) -> list[dict[str, Any]]:
    posts, after = [], {}
    while True:
        body = graph.get(f"/v26.0/{page}/published_posts", params={"limit": 100, **query, **after}).json()
        posts += body["data"]
        if "next" not in body.get("paging", {}):
            return posts
        after = {"after": body["paging"]["cursors"]["after"]}


def error_of(answer: httpx.Response) -> tuple[int, int, int | None]:
    """(status, code, subcode)"""
    error = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return answer.status_code, error["code"], error.get("error_subcode")


def test_the_token_goes_in_the_header_or_in_the_query(sandbox: Sandbox, graph: httpx.Client) -> None:
    token = sandbox.platform_options()["facebook"]["access_token"]
    path = f"{sandbox.urls['facebook']}/v26.0/SinaiSandboxHealth"
    assert graph.get("/v26.0/SinaiSandboxHealth").status_code == 200
    assert httpx.get(path, params={"access_token": token}).status_code == 200
    assert error_of(httpx.get(path)) == (400, 104, None)
    assert error_of(httpx.get(path, params={"access_token": "other"})) == (400, 190, None)
    assert "invalid_token" in httpx.get(path, params={"access_token": "other"}).headers["www-authenticate"]


@pytest.mark.parametrize(
    ("asked", "served"),
    [("/v26.0", "v26.0"), ("/v24.0", "v24.0"), ("/v3.1", "v21.0"), ("", "v21.0")],
    ids=["newest", "living", "expired", "none"],
)
def test_an_expired_version_is_moved_up_and_said_so(graph: httpx.Client, asked: str, served: str) -> None:
    answer = graph.get(f"{asked}/SinaiSandboxHealth")
    assert answer.status_code == 200
    assert answer.headers["facebook-api-version"] == served


def test_a_version_that_does_not_exist_is_a_path_that_does_not(graph: httpx.Client) -> None:
    assert error_of(graph.get("/v99.0/SinaiSandboxHealth")) == (400, 2500, None)


def test_a_page_by_name_and_by_id(graph: httpx.Client) -> None:
    fields = "id,name,username,about,website,fan_count,picture{url}"
    page = graph.get("/v26.0/sinaisandboxhealth", params={"fields": fields}).json()
    assert page["id"] == id_of_page(PAGES["SinaiSandboxHealth"])
    assert page["username"] == "SinaiSandboxHealth"
    assert set(page["picture"]["data"]) == {"url"}
    assert graph.get(f"/v26.0/{page['id']}").json() == {"name": page["name"], "id": page["id"]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v26.0/NoSuchPageHere", (404, 803, None)),
        ("/v26.0/100000000000001", (400, 100, 33)),
        ("/v26.0/1_2", (400, 100, 33)),
        ("/v26.0/SinaiSandboxHealth/secrets", (400, 100, None)),
        ("/v26.0/SinaiSandboxHealth/published_posts/more", (400, 2500, None)),
        ("/v26.0/SinaiSandboxHealth?fields=name,shoe_size", (400, 100, None)),
        ("/v26.0/SinaiSandboxHealth?fields=name,{", (400, 2500, None)),
        ("/v26.0/SinaiSandboxHealth/published_posts?fields=message,link", (400, 12, None)),
        ("/v26.0/SinaiSandboxHealth/published_posts?limit=101", (400, 100, None)),
        ("/v26.0/SinaiSandboxHealth/published_posts?after=nonsense", (400, 100, None)),
        ("/v26.0/SinaiSandboxHealth/published_posts?since=whenever", (400, 100, None)),
        ("/v26.0/?ids=", (400, 100, None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals(graph: httpx.Client, path: str, expected: tuple[int, int, int | None]) -> None:
    assert error_of(graph.get(path)) == expected


@pytest.mark.parametrize("handle", PAGES)
def test_published_posts_are_all_there_once_newest_first(graph: httpx.Client, handle: str) -> None:
    small, large = every_post(graph, handle, limit=3), every_post(graph, handle)
    assert [post["id"] for post in small] == [post["id"] for post in large]
    assert {post["id"] for post in large} == {id_of_post(shown) for shown in view_of(1).posts(PAGES[handle])}
    times = [post["created_time"] for post in large]
    assert times == sorted(times, reverse=True)
    assert all(time.endswith("+0000") for time in times)


def test_every_field_that_a_crawler_asks_for(graph: httpx.Client) -> None:
    posts = {post["id"]: post for post in every_post(graph, "SinaiSandboxHealth", fields=POST_FIELDS)}
    album = posts[post_id("fbh-album-phi")]["attachments"]["data"][0]
    assert album["media_type"] == "album"
    assert "MRN 7730162" in album["subattachments"]["data"][1]["description"]
    shared = posts[post_id("fbh-share")]
    assert shared["parent_id"] == post_id("fbt-salt")
    assert shared["story"].endswith("shared a post.")
    plain = posts[post_id("fbh-nurses")]
    assert plain["comments"]["summary"]["total_count"] >= 0
    assert plain["comments"]["data"] == []
    assert "story" not in plain
    assert plain["permalink_url"].startswith("https://www.facebook.com/")


def test_default_fields_are_few(graph: httpx.Client) -> None:
    assert set(every_post(graph, "NurseBrynnWrites")[0]) == {"created_time", "message", "id"}


def test_the_next_address_carries_the_token_even_if_the_request_did_not(sandbox: Sandbox, graph: httpx.Client) -> None:
    body = graph.get("/v26.0/SinaiSandboxHealth/published_posts", params={"limit": 5}).json()
    query = parse_qs(urlsplit(body["paging"]["next"]).query)
    assert query["access_token"] == [sandbox.platform_options()["facebook"]["access_token"]]
    assert query["after"] == [body["paging"]["cursors"]["after"]]


def test_a_cursor_outlives_its_post(sandbox: Sandbox, graph: httpx.Client) -> None:
    first = graph.get("/v26.0/SinaiSandboxHealth/published_posts", params={"limit": 2}).json()
    assert first["data"][1]["id"] == post_id("fbh-deleted")
    sandbox.night = 2
    after = first["paging"]["cursors"]["after"]
    rest = graph.get("/v26.0/SinaiSandboxHealth/published_posts", params={"after": after}).json()["data"]
    assert rest[0]["id"] == post_id("fbh-edit-typo")


def test_since_and_until_look_at_the_time_of_posting(graph: httpx.Client) -> None:
    recent = every_post(graph, "SinaiSandboxHealth", since="2026-11-01T00:00:00+00:00", until="2026-11-10")
    assert {post["id"] for post in recent} == {post_id(name) for name in ("fbh-endorse", "fbh-share", "fbh-clinica-es")}
    assert every_post(graph, "SinaiSandboxHealth", since="1790000000") != []


def test_picture_addresses_are_signed_anew(graph: httpx.Client) -> None:
    path = f"/v26.0/{post_id('fbh-nurses')}"
    first, second = (graph.get(path, params={"fields": "full_picture"}).json()["full_picture"] for _ in range(2))
    assert first != second
    assert first.split("?")[0] == second.split("?")[0]


def test_outside_links_are_wrapped(graph: httpx.Client) -> None:
    post = graph.get(f"/v26.0/{post_id('scr-hoodie')}", params={"fields": "attachments"}).json()
    link = post["attachments"]["data"][0]
    assert link["url"].startswith("https://l.facebook.com/l.php?u=https%3A%2F%2F")
    assert link["unshimmed_url"] == "https://sinai-scrubs-outlet.example/hoodie"


def test_a_photo_tells_its_description(graph: httpx.Client) -> None:
    post = graph.get(f"/v26.0/{post_id('fbh-yard-sign')}", params={"fields": "attachments{target}"}).json()
    photo = post["attachments"]["data"][0]["target"]["id"]
    assert "MOYA" in graph.get(f"/v26.0/{photo}", params={"fields": "alt_text_custom"}).json()["alt_text_custom"]


def test_one_bad_id_fails_the_whole_batch(graph: httpx.Client) -> None:
    good, other = post_id("fbh-nurses"), post_id("fbh-french")
    query = {"ids": f"{good},{other}", "fields": "message,updated_time"}
    assert set(graph.get("/v26.0/", params=query).json()) == {good, other}
    query["ids"] += ",1_2"
    assert error_of(graph.get("/v26.0/", params=query)) == (400, 100, 33)
    assert error_of(graph.get("/v26.0/", params={"ids": ",".join(str(n) for n in range(51))})) == (400, 100, None)


def test_updated_time_moves_for_an_edit_and_for_a_comment(sandbox: Sandbox, graph: httpx.Client) -> None:
    query = {"ids": f"{post_id('fbh-edit-typo')},{post_id('fbh-thanksgiving')}", "fields": "message,created_time,updated_time"}
    before = graph.get("/v26.0/", params=query).json()
    sandbox.night = 2
    after = graph.get("/v26.0/", params=query).json()
    edited, commented = query["ids"].split(",")
    assert before[edited]["updated_time"] < after[edited]["updated_time"]
    assert before[edited]["message"] != after[edited]["message"]
    assert before[commented]["updated_time"] < after[commented]["updated_time"]
    assert before[commented]["message"] == after[commented]["message"]
    assert before[edited]["created_time"] == after[edited]["created_time"]


def test_what_is_gone_on_night_two(sandbox: Sandbox, graph: httpx.Client) -> None:
    page = id_of_page(PAGES["SinaiScrubsOutlet"])
    assert graph.get(f"/v26.0/{post_id('fbh-deleted')}").status_code == 200
    sandbox.night = 2
    assert error_of(graph.get(f"/v26.0/{post_id('fbh-deleted')}")) == (400, 100, 33)
    assert error_of(graph.get("/v26.0/SinaiScrubsOutlet/published_posts")) == (404, 803, None)
    assert error_of(graph.get(f"/v26.0/{page}/published_posts")) == (400, 100, 33)
    assert error_of(graph.get(f"/v26.0/{post_id('scr-mug')}")) == (400, 100, 33)


def test_usage_is_told_in_headers(graph: httpx.Client) -> None:
    headers = graph.get("/v26.0/SinaiSandboxHeart").headers
    assert {"call_count", "total_time", "total_cputime"} == set(json.loads(headers["x-app-usage"]))
    business = json.loads(headers["x-business-use-case-usage"])[id_of_page(PAGES["SinaiSandboxHeart"])][0]
    assert (business["type"], business["estimated_time_to_regain_access"]) == ("pages", 0)
    assert headers["x-fb-trace-id"]


def test_fields_are_read_with_modifiers_and_inner_fields() -> None:
    assert parse_fields("id, comments.summary(true).limit(0){id,from{name}}") == {
        "id": Asked(),
        "comments": Asked({"summary": "true", "limit": "0"}, {"id": Asked(), "from": Asked({}, {"name": Asked()})}),
    }


@pytest.mark.parametrize(
    "expression",
    ["", "id,", "id,,name", "id{", "id{}", "id}", "id.limit", "id.limit(1", "a{a{a{a{a{a{a{a}}}}}}}", "1d" * 3 + ","],
)
def test_a_broken_expression_is_refused(expression: str) -> None:
    with pytest.raises(FieldsError):
        parse_fields(expression)


@pytest.fixture
def sdk(sandbox: Sandbox) -> facebook.GraphAPI:
    return facebook_sdk(sandbox.urls["facebook"], sandbox.platform_options()["facebook"]["access_token"], "v26.0")


def test_facebook_sdk_pages_through_all_posts(sdk: facebook.GraphAPI) -> None:
    posts = list(sdk.get_all_connections("SinaiSandboxHealth", "published_posts", limit=4, fields="id,message"))
    assert [post["id"] for post in posts] == [id_of_post(shown) for shown in view_of(1).posts(PAGES["SinaiSandboxHealth"])]
    assert sdk.get_version() == "26.0"


def test_facebook_sdk_reads_batches_and_errors(sdk: facebook.GraphAPI) -> None:
    ids = [post_id("fbh-nurses"), post_id("fbh-french")]
    assert set(sdk.get_objects(ids, fields="message")) == set(ids)
    with pytest.raises(facebook.GraphAPIError) as raised:
        sdk.get_objects([*ids, "1_2"])
    assert raised.value.code == 100
    assert raised.value.result["error"]["error_subcode"] == 33
