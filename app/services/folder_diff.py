"""How a file of a folder differs from the post it is of, in words and texts for people."""

from __future__ import annotations

from collections.abc import Sequence

from app.clock import zone as zone_named
from app.errors import ValidationFailed
from app.models.posts import Post
from app.models.profiles import Profile
from app.services import import_rows, labels, post_files, submissions
from app.services.account_refs import SHORT, Accounts
from app.services.export_table import PART
from app.services.folder_files import Folder
from app.services.post_files import Document, Shot

CLIP = 2_000  # characters of a side that are kept to be shown


def is_draft(found: Document) -> bool:
    """Whether a file is of a draft: it says so, or says nothing and has no time."""
    return found.state == "draft" or (not found.state and not found.time)


def changes(
    found: Document, post: Post, accounts: Accounts, profile: Profile, folder: Folder
) -> list[dict[str, str]]:
    """Each thing that is different: ``what``, ``before`` (here) and ``after`` (in the file)."""
    worn = labels.of_posts([post.id]).get(post.id, [])
    now = post_files.document(post, accounts, worn)
    made = [
        *_one("State", "draft" if not post.armed else "scheduled",
              "draft" if is_draft(found) else "scheduled"),
        *([] if _same_time(found, post, profile) else
          _one("Time", now.time or "none", found.time or "none")),
        *_one("Accounts", *_accounts(now, found, accounts)),
        *_one("Labels", *(_sorted(one.labels) for one in (now, found))),
        *_one("Text", _text(now.parts, now.link), _text(found.parts, found.link)),
        *_own(now, found),
        *_one("Link", now.link, found.link),
        *_media(now.media, found.media, folder),
    ]  # fmt: skip
    if now.options != found.options:
        made += [{"what": "Settings of networks", "before": str(now.options)[:CLIP],
                  "after": str(found.options)[:CLIP]}]  # fmt: skip
    return made


def _one(what: str, before: str, after: str) -> list[dict[str, str]]:
    if before == after:
        return []
    return [{"what": what, "before": before[:CLIP], "after": after[:CLIP]}]


def _same_time(found: Document, post: Post, profile: Profile) -> bool:
    if not found.time or post.due_at is None:
        return not found.time and post.due_at is None
    try:
        name = found.zone or profile.time_zone
        at = import_rows.moment(found.time, zone_named(name), name)
    except ValidationFailed:
        return False
    return at == post.due_at.replace(second=0, microsecond=0)


def _accounts(now: Document, found: Document, accounts: Accounts) -> tuple[str, str]:
    """Both lists in one order and by one name each, so that only a real change is one."""
    return ", ".join(sorted(now.accounts)), ", ".join(
        sorted({_named(one, now.accounts, accounts) for one in found.accounts})
    )


def _sorted(names: Sequence[str]) -> str:
    """Labels are told apart by their letters, not by their capitals."""
    return ", ".join(sorted(one.casefold().lstrip("#") for one in names))


def _named(text: str, known: Sequence[str], accounts: Accounts) -> str:
    if text in known:  # also one that was taken off since
        return text
    try:
        return accounts.name(accounts.find(text))
    except ValidationFailed:
        return text


def _text(parts: Sequence[str], link: str) -> str:
    """As it is stored: the link stands below a text that does not name it."""
    return PART.join(post_files.bare(submissions.linked(parts, link))) if parts else ""


def _own(now: Document, found: Document) -> list[dict[str, str]]:
    made: list[dict[str, str]] = []
    for network in sorted({*now.texts, *found.texts}):
        before = _text(now.texts.get(network, ()), now.link)
        after = _text(found.texts.get(network, ()), found.link)
        made += _one(f"Text for {SHORT.get(network, network)}", before, after)
    return made


def _media(now: Sequence[Shot], found: Sequence[Shot], folder: Folder) -> list[dict[str, str]]:
    before = [_shot(one, one.file) for one in _in_order(now)]
    after = [_shot(one, _name(one.file, folder)) for one in _in_order(found)]
    return _one("Pictures and videos", "\n".join(before), "\n".join(after))


def _in_order(shots: Sequence[Shot]) -> list[Shot]:
    return sorted(shots, key=lambda one: one.part)


def _name(file: str, folder: Folder) -> str:
    """A file by its bytes, as an export would call it, whatever it is called."""
    if not folder.has(file):
        return file
    ending = file.rpartition(".")[2].lower()
    return f"{post_files.FILES}/{folder.digest(file)[:20]}.{ending}"


def _shot(one: Shot, name: str) -> str:
    part = f" (part {one.part})" if one.part > 1 else ""
    alt = f": {' '.join(one.alt.split())}" if one.alt.strip() else ""
    return f"{name}{part}{alt}"
