"""Work on many posts at once, and what one undo puts back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0018'
down_revision = '0016'
branch_labels = None
depends_on = None

AT_WORK = sa.text("state IN ('running', 'undoing')")
JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def upgrade() -> None:
    op.create_table('bulk_batches',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('move', 'date', 'duplicate', 'accounts', 'approve', 'delete', 'replace', name='bulkkind', native_enum=False, length=24), nullable=False),
    sa.Column('asked', JSON, nullable=False),
    sa.Column('state', sa.Enum('running', 'done', 'undoing', 'undone', name='bulkstate', native_enum=False, length=24), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_bulk_batches_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_bulk_batches_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_batches'))
    )
    with op.batch_alter_table('bulk_batches', schema=None) as batch_op:
        batch_op.create_index('ix_bulk_batches_at_work', ['created_at'], unique=False, sqlite_where=AT_WORK, postgresql_where=AT_WORK)
        batch_op.create_index('ix_bulk_batches_profile_id', ['profile_id'], unique=False)
        batch_op.create_index('ix_bulk_batches_user_id', ['user_id', 'profile_id', 'done_at'], unique=False)

    op.create_table('bulk_items',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('batch_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('post_id', sa.Uuid(), nullable=False),
    sa.Column('rev', sa.Integer(), nullable=False),
    sa.Column('mark', sa.String(length=80), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'done', 'refused', 'undone', 'kept', name='itemstate', native_enum=False, length=24), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('before', JSON, nullable=False),
    sa.Column('after', sa.Integer(), nullable=False),
    sa.Column('made_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['bulk_batches.id'], name=op.f('fk_bulk_items_batch_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['made_id'], ['posts.id'], name=op.f('fk_bulk_items_made_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_bulk_items_post_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_items')),
    sa.UniqueConstraint('batch_id', 'place', name=op.f('uq_bulk_items_batch_id_place'))
    )
    with op.batch_alter_table('bulk_items', schema=None) as batch_op:
        batch_op.create_index('ix_bulk_items_batch_id_state', ['batch_id', 'state', 'place'], unique=False)
        batch_op.create_index('ix_bulk_items_made_id', ['made_id'], unique=False)
        batch_op.create_index('ix_bulk_items_post_id', ['post_id'], unique=False)


def downgrade() -> None:
    op.drop_table('bulk_items')
    op.drop_table('bulk_batches')
