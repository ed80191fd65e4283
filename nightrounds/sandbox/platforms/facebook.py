"""Facebook's Graph API for a handful of Pages: nodes, `?ids=` and published posts behind cursors.

The token is taken from the Authorization header or from the query. `paging.next` always carries it, as a trap: whoever
keeps or follows that address has leaked a credential. An expired version is served as the oldest living one, and said so in
the `facebook-api-version` header.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.native_ids import page_id
from nightrounds.sandbox.platforms import _graph_objects as objects
from nightrounds.sandbox.platforms import _graph_problems as problems
from nightrounds.sandbox.platforms._graph_fields import Asked, FieldsError, parse_fields
from nightrounds.sandbox.platforms._graph_problems import GraphError
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Picture, State

GRAPH_TOKEN = "sandbox-EAAGm0PX4ZCpsBAKZCsandboxpage"  # noqa: S105 - opens nothing but the sandbox
OLDEST, NEWEST = (21, 0), (26, 0)
_VERSION = re.compile(r"v(\d{1,3})\.(\d)")
_NUMBER = re.compile(r"[0-9]{1,12}")
_EDGES = frozenset({"feed", "posts", "published_posts"})
_IDS_AT_ONCE = 50
_DEFAULT_PAGE = 25
_LARGEST_PAGE = 100
_HOURLY = 4800  # calls an hour, for the percentages in the usage headers
_DEFAULT_FIELDS = {
    "page": ("name", "id"),
    "post": ("created_time", "message", "story", "id"),
    "photo": ("created_time", "name", "id"),
}


class GraphApi(StandIn):
    """The stand-in."""

    platform = "facebook"
    title = "Facebook"

    def __init__(self, *, page_cap: int = 20) -> None:
        super().__init__(page_cap=page_cap)
        self._calls = 0

    def options(self, url: str) -> dict[str, Any]:
        return {"access_token": GRAPH_TOKEN, "base_url": url}

    def native_id(self, shown: Shown) -> str:
        return objects.id_of_post(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        said = {part.casefold() for part in request.url.path.split("/")}
        said |= {part.casefold() for part in request.query_params.get("ids", "").split(",")}
        said |= {part.split("_")[0] for part in said}
        return {
            standing.account.key
            for standing in scene.view.accounts("facebook")
            if {standing.handle.casefold(), objects.id_of_page(standing.account)} & said
        }

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        if kind == "html_error":
            return HTML_ERROR
        error = {
            "rate_limit": problems.page_limit,
            "rate_limit_no_reset": problems.application_limit,
            "token_dead": problems.expired,
            "permission": problems.no_permission,
            "server_error": problems.service_down,
            "transient_once": problems.service_down,
        }[kind]()
        answer = error.answer()
        usage = self._usage(request, scene, wait_min=15 if kind == "rate_limit" else 0, full=kind.startswith("rate_limit"))
        if kind == "rate_limit_no_reset":
            usage.pop("x-business-use-case-usage", None)
        return Answer(answer.body, answer.status, headers={**answer.headers, **usage, **self._version_headers(request)})

    def answer(self, request: Request, scene: Scene) -> Answer:
        self._calls += 1
        headers = self._version_headers(request) | self._usage(request, scene)
        try:
            self._check_token(request)
            return json_answer(self._body(request, scene), 200, headers)
        except GraphError as error:
            answer = error.answer()
            return Answer(answer.body, answer.status, headers={**answer.headers, **headers})

    def _check_token(self, request: Request) -> None:
        header = request.headers.get("authorization", "")
        token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else request.query_params.get("access_token")
        if not token:
            raise GraphError(104, "An access token is required to request this resource.")
        if token != GRAPH_TOKEN:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")

    def _version_headers(self, request: Request) -> dict[str, str]:
        trace = {"x-fb-trace-id": problems.trace_id(), "x-fb-rev": "1031000000", "cache-control": "private, no-cache, no-store"}
        return {"facebook-api-version": _served(request)} | trace

    def _usage(self, request: Request, scene: Scene, *, wait_min: int = 0, full: bool = False) -> dict[str, str]:
        percent = 100 if full else min(99, self._calls * 100 // _HOURLY)
        counts = {"call_count": percent, "total_cputime": percent // 2, "total_time": percent // 2}
        page = next(iter(sorted(self.concerned(request, scene))), None)
        headers = {"x-app-usage": json.dumps(counts)}
        if page is not None:
            owner = page_id(page)
            business = {"type": "pages", **counts, "estimated_time_to_regain_access": wait_min}
            headers["x-business-use-case-usage"] = json.dumps({owner: [business]})
        return headers

    def _body(self, request: Request, scene: Scene) -> dict[str, Any]:
        query = request.query_params
        parts = [part for part in request.url.path.split("/") if part]
        if parts and _VERSION.fullmatch(parts[0]):
            if _asked_version(request) > NEWEST:
                raise GraphError(2500, f"Unknown path components: /{parts[0]}")
            parts = parts[1:]
        try:
            asked = parse_fields(query["fields"]) if query.get("fields") else {}
        except FieldsError as error:
            message = f'(#2500) Syntax error "Expected end of string instead of character." at character {error.at}: fields'
            raise GraphError(2500, message) from None
        if not parts and "ids" in query:
            ids = [item for item in query["ids"].split(",") if item]
            if len(ids) > _IDS_AT_ONCE:
                raise GraphError(100, f"(#100) Too many IDs. Maximum: {_IDS_AT_ONCE}. Provided: {len(ids)}.")
            if not ids:
                raise GraphError(100, "(#100) The parameter ids is required")
            return {item: _node(scene, item, asked) for item in ids}
        if len(parts) == 1:
            return _node(scene, parts[0], asked)
        if len(parts) == 2 and parts[1] in _EDGES:
            return self._posts(request, scene, parts, asked)
        if len(parts) == 2:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({parts[1]}) on node type (Page)")
        raise GraphError(2500, f"Unknown path components: /{'/'.join(parts[2:])}")

    def _posts(self, request: Request, scene: Scene, parts: list[str], asked: dict[str, Asked]) -> dict[str, Any]:
        query = request.query_params
        standing = _page(scene, parts[0])
        limit = _limit(query.get("limit"))
        since, until = _moment(query.get("since"), scene.now), _moment(query.get("until"), scene.now)
        posts = [
            shown
            for shown in scene.view.by_posting(standing.account)
            if (since is None or shown.post.at >= since) and (until is None or shown.post.at <= until)
        ]
        start = _start(query.get("after"), posts)
        page = posts[start : start + min(limit, self.page_cap)]
        _check_fields(asked, objects.POST_FIELDS, "Post")
        asked = asked or {name: Asked() for name in _DEFAULT_FIELDS["post"]}
        body: dict[str, Any] = {"data": [objects.chosen(objects.post(scene, shown, asked), asked) for shown in page]}
        if page:
            body["paging"] = {"cursors": {"before": _cursor(page[0]), "after": _cursor(page[-1])}}
        if page and start + len(page) < len(posts):
            kept = {name: value for name, value in query.items() if name not in ("access_token", "before")}
            address = urlencode({"access_token": GRAPH_TOKEN} | kept | {"limit": limit, "after": _cursor(page[-1])})
            page_number = objects.id_of_page(standing.account)
            body["paging"]["next"] = f"https://graph.facebook.com/{_served(request)}/{page_number}/{parts[1]}?{address}"
        return body


def _asked_version(request: Request) -> tuple[int, int]:
    match = _VERSION.match(request.url.path.lstrip("/"))
    return (int(match[1]), int(match[2])) if match else OLDEST


def _served(request: Request) -> str:
    """The version that is served: an expired one is moved up to the oldest living one."""
    return "v{}.{}".format(*min(max(_asked_version(request), OLDEST), NEWEST))


def _page(scene: Scene, name: str) -> Standing:
    for standing in scene.accounts("facebook"):
        if name.casefold() in (standing.handle.casefold(), objects.id_of_page(standing.account)):
            if standing.state is State.LIVE:
                return standing
            raise problems.missing(name)
    raise problems.missing(name)


def _node(scene: Scene, name: str, asked: dict[str, Asked]) -> dict[str, Any]:
    """A Page by name or id, a post, or a photo."""
    if re.fullmatch(r"[0-9]+_[0-9]+", name):
        shown = _post(scene, name)
        _check_fields(asked, objects.POST_FIELDS, "Post")
        asked = asked or {field: Asked() for field in _DEFAULT_FIELDS["post"]}
        return objects.chosen(objects.post(scene, shown, asked), asked)
    if found := _photo(scene, name):
        _check_fields(asked, objects.PHOTO_FIELDS, "Photo")
        return objects.chosen(objects.photo(scene, *found), asked or {field: Asked() for field in _DEFAULT_FIELDS["photo"]})
    standing = _page(scene, name)
    _check_fields(asked, objects.PAGE_FIELDS, "Page")
    return objects.chosen(objects.page(standing), asked or {field: Asked() for field in _DEFAULT_FIELDS["page"]})


def _post(scene: Scene, name: str) -> Shown:
    for standing in scene.accounts("facebook"):
        if standing.state is State.LIVE:
            for shown in scene.view.posts(standing.account):
                if objects.id_of_post(shown) == name:
                    return shown
    raise problems.missing(name)


def _photo(scene: Scene, name: str) -> tuple[Shown, Picture] | None:
    for standing in scene.accounts("facebook"):
        if standing.state is State.LIVE:
            for shown in scene.view.posts(standing.account):
                for picture in shown.post.pictures:
                    if objects.id_of_photo(shown, picture) == name:
                        return shown, picture
    return None


def _check_fields(asked: Mapping[str, Asked], known: frozenset[str], node: str) -> None:
    for name in asked:
        if name in known:
            continue
        if node == "Post" and name in objects.RETIRED_POST_FIELDS:
            message = "(#12) deprecate_post_aggregated_fields_for_attachement is deprecated for versions v3.3 and higher"
            raise GraphError(12, message)
        raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})")


def _limit(value: str | None) -> int:
    if value is None:
        return _DEFAULT_PAGE
    if not _NUMBER.fullmatch(value):
        raise GraphError(100, "(#100) Param limit must be an integer greater than or equal to 0")
    if int(value) > _LARGEST_PAGE:
        raise GraphError(100, f"(#100) Param limit must be an integer less than or equal to {_LARGEST_PAGE}")
    return int(value)


def _moment(value: str | None, now: datetime) -> datetime | None:
    """`since` and `until`: seconds since 1970, or a date."""
    if not value:
        return None
    try:
        if _NUMBER.fullmatch(value):
            return datetime.fromtimestamp(int(value), UTC)
        moment = now if value == "now" else datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        raise GraphError(100, "(#100) Param since or until must be a valid date or a Unix timestamp") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _cursor(shown: Shown) -> str:
    return base64.urlsafe_b64encode(f"{shown.post.at.timestamp():.0f}:{objects.id_of_post(shown)}".encode()).decode()


def _start(cursor: str | None, posts: list[Shown]) -> int:
    """Where the page after a cursor begins; a cursor stays good when its own post is gone."""
    if not cursor:
        return 0
    try:
        seconds = float(base64.urlsafe_b64decode(cursor.encode()).decode().split(":")[0])
    except (binascii.Error, ValueError):
        raise GraphError(100, "(#100) Invalid cursors values: Invalid cursor") from None
    return sum(1 for shown in posts if shown.post.at.timestamp() >= seconds)
