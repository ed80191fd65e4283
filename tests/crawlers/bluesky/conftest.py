"""A Bluesky network of one account on loopback, and what a pipeline would keep of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.records import CrawledPage, KnownPost
from core.seams import CrawlRequest
from crawlers._bluesky.posts import POST, REPOST
from crawlers.bluesky import BlueskyCrawler, BlueskyOptions

DID = "did:plc:harborclinic234567abcdef"
HANDLE = "harbor-clinic.example"
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def tid(at: datetime) -> str:
    number = int(at.timestamp()) * 1_000_000 << 10
    return "".join(LETTERS[number >> shift & 31] for shift in range(60, -5, -5))


class Network:
    """AppView, directory and server of one account. `records` maps collection and key to (content id, record)."""

    def __init__(self, loopback: Any, page_size: int = 3) -> None:
        self.loopback = loopback
        self.page_size = page_size
        self.records: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {POST: {}, REPOST: {}}
        self.labels: list[dict[str, str]] = []
        self.status: dict[str, Any] = {"active": True}
        self.endpoint = "https://pds.harbor.example"
        self.did = DID
        self.edits = 0
        self.broken: dict[str, Any] = {}  # method -> reply in its place
        loopback.answer = self.answer

    def post(self, at: datetime, words: Any, **more: Any) -> str:
        record = {"$type": POST, "text": words, "createdAt": at.isoformat().replace("+00:00", "Z"), **more}
        self.records[POST][tid(at)] = (f"bafyrei{len(self.records[POST])}first", record)
        return f"at://{DID}/{POST}/{tid(at)}"

    def edit(self, uri: str, words: str) -> None:
        self.edits += 1
        key = uri.rsplit("/", 1)[1]
        self.records[POST][key] = (f"bafyrei{self.edits}edited", {**self.records[POST][key][1], "text": words})

    def delete(self, uri: str) -> None:
        self.edits += 1
        del self.records[POST][uri.rsplit("/", 1)[1]]

    def fill(self, clock: Any, count: int = 8) -> list[str]:
        return [self.post(clock() - timedelta(days=count - n), f"Post number {n}.") for n in range(count)]

    @property
    def rev(self) -> str:
        number = self.edits * 1024 + len(self.records[POST])
        return "3n2aaaa" + "".join(LETTERS[number >> shift & 31] for shift in (15, 10, 5, 0)) + "22"

    def answer(self, asked: Any) -> Any:
        if asked.path.startswith("/did:"):
            service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.endpoint}
            return self.reply("directory", {"id": self.did, "service": [service]})
        method = asked.path.removeprefix("/xrpc/")
        return self.reply(method, getattr(self, method.rsplit(".", 1)[1])(asked.query))

    def reply(self, method: str, body: Any) -> Any:
        if method in self.broken:
            return self.broken[method]
        return body if isinstance(body, self.loopback.Reply) else self.loopback.Reply(body)

    def getProfile(self, _query: Any) -> Any:
        return {"did": DID, "handle": HANDLE, "displayName": "Harbor Clinic", "labels": self.labels}

    def resolveHandle(self, _query: Any) -> Any:
        return {"did": DID}

    def getRepoStatus(self, _query: Any) -> Any:
        return {"did": DID, **self.status}

    def getLatestCommit(self, _query: Any) -> Any:
        return {"cid": "bafyreicommit", "rev": self.rev}

    def listRecords(self, query: dict[str, str]) -> Any:
        held = self.records[query["collection"]]
        upward, place = query["reverse"] == "true", query.get("cursor", "")
        keys = sorted(held, reverse=not upward)
        keys = [key for key in keys if not place or (key > place if upward else key < place)][: self.page_size]
        listed = [{"uri": f"at://{DID}/{query['collection']}/{k}", "cid": held[k][0], "value": held[k][1]} for k in keys]
        return {"records": listed, **({"cursor": keys[-1]} if keys else {})}

    def getRecord(self, query: dict[str, str]) -> Any:
        found = self.records[query["collection"]].get(query["rkey"])
        if found is None:
            return self.loopback.Reply({"error": "RecordNotFound", "message": "Could not locate record"}, 400)
        return {"uri": f"at://{DID}/{query['collection']}/{query['rkey']}", "cid": found[0], "value": found[1]}

    def view(self, key: str) -> dict[str, Any]:
        cid, record = self.records[POST][key]
        parts = {"author": {"did": DID, "handle": HANDLE}, "record": record, "indexedAt": record["createdAt"]}
        return {"uri": f"at://{DID}/{POST}/{key}", "cid": cid, **parts}

    def getPosts(self, query: dict[str, str]) -> Any:  # the loopback server shows the first address of a lookup alone
        key = query["uris"].rsplit("/", 1)[1]
        return {"posts": [self.view(key)] if key in self.records[POST] else []}

    def getPostThread(self, query: dict[str, str]) -> Any:
        return self.loopback.Reply({"error": "NotFound", "message": f"Post not found: {query['uri']}"}, 400)

    def getAuthorFeed(self, query: dict[str, str]) -> Any:
        keys = [key for key in sorted(self.records[POST], reverse=True) if not query.get("cursor") or key < query["cursor"]]
        page = keys[: self.page_size]
        return {"feed": [{"post": self.view(key)} for key in page], **({"cursor": page[-1]} if page else {})}


@pytest.fixture
def network(loopback: Any) -> Network:
    return Network(loopback)


@pytest.fixture
def crawler(make_crawler: Callable[..., BlueskyCrawler]) -> BlueskyCrawler:
    return make_crawler()


@pytest.fixture
def make_crawler(loopback: Any, clock: Any) -> Callable[..., BlueskyCrawler]:
    def make(**options: Any) -> BlueskyCrawler:
        stand_ins = {"https://plc.directory": "base_url", "https://pds.harbor.example": loopback.url}
        chosen = BlueskyOptions(base_url=loopback.url, rebase=stand_ins, **options)
        return BlueskyCrawler(chosen, clock=clock, sleep=lambda _: None)

    return make


@pytest.fixture
def account(make_account: Callable[..., Any]) -> Any:
    return make_account("bluesky", HANDLE)


class Store:
    """What a pipeline would keep."""

    def __init__(self) -> None:
        self.posts: dict[str, Any] = {}
        self.gone: dict[str, Any] = {}
        self.cursor: Any = None
        self.notes: list[str] = []

    def keep(self, page: CrawledPage) -> None:
        self.posts.update({post.native_id: post for post in page.posts})
        self.gone.update({one.native_id: one for one in page.gone})
        self.cursor = page.cursor or self.cursor
        self.notes += [page.note] if page.note else []

    def known(self, clock: Any, *ids: str, missing_path: str = "") -> list[KnownPost]:
        return [
            KnownPost(
                native_id=one,
                url="",
                revision=self.posts[one].revision if one in self.posts else "",
                posted_at=None,
                last_verified_at=clock(),
                missing_path=missing_path,
            )
            for one in ids
        ]

    def crawl(self, crawler: BlueskyCrawler, account: Any, pages: int = 10_000, **request: Any) -> int:
        """Crawl until so many pages are kept; returns how many there were."""
        count = 0
        for page in crawler.crawl(CrawlRequest(account=account, cursor=self.cursor, **request)):
            self.keep(page)
            count += 1
            if count == pages:
                break
        return count


@pytest.fixture
def make_store() -> type[Store]:
    return Store
