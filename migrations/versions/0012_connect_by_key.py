"""Connecting begun with a key: return addresses, and whose browser is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column(
        "profiles", sa.Column("return_urls", JSON, server_default="[]", nullable=False)
    )
    op.add_column("oauth_states", sa.Column("key_id", sa.Uuid(), nullable=True))
    op.add_column("pending_connections", sa.Column("key_id", sa.Uuid(), nullable=True))
    op.add_column(
        "pending_connections", sa.Column("token_hash", sa.String(length=64), nullable=True)
    )


def downgrade() -> None:
    for table, column in (
        ("pending_connections", "token_hash"), ("pending_connections", "key_id"),
        ("oauth_states", "key_id"), ("profiles", "return_urls"),
    ):  # fmt: skip
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column(column)
