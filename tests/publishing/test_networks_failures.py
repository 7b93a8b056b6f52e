"""Every cell of the failure table, carried out: category, waiting time, words, and one post.

What the network shows is counted in the sandbox; what a person reads is read off the post's
page. The table is in ``failures.py``; a network, or a failure, that lacks a cell fails here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import select

from app.clock import now
from app.config import BRIDGE
from app.models.accounts import AccountStatus, SocialAccount
from app.models.media import Media
from app.models.people import User
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.networks import NETWORKS
from app.publishing import words
from tests import factories
from tests.databases import Databases
from tests.publishing.conftest import House, Plant, connect, due
from tests.publishing.failures import FAULTS, LONG, RESET, TABLE, Case, Failure, Form, Stage
from tests.publishing.walking import (
    HEAD,
    bridged,
    browser,
    first_place,
    impatient,
    let_time_pass,
    picture,
    quicken,
    sign_in,
    stored_film,
)

SILENT = (Failure.SILENCE, Failure.SILENCE_AFTER)
DEADLINE = 0.7  # seconds a silent network is waited for
CELLS = [
    (network, failure, case)
    for network, row in TABLE.items()
    for failure, case in row.cells.items()
    if isinstance(case, Case)
]


def test_no_network_and_no_failure_is_forgotten() -> None:
    assert set(TABLE) == {*NETWORKS, BRIDGE}
    for network, row in TABLE.items():
        assert set(row.cells) == set(Failure), network
        reasons = [one for one in row.cells.values() if isinstance(one, str)]
        assert all(len(one.split()) > 4 for one in reasons), reasons


@pytest.mark.parametrize(
    ("network", "failure", "case"), CELLS, ids=[f"{n}-{f.value}" for n, f, _ in CELLS]
)
def test_what_a_failure_becomes(
    house: House, databases: Databases, monkeypatch: pytest.MonkeyPatch,
    network: str, failure: Failure, case: Case,
) -> None:  # fmt: skip
    deadline = DEADLINE if failure in SILENT else 5.0
    with house.plant(
        databases, COMMIT_DEADLINE_SECONDS=deadline, TIKTOK_AUDITED=1,
        YOUTUBE_FORCE_PRIVATE_UPLOADS=0,
    ) as plant:  # fmt: skip
        carried_out(plant, monkeypatch, network, failure, case)


def carried_out(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, network: str, failure: Failure, case: Case
) -> None:
    """One cell: the trouble, what is said of it at first, and how it ends."""
    slow = failure is Failure.PROCESSED
    if slow:
        quicken(monkeypatch, seconds=LONG)
    else:
        quicken(monkeypatch, share=0.1)
    let_time_pass(plant, monkeypatch)
    impatient()
    scene = Scene.of(plant, network, failure, case)
    begun = now()
    plant.run()
    if case.first is not None:
        scene.shows(case.first)
        scene.waits(case, begun)
    if slow and plant.ahead is not None:
        assert not plant.seen(network) or scene.told().state is TargetState.POSTING
        plant.ahead(LONG)
    held = case.first is not None and case.first == case.last
    if not held:
        plant.settle()
    scene.shows(case.last)
    scene.sent(case)


@dataclass
class Scene:
    """A post of one network on its way into trouble."""

    plant: Plant
    network: str
    failure: Failure
    maya: User
    account: SocialAccount
    version: int  # of its tokens
    post: Post
    post_id: UUID
    slug: str

    @classmethod
    def of(cls, plant: Plant, network: str, failure: Failure, case: Case) -> Scene:
        form = case.form or TABLE[network].form
        maya = factories.make_user()
        brand = factories.make_profile(maya)
        slug = brand.slug
        plant.person(network, "maya", **form.extras)
        account = _account(plant, brand, maya, network, failure)
        version = account.tokens_version
        post = _written(brand, account, network, form)
        post_id = post.id
        if failure is Failure.EXPIRED:
            for grant in plant.store.grants.of(network, "maya"):
                if "access" in grant.kind:
                    grant.expires = 1.0
        elif failure is Failure.REVOKED and case.fault is None:
            for grant in plant.store.grants.of(network, "maya"):
                plant.store.grants.end(grant)
        fault = case.fault or FAULTS.get(failure)
        if fault:
            more = {"delay_ms": 2_500} if failure in SILENT else {"retry_after_s": RESET}
            plant.fault(network, "publish", fault, **more)
        return cls(plant, network, failure, maya, account, version, post, post_id, slug)

    def told(self) -> PostTarget:
        return self.plant.target(self.post)

    def shows(self, stage: Stage) -> None:
        """The row, and the page a person looks at."""
        target = self.told()
        assert target.state is stage.state, (target.error, self.tries())
        assert target.category == stage.category
        names = {"title": words.title(self.network), "name": words.title(self.account.network)}
        said = stage.says.format(**names)
        error = target.error or ""
        if stage.category == "rate_limited":
            assert error.startswith(said) and len(error) > len(said) + 10, error
        elif stage.state is TargetState.NEEDS_REVIEW:
            assert said in error, error
        else:
            assert error == said, error
        html = browser(self.plant, self.maya).get(self.address).text
        assert stage.page.format(**names) in seen(html), seen(html)
        if stage.offers:
            assert stage.offers.format(**names) in controls(html)
        else:
            assert f'hx-get="{self.address}/delivery"' in html

    def waits(self, case: Case, begun: datetime) -> None:
        """When the next call is made: by the network's word, else by the engine's table."""
        target = self.told()
        if case.wait:
            assert target.due_at is not None
            low, high = begun + timedelta(seconds=case.wait), now() + timedelta(seconds=case.wait)
            slack = timedelta(seconds=1)
            if case.wait < 0:
                low, high = begun, now() - timedelta(seconds=case.wait)
            elif case.wait < RESET:
                slack = timedelta(seconds=1 + case.wait / 10)
            assert low - timedelta(seconds=1) <= target.due_at <= high + slack
        if target.state is TargetState.POSTING:
            last = self.plant.attempts(target)[-1]
            assert last.next_probe_at is not None and last.finished_at is not None
            if target.error_code == "OUTCOME_UNKNOWN":
                assert last.next_probe_at == last.finished_at + timedelta(minutes=2)

    def sent(self, case: Case) -> None:
        """As often as it had to be, and no second one is there."""
        out = case.last.state is TargetState.PUBLISHED
        rows = self.plant.seen(self.network)
        assert len(rows) == (1 if out else 0)
        target, tries = self.told(), self.plant.attempts(self.told())
        assert len({one.number for one in tries}) == case.tries, self.tries()
        if out:
            assert target.permalink and target.external_id and target.failures <= 1
            assert rows[0]["id"] == target.external_id or rows[0]["url"] == target.permalink
        if case.least:
            first, second = tries[0], tries[1]
            passed = second.started_at - (first.commit_at or first.started_at)
            assert passed.total_seconds() > case.least - 1  # some headers count whole seconds
        found = select(SocialAccount).where(SocialAccount.id == self.account.id)
        [account] = self.plant.read(found)
        held = case.last.category == "auth_error"
        assert account.status is (AccountStatus.NEEDS_RECONNECT if held else AccountStatus.ACTIVE)
        if self.failure is Failure.EXPIRED and out:
            assert account.tokens_version > self.version

    def tries(self) -> list[tuple[object, ...]]:
        rows = self.plant.attempts(self.told())
        return [(one.state, one.category, one.message, one.http_status, one.raw) for one in rows]

    @property
    def address(self) -> str:
        return f"/p/{self.slug}/posts/{self.post_id}"


# Making and reading ------------------------------------------------------------------------------


def _account(
    plant: Plant, brand: Profile, maya: User, network: str, failure: Failure
) -> SocialAccount:
    """By a sign-in where tokens are to end, else by a pasted one, which costs less."""
    actor, profile_id = factories.actor_of(maya), brand.id
    if network == BRIDGE:
        return bridged(actor, profile_id, "twitter")
    if failure in (Failure.EXPIRED, Failure.REVOKED):
        return sign_in(actor, profile_id, network)
    return connect(brand, network, "maya")


def _written(brand: Profile, account: SocialAccount, network: str, form: Form) -> Post:
    options = dict(form.options)
    if network == "pinterest":
        options["boardId"] = first_place(account).external_id
    media: list[Media] = list(picture(brand, form.pictures))
    if form.film:
        media.append(stored_film(brand, head=b"not a film at all" if form.junk else HEAD))
    return due(brand, account, text=form.text, media=media, options={account.network: options})


def seen(html: str) -> str:
    """The words of a page in their order."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def controls(html: str) -> list[str]:
    """The words on its links and buttons."""
    found = re.findall(r"<(a|button)\b[^>]*>(.*?)</\1>", html, re.S)
    return [seen(inner) for _, inner in found]
