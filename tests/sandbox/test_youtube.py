"""The YouTube stand-in: as Google's discovery document has it, read by Google's own client, and by ours on both nights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import googleapiclient.discovery
import httplib2
import httpx
import pytest
from crawled import stored
from googleapiclient import discovery_cache
from googleapiclient.errors import HttpError

from core.records import Account, Cursor, KnownPost
from core.seams import CrawlRequest
from crawlers.youtube_channels import YouTubeCrawler, YouTubeOptions
from nightrounds.sandbox.platforms import _youtube_objects as objects
from nightrounds.sandbox.platforms.youtube import DAILY_UNITS, YOUTUBE_KEY, YouTubeApi, owner_token
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

TV = next(account for account in load_world().of("youtube") if account.key == "yt-tv")
DOCUMENT = json.loads((Path(discovery_cache.__file__).parent / "documents" / "youtube.v3.json").read_text(encoding="utf-8"))
PYTHON_TYPES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "object": dict, "array": list, "number": float}


def breaches(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    """Where a value is not what the discovery document promises."""
    if "$ref" in schema:
        yield from breaches(value, DOCUMENT["schemas"][schema["$ref"]], where)
        return
    kind = schema["type"]
    if not isinstance(value, PYTHON_TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield f"{where}: expected {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: none of the promised values"
    elif kind == "array":
        for inner in value:
            yield from breaches(inner, schema["items"], f"{where}[]")
    elif kind == "object":
        for name, inner in value.items():
            promised = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if promised is None:
                yield f"{where}.{name}: not promised"
            else:
                yield from breaches(inner, promised, f"{where}.{name}")


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    return sandbox.urls["youtube"]


@pytest.fixture
def service(url: str) -> Iterator[Any]:
    """Google's client as its documentation builds it, with the key in the address."""
    options = {"api_endpoint": url}
    http = httplib2.Http(timeout=10)
    built = googleapiclient.discovery.build(
        "youtube", "v3", developerKey=YOUTUBE_KEY, http=http, client_options=options, cache_discovery=False
    )
    yield built
    built.close()


def test_every_answer_is_what_the_discovery_document_promises(service: Any, url: str) -> None:
    uploads, videos = objects.uploads_id(TV), [objects.video_id(shown) for shown in view_of(1).posts(TV)]
    answers = {
        "ChannelListResponse": service.channels().list(
            part="snippet,contentDetails,statistics,status,brandingSettings,topicDetails", forHandle=TV.handle
        ),
        "PlaylistItemListResponse": service.playlistItems().list(
            part="id,snippet,contentDetails,status", playlistId=uploads, maxResults=50
        ),
        "VideoListResponse": service.videos().list(
            part="id,snippet,contentDetails,status,statistics,liveStreamingDetails,localizations", id=",".join(videos)
        ),
    }
    for schema, asked in answers.items():
        answer = asked.execute()
        assert answer["items"]
        assert list(breaches(answer, DOCUMENT["schemas"][schema], schema)) == []
    asked = {"part": "snippet", "videoId": objects.video_id(view_of(1).by_id["ytv-hands"])}
    owner = {"Authorization": f"Bearer {owner_token(TV)}"}
    answer = httpx.get(f"{url}/youtube/v3/captions", params=asked, headers=owner).json()
    assert answer["items"]
    assert list(breaches(answer, DOCUMENT["schemas"]["CaptionListResponse"], "CaptionListResponse")) == []


def test_the_check_itself_sees_a_breach() -> None:
    schema = DOCUMENT["schemas"]["VideoListResponse"]
    wrong = {"kind": 5, "items": [{"status": {"privacyStatus": "secret"}}], "surprise": 1}
    assert len(list(breaches(wrong, schema, "x"))) == 3


def test_googles_client_pages_through_the_uploads(service: Any) -> None:
    asked = service.playlistItems().list(part="contentDetails", playlistId=objects.uploads_id(TV), maxResults=10)
    seen: list[str] = []
    pages = 0
    while asked is not None:
        answer = asked.execute()
        seen += [item["contentDetails"]["videoId"] for item in answer["items"]]
        asked, pages = service.playlistItems().list_next(asked, answer), pages + 1
    assert pages == 3
    by_time = sorted(view_of(1).posts(TV), key=lambda shown: shown.post.at, reverse=True)
    assert seen == [objects.video_id(shown) for shown in by_time]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"part": "snippet"}, "missingRequiredParameter"),
        ({"part": "snippet", "playlistId": "UUnobody"}, "playlistNotFound"),
        ({"part": "snippet", "playlistId": objects.uploads_id(TV), "pageToken": "x"}, "invalidPageToken"),
        ({"part": "surprise", "playlistId": objects.uploads_id(TV)}, "unknownPart"),
    ],
)
def test_it_refuses_what_youtube_refuses(service: Any, query: dict[str, str], reason: str) -> None:
    with pytest.raises(HttpError) as caught:
        service.playlistItems().list(**query).execute()
    assert json.loads(caught.value.content)["error"]["errors"][0]["reason"] == reason


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("channels?part=id&id=x", {}, 403),
        ("channels?part=id&id=x", {"X-Goog-Api-Key": "another"}, 400),
        ("videos?part=id&id=x&surprise=1", {"X-Goog-Api-Key": YOUTUBE_KEY}, 400),
        (f"videos?part=id&id={'a,' * 51}", {"X-Goog-Api-Key": YOUTUBE_KEY}, 400),
        ("captions?part=snippet&videoId=x", {"X-Goog-Api-Key": YOUTUBE_KEY}, 403),
        ("captions?part=snippet&videoId=x", {"Authorization": "Bearer another"}, 401),
        ("captions?part=snippet&videoId=x", {"Authorization": f"Bearer {owner_token(TV)}"}, 404),
        ("nothing", {"X-Goog-Api-Key": YOUTUBE_KEY}, 404),
    ],
)
def test_it_is_strict_with_keys_and_parameters(url: str, path: str, headers: dict[str, str], status: int) -> None:
    assert httpx.get(f"{url}/youtube/v3/{path}", headers=headers).status_code == status


