"""Posts as Amplify and Ampost write them (their seeds; contracts.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ConfigDict, Field

from app.api.contract import Camel, Model
from app.services import duplicates

TEXT_LIMIT = 100_000
URL_LIMIT = 2000


def _web(url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError("Give a whole address, with https://")
    return url


def _written(value: object) -> object:
    """A number as it is written."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Url = Annotated[str, Field(max_length=URL_LIMIT), AfterValidator(_web)]
ALLOW = (
    "Post it although an account has the same words already: asked only where the brand refuses "
    "keys that, else nothing is refused."
)
Platforms = Annotated[list[str], Field(max_length=50)]
# Values for the ``{{variables}}`` of a template; numbers are taken as they are written.
Value = Annotated[str, BeforeValidator(_written), Field(max_length=10_000)]
Variables = Annotated[dict[str, Value], Field(max_length=100)]


class AmplifyMedia(Model):
    """One file: of the library by ``id`` or ``file_path``, else fetched from ``public_url``."""

    id: UUID | None = None
    file_path: str | None = Field(default=None, max_length=500)
    public_url: Url | None = None
    mime_type: str | None = Field(default=None, max_length=100)
    file_size: int | None = None
    file_name: str | None = Field(default=None, max_length=255)
    alt_text: str | None = Field(
        default=None, max_length=2000, validation_alias=AliasChoices("alt_text", "altText")
    )


class AmplifyPost(Camel):
    """Body of ``POST /api/v1/post``. ``templateId`` is ours: what is left out here (text,
    platforms, media) is taken from that template, its ``variables`` filled in."""

    platforms: Platforms = []
    platform: str | None = None
    accounts: list[UUID] = Field(default=[], max_length=100)
    content: str = Field(default="", max_length=TEXT_LIMIT)
    media: list[AmplifyMedia] = Field(default=[], max_length=40)
    schedule_date: datetime | None = None
    profile_id: str | None = None
    platform_overrides: dict[str, Override] = {}
    template_id: UUID | None = None
    variables: Variables = {}
    allow_duplicate: bool = Field(default=False, description=ALLOW)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"platforms": ["twitter", "linkedin"], "content": "Hello world!"},
                {
                    "platform": "facebook",
                    "content": "Final copy from the external app",
                    "scheduleDate": "2026-04-12T09:00:00Z",
                    "media": [
                        {
                            "public_url": "https://example.com/image.jpg",
                            "mime_type": "image/jpeg",
                            "file_name": "image.jpg",
                        }
                    ],
                },
            ]
        }
    )


class Duplicate(Camel):
    """Another post with the same words (``exact``) or nearly the same to this account.
    ``published``: it is out, at ``url`` where the network told one."""

    post_id: UUID
    at: datetime
    exact: bool
    published: bool
    url: str | None

    @classmethod
    def of(cls, one: duplicates.Twin) -> Duplicate:
        return cls(
            post_id=one.post_id, at=one.at, exact=one.same, published=one.out,
            url=one.link or None,
        )  # fmt: skip


class Override(Model):
    """What one network gets instead: its own text, and its settings (see each platform)."""

    text: str | None = Field(default=None, max_length=TEXT_LIMIT)
    settings: dict[str, Any] = {}


class AmpostMedia(Camel):
    """One file of a post: fetched from ``url``, or one of the request's own files."""

    id: str | None = Field(default=None, max_length=200)
    url: Url | None = None
    type: Literal["image", "video"] | None = None
    filename: str | None = Field(default=None, max_length=255)
    mime_type: str | None = Field(default=None, max_length=100)
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    thumbnail_url: Url | None = None
    alt_text: str | None = Field(default=None, max_length=2000)


class AmpostContent(Camel):
    """``content`` of an Ampost post. ``parts`` is ours: the texts of a thread."""

    text: str = Field(default="", max_length=TEXT_LIMIT)
    parts: list[str] = Field(default=[], max_length=50)
    media: list[AmpostMedia] = Field(default=[], max_length=40)
    link_url: Url | None = None
    platform_overrides: dict[str, Override] = {}


class AmpostPost(Camel):
    """Body of ``POST /api/v1/posts``; ``scheduledFor`` null makes a draft. ``templateId`` is
    ours: what is left out here (text, platforms, media) is taken from that template."""

    content: AmpostContent
    platforms: Platforms = []
    accounts: list[UUID] = Field(default=[], max_length=100)
    scheduled_for: datetime | None = None
    platform_set_id: UUID | None = None
    profile_id: str | None = None
    template_id: UUID | None = None
    variables: Variables = {}
    allow_duplicate: bool = Field(default=False, description=ALLOW)


