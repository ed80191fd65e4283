"""Threads' API: public profiles by name for a token with discovery, posts and replies of its own account for any other.

A looked-up profile tells no id, and one with fewer than 100 followers is not shown. Accounts whose `extra` says `own_token`
have one. `paging.next` carries the token, as a trap: whoever keeps or follows that address has leaked a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from nightrounds.sandbox.platforms import _threads_objects as objects
from nightrounds.sandbox.platforms._graph_base import (
    GraphStandIn,
    asked_fields,
    check_fields,
    check_parameters,
    cursor_of,
    page_of,
    refuse_token,
)
from nightrounds.sandbox.platforms._graph_fields import Asked
from nightrounds.sandbox.platforms._graph_objects import chosen
from nightrounds.sandbox.platforms._graph_problems import UNSUPPORTED, GraphError
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import State, WorldAccount, load_world

THREADS_TOKEN = "sandbox-THAAdiscoverypublicprofiles"  # noqa: S105 - opens nothing but the sandbox
_FOLLOWERS = 100
_PAGING = ("limit", "after")


def own_token(account: WorldAccount) -> str:
    return f"sandbox-THAAown-{account.key}"


def _limited() -> GraphError:
    return GraphError(4, "Application request limit reached", status=403, subcode=1349210)


def _forbidden() -> GraphError:
    return GraphError(10, "Application does not have permission for this action", subcode=4279067)


def _nobody() -> GraphError:
    return GraphError(24, "The requested resource does not exist", subcode=4279009)


def _unseen(node: str) -> GraphError:
    return GraphError(100, UNSUPPORTED.format(node), subcode=33, kind="THApiException")


class ThreadsApi(GraphStandIn):
    """The stand-in."""

    platform = "threads"
    title = "Threads"
    limited = staticmethod(_limited)
    forbidden = staticmethod(_forbidden)

    def options(self, url: str) -> dict[str, Any]:
        own = {account.handle: own_token(account) for account in load_world().of("threads") if account.extra.get("own_token")}
        return {"access_token": THREADS_TOKEN, "own_tokens": own, "base_url": url}

    def native_id(self, shown: Shown) -> str:
        return objects.id_of_post(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        name = request.query_params.get("username", "").casefold()
        token = _shown_token(request)
        return {
            one.account.key
            for one in scene.view.accounts("threads")
            if (one.handle.casefold() == name if name else token == own_token(one.account))
        }

    def body(self, request: Request, scene: Scene, token: str) -> dict[str, Any]:
        owner = next((one for one in scene.accounts("threads") if token == own_token(one.account)), None)
        if token != THREADS_TOKEN and (owner is None or not owner.account.extra.get("own_token")):
            raise refuse_token()
        parts = [part for part in request.url.path.split("/") if part]
        if not parts or parts[0] != "v1.0" or len(parts) not in (2, 3):
            raise GraphError(2500, "Unknown path components: /" + "/".join(parts))
        asked = asked_fields(request)
        if parts[1] in {"profile_lookup", "profile_posts"} and len(parts) == 2:
            if owner:
                raise _forbidden()
            return self._discovered(request, scene, parts[1], asked)
        if owner is None or owner.state is not State.LIVE:
            raise _unseen(parts[1])
        return self._own(request, scene, owner, parts[1:], asked)

    def _discovered(self, request: Request, scene: Scene, what: str, asked: dict[str, Asked]) -> dict[str, Any]:
        check_parameters(request, ("username", *(_PAGING if what == "profile_posts" else ())))
        standing = _public(scene, request.query_params.get("username", ""))
        if what == "profile_lookup":
            check_fields(asked, objects.LOOKUP_FIELDS, "ThreadsPublicProfile")
            profile = objects.public_profile(standing)
            return chosen(profile, asked) if asked else profile
        posts = [shown for shown in scene.view.by_posting(standing.account) if shown.post.reply_to is None]
        check_fields(asked, objects.POST_FIELDS, "ThreadsMedia")
        return self._page(request, scene, posts, asked)

    def _own(
        self, request: Request, scene: Scene, owner: Standing, parts: list[str], asked: dict[str, Asked]
    ) -> dict[str, Any]:
        own_id = objects.id_of_user(owner.account)
        posts = scene.view.by_posting(owner.account)
        if parts[0] not in {"me", own_id}:
            return _own_post(scene, posts, parts, asked)
        if len(parts) == 1:
            check_parameters(request, ())
            check_fields(asked, objects.OWN_FIELDS, "ThreadsUser")
            return chosen(objects.own_profile(owner), asked)
        check_parameters(request, _PAGING)
        if parts[1] not in {"threads", "replies"}:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({parts[1]}) on node type (ThreadsUser)")
        is_replies = parts[1] == "replies"
        check_fields(asked, objects.REPLY_FIELDS if is_replies else objects.OWN_POST_FIELDS, "ThreadsMedia")
        return self._page(request, scene, [one for one in posts if (one.post.reply_to is not None) == is_replies], asked)

    def _page(self, request: Request, scene: Scene, posts: list[Shown], asked: dict[str, Asked]) -> dict[str, Any]:
        check_fields(asked.get("children", Asked()).inner, objects.CHILD_FIELDS, "ThreadsMedia")
        query = request.query_params
        page, _, has_after = page_of(posts, limit=query.get("limit"), after=query.get("after"), cap=self.page_cap)
        body: dict[str, Any] = {"data": [chosen(objects.post(scene, shown), asked) for shown in page]}
        if page:
            body["paging"] = {"cursors": {"before": cursor_of(page[0]), "after": cursor_of(page[-1])}}
        if has_after:
            kept = {name: value for name, value in query.items() if name not in ("access_token", "after")}
            address = urlencode({"access_token": _shown_token(request)} | kept | {"after": cursor_of(page[-1])})
            body["paging"]["next"] = f"https://graph.threads.net{request.url.path}?{address}"
        return body


def _shown_token(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get("access_token", "")


def _public(scene: Scene, name: str) -> Standing:
    for standing in scene.accounts("threads"):
        seen = standing.state is State.LIVE and standing.account.followers >= _FOLLOWERS
        if seen and standing.handle.casefold() == name.casefold():
            return standing
    raise _nobody()


def _own_post(scene: Scene, posts: list[Shown], parts: list[str], asked: Mapping[str, Asked]) -> dict[str, Any]:
    found = [shown for shown in posts if objects.id_of_post(shown) == parts[0]]
    if not found or len(parts) != 1:
        raise _unseen(parts[0])
    check_fields(asked, objects.OWN_POST_FIELDS | objects.REPLY_FIELDS, "ThreadsMedia")
    return chosen(objects.post(scene, found[0]), dict(asked))
