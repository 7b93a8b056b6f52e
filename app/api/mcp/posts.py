"""Tools that read, check, write and change posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor, current_profile_id, named_profile_id
from app.api.contract import Camel
from app.api.mcp import checking
from app.api.mcp.tool import Once, Profile, tool
from app.api.v1 import asking, posts_told
from app.api.v1 import posts_schemas as v1
from app.config import settings
from app.errors import AppError, ValidationFailed
from app.extensions import db
from app.models.posts import Post
from app.permissions import Actor
from app.services import content_templates, post_lists, posts, sets, submissions
from app.services.submissions import Submission

SOURCE = "mcp"
WHEN = "ISO 8601, such as 2026-12-01T09:00:00+01:00; with no offset it is UTC."


class File(Camel):
    """A picture or video: one of the library by mediaId, else fetched from a public url."""

    media_id: UUID | None = Field(default=None, description="As upload_media answers it.")
    url: v1.Url | None = None
    alt_text: str | None = Field(default=None, max_length=2000)


class Written(Camel):
    """What a post says."""

    text: str | None = Field(default=None, max_length=v1.TEXT_LIMIT)
    thread: list[str] | None = Field(
        default=None, max_length=50,
        description="The texts of a thread, in order, in place of text.",
    )  # fmt: skip
    link: v1.Url | None = Field(default=None, description="Put below the text.")
    media: list[File] | None = Field(default=None, max_length=40)
    overrides: dict[str, v1.Override] | None = Field(
        default=None,
        description="By platform: a text of its own, and settings (see list_platforms).",
    )


class Aimed(Written):
    """Where it goes."""

    platforms: v1.Platforms | None = Field(
        default=None, description="Every active account of these platforms in the set."
    )
    accounts: list[UUID] | None = Field(
        default=None, max_length=100, description="These accounts exactly (see list_accounts)."
    )
    platform_set_id: UUID | None = Field(
        default=None, description="The set that platforms means; the default set if left out."
    )


class NewPost(Aimed, Once):
    scheduled_for: datetime | None = Field(
        default=None, description=f"When it goes out. {WHEN} Left out: a draft."
    )
    template_id: UUID | None = Field(
        default=None, description="A template that fills in what is left out."
    )
    variables: v1.Variables = Field(default={}, description="Values of the template's variables.")
    allow_duplicate: bool = Field(default=False, description=v1.ALLOW)


class Checked(Aimed, Profile):
    post_id: UUID | None = Field(
        default=None, description="A post that exists, in place of a text and its accounts."
    )


class PostChange(Aimed):
    post_id: UUID
    scheduled_for: datetime | None = Field(
        default=None, description=f"Another time. {WHEN} null takes it off the clock."
    )
    allow_duplicate: bool = Field(default=False, description=v1.ALLOW)


class PostAsked(Camel):
    post_id: UUID


class Made(v1.PostOut):
    """A post, and the address of its page for people."""

    page: str


@tool("List posts", need="post.read", takes=v1.PostsQuery)
def list_posts(asked: v1.PostsQuery) -> v1.PostList:
    """Posts, the newest first, by status and platform; 20 at a time (limit, offset)."""
    found, total = post_lists.page(
        current_actor(), named_profile_id(asked.profile_id), status=asked.status,
        network=asked.platform, limit=asked.limit, offset=asked.offset,
    )  # fmt: skip
    return v1.PostList(posts=[posts_told.item(one) for one in found], total=total)


@tool("Read a post", need="post.read", takes=PostAsked)
def get_post(asked: PostAsked) -> Made:
    """One post whole, with the state of each account it goes to and why one failed or waits."""
    return told(asked.post_id)


@tool("Check a post", need="post.read", takes=Checked)
def validate_post(asked: Checked) -> checking.Verdict:
    """Says what each network would refuse or change, and stores nothing. Give a text and where
    it goes, or the postId of a post that exists. Files have to be in the library already."""
    actor = current_actor()
    if asked.post_id is not None:
        return checking.stored(actor, asked.post_id)
    for index, one in enumerate(asked.media or []):
        if one.media_id is None:
            raise ValidationFailed(
                "Upload the file first, then name its mediaId.", field=f"media.{index}.mediaId"
            )
    profile_id, set_id = _place(asked.profile_id, asked.platform_set_id)
    chosen = _accounts(actor, profile_id, asked.platforms or [], set_id, asked.accounts or [])
    return checking.written(actor, profile_id, _sent(actor, profile_id, asked), chosen)


def _again(post_id: UUID) -> Made:
    return told(post_id)


@tool(
    "Create a post", need="post.write", takes=NewPost, writes=True, outward=True, makes="posts",
    again=_again,
)  # fmt: skip
def create_post(asked: NewPost) -> Made:
    """Makes a draft, or with scheduledFor a post on the clock. Name where it goes by platforms or
    accounts. It is refused as a whole where a network would refuse it; nothing is stored then."""
    actor = current_actor()
    profile_id, set_id = _place(asked.profile_id, asked.platform_set_id)
    kept = None
    if asked.template_id is not None:
        kept = content_templates.filled(
            actor, asked.template_id, asked.variables, profile_id=profile_id
        )
    names = asked.platforms or (list(kept.platforms) if kept and not asked.accounts else [])
    accounts = submissions.accounts_of(
        actor, profile_id, names, set_id=set_id, named=asked.accounts or []
    )
    due_at = asking.planned(asked.scheduled_for, "scheduledFor")
    sent = replace(
        _sent(actor, profile_id, asked), due_at=due_at, allow_duplicate=asked.allow_duplicate
    )
    if kept is not None:
        sent = replace(
            sent, text=sent.text or ("" if sent.parts else kept.text),
            media=sent.media or kept.media, template_id=kept.id,
        )  # fmt: skip
    return told(submissions.submit(actor, profile_id, sent, accounts).id)


@tool(
    "Change a post", need="post.write", takes=PostChange, writes=True, destroys=True,
    repeatable=True, outward=True,
)  # fmt: skip
def update_post(asked: PostChange) -> Made:
    """Changes a draft or a scheduled post. What you leave out stays as it is; media, platforms
    and accounts are replaced whole, overrides change the platforms they name."""
    actor, given = current_actor(), asked.model_fields_set
    post = posts.get(actor, asked.post_id)
    chosen = None
    if given & {"platforms", "accounts", "platform_set_id"}:
        names = asked.platforms or []
        if asked.platforms is None and not asked.accounts:
            names = list(dict.fromkeys(t.account.network for t in post.targets))
        chosen = _accounts(
            actor, post.profile_id, names, asked.platform_set_id, asked.accounts or []
        )
    sent = _merged(actor, post, asked) if given & set(Written.model_fields) else None
    due_at = asking.planned(asked.scheduled_for, "scheduledFor")
    submissions.change(
        actor, asked.post_id, sent, chosen, due_at=due_at, timed="scheduled_for" in given
    )
    return told(asked.post_id)


def told(post_id: UUID) -> Made:
    """The post as it is now."""
    db.session.expire_all()
    post = posts.get(current_actor(), post_id, gone=True)
    page = f"{settings().APP_URL}/p/{post.profile.slug}/posts/{post.id}"
    return Made(post=posts_told.full(post), page=page)


def _place(profile_id: str | None, set_id: UUID | None) -> tuple[UUID, UUID | None]:
    """The brand of a new post: that of its set, else the one named, else the key's own."""
    if set_id is not None:
        found = sets.get(current_actor(), set_id)
        if profile_id is not None and current_profile_id(profile_id) != found.profile_id:
            raise ValidationFailed("This set is of another brand.", field="platformSetId")
        return found.profile_id, found.id
    return current_profile_id(profile_id), None


