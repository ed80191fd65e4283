"""X API v2 for a handful of accounts: users by name and by id, their posts, posts by id; in both vocabularies.

Faithful in what a crawler can trip over: an answer about a missing or protected account or post is 200 with `errors`, an
edit is a new id, a page may hold fewer posts than were asked for, rate limits are told in headers and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _x_problems as problems
from nightrounds.sandbox.platforms import _x_requests as requests
from nightrounds.sandbox.platforms._x_includes import by_user_id, chosen, written
from nightrounds.sandbox.platforms._x_objects import Writer, user_id, version_id
from nightrounds.sandbox.platforms._x_problems import InvalidRequestError
from nightrounds.sandbox.platforms._x_requests import HANDLE, NUMBER, TIMELINE_PARAMETERS, Wanted, Window
from nightrounds.sandbox.platforms._x_vocabulary import Vocabulary, spoken
from nightrounds.sandbox.view import Scene, Shown, Standing, View
from nightrounds.sandbox.world import State, WorldAccount

X_TOKEN = "sandbox-bearer-AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0"  # noqa: S105 - opens nothing but the sandbox
_TIMELINE = re.compile(r"/2/users/(?P<id>[^/]+)/tweets")
_USER_BY_NAME = re.compile(r"/2/users/by/username/(?P<name>[^/]+)")
_USER = re.compile(r"/2/users/(?P<id>[^/]+)")
_TWEET = re.compile(r"/2/tweets/(?P<id>[^/]+)")
_REACH = 3200  # of a timeline, and 800 where replies are excluded
_REACH_WITHOUT_REPLIES = 800
_WINDOW_S = 900
_LIMITS = {"timeline": 10_000, "tweets": 3500, "tweet": 450, "users": 300, "user": 300}


class XApi(StandIn):
    """The stand-in. `vocabulary` says which names it understands: tweet, post or both."""

    platform = "x"
    title = "X"
    never = frozenset()

    def __init__(self, *, page_cap: int = 20, vocabulary: str = "both") -> None:
        if vocabulary not in ("tweet", "post", "both"):
            raise ValueError("vocabulary: expected tweet, post or both")
        super().__init__(page_cap=page_cap)
        self.vocabulary = vocabulary
        self._spent: dict[str, tuple[int, int]] = {}  # endpoint -> (end of its window, requests within it)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        path, query = request.url.path, request.query_params
        said = {
            *query.get("usernames", "").casefold().split(","),
            *query.get("ids", "").split(","),
            *path.casefold().split("/"),
        }
        keys = set()
        for standing in scene.view.accounts("x"):
            account = standing.account
            own = {standing.handle.casefold(), user_id(account.key, account.joined)}
            own |= {version_id(shown, n) for shown in scene.view.ever_posted(account) for n in range(len(shown.versions))}
            if own & said:
                keys.add(account.key)
        return keys

    def options(self, url: str) -> dict[str, Any]:
        vocabulary = "post" if self.vocabulary == "post" else "tweet"
        return {"bearer_token": X_TOKEN, "base_url": url, "vocabulary": vocabulary}

    def native_id(self, shown: Shown) -> str:
        """That of the first version."""
        return version_id(shown, 0)

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        reset = int(scene.now.timestamp()) + _WINDOW_S
        limit = _LIMITS[_endpoint(request.url.path)]
        return {
            "rate_limit": json_answer(problems.TOO_MANY, 429, _rate_headers(limit, 0, reset)),
            "rate_limit_no_reset": json_answer(problems.TOO_MANY, 429),
            "token_dead": problems.UNAUTHORIZED,
            "permission": problems.NOT_ENROLLED,
            "server_error": problems.UNAVAILABLE,
            "transient_once": problems.UNAVAILABLE,
            "html_error": HTML_ERROR,
            "usage_capped": problems.USAGE_CAPPED,
        }[kind]

    def answer(self, request: Request, scene: Scene) -> Answer:
        if request.headers.get("authorization") != f"Bearer {X_TOKEN}":
            return problems.UNAUTHORIZED
        endpoint = _endpoint(request.url.path)
        headers = self._count(endpoint, int(scene.now.timestamp()))
        if headers["x-rate-limit-remaining"] == "-1":
            return json_answer(problems.TOO_MANY, 429, headers | {"x-rate-limit-remaining": "0"})
        vocabulary = spoken(request.query_params, self.vocabulary)
        try:
            body = self._body(request, scene, vocabulary)
        except InvalidRequestError as refused:
            answer = refused.answer(vocabulary)
            return Answer(answer.body, answer.status, headers=headers)
        if body is None:
            return problems.NO_SUCH_PATH
        headers |= {"api-version": "2.167" if vocabulary.name == "post" else "2.166", "x-access-level": "read"}
        return json_answer({key: value for key, value in body.items() if value}, 200, headers)

    def _count(self, endpoint: str, now: int) -> dict[str, str]:
        ends, spent = self._spent.get(endpoint, (0, 0))
        if now >= ends:
            ends, spent = now + _WINDOW_S, 0
        self._spent[endpoint] = ends, spent + 1
        return _rate_headers(_LIMITS[endpoint], max(-1, _LIMITS[endpoint] - spent - 1), ends)

    def _body(self, request: Request, scene: Scene, vocabulary: Vocabulary) -> dict[str, Any] | None:
        path, query = request.url.path, request.query_params
        if path == "/2/users/by":
            want = requests.wanted(query, vocabulary, of_user=True, own=frozenset({"usernames"}))
            return _users(scene, want, "usernames", requests.names(query, "usernames", HANDLE))
        if path == "/2/users":
            want = requests.wanted(query, vocabulary, of_user=True, own=frozenset({"ids"}))
            return _users(scene, want, "ids", requests.names(query, "ids", NUMBER))
        if path == "/2/tweets":
            want = requests.wanted(query, vocabulary, of_user=False, own=frozenset({"ids"}))
            return _tweets(scene, want, "ids", requests.names(query, "ids", NUMBER))
        if match := _TIMELINE.fullmatch(path):
            want = requests.wanted(query, vocabulary, of_user=False, own=TIMELINE_PARAMETERS)
            return self._timeline(scene, want, requests.one("id", match["id"], NUMBER), requests.window(query))
        if match := _TWEET.fullmatch(path):
            want = requests.wanted(query, vocabulary, of_user=False, own=frozenset())
            return _single(_tweets(scene, want, "id", [requests.one("id", match["id"], NUMBER)]))
        if match := _USER_BY_NAME.fullmatch(path):
            want = requests.wanted(query, vocabulary, of_user=True, own=frozenset())
            return _single(_users(scene, want, "username", [requests.one("username", match["name"], HANDLE)]))
        if match := _USER.fullmatch(path):
            want = requests.wanted(query, vocabulary, of_user=True, own=frozenset())
            return _single(_users(scene, want, "id", [requests.one("id", match["id"], NUMBER)]))
        return None

    def _timeline(self, scene: Scene, want: Wanted, asked_id: str, window: Window) -> dict[str, Any]:
        standing = by_user_id(scene).get(asked_id)
        refused = _refusal(standing, want.vocabulary, "id", asked_id)
        if refused:
            return {"errors": [refused]}
        if standing is None or standing.state is State.PRIVATE:
            return {"errors": [problems.not_authorized(want.vocabulary, "user", "id", asked_id)]}
        fitting = [shown for shown in _reachable(scene.view, standing.account, window) if _fits(shown, window)]
        size = min(window.size, self.page_cap)
        page, more = fitting[:size], fitting[size:]
        if not page:
            return {"meta": {"result_count": 0}}
        writer = Writer(scene)
        ids = [version_id(shown, -1) for shown in page]
        meta = {"result_count": len(page), "newest_id": ids[0], "oldest_id": ids[-1]}
        if more:
            meta["next_token"] = requests.page_token(int(version_id(more[0], -1)))
        if window.below_id is not None:
            meta["previous_token"] = requests.page_token((1 << 63) - 1)  # back to the first page
        return written(scene, writer, want, [writer.tweet(shown) for shown in page]) | {"meta": meta}


def _endpoint(path: str) -> str:
    """The rate limit that a path counts against."""
    if _TIMELINE.fullmatch(path):
        return "timeline"
    if path == "/2/tweets":
        return "tweets"
    return "tweet" if _TWEET.fullmatch(path) else "users" if path in ("/2/users", "/2/users/by") else "user"


def _rate_headers(limit: int, remaining: int, reset: int) -> dict[str, str]:
    return {"x-rate-limit-limit": str(limit), "x-rate-limit-remaining": str(remaining), "x-rate-limit-reset": str(reset)}


def _single(body: dict[str, Any]) -> dict[str, Any]:
    """The answer of a lookup by one id: the object itself, not a list of one."""
    return body | ({"data": body["data"][0]} if body.get("data") else {})


def _reachable(view: View, account: WorldAccount, window: Window) -> Iterable[Shown]:
    if "replies" in window.exclude:
        return [shown for shown in view.posts(account) if shown.post.reply_to is None][:_REACH_WITHOUT_REPLIES]
    return view.posts(account)[:_REACH]


def _fits(shown: Shown, window: Window) -> bool:
    own_id, at = int(version_id(shown, -1)), shown.now.at
    return (
        (window.below_id is None or own_id <= window.below_id)
        and (window.since_id is None or own_id > window.since_id)
        and (window.until_id is None or own_id < window.until_id)
        and (window.since is None or at >= window.since)
        and (window.until is None or at < window.until)
        and not ("retweets" in window.exclude and shown.post.repost is not None)
    )


def _refusal(standing: Standing | None, vocabulary: Vocabulary, parameter: str, value: str) -> dict[str, Any] | None:
    if standing is None or standing.state is State.GONE:
        return problems.not_found(vocabulary, "user", parameter, value)
    return problems.suspended(vocabulary, parameter, value) if standing.state is State.SUSPENDED else None


def _users(scene: Scene, want: Wanted, parameter: str, asked: list[str]) -> dict[str, Any]:
    known = by_user_id(scene)
    if parameter.startswith("username"):
        known = {standing.handle.casefold(): standing for standing in known.values()}
    data, errors = [], []
    for value in asked:
        standing = known.get(value.casefold())
        if refused := _refusal(standing, want.vocabulary, parameter, value):
            errors.append(refused)
        elif standing is not None:
            data.append(chosen(Writer(scene).user(standing), want.user_fields, want.vocabulary))
    return {"data": data, "errors": errors}


def _tweets(scene: Scene, want: Wanted, parameter: str, asked: list[str]) -> dict[str, Any]:
    writer = Writer(scene)
    index = {
        version_id(shown, version): (shown, version)
        for standing in scene.accounts("x")
        for shown in scene.view.ever_posted(standing.account)
        for version in range(len(shown.versions))
    }
    found, errors = [], []
    for value in asked:
        shown, version = index.get(value, (None, 0))
        if shown is None or shown.gone or scene.standing(shown.account).state is State.GONE:
            errors.append(problems.not_found(want.vocabulary, "post", parameter, value))
        elif scene.standing(shown.account).state is not State.LIVE:
            errors.append(problems.not_authorized(want.vocabulary, "post", parameter, value))
        else:
            found.append(writer.tweet(shown, version))
    body = written(scene, writer, want, found)
    return body | {"errors": errors + body.get("errors", [])}
