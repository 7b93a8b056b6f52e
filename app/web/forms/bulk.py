"""An order for many posts, as a form brings it: read without trust, in the words of the page."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from werkzeug.datastructures import MultiDict

from app.errors import ValidationFailed
from app.models.bulk import BulkKind
from app.services import labels
from app.services.bulk import Pick
from app.services.bulk_orders import MOST, Order
from app.web import htmx

ACCOUNT = "acc-"  # and the account's id: ``add`` or ``off``


def kind_of(form: MultiDict[str, str], *others: BulkKind) -> BulkKind:
    """What is to be done, none of the ``others``. Raises ``ValidationFailed`` for another word."""
    for kind in BulkKind:
        if form.get("kind") == kind.value and kind not in others:
            return kind
    raise ValidationFailed("Choose what to do with the posts.", field="kind")


def back_of(form: MultiDict[str, str], slug: str) -> str:
    """The page of the brand's calendar that the posts were ticked on."""
    here = f"/p/{slug}/calendar"
    given = htmx.local(form.get("back"), "")
    return given if given.startswith(f"{here}/") and len(given) < 500 else f"{here}/list"


def order_of(form: MultiDict[str, str], back: str) -> Order:
    """The order. Raises ``ValidationFailed`` for a number or a day that is none."""
    given = {
        key.removeprefix(ACCOUNT): value for key, value in form.items() if key.startswith(ACCOUNT)
    }
    return Order(
        kind=kind_of(form), days=_number(form, "days"), hours=_number(form, "hours"),
        on=_day(form.get("on", "")), drafts=form.get("as", "drafts") != "later",
        add=_accounts(given, "add"), off=_accounts(given, "off"),
        find=form.get("find", ""), swap=form.get("swap", ""), case=form.get("case") == "1",
        labels=labels.read(form.get("labels", ""), "labels"),
        unlabels=labels.read(form.get("unlabels", ""), "unlabels"),
        back=back,
    )  # fmt: skip


def picks_of(form: MultiDict[str, str]) -> list[Pick]:
    """The posts that were ticked, each once; what is no post is left out."""
    found: dict[UUID, Pick] = {}
    for text in form.getlist("post")[: MOST + 1]:
        name, _, rest = text.partition(".")
        rev, _, mark = rest.partition(".")
        try:
            post_id = UUID(name)
        except ValueError:
            continue
        if rev.isascii() and rev.isdecimal() and len(rev) < 10:
            found.setdefault(post_id, Pick(post_id, int(rev), mark[:80]))
    return list(found.values())


def id_of(form: MultiDict[str, str], name: str) -> UUID | None:
    """An id of the form, ``None`` where there is none."""
    try:
        return UUID(form.get(name, ""))
    except ValueError:
        return None


def _number(form: MultiDict[str, str], name: str) -> int:
    text = form.get(name, "").strip()
    if not text:
        return 0
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 6):
        raise ValidationFailed("Type a whole number, such as 2 or -1.", field=name)
    return int(text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _accounts(given: dict[str, str], what: str) -> tuple[UUID, ...]:
    found = []
    for name, value in given.items():
        if value == what:
            try:
                found.append(UUID(name))
            except ValueError:
                continue
    return tuple(found)
