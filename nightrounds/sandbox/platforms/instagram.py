"""Instagram's business discovery: professional accounts seen through one of ours, media behind cursors inside of the expansion.

The account whose `extra` says `ours` is the one that asks; its own media, and nobody else's, can be read by id. A name that
nobody has, that of a personal account and that of a closed one get the same refusal. `paging.next` carries the token, as a
trap: whoever keeps or follows that address has leaked a credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from nightrounds.sandbox.platforms import _instagram_objects as objects
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

INSTAGRAM_TOKEN = "sandbox-EAAGm0PX4ZCpsBAInstagram"  # noqa: S105 - opens nothing but the sandbox
_SERVED = re.compile(r"v2[1-6]\.0")
_USERNAME = re.compile(r"business_discovery\.username\(([^(){}]*)\)")


def _limited() -> GraphError:
    message = "There have been too many calls to this Instagram account. Wait a bit and try again."
    return GraphError(80002, message, subcode=2446079)


def _forbidden() -> GraphError:
    return GraphError(10, "(#10) Application does not have permission for this action", status=403)


def _nobody() -> GraphError:
    return GraphError(110, "Invalid user id", subcode=2207013)


def _unseen(node: str) -> GraphError:
    return GraphError(100, UNSUPPORTED.format(node), subcode=33, kind="GraphMethodException")


class InstagramApi(GraphStandIn):
    """The stand-in."""

    platform = "instagram"
    title = "Instagram"
    limited = staticmethod(_limited)
    forbidden = staticmethod(_forbidden)

    def options(self, url: str) -> dict[str, Any]:
        return {"access_token": INSTAGRAM_TOKEN, "ig_user_id": objects.id_of_user(_ours()), "base_url": url}

    def native_id(self, shown: Shown) -> str:
        return objects.id_of_media(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        name = _USERNAME.search(request.query_params.get("fields", ""))
        if name is None:
            return {_ours().key}
        return {one.account.key for one in scene.view.accounts("instagram") if one.handle.casefold() == name[1].casefold()}

    def body(self, request: Request, scene: Scene, token: str) -> dict[str, Any]:
        if token != INSTAGRAM_TOKEN:
            raise refuse_token()
        check_parameters(request, ())
        parts = [part for part in request.url.path.split("/") if part]
        if len(parts) != 2 or not _SERVED.fullmatch(parts[0]):
            raise GraphError(2500, "Unknown path components: /" + "/".join(parts))
        asked, node = asked_fields(request), parts[1]
        if node != objects.id_of_user(_ours()):
            return _own_media(scene, node, asked)
        check_fields(asked, {"business_discovery", "id", "username"}, "InstagramUser")
        ours = scene.standing(_ours())
        answer: dict[str, Any] = {"id": node} | ({"username": ours.handle} if "username" in asked else {})
        if "business_discovery" in asked:
            answer["business_discovery"] = self._discovered(scene, asked["business_discovery"], request)
        return answer

    def _discovered(self, scene: Scene, wish: Asked, request: Request) -> dict[str, Any]:
        if set(wish.modifiers) != {"username"}:
            raise GraphError(100, "(#100) The parameter username is required")
        standing = _professional(scene, wish.modifiers["username"])
        check_fields(wish.inner, objects.USER_FIELDS, "ShadowIGUser")
        posts = scene.view.by_posting(standing.account)
        data = chosen(objects.user(standing, len(posts)), dict(wish.inner))
        if "media" in wish.inner and posts:
            data["media"] = self._media(posts, wish.inner["media"], request)
        return data

    def _media(self, posts: list[Shown], wish: Asked, request: Request) -> dict[str, Any]:
        if not set(wish.modifiers) <= {"limit", "after"}:
            raise GraphError(100, "(#100) Unsupported modifier on media")
        fields = dict(wish.inner)
        _check_media_fields(fields)
        page, has_before, has_after = page_of(
            posts, limit=wish.modifiers.get("limit"), after=wish.modifiers.get("after"), cap=self.page_cap
        )
        is_ours = posts[0].account.key == _ours().key
        body: dict[str, Any] = {"data": [chosen(objects.media(shown, is_ours=is_ours), fields) for shown in page]}
        paging: dict[str, Any] = {"cursors": {}}
        if has_before and page:
            paging["cursors"]["before"] = cursor_of(page[0])
        if has_after:
            paging["cursors"]["after"] = cursor_of(page[-1])
            query = urlencode({"access_token": INSTAGRAM_TOKEN, "pretty": 0, "after": cursor_of(page[-1])})
            paging["next"] = f"https://graph.facebook.com{request.url.path}?{query}"
        return body | ({"paging": paging} if paging["cursors"] else {})


def _ours() -> WorldAccount:
    return next(account for account in load_world().of("instagram") if account.extra.get("ours"))


def _professional(scene: Scene, name: str) -> Standing:
    for standing in scene.accounts("instagram"):
        if standing.handle.casefold() == name.casefold() and standing.state is State.LIVE:
            return standing
    raise _nobody()


def _own_media(scene: Scene, node: str, asked: Mapping[str, Asked]) -> dict[str, Any]:
    standing = scene.standing(_ours())
    found = [shown for shown in scene.view.by_posting(standing.account) if objects.id_of_media(shown) == node]
    if not found or standing.state is not State.LIVE:
        raise _unseen(node)
    _check_media_fields(asked)
    return chosen(objects.media(found[0], is_ours=True), dict(asked))


def _check_media_fields(asked: Mapping[str, Asked]) -> None:
    check_fields(asked, objects.MEDIA_FIELDS, "ShadowIGMedia")
    check_fields(asked.get("children", Asked()).inner, objects.CHILD_FIELDS, "ShadowIGMedia")
