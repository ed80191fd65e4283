"""A small wiki on a loopback port: pages, their revisions, recent changes and logs, each as MediaWiki 1.39 tells of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import CrawlError
from core.records import CrawledPage, Cursor, Gone, KnownPost, Post
from core.seams import UNMETERED, CrawlRequest, Meter
from crawlers.mediawiki import MediaWikiCrawler, MediaWikiOptions

HANDLE = "http://wiki.example.org/api.php"
NAMES = {-1: "Special", 0: "", 1: "Talk", 6: "File", 14: "Category"}


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class SmallWiki:
    """`page_cap` is the most that a listing holds. `answer` can be laid aside for a fault."""

    def __init__(self, loopback: Any, clock: Any) -> None:
        self.loopback, self.clock = loopback, clock
        self.pages: dict[int, dict[str, Any]] = {}
        self.lines: list[dict[str, Any]] = []
        self.revision = 0
        self.page_cap = 50
        self.spoiled: set[int] = set()  # pages that are told of without a title
        self.recent_from = 0  # recent changes before that are purged
        self.ids = 0
        loopback.answer = self.answer

    @property
    def now(self) -> int:
        return int(self.clock.now.timestamp())

    def line(self, kind: str, page_id: int, **more: Any) -> None:
        page = self.pages[page_id]
        told = {"type": kind, "ns": page["ns"], "title": page["title"], "pageid": page_id, "timestamp": stamp(self.now)}
        self.lines.append({**told, "rcid": len(self.lines) + 1, "revid": 0, "newlen": 0, **more})

    def write(self, title: str, words: str, *, ns: int = 0, model: str = "wikitext", silently: bool = False) -> int:
        """A new page, or another revision of one; returns its id. `silently` leaves no line in the list of changes."""
        self.clock.move(seconds=1)
        page_id = next((one for one, page in self.pages.items() if page["title"] == title and not page["gone"]), 0)
        kind = "edit" if page_id else "new"
        if not page_id:
            self.ids += 1
            page_id = self.ids
            self.pages[page_id] = {"ns": ns, "title": title, "model": model, "revisions": [], "gone": False}
        self.revision += 1
        self.pages[page_id]["revisions"].append([self.revision, self.now, words, False])
        if not silently:
            self.line(kind, page_id, revid=self.revision, newlen=len(words))
        return page_id

    def log(self, page_id: int, kind: str, action: str = "", **params: Any) -> None:
        self.clock.move(seconds=1)
        self.line("log", page_id, logtype=kind, logaction=action or kind, logparams=params)

    def delete(self, page_id: int) -> None:
        self.log(page_id, "delete")
        self.pages[page_id]["gone"] = True

    def restore(self, page_id: int) -> None:
        self.pages[page_id]["gone"] = False
        self.log(page_id, "delete", "restore")

    def move(self, page_id: int, title: str, ns: int = 0) -> None:
        self.log(page_id, "move", target_ns=ns, target_title=title)
        self.pages[page_id] |= {"title": title, "ns": ns}

    def told(self, page_id: int, query: dict[str, str], revisions: list[list[Any]] | None = None) -> dict[str, Any]:
        page = self.pages.get(page_id)
        if page is None or page["gone"]:
            return {"pageid": page_id, "missing": True}
        last = page["revisions"][-1]
        told = {
            "pageid": page_id,
            "ns": page["ns"],
            "title": page["title"],
            "contentmodel": page["model"],
            "pagelanguage": "en",
        }
        told |= {"lastrevid": last[0], "length": len(last[2].encode()), "canonicalurl": f"http://wiki.example.org/{page_id}"}
        if page["ns"] == 6:
            told["imageinfo"] = [{"url": "http://wiki.example.org/f.png", "sha1": "0" * 40, "mime": "image/png"}]
        if last[2].startswith("#REDIRECT"):
            told["redirect"] = True
        if "revisions" in query.get("prop", ""):
            chosen = revisions or [page["revisions"][0] if query.get("rvdir") == "newer" else last]
            told["revisions"] = [self.told_revision(page, one, query) for one in chosen]
            if page_id in self.spoiled:
                told["title"] = ["no", "title"]
        return told

    def told_revision(self, page: dict[str, Any], one: list[Any], query: dict[str, str]) -> dict[str, Any]:
        before = [other[0] for other in page["revisions"] if other[0] < one[0]]
        slot = {"contentmodel": page["model"], **({"texthidden": True} if one[3] else {"content": one[2]})}
        content = {"slots": {"main": slot}} if "content" in query["rvprop"] else {}
        return {"revid": one[0], "parentid": max(before, default=0), "timestamp": stamp(one[1]), **content}

    def answer(self, asked: Any) -> Any:
        query = asked.query
        if asked.path != "/api.php":
            return self.loopback.Reply(b"<html><h1>Not Found</h1></html>", 404, media_type="text/html")
        document: dict[str, Any] = {"batchcomplete": True, "query": {}}
        if "siteinfo" in query["meta"]:
            spaces = {str(n): {"id": n, "name": name, "content": n == 0} for n, name in NAMES.items()}
            general = {"sitename": "Harbor Wiki", "wikiid": "harbor", "time": stamp(self.now), "lang": "en"}
            document["query"] = {"general": general, "namespaces": spaces, "namespacealiases": [], "allmessages": []}
        elif query.get("generator") == "allpages":
            ids = [one for one, page in self.pages.items() if str(page["ns"]) == query["gapnamespace"] and not page["gone"]]
            ids = [one for one in ids if not self.pages[one]["revisions"][-1][2].startswith("#REDIRECT")]
            ids = sorted(one for one in ids if one >= int(query.get("gapcontinue", 0)))
            size = min(self.page_cap, int(query["gaplimit"]))
            document["query"]["pages"] = [self.told(one, query) for one in ids[:size]]
            if ids[size:]:
                document["continue"] = {"gapcontinue": str(ids[size]), "continue": "gapcontinue||"}
        elif "pageids" in query:
            document["query"]["pages"] = [self.told(int(one), query) for one in query["pageids"].split("|")]
        elif "titles" in query:
            here = {page["title"]: one for one, page in self.pages.items() if not page["gone"]}
            document["query"]["pages"] = [self.told(here.get(one, 0), query) for one in query["titles"].split("|")]
        elif "revids" in query:
            wanted = {int(one) for one in query["revids"].split("|")}
            found = {
                one: [r for r in page["revisions"] if r[0] in wanted] for one, page in self.pages.items() if not page["gone"]
            }
            document["query"]["pages"] = [self.told(one, query, chosen) for one, chosen in found.items() if chosen]
        elif query.get("list") == "recentchanges":
            lines = [one for one in self.lines if one["timestamp"] >= max(query.get("rcstart", ""), stamp(self.recent_from))]
            start = int(query.get("rccontinue", 0))
            size = min(self.page_cap, int(query["rclimit"]))
            document["query"]["recentchanges"] = lines[start : start + size]
            if lines[start + size :]:
                document["continue"] = {"rccontinue": str(start + size), "continue": "-||"}
        elif query.get("list") == "logevents":
            lines = [one for one in self.lines if one.get("logtype") == "delete" and one["timestamp"] >= query["lestart"]]
            document["query"]["logevents"] = [{"logpage": one["pageid"], "timestamp": one["timestamp"]} for one in lines]
        return self.loopback.Reply(document)


class Night:
    """What one crawl came to. `stop_after` pages it is killed."""

    def __init__(self, pages: list[CrawledPage], error: CrawlError | None) -> None:
        self.pages, self.error = pages, error
        self.told: list[Post] = [post for page in pages for post in page.posts]
        self.posts: dict[str, Post] = {post.title: post for post in self.told}
        self.gone: dict[str, Gone] = {one.native_id: one for page in pages for one in page.gone}
        self.verified = {one for page in pages for one in page.verified}
        self.notes = [page.note for page in pages if page.note]


class Crawls:
    """Crawls of the wiki, each with the cursor that the one before left."""

    def __init__(self, wiki: SmallWiki, make_account: Callable[..., Any]) -> None:
        self.wiki = wiki
        self.account = make_account("mediawiki", HANDLE)
        self.cursor: Cursor | None = None
        self.slept: list[float] = []

    def crawler(self, **options: Any) -> MediaWikiCrawler:
        given = {"base_url": self.wiki.loopback.url, "delay": 0, "timeout": 5, **options}
        return MediaWikiCrawler(MediaWikiOptions(**given), clock=self.wiki.clock, sleep=self.slept.append)

    def night(
        self, *recheck: KnownPost, stop_after: int = 10_000, meter: Meter = UNMETERED, days: float = 1, **options: Any
    ) -> Night:
        self.wiki.clock.move(days=days)
        pages: list[CrawledPage] = []
        request = CrawlRequest(account=self.account, cursor=self.cursor, recheck=recheck, meter=meter)
        crawl = self.crawler(**options).crawl(request)
        error = None
        try:
            for page in crawl:
                assert page.raw
                pages.append(page)
                if page.cursor:
                    self.cursor = Cursor(json.loads(json.dumps(dict(page.cursor.state))))
                if len(pages) == stop_after:
                    crawl.close()
        except CrawlError as caught:
            error = caught
        return Night(pages, error)


@pytest.fixture
def wiki(loopback: Any, clock: Any) -> SmallWiki:
    return SmallWiki(loopback, clock)


@pytest.fixture
def crawls(wiki: SmallWiki, make_account: Callable[..., Any]) -> Crawls:
    return Crawls(wiki, make_account)


@pytest.fixture
def due(clock: Any) -> Callable[..., KnownPost]:
    def make(native_id: object, revision: object = "", path: str = "", posted_at: datetime | None = None) -> KnownPost:
        return KnownPost(
            native_id=str(native_id),
            url="",
            revision=str(revision),
            posted_at=posted_at,
            last_verified_at=clock.now,
            missing_path=path,
        )

    return make
