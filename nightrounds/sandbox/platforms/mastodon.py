"""Mastodon's API of two servers, told apart by Host: a closed Mastodon, and a WordPress site that speaks its language.

Faithful in what a crawler can trip over: on the Mastodon one a deleted status is 404 at every address and pages are led to by
a Link header; the WordPress one keeps tombstones, has no Link header, and its ids do not rise with time.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _mastodon_objects as objects
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import State

MASTODON_TOKEN = "sandbox-mastodon-5aGk2fJm0Qx7"  # noqa: S105 - opens nothing but the sandbox
CLOSED = "social.sandbox.example"  # shows nothing to whom it does not know
_DEFAULT_PAGE, _LARGEST_PAGE = 20, 40
_HOURLY = 300  # questions in five minutes, for the rate limit's headers
_ACCOUNT = re.compile(r"/api/v1/accounts/(?P<id>[^/]+)")
_STATUSES = re.compile(r"/api/v1/accounts/(?P<id>[^/]+)/statuses")
_STATUS = re.compile(r"/api/v1/statuses/(?P<id>[^/]+)")
_PERMALINK = re.compile(r"/@(?P<name>[^/]+)/(?P<id>[^/]+)")
_ACTIVITY = "application/activity+json"
_HTML = "text/html; charset=utf-8"


class MastodonServers(StandIn):
    """The stand-in."""

    platform = "mastodon"
    title = "Mastodon"

    def __init__(self, *, page_cap: int = 20) -> None:
        super().__init__(page_cap=page_cap)
        self._asked = 0

    def options(self, url: str) -> dict[str, Any]:
        return {"base_url": url, "tokens": {CLOSED: MASTODON_TOKEN}}

    def native_id(self, shown: Shown) -> str:
        return objects.status_id(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        said = {part.casefold() for part in request.url.path.split("/")} | {_acct(request)}
        found = set()
        for standing in _accounts(request, scene):
            own = standing.account
            ids = {objects.status_id(shown) for shown in scene.view.ever_posted(own)}
            if said & {objects.name_of(own), f"@{objects.name_of(own)}", own.handle, objects.account_id(own), *ids}:
                found.add(own.key)
        return found

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        limits = self._limits(scene)
        return {
            "rate_limit": json_answer({"error": "Too many requests"}, 429, limits | {"x-ratelimit-remaining": "0"}),
            "rate_limit_no_reset": json_answer({"error": "Too many requests"}, 429),
            "token_dead": json_answer({"error": "The access token was revoked"}, 401, limits),
            "permission": json_answer({"error": "This action is outside the authorized scopes"}, 403, limits),
            "server_error": json_answer({"error": "Service unavailable"}, 503),
            "transient_once": json_answer({"error": "Service unavailable"}, 503),
            "html_error": HTML_ERROR,
        }[kind]

    def answer(self, request: Request, scene: Scene) -> Answer:
        accounts = _accounts(request, scene)
        path = request.url.path
        if not accounts:
            return Answer(b"<html><title>Unknown site</title></html>", 404, _HTML)
        if found := _PERMALINK.fullmatch(path):
            return _permalink(request, scene, accounts, found["id"])
        self._asked += 1
        refused = _refusal(request)
        if refused:
            return json_answer({"error": refused}, 401)
        if path == "/api/v1/accounts/lookup":
            named = [one for one in accounts if _acct(request) in (objects.name_of(one.account), one.account.handle)]
            return self._told(scene, objects.account(named[0]) if named and named[0].state is not State.GONE else None)
        if found := _STATUSES.fullmatch(path):
            standing = _of_id(accounts, found["id"])
            return self._statuses(request, scene, standing) if standing else self._told(scene, None)
        if found := _ACCOUNT.fullmatch(path):
            standing = _of_id(accounts, found["id"])
            return self._told(scene, objects.account(standing) if standing else None)
        if found := _STATUS.fullmatch(path):
            shown = _status(scene, accounts, found["id"])
            return self._told(scene, objects.status(scene, shown) if shown and not shown.gone else None)
        return self._told(scene, None)

    def _statuses(self, request: Request, scene: Scene, standing: Standing) -> Answer:
        query = request.query_params
        limit = query.get("limit", str(_DEFAULT_PAGE))
        if not re.fullmatch(r"[0-9]{1,4}", limit):
            return json_answer({"error": "limit must be a number"}, 422)
        posts = scene.view.by_posting(standing.account)
        if standing.state is not State.LIVE:
            posts = []
        start = _start(query.get("max_id", ""), posts)
        size = min(int(limit) or 1, _LARGEST_PAGE, self.page_cap)
        page = posts[start : start + size]
        headers = self._limits(scene)
        if page and not objects.is_wordpress(standing.account):
            headers["link"] = _link_header(request, standing, page, more=len(page) == size)
        return json_answer([objects.status(scene, shown) for shown in page], 200, headers)

    def _told(self, scene: Scene, body: Any) -> Answer:
        return json_answer(
            {"error": "Record not found"} if body is None else body, 404 if body is None else 200, self._limits(scene)
        )

    def _limits(self, scene: Scene) -> dict[str, str]:
        left = max(1, _HOURLY - self._asked % _HOURLY)
        resets_at = objects.moment(scene.now + timedelta(minutes=5))
        return {"x-ratelimit-limit": str(_HOURLY), "x-ratelimit-remaining": str(left), "x-ratelimit-reset": resets_at}


def _accounts(request: Request, scene: Scene) -> list[Standing]:
    """Those that live on the server that was asked."""
    host = request.headers.get("host", "").partition(":")[0].casefold()
    return [one for one in scene.accounts("mastodon") if objects.host_of(one.account) == host]


def _acct(request: Request) -> str:
    return request.query_params.get("acct", "").removeprefix("@").casefold()


def _refusal(request: Request) -> str:
    """Why a server does not answer this caller, in Mastodon's words; empty where it does."""
    given = request.headers.get("authorization", "")
    if given and given != f"Bearer {MASTODON_TOKEN}":
        return "The access token is invalid"
    is_closed = request.headers.get("host", "").partition(":")[0].casefold() == CLOSED
    return "This method requires an authenticated user" if is_closed and not given else ""


