"""The site crawler over loopback: each rung of the ladder, nights in a row, refusals, and a child process that always ends."""

from __future__ import annotations

import gzip
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    Actor,
    Blocked,
    CrawlError,
    ParseError,
    PlatformDown,
    RateLimited,
    Scope,
)
from core.records import Account, Basis, CrawledPage, Cursor, GoneReason, Kind, KnownPost, Post, PostType, Precision
from core.seams import CrawlRequest
from crawlers._child import FetchingChild
from crawlers.websites import WebsiteCrawler, WebsiteOptions

EXAMPLES = Path(__file__).parent / "examples" / "website"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
ARTICLE = (EXAMPLES / "article.html").read_text()
CANARY = "canary-51c0ffee"

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Web:
    """A loopback server that stands in for any host: answers by host and path, and what was asked of it."""

    port: int = 0
    answers: dict[str, Answer | Callable[[Any], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    def put(
        self, place: str, body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[place] = (status, {"Content-Type": kind, **named}, data)

    def home(self, host: str, *links: str, **headers: str) -> None:
        self.put(
            f"{host}/",
            f"<html lang=en><head><title>Home of {host}</title>{''.join(links)}</head><body><h1>Hello</h1></body></html>",
            **headers,
        )

    def asked_of(self, host: str) -> list[str]:
        """Paths asked of a host, in order, since the last look."""
        found = [place.removeprefix(host) for place in self.asked if place.startswith(f"{host}/")]
        self.asked = [place for place in self.asked if not place.startswith(f"{host}/")]
        return found


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            place = f"{self.headers['Host']}{self.path}"
            web.asked.append(place)
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
    server.shutdown()
    server.server_close()


class Night:
    """One crawl of a host, kept page by page; `error` is what ended it."""

    def __init__(
        self,
        web: Web,
        host: str,
        cursor: Cursor | None = None,
        recheck: tuple[Post, ...] = (),
        since: datetime | None = None,
        **options: Any,
    ) -> None:
        origin = f"http://{host}"
        settings = {"delay": 0, "timeout": 3, "rebase": {origin: f"http://127.0.0.1:{web.port}"}} | options
        due = tuple(
            KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=NOW)
            for p in recheck
        )
        crawler = WebsiteCrawler(WebsiteOptions(**settings), clock=lambda: NOW)
        request = CrawlRequest(account=an_account(f"{origin}/"), cursor=cursor, recheck=due, since=since)
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


def an_account(handle: str) -> Account:
    return Account(
        id="a1",
        platform="website",
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="t",
        basis_recorded_at=NOW,
    )


def refusal(web: Web, host: str, **options: Any) -> CrawlError:
    error = Night(web, host, **options).error
    assert error is not None
    return error


def alternate(kind: str, href: str) -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}">'


def test_a_feed_over_several_nights(web: Web) -> None:
    host, atom = "blog.example.org", (EXAMPLES / "atom.xml").read_text()
    web.home(host, alternate("application/rss+xml", "/rss"), alternate("application/atom+xml", "/atom"), ETag='"home1"')
    web.put(f"{host}/atom", atom, "application/atom+xml", ETag='"v1"')
    web.put(f"{host}/2026/short", ARTICLE)

    one = Night(web, host)
    assert one.error is None
    assert one.notes.strip("; ") == ""
    assert one.rung == "feed"
    garden, short = one.posts["tag:blog.example.org,2026:1"], one.posts["tag:blog.example.org,2026:2"]
    assert (garden.title, garden.text) == ("Café & garden", "The garden is open.\nSee the map.")
    assert (garden.url, garden.type, garden.lang) == ("http://blog.example.org/2026/garden", PostType.ARTICLE, "en-us")
    assert (garden.posted_at, garden.edited_at) == (
        datetime(2026, 3, 1, 14, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 8, tzinfo=UTC),
    )
    assert [(m.native_key, m.alt_text) for m in garden.media] == [("http://blog.example.org/rose.jpg", "A rose")]
    assert "whole of the story" in short.text
    assert (short.title, short.posted_at_precision) == ("The short story", Precision.EXACT)
    profile = next(page.profile for page in one.pages if page.profile)
    assert profile.display_name == "Home of blog.example.org"
    evidence = next(raw for page in one.pages for raw in page.raw if raw.url.endswith("/atom"))
    assert evidence.body.decode() == atom
    assert all(agent.startswith("NightRounds (+https://") for agent in web.agents)
    assert "garden" not in str(dict(one.cursor.state)), "a cursor holds no text and no title"

    web.asked_of(host)
    two = Night(web, host, one.cursor)
    assert web.asked_of(host) == ["/robots.txt", "/", "/atom"], "nothing new costs three requests, two of them answered 304"
    assert two.posts == {}

    web.put(
        f"{host}/atom",
        atom.replace("is open", "is closed").replace(
            "2026-03-02T08:00:00Z</updated>\n    <content", "2026-03-04T08:00:00Z</updated>\n    <content"
        ),
        "application/atom+xml",
        ETag='"v2"',
    )
    three = Night(web, host, two.cursor)
    assert [post.text for post in three.posts.values()] == ["The garden is closed.\nSee the map."]
    assert three.posts[garden.native_id].edited_at == datetime(2026, 3, 4, 8, tzinfo=UTC)
    assert three.verified == {short.native_id}

    web.put(f"{host}/atom", atom[: atom.index("  <entry>")] + "</feed>", "application/atom+xml", ETag='"v3"')
    web.put(f"{host}/2026/garden", "gone", status=410)
    web.put(f"{host}/2026/short", ARTICLE.replace("second paragraph", "changed paragraph"))
    four = Night(web, host, three.cursor, recheck=(garden, short))
    assert four.gone[garden.native_id].definite
    assert four.gone[garden.native_id].reason is GoneReason.DELETED
    assert "changed paragraph" in four.posts[short.native_id].text
    assert four.posts[short.native_id].title == short.title


def test_looking_again_tells_gone_from_hidden(web: Web) -> None:
    host, bare = "again.example.org", Post(platform="website", account_id="a1", native_id="", url="", revision="page@1")
    web.home(host, alternate("application/rss+xml", "/rss"))
    web.put(f"{host}/rss", (EXAMPLES / "rss.xml").read_text().replace("blog.example.org", host), "application/rss+xml")
    web.put(f"{host}/same", ARTICLE)
    web.put(f"{host}/login", "<form>Please log in <input type=password></form>")
    web.put(f"{host}/forbidden", "no", status=403)
    web.put(f"{host}/challenge", "<title>Just a moment...</title>")
    web.put(f"{host}/front", "", status=302, Location="/")
    web.put(f"{host}/away", "", status=302, Location="http://other.example.net/")
    places = ("same", "missing", "login", "forbidden", "challenge", "front", "away")
    due = tuple(
        Post(platform="website", account_id="a1", native_id=p, url=f"http://{host}/{p}", revision="page@1") for p in places
    )
    night = Night(web, host, recheck=(*due, bare))
    assert night.error is None
    assert {name: (g.reason, g.definite) for name, g in night.gone.items()} == {
        "missing": (GoneReason.DELETED, False),
        "front": (GoneReason.UNAVAILABLE, False),
    }
    assert "same" in night.posts
    for said in ("login form", "HTTP 403", "challenge", "another site"):
        assert said in night.notes
    elsewhere = night.posts["http://other.example.net/story"]
    assert (elsewhere.text, elsewhere.url) == ("We were in the papers.", "")


def test_json_feed_sitemap_and_links(web: Web) -> None:
    web.home("json.example.org", alternate("application/feed+json", "/feed"))
    web.put("json.example.org/feed", (EXAMPLES / "feed.json").read_text(), "application/feed+json")
    night = Night(web, "json.example.org")
    assert {post.native_id: post.text for post in night.posts.values()} == {"a1": "Hola & adiós", "2": "1 < 2\nsecond line"}

    web.home("map.example.org")
    web.put(
        "map.example.org/robots.txt",
        "User-agent: *\nDisallow: /private\nSitemap: http://map.example.org/index.xml",
        "text/plain",
    )
    index = "<sitemapindex>" + "".join(
        f"<sitemap><loc>http://map.example.org/{n}.xml</loc></sitemap>" for n in ("index", "real", "missing")
    )
    web.put("map.example.org/index.xml", index + "</sitemapindex>", "application/xml")
    web.put("map.example.org/real.xml", (EXAMPLES / "sitemap.xml").read_text(), "application/xml")
    for page in ("one", "two"):
        web.put(f"map.example.org/{page}", ARTICLE)
    night = Night(web, "map.example.org")
    assert night.rung == "sitemap"
    assert set(night.posts) == {"http://map.example.org/one", "http://map.example.org/two"}
    assert night.posts["http://map.example.org/two"].posted_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert "a sitemap was not read" in night.notes
    assert Night(web, "map.example.org", night.cursor).posts == {}, "its marks have not changed"

    listing = "<body><p>A small site of the clinic with its opening hours.</p><h2><a href='/story'>Story</a></h2><h2><a href='/private/x'>No</a></h2></body>"
    web.put("links.example.org/", listing)
    web.put("links.example.org/story", ARTICLE)
    web.put("links.example.org/robots.txt", "User-agent: *\nDisallow: /private", "text/plain")
    night = Night(web, "links.example.org")
    assert night.rung == "links"
    assert set(night.posts) == {"http://links.example.org/", "http://links.example.org/story"}
    assert "robots.txt" in night.notes
    assert "/private/x" not in web.asked_of("links.example.org")


def test_limits_and_since_leave_the_rest_for_another_night(web: Web) -> None:
    host = "many.example.org"
    items = "".join(
        f"<item><guid>http://{host}/{n}</guid><link>http://{host}/{n}</link><pubDate>{n:02d} Feb 2026 10:00:00 GMT</pubDate><title>{n}</title></item>"
        for n in range(1, 21)
    )
    web.home(host, alternate("application/rss+xml", "/rss"))
    web.put(f"{host}/rss", f"<rss version='2.0'><channel><title>Many</title>{items}</channel></rss>", "application/rss+xml")
    for n in range(1, 21):
        web.put(f"{host}/{n}", ARTICLE)
    since = datetime(2026, 2, 11, tzinfo=UTC)
    one = Night(web, host, max_posts=4, since=since)
    assert len(one.posts) == 4
    assert "limit of posts" in one.notes
    two = Night(web, host, one.cursor, since=since)
    assert {int(native_id.rpartition("/")[2]) for native_id in (*one.posts, *two.posts)} == set(range(11, 21))
    assert "limit of pages" in Night(web, host, max_pages=3).notes


def test_a_feed_whose_pages_run_in_a_circle_ends(web: Web) -> None:
    host, atom = "circle.example.org", (EXAMPLES / "atom.xml").read_text()
    web.home(host, alternate("application/atom+xml", "/atom"))
    web.put(f"{host}/2026/short", ARTICLE)
    for here, there in (("/atom", "/atom?2"), ("/atom?2", "/atom")):
        web.put(
            f"{host}{here}",
            atom.replace("<title>Ward News", f'<link rel="next" href="{there}"/><title>Ward'),
            "application/atom+xml",
        )
    night = Night(web, host)
    assert night.error is None
    assert web.asked_of(host).count("/atom") == 2  # once to choose it, once to read it


def test_a_source_that_was_taken_away_is_looked_for_anew(web: Web) -> None:
    host = "moved.example.org"
    web.home(host, alternate("application/rss+xml", "/rss"), ETag='"h"')
    web.put(f"{host}/new.xml", (EXAMPLES / "rss.xml").read_text(), "application/rss+xml")
    web.put(f"{host}/rss", (EXAMPLES / "rss.xml").read_text(), "application/rss+xml")
    one = Night(web, host)
    del web.answers[f"{host}/rss"]
    web.home(host, alternate("application/rss+xml", "/new.xml"), ETag='"h"')
    two = Night(web, host, one.cursor)
    assert two.error is None
    assert two.cursor.state["source"].endswith("/new.xml")


@pytest.mark.parametrize(
    ("name", "answer", "error", "said"),
    [
        ("login", (401, {}, b""), AccountPrivate, "401"),
        ("forbidden", (403, {}, b""), Blocked, "403"),
        ("challenge", (503, {"cf-mitigated": "challenge"}, b"<title>Just a moment...</title>"), Blocked, "challenge"),
        ("nothing", (404, {}, b""), AccountNotFound, "404"),
        ("broken", (500, {}, b""), PlatformDown, "500"),
        ("away", (301, {"Location": f"http://other.example.net/{CANARY}"}, b""), AccountNotFound, "moved"),
        ("inside", (302, {"Location": "http://127.0.0.1:9/"}, b""), AccountNotFound, "moved"),
        ("round", (302, {"Location": "/"}, b""), ParseError, "redirects"),
        (
            "bomb",
            (200, {"Content-Encoding": "gzip", "Content-Type": "text/html"}, gzip.compress(b" " * 20_000_000)),
            ParseError,
            "larger",
        ),
        ("large", (200, {"Content-Type": "text/html"}, b" " * 9_000_000), ParseError, "larger"),
        ("empty", (200, {"Content-Type": "text/html"}, b"<html><body></body></html>"), ParseError, "nothing"),
    ],
)
def test_each_refusal_says_who_must_act(web: Web, name: str, answer: Answer, error: type[CrawlError], said: str) -> None:
    web.answers[f"{name}.example.org/"] = answer
    found = refusal(web, f"{name}.example.org")
    assert type(found) is error
    assert said in str(found)
    assert "example" not in str(found)
    assert CANARY not in repr(found)


def test_a_site_that_asks_us_to_wait_stops_only_itself(web: Web) -> None:
    web.put("wait.example.org/", "", status=429, Retry_After="120")
    found = refusal(web, "wait.example.org")
    assert isinstance(found, RateLimited)
    assert found.until == NOW + timedelta(seconds=120)
    assert (found.scope, found.actor) == (Scope.ACCOUNT, Actor.NOBODY)


def test_robots_txt_is_obeyed_before_anything_is_read(web: Web) -> None:
    web.home("robots.example.org")
    web.put("robots.example.org/robots.txt", "User-agent: NightRounds\nDisallow: /", "text/plain")
    found = refusal(web, "robots.example.org")
    assert isinstance(found, Blocked)
    assert "robots.txt" in str(found)
    assert web.asked_of("robots.example.org") == ["/robots.txt"]


def drip(handler: Any) -> None:
    """A body that never ends, a byte at a time."""
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


def test_a_slow_body_and_a_time_limit_keep_what_was_read(web: Web) -> None:
    host = "slow.example.org"
    web.home(host, alternate("application/rss+xml", "/rss"))
    web.put(
        f"{host}/rss",
        (EXAMPLES / "rss.xml").read_text().replace("http://other.example.net/story", f"http://{host}/drip"),
        "application/rss+xml",
    )
    web.answers[f"{host}/drip"] = drip
    night = Night(web, host, timeout=0.5)
    assert night.error is None
    assert "ward-1" in night.posts
    assert "an article was not read" in night.notes

    began = time.monotonic()
    crawler = WebsiteCrawler(
        WebsiteOptions(delay=0, timeout=60, rebase={f"http://{host}": f"http://127.0.0.1:{web.port}"}), clock=lambda: NOW
    )
    job = crawler._job(CrawlRequest(account=an_account(f"http://{host}/")))
    pages = []
    with FetchingChild(job) as child:
        child._left = 3.0
        with pytest.raises(PlatformDown, match="not read within"):
            pages.extend(frame.page for frame in child.frames())
    assert time.monotonic() - began < 9
    assert any(post.native_id == "ward-1" for page in pages if page for post in page.posts)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_child_ends_with_a_caller_that_stops_and_with_a_parent_that_dies(web: Web) -> None:
    host = "endless.example.org"
    web.home(host)
    web.answers[f"{host}/atom.xml"] = drip
    rebase = {f"http://{host}": f"http://127.0.0.1:{web.port}"}
    crawler = WebsiteCrawler(WebsiteOptions(delay=0, rebase=rebase), clock=lambda: NOW)
    job = crawler._job(CrawlRequest(account=an_account(f"http://{host}/")))
    with FetchingChild(job) as child:
        next(child.frames())
        assert alive(child.pid)
    assert not alive(child.pid)

    script = (
        "import sys, os; from crawlers._child import FetchingChild; from crawlers._frames import Job\n"
        "child = FetchingChild(Job.model_validate_json(sys.argv[1])).__enter__(); next(child.frames()); print(child.pid); sys.stdout.flush(); os._exit(9)"
    )
    parent = subprocess.run([sys.executable, "-c", script, job.model_dump_json()], capture_output=True, text=True, timeout=30)
    deadline = time.monotonic() + 5
    while alive(int(parent.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(parent.stdout))


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xff\\xff\\xff')", ParseError),
        ("import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\2{]')", ParseError),
        ("pass", PlatformDown),
        ("import os; os.kill(os.getpid(), 9)", PlatformDown),
    ],
)
def test_a_child_that_breaks_is_reported(script: str, error: type[CrawlError]) -> None:
    crawler = WebsiteCrawler(WebsiteOptions(), clock=lambda: NOW)
    job = crawler._job(CrawlRequest(account=an_account("http://blog.example.org/")))
    with FetchingChild(job, (sys.executable, "-c", script)) as child, pytest.raises(error):
        list(child.frames())


