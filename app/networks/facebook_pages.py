"""The Pages behind a sign-in, and the tokens that open them (networks/facebook.md §1).

A Page's ``Tokens``: ``access`` is its own and has no end; ``refresh`` is the token of the
person it came from; ``more`` has ``app`` and ``page``, its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from app.networks.base import AppKeys, Category, Identity, NetworkError, Tokens
from app.networks.meta_login import Login
from app.networks.wire import unreadable

FIELDS = "id,name,username,category,picture{url},followers_count"
TASK = "CREATE_CONTENT"


def identities(login: Login, tokens: Tokens) -> list[Identity]:
    """What the token may act for. Raises ``validation`` (``no_pages``) where there is nothing."""
    page = tokens.more.get("page")
    if page:
        return [_identity(login, _one(login, f"/{quote(page, safe='')}", tokens), tokens)]
    try:
        rows = login.pages(tokens, f"{FIELDS},access_token,tasks")
    except NetworkError as error:
        if error.category is not Category.VALIDATION:
            raise
        # A Page's own token, pasted: it has no Pages, it is one.
        return [_identity(login, _one(login, "/me", tokens), tokens)]
    if not rows:
        raise NetworkError(
            Category.VALIDATION,
            "There is no Page here: the account manages none, or none was ticked.",
            code="no_pages", retryable=False,
        )  # fmt: skip
    return [_owned(login, row, tokens) for row in rows]


def _one(login: Login, path: str, tokens: Tokens) -> Mapping[str, Any]:
    answer = login.read(path, tokens, fields=FIELDS)
    if not answer.mapping().get("id"):
        raise unreadable(answer.status, answer.raw)
    return answer.mapping()


def _owned(login: Login, row: Mapping[str, Any], tokens: Tokens) -> Identity:
    """A Page with its own token; a note where its person may not publish there."""
    found = _identity(login, row, tokens)
    access, tasks = str(row.get("access_token") or ""), row.get("tasks")
    note = ""
    if not access:
        note = "Facebook gives no access to this Page: the person has no role on it."
    elif isinstance(tasks, list) and TASK not in tasks:
        note = "The person may not create content on this Page. Ask one of its managers."
    own = page_tokens(tokens, found.external_id, access) if access else None
    return replace(found, tokens=own, note=note)


def _identity(login: Login, row: Mapping[str, Any], tokens: Tokens) -> Identity:
    page_id = str(row["id"])
    handle = str(row.get("username") or page_id)
    picture = row.get("picture")
    data = picture.get("data") if isinstance(picture, dict) else None
    kept = {name: row[name] for name in ("category", "followers_count") if row.get(name)}
    if tokens.scopes:
        kept["scopes"] = list(tokens.scopes)
    return Identity(
        external_id=page_id,
        handle=handle,
        name=str(row.get("name") or handle),
        avatar_url=str(data.get("url") or "") if isinstance(data, dict) else "",
        url=f"{login.settings.auth_url}/{quote(handle, safe='')}",
        extras=kept,
        kind="page",
    )


def page_tokens(person: Tokens, page_id: str, access: str) -> Tokens:
    """A Page's tokens."""
    return Tokens(access, person.access, None, person.scopes, {**person.more, "page": page_id})


def refreshed(login: Login, app: AppKeys, tokens: Tokens) -> Tokens:
    """Fresh tokens by the person's, while that lives; ``auth_error`` where it does not."""
    page, person = tokens.more.get("page"), tokens.refresh or tokens.access
    if not app.client_id or (page and not tokens.refresh):
        raise NetworkError(
            Category.AUTH_ERROR, "The access has ended. Connect the account again.",
            code="no_refresh", retryable=False,
        )  # fmt: skip
    longer = replace(login.extend(app, person), scopes=tokens.scopes)
    if not page:
        return longer
    answer = login.read(f"/{quote(page, safe='')}", longer, fields="id,access_token")
    access = answer.mapping().get("access_token")
    if not isinstance(access, str) or not access:
        raise NetworkError(
            Category.AUTH_ERROR,
            "The person who connected this Page has no role on it any more.",
            code="no_page_token", status=answer.status, retryable=False,
        )  # fmt: skip
    return page_tokens(longer, page, access)
