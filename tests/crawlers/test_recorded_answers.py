"""Recorded conversations with platforms, and what must be read out of each.

`examples/<platform>/options.json` holds the options that they were recorded under; a folder without it is no conversation.
`<case>.json` holds the answers in the order in which they are asked for (`body` is JSON, `text` anything else, `method` GET
unless it is told); `<case>.posts.json` beside it the pages that come out, without what stands at its default. Where that is
missing it is written, for a person to read, and the test fails.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from core.errors import CrawlError
from core.records import Cursor, KnownPost
from core.seams import CrawlRequest
from nightrounds.platforms import crawler_classes

EXAMPLES = Path(__file__).with_name("examples")
RECORDED = sorted(path.parent.name for path in EXAMPLES.glob("*/options.json"))
CASES = sorted(
    path
    for platform in RECORDED
    for path in (EXAMPLES / platform).glob("*.json")
    if path.name != "options.json" and not path.stem.endswith(".posts")
)


def plain(value: Any) -> Any:
    """A record as JSON, without defaults and without evidence."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {}
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if field.name not in {"raw", "cursor", "account_id", "platform"} and inner != field.default and inner != ():
                kept[field.name] = plain(inner)
        return kept
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value


def read(path: Path, loopback: Any, clock: Any, make_account: Any) -> dict[str, Any]:
    case = json.loads(path.read_text(encoding="utf-8"))
    platform = path.parent.name
    answers = list(case["answers"])

    def answer(asked: Any) -> Any:
        expected = answers.pop(0)
        assert asked.path == expected["path"]
        assert asked.method == expected.get("method", "GET")
        assert dict(asked.query, **expected.get("query", {})) == asked.query
        body = expected["text"].encode() if "text" in expected else expected["body"]
        media_type = expected.get("media_type", "application/json; charset=utf-8")
        return loopback.Reply(body, expected.get("status", 200), expected.get("headers", {}), media_type)

    loopback.answer = answer
    crawler_type = crawler_classes()[platform]
    recorded_under = json.loads(path.with_name("options.json").read_text(encoding="utf-8"))
    options = crawler_type.Options(**{**recorded_under, **case.get("options", {}), "base_url": loopback.url})
    crawler = crawler_type(options, clock=clock, sleep=lambda _: None)
    request = CrawlRequest(
        account=make_account(platform, case["handle"], case.get("native_id")),
        cursor=Cursor(case["cursor"]) if "cursor" in case else None,
        recheck=[
            KnownPost(native_id=one[0], url="", revision=one[1], posted_at=None, last_verified_at=clock())
            for one in case.get("recheck", [])
        ],
    )
    pages, error = [], ""
    try:
        for page in crawler.crawl(request):
            assert page.raw
            pages.append(plain(page))
    except CrawlError as caught:
        error = type(caught).__name__
    finally:
        crawler.close()
    assert answers == [], "not all answers were asked for"
    return {"pages": pages, "error": error}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_conversation_is_read_as_expected(path, loopback, clock, make_account):
    expected = path.with_name(f"{path.stem}.posts.json")
    found = read(path, loopback, clock, make_account)
    if not expected.is_file():
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        pytest.fail(f"{expected.name} was missing and holds now what was read: read it line by line, then run this again")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def test_no_expectation_stands_alone():
    for path in EXAMPLES.glob("*/*.posts.json"):
        assert path.with_name(path.name.replace(".posts.json", ".json")).is_file()
