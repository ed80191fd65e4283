"""XRPC, the questions of the AT Protocol, through the atproto SDK over our own bounded session.

The SDK asks by httpx, follows redirects, reads answers of any size and parses them into models that break on a hostile one. So
it gets a Request of ours that hands each question over to a requests session; answers are kept there, and judged and read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import metadata
from typing import Any, Literal

import atproto
import requests
from atproto_client.request import Request, Response

from core import errors
from core.errors import Blocked, ParseError, PlatformDown, RateLimited
from core.records import RawPage
from core.seams import Meter
from crawlers._exchange import Answer, Exchange, reset_time

models = atproto.models  # parameters of questions, checked against the lexicons
COLLECTOR = f"bluesky 1, atproto {metadata.version('atproto')}"

What = Literal["missing", "no record", "deactivated", "suspended", "taken down", "stale cursor", "other"]

# https://atproto.com/specs/xrpc and the lexicons: what their error names say
_NAMES: Mapping[str, What] = {
    "RepoNotFound": "missing",
    "RecordNotFound": "no record",
    "NotFound": "missing",
    "HandleNotFound": "missing",
    "AccountDeactivated": "deactivated",
    "RepoDeactivated": "deactivated",
    "RepoSuspended": "suspended",
    "AccountSuspended": "suspended",
    "AccountTakedown": "taken down",
    "RepoTakendown": "taken down",
    "ExpiredCursor": "stale cursor",
    "InvalidCursor": "stale cursor",
}
_MISSING = ("not found", "could not find", "unable to resolve")  # in an InvalidRequest's message
_STALE = ("malformed cursor", "invalid cursor")


class ServerRateLimited(RateLimited):
    """One account server, or the directory, asks us to wait: accounts elsewhere go on."""

    scope = errors.Scope.ACCOUNT


class Refused(ParseError):
    """An XRPC error. `what` is its meaning as far as we know it, `raw` the answer that says so."""

    def __init__(self, message: str, *, what: What, raw: RawPage) -> None:
        super().__init__(message)
        self.what = what
        self.raw = raw


class _OverSession(Request):  # type: ignore[misc]
    """The SDK's request object, sending through `session`; the SDK learns of no answer but its status and bytes."""

    def __init__(self, session: requests.Session) -> None:
        super().__init__()
        super().close()  # the SDK's own HTTP client is never used
        self._session = session

    def get(self, *_args: Any, **asked: Any) -> Response:
        params = {name: _written(value) for name, value in (asked.get("params") or {}).items()}
        answer = self._session.get(asked["url"], params=params, headers=self.get_headers(asked.get("headers")))
        return Response(answer.ok, answer.status_code, answer.content, dict(answer.headers))

    def post(self, *_args: Any, **_asked: Any) -> Response:
        # the SDK wants this method too; nothing that we ask comes here, and whoever adds such a thing must see it fail
        raise NotImplementedError("a reader sends nothing")


def _written(value: Any) -> Any:
    """A parameter as XRPC wants it: `true` for a boolean."""
    return str(value).lower() if isinstance(value, bool) else value


class Server:
    """One host that speaks XRPC. `address` is its name in `session`; `is_shared` where all accounts need it.

    Every method raises CrawlError and returns an answer of status 200.
    """

    def __init__(
        self,
        title: str,
        address: str,
        session: requests.Session,
        *,
        is_shared: bool,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self.title = title
        self.address = address
        self._session = session
        self._client = atproto.Client(base_url=address, request=_OverSession(session))
        self._limited = RateLimited if is_shared else ServerRateLimited
        self._clock = clock
        self._exchange = Exchange(title, session, collector=COLLECTOR, secrets=[], clock=clock, sleep=sleep)

    def query(self, nsid: str, params: atproto.models.base.ParamsModelBase) -> Answer:
        """One question of the protocol. Raises Refused for an XRPC error."""
        return self._exchange.ask(lambda: self._client.invoke_query(nsid, params=params), self._judge)

    def fetch(self, path: str) -> Answer:
        """A JSON document that is no XRPC. Raises Refused where there is none."""
        return self._exchange.ask(lambda: self._session.get(f"{self.address}{path}"), self._judge)

    def charge(self, meter: Meter) -> None:
        """Count what follows against this meter."""
        self._exchange.meter = meter

    def close(self) -> None:
        self._session.close()

    def _judge(self, answer: Answer) -> None:
        status = answer.status
        if status == 429:
            now = self._clock()
            until = reset_time(answer.headers.get("ratelimit-reset"), now=now, epoch=True)
            until = until or reset_time(answer.headers.get("retry-after"), now=now, epoch=False)
            raise self._limited(f"{self.title} asks to wait (429)", until=until)
        if status >= 500 and status != 501:
            raise PlatformDown(f"{self.title} is out of order ({status})")
        if status in {401, 403}:
            raise Blocked(f"{self.title}, or a gateway before it, refuses us without a login ({status})")
        if not answer.is_json:
            raise PlatformDown(f"{self.title} answered with something other than JSON ({status})")
        document = answer.json()
        if status != 200:
            what = _meaning(status, document)
            raise Refused(f"{self.title} refused the question ({status}, {what})", what=what, raw=answer.raw)


def _meaning(status: int, document: Mapping[str, Any]) -> What:
    """A server may be anybody's: its words are compared and never repeated."""
    name, message = document.get("error"), document.get("message")
    if isinstance(name, str) and name in _NAMES:
        return _NAMES[name]
    words = message.casefold() if isinstance(message, str) else ""
    if "could not locate record" in words:
        return "no record"
    if status in {404, 410} or any(phrase in words for phrase in _MISSING):
        return "missing"
    return "stale cursor" if any(phrase in words for phrase in _STALE) else "other"