def test_questions_cost_quota_until_it_is_spent(sandbox: Sandbox, url: str) -> None:
    stand_in = sandbox._front.stand_ins["youtube"]
    assert isinstance(stand_in, YouTubeApi)
    ask = f"{url}/youtube/v3/videos?part=id&id=x"
    assert httpx.get(ask, headers={"X-Goog-Api-Key": "another"}).status_code == 400
    before = stand_in.units
    httpx.get(f"{url}/youtube/v3/captions?part=snippet&videoId=x")
    assert stand_in.units == before + 50, "a refused question costs too"
    stand_in.units = DAILY_UNITS
    assert "quotaExceeded" in httpx.get(ask, headers={"X-Goog-Api-Key": YOUTUBE_KEY}).text
    sandbox.night = 2
    assert httpx.get(ask, headers={"X-Goog-Api-Key": YOUTUBE_KEY}).status_code == 200


def test_a_caption_file_in_both_forms() -> None:
    shown = view_of(1).by_id["ytv-hands"]
    assert objects.caption_file(shown, "srt").startswith(b"1\n00:00:00,000 --> 00:00:04,000\nPalms first")
    assert objects.caption_file(shown, "vtt").startswith(b"WEBVTT\n")


def test_captions_are_read_by_our_crawler_with_their_owners_token(sandbox: Sandbox) -> None:
    options = sandbox.platform_options()["youtube"] | {
        "owner_tokens": {objects.channel_id(TV): owner_token(TV)},
        "captions_a_night": 50,
    }
    crawler = YouTubeCrawler(YouTubeOptions(**options), clock=sandbox.clock())
    account = next(one for one in sandbox.accounts() if one.handle == TV.handle)
    posts = [post for page in crawler.crawl(CrawlRequest(account=account)) for post in page.posts]
    crawler.close()
    (words,) = [post for post in posts if "/captions/" in post.native_id]
    shown = view_of(1).by_id["ytv-hands"]
    assert words.native_id.startswith(objects.video_id(shown))
    assert words.text == shown.post.extra["captions"]


def test_oembed_and_feed_need_no_key(url: str) -> None:
    shown = view_of(1).by_id["ytv-snow"]
    watch = f"https://www.youtube.com/watch?v={objects.video_id(shown)}"
    assert httpx.get(f"{url}/oembed", params={"url": watch}).json()["title"] == shown.now.title
    assert httpx.get(f"{url}/oembed", params={"url": f"{watch[:-1]}_"}).status_code == 404
    feed = httpx.get(f"{url}/feeds/videos.xml", params={"channel_id": objects.channel_id(TV)})
    assert feed.text.count("<entry>") == 15
    assert httpx.get(f"{url}/feeds/videos.xml", params={"channel_id": "UCnobody"}).status_code == 404


def crawled(sandbox: Sandbox, account: Account, cursor: Cursor | None = None, recheck: Any = ()) -> tuple[list[Any], Cursor]:
    crawler = YouTubeCrawler(YouTubeOptions(**sandbox.platform_options()["youtube"]), clock=sandbox.clock())
    pages = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=recheck)))
    crawler.close()
    return pages, stored(pages)


def test_both_nights_read_by_our_crawler(sandbox: Sandbox) -> None:
    told: dict[str, set[tuple[str, str]]] = {"edited": set(), "new": set(), "gone": set()}
    for account in (one for one in sandbox.accounts() if one.platform == "youtube"):
        sandbox.night = 1
        first, cursor = crawled(sandbox, account)
        world = next(one for one in load_world().of("youtube") if one.handle == account.handle)
        posts = {post.native_id: post for page in first for post in page.posts}
        assert {key: (post.title, post.text) for key, post in posts.items()} == {
            objects.video_id(shown): (shown.now.title, shown.now.text) for shown in view_of(1).posts(world)
        }
        sandbox.night = 2
        due = [
            KnownPost(
                native_id=key, url="", revision=post.revision, posted_at=post.posted_at, last_verified_at=sandbox.clock()()
            )
            for key, post in posts.items()
        ]
        second, _ = crawled(sandbox, account, cursor, due)
        assert not [page.note for page in (*first, *second) if page.note]
        for post in (post for page in second for post in page.posts):
            if post.native_id not in posts:
                told["new"].add((account.handle, post.title))
            elif post.content() != posts[post.native_id].content():
                told["edited"].add((account.handle, post.title))
        told["gone"] |= {(gone.path, posts[gone.native_id].title) for page in second for gone in page.gone}
    assert told == {
        "new": {
            ("@SinaiSandboxTV", "Premiere: the turkey hotline, a documentary"),
            ("@JuniperOnNights", "First frost"),
        },
        "edited": {("@SinaiSandboxTV", "The bell on 5 West")},
        "gone": {("lookup", "Rough cut, not for release")},
    }
