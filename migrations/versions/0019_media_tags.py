"""Tags on the files of a library."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('media_tags',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('media_id', sa.Uuid(), nullable=False),
    sa.Column('tag', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['media_id'], ['media.id'], name=op.f('fk_media_tags_media_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_media_tags_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media_tags')),
    sa.UniqueConstraint('media_id', 'tag', name=op.f('uq_media_tags_media_id_tag'))
    )
    with op.batch_alter_table('media_tags', schema=None) as batch_op:
        batch_op.create_index('ix_media_tags_profile_id_tag', ['profile_id', 'tag'], unique=False)


def downgrade() -> None:
    op.drop_table('media_tags')
