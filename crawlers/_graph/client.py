"""Meta's Graph API, of Facebook, Instagram and Threads, through facebook-sdk 3.1.0, wrapped so that it is safe to use.

The library is from 2018: it refuses every version of today, knows Facebook's host alone and no way to send the token but in
addresses, and drops HTTP status and headers. So it is built with a version that it accepts and then told ours, our own session
sends its questions to the base URL with the token in the Authorization header, and answers are judged here. Its
`get_all_connections` and Graph's `paging.next` are never used: both carry a token in the address.
"""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard
from urllib.parse import parse_qs, urlsplit

from core.errors import ParseError, PlatformDown, RateLimited
from core.seams import Meter
from crawlers._exchange import Answer, Exchange
from crawlers._graph.errors import NodeUnseen, Service, judge
from crawlers._graph.usage import Usage, usage_of
from crawlers._rebase import rebased_session
from crawlers._strict import mapping

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # facebook-sdk has a "\d" outside of a raw string
    import facebook

MAX_IDS = 50  # of one lookup
_STOP_AT = 95  # per cent of a limit; Graph refuses, and may punish, at 100
_LONGEST_PLACE = 2000  # characters
_LIBRARY_URL = "https://graph.facebook.com/"
_PLACES = ("after", "until", "__paging_token")  # parameters that say where a page begins

Place = Mapping[str, str]  # those parameters of one page


class GraphClient:
    """Asks Graph with one token. Every method raises CrawlError and returns an answer that holds no error."""

    def __init__(
        self,
        service: Service,
        *,
        token: str,
        app_secret: str,
        version: str,
        base_url: str,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        session = rebased_session(_LIBRARY_URL, base_url, seconds=timeout)
        session.headers["Authorization"] = f"Bearer {token}"
        self._session = session
        self._service = service
        self._clock = clock
        self.version = version
        self._graph = facebook.GraphAPI(access_token=None, version="3.1", session=session, timeout=timeout)
        self._graph.version = version
        proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest() if app_secret else ""
        self._proof = {"appsecret_proof": proof} if proof else {}
        secrets = [secret for secret in (token, app_secret, proof) if secret]
        collector = f"{service.collector}, facebook-sdk {facebook.__version__}"
        self._exchange = Exchange(service.name, session, collector=collector, secrets=secrets, clock=clock, sleep=sleep)
        self._wall: Usage | None = None

    def read_for(self, meter: Meter) -> None:
        """Put the questions that follow to this meter: that of the account being read."""
        self._exchange.meter = meter

    def node(self, node_id: str, fields: str = "", **parameters: Any) -> Answer:
        """One node, or what stands at the root of the API."""
        asked = {"fields": fields} if fields else {}
        return self._ask(lambda: self._graph.get_object(node_id, **asked, **parameters, **self._proof))

    def nodes(self, ids: Sequence[str], fields: str) -> Answer:
        """Several nodes by id, at most MAX_IDS; one that can't be read fails the whole question."""
        return self._ask(lambda: self._graph.get_objects(list(ids), fields=fields, **self._proof))

    def edge(self, node_id: str, edge: str, **parameters: Any) -> Answer:
        """One page of what hangs on a node."""
        return self._ask(lambda: self._graph.get_connections(node_id, edge, **parameters, **self._proof))

    def served_version(self, answer: Answer) -> str:
        """The version that Graph answered in if it is not the one asked for (it moves retired ones up in silence), else ''."""
        served = answer.headers.get("facebook-api-version", self.version)
        return "" if served == self.version else served[:8]

    def close(self) -> None:
        self._session.close()

    def _ask(self, call: Callable[[], object]) -> Answer:
        now = self._clock()
        if self._wall and now < self._wall.until:
            raise RateLimited(
                f"{self._service.name}: {self._wall.percent} % of a limit is used; stopped before the wall",
                until=self._wall.until,
            )
        answer = self._exchange.ask(call, self._judge)
        usage = usage_of(answer.headers, now=now)
        self._wall = usage if usage.percent >= _STOP_AT else None
        return answer

    def _judge(self, answer: Answer) -> None:
        if not answer.is_json:
            raise PlatformDown(f"{self._service.name} answered with something other than JSON ({answer.status})")
        try:
            judge(self._service, answer.status, answer.json(), usage_of(answer.headers, now=self._clock()))
        except NodeUnseen as unseen:
            unseen.raw = answer.raw
            raise


def is_place(value: object) -> TypeGuard[Place]:
    return isinstance(value, Mapping) and all(name in _PLACES and isinstance(place, str) for name, place in value.items())


def onward(answer: Mapping[str, Any]) -> Place | None:
    """The parameters that lead to the next page, None on the last one. Raises ParseError for a page without a place.

    Graph leaves `next` out of the last page's paging. It is read only for that, and for the place of a page where there are
    no cursors; the token that it carries is never touched.
    """
    paging = mapping(answer, "paging")
    following = paging.get("next")
    if following is None:
        return None
    after = mapping(paging, "cursors").get("after")
    place = {"after": after} if isinstance(after, str) and after else _place_in(following)
    if not place or any(len(value) > _LONGEST_PLACE for value in place.values()):
        raise ParseError("the platform says that a page follows, but not where")
    return place


def _place_in(address: Any) -> dict[str, str]:
    try:
        query = parse_qs(urlsplit(address).query, max_num_fields=100) if isinstance(address, str) else {}
    except ValueError:
        query = {}
    return {name: query[name][0] for name in _PLACES if name in query}
