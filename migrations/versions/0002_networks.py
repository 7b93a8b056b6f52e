"""Networks: destinations, the bridge, video, the flight check."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('integrations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('data', JSON, nullable=False),
    sa.Column('secret', sa.String(), nullable=True),
    sa.Column('valid', sa.Boolean(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
    sa.Column('connected_by', sa.Uuid(), nullable=True),
    sa.Column('connected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['connected_by'], ['users.id'], name=op.f('fk_integrations_connected_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_integrations_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_integrations')),
    sa.UniqueConstraint('number', name=op.f('uq_integrations_number'))
    )
    with op.batch_alter_table('integrations', schema=None) as batch_op:
        batch_op.create_index('ix_integrations_profile_id_kind', ['profile_id', 'kind'], unique=False)

    op.create_table('destinations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('extras', JSON, nullable=False),
    sa.Column('writable', sa.Boolean(), nullable=False),
    sa.Column('note', sa.String(length=400), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['social_accounts.id'], name=op.f('fk_destinations_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_destinations')),
    sa.UniqueConstraint('account_id', 'external_id', name=op.f('uq_destinations_account_id_external_id')),
    sa.UniqueConstraint('number', name=op.f('uq_destinations_number'))
    )
    # Column by column: a table made anew would take the rows that refer to it along (SQLite).
    op.add_column('media', sa.Column('codec', sa.String(length=20), nullable=False, server_default=''))
    op.add_column('media', sa.Column('poster_key', sa.String(length=120), nullable=True))
    op.add_column('post_targets', sa.Column('flight_light', sa.String(length=8), nullable=True))
    op.add_column('post_targets', sa.Column('flight', JSON, nullable=True))
    op.add_column('post_targets', sa.Column('flight_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('social_accounts', sa.Column('kind', sa.String(length=20), nullable=False, server_default='account'))
    op.add_column('social_accounts', sa.Column('via', sa.String(length=20), nullable=False, server_default='native'))
    op.add_column('social_accounts', sa.Column('integration_id', sa.Uuid(), nullable=True))
    op.add_column('social_accounts', sa.Column('grant_id', sa.Uuid(), nullable=True))
    op.add_column('social_accounts', sa.Column('scopes', JSON, nullable=False, server_default='[]'))
    op.execute('ALTER TABLE social_accounts DROP COLUMN pace_until')


def downgrade() -> None:
    op.add_column('social_accounts', sa.Column('pace_until', sa.DateTime(timezone=True), nullable=True))
    for table, columns in (
        ('social_accounts', ('scopes', 'grant_id', 'integration_id', 'via', 'kind')),
        ('post_targets', ('flight_at', 'flight', 'flight_light')),
        ('media', ('poster_key', 'codec')),
    ):
        for column in columns:
            op.execute(f'ALTER TABLE {table} DROP COLUMN {column}')
    op.drop_table('destinations')
    op.drop_table('integrations')