class AmpostChange(Camel):
    """Body of ``PATCH /api/v1/posts/{id}``: any of these."""

    content: AmpostContent | None = None
    platforms: Platforms | None = None
    accounts: list[UUID] | None = Field(default=None, max_length=100)
    scheduled_for: datetime | None = None
    platform_set_id: UUID | None = None
    allow_duplicate: bool = Field(default=False, description=ALLOW)


class LegacyPost(Camel):
    """Body of ``POST /api/posts``, Ampost's older way."""

    text: str = Field(default="", max_length=TEXT_LIMIT)
    platforms: Platforms = []
    accounts: list[UUID] = Field(default=[], max_length=100)
    scheduled_for: datetime | None = None
    platform_set_id: UUID | None = None
    media_urls: list[Url] = Field(default=[], max_length=40)
    profile_id: str | None = None
    allow_duplicate: bool = Field(default=False, description=ALLOW)


class PostsQuery(Camel):
    """Filters of ``GET /api/v1/posts``."""

    profile_id: str | None = None
    status: (
        Literal[
            "draft", "scheduled", "queued", "posting", "published", "partial", "failed", "discarded"
        ]
        | None
    ) = None
    platform: str | None = Field(default=None, max_length=20)
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class RetryBody(Camel):
    """Which platforms to try again; all that failed where none is named.

    ``confirmNotPublished`` says that somebody looked: one that needs review is sent again.
    """

    platforms: Platforms | None = None
    confirm_not_published: bool = False


# Answers ------------------------------------------------------------------------------------


class TargetState(Model):
    """One account of a post, as Amplify tells it."""

    id: UUID
    platform: str
    account_id: UUID
    status: str
    external_post_id: str | None
    url: str | None
    error: str | None
    error_code: str | None
    error_category: str | None
    held: str | None


class Sent(Camel):
    """Answer of ``POST /api/v1/post``."""

    success: bool = True
    post_id: UUID
    scheduled: bool = False
    scheduled_at: str | None = Field(default=None, exclude_if=lambda given: given is None)
    targets: list[TargetState]


class MediaItem(Model):
    """A file of a post, in Amplify's words."""

    id: UUID
    file_path: str
    public_url: str
    mime_type: str
    file_size: int
    file_name: str
    sort_order: int
    alt_text: str


class PostItem(Model):
    """One post of a list: Amplify's members and Ampost's together (contracts.md)."""

    id: UUID
    content: str
    status: str
    scheduled_for: str | None
    published_at: str | None
    targets: list[TargetState]
    media: list[MediaItem]
    textPreview: str
    platforms: list[str]
    mediaCount: int
    publishedCount: int
    failedCount: int
    scheduledFor: str | None
    createdAt: str
    updatedAt: str
    platformSetId: UUID | None
    profileId: UUID


class PostList(Model):
    posts: list[PostItem]
    total: int


class PlatformPost(Camel):
    """One account of a post, as Ampost tells it."""

    id: UUID
    platform: str
    account_id: UUID
    status: str
    published_url: str | None
    external_id: str | None
    published_at: str | None
    scheduled_for: str | None
    error: str | None
    error_code: str | None
    error_category: str | None
    held: str | None
    attempts: int


class MediaOut(Camel):
    """A file of a post, in Ampost's words."""

    id: UUID
    url: str
    type: Literal["image", "video"]
    filename: str
    mime_type: str
    size_bytes: int
    width: int
    height: int
    duration_seconds: float | None
    thumbnail_url: str | None
    alt_text: str


class ContentOut(Camel):
    text: str
    parts: list[str]
    media: list[MediaOut]
    link_url: str | None
    platform_overrides: dict[str, Override]


class FullPost(Camel):
    """The whole post."""

    id: UUID
    user_id: UUID | None
    profile_id: UUID
    content: ContentOut
    platforms: list[str]
    platform_posts: list[PlatformPost]
    status: str
    scheduled_for: str | None
    created_at: str
    updated_at: str
    platform_set_id: UUID | None


class PostOut(Model):
    post: FullPost


class Discarded(Model):
    success: bool = True
    post: FullPost


class FlightFinding(Model):
    """One thing that would stop a post, or is worth a look."""

    code: str
    message: str
    fix: str


class FlightTarget(Model):
    """The flight check of one account."""

    id: UUID
    network: str
    account: str
    light: Literal["red", "amber", "green"] | None
    checked_at: str | None
    findings: list[FlightFinding]


class FlightReport(Model):
    """The flight check of a post; ``light`` is the worst of its accounts."""

    light: Literal["red", "amber", "green"] | None
    checked_at: str | None
    targets: list[FlightTarget]


AmplifyPost.model_rebuild()
