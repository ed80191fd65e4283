"""Upkeep: handles and disputes of accounts, spending, erasure and counsel's decisions.

Write types out (no import of storage): a migration must mean the same for ever. Both SQLite and PostgreSQL run it.
"""

import sqlalchemy as sa
from alembic import op

from core.errors import StorageError

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
    op.add_column("posts", sa.Column("missing_first_path", sa.String(length=32), nullable=True))
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
        sa.Column("made_over", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("reasoning", sa.LargeBinary(), nullable=True),
        sa.Column("done_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_retention_decisions_post_id_posts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_decisions")),
    )
    op.create_index(op.f("ix_retention_decisions_state"), "retention_decisions", ["state"])
    op.create_index(
        "uq_retention_decisions_open",
        "retention_decisions",
        ["post_id", "duty"],
        unique=True,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    with op.batch_alter_table("evidence") as batch:  # two accounts may be shown by one answer
        batch.drop_constraint("uq_evidence_sha256_url_key", type_="unique")
        batch.create_unique_constraint("uq_evidence_sha256_url_key_account_id", ["sha256", "url_key", "account_id"])


# What the older version would not know: it would watch, keep and judge what is over.
_IN_THE_WAY = {
    "retired accounts": "SELECT count(*) FROM accounts WHERE retired_at IS NOT NULL",
    "disputes": "SELECT count(*) FROM disputes",
    "decisions of counsel": "SELECT count(*) FROM retention_decisions",
    "erased posts": "SELECT count(*) FROM posts WHERE erased_at IS NOT NULL",
    "erased answers": "SELECT count(*) FROM evidence WHERE erased_at IS NOT NULL",
    "answers that show several accounts": (
        "SELECT count(*) FROM (SELECT 1 FROM evidence GROUP BY sha256, url_key HAVING count(*) > 1) AS shared"
    ),
}


def downgrade() -> None:
    asked = {} if op.get_context().as_sql else _IN_THE_WAY
    found = [what for what, query in asked.items() if op.get_bind().exec_driver_sql(query).scalar()]
    if found:
        raise StorageError(f"the older schema has no place for {', '.join(found)}; restore a backup from before the upgrade")
    with op.batch_alter_table("evidence") as batch:
        batch.drop_constraint("uq_evidence_sha256_url_key_account_id", type_="unique")
        batch.create_unique_constraint("uq_evidence_sha256_url_key", ["sha256", "url_key"])
    for table in ("retention_decisions", "spending", "disputes", "account_handles"):
        op.drop_table(table)
    for column in ("erased_at", "post_ids"):
        op.drop_column("evidence", column)
    for column in ("erased_for", "erased_at", "missing_reason", "missing_first_path", "missing_path"):
        op.drop_column("posts", column)
    for column in ("retired_at", "basis_evidence"):
        op.drop_column("accounts", column)
