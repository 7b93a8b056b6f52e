"""Earlier versions of a text: what is kept, what was changed, and the way back."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from flask import Flask

from app.clock import now
from app.errors import InvalidTransition, NotFound
from app.extensions import db
from app.models.posts import Post, TargetState
from app.models.versions import PostVersion
from app.services import diffs, drafts, restoring, versions
from app.services.drafts import Changes
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", []),
        ("Same", "Same", [("same", "Same")]),
        ("", "New", [("ins", "New")]),
        ("Old", "", [("del", "Old")]),
        (
            "The new roast is in", "The old roast is in",
            [("same", "The "), ("del", "new"), ("ins", "old"), ("same", " roast is in")],
        ),
        ("Come by on Friday", "Come on Friday", [("same", "Come "), ("del", "by "),
                                                 ("same", "on Friday")]),
        ("one two three", "eins zwei three", [("del", "one two"), ("ins", "eins zwei"),
                                              ("same", " three")]),
    ],
)  # fmt: skip
def test_changes_are_told_word_by_word(old: str, new: str, told: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.text) for one in diffs.words(old, new)] == told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 7000, "b c a " * 5000),
        ("a " * 14000, "a b " * 7000),
        ("x\n\ny  z", "y\nx z"),
        (" ".join(map(str, range(300))), " ".join(map(str, range(0, 300, 2)))),
    ],
)
def test_both_texts_can_be_read_from_their_differences(old: str, new: str) -> None:
    found = diffs.words(old, new)
    assert "".join(one.text for one in found if one.kind != "del") == new
    assert "".join(one.text for one in found if one.kind != "ins") == old


@pytest.fixture
def room(app: Flask) -> SimpleNamespace:
    """Maya and Ben at a brand with a draft."""
    maya, ben = make_user(name="Maya"), make_user(name="Ben")
    brand = make_profile(maya)
    join(brand, ben)
    account = make_account(brand, "mastodon")
    draft = make_post(brand, "First words of the draft", [account], author=maya)
    return SimpleNamespace(
        maya=actor_of(maya), ben=actor_of(ben), brand=brand, account=account, id=draft.id
    )


def write(room: SimpleNamespace, text: str, who: str = "maya", **more: object) -> Post:
    actor = getattr(room, who)
    post = drafts.get(actor, room.id)
    return drafts.save(actor, room.id, post.rev, Changes(parts=[text], **more))  # type: ignore[arg-type]


def kept(room: SimpleNamespace) -> list[str]:
    rows = db.session.query(PostVersion).order_by(PostVersion.id.desc())
    return [row.parts[0] for row in rows]


def test_some_minutes_of_one_person_are_one_version(room: SimpleNamespace) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        write(room, "First words of the draft, and more")
        clock.shift(300)
        write(room, "First words of the draft, and more of them")
        assert kept(room) == [
            "First words of the draft, and more of them", "First words of the draft"
        ]  # fmt: skip
        write(room, "Ben has rewritten the draft from its start", "ben")
        clock.shift(601)
        write(room, "Ben has rewritten the draft again", "ben")
        assert len(kept(room)) == 4
    who = [
        (one.who, one.current) for one in versions.listed(room.maya, drafts.get(room.maya, room.id))
    ]
    assert who == [("Ben", True), ("Ben", False), ("Maya", False), ("Maya", False)]


def test_a_save_without_another_text_keeps_nothing(room: SimpleNamespace) -> None:
    write(room, "First words of the draft")
    drafts.save(room.maya, room.id, 2, Changes(due_at=now() + DAY))
    assert kept(room) == []


def test_what_is_wiped_away_within_minutes_is_kept(room: SimpleNamespace) -> None:
    long = "A text that took all of the morning to write, with every word in its place."
    write(room, long)
    write(room, "")
    assert kept(room) == ["", long, "First words of the draft"]


def test_only_the_last_fifty_are_kept(
    room: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MOST", 3)
    for place in range(6):
        write(room, f"Version number {place}", "ben" if place % 2 else "maya")
    assert kept(room) == [f"Version number {place}" for place in (5, 4, 3)]


def test_a_version_comes_back_as_an_edit_and_what_was_there_is_kept(room: SimpleNamespace) -> None:
    write(room, "Second words", variants={"mastodon": ["Own words"]})
    first = db.session.query(PostVersion).order_by(PostVersion.id).first()
    assert first is not None
    found = versions.beside(versions.of(first), drafts.get(room.maya, room.id))
    assert [(one.title, one.changed) for one in found] == [
        ("Everyone", True), ("Mastodon, its own text", True)
    ]  # fmt: skip
    post = restoring.use(room.maya, room.id, first.id)
    assert (post.parts, post.variants) == (["First words of the draft"], [])
    assert kept(room) == ["First words of the draft", "Second words", "First words of the draft"]


def test_a_planned_post_is_changed_in_its_working_copy(room: SimpleNamespace) -> None:
    post = make_post(room.brand, "As planned", [room.account], at=now() + DAY)
    copy = drafts.edit(room.maya, post.id)
    copy = drafts.save(room.maya, copy.id, copy.rev, Changes(parts=["Otherwise"]))
    drafts.apply(room.maya, copy.id, copy.rev)
    first = db.session.query(PostVersion).order_by(PostVersion.id).first()
    assert first is not None and (first.post_id, first.parts) == (post.id, ["As planned"])
    copy = restoring.use(room.maya, post.id, first.id)
    assert copy.edits_id == post.id and copy.parts == ["As planned"]
    assert drafts.get(room.maya, post.id).parts == ["Otherwise"]


def test_what_has_gone_out_and_what_is_not_ours_is_left_alone(room: SimpleNamespace) -> None:
    write(room, "Second words")
    version = db.session.query(PostVersion).first()
    out = make_post(room.brand, "Out", [room.account], at=now() - DAY, state=TargetState.PUBLISHED)
    assert version is not None
    with pytest.raises(NotFound):
        restoring.use(room.maya, out.id, version.id)
    version.post_id = out.id
    db.session.commit()
    with pytest.raises(InvalidTransition):
        restoring.use(room.maya, out.id, version.id)
    with pytest.raises(NotFound):
        restoring.use(actor_of(make_user()), out.id, version.id)
