"""Content templates and their pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def upgrade() -> None:
    op.create_table('content_templates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('description', sa.String(length=1000), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('platforms', JSON, nullable=False),
    sa.Column('category', sa.String(length=60), nullable=False),
    sa.Column('is_favorite', sa.Boolean(), nullable=False),
    sa.Column('usage_count', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_content_templates_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_content_templates_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_content_templates'))
    )
    with op.batch_alter_table('content_templates', schema=None) as batch_op:
        batch_op.create_index('ix_content_templates_profile_id_id', ['profile_id', 'id'], unique=False)

    op.create_table('template_media',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('template_id', sa.Uuid(), nullable=False),
    sa.Column('media_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('alt', sa.String(length=2000), nullable=False),
    sa.ForeignKeyConstraint(['media_id'], ['media.id'], name=op.f('fk_template_media_media_id')),
    sa.ForeignKeyConstraint(['template_id'], ['content_templates.id'], name=op.f('fk_template_media_template_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_media'))
    )
    with op.batch_alter_table('template_media', schema=None) as batch_op:
        batch_op.create_index('ix_template_media_media_id', ['media_id'], unique=False)
        batch_op.create_index('ix_template_media_template_id', ['template_id'], unique=False)


def downgrade() -> None:
    op.drop_table('template_media')
    op.drop_table('content_templates')
