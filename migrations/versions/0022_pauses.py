"""Until when a brand's posting is paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021d'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("profiles", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.drop_column("paused_until")
