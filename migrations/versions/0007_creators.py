"""Networks, pages, walls and channels that wait for a decision (Connect API)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
STANDINGS = ("pending", "accepted", "rejected", "suspended", "withdrawn")


def upgrade() -> None:
    review = sa.Enum(*STANDINGS, name="review", native_enum=False, length=24)
    with op.batch_alter_table("social_accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("review", review, nullable=True))
        batch_op.add_column(
            sa.Column("declared", JSON, server_default=sa.text("'{}'"), nullable=False)
        )

    op.create_table(
        "social_places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("network", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("page", "wall", "channel", name="placekind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("review", review, nullable=True),
        sa.Column("declared", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["social_accounts.id"],
            name=op.f("fk_social_places_account_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["profiles.id"],
            name=op.f("fk_social_places_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_social_places")),
        sa.UniqueConstraint("number", name=op.f("uq_social_places_number")),
        sa.UniqueConstraint(
            "profile_id",
            "network",
            "kind",
            "external_id",
            name=op.f("uq_social_places_profile_id_network_kind_external_id"),
        ),
    )
    with op.batch_alter_table("social_places", schema=None) as batch_op:
        batch_op.create_index("ix_social_places_account_id", ["account_id"], unique=False)

    op.create_table(
        "approvals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("decision", review, nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("submitter", sa.String(length=300), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["social_accounts.id"],
            name=op.f("fk_approvals_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_approvals_decided_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["place_id"],
            ["social_places.id"],
            name=op.f("fk_approvals_place_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["profiles.id"],
            name=op.f("fk_approvals_profile_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"],
            ["users.id"],
            name=op.f("fk_approvals_submitted_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("number", name=op.f("uq_approvals_number")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index("ix_approvals_account_id", ["account_id"], unique=False)
        batch_op.create_index("ix_approvals_place_id", ["place_id"], unique=False)
        batch_op.create_index(
            "ix_approvals_profile_id_decision", ["profile_id", "decision"], unique=False
        )


def downgrade() -> None:
    op.drop_table("approvals")
    op.drop_table("social_places")
    with op.batch_alter_table("social_accounts", schema=None) as batch_op:
        batch_op.drop_column("declared")
        batch_op.drop_column("review")
