"""The same words of an account are read in the order of their times, straight off the index."""

from __future__ import annotations

from alembic import op

revision = '0021d'
down_revision = '0018b'
branch_labels = None
depends_on = None

NAME, TABLE = "ix_post_targets_said", "post_targets"


def upgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, ["account_id", "text_hash", "scheduled_for"])


def downgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, ["account_id", "text_hash"])
