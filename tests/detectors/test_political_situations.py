"""Revenue Ruling 2007-41's 21 situations, as posts, through reading and judgement as they ship."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import default_policy_path, load_policy
from crawlers._archive.post_lines import parse_line
from nightrounds.screener import Screener

EXAMPLES = Path(__file__).resolve().parent / "examples" / "rev_rul_2007_41.yaml"
SITUATIONS: list[dict[str, Any]] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener(load_policy(default_policy_path()))


def test_all_are_there() -> None:
    assert [one["situation"] for one in SITUATIONS] == list(range(1, 22))


@pytest.mark.parametrize("one", SITUATIONS, ids=lambda one: f"situation {one['situation']}")
def test_the_ruling_is_followed(screener: Screener, one: dict[str, Any]) -> None:
    account = {"kind": one.get("kind", "official")}
    line = parse_line(
        json.dumps(
            {
                "id": "1",
                "text": one["text"],
                "links": one.get("links", []),
                "account": account,
                "created_at": "2026-10-20T12:00:00Z",
            }
        ).encode()
    )
    known = line.account()
    post = replace(line.post, account_id=known.id, platform=known.platform)
    found = [finding for finding in screener.screen_post(known, post).findings if finding.rule == "political"]
    assert bool(found) is one["intervenes"], one["factors"]
    assert all(finding.clause == "7" and finding.route == "legal" for finding in found)
