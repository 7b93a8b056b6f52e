"""Tools about the media library."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor, current_profile_id, named_profile_id
from app.api.contract import Camel
from app.api.mcp.tool import Once, tool
from app.api.v1 import posts_told
from app.api.v1.media_schemas import FilesQuery
from app.api.v1.posts_schemas import Url
from app.models.media import Media
from app.permissions import Permission
from app.services import fetching, media, media_lists
from app.services.access import reach


class Upload(Once):
    url: Url = Field(description="A public https address that leads to the file itself.")
    name: str = Field(default="", max_length=255, description="Its name in the library.")
    alt_text: str | None = Field(
        default=None, max_length=2000, description="What it shows, for people who cannot see it."
    )


class Stored(Camel):
    """A file of the library; ``url`` may be read by anybody for a day."""

    media_id: UUID
    name: str
    mime_type: str
    size_bytes: int
    width: int
    height: int
    seconds: float | None
    alt_text: str
    url: str


class Library(Camel):
    media: list[Stored]
    total: int


def _again(media_id: UUID) -> Stored:
    return _told(reach(current_actor()).get(Media, media_id))


@tool("List files", need="media.read", takes=FilesQuery)
def list_media(asked: FilesQuery) -> Library:
    """The pictures and videos of the library, the newest first, with the mediaId that goes into
    the media of a post; 20 at a time (limit, offset)."""
    found, total = media_lists.page(
        current_actor(), named_profile_id(asked.profile_id), kind=asked.type, limit=asked.limit,
        offset=asked.offset,
    )  # fmt: skip
    return Library(media=[_told(one) for one in found], total=total)


@tool(
    "Upload a file by its address", need="media.write", takes=Upload, writes=True, outward=True,
    makes="media", again=_again,
)  # fmt: skip
def upload_media(asked: Upload) -> Stored:
    """Fetches a picture (JPEG, PNG, WebP, GIF; 20 MB) or a video (MP4, MOV; 200 MB) from a public
    address into the library. Its mediaId goes into the media of a post."""
    actor, profile_id = current_actor(), current_profile_id(asked.profile_id)
    actor.require(Permission.MEDIA_WRITE, profile_id)
    row = fetching.fetch(actor, profile_id, asked.url, name=asked.name, field="url")
    if asked.alt_text is not None:
        row = media.set_alt(actor, row.id, asked.alt_text)
    return _told(row)


def _told(row: Media) -> Stored:
    moving = row.mime.startswith("video/")
    return Stored(
        media_id=row.id, name=row.name, mime_type=row.mime, size_bytes=row.size, width=row.width,
        height=row.height, seconds=row.seconds if moving else None, alt_text=row.alt,
        url=posts_told.url_of(row),
    )  # fmt: skip
