"""Upkeep: handles and disputes of accounts, spending, erasure and counsel's decisions.

Write types out (no import of storage): a migration must mean the same for ever. Both SQLite and PostgreSQL run it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("basis_evidence", sa.LargeBinary(), nullable=True))
    op.add_column("accounts", sa.Column("retired_at", TIME, nullable=True))
    op.add_column("posts", sa.Column("missing_path", sa.String(length=32), nullable=True))
    op.add_column("posts", sa.Column("missing_reason", sa.String(length=16), nullable=True))
    op.add_column("posts", sa.Column("erased_at", TIME, nullable=True))
    op.add_column("posts", sa.Column("erased_for", sa.String(length=32), nullable=True))
    op.add_column("evidence", sa.Column("post_ids", sa.Text(), nullable=True))
    op.add_column("evidence", sa.Column("erased_at", TIME, nullable=True))
    op.create_table(
        "account_handles",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=False),
        sa.Column("handle_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_handles_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_handles")),
        sa.UniqueConstraint("account_id", "handle_key", name=op.f("uq_account_handles_account_id_handle_key")),
    )
    op.create_table(
        "disputes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("claim", sa.LargeBinary(), nullable=False),
        sa.Column("raised_by", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("reasoning", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_disputes_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    op.create_index(op.f("ix_disputes_account_id"), "disputes", ["account_id"])
    op.create_table(
        "spending",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("calls", BIG_ID, nullable=False),
        sa.Column("units", BIG_ID, nullable=False),
        sa.Column("micros", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("platform", "credential", "day", name=op.f("pk_spending")),
    )
    op.create_table(
        "retention_decisions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("post_id", BIG_ID, nullable=False),
        sa.Column("duty", sa.String(length=32), nullable=False),
        sa.Column("held_by", sa.String(length=32), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("reasoning", sa.LargeBinary(), nullable=True),
        sa.Column("done_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_retention_decisions_post_id_posts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_decisions")),
        sa.UniqueConstraint("post_id", "duty", name=op.f("uq_retention_decisions_post_id_duty")),
    )
    op.create_index(op.f("ix_retention_decisions_state"), "retention_decisions", ["state"])


def downgrade() -> None:
    for table in ("retention_decisions", "spending", "disputes", "account_handles"):
        op.drop_table(table)
    for column in ("erased_at", "post_ids"):
        op.drop_column("evidence", column)
    for column in ("erased_for", "erased_at", "missing_reason", "missing_path"):
        op.drop_column("posts", column)
    for column in ("retired_at", "basis_evidence"):
        op.drop_column("accounts", column)
