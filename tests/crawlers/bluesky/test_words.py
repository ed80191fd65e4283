"""Bluesky: handles, options and times, as people and clients write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import (
    AccountNotFound,
)
from crawlers._bluesky.posts import POST, claimed_time, parse_post, time_of
from crawlers.bluesky import BlueskyOptions

DID = "did:plc:harborclinic234567abcdef"
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def tid(at: datetime) -> str:
    number = int(at.timestamp()) * 1_000_000 << 10
    return "".join(LETTERS[number >> shift & 31] for shift in range(60, -5, -5))


@pytest.mark.parametrize(
    "handle", ["", "no handle", "x" * 300 + ".example", "did:key:z1", "https://bsky.app/profile/a.example"]
)
def test_what_is_no_handle_is_not_asked_for(crawler, make_account, loopback, handle, make_store):
    with pytest.raises(AccountNotFound):
        make_store().crawl(crawler, make_account("bluesky", handle))
    assert loopback.asked == []


@pytest.mark.parametrize(
    "options",
    [
        {"rebase": {"https://plc.directory": "http://10.0.0.1"}},
        {"rebase": {"https://plc.directory": "https://127.0.0.1"}},
        {"rebase": {"https://plc.directory": "base_url"}},
        {"pds_hosts": ["*"]},
        {"pds_hosts": ["https://pds.example"]},
        {"plc_url": "http://plc.example"},
    ],
)
def test_options_that_would_open_the_house_are_refused(options):
    with pytest.raises(ValueError, match=r"expected|base_url"):
        BlueskyOptions(**options)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-11-16T12:00:00.123456789Z", datetime(2026, 11, 16, 12, 0, 0, 123456, UTC)),
        ("2026-11-16T12:00:00+02:00", datetime(2026, 11, 16, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-02-30T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
        (12, None),
    ],
)
def test_times_that_authors_write(told, expected):
    assert claimed_time(told) == expected


def test_a_time_that_lies_after_the_key_is_not_believed(account, clock):
    at = clock() - timedelta(days=3)
    uri = f"at://{DID}/{POST}/{tid(at)}"
    assert time_of(tid(at)) == at
    for claimed, posted_at in (("2091-01-01T00:00:00Z", at), ("2019-01-01T00:00:00Z", datetime(2019, 1, 1, tzinfo=UTC))):
        record = {"$type": POST, "text": "x", "createdAt": claimed}
        assert parse_post(uri, "bafyreicid", record, account, now=clock()).posted_at == posted_at
