"""the main job"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=True),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('actor', sa.String(length=300), nullable=False),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('subject', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=True),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('request_id', sa.String(length=64), nullable=False),
    sa.Column('detail', JSON, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_events'))
    )
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.create_index('ix_audit_events_profile_id_at', ['profile_id', 'at'], unique=False)
        batch_op.create_index('ix_audit_events_subject', ['subject_id', 'at'], unique=False)

    op.create_table('circuits',
    sa.Column('key', sa.String(length=300), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('open_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('trial_target', sa.Uuid(), nullable=True),
    sa.Column('trial_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_circuits'))
    )
    op.create_table('engine_state',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pause_reason', sa.String(length=200), nullable=False),
    sa.Column('ticked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ticked_mono', sa.Float(), nullable=True),
    sa.Column('ticked_boot', sa.String(length=64), nullable=False),
    sa.Column('jump_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column("jump_until", sa.DateTime(timezone=True), nullable=True),
    sa.Column('alarm_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column("alarm", JSON, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_state'))
    )
    op.create_table('heartbeats',
    sa.Column('id', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('host', sa.String(length=120), nullable=False),
    sa.Column('pid', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('beat_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('detail', JSON, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_heartbeats'))
    )
    op.create_table('link_cards',
    sa.Column('url_hash', sa.String(length=64), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('description', sa.String(length=600), nullable=False),
    sa.Column('image_key', sa.String(length=120), nullable=True),
    sa.Column('image_mime', sa.String(length=40), nullable=False),
    sa.Column('image_width', sa.Integer(), nullable=False),
    sa.Column('image_height', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Boolean(), nullable=False),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('url_hash', name=op.f('pk_link_cards'))
    )
    with op.batch_alter_table('link_cards', schema=None) as batch_op:
        batch_op.create_index('ix_link_cards_fetched_at', ['fetched_at'], unique=False)

    op.create_table('login_failures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email_hash', sa.String(length=64), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_failures'))
    )
    with op.batch_alter_table('login_failures', schema=None) as batch_op:
        batch_op.create_index('ix_login_failures_address_at', ['address', 'at'], unique=False)
        batch_op.create_index('ix_login_failures_email_hash_at', ['email_hash', 'at'], unique=False)

    op.create_table('mails',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('to', sa.String(length=254), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('data', JSON, nullable=False),
    sa.Column('once', sa.String(length=120), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mails')),
    sa.UniqueConstraint('once', name=op.f('uq_mails_once'))
    )
    with op.batch_alter_table('mails', schema=None) as batch_op:
        batch_op.create_index('ix_mails_waiting', ['next_try_at'], unique=False, sqlite_where=sa.text('sent_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL'))

    op.create_table('network_apps',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('network', sa.String(length=20), nullable=False),
    sa.Column('server', sa.String(length=255), nullable=False),
    sa.Column('redirect_uri', sa.String(length=500), nullable=False),
    sa.Column('keys', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_network_apps')),
    sa.UniqueConstraint('network', 'server', 'redirect_uri', name=op.f('uq_network_apps_network_server_redirect_uri'))
    )
    op.create_table('number_series',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_number_series'))
    )
    op.create_table('profiles',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('late_policy', sa.Enum('send', 'hold', 'skip', name='latepolicy', native_enum=False, length=24), nullable=False),
    sa.Column('late_limit_minutes', sa.Integer(), nullable=False),
    sa.Column('week_start', sa.Integer(), nullable=False),
    sa.Column('named_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pause_reason', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_profiles')),
    sa.UniqueConstraint('number', name=op.f('uq_profiles_number')),
    sa.UniqueConstraint('slug', name=op.f('uq_profiles_slug'))
    )
    op.create_table('users',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=False),
    sa.Column('email_verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('password_hash', sa.String(length=255), nullable=False),
    sa.Column('is_operator', sa.Boolean(), nullable=False),
    sa.Column('theme', sa.String(length=8), nullable=False),
    sa.Column('totp_seed', sa.String(), nullable=True),
    sa.Column('totp_confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recovery_codes', JSON, nullable=True),
    sa.Column('settings', JSON, nullable=False),
    sa.Column('suspended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_profile_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email_key', name=op.f('uq_users_email_key'))
    )
    op.create_table('media',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('uploaded_by', sa.Uuid(), nullable=True),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('thumb_key', sa.String(length=120), nullable=True),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('mime', sa.String(length=40), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('frames', sa.Integer(), nullable=False),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('alt', sa.String(length=2000), nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_media_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['uploaded_by'], ['users.id'], name=op.f('fk_media_uploaded_by'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media')),
    sa.UniqueConstraint('key', name=op.f('uq_media_key'))
    )
    with op.batch_alter_table('media', schema=None) as batch_op:
        batch_op.create_index('ix_media_profile_id_created_at', ['profile_id', 'created_at'], unique=False)

    op.create_table('memberships',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.Enum('owner', 'admin', 'member', name='role', native_enum=False, length=24), nullable=False),
    sa.Column('needs_approval', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_memberships_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_memberships_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_memberships')),
    sa.UniqueConstraint('profile_id', 'user_id', name=op.f('uq_memberships_profile_id_user_id'))
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index('ix_memberships_user_id', ['user_id'], unique=False)

    op.create_table('oauth_states',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('state_hash', sa.String(length=64), nullable=False),
    sa.Column('session_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('network', sa.String(length=20), nullable=False),
    sa.Column('server', sa.String(length=255), nullable=False),
    sa.Column('redirect_uri', sa.String(length=500), nullable=False),
    sa.Column('return_url', sa.String(length=2000), nullable=False),
    sa.Column('keep', sa.String(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_oauth_states_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_oauth_states_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_states')),
    sa.UniqueConstraint('state_hash', name=op.f('uq_oauth_states_state_hash'))
    )
    with op.batch_alter_table('oauth_states', schema=None) as batch_op:
        batch_op.create_index('ix_oauth_states_expires_at', ['expires_at'], unique=False)

    op.create_table('pending_connections',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('network', sa.String(length=20), nullable=False),
    sa.Column('server', sa.String(length=255), nullable=False),
    sa.Column('way', sa.String(length=20), nullable=False),
    sa.Column('tokens', sa.String(), nullable=False),
    sa.Column('identities', JSON, nullable=False),
    sa.Column('return_url', sa.String(length=2000), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_pending_connections_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_pending_connections_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pending_connections'))
    )
    with op.batch_alter_table('pending_connections', schema=None) as batch_op:
        batch_op.create_index('ix_pending_connections_expires_at', ['expires_at'], unique=False)

    op.create_table('platform_sets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_platform_sets_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_platform_sets'))
    )
    with op.batch_alter_table('platform_sets', schema=None) as batch_op:
        batch_op.create_index('ix_platform_sets_profile_id', ['profile_id'], unique=False)

    op.create_table('posts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('rev', sa.Integer(), nullable=False),
    sa.Column('parts', JSON, nullable=False),
    sa.Column('options', JSON, nullable=False),
    sa.Column('armed', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Enum('draft', 'scheduled', 'queued', 'posting', 'published', 'partial', 'failed', 'discarded', name='poststatus', native_enum=False, length=24), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('late_policy', sa.Enum('send', 'hold', 'skip', name='latepolicy', native_enum=False, length=24), nullable=True),
    sa.Column('late_limit_minutes', sa.Integer(), nullable=True),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('edits_id', sa.Uuid(), nullable=True),
    sa.Column('discarded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_posts_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['edits_id'], ['posts.id'], name=op.f('fk_posts_edits_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_posts_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posts'))
    )
    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.create_index('ix_posts_edits_id', ['edits_id'], unique=True)
        batch_op.create_index('ix_posts_profile_id_due_at', ['profile_id', 'due_at'], unique=False)
        batch_op.create_index('ix_posts_profile_id_status', ['profile_id', 'status'], unique=False)

    op.create_table('user_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('password_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('agent', sa.String(length=255), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_sessions_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_user_sessions_token_hash'))
    )
    with op.batch_alter_table('user_sessions', schema=None) as batch_op:
        batch_op.create_index('ix_user_sessions_user_id', ['user_id'], unique=False)

    op.create_table('webhook_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.String(length=60), nullable=False),
    sa.Column('data', JSON, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('fanned_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_webhook_events_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_events'))
    )
    with op.batch_alter_table('webhook_events', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_events_profile_id_at', ['profile_id', 'at'], unique=False)
        batch_op.create_index('ix_webhook_events_waiting', ['id'], unique=False, sqlite_where=sa.text('fanned_at IS NULL'), postgresql_where=sa.text('fanned_at IS NULL'))

    op.create_table('post_media',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('post_id', sa.Uuid(), nullable=False),
    sa.Column('media_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('alt', sa.String(length=2000), nullable=False),
    sa.ForeignKeyConstraint(['media_id'], ['media.id'], name=op.f('fk_post_media_media_id')),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_post_media_post_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post_media'))
    )
    with op.batch_alter_table('post_media', schema=None) as batch_op:
        batch_op.create_index('ix_post_media_media_id', ['media_id'], unique=False)
        batch_op.create_index('ix_post_media_post_id', ['post_id'], unique=False)

    op.create_table('post_variants',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('post_id', sa.Uuid(), nullable=False),
    sa.Column('network', sa.String(length=20), nullable=False),
    sa.Column('parts', JSON, nullable=False),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_post_variants_post_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post_variants')),
    sa.UniqueConstraint('post_id', 'network', name=op.f('uq_post_variants_post_id_network'))
    )
    op.create_table('social_accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('set_id', sa.Uuid(), nullable=True),
    sa.Column('network', sa.String(length=20), nullable=False),
    sa.Column('external_id', sa.String(length=255), nullable=False),
    sa.Column('server', sa.String(length=255), nullable=False),
    sa.Column('handle', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('avatar_url', sa.String(length=2000), nullable=False),
    sa.Column('avatar_key', sa.String(length=120), nullable=True),
    sa.Column('avatar_mime', sa.String(length=40), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('way', sa.String(length=20), nullable=False),
    sa.Column('extras', JSON, nullable=False),
    sa.Column('tokens', sa.String(), nullable=True),
    sa.Column('tokens_version', sa.Integer(), nullable=False),
    sa.Column('tokens_expire_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('renews', sa.Boolean(), nullable=False),
    sa.Column('app_id', sa.Uuid(), nullable=True),
    sa.Column('refresh_claim', sa.String(length=64), nullable=True),
    sa.Column('refresh_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('status', sa.Enum('active', 'needs_reconnect', 'disconnected', name='accountstatus', native_enum=False, length=24), nullable=False),
    sa.Column('status_reason', sa.String(length=400), nullable=False),
    sa.Column('status_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cooling_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('pace_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('is_sandbox', sa.Boolean(), nullable=False),
    sa.Column('connected_by', sa.Uuid(), nullable=True),
    sa.Column('connected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_post_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['app_id'], ['network_apps.id'], name=op.f('fk_social_accounts_app_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['connected_by'], ['users.id'], name=op.f('fk_social_accounts_connected_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_social_accounts_profile_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['set_id'], ['platform_sets.id'], name=op.f('fk_social_accounts_set_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_social_accounts')),
    sa.UniqueConstraint('number', name=op.f('uq_social_accounts_number')),
    sa.UniqueConstraint('profile_id', 'network', 'external_id', name=op.f('uq_social_accounts_profile_id_network_external_id'))
    )
    with op.batch_alter_table('social_accounts', schema=None) as batch_op:
        batch_op.create_index('ix_social_accounts_set_id', ['set_id'], unique=False)

    op.create_table('post_targets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('post_id', sa.Uuid(), nullable=False),
    sa.Column('profile_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'scheduled', 'queued', 'posting', 'published', 'failed', 'needs_review', 'cancelled', 'discarded', name='targetstate', native_enum=False, length=24), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('scheduled_for', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hold_reason', sa.Enum('reconnect', 'disconnected', 'late', 'paused', 'approval', 'quota', name='holdreason', native_enum=False, length=24), nullable=True),
    sa.Column('hold_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claim_token', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claims', sa.Integer(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('quick', sa.Boolean(), nullable=False),
    sa.Column('external_id', sa.String(length=500), nullable=True),
    sa.Column('permalink', sa.String(length=2000), nullable=True),
    sa.Column('published', JSON, nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('category', sa.String(length=24), nullable=True),
    sa.Column('error_code', sa.String(length=60), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['social_accounts.id'], name=op.f('fk_post_targets_account_id')),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_post_targets_post_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_post_targets_profile_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post_targets')),
    sa.UniqueConstraint('post_id', 'account_id', name=op.f('uq_post_targets_post_id_account_id'))
    )
    with op.batch_alter_table('post_targets', schema=None) as batch_op:
        batch_op.create_index('ix_post_targets_account_due', ['account_id', 'due_at', 'id'], unique=False, sqlite_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"), postgresql_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"))
        batch_op.create_index('ix_post_targets_account_published', ['account_id', 'external_id'], unique=False, sqlite_where=sa.text('external_id IS NOT NULL'), postgresql_where=sa.text('external_id IS NOT NULL'))
        batch_op.create_index('ix_post_targets_claimed', ['account_id', 'lease_until'], unique=False, sqlite_where=sa.text('lease_until IS NOT NULL'), postgresql_where=sa.text('lease_until IS NOT NULL'))
        batch_op.create_index('ix_post_targets_due', ['due_at', 'id'], unique=False, sqlite_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"), postgresql_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"))
        batch_op.create_index('ix_post_targets_held', ['profile_id', 'hold_reason', 'hold_until'], unique=False, sqlite_where=sa.text('hold_reason IS NOT NULL'), postgresql_where=sa.text('hold_reason IS NOT NULL'))
        batch_op.create_index('ix_post_targets_trouble', ['profile_id'], unique=False, sqlite_where=sa.text("state IN ('failed', 'needs_review')"), postgresql_where=sa.text("state IN ('failed', 'needs_review')"))

    op.create_table('attempts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('open', 'ok', 'refused', 'failed', 'unknown', name='attemptstate', native_enum=False, length=24), nullable=False),
    sa.Column('phase', sa.Enum('prepare', 'commit', 'processing', name='phase', native_enum=False, length=24), nullable=False),
    sa.Column('marker', sa.String(length=64), nullable=False),
    sa.Column('claim_token', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('content', JSON, nullable=False),
    sa.Column('resume', JSON, nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('commit_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('category', sa.String(length=24), nullable=True),
    sa.Column('http_status', sa.Integer(), nullable=True),
    sa.Column('error_code', sa.String(length=60), nullable=True),
    sa.Column('message', sa.Text(), nullable=True),
    sa.Column('raw', sa.String(length=512), nullable=True),
    sa.Column('probes', sa.Integer(), nullable=False),
    sa.Column('next_probe_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('absent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('external_id', sa.String(length=500), nullable=True),
    sa.Column('url', sa.String(length=2000), nullable=True),
    sa.Column('extras', JSON, nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['social_accounts.id'], name=op.f('fk_attempts_account_id')),
    sa.ForeignKeyConstraint(['target_id'], ['post_targets.id'], name=op.f('fk_attempts_target_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts')),
    sa.UniqueConstraint('marker', name=op.f('uq_attempts_marker'))
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index('ix_attempts_account_external_id', ['account_id', 'external_id'], unique=False, sqlite_where=sa.text('external_id IS NOT NULL'), postgresql_where=sa.text('external_id IS NOT NULL'))
        batch_op.create_index('ix_attempts_asking', ['next_probe_at'], unique=False, sqlite_where=sa.text("state = 'unknown'"), postgresql_where=sa.text("state = 'unknown'"))
        batch_op.create_index('ix_attempts_target_id_number', ['target_id', 'number'], unique=False)
        batch_op.create_index('uq_attempts_account_committing', ['account_id'], unique=True, sqlite_where=sa.text("state = 'open' AND phase = 'commit'"), postgresql_where=sa.text("state = 'open' AND phase = 'commit'"))
        batch_op.create_index('uq_attempts_target_unsettled', ['target_id'], unique=True, sqlite_where=sa.text("state IN ('open', 'unknown')"), postgresql_where=sa.text("state IN ('open', 'unknown')"))
    _seal()


def _seal() -> None:
    """The application can add to the record of who did what, and nothing else."""
    op.execute("INSERT INTO engine_state (id, pause_reason, ticked_boot) VALUES (1, '', '')")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_events_sealed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'The record is append only.'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_events_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_events_sealed()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_events_no_{verb.lower()} BEFORE {verb} ON audit_events "
            "BEGIN SELECT RAISE(ABORT, 'The record is append only.'); END"
        )


def downgrade() -> None:
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.drop_index('uq_attempts_target_unsettled', sqlite_where=sa.text("state IN ('open', 'unknown')"), postgresql_where=sa.text("state IN ('open', 'unknown')"))
        batch_op.drop_index('uq_attempts_account_committing', sqlite_where=sa.text("state = 'open' AND phase = 'commit'"), postgresql_where=sa.text("state = 'open' AND phase = 'commit'"))
        batch_op.drop_index('ix_attempts_target_id_number')
        batch_op.drop_index('ix_attempts_asking', sqlite_where=sa.text("state = 'unknown'"), postgresql_where=sa.text("state = 'unknown'"))
        batch_op.drop_index('ix_attempts_account_external_id', sqlite_where=sa.text('external_id IS NOT NULL'), postgresql_where=sa.text('external_id IS NOT NULL'))

    op.drop_table('attempts')
    with op.batch_alter_table('post_targets', schema=None) as batch_op:
        batch_op.drop_index('ix_post_targets_trouble', sqlite_where=sa.text("state IN ('failed', 'needs_review')"), postgresql_where=sa.text("state IN ('failed', 'needs_review')"))
        batch_op.drop_index('ix_post_targets_held', sqlite_where=sa.text('hold_reason IS NOT NULL'), postgresql_where=sa.text('hold_reason IS NOT NULL'))
        batch_op.drop_index('ix_post_targets_due', sqlite_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"), postgresql_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"))
        batch_op.drop_index('ix_post_targets_claimed', sqlite_where=sa.text('lease_until IS NOT NULL'), postgresql_where=sa.text('lease_until IS NOT NULL'))
        batch_op.drop_index('ix_post_targets_account_published', sqlite_where=sa.text('external_id IS NOT NULL'), postgresql_where=sa.text('external_id IS NOT NULL'))
        batch_op.drop_index('ix_post_targets_account_due', sqlite_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"), postgresql_where=sa.text("state = 'scheduled' AND hold_reason IS NULL"))

    op.drop_table('post_targets')
    with op.batch_alter_table('social_accounts', schema=None) as batch_op:
        batch_op.drop_index('ix_social_accounts_set_id')

    op.drop_table('social_accounts')
    op.drop_table('post_variants')
    with op.batch_alter_table('post_media', schema=None) as batch_op:
        batch_op.drop_index('ix_post_media_post_id')
        batch_op.drop_index('ix_post_media_media_id')

    op.drop_table('post_media')
    with op.batch_alter_table('webhook_events', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_events_waiting', sqlite_where=sa.text('fanned_at IS NULL'), postgresql_where=sa.text('fanned_at IS NULL'))
        batch_op.drop_index('ix_webhook_events_profile_id_at')

    op.drop_table('webhook_events')
    with op.batch_alter_table('user_sessions', schema=None) as batch_op:
        batch_op.drop_index('ix_user_sessions_user_id')

    op.drop_table('user_sessions')
    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.drop_index('ix_posts_edits_id')
        batch_op.drop_index('ix_posts_profile_id_status')
        batch_op.drop_index('ix_posts_profile_id_due_at')

    op.drop_table('posts')
    with op.batch_alter_table('platform_sets', schema=None) as batch_op:
        batch_op.drop_index('ix_platform_sets_profile_id')

    op.drop_table('platform_sets')
    with op.batch_alter_table('pending_connections', schema=None) as batch_op:
        batch_op.drop_index('ix_pending_connections_expires_at')

    op.drop_table('pending_connections')
    with op.batch_alter_table('oauth_states', schema=None) as batch_op:
        batch_op.drop_index('ix_oauth_states_expires_at')

    op.drop_table('oauth_states')
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.drop_index('ix_memberships_user_id')

    op.drop_table('memberships')
    with op.batch_alter_table('media', schema=None) as batch_op:
        batch_op.drop_index('ix_media_profile_id_created_at')

    op.drop_table('media')
    op.drop_table('users')
    op.drop_table('profiles')
    op.drop_table('number_series')
    op.drop_table('network_apps')
    with op.batch_alter_table('mails', schema=None) as batch_op:
        batch_op.drop_index('ix_mails_waiting', sqlite_where=sa.text('sent_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL'))

    op.drop_table('mails')
    with op.batch_alter_table('login_failures', schema=None) as batch_op:
        batch_op.drop_index('ix_login_failures_email_hash_at')
        batch_op.drop_index('ix_login_failures_address_at')

    op.drop_table('login_failures')
    with op.batch_alter_table('link_cards', schema=None) as batch_op:
        batch_op.drop_index('ix_link_cards_fetched_at')

    op.drop_table('link_cards')
    op.drop_table('heartbeats')
    op.drop_table('engine_state')
    op.drop_table('circuits')
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_events_subject')
        batch_op.drop_index('ix_audit_events_profile_id_at')

    op.drop_table('audit_events')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_events_sealed()")
