"""Pages of the played Facebook: who manages which, their tokens, what they are."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed, meta
from app.sandbox.facebook.desk import GRAPH, NAME, ROOM, TASKS, allowed, bp, person_id, who
from app.sandbox.records import Account, stable_number
from app.sandbox.store import store

PAGE_FIELDS = {
    "id", "name", "username", "access_token", "category", "picture", "followers_count",
    "fan_count", "tasks", "link", "instagram_business_account", "about",
}  # fmt: skip


def handles(person: str) -> list[str]:
    """The Pages somebody manages: one of the same name, or those in ``extras["pages"]``."""
    told = store().accounts.get(NAME, person).extras.get("pages")
    return [str(one) for one in told] if isinstance(told, list) else [person]


def by_id(number: str) -> Account | None:
    """The Page with that id."""
    return store().accounts.by_id(NAME, number)


def wanted(usual: str, known: set[str]) -> set[str]:
    """Names in ``fields``, sub-fields and modifiers left out; refuses what is not known."""
    found, depth, word = [], 0, ""
    for letter in str(meta.fields().get("fields") or usual) + ",":
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and not depth:
            found.append(word.split("{")[0].split(".")[0].strip())
            word = ""
        else:
            word += letter
    for name in found:
        if name and name not in known:
            meta.invalid(f"Tried accessing nonexisting field ({name})")
    return {name for name in found if name} | {"id"}


def shown(page: Account, fields: set[str]) -> dict[str, Any]:
    """A Page with the fields asked for; the token only for whoever manages it."""
    base = request.host_url.rstrip("/")
    known: dict[str, Any] = {
        "id": page.id, "name": page.name, "username": page.extras.get("username", page.handle),
        "category": "Local business", "followers_count": 120, "fan_count": 118,
        "picture": {"data": {
            "height": 50, "is_silhouette": False, "width": 50,
            "url": f"{base}/_sandbox/avatar/{page.handle}.png",
        }},
        "tasks": page.extras.get("tasks", TASKS),
        "link": f"{base}{ROOM.prefix}/{page.id}",
        "instagram_business_account": page.extras.get("instagram_business_account"),
    }  # fmt: skip
    if "access_token" in fields:
        known["access_token"] = token_of(page)
    return {name: known[name] for name in known if name in fields and known[name] is not None}


def token_of(page: Account) -> str:
    """The Page token for the caller: the same whenever it is asked for."""
    asked = who()
    if asked.page:
        return asked.token
    kept = store().table("facebook.page_tokens")
    key = f"{asked.token}\0{page.id}"
    with store().lock:
        found = kept.get(key)
        grant = store().grants.find(NAME, "page", found["token"]) if found else None
        if grant is None or not grant.live:
            user = store().grants.find(NAME, "user", asked.token)
            lasts = user is None or user.extras.get("long")
            grant = store().grants.issue(
                NAME, "page", asked.person, scopes=list(asked.scopes), family=asked.family,
                page=page.handle, client_id=ROOM.client_id,
            )  # fmt: skip
            grant.expires = 0.0 if lasts or user is None else user.expires
            kept.put(key, {"token": grant.token})
        return grant.token


def paged(rows: list[dict[str, Any]]) -> ResponseReturnValue:
    """An edge, cut by ``limit`` and ``after``."""
    asked = meta.fields()
    limit, after = str(asked.get("limit", 25)), str(asked.get("after", "0"))
    if not limit.isdigit() or not after.isdigit():
        meta.invalid("Invalid cursors")
    start, end = int(after), int(after) + min(int(limit), 100)
    body: dict[str, Any] = {"data": rows[start:end]}
    if body["data"]:
        body["paging"] = {"cursors": {"before": str(start), "after": str(end)}}
    if end < len(rows):
        body["paging"]["next"] = f"{request.base_url}?access_token=hidden&after={end}"
    return meta.say(body)


@bp.get(f"{GRAPH}/me/accounts")
@ROOM.operation("account")
@allowed("pages_show_list", code=10)
def accounts() -> ResponseReturnValue:
    """The caller's Pages; those that belong to a business are not among them."""
    if who().page:
        meta.invalid("Tried accessing nonexisting field (accounts) on node type (Page)")
    fields = wanted("id,name,access_token,category,tasks", PAGE_FIELDS)
    found = [store().accounts.get(NAME, handle) for handle in handles(who().person)]
    return paged([shown(page, fields) for page in found if not page.extras.get("business")])


@bp.get(f"{GRAPH}/me/businesses")
@ROOM.operation("account")
@allowed("business_management", code=10)
def businesses() -> ResponseReturnValue:
    """One business, where one of the caller's Pages belongs to it."""
    owned = [page for page in _all() if page.extras.get("business")]
    row = {"id": _business(who().person), "name": f"{who().person}'s business"}
    return paged([row] if owned else [])


def _business(person: str) -> str:
    return str(stable_number("facebook-business", person.lower()))


def _all() -> list[Account]:
    return [store().accounts.get(NAME, handle) for handle in handles(who().person)]


@bp.get(f"{GRAPH}/<business>/<any(owned_pages, client_pages):edge>")
@ROOM.operation("account")
@allowed("business_management", code=10)
def business_pages(business: str, edge: str) -> ResponseReturnValue:
    """Pages of a business: ``extras["business"]`` of a Page is ``owned`` or ``client``."""
    if business != _business(who().person):
        meta.absent(business)
    fields = wanted("id,name", PAGE_FIELDS)
    kind = edge.removesuffix("_pages")
    return paged([shown(page, fields) for page in _all() if page.extras.get("business") == kind])


@bp.get(f"{GRAPH}/me")
@ROOM.operation("account")
@allowed()
def me() -> ResponseReturnValue:
    """The person, or the Page of a Page's token."""
    if who().page:
        fields = wanted("id,name", PAGE_FIELDS)
        return meta.say(shown(store().accounts.get(NAME, who().page), fields))
    wanted("id,name", {"id", "name", "picture", "email"})
    person = store().accounts.get(NAME, who().person)
    return meta.say({"id": person_id(person.handle), "name": person.name})


@bp.get("/<number>/posts/<post>")
def permalink(number: str, post: str) -> ResponseReturnValue:
    """A post's page."""
    return feed.permalink(NAME, f"{number}_{post}")


@bp.get("/<any(reel, videos, stories):kind>/<post>")
def clip(kind: str, post: str) -> ResponseReturnValue:
    """The page of a Reel, a video or a story; ``/stories/<page>`` is all its stories."""
    if kind == "stories" and by_id(post) is not None:
        return profile(post)
    return feed.permalink(NAME, post)


@bp.get("/<name>")
def profile(name: str) -> ResponseReturnValue:
    """A Page's posts."""
    page = by_id(name)
    handle = page.handle if page is not None else name
    return redirect(url_for("feed.index", network=NAME, account=handle))
