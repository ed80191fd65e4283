"""The tables. What could name a person or quote a post is `Sealed`; for look-ups a keyed hash (`*_key`) stands beside it.
A sealed column that is `bound_to` another one opens only beside the value of that one that it was sealed with.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from storage._columns import BigId, CanonicalJson, Sealed, UtcTime
from storage._followup_tables import authorisations, case_events, cases, findings, legal_holds, retention_decisions, screenings
from storage._material_tables import evidence, media, post_revisions, posts
from storage._metadata import metadata
from storage._watching_tables import (
    account_handles,
    accounts,
    coverage,
    crawl_runs,
    cursors,
    detector_sets,
    disputes,
    lookalikes,
    profile_snapshots,
    spending,
)

__all__ = [
    "account_handles",
    "accounts",
    "audit_events",
    "audit_head",
    "authorisations",
    "bound_to",
    "case_events",
    "cases",
    "coverage",
    "crawl_runs",
    "cursors",
    "detector_sets",
    "disputes",
    "evidence",
    "findings",
    "legal_holds",
    "lookalikes",
    "media",
    "metadata",
    "place_of",
    "post_revisions",
    "posts",
    "profile_snapshots",
    "retention_decisions",
    "screenings",
    "sealed_columns",
    "spending",
]

audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(64), nullable=False),
    Column("detail", CanonicalJson, nullable=False),  # ids, counts and keyed hashes only
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(  # one row: where the chain ends, sealed under the index key
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigId, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("seal", LargeBinary(32), nullable=False),
)


def sealed_columns(table: Table) -> list[Column[bytes]]:
    """The columns of a table that hold envelopes."""
    return [column for column in table.c if isinstance(column.type, Sealed)]


def bound_to(column: Column[Any]) -> Column[Any] | None:
    """The column of the same row whose value a sealed column's envelopes are bound to."""
    name = column.info.get("bound_to")
    return None if name is None else column.table.c[name]


def place_of(column: Column[Any], bound: str | bytes | None = None) -> str:
    """How a column is named inside envelopes and keyed hashes, with the value that an envelope is `bound` to.

    Renaming a column would close what it holds.
    """
    place = f"{column.table.name}.{column.name}"
    return place if bound is None else f"{place}/{bound if isinstance(bound, str) else bound.hex()}"
