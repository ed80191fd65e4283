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
from crawlers._x.posts import id_at, time_of


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # by lower-case name
    method: str = "GET"
    body: bytes = b""


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
            headers = {name.lower(): value for name, value in self.headers.items()}
            brought = self.rfile.read(int(headers.get("content-length", 0)))
            asked = Asked(parts.path, query, headers, self.command, brought)
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

        do_POST = do_GET  # noqa: N815 - http.server calls it so

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


X_USER = "1700000000000000001"
X_HANDLE = "harbor_clinic"
NAMES = {
    "tweet": {"fields": "tweet.fields", "history": "edit_history_tweet_ids"},
    "post": {"fields": "post.fields", "history": "edit_history_post_ids"},
}


class XWorld:
    """X with one user: two endpoints for users and two for posts, as its documentation tells of them."""

    def __init__(self, vocabulary: str, page_size: int = 5) -> None:
        self.vocabulary = vocabulary
        self.names = NAMES[vocabulary]
        self.page_size = page_size
        self.user: dict[str, Any] = {"id": X_USER, "name": "Harbor Clinic", "username": X_HANDLE}
        self.chains: list[list[tuple[str, str]]] = []  # versions (id, text) of each post
        self.problems: dict[str, str] = {}  # version id -> problem type
        self.forget_tokens = False
        self.timeline_asks = 0

    def post(self, at: datetime, words: str) -> str:
        self.chains.append([(str(int(id_at(at)) + len(self.chains)), words)])
        return self.chains[-1][0][0]

    def edit(self, first_id: str, at: datetime, words: str) -> str:
        chain = next(chain for chain in self.chains if chain[0][0] == first_id)
        chain.append((str(int(id_at(at)) + 500_000), words))
        return chain[-1][0]

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "Bearer invented-bearer-token":
            return Reply({"title": "Unauthorized", "type": "about:blank", "status": 401}, status=401)
        other = NAMES["post" if self.vocabulary == "tweet" else "tweet"]["fields"]
        if other in asked.query:
            return Reply({"errors": [{"parameters": {other: ["…"]}, "message": "…"}], "title": "Invalid"}, status=400)
        if asked.path in {f"/2/users/by/username/{X_HANDLE}", f"/2/users/{X_USER}"}:
            return Reply({"data": self.user})
        if asked.path == f"/2/users/{X_USER}/tweets":
            self.timeline_asks += 1
            return self.timeline(asked.query)
        if asked.path == "/2/tweets":
            return self.lookup(asked.query["ids"].split(","))
        return Reply({"title": "Not Found"}, status=404)

    def timeline(self, query: dict[str, str]) -> Reply:
        if self.forget_tokens and query.get("pagination_token"):
            error = {"parameters": {"pagination_token": [query["pagination_token"]]}, "message": "…"}
            return Reply({"errors": [error], "title": "Invalid Request"}, status=400)
        newest = sorted((chain[-1][0] for chain in self.chains), key=int, reverse=True)
        newest = [one for one in newest if one not in self.problems]
        if since := query.get("since_id"):
            newest = [one for one in newest if int(one) > int(since)]
        elif start := query.get("start_time"):
            floor = id_at(datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))
            newest = [one for one in newest if int(one) >= int(floor)]
        if until := query.get("until_id"):
            newest = [one for one in newest if int(one) < int(until)]
        if token := query.get("pagination_token"):  # tokens hold a place, not a number of posts to skip
            newest = [one for one in newest if int(one) < int(token.removeprefix("t"))]
        page, rest = newest[: self.page_size], newest[self.page_size :]
        meta: dict[str, Any] = {"result_count": len(page)}
        if rest:
            meta["next_token"] = f"t{page[-1]}"
        return Reply({"data": [self.shown(one) for one in page], "meta": meta} if page else {"meta": meta})

    def lookup(self, ids: list[str]) -> Reply:
        data, errors = [], []
        for one in ids:
            if one in self.problems or not any(one == version for chain in self.chains for version, _ in chain):
                kind = self.problems.get(one, "resource-not-found")
                problem = {"resource_id": one, "resource_type": self.vocabulary, "parameter": "ids", "value": one}
                errors.append({**problem, "type": f"https://api.x.com/2/problems/{kind}", "title": "…", "detail": "…"})
            else:
                data.append(self.shown(one))
        return Reply({key: value for key, value in (("data", data), ("errors", errors)) if value})

    def shown(self, version: str) -> dict[str, Any]:
        chain = next(chain for chain in self.chains if version in dict(chain))
        moment = time_of(version)
        assert moment
        return {
            "id": version,
            "text": dict(chain)[version],
            "author_id": X_USER,
            "created_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            self.names["history"]: [one for one, _ in chain],
        }


@pytest.fixture
def make_x_world(loopback: Loopback) -> Callable[[str], XWorld]:
    def make(vocabulary: str) -> XWorld:
        world = XWorld(vocabulary)
        loopback.answer = world.answer
        return world

    return make
