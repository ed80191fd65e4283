"""Tables of what was collected: posts, their revisions and media, and the evidence. See `storage.tables`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from storage._columns import BigId, CanonicalJson, PlainText, Sealed, UtcTime
from storage._metadata import metadata

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
    Column("missing_path", String(32)),  # how it was last looked for in vain
    Column("missing_first_path", String(32)),  # that of the sighting which `missing_since` counts from
    Column("missing_reason", String(16)),
    Column("gone_at", UtcTime),
    Column("gone_reason", String(16)),
    Column("erased_at", UtcTime),  # its text was taken out, by a duty to delete
    Column("erased_for", String(32)),  # that duty
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
    Column("content", Sealed, nullable=False, info={"bound_to": "content_key"}),  # empty once erased
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
    Column("size", BigId, nullable=False),  # -1 once the bytes of an erased answer are out
    Column("collector", PlainText, nullable=False),
    Column("captured_at", UtcTime, nullable=False),
    Column("last_captured_at", UtcTime, nullable=False),
    Column("post_ids", CanonicalJson),  # of the posts that this answer shows; NULL where nobody noted them
    Column("erased_at", UtcTime),  # the bytes were taken out of the evidence store, by a duty to delete
    UniqueConstraint("sha256", "url_key", "account_id"),
    Index(None, "account_id", "captured_at"),
)
