"""Domains for short links, and who may make integrations (Oktopost)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

VERIFIED = sa.text('verified_at IS NOT NULL')


def upgrade() -> None:
    op.create_table('cnames',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('domain', sa.String(length=253), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_cnames_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cnames')),
    sa.UniqueConstraint('number', name=op.f('uq_cnames_number')),
    sa.UniqueConstraint('profile_id', 'domain', name=op.f('uq_cnames_profile_id_domain'))
    )
    op.create_index('uq_cnames_verified', 'cnames', ['domain'], unique=True, sqlite_where=VERIFIED, postgresql_where=VERIFIED)
    with op.batch_alter_table('integrations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('cname_id', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(op.f('fk_integrations_cname_id'), 'cnames', ['cname_id'], ['id'], ondelete='SET NULL')
    op.add_column('profiles', sa.Column('partner', sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table('profiles', schema=None) as batch_op:
        batch_op.drop_column('partner')
    with op.batch_alter_table('integrations', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('fk_integrations_cname_id'), type_='foreignkey')
        batch_op.drop_column('cname_id')
    op.drop_table('cnames')
