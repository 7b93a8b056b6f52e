"""Files as Amplify writes them, and our additions: list, multipart, by address."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from app.api.contract import Camel, Model
from app.api.v1.posts_schemas import Url


class UploadBody(Camel):
    """Body of ``POST /api/v1/media/upload-url``; ``fileSize`` in bytes."""

    profile_id: str | None = None
    file_name: str = Field(min_length=1, max_length=1000)
    content_type: str = Field(min_length=1, max_length=100)
    file_size: int = Field(ge=1, le=2**53)


class Upload(Camel):
    """Where the file is to be sent: ``PUT`` its bytes to ``signedUrl`` within 15 minutes, once."""

    bucket: str
    path: str
    token: str
    signed_url: str


class Announced(Model):
    """A file in the seed's words. ``public_url`` answers once the file is there."""

    id: UUID
    post_id: str = ""
    file_path: str
    public_url: str
    mime_type: str
    file_size: int
    file_name: str
    sort_order: int = 0
    created_at: str


class UploadOut(Model):
    upload: Upload
    media: Announced


class File(Announced):
    """A file of the library; ``width`` and ``height`` in pixels, ``seconds`` of a video."""

    profile_id: UUID
    width: int
    height: int
    seconds: float | None
    alt_text: str


class FileOut(Model):
    success: bool = True
    media: File


class PutQuery(Model):
    """``token``: the upload token."""

    token: str = Field(min_length=1, max_length=200)


class FilesQuery(Camel):
    """Filters of the list."""

    profile_id: str | None = None
    type: Literal["image", "video"] | None = None
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class FileList(Model):
    media: list[File]
    total: int


class FileBody(Camel):
    """Body of ``POST /api/v1/media``: the public https address of a file. In a multipart body
    the file itself comes as ``file``, and these are fields or the JSON of ``data``."""

    url: Url | None = None
    profile_id: str | None = None
    file_name: str = Field(default="", max_length=1000)
    content_type: str | None = Field(default=None, max_length=100)
    alt_text: str = Field(
        default="", max_length=2000, validation_alias=AliasChoices("altText", "alt_text")
    )


class DeleteBody(Camel):
    """Body of ``DELETE /api/v1/media``."""

    profile_id: str | None = None
    file_path: str = Field(min_length=1, max_length=500)


class Deleted(Model):
    success: bool = True