def _accounts(
    actor: Actor, profile_id: UUID, names: Sequence[str], set_id: UUID | None,
    named: Sequence[UUID],
) -> list[UUID]:  # fmt: skip
    found = submissions.accounts_of(actor, profile_id, names, set_id=set_id, named=named)
    return [one.id for one in found]


def _sent(actor: Actor, profile_id: UUID, asked: Written) -> Submission:
    texts, options = asking.overrides(asked.overrides or {})
    return Submission(
        asked.text or "", parts=asked.thread or (), link=asked.link or "", texts=texts,
        options=options, media=files(actor, profile_id, asked.media or []), source=SOURCE,
    )  # fmt: skip


def _merged(actor: Actor, post: Post, asked: PostChange) -> Submission:
    """What the post says, with what is given in its place."""
    given = asked.model_fields_set
    texts, options = asking.overrides(asked.overrides or {})
    if "overrides" not in given:
        texts = {one.network: _bare(one.parts, post.link) for one in post.variants}
        options = {name: dict(found) for name, found in post.options.items()}
    media: Sequence[tuple[UUID, str | None]] = [(one.media_id, one.alt) for one in post.media]
    if "media" in given:
        media = files(actor, post.profile_id, asked.media or [])
    parts: Sequence[str] = _bare(post.parts, post.link)
    if given & {"text", "thread"}:
        parts = asked.thread or (asked.text or "",)
    link = asked.link if "link" in given else post.link
    return Submission(
        parts[0], parts=parts, link=link or "", texts=texts, options=options, media=media,
        source=SOURCE, allow_duplicate=asked.allow_duplicate,
    )  # fmt: skip


def _bare(parts: Sequence[str], link: str | None) -> tuple[str, ...]:
    """The parts as they were sent: without the link we put below the first."""
    first, *rest = parts or ("",)
    if link and first.endswith(link):
        first = first.removesuffix(link).rstrip("\n")
    return (first, *rest)


def files(actor: Actor, profile_id: UUID, given: Sequence[File]) -> list[tuple[UUID, str | None]]:
    """The files named, those with an address fetched now."""
    return [_file(actor, profile_id, one, f"media.{index}") for index, one in enumerate(given)]


def _file(actor: Actor, profile_id: UUID, one: File, name: str) -> tuple[UUID, str | None]:
    if one.media_id is not None:
        return one.media_id, one.alt_text
    if one.url is None:
        raise ValidationFailed("Name the file by mediaId or by url.", field=name)
    sent: dict[str, Any] = {"public_url": one.url, "alt_text": one.alt_text}
    try:
        return asking.files(actor, profile_id, [v1.AmplifyMedia(**sent)])[0]
    except AppError as error:
        error.field = f"{name}.url"
        raise
