"""The flight check: what is found, when it is looked for, who is told, what it never does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from app import content
from app.clock import now
from app.config import NetworkSettings, settings
from app.errors import NotFound
from app.extensions import db, networks, queues
from app.integrations.storage import Storage
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import Mail, User
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.networks.base import Tokens
from app.permissions import Role
from app.sandbox.store import Store
from app.services import accounts, flight, flight_checks, posts
from app.services.account_readiness import Facts
from app.services.accounts import Connected
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_media,
    make_post,
    make_profile,
    make_user,
)
from tests.playing import order, sandbox  # noqa: F401

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def play(sandbox: Store) -> Iterator[Store]:  # noqa: F811
    flight_checks.forget_links()
    yield sandbox


@pytest.fixture
def maya() -> User:
    return make_user("maya@marram.example")


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


def linked(brand: Profile, maya: User, network: str = "mastodon", handle: str = "maya") -> Any:
    """An account of the sandbox, connected as a script does."""
    actor, brand_id = actor_of(maya), brand.id
    db.session.rollback()
    done = accounts.connect_token(actor, brand_id, network, "", f"sandbox-{handle}")
    assert isinstance(done, Connected)
    stale(done.account.id)
    return db.session.get_one(SocialAccount, done.account.id)


def stale(account_id: UUID) -> None:
    """Nobody has asked about the account lately."""
    db.session.execute(
        update(SocialAccount).where(SocialAccount.id == account_id).values(checked_at=None)
    )
    db.session.commit()


def run() -> int:
    db.session.rollback()
    return flight.run()


def found(post_id: UUID) -> tuple[str | None, list[str]]:
    """The light of the post's only target and the codes of its findings."""
    db.session.rollback()
    db.session.expire_all()
    (target,) = db.session.get_one(Post, post_id).targets
    assert (target.flight is None) == (target.flight_at is None)
    return target.flight_light, [one["code"] for one in target.flight or []]


def test_a_post_that_lacks_nothing_is_green(brand: Profile, maya: User) -> None:
    account = linked(brand, maya)
    post_id = make_post(brand, "Six bells", [account], at=now() + 3 * HOUR).id
    assert run() == 1
    assert found(post_id) == ("green", [])
    db.session.expire_all()
    assert db.session.get_one(SocialAccount, account.id).checked_at is not None


def test_it_is_looked_at_once_then_a_day_ahead_then_an_hour_ahead_then_when_changed(
    brand: Profile, maya: User
) -> None:
    account = linked(brand, maya)
    post = make_post(brand, "Six bells", [account], at=now() + 50 * HOUR)
    post_id, target_id = post.id, post.targets[0].id

    def put(due: timedelta, looked: timedelta) -> int:
        """Due in so long, looked at so long ago: how many are looked at now."""
        db.session.rollback()
        db.session.execute(
            update(PostTarget).where(PostTarget.id == target_id)
            .values(due_at=now() + due, flight_at=now() - looked)
        )  # fmt: skip
        db.session.execute(
            update(Post).where(Post.id == post_id).values(updated_at=now() - 99 * HOUR)
        )
        db.session.commit()
        return run()

    assert (run(), run()) == (1, 0)
    assert put(23 * HOUR, 2 * HOUR) == 1  # a day ahead since
    assert put(23 * HOUR, HOUR / 2) == 0
    assert put(HOUR / 2, HOUR) == 1  # an hour ahead since
    assert put(HOUR / 2, HOUR / 4) == 0
    assert put(-HOUR, 9 * HOUR) == 0  # its time has passed: the engine's alone
    assert put(30 * HOUR, 9 * HOUR) == 0
    db.session.execute(update(Post).where(Post.id == post_id).values(updated_at=now()))
    db.session.commit()
    assert run() == 1


@pytest.mark.parametrize("state", [s for s in TargetState if s is not TargetState.SCHEDULED])
def test_only_what_waits_for_its_time_is_looked_at(
    brand: Profile, maya: User, state: TargetState
) -> None:
    account = make_account(brand)
    make_post(brand, "Six bells", [account], at=now() + HOUR, state=state)
    assert run() == 0


