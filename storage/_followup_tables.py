"""Tables of what follows: screenings, findings, cases, releases, holds, and the decisions of counsel. See `storage.tables`."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint, text

from storage._columns import BigId, CanonicalJson, PlainText, Sealed, UtcTime
from storage._metadata import metadata

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

retention_decisions = Table(  # a duty to delete met a legal hold or an open case: counsel decides, and the record stays
    "retention_decisions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("post_id", ForeignKey("posts.id"), nullable=False),
    Column("duty", String(32), nullable=False),
    Column("held_by", String(32), nullable=False),
    Column("raised_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("made_over", CanonicalJson),  # what held the post when it was decided, as 'hold 3'
    Column("decided_by", Sealed),
    Column("decided_at", UtcTime),
    Column("reasoning", Sealed),
    Column("done_at", UtcTime),
    # of one conflict one row is open; a closed one stays as it was decided
    Index(
        "uq_retention_decisions_open",
        "post_id",
        "duty",
        unique=True,
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
    Index(None, "state"),
)
