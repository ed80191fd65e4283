"""YouTube's Data API v3 for a handful of channels, and its keyless feed and oEmbed, on one port.

Faithful in what a crawler can trip over: what can't be seen is left out of an answer without a word, page tokens are offsets,
every question costs quota (a refused one too), a key may come in a header or in the address, captions are their owner's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _youtube_objects as objects
from nightrounds.sandbox.platforms import _youtube_problems as problems
from nightrounds.sandbox.platforms import _youtube_site as site
from nightrounds.sandbox.platforms._youtube_problems import YouTubeError
from nightrounds.sandbox.view import Scene, Shown
from nightrounds.sandbox.world import State, WorldAccount

YOUTUBE_KEY = "sandbox-AIzaSyInventedKeyOfTheSandbox00"  # opens nothing but the sandbox
DAILY_UNITS = 10_000
_API = "/youtube/v3/"
_COSTS = {"captions": 50, "caption": 200}  # all else costs 1
_STANDARD = frozenset({"alt", "key", "fields", "prettyPrint", "quotaUser", "access_token", "$.xgafv"})
_PARAMETERS = {
    "channels": frozenset({"part", "id", "forHandle", "forUsername", "maxResults", "pageToken", "hl"}),
    "playlistItems": frozenset({"part", "id", "playlistId", "videoId", "maxResults", "pageToken"}),
    "videos": frozenset({"part", "id", "maxResults", "pageToken", "hl", "regionCode"}),
    "captions": frozenset({"part", "videoId", "id"}),
    "caption": frozenset({"tfmt", "tlang"}),
}
_DEFAULT_PAGE, _LARGEST_PAGE, _IDS_AT_ONCE = 5, 50, 50


def owner_token(account: WorldAccount) -> str:
    """The OAuth token of a channel's owner, which opens its captions and nothing else."""
    return f"sandbox-ya29.owner-of-{account.key}"


