"""Tables of who is watched and of what each night could see. See `storage.tables`."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from storage._columns import BigId, CanonicalJson, PlainText, Sealed, UtcTime
from storage._metadata import metadata

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
    Column("basis_evidence", Sealed),  # where it can be seen that the account is what the list says
    Column("unit", PlainText),
    Column("digest", LargeBinary(32), nullable=False),  # of what the curator gave: an import knows by it what changed
    Column("added_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("retired_at", UtcTime),  # no longer watched; what was stored stays until it is erased
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

account_handles = Table(  # every handle that an account was known under, so that a rename is followed and never forgotten
    "account_handles",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("handle", Sealed, nullable=False),
    Column("handle_key", LargeBinary(32), nullable=False),
    Column("source", String(16), nullable=False),  # 'list' or 'platform'
    Column("seen_at", UtcTime, nullable=False),
    UniqueConstraint("account_id", "handle_key"),
)

disputes = Table(  # somebody says that an account is not what the list says; while one is open, the account is not crawled
    "disputes",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("claim", Sealed, nullable=False),
    Column("raised_by", Sealed, nullable=False),
    Column("raised_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Sealed),
    Column("decided_at", UtcTime),
    Column("reasoning", Sealed),
    Index(None, "account_id"),
)

lookalikes = Table(  # handles and web addresses that resemble ours: nothing is asked of one until somebody decides to watch it
    "lookalikes",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("platform", String(64), nullable=False),
    Column("name", Sealed, nullable=False),
    Column("name_key", LargeBinary(32), nullable=False),
    Column("resembles", PlainText),  # the institution's own name
    Column("change", String(32)),  # how it was made from that one
    Column("score", Float, nullable=False),
    Column("source", String(16), nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Sealed),
    Column("decided_at", UtcTime),
    Column("note", Sealed),
    Column("account_id", ForeignKey("accounts.id")),  # that it is watched as
    UniqueConstraint("platform", "name_key"),
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

spending = Table(  # what a credential spent on a platform's day
    "spending",
    metadata,
    Column("platform", String(64), primary_key=True),
    Column("credential", PlainText, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("calls", BigId, nullable=False),
    Column("units", BigId, nullable=False),
    Column("micros", BigId, nullable=False),  # millionths of a dollar
)
