"""What a stand-in answers: a status, headers and a body, before any fault is laid over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request

from nightrounds.sandbox.view import Scene, View


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, whole."""

    body: bytes
    status: int = 200
    media_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """JSON as the large platforms write it: no spaces, no escaped letters."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, status, headers=headers or {})


class StandIn(Protocol):
    """One platform's stand-in. Accounts are named by the world's keys."""

    def concerned(self, request: Request, view: View) -> set[str]:
        """Keys of the accounts that a request asks about, so that a fault can be laid on one of them."""

    def answer(self, request: Request, scene: Scene) -> Answer:
        """What the platform answers."""

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        """What the platform answers under a fault of that kind."""