def _of_id(accounts: list[Standing], native_id: str) -> Standing | None:
    return next((one for one in accounts if objects.account_id(one.account) == native_id and one.state is not State.GONE), None)


def _status(scene: Scene, accounts: list[Standing], native_id: str) -> Shown | None:
    """A status that there is or was."""
    shown = (one for standing in accounts if standing.state is State.LIVE for one in scene.view.ever_posted(standing.account))
    return next((one for one in shown if objects.status_id(one) == native_id), None)


def _permalink(request: Request, scene: Scene, accounts: list[Standing], native_id: str) -> Answer:
    """A status's own address: a page for people, an object for other servers."""
    shown = _status(scene, accounts, native_id)
    if shown and shown.gone and objects.is_wordpress(shown.account):
        answer = json_answer(objects.tombstone(shown), 410)
        return Answer(answer.body, 410, _ACTIVITY)
    if shown is None or shown.gone:
        return Answer(b"<html><title>The page you are looking for isn't here.</title></html>", 404, _HTML)
    if "json" in request.headers.get("accept", ""):
        return Answer(json_answer(objects.activity(shown)).body, 200, _ACTIVITY)
    return Answer(b"<html><title>A post</title></html>", 200, _HTML)


def _start(max_id: str, posts: list[Shown]) -> int:
    """Where the page behind an id begins. Mastodon compares numbers; WordPress looks the post up, else begins anew."""
    if not max_id:
        return 0
    if posts and not objects.is_wordpress(posts[0].account) and max_id.isdigit():
        return sum(1 for shown in posts if int(objects.status_id(shown)) >= int(max_id))
    ids = [objects.status_id(shown) for shown in posts]
    return ids.index(max_id) + 1 if max_id in ids else 0


def _link_header(request: Request, standing: Standing, page: list[Shown], *, more: bool) -> str:
    host, own = objects.host_of(standing.account), objects.account_id(standing.account)
    address = f"https://{host}/api/v1/accounts/{own}/statuses?limit={request.query_params.get('limit', _DEFAULT_PAGE)}"
    links = [f'<{address}&max_id={objects.status_id(page[-1])}>; rel="next"'] if more else []
    return ", ".join([*links, f'<{address}&min_id={objects.status_id(page[0])}>; rel="prev"'])
