"""Spoiled variants of the recorded answers: only a CrawlError may escape, and no post is invented."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from core.errors import CrawlError
from core.records import Cursor, KnownPost
from core.seams import CrawlRequest
from crawlers import facebook_pages, x_timelines
from nightrounds.platforms import crawler_classes

EXAMPLES = Path(__file__).with_name("examples")
RECORDED = sorted(path.parent.name for path in EXAMPLES.glob("*/options.json"))
ROUNDS = 600  # a platform


def cases_of(platform: str) -> list[Path]:
    """The recorded conversations that hold posts."""
    expectations = sorted((EXAMPLES / platform).glob("*.posts.json"))
    told = {path: json.loads(path.read_text(encoding="utf-8")) for path in expectations}
    return [
        path.with_name(path.name.replace(".posts.json", ".json"))
        for path, pages in told.items()
        if any(page.get("posts") for page in pages["pages"])
    ]


CASES = [path for platform in RECORDED for path in cases_of(platform)]
TIMELINES = [EXAMPLES / name for name in ("x/tweet_vocabulary.json", "x/post_vocabulary.json", "facebook/published_posts.json")]
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


def words(raw: bytes) -> set[str]:
    """Every word that stands in an answer, as our records would hold it."""
    text = raw.decode("utf-8", "replace")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    text += " ".join(str(container[key]) for container, key in places([value]) if not isinstance(container[key], (dict, list)))
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")
    return set(re.findall(r"\w+", text + html.unescape(text) + unquote(text)))


def conversation(case: dict[str, Any], loopback: Any, chance: random.Random) -> Callable[[Any], Any]:
    answers = case["answers"]
    target = chance.randrange(len(answers))
    sent = []
    for number, one in enumerate(answers):
        if "text" in one:
            sent.append(bitten(one["text"].encode(), chance) if number == target else one["text"].encode())
        else:
            sent.append(spoiled(one["body"], chance) if number == target else json.dumps(one["body"]).encode())
    types = [one.get("media_type", "application/json; charset=utf-8") for one in answers]
    replies = [
        loopback.Reply(raw, one.get("status", 200), one.get("headers", {}), media_type)
        for raw, one, media_type in zip(sent, answers, types, strict=True)
    ]
    loopback.sent = set().union(*(words(raw) for raw in sent))
    return lambda _: replies.pop(0) if replies else loopback.Reply(b"", 500)


def bitten(raw: bytes, chance: random.Random) -> bytes:
    """An answer that is no JSON, cut off or with other bytes in it."""
    spoiled_bytes = bytearray(raw)
    if chance.random() < 0.5:
        return bytes(spoiled_bytes[: chance.randrange(len(raw))])
    for _ in range(3):
        spoiled_bytes[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(spoiled_bytes)


def is_told(text: str, sent: set[str]) -> bool:
    """Whether each word of ours stands in what was sent: nothing was invented."""
    return all(word in sent for word in re.findall(r"\w{3,}", text))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_only_crawl_errors_escape_and_no_post_is_invented(path, loopback, clock, make_account):
    case = json.loads(path.read_text(encoding="utf-8"))
    crawler_type = crawler_classes()[path.parent.name]
    recorded_under = json.loads(path.with_name("options.json").read_text(encoding="utf-8"))
    options = crawler_type.Options(**{**recorded_under, **case.get("options", {}), "base_url": loopback.url})
    outcomes: dict[str, int] = {}
    rounds = -(-ROUNDS // len(cases_of(path.parent.name)))
    crawler = crawler_type(options, clock=clock, sleep=lambda _: None)
    for seed in range(rounds):
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
                    assert post.native_id
                    assert is_told(post.native_id, loopback.sent)
                    assert is_told(post.text, loopback.sent)
                    post.text.encode()
                    post.content()
                    assert all(link.startswith(("http://", "https://")) for link in post.links)
                if page.profile:
                    page.profile.display_name.encode()
        except CrawlError as error:
            outcome = type(error).__name__
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    crawler.close()
    assert outcomes.get("read", 0) > rounds / 10, "most single faults must not cost the whole page"
    assert len(outcomes) >= 2, "the mutations must hurt"


@pytest.mark.parametrize("path", TIMELINES, ids=lambda path: f"{path.parent.name}/{path.stem}")
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
