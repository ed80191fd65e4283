"""One deadline over a whole exchange: connecting, the head of the answer and its body.

A read time-out alone bounds the wait for the next byte, not for the last one: a server that sends a byte now and then, or
interim answers, trailers or empty compressed pieces without end, would hold its reader for ever. So the socket is shut down
from outside when the time is over.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError


class _Deadline:
    """Shuts down the sockets that it watches when its time is over."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds
        self.passed = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, opened: socket.socket | None) -> None:
        with self._lock:
            self._socket = opened
            if self.passed:
                self._shut()

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                # The plain socket's own, because that of a TLS socket would let its reader go on without TLS.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_running: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever is exchanged in here over connections of a `BoundedAdapter` ends after `seconds`: requests' ReadTimeout."""
    deadline = _Deadline(seconds)
    before = _running.set(deadline)
    failure: Exception | None = None
    try:
        yield
    except (requests.RequestException, HTTPError) as error:
        if not deadline.passed:
            raise
        failure = error
    finally:
        _running.reset(before)
        deadline.end()
    if deadline.passed:  # even an answer that seems whole: its end may be where we cut it
        raise requests.ReadTimeout("the whole answer took too long") from failure


def seconds_left(most: float) -> float:
    """What is left of the running deadline, `most` where there is none."""
    deadline = _running.get()
    return min(most, deadline.ends_at - time.monotonic()) if deadline else most


def _watch(opened: socket.socket | None) -> None:
    if deadline := _running.get():
        deadline.watch(opened)


class BoundedConnection(HTTPConnection):
    """A connection that the running deadline watches."""

    def connect(self) -> None:
        super().connect()
        _watch(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self.sock)  # one that is used again
        super().request(*args, **kwargs)


class BoundedSecureConnection(HTTPSConnection):
    """The same with TLS, whose handshake is bounded by the time-out for connecting."""

    def connect(self) -> None:
        super().connect()
        _watch(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self.sock)
        super().request(*args, **kwargs)


class _Pool(HTTPConnectionPool):
    ConnectionCls = BoundedConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = BoundedSecureConnection


class BoundedAdapter(HTTPAdapter):
    """requests' adapter whose connections the running deadline watches, a proxy's too."""

    def pool_classes(self) -> dict[str, type[HTTPConnectionPool]]:
        return {"http": _Pool, "https": _SecurePool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pool_classes()

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        if isinstance(manager, ProxyManager):  # one for SOCKS has connections of its own kind
            manager.pool_classes_by_scheme = self.pool_classes()
        return manager
