"""The Bluesky stand-in's answers against the published lexicons, where those are at hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawlers._bluesky.posts import claimed_time, parse_uri
from nightrounds.sandbox.platforms._bluesky_records import POST, REPOST, did_of, uri_of
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

LEXICONS = Path(__file__).resolve().parents[2] / "../shared/data/specs/atproto/lexicons"
pytestmark = pytest.mark.skipif(not LEXICONS.is_dir(), reason="the published lexicons are not at hand")

FORMATS = {
    "did": re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]+"),
    "handle": re.compile(r"([a-z0-9-]+\.)+[a-z]+"),
    "cid": re.compile(r"b[a-z2-7]{20,}"),
    "uri": re.compile(r"[a-z]+:\S+"),
    "tid": re.compile(r"[234567a-j][234567a-z]{12}"),
    "language": re.compile(r"[a-z]{2,3}(-[A-Za-z]+)*"),
}


@cache
def lexicon(nsid: str) -> dict[str, Any]:
    path = LEXICONS.joinpath(*nsid.split(".")).with_suffix(".json")
    return json.loads(path.read_text(encoding="utf-8"))["defs"]


def definition(reference: str, home: str) -> tuple[dict[str, Any], str]:
    """What a `ref` names, and the lexicon in which its own references are at home."""
    nsid, _, name = reference.partition("#")
    return lexicon(nsid or home)[name or "main"], nsid or home


def problems(value: Any, schema: dict[str, Any], home: str, at: str = "") -> Iterator[str]:
    """Where a value is not what a schema says. Undescribed properties are problems too, though the protocol allows them."""
    kind = schema["type"]
    if kind == "ref":
        inner, place = definition(schema["ref"], home)
        yield from problems(value, inner, place, at)
    elif kind == "union":
        told = value.get("$type", "") if isinstance(value, dict) else ""
        found = next((r for r in schema["refs"] if (r if r[0] != "#" else home + r).removesuffix("#main") == told), None)
        if found is None:
            yield f"{at}: {told!r} is none of the union"
        else:
            inner, place = definition(found, home)
            yield from problems(value, inner, place, at)
    elif kind == "record":
        yield from problems(value, schema["record"], home, at)
    elif kind == "object":
        known = schema.get("properties", {})
        yield from (f"{at}.{name}: missing" for name in schema.get("required", ()) if name not in value)
        yield from (f"{at}.{name}: not described" for name in value if name not in known and name != "$type")
        for name in value.keys() & known.keys():
            yield from problems(value[name], known[name], home, f"{at}.{name}")
    elif kind == "array":
        if not isinstance(value, list) or len(value) > schema.get("maxLength", 10_000):
            yield f"{at}: no list, or too long"
            return
        for number, inner in enumerate(value):
            yield from problems(inner, schema["items"], home, f"{at}[{number}]")
    elif kind == "unknown":
        if at.endswith((".record", ".value")):
            record, place = definition(value["$type"], home)
            yield from problems(value, record, place, at)
    elif kind == "blob":
        if value.get("$type") != "blob" or not FORMATS["cid"].fullmatch(value["ref"]["$link"]):
            yield f"{at}: no blob"
    elif kind == "string":
        yield from string_problems(value, schema, at)
    elif not isinstance(value, {"integer": int, "boolean": bool}[kind]):
        yield f"{at}: expected {kind}"


def string_problems(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    form = schema.get("format", "")
    if not isinstance(value, str):
        yield f"{at}: expected text"
    elif form == "datetime" and claimed_time(value) is None:
        yield f"{at}: no time"
    elif form == "at-uri" and parse_uri(value) is None:
        yield f"{at}: no address of a record"
    elif form in FORMATS and not FORMATS[form].fullmatch(value):
        yield f"{at}: no {form}"
    elif len(value.encode()) > schema.get("maxLength", 10**9):
        yield f"{at}: too long"


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    for account in load_world().of("bluesky"):
        did = did_of(account.key)
        yield "app.bsky.actor.getProfile", {"actor": did}
        yield "app.bsky.feed.getAuthorFeed", {"actor": did, "limit": 100}
        yield "com.atproto.sync.getRepoStatus", {"did": did}
        yield "com.atproto.sync.getLatestCommit", {"did": did}
        yield "com.atproto.identity.resolveHandle", {"handle": account.handle}
        for collection in (POST, REPOST):
            yield "com.atproto.repo.listRecords", {"repo": did, "collection": collection, "limit": 100}
        shown = [uri_of(one) for one in view_of(1).posts(account)]
        yield "app.bsky.feed.getPosts", {"uris": shown[:25]}
        yield "app.bsky.feed.getPostThread", {"uri": shown[0]}
        record = parse_uri(shown[0])
        assert record
        yield "com.atproto.repo.getRecord", {"repo": did, "collection": record.collection, "rkey": record.rkey}


@pytest.mark.parametrize("night", [1, 2])
def test_every_answer_is_what_the_lexicon_says(night: int) -> None:
    with Sandbox(night, page_size=100) as sandbox, httpx.Client(base_url=f"{sandbox.urls['bluesky']}/xrpc/") as client:
        for nsid, asked in questions():
            main = lexicon(nsid)["main"]
            assert asked.keys() <= main["parameters"]["properties"].keys()
            answer = client.get(nsid, params=asked)
            assert answer.status_code == 200, (nsid, answer.text)
            assert list(problems(answer.json(), main["output"]["schema"], nsid)) == [], nsid


def test_the_check_itself_finds_what_is_wrong() -> None:
    schema = lexicon("com.atproto.sync.getLatestCommit")["main"]["output"]["schema"]
    assert list(problems({"cid": "no", "extra": 1}, schema, "")) == [".rev: missing", ".extra: not described", ".cid: no cid"]
