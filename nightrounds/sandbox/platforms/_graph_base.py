"""What Instagram's and Threads' stand-ins share: tokens, cursors that hold a time, usage headers, faults in Graph's words."""

from __future__ import annotations

import base64
import binascii
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import HTML_ERROR
from nightrounds.sandbox.platforms import _graph_problems as problems
from nightrounds.sandbox.platforms._graph_fields import Asked, FieldsError, parse_fields
from nightrounds.sandbox.platforms._graph_problems import GraphError
from nightrounds.sandbox.view import Scene, Shown

_HOURLY = 4800  # calls an hour, for the percentages in the usage headers
_LARGEST_PAGE = 100
_NUMBER = re.compile(r"[0-9]{1,12}")


class GraphStandIn(StandIn):
    """One of Graph's services. `limited` and `forbidden` are its own refusals."""

    limited: Callable[[], GraphError]
    forbidden: Callable[[], GraphError]

    def __init__(self, *, page_cap: int = 20) -> None:
        super().__init__(page_cap=page_cap)
        self._calls = 0

    @abstractmethod
    def body(self, request: Request, scene: Scene, token: str) -> dict[str, Any]:
        """What is answered to the holder of a token. Raises GraphError."""

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        if kind == "html_error":
            return HTML_ERROR
        make: dict[str, Callable[[], GraphError]] = {
            "rate_limit": type(self).limited,
            "rate_limit_no_reset": problems.application_limit,
            "token_dead": problems.expired,
            "permission": type(self).forbidden,
            "server_error": problems.service_down,
            "transient_once": problems.service_down,
        }
        answer = make[kind]().answer()
        told = self._headers(full=kind.startswith("rate_limit"), wait_min=15 if kind == "rate_limit" else 0)
        if kind == "rate_limit_no_reset":
            told.pop("x-business-use-case-usage")
        return Answer(answer.body, answer.status, headers={**answer.headers, **told})

    def answer(self, request: Request, scene: Scene) -> Answer:
        self._calls += 1
        headers = self._headers()
        try:
            return json_answer(self.body(request, scene, _token(request)), 200, headers)
        except GraphError as error:
            answer = error.answer()
            return Answer(answer.body, answer.status, headers={**answer.headers, **headers})

    def _headers(self, *, full: bool = False, wait_min: int = 0) -> dict[str, str]:
        percent = 100 if full else min(90, self._calls * 100 // _HOURLY)
        counts = {"call_count": percent, "total_cputime": percent // 2, "total_time": percent // 2}
        business = {"type": self.platform, **counts, "estimated_time_to_regain_access": wait_min}
        return {
            "x-app-usage": json.dumps(counts),
            "x-business-use-case-usage": json.dumps({"100000000000001": [business]}),
            "x-fb-trace-id": problems.trace_id(),
        }


def _token(request: Request) -> str:
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else request.query_params.get("access_token")
    if not token:
        raise GraphError(104, "An access token is required to request this resource.")
    return token


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def refuse_token() -> GraphError:
    return GraphError(190, "Invalid OAuth access token - Cannot parse access token")


def asked_fields(request: Request) -> dict[str, Asked]:
    expression = request.query_params.get("fields")
    try:
        return parse_fields(expression) if expression else {}
    except FieldsError as error:
        message = f'(#2500) Syntax error "Expected end of string instead of character." at character {error.at}: fields'
        raise GraphError(2500, message) from None


def check_parameters(request: Request, allowed: Iterable[str]) -> None:
    """Refuse what this question does not take."""
    for name in request.query_params:
        if name not in {"access_token", "appsecret_proof", "fields", *allowed}:
            raise GraphError(100, f"(#100) Param {name} is not supported here")


def check_fields(asked: Mapping[str, Asked], known: Iterable[str], node: str) -> None:
    for name in asked:
        if name not in known:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})")


def page_of(posts: Sequence[Shown], *, limit: str | None, after: str | None, cap: int) -> tuple[Sequence[Shown], bool, bool]:
    """The posts of a page, and whether there are some before and after it. A cursor stays good when its own post is gone."""
    wanted = 25 if limit is None else int(limit) if _NUMBER.fullmatch(limit) else -1
    if not 0 < wanted <= _LARGEST_PAGE:
        raise GraphError(100, f"(#100) Param limit must be an integer between 1 and {_LARGEST_PAGE}")
    start = 0
    if after:
        try:
            seconds = float(base64.urlsafe_b64decode(after.encode()).decode().split(":")[0])
        except (binascii.Error, ValueError):
            raise GraphError(100, "(#100) Invalid cursors values: Invalid cursor") from None
        start = sum(1 for shown in posts if shown.post.at.timestamp() >= seconds)
    page = posts[start : start + min(wanted, cap)]
    return page, start > 0, start + len(page) < len(posts)


def cursor_of(shown: Shown) -> str:
    return base64.urlsafe_b64encode(f"{shown.post.at.timestamp():.0f}:{shown.post.id}".encode()).decode()
