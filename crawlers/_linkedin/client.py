"""LinkedIn's versioned API through its own client, linkedin-api-client 0.3.0, made safe to use.

The client knows one host, no time-out and no size limit, raises for no status and sends what it prepared itself, past a
session's hooks. So it is given a session of ours, and answers are judged here. Questions stay below the 4000 characters from
which on it would hide them in a POST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version as version_of
from typing import Any, TypedDict, TypeGuard

import requests
from linkedin_api.clients.restli.client import RestliClient

from core.seams import Meter
from crawlers._exchange import Answer, Exchange
from crawlers._linkedin.errors import judge
from crawlers._rebase import rebased_session

COLLECTOR = f"linkedin_pages 1, linkedin-api-client {version_of('linkedin-api-client')}"
MAX_IDS = 50  # of one lookup: 50 encoded URNs are some 2200 characters
_LIBRARY_URL = "https://api.linkedin.com/"


class _PreparedSession:
    """What the client takes for its session: our own, whose hooks it would pass by."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        request.hooks = {"response": list(self._session.hooks["response"])}
        return self._session.send(request)


class Place(TypedDict):
    """Where a stretch of posts begins: at which of them, and the time (milliseconds since 1970) that it must reach up to."""

    start: int
    lowest: int | None


def is_place(value: object) -> TypeGuard[Place]:
    if not isinstance(value, Mapping):
        return False
    start, lowest = value.get("start"), value.get("lowest")
    return isinstance(start, int) and start >= 0 and (lowest is None or isinstance(lowest, int))


class LinkedInClient:
    """Asks LinkedIn with one member's token. Every method raises CrawlError and returns an answer that holds no error."""

    def __init__(
        self,
        *,
        token: str,
        version: str,
        base_url: str,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._session = rebased_session(_LIBRARY_URL, base_url, seconds=timeout)
        self._clock = clock
        self._client = RestliClient()
        self._client.session = _PreparedSession(self._session)
        self._common = {"access_token": token, "version_string": version}
        self._exchange = Exchange("LinkedIn", self._session, collector=COLLECTOR, secrets=[token], clock=clock, sleep=sleep)

    def read_for(self, meter: Meter) -> None:
        """Charge what is asked from now on to this meter."""
        self._exchange.meter = meter

    def organization(self, native_id: str) -> Answer:
        """A page by its number. LinkedIn tells it to its administrators alone."""
        return self._ask(
            lambda: self._client.get(resource_path="/organizations/{id}", path_keys={"id": int(native_id)}, **self._common)
        )

    def by_vanity_name(self, name: str) -> Answer:
        """The pages of that name, in a list of one or none."""
        asked = {"vanityName": name}
        return self._ask(
            lambda: self._client.finder(
                resource_path="/organizations", finder_name="vanityName", query_params=asked, **self._common
            )
        )

    def posts(self, author: str, *, start: int, count: int) -> Answer:
        """One stretch of a page's posts, last changed first. `author` is the page's URN."""
        asked: dict[str, Any] = {"author": author, "start": start, "count": count, "sortBy": "LAST_MODIFIED"}
        return self._ask(
            lambda: self._client.finder(resource_path="/posts", finder_name="author", query_params=asked, **self._common)
        )

    def lookup(self, ids: Sequence[str]) -> Answer:
        """Posts by URN, at most MAX_IDS; each has its own result or error in the answer."""
        return self._ask(lambda: self._client.batch_get(resource_path="/posts", ids=list(ids), **self._common))

    def post(self, native_id: str) -> Answer:
        """One post by URN: its permalink, so to say. The answer's status may be 403 or 404 too."""
        return self._ask(
            lambda: self._client.get(resource_path="/posts/{id}", path_keys={"id": native_id}, **self._common),
            also=(403, 404),
        )

    def close(self) -> None:
        self._session.close()

    def _ask(self, call: Callable[[], object], also: Sequence[int] = ()) -> Answer:
        def check(answer: Answer) -> None:
            if not (answer.status in also and answer.is_json):
                judge(answer, now=self._clock())

        return self._exchange.ask(call, check)
