"""Bluesky: AppView, directory of identities and account server, all three at one address.

Faithful in what a crawler can trip over: a listing tells a cursor on its last page too, a lookup leaves out what is gone, an
account that is deactivated is 'not found' at the AppView and named by its server alone, an edit keeps its address and time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _bluesky_records as records
from nightrounds.sandbox.platforms._bluesky_records import content_id, did_of, key_of, tid, uri_of
from nightrounds.sandbox.platforms._bluesky_views import Views
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import State

PDS = "https://pds.sandbox.example"
DIRECTORY = "https://plc.directory"
_LIMIT = 3000  # questions in five minutes
_WINDOW_S = 300
_AT_ONCE = 25
_WORD = re.compile(r"did:plc:[a-z2-7]{24}|[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_FILTERS = {"posts_with_replies", "posts_no_replies", "posts_with_media", "posts_and_author_threads", "posts_with_video"}
_STATUS = {State.PRIVATE: "deactivated", State.SUSPENDED: "takendown", State.GONE: "deleted"}


class XrpcError(Exception):
    """A question that is refused."""

    def __init__(self, message: str, name: str = "InvalidRequest", status: int = 400) -> None:
        super().__init__(message)
        self.name, self.status = name, status


class BlueskyNetwork(StandIn):
    """The stand-in."""

    platform = "bluesky"
    title = "Bluesky"
    never = frozenset({"usage_capped", "token_dead"})

    def options(self, url: str) -> dict[str, Any]:
        return {"base_url": url, "rebase": {DIRECTORY: "base_url", PDS: "base_url"}}

    def native_id(self, shown: Shown) -> str:
        return uri_of(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        said = set(_WORD.findall(f"{request.url.path} {' '.join(request.query_params.values())}".casefold()))
        said |= {word for uri in request.query_params.getlist("uris") for word in _WORD.findall(uri)}
        return {
            standing.account.key
            for standing in scene.view.accounts("bluesky")
            if {standing.handle.casefold(), did_of(standing.account.key)} & said
        }

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        if kind == "html_error":
            return HTML_ERROR
        reset = {"ratelimit-limit": str(_LIMIT), "ratelimit-remaining": "0", "ratelimit-policy": f"{_LIMIT};w={_WINDOW_S}"}
        reset["ratelimit-reset"] = str(int(scene.now.timestamp()) + _WINDOW_S)
        upstream = json_answer({"error": "UpstreamFailure", "message": "Upstream Failure"}, 502)
        limited = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
        return {
            "rate_limit": json_answer(limited, 429, reset),
            "rate_limit_no_reset": json_answer(limited, 429),
            "permission": json_answer({"error": "Forbidden", "message": "Forbidden"}, 403),
            "server_error": upstream,
            "transient_once": upstream,
        }[kind]

    def answer(self, request: Request, scene: Scene) -> Answer:
        path, query = request.url.path, request.query_params
        if path.startswith("/did:"):
            return _identity(scene, path[1:])
        methods: dict[str, Callable[[Scene, QueryParams], dict[str, Any]]] = {
            "app.bsky.actor.getProfile": _profile,
            "app.bsky.feed.getAuthorFeed": self._feed,
            "app.bsky.feed.getPosts": _posts,
            "app.bsky.feed.getPostThread": _thread,
            "com.atproto.identity.resolveHandle": _resolve,
            "com.atproto.repo.getRecord": _record,
            "com.atproto.repo.listRecords": self._records,
            "com.atproto.sync.getLatestCommit": _commit,
            "com.atproto.sync.getRepoStatus": _status,
        }
        try:
            method = methods.get(path.removeprefix("/xrpc/"))
            if method is None:
                raise XrpcError("Method Not Implemented", "MethodNotImplemented", 501)
            return json_answer(method(scene, query))
        except XrpcError as error:
            return json_answer({"error": error.name, "message": str(error)}, error.status)

    def _records(self, scene: Scene, query: QueryParams) -> dict[str, Any]:
        standing = _hosted(scene, _required(query, "repo"))
        collection, limit = _required(query, "collection"), _limit(query)
        is_upward, place = _boolean(query, "reverse"), query.get("cursor")
        listed = [shown for shown in scene.view.posts(standing.account) if records.collection_of(shown) == collection]
        listed = sorted(listed, key=key_of, reverse=not is_upward)
        if place:
            listed = [shown for shown in listed if (key_of(shown) > place if is_upward else key_of(shown) < place)]
        page = [_as_record(scene, shown) for shown in listed[: min(limit, self.page_cap)]]
        return ({"cursor": key_of(listed[len(page) - 1])} if page else {}) | {"records": page}

    def _feed(self, scene: Scene, query: QueryParams) -> dict[str, Any]:
        standing = _seen(scene, _required(query, "actor"))
        limit, place = _limit(query), query.get("cursor")
        wanted = query.get("filter", "posts_with_replies")
        if wanted not in _FILTERS or _boolean(query, "includePins"):
            raise XrpcError("the sandbox knows no such filter and has no pinned posts")
        if place and not re.fullmatch(r"\d{13}__[a-z0-9]+", place):
            raise XrpcError("Malformed cursor")
        shown = sorted(scene.view.posts(standing.account), key=lambda one: _place_of(scene, one), reverse=True)
        shown = [one for one in shown if not place or _place_of(scene, one) < place]
        shown = [one for one in shown if wanted != "posts_no_replies" or one.post.reply_to is None]
        page = shown[: min(limit, self.page_cap)]
        views = Views(scene)
        items = [item for item in (views.item(one) for one in page) if item]
        return ({"cursor": _place_of(scene, page[-1])} if page else {}) | {"feed": items}


def _place_of(scene: Scene, shown: Shown) -> str:
    """Where an item stands in a feed: the time at which it was indexed, and its content id."""
    return f"{int(shown.post.at.timestamp() * 1000)}__{content_id(records.record_of(scene.view, shown))}"


def _find(scene: Scene, actor: str) -> Standing | None:
    return next(
        (one for one in scene.accounts("bluesky") if actor.casefold() in (one.handle.casefold(), did_of(one.account.key))),
        None,
    )


def _seen(scene: Scene, actor: str) -> Standing:
    """An account as the AppView knows it: of one that is deactivated or deleted it knows nothing."""
    standing = _find(scene, actor)
    if standing is not None and standing.state is State.SUSPENDED:
        raise XrpcError("Account has been suspended", "AccountTakedown")
    if standing is None or standing.state is not State.LIVE:
        raise XrpcError("Profile not found")
    return standing


def _hosted(scene: Scene, repo: str) -> Standing:
    """An account as its own server knows it."""
    standing = _find(scene, repo)
    if standing is None or standing.state is State.GONE:
        raise XrpcError("Could not find repo", "RepoNotFound")
    if standing.state is State.PRIVATE:
        raise XrpcError("Repo has been deactivated", "RepoDeactivated")
    if standing.state is State.SUSPENDED:
        raise XrpcError("Repo has been taken down", "RepoTakendown")
    return standing


def _identity(scene: Scene, did: str) -> Answer:
    standing = _find(scene, did)
    if standing is None:
        return json_answer({"message": f"DID not registered: {did}"}, 404)
    document = {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "alsoKnownAs": [f"at://{standing.handle}"],
        "id": did,
        "service": [{"id": "#atproto_pds", "serviceEndpoint": PDS, "type": "AtprotoPersonalDataServer"}],
        "verificationMethod": [],
    }
    answer = json_answer(document)
    return Answer(answer.body, media_type="application/did+ld+json; charset=utf-8")


def _profile(scene: Scene, query: QueryParams) -> dict[str, Any]:
    return Views(scene).profile(_seen(scene, _required(query, "actor")))


def _resolve(scene: Scene, query: QueryParams) -> dict[str, Any]:
    standing = _find(scene, _required(query, "handle"))
    if standing is None or standing.state is State.GONE:
        raise XrpcError("Unable to resolve handle")
    return {"did": did_of(standing.account.key)}


def _posts(scene: Scene, query: QueryParams) -> dict[str, Any]:
    asked = query.getlist("uris")
    if not asked:
        raise XrpcError('Error: Params must have the property "uris"')
    if len(asked) > _AT_ONCE:
        raise XrpcError(f"Error: uris must not have more than {_AT_ONCE} elements")
    views = Views(scene)
    return {"posts": [view for view in (views.post(uri) for uri in asked) if view]}


def _thread(scene: Scene, query: QueryParams) -> dict[str, Any]:
    uri = _required(query, "uri")
    thread = Views(scene).thread(uri)
    if thread is None:
        raise XrpcError(f"Post not found: {uri}", "NotFound")
    return {"thread": thread}


def _status(scene: Scene, query: QueryParams) -> dict[str, Any]:
    did = _required(query, "did")
    standing = _find(scene, did)
    if standing is None:
        raise XrpcError("Could not find repo for DID", "RepoNotFound")
    if standing.state is not State.LIVE:
        return {"active": False, "did": did, "status": _STATUS[standing.state]}
    return {"active": True, "did": did, "rev": _revision(scene, standing)}


def _commit(scene: Scene, query: QueryParams) -> dict[str, Any]:
    standing = _hosted(scene, _required(query, "did"))
    rev = _revision(scene, standing)
    return {"cid": content_id([standing.account.key, rev]), "rev": rev}


def _record(scene: Scene, query: QueryParams) -> dict[str, Any]:
    standing = _hosted(scene, _required(query, "repo"))
    asked = (_required(query, "collection"), _required(query, "rkey"))
    for shown in scene.view.posts(standing.account):
        if (records.collection_of(shown), key_of(shown)) == asked:
            return _as_record(scene, shown)
    raise XrpcError("Could not locate record", "RecordNotFound")


def _as_record(scene: Scene, shown: Shown) -> dict[str, Any]:
    record = records.record_of(scene.view, shown)
    return {"cid": content_id(record), "uri": uri_of(shown), "value": record}


def _revision(scene: Scene, standing: Standing) -> str:
    """Moves with every post, edit and deletion."""
    changed: list[datetime] = [standing.account.joined]
    for shown in scene.view.ever_posted(standing.account):
        changed.append(shown.now.at)
        if shown.gone and shown.post.deleted_at:
            changed.append(shown.post.deleted_at)
    return tid(max(changed), standing.account.key)


def _required(query: QueryParams, name: str) -> str:
    value = query.get(name)
    if not value:
        raise XrpcError(f'Error: Params must have the property "{name}"')
    return value


def _limit(query: QueryParams) -> int:
    value = query.get("limit", "50")
    if not re.fullmatch(r"\d{1,9}", value):
        raise XrpcError("Error: limit must be an integer")
    if not 1 <= int(value) <= 100:
        raise XrpcError("Error: limit can not be greater than 100 or less than 1")
    return int(value)


def _boolean(query: QueryParams, name: str) -> bool:
    value = query.get(name, "false")
    if value not in ("true", "false"):
        raise XrpcError(f"Error: {name} must be a boolean")
    return value == "true"
