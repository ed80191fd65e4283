"""The hosts of Bluesky: the AppView, the directory of identities, and the server that holds an account's repository.

The last one is named by the account's own DID document, which anybody may write: it is asked only if its name is on the site's
list and every address of it is public, judged again at each connection. Proxies are not used for it, because a proxy would
look names up past that guard. What `rebase` names goes to where the site says, and nowhere else.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from core.errors import CrawlError, ParseError
from core.records import RawPage
from core.seams import UNMETERED, Meter
from crawlers._bluesky.api import Refused, Server
from crawlers._egress import Egress, EgressRefused, origin
from crawlers._public_address import public_session
from crawlers._rebase import RebaseAdapter, rebased_session
from crawlers._strict import objects

DID = re.compile(r"did:(plc:[a-z2-7]{24}|web:[a-z0-9-]+(\.[a-z0-9-]+)+)", re.ASCII)
_SERVER_TYPE = "AtprotoPersonalDataServer"


class NotAsked(Exception):
    """Why an account's server is not asked, in plain words without its name. `raw` is the evidence that led there."""

    def __init__(self, why: str, *raw: RawPage) -> None:
        super().__init__(why)
        self.raw = raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a question is sent. `is_guarded` where the name came from outside."""

    name: str  # its origin, as the protocol has it
    target: str
    is_guarded: bool


class Hosts:
    """Opens the hosts of one configuration, and keeps them open."""

    def __init__(
        self,
        *,
        base_url: str,
        plc_url: str,
        rebase: Mapping[str, str],
        patterns: Sequence[str],
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._rebase = {origin(source): target for source, target in rebase.items()}
        self._patterns = patterns
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._meter: Meter = UNMETERED
        self._servers: dict[str, Server] = {}
        self.appview = self._open("Bluesky", Place(name=base_url, target=base_url, is_guarded=False), is_shared=True)
        self._directory = self._open("Bluesky's directory", self._trusted(plc_url))

    def charge(self, meter: Meter) -> None:
        """Count what follows, at every host, against this meter."""
        self._meter = meter
        for server in (self.appview, self._directory, *self._servers.values()):
            server.charge(meter)

    def server_of(self, did: str) -> tuple[Server, RawPage]:
        """The server that holds the repository of `did`, and the DID document that names it.

        Raises:
            NotAsked: there is none, or our guard refuses it. CrawlError: the directory can't be asked.
        """
        try:
            answer = self._document_host(did).fetch(f"/{did}" if did.startswith("did:plc:") else "/.well-known/did.json")
        except Refused as refused:
            raise NotAsked("the directory of identities does not know the account", refused.raw) from None
        document = answer.json()
        if document.get("id") != did:
            raise NotAsked("the account's identity document is another's", answer.raw)
        try:
            return self._server(_endpoint(document), "the account's server"), answer.raw
        except NotAsked as refused:
            raise NotAsked(str(refused), answer.raw) from None
        except CrawlError:
            raise NotAsked("the account's identity document can't be read", answer.raw) from None

    def close(self) -> None:
        for server in (self.appview, self._directory, *self._servers.values()):
            server.close()

    def _document_host(self, did: str) -> Server:
        if did.startswith("did:plc:"):
            return self._directory
        return self._server(f"https://{did.removeprefix('did:web:')}", "the account's own domain")

    def _server(self, endpoint: str, title: str) -> Server:
        place = self._place(endpoint, title)
        if place.name not in self._servers:
            self._servers[place.name] = self._open(f"Bluesky: {title}", place)
            self._servers[place.name].charge(self._meter)
        return self._servers[place.name]

    def _trusted(self, url: str) -> Place:
        return Place(name=url, target=self._rebase.get(origin(url), url), is_guarded=False)

    def _place(self, endpoint: str, title: str) -> Place:
        """Raises NotAsked."""
        try:
            name = origin(endpoint)
        except EgressRefused as refusal:
            raise NotAsked(f"{title} has {refusal}") from None
        if target := self._rebase.get(name):
            return Place(name=name.removesuffix(":443"), target=target, is_guarded=False)
        parts = urlsplit(name)
        host = parts.hostname or ""
        if parts.scheme != "https" or parts.port != 443 or urlsplit(endpoint).path.strip("/"):
            raise NotAsked(f"{title} is no plain https host")
        if not any(matches(host, pattern) for pattern in self._patterns):
            raise NotAsked(f"{title} is on no list (NIGHTROUNDS_PLATFORMS__BLUESKY__PDS_HOSTS)")
        egress = Egress({}, socket.getaddrinfo)
        try:
            egress.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except OSError:
            raise NotAsked(f"{title} is {egress.verdict(host) or 'a host whose address is not known now'}") from None
        return Place(name=f"https://{host}", target="", is_guarded=True)

    def _open(self, title: str, place: Place, *, is_shared: bool = False) -> Server:
        prefix, seconds = f"{place.name}/", self._timeout
        session = (
            public_session(prefix, seconds=seconds)
            if place.is_guarded
            else rebased_session(prefix, place.target, seconds=seconds)
        )
        if place.name == place.target:  # the very address is asked: its path must not be written twice
            parts = urlsplit(place.target)
            session.mount(prefix, RebaseAdapter(f"{parts.scheme}://{parts.netloc}", seconds=seconds))
        return Server(title, place.name, session, is_shared=is_shared, clock=self._clock, sleep=self._sleep)


def matches(host: str, pattern: str) -> bool:
    """Whether a host is the one named, or lies under the domain of a pattern such as *.host.example."""
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _endpoint(document: Mapping[str, Any]) -> str:
    """The address of the repository's server in a DID document (https://atproto.com/specs/did). Raises CrawlError."""
    for service in objects(document, "service"):
        name, address = service.get("id"), service.get("serviceEndpoint")
        if isinstance(name, str) and name.endswith("#atproto_pds") and service.get("type") == _SERVER_TYPE:
            if isinstance(address, str) and len(address) < 300:
                return address
            break
    raise ParseError("the identity document names no server")
