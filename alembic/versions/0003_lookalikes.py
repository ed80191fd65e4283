"""Lookalikes: handles and web addresses that resemble ours, and what was decided of each.

Write types out (no import of storage): a migration must mean the same for ever. Both SQLite and PostgreSQL run it.
"""

import sqlalchemy as sa
from alembic import op

from core.errors import StorageError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "lookalikes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("name_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("resembles", sa.Text(), nullable=True),
        sa.Column("change", sa.String(length=32), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_lookalikes_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookalikes")),
        sa.UniqueConstraint("platform", "name_key", name=op.f("uq_lookalikes_platform_name_key")),
    )


# What can't be made again: what people decided, and what they or findings brought in.
_IN_THE_WAY = {
    "decisions about lookalikes": "SELECT count(*) FROM lookalikes WHERE state <> 'new'",
    "lookalikes that nobody generated": "SELECT count(*) FROM lookalikes WHERE state = 'new' AND source <> 'generated'",
}


def downgrade() -> None:
    asked = {} if op.get_context().as_sql else _IN_THE_WAY
    found = [what for what, query in asked.items() if op.get_bind().exec_driver_sql(query).scalar()]
    if found:
        raise StorageError(f"the older schema has no place for {', '.join(found)}; restore a backup from before the upgrade")
    op.drop_table("lookalikes")