def test_the_child_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN", CANARY)
    monkeypatch.setenv("HTTP_PROXY", f"http://{CANARY}.example.org")
    job = WebsiteCrawler(WebsiteOptions(), clock=lambda: NOW)._job(CrawlRequest(account=an_account("http://blog.example.org/")))
    with FetchingChild(job, (sys.executable, "-c", "import time; time.sleep(20)")) as child:
        assert CANARY.encode() not in Path(f"/proc/{child.pid}/environ").read_bytes()
        assert os.getpgid(child.pid) == child.pid


def test_nothing_of_a_site_reaches_logs_or_the_terminal(
    web: Web, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    host = f"{CANARY}.example.org"
    web.home(host, alternate("application/rss+xml", f"/{CANARY}"))
    rss = f"<rss version='2.0'><channel><title>x</title><item><guid>{CANARY}</guid><title>{CANARY}</title><link>/{CANARY}/x</link></item></channel></rss>"
    web.put(f"{host}/{CANARY}", rss, "application/rss+xml")
    with caplog.at_level(logging.DEBUG):
        night = Night(web, host)
    assert "a listed article is not there" in night.notes
    said = caplog.text + "".join(capfd.readouterr()) + night.notes + repr(night.pages)
    assert "requests" in caplog.text
    assert CANARY not in said


@pytest.mark.parametrize(
    "handle", ["blog.example.org", "ftp://blog.example.org/", "", "http://", f"http://{CANARY}\n.example.org/"]
)
def test_a_handle_that_is_no_address(handle: str) -> None:
    with pytest.raises(AccountNotFound) as caught:
        list(WebsiteCrawler(WebsiteOptions(), clock=lambda: NOW).crawl(CrawlRequest(account=an_account(handle))))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("target", ["http://10.0.0.1:80", "https://127.0.0.1:80", "http://example.org:80", "x"])
def test_only_loopback_may_stand_in_for_a_site(target: str) -> None:
    with pytest.raises(ValidationError):
        WebsiteOptions(rebase={"http://blog.example.org": target})
