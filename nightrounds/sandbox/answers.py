"""What a stand-in answers: a status, headers and a body, before any fault is laid over it."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from starlette.requests import Request

from nightrounds.sandbox.view import Scene, Shown


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


class StandIn(abc.ABC):
    """One platform's stand-in: a module of `platforms/`, found by importing it. Accounts are named by the world's keys.

    `page_cap` is the most that one page of a listing holds, whatever was asked for: platforms may give fewer.
    """

    platform: ClassVar[str]  # the crawler's own word
    title: ClassVar[str]
    methods: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD"})  # all others are answered with 405
    never: ClassVar[frozenset[str]] = frozenset({"usage_capped"})  # faults that this platform does not know

    def __init__(self, *, page_cap: int = 20) -> None:
        self.page_cap = page_cap

    @abc.abstractmethod
    def concerned(self, request: Request, scene: Scene) -> set[str]:
        """Keys of the accounts that a request asks about, so that a fault can be laid on one of them."""

    @abc.abstractmethod
    def answer(self, request: Request, scene: Scene) -> Answer:
        """What the platform answers. `scene.body` is what the request brought."""

    @abc.abstractmethod
    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        """What the platform answers under a fault of that kind."""

    @abc.abstractmethod
    def options(self, url: str) -> dict[str, Any]:
        """What belongs in `Settings.platforms` for this platform, when the stand-in listens at `url`."""

    @abc.abstractmethod
    def native_id(self, shown: Shown) -> str:
        """The id under which the crawler keeps a post."""
