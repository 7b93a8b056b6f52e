"""The guard against duplicates: what was said, beside each target; a brand's own limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    # Rows that are there keep an empty hash: the guard reads their texts until they are too old.
    op.add_column("post_targets", sa.Column("text_hash", sa.String(length=32), nullable=True))
    op.add_column("post_targets", sa.Column("text_sketch", sa.LargeBinary(), nullable=True))
    op.create_index("ix_post_targets_said", "post_targets", ["account_id", "text_hash"])
    op.create_index("ix_post_targets_planned", "post_targets", ["account_id", "scheduled_for"])
    op.add_column(
        "posts", sa.Column("accepted", JSON, server_default="[]", nullable=False)
    )
    op.add_column(
        "profiles",
        sa.Column("duplicate_days", sa.Integer(), server_default="30", nullable=False),
    )
    op.add_column(
        "profiles",
        sa.Column("spacing_minutes", sa.Integer(), server_default="60", nullable=False),
    )
    op.add_column(
        "profiles",
        sa.Column("duplicates_refused", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        for name in ("duplicates_refused", "spacing_minutes", "duplicate_days"):
            batch_op.drop_column(name)
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_column("accepted")
    op.drop_index("ix_post_targets_planned", table_name="post_targets")
    op.drop_index("ix_post_targets_said", table_name="post_targets")
    with op.batch_alter_table("post_targets", schema=None) as batch_op:
        batch_op.drop_column("text_sketch")
        batch_op.drop_column("text_hash")
