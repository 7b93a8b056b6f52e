"""Labels on posts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0018b'
down_revision = '0021c'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('labels',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_labels_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_labels')),
    sa.UniqueConstraint('profile_id', 'key', name=op.f('uq_labels_profile_id_key'))
    )
    op.create_table('post_labels',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('post_id', sa.Uuid(), nullable=False),
    sa.Column('label_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['label_id'], ['labels.id'], name=op.f('fk_post_labels_label_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_post_labels_post_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post_labels')),
    sa.UniqueConstraint('post_id', 'label_id', name=op.f('uq_post_labels_post_id_label_id'))
    )
    with op.batch_alter_table('post_labels', schema=None) as batch_op:
        batch_op.create_index('ix_post_labels_label_id', ['label_id'], unique=False)


def downgrade() -> None:
    op.drop_table('post_labels')
    op.drop_table('labels')
