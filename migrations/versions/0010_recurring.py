"""Recurring schedules and what became of their occurrences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

WAITING = sa.text('is_active')
JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def upgrade() -> None:
    op.create_table('recurring_schedules',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('overrides', JSON, nullable=False),
    sa.Column('platforms', JSON, nullable=False),
    sa.Column('pattern', sa.Enum('daily', 'weekly', 'monthly', 'custom', name='pattern', native_enum=False, length=24), nullable=False),
    sa.Column('config', JSON, nullable=False),
    sa.Column('time_of_day', sa.String(length=8), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('pause_reason', sa.String(length=400), nullable=False),
    sa.Column('made_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('look_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_recurring_schedules_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_recurring_schedules_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recurring_schedules'))
    )
    with op.batch_alter_table('recurring_schedules', schema=None) as batch_op:
        batch_op.create_index('ix_recurring_schedules_look_at', ['look_at'], unique=False, sqlite_where=WAITING, postgresql_where=WAITING)
        batch_op.create_index('ix_recurring_schedules_profile_id_id', ['profile_id', 'id'], unique=False)

    op.create_table('recurring_accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['social_accounts.id'], name=op.f('fk_recurring_accounts_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['schedule_id'], ['recurring_schedules.id'], name=op.f('fk_recurring_accounts_schedule_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recurring_accounts')),
    sa.UniqueConstraint('schedule_id', 'account_id', name=op.f('uq_recurring_accounts_schedule_id_account_id'))
    )
    with op.batch_alter_table('recurring_accounts', schema=None) as batch_op:
        batch_op.create_index('ix_recurring_accounts_account_id', ['account_id'], unique=False)

    op.create_table('recurring_media',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('media_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('alt', sa.String(length=2000), nullable=False),
    sa.ForeignKeyConstraint(['media_id'], ['media.id'], name=op.f('fk_recurring_media_media_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['schedule_id'], ['recurring_schedules.id'], name=op.f('fk_recurring_media_schedule_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recurring_media'))
    )
    with op.batch_alter_table('recurring_media', schema=None) as batch_op:
        batch_op.create_index('ix_recurring_media_media_id', ['media_id'], unique=False)
        batch_op.create_index('ix_recurring_media_schedule_id', ['schedule_id'], unique=False)

    op.create_table('recurring_occurrences',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('occurrence_local', sa.String(length=19), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('made', 'skipped', 'missed', 'failed', name='occurrencestate', native_enum=False, length=24), nullable=False),
    sa.Column('note', sa.String(length=400), nullable=False),
    sa.Column('post_id', sa.Uuid(), nullable=True),
    sa.Column('post_rev', sa.Integer(), nullable=False),
    sa.Column('by_hand', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_recurring_occurrences_post_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_recurring_occurrences_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['schedule_id'], ['recurring_schedules.id'], name=op.f('fk_recurring_occurrences_schedule_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recurring_occurrences')),
    sa.UniqueConstraint('schedule_id', 'occurrence_local', name=op.f('uq_recurring_occurrences_schedule_id_occurrence_local'))
    )
    with op.batch_alter_table('recurring_occurrences', schema=None) as batch_op:
        batch_op.create_index('ix_recurring_occurrences_post_id', ['post_id'], unique=False)
        batch_op.create_index('ix_recurring_occurrences_schedule_id_at', ['schedule_id', 'at'], unique=False)

    # A profile takes its library with it, whatever still shows a picture of it.
    with op.batch_alter_table('template_media', schema=None) as batch_op:
        batch_op.drop_constraint('fk_template_media_media_id', type_='foreignkey')
        batch_op.create_foreign_key('fk_template_media_media_id', 'media', ['media_id'], ['id'], ondelete='CASCADE')


def downgrade() -> None:
    with op.batch_alter_table('template_media', schema=None) as batch_op:
        batch_op.drop_constraint('fk_template_media_media_id', type_='foreignkey')
        batch_op.create_foreign_key('fk_template_media_media_id', 'media', ['media_id'], ['id'])
    op.drop_table('recurring_occurrences')
    op.drop_table('recurring_media')
    op.drop_table('recurring_accounts')
    op.drop_table('recurring_schedules')
