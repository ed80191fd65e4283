"""The tables. What could name a person or quote a post is `Sealed`; for look-ups a keyed hash (`*_key`) stands beside it.
A sealed column that is `bound_to` another one opens only beside the value of that one that it was sealed with.

Every constraint gets its name from one convention, so that SQLite and PostgreSQL agree and a migration can drop it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from storage._columns import BigId, CanonicalJson, PlainText, Sealed, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("platform", String(64), nullable=False),
    Column("handle", Sealed, nullable=False),
    Column("handle_key", LargeBinary(32), nullable=False),
    Column("native_id", Sealed),
    Column("native_key", LargeBinary(32)),
    Column("kind", String(16), nullable=False),
    Column("basis", String(32), nullable=False),
    Column("basis_recorded_by", Sealed, nullable=False),
    Column("basis_recorded_at", UtcTime, nullable=False),
    Column("unit", PlainText),
    Column("digest", LargeBinary(32), nullable=False),  # of what the curator gave: an import knows by it what changed
    Column("added_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    UniqueConstraint("platform", "handle_key"),
    UniqueConstraint("platform", "native_key"),
)

detector_sets = Table(  # a mapping of rule to detector version, so that a screening is one row and not one a rule
    "detector_sets",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("versions", CanonicalJson, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    UniqueConstraint("digest"),
)

profile_snapshots = Table(
    "profile_snapshots",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("content_key", LargeBinary(32), nullable=False),
    Column("profile", Sealed, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("read_with", ForeignKey("detector_sets.id")),
    Index(None, "account_id", "id"),
    Index(None, "read_with", "id"),
)

crawl_runs = Table(
    "crawl_runs",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("trigger", PlainText, nullable=False),
    Column("key", PlainText),  # a scheduler's own name of the run: asked for twice, it is one run
    Column("state", String(32), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    UniqueConstraint("key"),
)

coverage = Table(
    "coverage",
    metadata,
    Column("run_id", ForeignKey("crawl_runs.id"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("platform", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("actor", PlainText, nullable=False),
    Column("new", Integer, nullable=False),
    Column("edited", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("retry_at", UtcTime),
    Column("recorded_at", UtcTime, nullable=False),
    Index(None, "account_id", "run_id"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("surface", String(64), primary_key=True),  # the crawler that it belongs to: a file's is not the platform's
    Column("state", Sealed, nullable=False),
    Column("run_id", ForeignKey("crawl_runs.id"), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("native_id", Sealed, nullable=False),
    Column("native_key", LargeBinary(32), nullable=False),
    Column("url", Sealed, nullable=False),
    Column("mark", Sealed, nullable=False),  # the platform's own mark of the latest revision
    Column("content_key", LargeBinary(32), nullable=False),  # of the latest revision
    Column("revisions", Integer, nullable=False),
    Column("type", String(16), nullable=False),
    Column("posted_at", UtcTime),
    Column("posted_at_precision", String(16), nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("last_verified_at", UtcTime, nullable=False),  # when it was last looked for, found or not
    Column("missing_since", UtcTime),  # first sighting that it can't be read; a second one makes a tombstone
    Column("gone_at", UtcTime),
    Column("gone_reason", String(16)),
    UniqueConstraint("account_id", "native_key"),
    Index(None, "account_id", "last_verified_at"),
    Index(None, "account_id", "posted_at"),
)

post_revisions = Table(
    "post_revisions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("post_id", ForeignKey("posts.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content_key", LargeBinary(32), nullable=False),
    Column("content", Sealed, nullable=False, info={"bound_to": "content_key"}),
    Column("edited_at", UtcTime),
    Column("seen_at", UtcTime, nullable=False),
    Column("run_id", ForeignKey("crawl_runs.id"), nullable=False),
    Column("evidence_ids", CanonicalJson, nullable=False),
    Column("read_with", ForeignKey("detector_sets.id")),
    UniqueConstraint("post_id", "number"),
    Index(None, "read_with", "id"),
)

media = Table(
    "media",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("post_id", ForeignKey("posts.id"), nullable=False),
    Column("native_id", Sealed, nullable=False),
    Column("native_key", LargeBinary(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("url", Sealed, nullable=False),
    Column("alt_text", Sealed, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    UniqueConstraint("post_id", "native_key"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("url", Sealed, nullable=False, info={"bound_to": "sha256"}),
    Column("url_key", LargeBinary(32), nullable=False),
    Column("headers", Sealed, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("run_id", ForeignKey("crawl_runs.id"), nullable=False),
    Column("status", Integer, nullable=False),
    Column("media_type", PlainText, nullable=False),
    Column("size", BigId, nullable=False),
    Column("collector", PlainText, nullable=False),
    Column("captured_at", UtcTime, nullable=False),
    Column("last_captured_at", UtcTime, nullable=False),
    UniqueConstraint("sha256", "url_key"),
    Index(None, "account_id", "captured_at"),
)

screenings = Table(
    "screenings",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("revision_id", ForeignKey("post_revisions.id")),
    Column("profile_id", ForeignKey("profile_snapshots.id")),
    Column("set_id", ForeignKey("detector_sets.id"), nullable=False),
    Column("protected", Boolean, nullable=False),
    Column("not_read", PlainText),
    Column("attempts", Integer, nullable=False),  # failed so far and to be tried again; 0 once it is settled
    Column("screened_at", UtcTime, nullable=False),
    UniqueConstraint("revision_id", "set_id"),
    UniqueConstraint("profile_id", "set_id"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", PlainText, nullable=False),
    Column("route", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("assignee", Sealed),
    Column("opened_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("outcome", String(64)),
    # one case a key may be open; a closed one stays as it was decided
    Index(
        "uq_cases_open_key",
        "key",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(None, "state", "id"),
)

findings = Table(
    "findings",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", LargeBinary(32), nullable=False),  # of subject, rule, category, spans and scope
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("post_id", ForeignKey("posts.id")),
    Column("revision_id", ForeignKey("post_revisions.id")),
    Column("profile_id", ForeignKey("profile_snapshots.id")),
    Column("rule", String(64), nullable=False),
    Column("category", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("score", Float, nullable=False),
    Column("spans", CanonicalJson, nullable=False),
    Column("clause", PlainText, nullable=False),
    Column("route", String(64), nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("detector_version", PlainText, nullable=False),
    Column("policy_version", PlainText, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("found_at", UtcTime, nullable=False),
    Column("last_found_at", UtcTime, nullable=False),
    Column("retired_at", UtcTime),
    Column("case_id", ForeignKey("cases.id")),
    UniqueConstraint("key"),
    Index(None, "account_id", "scope"),
    Index(None, "revision_id"),
    Index(None, "case_id"),
    Index(None, "rule", "id"),
    Index(None, "found_at"),
)

case_events = Table(
    "case_events",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Sealed, nullable=False),
    Column("action", String(64), nullable=False),
    Column("note", Sealed, nullable=False),
    Index(None, "case_id", "id"),
)

authorisations = Table(  # signed releases of patients: a finding that one covers is no breach
    "authorisations",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("reference", Sealed, nullable=False),
    Column("reference_key", LargeBinary(32), nullable=False),
    Column("extent", Sealed, nullable=False),  # what may be said, and where
    Column("document_sha256", String(64)),
    Column("recorded_by", Sealed, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("valid_from", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    UniqueConstraint("reference_key"),
)

legal_holds = Table(  # while one stands, nothing of its account is purged
    "legal_holds",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("reason", Sealed, nullable=False),
    Column("placed_by", Sealed, nullable=False),
    Column("placed_at", UtcTime, nullable=False),
    Column("released_at", UtcTime),
    Index(None, "account_id"),
)

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
