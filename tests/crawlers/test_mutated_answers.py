"""Spoiled variants of the recorded answers: only a CrawlError may escape, and no post is invented."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import CrawlError
from core.records import Cursor, KnownPost
from core.seams import CrawlRequest
from crawlers import facebook_pages, x_timelines
from crawlers.facebook_pages import FacebookCrawler
from crawlers.x_timelines import XCrawler

EXAMPLES = Path(__file__).with_name("examples")
CRAWLERS = {
    "x": (XCrawler, {"bearer_token": "recorded-token"}),
    "facebook": (FacebookCrawler, {"access_token": "recorded-token"}),
}
CASES = [
    *(EXAMPLES / "x" / f"{name}.json" for name in ("tweet_vocabulary", "post_vocabulary", "recheck")),
    *(EXAMPLES / "facebook" / f"{name}.json" for name in ("published_posts", "recheck")),
]
ROUNDS = 200
JUNK: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "x", "\ud800", "\x00", "1" * 30, [], {}, [[]], [None], {"id": None},
    "2026-02-30T00:00:00Z", "9999-12-31T23:59:59-14:00", "٣٤", "javascript:alert(1)", "http://[",
    "https://x.example/" + "a" * 9000, "w" * 200_000,
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


def deepened(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = {"data": [value]}
    return value


def spoiled(body: Any, chance: random.Random) -> bytes:
    body = json.loads(json.dumps(body))
    kind = chance.choice(["junk", "junk", "junk", "missing", "missing", "swapped", "deep", "cut", "bytes"])
    container, key = chance.choice(list(places(body)) or [({"": 0}, "")])
    if kind == "junk":
        container[key] = chance.choice(JUNK)
    elif kind == "missing":
        container.pop(key)
    elif kind == "swapped":
        other, its_key = chance.choice(list(places(body)))
        container[key] = json.loads(json.dumps(other[its_key]))
    elif kind == "deep":
        container[key] = deepened(chance.choice([5, 50, 400]))
    raw = bytearray(json.dumps(body).encode())
    if kind == "cut":
        del raw[chance.randrange(len(raw)) :]
    elif kind == "bytes":
        for _ in range(3):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def strings(raw: bytes) -> set[str]:
    """Everything that stands in an answer as text, as our records would hold it."""
    try:
        value = json.loads(raw)
    except ValueError:
        return set()
    found = {container[key] for container, key in places([value]) if isinstance(container[key], str)}
    clean = {
        text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd") for text in found
    }
    clean |= {text.replace("recorded-token", "REDACTED") for text in clean}
    return clean | {text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for text in clean}


def conversation(case: dict[str, Any], loopback: Any, chance: random.Random) -> Callable[[Any], Any]:
    left = [(one["body"], one.get("status", 200)) for one in case["answers"]]
    target = chance.randrange(len(left))
    sent = [spoiled(body, chance) if n == target else json.dumps(body).encode() for n, (body, _) in enumerate(left)]
    replies = [loopback.Reply(raw, status) for raw, (_, status) in zip(sent, left, strict=True)]
    loopback.sent = set().union(*(strings(raw) for raw in sent))
    return lambda _: replies.pop(0) if replies else loopback.Reply(b"", 500)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_only_crawl_errors_escape_and_no_post_is_invented(path, loopback, clock, make_account):
    case = json.loads(path.read_text(encoding="utf-8"))
    crawler_type, tokens = CRAWLERS[path.parent.name]
    options = crawler_type.Options(base_url=loopback.url, **tokens, **case.get("options", {}))
    outcomes: dict[str, int] = {}
    crawler = crawler_type(options, clock=clock, sleep=lambda _: None)
    for seed in range(ROUNDS):
        loopback.answer = conversation(case, loopback, random.Random(f"{path.stem}{seed}"))
        request = CrawlRequest(
            account=make_account(path.parent.name, case["handle"], case.get("native_id")),
            cursor=Cursor(case["cursor"]) if "cursor" in case else None,
            recheck=[
                KnownPost(native_id=one[0], url="", revision=one[1], posted_at=None, last_verified_at=clock())
                for one in case.get("recheck", [])
            ],
        )
        outcome = "read"
        try:
            for page in crawler.crawl(request):
                if page.cursor:
                    json.dumps(dict(page.cursor.state))
                for post in page.posts:
                    assert post.native_id in loopback.sent
                    assert post.text in loopback.sent | {""}
                    post.text.encode()
                    post.content()
                    assert all(link.startswith(("http://", "https://")) for link in post.links)
                if page.profile:
                    page.profile.display_name.encode()
        except CrawlError as error:
            outcome = type(error).__name__
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    crawler.close()
    assert outcomes.get("read", 0) > ROUNDS / 10, "most single faults must not cost the whole page"
    assert len(outcomes) >= 2, "the mutations must hurt"


@pytest.mark.parametrize("path", [CASES[0], CASES[1], CASES[3]], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_junk_in_each_place_of_a_page_costs_one_post_or_the_page(path, loopback, clock, make_account):
    case = json.loads(path.read_text(encoding="utf-8"))
    account = make_account(path.parent.name, case["handle"])
    body = case["answers"][1]["body"]
    whole = len(parsed(path.parent.name, body, account))
    kept = []
    for number in range(len(list(places(body)))):
        for junk in JUNK[:-1]:
            document = json.loads(json.dumps(body))
            container, key = list(places(document))[number]
            container[key] = junk
            try:
                kept.append(len(parsed(path.parent.name, document, account)))
            except CrawlError:
                continue
    assert kept
    assert sum(count < whole - 1 for count in kept) < len(kept) / 10, "one broken item takes others with it"


def parsed(platform: str, document: dict[str, Any], account: Any) -> tuple[Any, ...]:
    if platform == "x":
        return x_timelines._parse_page(document, account, "1700000000000000001").posts
    return facebook_pages._parse_posts(document, account, "100000000000077").posts
