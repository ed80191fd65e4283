"""Reddit's API for a handful of accounts: the application's login, two lists an account, lookups by full name, permalinks.

Faithful in what a crawler can trip over: a list ends behind a post that is not in it any more, what is deleted leaves a place
with [deleted] in it, a client without an honest name is sent away.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _reddit_objects as objects
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import State

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-reddit-secret-9tYw"  # noqa: S105 - opens nothing but the sandbox
_TOKEN = "sandbox-reddit-token-Zk3b8"  # noqa: S105
_AGENT = "linux:example.sandbox.nightrounds:1.0 (by /u/SinaiSandboxTeam)"
_LOGIN = "/api/v1/access_token"
_ABOUT = re.compile(r"/user/(?P<name>[^/]+)/about/?")
_LIST = re.compile(r"/user/(?P<name>[^/]+)/(?P<list>submitted|comments)/?")
_PERMALINK = re.compile(r"/r/[^/]+/comments/(?P<thread>[a-z0-9]+)(?:/[^/]*(?:/(?P<comment>[a-z0-9]+))?)?/?")
_DEFAULT_PAGE, _LARGEST_PAGE, _MOST_IDS = 25, 100, 100
_WINDOW_S, _QUESTIONS = 600, 1000
_FORBIDDEN = {"message": "Forbidden", "error": 403, "reason": "private"}
_MISSING = {"message": "Not Found", "error": 404}
_UNAUTHORIZED = {"message": "Unauthorized", "error": 401}


class RedditApi(StandIn):
    """The stand-in."""

    platform = "reddit"
    title = "Reddit"
    methods = frozenset({"GET", "HEAD", "POST"})

    def __init__(self, *, page_cap: int = 20) -> None:
        super().__init__(page_cap=page_cap)
        self._asked = 0

    def options(self, url: str) -> dict[str, Any]:
        return {"base_url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "user_agent": _AGENT}

    def native_id(self, shown: Shown) -> str:
        return objects.full_name(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        said = {part.casefold() for part in request.url.path.split("/")} | set(request.query_params.get("id", "").split(","))
        found = set()
        for standing in scene.accounts("reddit"):
            posts = scene.view.ever_posted(standing.account)
            names = {objects.full_name(shown) for shown in posts} | {objects.full_name(shown)[3:] for shown in posts}
            if said & ({objects.name_of(standing.account).casefold()} | names):
                found.add(standing.account.key)
        return found

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        limits = self._limits(scene)
        busy = {"message": "Too Many Requests", "error": 429}
        return {
            "rate_limit": json_answer(busy, 429, limits | {"x-ratelimit-remaining": "0.0"}),
            "rate_limit_no_reset": json_answer(busy, 429),
            "token_dead": json_answer(_UNAUTHORIZED, 401),
            "permission": json_answer(_FORBIDDEN, 403, limits),
            "server_error": json_answer({"message": "Service Unavailable", "error": 503}, 503),
            "transient_once": json_answer({"message": "Service Unavailable", "error": 503}, 503),
            "html_error": HTML_ERROR,
        }[kind]

    def answer(self, request: Request, scene: Scene) -> Answer:
        path = request.url.path
        if "praw" not in request.headers.get("user-agent", "").casefold() or "/u/" not in request.headers["user-agent"]:
            return Answer(b"<html><title>whoa there, pardner!</title></html>", 403, "text/html; charset=utf-8")
        if path == _LOGIN:
            return _login(request, scene)
        self._asked += 1
        if request.method == "POST":
            return json_answer({"message": "Method Not Allowed", "error": 405}, 405)
        if request.headers.get("authorization", "").casefold() != f"bearer {_TOKEN}".casefold():
            return json_answer(_UNAUTHORIZED, 401)
        if found := _ABOUT.fullmatch(path):
            return self._about(scene, found["name"])
        if found := _LIST.fullmatch(path):
            return self._list(request, scene, found["name"], found["list"])
        if path.rstrip("/") == "/api/info":
            return self._told(scene, self._info(request, scene))
        if found := _PERMALINK.fullmatch(path):
            return self._permalink(scene, found["comment"] or "", found["thread"])
        return self._told(scene, None)

    def _about(self, scene: Scene, name: str) -> Answer:
        standing = _account(scene, name)
        if standing is None or standing.state is State.GONE:
            return self._told(scene, None)
        if standing.state is State.PRIVATE:
            return json_answer(_FORBIDDEN, 403, self._limits(scene))
        if standing.state is State.SUSPENDED:
            return self._told(scene, {"kind": "t2", "data": {"name": name, "is_suspended": True, "total_karma": 0}})
        return self._told(scene, {"kind": "t2", "data": objects.user(standing)})

    def _list(self, request: Request, scene: Scene, name: str, kind: str) -> Answer:
        standing = _account(scene, name)
        if standing is None or standing.state is State.GONE:
            return self._told(scene, None)
        if standing.state is not State.LIVE:
            return json_answer(_FORBIDDEN, 403, self._limits(scene))
        query = request.query_params
        limit = query.get("limit", str(_DEFAULT_PAGE))
        size = min(int(limit) if re.fullmatch(r"[0-9]{1,4}", limit) else _DEFAULT_PAGE, _LARGEST_PAGE, self.page_cap)
        posts = scene.view.by_posting(standing.account)
        posts = [shown for shown in posts if objects.is_comment(shown) == (kind == "comments")]
        names = [objects.full_name(shown) for shown in posts]
        after = query.get("after", "")
        start = 0 if not after else names.index(after) + 1 if after in names else len(posts)
        page = posts[start : start + size]
        more = start + len(page) < len(posts)
        listing = _listing(
            [objects.thing(scene, shown) for shown in page], after=names[start + len(page) - 1] if more else None
        )
        return self._told(scene, listing)

    def _info(self, request: Request, scene: Scene) -> dict[str, Any]:
        names = [name for name in request.query_params.get("id", "").split(",") if name][:_MOST_IDS]
        known = {objects.full_name(shown): shown for shown in _ever_posted(scene)}
        return _listing([objects.thing(scene, known[name]) for name in names if name in known])

    def _permalink(self, scene: Scene, comment: str, thread: str) -> Answer:
        known = {objects.full_name(shown)[3:]: shown for shown in _ever_posted(scene)}
        shown = known.get(comment or thread)
        if shown is None:
            return self._told(scene, None)
        thing = [objects.thing(scene, shown)]
        is_comment = objects.is_comment(shown)
        return self._told(scene, [_listing([] if is_comment else thing), _listing(thing if is_comment else [])])

    def _told(self, scene: Scene, body: Any) -> Answer:
        return json_answer(_MISSING if body is None else body, 404 if body is None else 200, self._limits(scene))

    def _limits(self, scene: Scene) -> dict[str, str]:
        used = self._asked % (_QUESTIONS // 2)
        return {
            "x-ratelimit-used": str(used),
            "x-ratelimit-remaining": f"{_QUESTIONS - used}.0",
            "x-ratelimit-reset": str(_WINDOW_S - int(scene.now.timestamp()) % _WINDOW_S),
        }


def _login(request: Request, scene: Scene) -> Answer:
    expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    if request.method != "POST" or request.headers.get("authorization") != f"Basic {expected}":
        return json_answer(_UNAUTHORIZED, 401)
    if parse_qs(scene.body.decode("ascii", "replace")).get("grant_type") != ["client_credentials"]:
        return json_answer({"error": "unsupported_grant_type"})
    return json_answer({"access_token": _TOKEN, "token_type": "bearer", "expires_in": 86400, "scope": "*"})


def _account(scene: Scene, name: str) -> Standing | None:
    accounts = scene.accounts("reddit")
    return next((one for one in accounts if objects.name_of(one.account).casefold() == name.casefold()), None)


def _ever_posted(scene: Scene) -> list[Shown]:
    live = (standing for standing in scene.accounts("reddit") if standing.state is State.LIVE)
    return [shown for standing in live for shown in scene.view.ever_posted(standing.account)]


def _listing(children: list[dict[str, Any]], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(children), "children": children}}
