"""TikTok's Display API for a few accounts, each of which let our application in: user, video list, video query, token renewal.

An access token opens one account. A renewal gives new tokens and takes the old refresh token back, as TikTok does.
"""

from __future__ import annotations

import itertools
import json
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import State, WorldAccount, load_world

CLIENT_KEY, CLIENT_SECRET = "sandboxkey", "sandbox-tiktok-secret"  # opens nothing but the sandbox


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_USER_FIELDS = _words(
    "open_id union_id avatar_url avatar_url_100 avatar_large_url display_name bio_description profile_deep_link is_verified "
    "username follower_count following_count likes_count video_count"
)
_VIDEO_FIELDS = _words(
    "id create_time cover_image_url share_url video_description duration height width title embed_html embed_link like_count "
    "comment_count share_count view_count"
)
_AT_ONCE = 20
_LIFE = {"expires_in": 7200, "refresh_expires_in": 15_552_000, "scope": "user.info.basic,user.info.profile,video.list"}


def access_token(account: WorldAccount) -> str:
    return f"act.sandbox-{account.key}-{number_of(f'act {account.key}', below=10**12):012d}"


def refresh_token(account: WorldAccount) -> str:
    return f"rft.sandbox-{account.key}-{number_of(f'rft {account.key}', below=10**12):012d}"


def open_id(account: WorldAccount) -> str:
    return f"-000{number_of(f'open {account.key}', below=16**32):032x}"


def video_id(shown: Shown) -> str:
    """Seconds and 32 bits, as TikTok makes its ids."""
    return str((int(shown.post.at.timestamp()) << 32) | number_of(f"video {shown.post.id}", below=1 << 32))


