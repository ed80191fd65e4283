"""Posts as the rules on confidential things, copyright and claims are tried on them, with what a model would say or without."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

from core.records import Account, Basis, Kind, Media, Post, PostType, Profile, Reading, Signals
from detectors._reader import post_segments

EXAMPLES = Path(__file__).resolve().parent.parent / "detectors" / "examples"
_WORDS = (
    "the ward was quiet and then a bell rang far down the hall while somebody laughed and the rain went on against the old "
    "windows of the west wing"
)


def examples(rule: str) -> list[dict[str, Any]]:
    """The cases of a rule's file. {filler} in a text stands for as many ordinary words as `filler` says."""
    parts = yaml.safe_load((EXAMPLES / f"{rule}.yaml").read_text(encoding="utf-8"))
    assert all(bool(case.get("expect")) == (part == "flagged") for part, cases in parts.items() for case in cases)
    return [case for cases in parts.values() for case in cases]


def reading_of(case: Mapping[str, Any], *, classes: Mapping[str, float] | None = None, not_read: str | None = None) -> Reading:
    """What a detector is handed for a case. Without `classes`, no model spoke."""
    text = case["text"].replace("{filler}", " ".join(islice(cycle(_WORDS.split()), case.get("filler", 0))))
    account = Account(
        id="1",
        platform="x",
        handle=case.get("handle", "user48213"),
        kind=Kind(case.get("kind", "official")),
        basis=Basis.OWNED,
        basis_recorded_by="the test",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(display_name=case.get("display_name", ""), bio=case.get("bio", "")),
    )
    post = Post(
        platform="x",
        account_id="1",
        native_id="1",
        type=PostType(case.get("post_type", "note")),
        text=text,
        links=tuple(case.get("links", ())),
        media=tuple(Media(kind="image", native_key=str(n), alt_text=alt) for n, alt in enumerate(case.get("alt_texts", ()))),
    )
    signals = {"text": Signals(segment="text", not_read=not_read)}
    segments = tuple(post_segments(account, post))
    return Reading(account=account, post=post, segments=segments, signals=signals, classes=dict(classes or {}))
