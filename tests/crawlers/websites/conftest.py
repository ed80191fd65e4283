"""A loopback web that stands in for any host, and a night's crawl of one of them."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import CrawlError
from core.records import Account, Basis, CrawledPage, Cursor, Kind, KnownPost, Post
from core.seams import UNMETERED, CrawlRequest, Meter
from crawlers._website.child import Children
from crawlers._website.frames import Job
from crawlers.websites import WebsiteCrawler, WebsiteOptions

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "website"
NOW = datetime(2026, 3, 10, tzinfo=UTC)

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Web:
    """A loopback server that stands in for any host: answers by host and path, and what was asked of it."""

    port: int = 0
    answers: dict[str, Answer | Callable[[Any], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    children: Children = field(default_factory=Children)  # lent to night after night, as in a run

    def put(
        self, place: str, body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[place] = (status, {"Content-Type": kind, **named}, data)

    def example(self, name: str) -> str:
        return (EXAMPLES / name).read_text()

    def home(self, host: str, feed: str = "", kind: str = "rss+xml", **headers: str) -> None:
        """A home page, which declares a feed where one is named."""
        link = f'<link rel="alternate" type="application/{kind}" href="{feed}">' if feed else ""
        head = f"<head><title>Home of {host}</title>{link}</head>"
        self.put(f"{host}/", f"<html lang=en>{head}<body><h1>Hello</h1></body></html>", **headers)

    def asked_of(self, host: str) -> list[str]:
        """Paths asked of a host, in order, since the last look."""
        found = [place.removeprefix(host) for place in self.asked if place.startswith(f"{host}/")]
        self.asked = [place for place in self.asked if not place.startswith(f"{host}/")]
        return found


@pytest.fixture(scope="session")
def web() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            place = f"{self.headers['Host']}{self.path}"
            web.asked.append(place)
            web.asked_at.append(time.monotonic())
            web.agents.add(self.headers["User-Agent"])
            answer = web.answers.get(place, (404, {"Content-Type": "text/plain"}, b"no such page"))
            if callable(answer):
                answer(self)
                return
            status, headers, body = answer
            if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield web
    web.children.close()
    server.shutdown()
    server.server_close()


class Night:
    """One crawl of a host, kept page by page; `error` is what ended it."""

    def __init__(
        self,
        web: Web,
        host: str,
        cursor: Cursor | None = None,
        recheck: tuple[Post | KnownPost, ...] = (),
        since: datetime | None = None,
        scheme: str = "http",
        path: str = "/",
        kind: Kind = Kind.OFFICIAL,
        at: datetime = NOW,
        meter: Meter = UNMETERED,
        **options: Any,
    ) -> None:
        origin = f"{scheme}://{host}"
        settings = {
            "delay": 0,
            "timeout": 3,
            "contact_url": "https://contact.example.org",
            "rebase": {origin: f"http://127.0.0.1:{web.port}"},
        } | options
        due = tuple(post if isinstance(post, KnownPost) else known(post) for post in recheck)
        crawler = WebsiteCrawler(WebsiteOptions(**settings), clock=lambda: at)
        crawler._children = web.children
        account = an_account(f"{origin}{path}", kind)
        request = CrawlRequest(account=account, cursor=cursor, recheck=due, since=since, meter=meter)
        self.pages: list[CrawledPage] = []
        self.error: CrawlError | None = None
        try:
            for page in crawler.crawl(request):
                self.pages.append(page)
        except CrawlError as error:
            self.error = error
        self.posts = {post.native_id: post for page in self.pages for post in page.posts}
        self.gone = {gone.native_id: gone for page in self.pages for gone in page.gone}
        self.verified = {native_id for page in self.pages for native_id in page.verified}
        self.notes = "; ".join(page.note for page in self.pages)
        self.cursor = next((page.cursor for page in reversed(self.pages) if page.cursor), None)

    @property
    def rung(self) -> str:
        return str(self.cursor.state["rung"]) if self.cursor else ""


def known(post: Post, missing_path: str = "") -> KnownPost:
    """A stored post that is due for another look."""
    return KnownPost(
        native_id=post.native_id,
        url=post.url,
        revision=post.revision,
        posted_at=post.posted_at,
        last_verified_at=NOW,
        missing_path=missing_path,
    )


def an_account(handle: str, kind: Kind = Kind.OFFICIAL) -> Account:
    return Account(
        id="a1",
        platform="website",
        handle=handle,
        kind=kind,
        basis=Basis.OWNED,
        basis_recorded_by="t",
        basis_recorded_at=NOW,
    )


@pytest.fixture
def crawl_night(web: Web) -> Callable[..., Night]:
    return functools.partial(Night, web)


@pytest.fixture
def due() -> Callable[..., KnownPost]:
    return known


@pytest.fixture
def account() -> Callable[[str], Account]:
    return an_account


@pytest.fixture
def job_for(web: Web) -> Callable[..., Job]:
    """The job of a host, for a child process that the test itself holds."""

    def job_for(host: str) -> Job:
        rebase = {f"http://{host}": f"http://127.0.0.1:{web.port}"}
        crawler = WebsiteCrawler(WebsiteOptions(delay=0, rebase=rebase), clock=lambda: NOW)
        return crawler._job(CrawlRequest(account=an_account(f"http://{host}/")))

    return job_for


@pytest.fixture
def drip() -> Callable[[Any], None]:
    """A body that never ends, a byte at a time."""

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        try:
            for _ in range(200):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        handler.close_connection = True

    return drip
