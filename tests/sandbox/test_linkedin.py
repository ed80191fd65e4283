"""The LinkedIn stand-in: LinkedIn's own client against it, what it refuses, and our crawler on both nights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
from linkedin_api.clients.restli.client import RestliClient

from core.records import CrawledPage, Cursor, GoneReason, KnownPost, Post
from core.seams import CrawlRequest
from crawlers._rebase import rebased_session
from crawlers.linkedin_pages import LinkedInCrawler
from nightrounds.sandbox.platforms._linkedin_objects import page_number, page_urn, urn_of
from nightrounds.sandbox.platforms.linkedin import LINKEDIN_TOKEN
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

HEALTH = next(account for account in load_world().of("linkedin") if account.key == "lk-health")
ASK = {"access_token": LINKEDIN_TOKEN, "version_string": "202610"}


@pytest.fixture
def client(sandbox: Sandbox) -> RestliClient:
    client = RestliClient()
    client.session = rebased_session("https://api.linkedin.com/", sandbox.urls["linkedin"], seconds=10)
    return client


def listed(client: RestliClient, start: int, count: int = 100, sort: str = "LAST_MODIFIED") -> Any:
    asked = {"author": page_urn(HEALTH), "start": start, "count": count, "sortBy": sort}
    return client.finder(resource_path="/posts", finder_name="author", query_params=asked, **ASK)


def test_linkedins_own_client_finds_a_page_and_reads_it(client: RestliClient) -> None:
    named = client.finder(
        resource_path="/organizations", finder_name="vanityName", query_params={"vanityName": HEALTH.handle}, **ASK
    )
    assert [one["id"] for one in named.elements] == [page_number(HEALTH)]
    assert "localizedDescription" not in named.elements[0], "whoever goes by the name is told a few fields"
    whole = client.get(resource_path="/organizations/{id}", path_keys={"id": page_number(HEALTH)}, **ASK)
    assert whole.entity["localizedDescription"] == HEALTH.bio
    nobody = client.finder(
        resource_path="/organizations", finder_name="vanityName", query_params={"vanityName": "nobody"}, **ASK
    )
    assert nobody.elements == []


def test_pages_follow_one_another_by_last_change(client: RestliClient) -> None:
    first, second = listed(client, 0), listed(client, 20)
    assert (first.paging.count, first.paging.total) == (20, 25)
    changed = [one["lastModifiedAt"] for one in (*first.elements, *second.elements)]
    assert changed == sorted(changed, reverse=True)
    assert len({one["id"] for one in (*first.elements, *second.elements)}) == 25
    made = [one["createdAt"] for one in listed(client, 0, sort="CREATED").elements]
    assert made == sorted(made, reverse=True)


def test_posts_are_written_as_linkedin_writes_them(client: RestliClient) -> None:
    shown = {name: urn_of(view_of(1).by_id[name]) for name in ("lkh-hiring", "lkh-mention", "lkh-reshare", "lkh-poll")}
    posts = client.batch_get(resource_path="/posts", ids=list(shown.values()), **ASK).results
    assert r"\(Yes, a librarian.\)" in posts[shown["lkh-hiring"]]["commentary"]
    assert r"{hashtag|\#|nursing}" in posts[shown["lkh-hiring"]]["commentary"]
    assert "@[Harbor Free Clinic](urn:li:organization:4455667)" in posts[shown["lkh-mention"]]["commentary"]
    assert posts[shown["lkh-reshare"]]["reshareContext"]["parent"] == urn_of(view_of(1).by_id["lkr-grant"])
    assert len(posts[shown["lkh-poll"]]["content"]["poll"]["options"]) == 3


def test_a_batch_tells_each_post_by_itself(sandbox: Sandbox, client: RestliClient) -> None:
    sandbox.night = 2
    there, gone, hidden = (urn_of(view_of(2).by_id[name]) for name in ("lkh-poll", "lkh-gone", "lkh-hidden"))
    answer = client.batch_get(resource_path="/posts", ids=[there, gone, hidden], **ASK)
    assert answer.results.keys() == {there, hidden}
    assert answer.errors[gone]["status"] == 404
    assert answer.results[hidden]["visibility"] == "LOGGED_IN"
    one = client.get(resource_path="/posts/{id}", path_keys={"id": gone}, **ASK)
    assert one.status_code == 404, "the client raises for nothing"


HEADERS = {
    "Authorization": f"Bearer {LINKEDIN_TOKEN}",
    "LinkedIn-Version": "202610",
    "X-Restli-Protocol-Version": "2.0.0",
    "X-RestLi-Method": "FINDER",
}
POSTS = f"/rest/posts?q=author&author={quote(page_urn(HEALTH))}"


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (POSTS, {"Authorization": ""}, 401, "EMPTY_ACCESS_TOKEN"),
        (POSTS, {"Authorization": "Bearer other"}, 401, "INVALID_ACCESS_TOKEN"),
        (POSTS, {"LinkedIn-Version": ""}, 400, "VERSION_MISSING"),
        (POSTS, {"LinkedIn-Version": "202511"}, 426, "NONEXISTENT_VERSION"),
        (POSTS, {"LinkedIn-Version": "202612"}, 426, "NONEXISTENT_VERSION"),
        (POSTS, {"LinkedIn-Version": "soon"}, 400, "INVALID_VERSION"),
        (POSTS, {"X-Restli-Protocol-Version": "1.0.0"}, 400, "ILLEGAL_ARGUMENT"),
        (POSTS, {"X-RestLi-Method": "GET_ALL"}, 400, "ILLEGAL_ARGUMENT"),
        (f"{POSTS}&projection=x", {}, 400, "QUERY_PARAM_NOT_ALLOWED"),
        (f"{POSTS}&count=101", {}, 400, "INVALID_PARAM"),
        (f"{POSTS}&start=-1", {}, 400, "INVALID_PARAM"),
        (f"{POSTS}&sortBy=LIKES", {}, 400, "INVALID_PARAM"),
        ("/rest/posts?q=author&author=urn%3Ali%3Aperson%3Aabc", {}, 400, "INVALID_PARAM"),
        ("/rest/posts?q=author&author=urn%3Ali%3Aorganization%3A1", {}, 404, "NOT_FOUND"),
        ("/rest/posts?ids=urn", {"X-RestLi-Method": "BATCH_GET"}, 400, "ILLEGAL_ARGUMENT"),
        ("/v2/shares", {}, 404, "RESOURCE_NOT_FOUND"),
    ],
)
def test_it_refuses_what_linkedin_refuses(sandbox: Sandbox, path: str, headers: dict[str, str], status: int, code: str) -> None:
    answer = httpx.get(sandbox.urls["linkedin"] + path, headers=HEADERS | headers, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nothing_can_be_written(sandbox: Sandbox) -> None:
    assert requests.post(f"{sandbox.urls['linkedin']}/rest/posts", headers=HEADERS, json={}, timeout=10).status_code == 405


def crawl(
    crawler: LinkedInCrawler, sandbox: Sandbox, handle: str, cursor: Cursor | None = None, known: dict[str, Post] | None = None
) -> list[CrawledPage]:
    account = next(one for one in sandbox.accounts() if one.handle == handle)
    now = sandbox.clock()()
    due = [
        KnownPost(native_id=name, url="", revision="", posted_at=post.posted_at, last_verified_at=now)
        for name, post in (known or {}).items()
    ]
    return list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, since=now - timedelta(days=90), recheck=due)))


@pytest.mark.parametrize(
    ("handle", "new", "edited", "gone"),
    [
        (
            "sinai-sandbox-health",
            {"lkh-volunteers"},
            {"lkh-edit-typo", "lkh-edit-phi"},
            {"lkh-gone": GoneReason.DELETED, "lkh-hidden": GoneReason.PRIVATE},
        ),
        ("sinai-sandbox-research", {"lkr-postdoc"}, {"lkr-edit"}, {"lkr-gone": GoneReason.DELETED}),
    ],
)
def test_both_nights_are_complete_and_exact(
    sandbox: Sandbox, handle: str, new: set[str], edited: set[str], gone: dict[str, GoneReason]
) -> None:
    options = LinkedInCrawler.Options(**sandbox.platform_options()["linkedin"])
    crawler = LinkedInCrawler(options, clock=sandbox.clock(), sleep=lambda _: None)
    pages = crawl(crawler, sandbox, handle)
    first = {post.native_id: post for page in pages for post in page.posts}
    assert first.keys() == {e.native_id for e in sandbox.expected(1) if e.platform == "linkedin" and e.handle == handle} - {""}
    cursor = [page.cursor for page in pages if page.cursor][-1]

    sandbox.night = 2
    more = crawl(crawler, sandbox, handle, cursor, first)
    second = {post.native_id: post for page in more for post in page.posts}
    names = {urn_of(shown): name for name, shown in view_of(2).by_id.items() if shown.account.platform == "linkedin"}
    assert {names[one] for one in second.keys() - first.keys()} == new
    assert {names[one] for one in second.keys() & first.keys() if second[one].content() != first[one].content()} == edited
    assert all(second[one].edited_at for one in second if names[one] in edited)
    sightings = [sight for page in more for sight in page.gone if sight.native_id in first]
    assert {names[one.native_id]: one.reason for one in sightings} == gone
    assert all(one.definite for one in sightings)
    assert not [page.note for page in (*pages, *more) if page.note]
    crawler.close()
