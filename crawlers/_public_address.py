"""The guard for requests: connections go to public addresses only, judged at the moment of connecting.

For hosts that come from outside: servers of an account list, addresses of pictures. The name is looked up once, every address
that it has must be public, and the connection goes to the very addresses that were judged. Proxies are not used: one would
look the name up past the guard.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import requests
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from crawlers._deadline import BoundedAdapter, BoundedConnection, BoundedSecureConnection, seconds_left, within
from crawlers._egress import Egress, EgressRefused
from crawlers._rebase import bare_session, read_whole

_CONNECT_SECONDS = 10.0
_MOST_ADDRESSES = 4  # of one name that are tried

Resolve = Callable[..., list[Any]]  # socket.getaddrinfo's shape


class PublicAdapter(BoundedAdapter):
    """Sends to public hosts on ports 80 and 443; reads the whole answer, at most `seconds` and `_rebase.MAX_BODY`.

    Raises EgressRefused, from `send`, for anything else; `egress.verdict(host)` then tells why.
    """

    def __init__(self, *, seconds: float, resolve: Resolve = socket.getaddrinfo) -> None:
        self.egress = Egress({}, resolve)
        self._seconds = seconds
        super().__init__(max_retries=0)

    def pool_classes(self) -> dict[str, type[HTTPConnectionPool]]:
        return _pool_classes(self.egress)

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        """The answer with its body read. Raises EgressRefused, and requests' exceptions."""
        self.egress.check(request.url or "")
        options |= {"stream": True, "timeout": (min(_CONNECT_SECONDS, self._seconds), self._seconds), "proxies": {}}
        with within(self._seconds):
            return read_whole(super().send(request, **options))


def public_session(prefix: str, *, seconds: float, resolve: Resolve = socket.getaddrinfo) -> requests.Session:
    """A session that reaches public addresses with this prefix ('https://', 'https://host/') and nothing else."""
    return bare_session(prefix, PublicAdapter(seconds=seconds, resolve=resolve))


def _pool_classes(egress: Egress) -> dict[str, type[HTTPConnectionPool]]:
    class GuardedConnection(BoundedConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, egress)

    class GuardedSecureConnection(BoundedSecureConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, egress)

    class GuardedPool(HTTPConnectionPool):
        ConnectionCls = GuardedConnection

    class GuardedSecurePool(HTTPSConnectionPool):
        ConnectionCls = GuardedSecureConnection

    return {"http": GuardedPool, "https": GuardedSecurePool}


def _connect(connection: HTTPConnection, egress: Egress) -> socket.socket:
    """A socket to one of the addresses that were judged, all tried within one time-out. Raises EgressRefused and urllib3's."""
    host, port = connection._dns_host, connection.port
    try:
        found = egress.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        verdict = egress.verdict(host)
        if isinstance(verdict, EgressRefused):
            raise verdict from None
        raise NameResolutionError(connection.host, connection, error) from error
    failure: OSError = OSError("no address")
    ends_at = time.monotonic() + seconds_left(_CONNECT_SECONDS)
    for entry in found[:_MOST_ADDRESSES]:
        seconds = ends_at - time.monotonic()
        if seconds <= 0:
            failure = TimeoutError("no time is left")
            break
        try:
            return create_connection(
                (str(entry[4][0]), port),
                seconds,
                source_address=connection.source_address,
                socket_options=connection.socket_options,
            )
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "the connection timed out") from failure
    raise NewConnectionError(connection, "no connection") from failure
