"""A post in the words of Amplify and of Ampost."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from app import sharing
from app.api.v1 import posts_schemas as out
from app.config import settings
from app.models.content_templates import TemplateMedia
from app.models.media import Media, MediaUpload
from app.models.posts import Post, PostMedia, PostTarget, TargetState
from app.models.recurring import RecurringMedia
from app.services import media as library

PREVIEW = 100  # characters
DOWN = (TargetState.FAILED, TargetState.NEEDS_REVIEW)


def stamp(at: datetime | None) -> str | None:
    """A time as the seeds write it: milliseconds, UTC, ``Z``."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sure(at: datetime) -> str:
    """A time that is always there, as the seeds write it."""
    return stamp(at) or ""


def text_of(post: Post) -> str:
    """The shared text as it was sent: without the link we put below it."""
    first = post.parts[0] if post.parts else ""
    if post.link and first.endswith(post.link):
        return first.removesuffix(post.link).rstrip("\n")
    return first


def due(post: Post) -> datetime | None:
    """When the post is planned for; ``None`` for one that went out at once."""
    return post.due_at if not any(t.quick for t in post.targets) else None


def target(one: PostTarget) -> out.TargetState:
    """One account in Amplify's words."""
    return out.TargetState(
        id=one.id, platform=one.account.network, account_id=one.account_id,
        status=one.state.value, external_post_id=one.external_id, url=one.permalink,
        error=one.error, error_code=one.error_code, error_category=one.category,
        held=one.hold_reason.value if one.hold_reason else None,
    )  # fmt: skip


def path_of(media: Media | MediaUpload) -> str:
    """The ``file_path`` of a file: it leads back to it, and to no place on a disk."""
    return f"{media.uploaded_by or media.profile_id}/{media.profile_id}/{media.id}-{media.name}"


def url_of(media: Media | MediaUpload) -> str:
    """A signed address under which anybody may read the file for a day, once it is there."""
    if isinstance(media, Media) and media.deleted_at is not None:
        return ""
    return sharing.address(library.storage().path(media.key), media.mime, settings())


def media_item(one: PostMedia | TemplateMedia | RecurringMedia, order: int) -> out.MediaItem:
    """A file in Amplify's words."""
    return out.MediaItem(
        id=one.media.id, file_path=path_of(one.media), public_url=url_of(one.media),
        mime_type=one.media.mime, file_size=one.media.size, file_name=one.media.name,
        sort_order=order, alt_text=one.alt,
    )  # fmt: skip


def item(post: Post) -> out.PostItem:
    """One post of a list, in both contracts' members."""
    targets = [t for t in post.targets if t.state is not TargetState.CANCELLED]
    text, planned = text_of(post), stamp(due(post))
    published = [t.published_at for t in targets if t.published_at is not None]
    return out.PostItem(
        id=post.id, content=text, status=post.status.value, scheduled_for=planned,
        published_at=stamp(max(published)) if published else None,
        targets=[target(t) for t in post.targets],
        media=[media_item(one, index) for index, one in enumerate(post.media)],
        textPreview=text if len(text) <= PREVIEW else text[: PREVIEW - 1].rstrip() + "…",
        platforms=_platforms(targets), mediaCount=len(post.media),
        publishedCount=sum(t.state is TargetState.PUBLISHED for t in targets),
        failedCount=sum(t.state in DOWN for t in targets), scheduledFor=planned,
        createdAt=sure(post.created_at), updatedAt=sure(post.updated_at),
        platformSetId=_set(targets), profileId=post.profile_id,
    )  # fmt: skip


def full(post: Post) -> out.FullPost:
    """The whole post in Ampost's words."""
    targets = [t for t in post.targets if t.state is not TargetState.CANCELLED]
    return out.FullPost(
        id=post.id, user_id=post.author_id, profile_id=post.profile_id, content=_content(post),
        platforms=_platforms(targets), platform_posts=[_platform_post(t) for t in post.targets],
        status=post.status.value, scheduled_for=stamp(due(post)),
        created_at=sure(post.created_at), updated_at=sure(post.updated_at),
        platform_set_id=_set(targets),
    )  # fmt: skip


def _content(post: Post) -> out.ContentOut:
    own = {v.network: v.parts[0] if v.parts else "" for v in post.variants}
    names = dict.fromkeys([*own, *post.options])
    return out.ContentOut(
        text=text_of(post), parts=list(post.parts[1:]) and list(post.parts),
        media=[_media(one) for one in post.media], link_url=post.link,
        platform_overrides={
            name: out.Override(text=own.get(name), settings=dict(post.options.get(name, {})))
            for name in names
        },
    )  # fmt: skip


def _platform_post(one: PostTarget) -> out.PlatformPost:
    return out.PlatformPost(
        id=one.id, platform=one.account.network, account_id=one.account_id,
        status=one.state.value, published_url=one.permalink, external_id=one.external_id,
        published_at=stamp(one.published_at), scheduled_for=stamp(one.scheduled_for),
        error=one.error, error_code=one.error_code, error_category=one.category,
        held=one.hold_reason.value if one.hold_reason else None, attempts=one.failures,
    )  # fmt: skip


def _media(one: PostMedia) -> out.MediaOut:
    found = one.media
    moving = found.mime.startswith("video/")
    return out.MediaOut(
        id=found.id, url=url_of(found), type="video" if moving else "image",
        filename=found.name, mime_type=found.mime, size_bytes=found.size, width=found.width,
        height=found.height, duration_seconds=found.seconds if moving else None,
        thumbnail_url=None, alt_text=one.alt,
    )  # fmt: skip


def _platforms(targets: list[PostTarget]) -> list[str]:
    return list(dict.fromkeys(t.account.network for t in targets))


def _set(targets: list[PostTarget]) -> UUID | None:
    """The set of the post's accounts, where they share one."""
    found = {t.account.set_id for t in targets}
    return next(iter(found)) if len(found) == 1 else None
