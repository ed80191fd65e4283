"""LinkedIn's versioned API for a few organisation pages: organisations, posts by author behind start and count, batches.

Strict as the real one: a token, a living version, the Rest.li headers, and no parameter that a resource does not know. Our
member administers every page that is not shut.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _linkedin_objects as objects
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import State

LINKEDIN_TOKEN = "AQsandboxlinkedinadministrator"  # noqa: S105 - opens nothing but the sandbox
_LIFETIME = 12  # months of a version
_DEFAULT_COUNT, _LARGEST_COUNT = 10, 100
_NUMBER = re.compile(r"[0-9]{1,9}")
_LIST = re.compile(r"List\((.*)\)", re.DOTALL)
_AUTHOR = re.compile(r"urn:li:organization:([0-9]{1,12})")
_TAKEN = {
    ("organizations", "FINDER"): {"q", "vanityName", "start", "count"},
    ("organizations", "GET"): set[str](),
    ("posts", "FINDER"): {"q", "author", "start", "count", "sortBy", "isDsc"},
    ("posts", "BATCH_GET"): {"ids"},
    ("posts", "GET"): set[str](),
}


class LinkedInError(Exception):
    """An answer with an error."""

    def __init__(self, status: int, code: str, message: str, service: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"status": status, "code": code, "message": message}
        if service is not None:
            self.body["serviceErrorCode"] = service


class LinkedInApi(StandIn):
    """The stand-in."""

    platform = "linkedin"
    title = "LinkedIn"

    def options(self, url: str) -> dict[str, Any]:
        return {"access_token": LINKEDIN_TOKEN, "base_url": url}

    def native_id(self, shown: Shown) -> str:
        return objects.urn_of(shown)

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        query, parts = request.query_params, request.url.path.strip("/").split("/")
        said = {query.get("vanityName", "").casefold(), query.get("author", ""), parts[-1], *_ids(query.get("ids", ""))}
        return {
            standing.account.key
            for standing in scene.view.accounts("linkedin")
            if said
            & {standing.handle.casefold(), str(objects.page_number(standing.account)), objects.page_urn(standing.account)}
            or any(objects.urn_of(shown) in said for shown in scene.view.ever_posted(standing.account))
        }

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        if kind == "html_error":
            return HTML_ERROR
        limit = (429, "TOO_MANY_REQUESTS", "Resource level throttle APPLICATION_AND_MEMBER DAY limit is reached.", 101)
        told: dict[str, tuple[int, str, str, int | None]] = {
            "rate_limit": limit,
            "rate_limit_no_reset": limit,  # LinkedIn never tells when
            "token_dead": (401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65601),
            "permission": (403, "ACCESS_DENIED", "Not enough permissions to access: partnerApiPosts.FINDER-author", 100),
            "server_error": (500, "INTERNAL_SERVER_ERROR", "Internal Server Error", None),
            "transient_once": (503, "SERVICE_UNAVAILABLE", "Service Unavailable", None),
        }
        return _refusal(LinkedInError(*told[kind]))

    def answer(self, request: Request, scene: Scene) -> Answer:
        try:
            return json_answer(self._body(request, scene), 200, {"x-restli-protocol-version": "2.0.0"})
        except LinkedInError as error:
            return _refusal(error)

    def _body(self, request: Request, scene: Scene) -> dict[str, Any]:
        parts = [part for part in request.url.path.split("/") if part]
        if len(parts) not in (2, 3) or parts[0] != "rest" or parts[1] not in {"organizations", "posts"}:
            raise LinkedInError(404, "RESOURCE_NOT_FOUND", "No virtual resource found")
        _check_headers(request, scene)
        method = request.headers.get("x-restli-method", "")
        resource, query = parts[1], request.query_params
        taken = _TAKEN.get((resource, method))
        if taken is None or (len(parts) == 3) != (method == "GET"):
            raise LinkedInError(400, "ILLEGAL_ARGUMENT", "The method does not fit the resource")
        if not set(query) <= taken:
            raise LinkedInError(400, "QUERY_PARAM_NOT_ALLOWED", "Invalid query parameters passed to request")
        if resource == "organizations":
            return _organization(scene, parts[2]) if method == "GET" else _named(scene, query.get("vanityName", ""))
        if method == "GET":
            return _post(scene, parts[2])
        if method == "BATCH_GET":
            return _batch(scene, _ids(query.get("ids", "")))
        return self._posts(request, scene)

    def _posts(self, request: Request, scene: Scene) -> dict[str, Any]:
        query = request.query_params
        author = _AUTHOR.fullmatch(query.get("author", ""))
        if (
            query.get("q") != "author"
            or author is None
            or query.get("sortBy", "LAST_MODIFIED") not in {"LAST_MODIFIED", "CREATED"}
        ):
            raise LinkedInError(400, "INVALID_PARAM", "Invalid param")
        standing = _administered(scene, author[1])
        key = "createdAt" if query.get("sortBy") == "CREATED" else "lastModifiedAt"
        posts = sorted(_listed(scene, standing), key=lambda one: (one[key], one["id"]), reverse=True)
        start, count = _number(query.get("start"), 0), _number(query.get("count"), _DEFAULT_COUNT)
        if count > _LARGEST_COUNT:
            raise LinkedInError(400, "INVALID_PARAM", "count must not exceed 100")
        count = min(count, self.page_cap)
        links = []
        if start + count < len(posts):
            following = urlencode({"author": query["author"], "q": "author", "start": start + count, "count": count})
            links.append({"type": "application/json", "rel": "next", "href": f"/rest/posts?{following}"})
        paging = {"start": start, "count": count, "links": links, "total": len(posts)}
        return {"paging": paging, "elements": posts[start : start + count]}


def _check_headers(request: Request, scene: Scene) -> None:
    said = request.headers
    if said.get("authorization", "") == "":
        raise LinkedInError(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", 65604)
    if said.get("authorization") != f"Bearer {LINKEDIN_TOKEN}":
        raise LinkedInError(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
    version = said.get("linkedin-version", "")
    if not version:
        raise LinkedInError(400, "VERSION_MISSING", "A version must be present. Please specify a version")
    if not re.fullmatch(r"20[0-9]{2}(0[1-9]|1[0-2])", version):
        raise LinkedInError(400, "INVALID_VERSION", "Requested version is not well formed")
    age = (scene.now.year - int(version[:4])) * 12 + scene.now.month - int(version[4:])
    if not 0 <= age < _LIFETIME:
        raise LinkedInError(426, "NONEXISTENT_VERSION", f"Requested version {version}01 is not active")
    if said.get("x-restli-protocol-version") != "2.0.0":
        raise LinkedInError(400, "ILLEGAL_ARGUMENT", "Syntax exception in path variables")


def _refusal(error: LinkedInError) -> Answer:
    return json_answer(error.body, error.status, {"x-restli-error-response": "true", "x-restli-protocol-version": "2.0.0"})


def _ids(value: str) -> list[str]:
    match = _LIST.fullmatch(value)
    return [item for item in match[1].split(",") if item] if match else []


def _number(value: str | None, default: int) -> int:
    if value is None:
        return default
    if not _NUMBER.fullmatch(value):
        raise LinkedInError(400, "INVALID_PARAM", "Invalid param: expected an integer")
    return int(value)


def _administered(scene: Scene, number: str) -> Standing:
    for standing in scene.accounts("linkedin"):
        if str(objects.page_number(standing.account)) == number:
            if standing.state is State.LIVE:
                return standing
            if standing.state is State.GONE:
                break
            raise LinkedInError(403, "ACCESS_DENIED", "Member does not have permission to access this organization", 100)
    raise LinkedInError(404, "NOT_FOUND", "Could not find entity")


def _organization(scene: Scene, number: str) -> dict[str, Any]:
    return objects.organization(_administered(scene, number), administered=True)


def _named(scene: Scene, name: str) -> dict[str, Any]:
    found = [
        objects.organization(standing, administered=False)
        for standing in scene.accounts("linkedin")
        if standing.handle.casefold() == name.casefold() and standing.state is not State.GONE
    ]
    return {"paging": {"start": 0, "count": 10, "links": [], "total": len(found)}, "elements": found}


def _listed(scene: Scene, standing: Standing) -> list[dict[str, Any]]:
    shown = [one for one in scene.view.ever_posted(standing.account) if not one.gone or "hidden_as" in one.post.extra]
    return [*(objects.post(scene, one) for one in shown), *objects.unpublished(standing.account)]


def _post(scene: Scene, urn: str) -> dict[str, Any]:
    for standing in scene.accounts("linkedin"):
        for one in _listed(scene, standing):
            if one["id"] == urn:
                if standing.state is not State.LIVE:
                    raise LinkedInError(403, "ACCESS_DENIED", "Not enough permissions to access this post", 100)
                return one
    raise LinkedInError(404, "NOT_FOUND", "Could not find entity")


def _batch(scene: Scene, ids: list[str]) -> dict[str, Any]:
    if not ids:
        raise LinkedInError(400, "ILLEGAL_ARGUMENT", "ids: expected List(...)")
    results: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for urn in ids:
        try:
            results[urn] = _post(scene, urn)
        except LinkedInError as error:
            errors[urn] = error.body
    statuses = dict.fromkeys(results, 200) | {urn: body["status"] for urn, body in errors.items()}
    return {"results": results, "statuses": statuses, "errors": errors}
