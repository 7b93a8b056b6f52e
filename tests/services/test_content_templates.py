"""Variables of templates, uses counted exactly, and the pictures they keep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import content_templates, media
from app.services.content_templates import Changes, beginning, fill
from app.services.gaps import names as variables
from tests.factories import actor_of, make_media, make_profile, make_user
from tests.growth import grows_gently

WEEKLY = "✅ {{achievement}}\n📈 {{ metric }}\n🔜 {{next_week}} and {{metric}}"


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile(make_user("maya@marram.example"))


@pytest.fixture
def maya(brand: Profile) -> Actor:
    from app.models.people import User

    return actor_of(db.session.query(User).one())


def test_a_texts_variables_are_named_once_and_in_their_order() -> None:
    assert variables(WEEKLY) == ["achievement", "metric", "next_week"]
    assert variables("{{größe}} {{a-b}}") == ["größe", "a-b"]
    assert variables("{ {no}} {{}} {{ }} {{1st}} {{two words}} {{a\nb}} {{" + "x" * 61 + "}}") == []


def test_filling_replaces_every_one_and_reads_no_value_as_a_variable() -> None:
    values = {"achievement": "{{metric}}", "metric": "9 %", "next_week": "", "more": "unused"}
    assert fill(WEEKLY, values) == "✅ {{metric}}\n📈 9 %\n🔜  and 9 %"


def test_a_beginning_is_cut_at_no_variable() -> None:
    def told(text: str, most: int) -> str:
        return "".join(f"[{one.text}]" if one.gap else one.text for one in beginning(text, most))

    assert told("a {{b}} c", 99) == "a [{{b}}] c" and told("{{b}}", 99) == "[{{b}}]"
    assert told("a {{b}} c", 4) == "a [{{b}}]…" and told("a {{b}} c", 7) == "a [{{b}}]…"
    assert told("abc {{d}}", 2) == "ab…" and told("abc", 3) == "abc" and told("", 3) == ""


def test_each_missing_variable_is_named() -> None:
    with pytest.raises(ValidationFailed) as refused:
        fill(WEEKLY, {"metric": "9 %"})
    assert refused.value.message == (
        "This template needs a value for {{achievement}}, {{next_week}}."
    )
    assert [one.field for one in refused.value.errors] == [
        "variables.achievement", "variables.next_week",
    ]  # fmt: skip


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), st.text(), min_size=1)
)
def test_what_is_filled_in_stands_where_its_variable_stood(values: dict[str, str]) -> None:
    text = "|".join(f"<{{{{{name}}}}}>" for name in values)
    assert variables(text) == list(values)
    assert fill(text, values) == "|".join(f"<{value}>" for value in values.values())


@pytest.mark.parametrize("piece", ["{{", "{{ ", "{{a ", "{{a}", "}{"])
def test_finding_variables_takes_time_in_proportion_to_the_text(piece: str) -> None:
    assert grows_gently(variables, piece * 60_000)


def test_uses_at_the_same_moment_are_all_counted(app: Flask, brand: Profile, maya: Actor) -> None:
    row_id = content_templates.create(maya, brand.id, Changes(name="Six", content="bells")).id
    db.session.rollback()

    def use(_: int) -> None:
        with app.app_context():
            content_templates.change(maya, row_id, Changes(used=True))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(use, range(18)))
    db.session.expire_all()
    assert db.session.get_one(ContentTemplate, row_id).usage_count == 18


def test_a_picture_of_a_template_is_not_deleted(brand: Profile, maya: Actor) -> None:
    picture = make_media(brand)
    row = content_templates.create(
        maya, brand.id, Changes(name="Launch", media=[(picture.id, None)])
    )
    assert [(one.media_id, one.alt) for one in row.media] == [(picture.id, picture.alt)]
    with pytest.raises(Conflict, match="part of the template “Launch”"):
        media.delete(maya, picture.id)
    db.session.rollback()
    content_templates.delete(maya, row.id)
    media.delete(maya, picture.id)
    with pytest.raises(NotFound):
        content_templates.get(maya, row.id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(content="x"), "name"),
        (Changes(name=" "), "name"),
        (Changes(name="x" * 121, content="x"), "name"),
        (Changes(name="x"), "content"),
        (Changes(name="x", content=" "), "content"),
        (Changes(name="x", content="x" * 30_001), "content"),
        (Changes(name="x", content="x", description="x" * 1001), "description"),
        (Changes(name="x", content="x", category="x" * 61), "category"),
        (Changes(name="x", content="x", platforms=["twitter", "myspace"]), "platforms.1"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_name(
    brand: Profile, maya: Actor, changes: Changes, field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        content_templates.create(maya, brand.id, changes)
    assert refused.value.field == field
    db.session.rollback()
    assert db.session.query(ContentTemplate).count() == 0