def test_a_dead_sign_in_is_found_its_owner_told_and_its_posts_held(
    brand: Profile, maya: User
) -> None:
    account = linked(brand, maya, "twitter")
    post = make_post(brand, "Six bells", [account], at=now() + HOUR, author=maya)
    post_id, account_id = post.id, account.id
    from app import credentials

    credentials.store(db.session(), account, Tokens("not-a-token"))
    db.session.commit()
    run()
    light, codes = found(post_id)
    assert (light, codes) == ("red", ["sign_in"])
    assert db.session.get_one(SocialAccount, account_id).status is AccountStatus.NEEDS_RECONNECT
    assert db.session.get_one(Post, post_id).targets[0].hold_reason is HoldReason.RECONNECT
    kinds = db.session.scalars(select(Mail.kind).order_by(Mail.kind)).all()
    assert "reconnect" in kinds


def test_a_network_that_is_away_is_no_verdict(brand: Profile, maya: User, play: Store) -> None:
    account = linked(brand, maya)
    post_id = make_post(brand, "Six bells", [account], at=now() + HOUR).id
    order(play, network="mastodon", operation="account", fault="http_500", times=5)
    run()
    assert found(post_id) == ("amber", ["unreached"])
    assert db.session.get_one(SocialAccount, account.id).status is AccountStatus.ACTIVE


def test_what_is_missing_is_found_for_this_post(brand: Profile, maya: User) -> None:
    at = now() + 5 * HOUR
    cases: list[tuple[str, dict[str, Any], dict[str, Any], str, list[str]]] = [
        ("twitter", {"scopes": ["tweet.read"]}, {}, "red", ["scopes_missing"]),
        ("twitter", {"tokens": Tokens("a", "", now() + HOUR)}, {}, "red", ["sign_in_ends"]),
        ("mastodon", {}, {"text": "x" * 501}, "red", ["content_text"]),
        ("mastodon", {"cooling_until": at + HOUR}, {}, "amber", ["cooling", "quota"]),
        ("twitter", {}, {"options": {"twitter": {"firstComment": "And"}}}, "red",
         ["content_comment"]),
        ("instagram", {}, {}, "red", ["content_media"]),
    ]  # fmt: skip
    for network, account, post, light, codes in cases:
        row = make_account(brand, network, checked_at=now(), **account)
        made = make_post(brand, post.pop("text", "Six bells"), [row], at=at, **post)
        made_id = made.id
        run()
        shown, told = found(made_id)
        assert (shown, list(dict.fromkeys(told))) == (light, codes), (network, codes)


def test_a_file_that_is_gone_is_found(brand: Profile, maya: User) -> None:
    account = make_account(brand, checked_at=now())
    there, gone = make_media(brand), make_media(brand, size=(320, 240))
    Storage.of(settings()).path(gone.key).unlink()
    good = make_post(brand, "A", [account], at=now() + HOUR, media=[there]).id
    bad = make_post(brand, "B", [account], at=now() + HOUR, media=[gone]).id
    run()
    assert found(good) == ("green", [])
    assert found(bad) == ("red", ["media_gone"])


