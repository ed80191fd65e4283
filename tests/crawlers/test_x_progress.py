"""What an X cursor holds: the bound, and a walk that may have to go on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.records import Cursor
from crawlers._x.posts import id_at, time_of
from crawlers._x.progress import Walk, read_progress

USER = "1700000000000000001"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"native_id": USER, "since_id": 7},
        {"native_id": USER, "since_id": "", "walk": {"started_at": "yesterday"}},
        {"native_id": USER, "since_id": "", "walk": [1]},
        {"native_id": USER, "since_id": "", "walk": {"started_at": START.isoformat(), "unknown": 1}},
    ],
)
def test_a_cursor_that_is_none_of_ours_starts_anew(state):
    progress = read_progress(Cursor(state), USER, None)
    assert (progress.since_id, progress.walk) == ("", None)


def test_small_ids_tell_no_time_and_are_still_a_bound():
    progress = read_progress(None, USER, None)
    walk = progress.begin(START).past(["1001", "1002"], "")
    assert progress.finish(walk).since_id == "1002"
    assert time_of("1002") is None


def test_the_bound_never_falls():
    progress = read_progress(Cursor({"native_id": USER, "since_id": id_at(START), "walk": None}), USER, None)
    assert progress.finish(Walk(started_at=START, newest_id=id_at(START))).since_id == id_at(START)
