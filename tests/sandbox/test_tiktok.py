"""The TikTok stand-in: what it answers and refuses, the renewal of tokens, and our crawler on both nights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.errors import AuthError, PermissionMissing
from core.records import CrawledPage, Cursor, GoneReason, KnownPost, Post
from core.seams import CrawlRequest
from crawlers._tiktok.videos import USER_FIELDS, VIDEO_FIELDS
from crawlers.tiktok import TikTokCrawler
from nightrounds.sandbox.platforms.tiktok import CLIENT_KEY, CLIENT_SECRET, access_token, open_id, refresh_token, video_id
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

ACCOUNTS = {account.key: account for account in load_world().of("tiktok")}
HEALTH, ROSA = ACCOUNTS["tt-health"], ACCOUNTS["tt-rosa"]


@pytest.fixture
def api(sandbox: Sandbox):
    headers = {"Authorization": f"Bearer {access_token(HEALTH)}"}
    with httpx.Client(base_url=sandbox.urls["tiktok"], headers=headers, trust_env=False) as client:
        yield client


def videos(api: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = api.post(f"/v2/video/{path}/", params={"fields": VIDEO_FIELDS}, json=body).json()
    assert answer["error"]["code"] == "ok"
    return answer["data"]


def test_a_token_opens_its_own_account(sandbox: Sandbox, api: httpx.Client) -> None:
    user = api.get("/v2/user/info/", params={"fields": USER_FIELDS}).json()["data"]["user"]
    assert (user["username"], user["open_id"], user["bio_description"]) == (HEALTH.handle, open_id(HEALTH), HEALTH.bio)
    other = api.get("/v2/user/info/", params={"fields": "username"}, headers={"Authorization": f"Bearer {access_token(ROSA)}"})
    assert other.json()["data"]["user"] == {"username": ROSA.handle}


def test_pages_follow_one_another_by_time(api: httpx.Client) -> None:
    first = videos(api, "list", max_count=20)
    second = videos(api, "list", max_count=20, cursor=first["cursor"])
    assert (len(first["videos"]), first["has_more"], second["has_more"]) == (20, True, False)
    times = [one["create_time"] for one in (*first["videos"], *second["videos"])]
    assert times == sorted(times, reverse=True)
    assert len(times) == 21
    assert first["cursor"] == first["videos"][-1]["create_time"] * 1000


def test_a_lookup_leaves_out_what_is_gone_and_what_is_anothers(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.night = 2
    there, gone, others = (video_id(view_of(2).by_id[name]) for name in ("tth-soup", "tth-gone", "rosa-lunch"))
    found = videos(api, "query", filters={"video_ids": [there, gone, others]})["videos"]
    assert [one["id"] for one in found] == [there]


FIELDS = {"fields": "id"}


@pytest.mark.parametrize(
    ("method", "path", "asked", "status", "code"),
    [
        ("GET", "/v2/user/info/", {"params": FIELDS}, 400, "invalid_params"),
        ("GET", "/v2/user/info/", {}, 400, "invalid_params"),
        ("GET", "/v2/user/info/", {"params": {"fields": "open_id", "access_token": "x"}}, 400, "invalid_params"),
        ("GET", "/v2/user/info/", {"headers": {"Authorization": "Bearer other"}}, 401, "access_token_invalid"),
        ("GET", "/v2/video/list/", {"params": FIELDS}, 404, "invalid_params"),
        ("POST", "/v2/video/list/", {"params": {"fields": "id,secret"}, "json": {}}, 400, "invalid_params"),
        ("POST", "/v2/video/list/", {"params": FIELDS, "json": {"max_count": 21}}, 400, "invalid_params"),
        ("POST", "/v2/video/list/", {"params": FIELDS, "json": {"offset": 1}}, 400, "invalid_params"),
        ("POST", "/v2/video/list/", {"params": FIELDS, "content": b"max_count=1"}, 400, "invalid_params"),
        ("POST", "/v2/video/query/", {"params": FIELDS, "json": {"filters": {"video_ids": ["1"] * 21}}}, 400, "invalid_params"),
        ("POST", "/v2/video/query/", {"params": FIELDS, "json": {"filters": {"video_ids": [1]}}}, 400, "invalid_params"),
        ("POST", "/v2/research/video/query/", {"params": FIELDS, "json": {}}, 404, "invalid_params"),
    ],
)
def test_it_refuses_what_tiktok_refuses(
    api: httpx.Client, method: str, path: str, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = api.request(method, path, **asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_renewal_takes_the_old_refresh_token_back(sandbox: Sandbox, api: httpx.Client) -> None:
    form = {"client_key": CLIENT_KEY, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
    first = api.post("/v2/oauth/token/", data={**form, "refresh_token": refresh_token(HEALTH)}).json()
    assert first["open_id"] == open_id(HEALTH)
    assert first["refresh_token"] != refresh_token(HEALTH)
    assert (
        api.post("/v2/oauth/token/", data={**form, "refresh_token": refresh_token(HEALTH)}).json()["error"] == "invalid_grant"
    )
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    assert api.get("/v2/user/info/", params={"fields": "username"}, headers=headers).status_code == 200
    wrong = api.post("/v2/oauth/token/", data={**form, "client_secret": "other", "refresh_token": first["refresh_token"]})
    assert wrong.json()["error"] == "invalid_client"


def the_crawler(sandbox: Sandbox, **options: Any) -> TikTokCrawler:
    given = TikTokCrawler.Options(**{**sandbox.platform_options()["tiktok"], **options})
    return TikTokCrawler(given, clock=sandbox.clock(), sleep=lambda _: None)


def crawl(
    crawler: TikTokCrawler,
    sandbox: Sandbox,
    handle: str,
    cursor: Cursor | None = None,
    known: dict[str, Post] | None = None,
    missing_path: str = "",
) -> list[CrawledPage]:
    account = next(one for one in sandbox.accounts() if one.platform == "tiktok" and one.handle == handle)
    now = sandbox.clock()()
    due = [
        KnownPost(
            native_id=name, url="", revision="", posted_at=post.posted_at, last_verified_at=now, missing_path=missing_path
        )
        for name, post in (known or {}).items()
    ]
    return list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, since=now - timedelta(days=90), recheck=due)))


@pytest.mark.parametrize(
    ("handle", "new", "edited", "gone"),
    [
        ("sinaisandbox", {"tth-elevator"}, {"tth-edit"}, "tth-gone"),
        ("rosa.after.dark", {"rosa-tea"}, {"rosa-edit"}, "rosa-gone"),
    ],
)
def test_both_nights_are_complete_and_exact(sandbox: Sandbox, handle: str, new: set[str], edited: set[str], gone: str) -> None:
    crawler = the_crawler(sandbox)
    pages = crawl(crawler, sandbox, handle)
    first = {post.native_id: post for page in pages for post in page.posts}
    assert first.keys() == {e.native_id for e in sandbox.expected(1) if e.platform == "tiktok" and e.handle == handle} - {""}
    cursor = [page.cursor for page in pages if page.cursor][-1]

    sandbox.night = 2
    more = crawl(crawler, sandbox, handle, cursor, first)
    second = {post.native_id: post for page in more for post in page.posts}
    names = {video_id(shown): name for name, shown in view_of(2).by_id.items() if shown.account.platform == "tiktok"}
    assert {names[one] for one in second.keys() - first.keys()} == new
    changed = {names[one] for one in second.keys() & first.keys() if second[one].content() != first[one].content()}
    assert changed == edited
    sightings = [sight for page in more for sight in page.gone]
    assert [(names[one.native_id], one.reason, one.definite, one.path) for one in sightings] == [
        (gone, GoneReason.UNAVAILABLE, False, "lookup")
    ]
    missed = {one.native_id: first[one.native_id] for one in sightings}
    again = crawl(crawler, sandbox, handle, cursor, missed, "lookup")
    assert [(names[one.native_id], one.path) for page in again for one in page.gone] == [(gone, "listing")]
    assert not [page.note for page in (*pages, *more, *again) if page.note]
    crawler.close()


def test_a_consent_taken_back_and_a_dead_token_name_who_must_act(sandbox: Sandbox) -> None:
    crawler = the_crawler(sandbox)
    sandbox.fault("tiktok", "sinaisandbox", "private")
    with pytest.raises(PermissionMissing):
        crawl(crawler, sandbox, "sinaisandbox")
    sandbox.fault("tiktok", "rosa.after.dark", "token_dead")
    with pytest.raises(AuthError):
        crawl(crawler, sandbox, "rosa.after.dark")
    crawler.close()


def test_the_crawler_renews_against_the_stand_in() -> None:
    with Sandbox() as sandbox:
        crawler = the_crawler(
            sandbox,
            tokens={},
            refresh_tokens={ROSA.handle: refresh_token(ROSA)},
            client_key=CLIENT_KEY,
            client_secret=CLIENT_SECRET,
        )
        pages = crawl(crawler, sandbox, ROSA.handle)
        assert "used up" in pages[0].note
        assert sum(len(page.posts) for page in pages) == 9
        crawler.close()