class TikTokError(Exception):
    """An answer with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class TikTokApi(StandIn):
    """The stand-in."""

    platform = "tiktok"
    title = "TikTok"
    methods = frozenset({"GET", "HEAD", "POST"})

    def __init__(self, *, page_cap: int = 20) -> None:
        super().__init__(page_cap=page_cap)
        accounts = load_world().of("tiktok")
        self._access = {access_token(account): account.key for account in accounts}
        self._refresh = {refresh_token(account): account.key for account in accounts}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def options(self, url: str) -> dict[str, Any]:
        return {"tokens": {a.handle: access_token(a) for a in load_world().of("tiktok")}, "base_url": url}

    def native_id(self, shown: Shown) -> str:
        return video_id(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        key = self._access.get(_bearer(request)) or self._refresh.get(_form(scene).get("refresh_token", ""))
        return {key} if key else set()

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        if kind == "html_error":
            return HTML_ERROR
        limit = (429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")
        return _refusal(
            TikTokError(
                *{
                    "rate_limit": limit,
                    "rate_limit_no_reset": limit,  # TikTok never tells when
                    "token_dead": (401, "access_token_invalid", "The access token is invalid or not found in the request."),
                    "permission": (401, "scope_not_authorized", "The user did not authorize the scope required."),
                    "server_error": (500, "internal_error", "Internal error"),
                    "transient_once": (500, "internal_error", "Internal error"),
                }[kind]
            )
        )

    def answer(self, request: Request, scene: Scene) -> Answer:
        try:
            if request.url.path == "/v2/oauth/token/":
                return self._renewed(request, scene)
            data = self._data(request, scene)
        except TikTokError as error:
            return _refusal(error)
        return json_answer({"data": data, "error": {"code": "ok", "message": "", "log_id": _log_id(scene)}})

    def _data(self, request: Request, scene: Scene) -> dict[str, Any]:
        asked = (request.method, request.url.path)
        routes = {("GET", "/v2/user/info/"), ("POST", "/v2/video/list/"), ("POST", "/v2/video/query/")}
        if asked not in routes:
            raise TikTokError(404, "invalid_params", "Unsupported path(Janus)")
        standing = self._standing(request, scene)
        if asked[0] == "GET":
            return {"user": _user(standing, _fields(request, _USER_FIELDS))}
        fields, body = _fields(request, _VIDEO_FIELDS), _body(request, scene)
        videos = scene.view.by_posting(standing.account)
        if asked[1] == "/v2/video/query/":
            ids = _asked_ids(body)
            return {"videos": [_video(standing, shown, fields) for shown in videos if video_id(shown) in ids]}
        return self._page(standing, videos, fields, body, scene.now)

    def _page(
        self, standing: Standing, videos: list[Shown], fields: list[str], body: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        count, cursor = body.pop("max_count", 10), body.pop("cursor", int(now.timestamp() * 1000))
        if body or not isinstance(count, int) or not 1 <= count <= _AT_ONCE or not isinstance(cursor, int):
            raise TikTokError(400, "invalid_params", "One or more fields in request is invalid.")
        before = datetime.fromtimestamp(cursor / 1000, UTC)
        left = [shown for shown in videos if shown.post.at < before]
        page = left[: min(count, self.page_cap)]
        last = int(page[-1].post.at.timestamp() * 1000) if page else cursor
        told = [_video(standing, shown, fields) for shown in page]
        return {"videos": told, "cursor": last, "has_more": len(left) > len(page)}

    def _standing(self, request: Request, scene: Scene) -> Standing:
        key = self._access.get(_bearer(request))
        standing = next((one for one in scene.accounts("tiktok") if one.account.key == key), None)
        if standing is None or standing.state in {State.GONE, State.SUSPENDED}:
            raise TikTokError(401, "access_token_invalid", "The access token is invalid or not found in the request.")
        if standing.state is State.PRIVATE:  # its owner has taken the consent back
            raise TikTokError(401, "scope_not_authorized", "The user did not authorize the scope required.")
        return standing

    def _renewed(self, request: Request, scene: Scene) -> Answer:
        form = _form(scene)
        if request.method != "POST" or (form.get("client_key"), form.get("client_secret")) != (CLIENT_KEY, CLIENT_SECRET):
            return _oauth_refusal("invalid_client", scene)
        if form.get("grant_type") != "refresh_token":
            return _oauth_refusal("unsupported_grant_type", scene)
        with self._lock:
            key = self._refresh.pop(form.get("refresh_token", ""), None)
            if key is None:
                return _oauth_refusal("invalid_grant", scene)
            number = next(self._numbers)
            access, refresh = f"act.sandbox-{key}-again-{number:06d}", f"rft.sandbox-{key}-again-{number:06d}"
            self._access[access], self._refresh[refresh] = key, key
        account = next(account for account in load_world().of("tiktok") if account.key == key)
        tokens = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
        return json_answer({"open_id": open_id(account), **tokens, **_LIFE})


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _form(scene: Scene) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(scene.body.decode("utf-8", "replace")).items()}


def _log_id(scene: Scene) -> str:
    return f"{scene.now:%Y%m%d%H%M%S}{number_of(scene.now.isoformat(), below=16**18):018X}"


def _refusal(error: TikTokError) -> Answer:
    body = {"data": {}, "error": {"code": error.code, "message": str(error), "log_id": "20261116230000000000SANDBOX"}}
    return json_answer(body, error.status)


def _oauth_refusal(code: str, scene: Scene) -> Answer:
    return json_answer({"error": code, "error_description": "The request is not good.", "log_id": _log_id(scene)}, 400)


def _fields(request: Request, known: frozenset[str]) -> list[str]:
    if set(request.query_params) - {"fields"}:
        raise TikTokError(400, "invalid_params", "Unknown query parameter")
    fields = [name for name in request.query_params.get("fields", "").split(",") if name]
    if not fields or set(fields) - known:
        raise TikTokError(400, "invalid_params", "Fields is not specified or not known")
    return fields


def _body(request: Request, scene: Scene) -> dict[str, Any]:
    try:
        body = json.loads(scene.body)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not request.headers.get("content-type", "").startswith("application/json"):
        raise TikTokError(400, "invalid_params", "The request body is no JSON object")
    return body


def _asked_ids(body: dict[str, Any]) -> set[str]:
    filters = body.get("filters")
    ids = filters.get("video_ids") if isinstance(filters, dict) else None
    if not isinstance(ids, list) or not 1 <= len(ids) <= _AT_ONCE or not all(isinstance(one, str) for one in ids):
        raise TikTokError(400, "invalid_params", "video_ids: expected 1 to 20 ids")
    return set(ids)


def _user(standing: Standing, fields: list[str]) -> dict[str, Any]:
    account = standing.account
    told = {
        "open_id": open_id(account),
        "union_id": f"union-{number_of(f'union {account.key}', below=16**16):016x}",
        "avatar_url": f"https://p16-sign.sandbox.example/{account.key}~168x168.jpeg?x-signature=5",
        "display_name": standing.display_name,
        "bio_description": standing.bio,
        "profile_deep_link": f"https://www.tiktok.com/@{standing.handle}",
        "is_verified": account.followers > 20_000,
        "username": standing.handle,
        "follower_count": account.followers,
        "following_count": 12,
        "likes_count": account.followers * 7,
        "video_count": len(account.posts),
    }
    return {name: told[name] for name in fields if name in told}


def _video(standing: Standing, shown: Shown, fields: list[str]) -> dict[str, Any]:
    native_id, text = video_id(shown), shown.now.text
    told = {
        "id": native_id,
        "create_time": int(shown.post.at.timestamp()),
        "title": shown.now.title or text[:90],
        "video_description": text,
        "cover_image_url": f"https://p16-sign.sandbox.example/cover/{native_id}.jpeg?x-expires=1794870000",
        "share_url": f"https://www.tiktok.com/@{standing.handle}/video/{native_id}?utm_campaign=tt4d_open_api",
        "duration": 10 + number_of(f"long {shown.post.id}", below=50),
        "height": 1024,
        "width": 576,
        "embed_link": f"https://www.tiktok.com/player/v1/{native_id}",
        "embed_html": "<blockquote></blockquote>",
        "like_count": number_of(f"likes {shown.post.id}", below=900),
        "comment_count": 3,
        "share_count": 2,
        "view_count": 4000,
    }
    return {name: told[name] for name in fields}
