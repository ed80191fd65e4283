"""A loopback web server for the crawlers of platforms with an API, and what every crawl needs around it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.records import Account, Basis, Kind, account_id


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # by lower-case name


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON unless it is bytes. `drip` seconds pass between its bytes; `cut` leaves the end out."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str | None = "application/json; charset=utf-8"
    drip: float = 0.0
    cut: bool = False


class Loopback:
    """Answers on 127.0.0.1 by `answer`, and remembers what it was asked."""

    Reply = Reply

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda _: Reply(status=500)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reply_with(self, *replies: Reply) -> None:
        """Give these in order, the last one for ever."""
        left = list(replies)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer takes 40 ms

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            asked = Asked(parts.path, query, {name.lower(): value for name, value in self.headers.items()})
            loopback.asked.append(asked)
            reply = loopback.answer(asked)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in ({"Content-Type": reply.media_type} if reply.media_type else {}).items():
                self.send_header(name, value)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + (50 if reply.cut else 0)))
            self.end_headers()
            try:
                if reply.drip:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(reply.drip)
                else:
                    self.wfile.write(body)
            except OSError:
                pass
            if reply.cut or reply.drip:
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Tests say themselves what was asked."""

    return Handler


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_account() -> Callable[..., Account]:
    def make(platform: str, handle: str, native_id: str | None = None) -> Account:
        return Account(
            id=account_id(platform, handle),
            platform=platform,
            handle=handle,
            kind=Kind.OFFICIAL,
            basis=Basis.OWNED,
            basis_recorded_by="test",
            basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
            native_id=native_id,
        )

    return make