def test_a_carousels_video_has_to_be_fetched_and_a_reels_has_not(
    brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = replace(
        settings(), networks={"instagram": NetworkSettings("a", "b", "https://c.example")}
    )
    monkeypatch.setattr(flight_checks, "settings", lambda: real)
    account = make_account(brand, "instagram", is_sandbox=False)
    film = make_media(brand, mime="video/mp4", seconds=8.0, codec="h264")
    for media, fetched in (([film], []), ([film, film], ["not_reachable"])):
        post = make_post(brand, "Six bells", [account], at=now() + HOUR, media=media)
        told = flight_checks.on_paper(post, post.targets[0], Facts())
        assert [one.code for one in told if one.code == "not_reachable"] == fetched


def test_more_posts_than_the_network_takes_in_a_day_are_said(brand: Profile) -> None:
    account = make_account(brand, "tiktok", checked_at=now())
    ids = [
        make_post(brand, "Bell", [account], at=now() + (2 + n / 10) * HOUR).id for n in range(16)
    ]
    run()
    lights = [found(one)[1].count("quota") for one in ids]
    assert lights == [0] * 15 + [1]


# Links -------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """A site on loopback that answers by the path, and what it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/hang":
                time.sleep(30)
            where = {"/moved": "/fine", "/circle": "/circle", "/lost": "/404"}.get(self.path)
            self.send_response(302 if where else int(self.path[1:]) if self.path[1:].isdigit()
                               else 200)  # fmt: skip
            if where:
                self.send_header("Location", where)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


@pytest.mark.usefixtures("app")
def test_a_link_that_never_answers_is_named(
    site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.integrations import answering

    monkeypatch.setattr(answering, "SECONDS", 0.6)
    url = f"{site[0]}/hang"
    assert flight_checks.links([url], time.monotonic() + 20) == {url: "does not answer"}


@pytest.mark.usefixtures("app")
def test_links_that_do_not_answer_are_named(site: tuple[str, list[str]]) -> None:
    base, _ = site
    paths = ("fine", "moved", "404", "410", "500", "403", "503", "circle", "lost")
    urls = [f"{base}/{path}" for path in paths]
    told = flight_checks.links([*urls, "http://127.0.0.1:1/x"], time.monotonic() + 60)
    assert [told[url] for url in urls] == [
        "", "", "is not there (404)", "is gone (410)", "has a broken server (500)", "", "",
        "leads in circles", "is not there (404)",
    ]  # fmt: skip
    assert told["http://127.0.0.1:1/x"] == "cannot be reached"


def test_an_address_the_guard_does_not_ask_is_not_held_against_the_link(app: Flask) -> None:
    told = flight_checks.links(["http://10.1.2.3/secret", "ftp://x/"], time.monotonic() + 5)
    assert told["http://10.1.2.3/secret"] == ""


def test_a_dead_link_is_amber_and_asked_for_once_for_all_posts(
    brand: Profile, site: tuple[str, list[str]]
) -> None:
    base, asked = site
    one, two = (make_account(brand, n, checked_at=now()) for n in ("mastodon", "threads"))
    first = make_post(brand, f"See {base}/404 now", [one], at=now() + HOUR).id
    other = make_post(brand, f"See {base}/404 again", [two], at=now() + HOUR).id
    run()
    assert found(first) == ("amber", ["link"]) and found(other) == ("amber", ["link"])
    assert asked == ["/404"]


# Telling -----------------------------------------------------------------------------------------


def mails() -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(Mail).where(Mail.kind == "flight_check").order_by(Mail.id))
    return [(row.to, row.data["found"][0]) for row in rows]


def test_the_author_is_told_once_for_the_same_findings(brand: Profile, maya: User) -> None:
    author = make_user("june@marram.example")
    join(brand, author, Role.MEMBER)
    account = make_account(brand, "mastodon", "bells", checked_at=now())
    post = make_post(brand, "x" * 501, [account], at=now() + HOUR, author=author)
    post_id = post.id
    for _ in range(3):
        db.session.execute(update(Post).where(Post.id == post_id).values(updated_at=now()))
        db.session.commit()
        assert run() == 1
    ((to, said),) = mails()
    assert to == author.email and said.startswith("Mastodon, bells: ")
    post = db.session.get_one(Post, post_id)
    post.parts = ["x" * 502, "y" * 501]
    db.session.commit()
    run()
    assert [to for to, _ in mails()] == [author.email] * 2


def test_where_the_author_has_left_the_owners_are_told(brand: Profile, maya: User) -> None:
    account = make_account(brand, checked_at=now())
    make_post(brand, "x" * 501, [account], at=now() + HOUR, author=make_user())
    run()
    assert [to for to, _ in mails()] == [maya.email]


def test_nobody_is_mailed_about_what_stops_nothing(brand: Profile, maya: User) -> None:
    account = make_account(brand, "youtube", checked_at=now())
    assert flight_checks.light([flight_checks.Finding("not_reviewed", "x", "setup")]) == "amber"
    make_post(brand, "Short", [make_account(brand, cooling_until=now() + 9 * HOUR,
                                            checked_at=now())], at=now() + HOUR)  # fmt: skip
    assert account and run() == 1 and mails() == []


# Reports and people ------------------------------------------------------------------------------


def test_a_hold_is_said_whatever_the_light_was(brand: Profile, maya: User) -> None:
    account = make_account(brand, checked_at=now())
    post_id = make_post(brand, "Bells", [account], at=now() + HOUR).id
    run()
    target = db.session.get_one(Post, post_id).targets[0]
    assert flight.report(target.post).light == "green"
    target.hold_reason = HoldReason.RECONNECT
    db.session.commit()
    told = flight.report(db.session.get_one(Post, post_id)).plain()
    assert told["light"] == "red"
    assert told["targets"][0]["findings"] == [
        {"code": "held", "message": f"Mastodon signed {account.handle} out.", "fix": "reconnect"}
    ]


def test_looking_now_asks_the_network_again_and_needs_the_right(
    brand: Profile, maya: User, play: Store
) -> None:
    account = linked(brand, maya)
    post_id = make_post(brand, "Bells", [account], at=now() + 40 * HOUR).id
    account.checked_at = now()
    stranger = make_user()
    db.session.commit()
    order(play, network="mastodon", operation="account", fault="http_500", times=5)
    assert flight.check_now(actor_of(maya), post_id).light == "amber"
    with pytest.raises(NotFound):
        flight.check_now(actor_of(stranger), post_id)


def test_putting_a_post_on_the_clock_wakes_the_check(
    brand: Profile, maya: User, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(queues, "wake", lambda job: woken.append(job) or True)
    account = make_account(brand, checked_at=now())
    post_id = make_post(brand, "Bells", [account]).id
    actor = actor_of(maya)
    db.session.rollback()
    posts.schedule(actor, post_id, now() + 3 * HOUR)
    assert woken == ["checks.flight"]
    run()
    assert found(post_id)[0] == "green"
    posts.publish_now(actor, post_id)
    assert woken[1:] == ["publishing.deliver"]


def test_a_check_that_breaks_is_no_loop_and_spoils_no_other(
    brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account(brand, checked_at=now())
    bad = make_post(brand, "bad", [account], at=now() + HOUR).id
    good = make_post(brand, "good", [account], at=now() + 2 * HOUR).id
    real = content.problems

    def broken(post: Post, *rest: Any) -> Any:
        if post.parts == ["bad"]:
            raise RuntimeError("no")
        return real(post, *rest)

    monkeypatch.setattr(content, "problems", broken)
    assert run() == 2
    assert found(bad) == ("amber", ["warning"]) and found(good) == ("green", [])


def test_no_transaction_is_open_while_anybody_outside_is_asked(
    brand: Profile, maya: User, site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted on the engine: begun and ended transactions at the moment of every call."""
    account = linked(brand, maya)
    make_post(brand, f"See {site[0]}/404", [account], at=now() + HOUR)
    db.session.rollback()
    open_now = 0
    seen: list[int] = []

    def begun(_: Any) -> None:
        nonlocal open_now
        open_now += 1

    def ended(_: Any) -> None:
        nonlocal open_now
        open_now -= 1

    listeners: list[tuple[str, Callable[[Any], None]]] = [
        ("begin", begun), ("commit", ended), ("rollback", ended),
    ]  # fmt: skip
    mastodon: Any = networks.get("mastodon")
    asked, links = mastodon.identities, flight_checks.answering.trouble
    monkeypatch.setattr(
        mastodon, "identities", lambda *a: (seen.append(open_now), asked(*a))[1], raising=False
    )
    monkeypatch.setattr(
        flight_checks.answering, "trouble", lambda *a: (seen.append(open_now), links(*a))[1]
    )
    for name, heard in listeners:
        event.listen(db.engine, name, heard)
    try:
        assert run() == 1
    finally:
        for name, heard in listeners:
            event.remove(db.engine, name, heard)
    assert seen == [0, 0]
