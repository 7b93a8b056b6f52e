"""Look-ups of an account's boards, subreddits … that a job is to make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

WANTED = sa.text('places_wanted_at IS NOT NULL')


def upgrade() -> None:
    op.add_column('social_accounts', sa.Column('places_wanted_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('social_accounts', sa.Column('places_problem', sa.String(length=400), nullable=False, server_default=''))
    op.create_index('ix_social_accounts_places_wanted', 'social_accounts', ['places_wanted_at'], sqlite_where=WANTED, postgresql_where=WANTED)


def downgrade() -> None:
    op.drop_index('ix_social_accounts_places_wanted', table_name='social_accounts')
    with op.batch_alter_table('social_accounts', schema=None) as batch_op:
        batch_op.drop_column('places_problem')
        batch_op.drop_column('places_wanted_at')
