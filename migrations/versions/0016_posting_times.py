"""When accounts usually post: their times of the week."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('posting_times',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('weekday', sa.SmallInteger(), nullable=False),
    sa.Column('minute', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['social_accounts.id'], name=op.f('fk_posting_times_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_posting_times_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posting_times')),
    sa.UniqueConstraint('account_id', 'weekday', 'minute', name=op.f('uq_posting_times_account_id_weekday_minute'))
    )
    with op.batch_alter_table('posting_times', schema=None) as batch_op:
        batch_op.create_index('ix_posting_times_profile_id', ['profile_id'], unique=False)


def downgrade() -> None:
    op.drop_table('posting_times')
