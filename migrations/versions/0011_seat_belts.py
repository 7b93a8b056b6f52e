"""Seat belts of API keys, and what waits for a person's word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MODES = ("draft_only", "needs_confirmation", "may_publish")
STATES = ("pending", "confirmed", "declined", "void")


def upgrade() -> None:
    mode = sa.Enum(*MODES, name="keymode", native_enum=False, length=24)
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("mode", mode, server_default="may_publish", nullable=False)
        )
        batch_op.add_column(
            sa.Column("notice_minutes", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("posts_a_day", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("account_ids", JSON, nullable=True))
    op.create_table(
        "confirmations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="confirmationstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_confirmations_decided_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_confirmations_key_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_confirmations_post_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name=op.f("fk_confirmations_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
    )  # fmt: skip
    op.create_index("ix_confirmations_post_id", "confirmations", ["post_id"])
    op.create_index(
        "ix_confirmations_pending", "confirmations", ["post_id"], unique=True,
        sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("confirmations")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        for name in ("account_ids", "posts_a_day", "notice_minutes", "mode"):
            batch_op.drop_column(name)
