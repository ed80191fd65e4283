"""The ASGI application in front of the stand-ins: sends each port's requests to its platform, lays faults over answers.

A separate process steers it through `/_sandbox` on any of the ports.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import Faults
from nightrounds.sandbox.pictures import picture_of
from nightrounds.sandbox.view import Scene, night_starts, view_of

PICTURES = "pictures"  # the port that stands in for every host of profile pictures
HUGE_BODY = 96 * 2**20  # bytes, more than any reader should take
_CHUNK = b'{"data":"' + b"A" * 65_536
_MOST_STEERING = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in. Tests look here for tokens in addresses and for readers who ask too much."""

    platform: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int


class Front:
    """`ports` maps a listening port to its platform; `describe` gives what `GET /_sandbox` tells."""

    def __init__(self, stand_ins: Mapping[str, StandIn], night: int) -> None:
        self.stand_ins = stand_ins
        self.faults = Faults(stand_ins)
        self.night = night
        self.slow_for_s = 30.0  # how long a slow body takes
        self.ports: dict[int, str] = {}
        self.seen: deque[Seen] = deque(maxlen=10_000)
        self.describe: Callable[[], dict[str, Any]] = dict

    @property
    def night(self) -> int:
        return self._night

    @night.setter
    def night(self, night: int) -> None:
        self._starts_at, self._set_at, self._night = night_starts(night), time.monotonic(), night

    def clock(self) -> datetime:
        """The night's beginning and the real time since it was set."""
        return self._starts_at + timedelta(seconds=time.monotonic() - self._set_at)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        platform = self.ports[scope["server"][1]]
        if request.url.path == "/_sandbox" or request.url.path.startswith("/_sandbox/"):
            response = self._response(await self._steered(request))
        elif platform == PICTURES:
            response = Response(picture_of(request.url.path), media_type="image/png")
        else:
            response = self._answered(platform, request, await request.body())
        response.headers["date"] = format_datetime(self.clock(), usegmt=True)
        await response(scope, receive, send)

    def _answered(self, platform: str, request: Request, body: bytes) -> Response:
        stand_in, scene = self.stand_ins[platform], Scene(view_of(self.night), self.clock(), body=body)
        keys = stand_in.concerned(request, scene)
        scene = replace(scene, shut=self.faults.states(platform, keys))
        kind = self.faults.take(platform, keys)
        if request.method not in stand_in.methods:
            answer = Answer(b"", 405)
        elif kind in (None, "slow_body", "truncated_json", "huge_body"):
            answer = stand_in.answer(request, scene)
        else:
            answer = stand_in.failure(str(kind), request, scene)
        url = request.url
        self.seen.append(Seen(platform, request.method, url.path, url.query, dict(request.headers), answer.status))
        if kind == "huge_body":
            return StreamingResponse(_endless(), answer.status, media_type=answer.media_type)
        if kind == "slow_body":
            headers = {**answer.headers, "content-length": str(len(answer.body))}
            return StreamingResponse(_dribble(answer.body, self.slow_for_s), answer.status, headers, answer.media_type)
        if kind == "truncated_json":
            answer = Answer(answer.body[: len(answer.body) // 2], answer.status, answer.media_type, answer.headers)
        return self._response(answer)

    @staticmethod
    def _response(answer: Answer) -> Response:
        return Response(answer.body, answer.status, dict(answer.headers) | {"content-type": answer.media_type})

    async def _steered(self, request: Request) -> Answer:
        """`GET /_sandbox` tells all; `POST /_sandbox/night {"night": 2}`; `POST` or `DELETE /_sandbox/fault`."""
        path, method = request.url.path, request.method
        try:
            if (method, path) == ("GET", "/_sandbox"):
                return json_answer(self.describe())
            if (method, path) == ("DELETE", "/_sandbox/fault"):
                self.faults.clear()
                return json_answer({"faults": 0})
            if (method, path) == ("POST", "/_sandbox/night"):
                self.night = (await _said(request)).get("night", 0)
                return json_answer({"night": self.night})
            if (method, path) == ("POST", "/_sandbox/fault"):
                said = await _said(request)
                self.lay(said.get("platform", ""), said.get("handle"), said.get("kind", ""), said.get("times"))
                return json_answer({"laid": True})
        except (ValueError, TypeError) as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer({"error": "see GET /_sandbox, POST /_sandbox/night, POST and DELETE /_sandbox/fault"}, 404)

    def lay(self, platform: str, handle: str | None, kind: str, times: int | None) -> None:
        """Lay a fault on a platform, or on the account of that handle. Raises ValueError."""
        key = None
        if handle is not None:
            accounts = [a for a in view_of(1).world.accounts if a.platform == platform]
            key = next((a.key for a in accounts if handle.casefold() == a.handle.casefold()), None)
            if key is None:
                raise ValueError("no account of that handle on that platform")
        self.faults.lay(platform, key, kind, times)


async def _said(request: Request) -> dict[str, Any]:
    body = await request.body()
    if len(body) > _MOST_STEERING:
        raise ValueError("too long")
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("expected an object")
    return data


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(HUGE_BODY // len(_CHUNK)):
        yield _CHUNK
        await asyncio.sleep(0)


async def _dribble(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    steps = max(2, min(40, len(body)))
    size = -(-len(body) // steps)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / steps)
        yield body[start : start + size]