class YouTubeApi(StandIn):
    """The stand-in."""

    platform = "youtube"
    title = "YouTube"
    never = frozenset()

    def __init__(self, *, page_cap: int = 20) -> None:
        super().__init__(page_cap=page_cap)
        self.units = 0  # of quota, spent on the day `_day`
        self._day = ""

    def options(self, url: str) -> dict[str, Any]:
        return {"api_key": YOUTUBE_KEY, "base_url": url, "feed_url": url}

    def native_id(self, shown: Shown) -> str:
        return objects.video_id(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        query = request.query_params
        said = {part for value in query.values() for part in re.split(r"[,=&]", value)} | {*request.url.path.split("/")}
        said |= {value.casefold().removeprefix("@") for value in (query.get("forHandle", ""), query.get("forUsername", ""))}
        keys = set()
        for standing in scene.view.accounts("youtube"):
            account = standing.account
            own = {standing.handle.casefold().removeprefix("@"), objects.channel_id(account), objects.uploads_id(account)}
            own |= {f(shown) for shown in scene.view.ever_posted(account) for f in (objects.video_id, objects.track_id)}
            if own & said:
                keys.add(account.key)
        return keys

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        if kind == "html_error":
            return HTML_ERROR
        if kind == "rate_limit":
            return problems.too_fast().answer({"retry-after": "900"})
        return {
            "rate_limit_no_reset": problems.too_fast,
            "token_dead": problems.key_invalid,
            "permission": problems.not_configured,
            "server_error": problems.backend_error,
            "transient_once": problems.backend_error,
            "usage_capped": problems.quota_exceeded,
        }[kind]().answer()

    def answer(self, request: Request, scene: Scene) -> Answer:
        path, query = request.url.path, request.query_params
        if path == "/feeds/videos.xml":
            return site.feed(scene, query.get("channel_id", ""))
        if path == "/oembed":
            return site.oembed(scene, query.get("url", ""))
        if not path.startswith(_API):
            return Answer(b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", 404, "text/html")
        name, _, track = path.removeprefix(_API).partition("/")
        method = "caption" if name == "captions" and track else name
        try:
            self._spend(method, scene)
            return self._answered(method, track, request, scene)
        except YouTubeError as error:
            return error.answer()

    def _spend(self, method: str, scene: Scene) -> None:
        day = f"{scene.now:%j}"
        self.units = 0 if day != self._day else self.units
        self._day = day
        self.units += _COSTS.get(method, 1)
        if self.units > DAILY_UNITS:
            raise problems.quota_exceeded()

    def _answered(self, method: str, track: str, request: Request, scene: Scene) -> Answer:
        query = request.query_params
        if method not in _PARAMETERS:
            raise YouTubeError(404, "notFound", "Not Found", domain="global")
        for name in query.keys() - _PARAMETERS[method] - _STANDARD:
            raise problems.invalid_parameter(name)
        owned = _owned(request, scene)
        if method == "caption":
            shown = _one(owned, objects.track_id, track)
            form = query.get("tfmt", "srt")
            if form not in ("srt", "vtt"):
                raise problems.invalid_parameter("tfmt")
            return Answer(objects.caption_file(shown, form), media_type="application/octet-stream")
        if method == "captions":
            _parts(query, objects.CAPTION_PARTS)
            shown = _one(owned, objects.video_id, query.get("videoId", ""), problems.video_not_found)
            tracks = [objects.track(shown)] if "captions" in shown.post.extra else []
            return json_answer(objects.with_etag("captionListResponse", {"items": tracks}))
        if method == "channels":
            return _page("channelListResponse", _channels(query, scene), 0, _DEFAULT_PAGE, self.page_cap)
        if method == "videos":
            return _page("videoListResponse", _videos(query, scene), 0, _IDS_AT_ONCE, _IDS_AT_ONCE)
        return self._uploads(query, scene)

    def _uploads(self, query: Mapping[str, str], scene: Scene) -> Answer:
        parts = _parts(query, objects.ITEM_PARTS)
        if "playlistId" not in query:
            raise problems.missing_parameter("playlistId")
        standings = {objects.uploads_id(one.account): one for one in scene.accounts("youtube")}
        standing = standings.get(query["playlistId"])
        if standing is None or standing.state in (State.GONE, State.SUSPENDED):
            raise problems.playlist_not_found()
        if standing.state is State.PRIVATE:
            raise problems.playlist_not_accessible()
        posts = scene.view.by_posting(standing.account)
        if not posts:
            raise problems.playlist_not_found()  # as the real one answers of a channel without a video
        items = [objects.item(shown, position, parts) for position, shown in enumerate(posts)]
        if "videoId" in query:
            wanted = query["videoId"]
            items = [one for one, shown in zip(items, posts, strict=True) if objects.video_id(shown) == wanted]
        size = _number(query, "maxResults", _DEFAULT_PAGE)
        return _page("playlistItemListResponse", items, _offset(query.get("pageToken")), size, self.page_cap)


def _owned(request: Request, scene: Scene) -> list[Shown] | None:
    """The videos whose owner asks, None for an API key. Raises YouTubeError for neither."""
    header = request.headers.get("authorization", "")
    if header.startswith("Bearer "):
        for standing in scene.accounts("youtube"):
            if header == f"Bearer {owner_token(standing.account)}" and standing.state is State.LIVE:
                return list(scene.view.posts(standing.account))
        raise problems.token_invalid()
    key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
    if not key:
        raise problems.no_key()
    if key != YOUTUBE_KEY:
        raise problems.key_invalid()
    return None


def _one(
    owned: list[Shown] | None,
    id_of: Callable[[Shown], str],
    wanted: str,
    missing: Callable[[], YouTubeError] = problems.caption_not_found,
) -> Shown:
    if owned is None:
        raise problems.captions_forbidden()
    for shown in owned:
        if id_of(shown) == wanted:
            return shown
    raise missing()


def _channels(query: Mapping[str, str], scene: Scene) -> list[dict[str, Any]]:
    parts = _parts(query, objects.CHANNEL_PARTS)
    filters = [name for name in ("id", "forHandle", "forUsername") if name in query]
    if len(filters) != 1:
        raise YouTubeError(400, "missingRequiredParameter", "No filter selected. Expected one of: id, forHandle, forUsername")
    wanted = query[filters[0]]
    found = []
    for standing in scene.accounts("youtube"):
        names = {
            "id": wanted.split(",").count(objects.channel_id(standing.account)) > 0,
            "forHandle": wanted.casefold().removeprefix("@") == standing.handle.casefold().removeprefix("@"),
            "forUsername": wanted.casefold() == str(standing.account.extra.get("user_name", "")).casefold(),
        }
        if names[filters[0]] and standing.state in (State.LIVE, State.PRIVATE):
            found.append(objects.channel(standing, len(scene.view.posts(standing.account)), parts))
    return found


def _videos(query: Mapping[str, str], scene: Scene) -> list[dict[str, Any]]:
    parts = _parts(query, objects.VIDEO_PARTS)
    ids = [one for one in query.get("id", "").split(",") if one]
    if not ids:
        raise YouTubeError(400, "missingRequiredParameter", "No filter selected. Expected one of: chart, id, myRating")
    if len(ids) > _IDS_AT_ONCE:
        raise problems.invalid_parameter("id")
    known = {
        objects.video_id(shown): shown
        for standing in scene.accounts("youtube")
        if standing.state is State.LIVE
        for shown in scene.view.posts(standing.account)
    }
    return [objects.video(known[one], parts) for one in dict.fromkeys(ids) if one in known]


def _parts(query: Mapping[str, str], known: frozenset[str]) -> frozenset[str]:
    if not query.get("part"):
        raise problems.missing_parameter("part")
    parts = frozenset(query["part"].split(","))
    for unknown in parts - known:
        raise YouTubeError(400, "unknownPart", f"'{unknown}'", domain="youtube.part")
    return parts


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,4}", value) or int(value) > _LARGEST_PAGE:
        raise problems.invalid_parameter(name)
    return int(value)


def _page(kind: str, items: list[dict[str, Any]], start: int, size: int, cap: int) -> Answer:
    shown = items[start : start + min(size, cap)]
    body: dict[str, Any] = {}
    if start + len(shown) < len(items):
        body["nextPageToken"] = _page_token(start + len(shown))
    if start:
        body["prevPageToken"] = _page_token(max(0, start - size))
    if shown or kind != "channelListResponse":
        body["items"] = shown  # an answer about no channel has no items at all
    body["pageInfo"] = {"totalResults": len(items), "resultsPerPage": size if items else 0}
    headers = {"vary": "Origin, X-Origin, Referer", "cache-control": "private"}
    return json_answer(objects.with_etag(kind, body), 200, headers)


def _page_token(start: int) -> str:
    """An offset as YouTube packs it: a number of seven bits a byte, behind a tag."""
    packed, left = bytearray(b"\x08"), start
    while left > 0x7F:
        packed.append(left & 0x7F | 0x80)
        left >>= 7
    packed += bytes([left, 0x10, 0x00])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise problems.page_token() from None
    start = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(packed[1:-2]))
    if _page_token(start) != token:
        raise problems.page_token()
    return start
