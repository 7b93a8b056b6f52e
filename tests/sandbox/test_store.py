"""What the sandbox remembers."""

import threading
import time
from pathlib import Path

import pytest

from app.sandbox.journal import Journal
from app.sandbox.limits import Limits
from app.sandbox.records import Account, Post, counts
from app.sandbox.store import Store


def post(number: int, **more: object) -> Post:
    return Post("twitter", "alice", str(number), f"Post {number}", time.time(), **more)  # type: ignore[arg-type]


def test_everything_comes_back_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "sandbox.db")
    blob = store.put_blob(b"bytes", "image/png")
    store.posts.add(post(1, media=[{"blob": blob, "mime": "image/png", "alt": "é"}]))
    store.posts.add(post(2, parent="1", extras={"card": {"url": "https://a.com"}}))
    store.posts.remove("twitter", "1")
    account = store.accounts.get("twitter", "Alice")
    account.extras["verified"] = True
    store.accounts.save(account)
    grant = store.grants.issue("twitter", "access", "alice", seconds=60, scopes=["a"], colour="red")
    ended = store.grants.issue("twitter", "refresh", "alice")
    store.grants.end(ended)
    store.table("x.things").put("k", {"n": 1})
    store.close()

    again = Store(tmp_path / "deep" / "sandbox.db")
    assert [(p.id, p.deleted) for p in again.posts.newest()] == [("2", False), ("1", True)]
    assert again.posts.replies("twitter", "1")[0].extras == {"card": {"url": "https://a.com"}}
    assert again.blob(blob) == ("image/png", b"bytes")
    assert again.accounts.get("twitter", "alice").extras == {"verified": True}
    found = again.grants.find("twitter", "access", grant.token)
    assert found is not None and found.live and found.extras == {"colour": "red"}
    old = again.grants.find("twitter", "refresh", ended.token)
    assert old is not None and not old.live
    assert again.table("x.things").get("k") == {"n": 1}


def test_with_no_file_nothing_is_written(tmp_path: Path) -> None:
    store = Store()
    name = store.put_blob(b"x", "text/plain")
    assert store.blob(name) == ("text/plain", b"x")
    assert not Journal(None).kept and list(tmp_path.iterdir()) == []


def test_what_a_table_gives_out_is_a_copy() -> None:
    table = Store().table("a")
    table.put("k", {"n": 1})
    found = table.get("k")
    assert found is not None
    found["n"] = 2
    assert table.get("k") == {"n": 1} and table.items() == [("k", {"n": 1})]
    assert table.pop("k") == {"n": 1} and table.pop("k") is None and table.get("k") is None


def test_of_many_who_spend_a_code_one_gets_it() -> None:
    store = Store()
    code = store.grants.issue("twitter", "code", "alice")
    got = []

    def spend() -> None:
        got.append(store.grants.spend("twitter", "code", code.token))

    threads = [threading.Thread(target=spend) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [g for g in got if g is not None] == [code]


def test_spending_twice_ends_the_family_but_an_expired_code_does_not() -> None:
    store = Store()
    code = store.grants.issue("twitter", "code", "alice", seconds=-1)
    token = store.grants.issue("twitter", "access", "alice", family=code.family)
    assert store.grants.spend("twitter", "code", code.token) is None
    assert token.live
    used = store.grants.issue("twitter", "code", "alice", family=code.family)
    assert store.grants.spend("twitter", "code", used.token) is used
    assert store.grants.spend("twitter", "code", used.token) is None
    assert not token.live
    assert store.grants.spend("twitter", "code", "unknown") is None


def test_posts_of_an_account_come_newest_first_without_deleted_ones() -> None:
    store = Store()
    for number in range(5):
        store.posts.add(post(number))
    store.posts.remove("twitter", "3")
    assert [p.id for p in store.posts.of("twitter", "ALICE")] == ["4", "2", "1", "0"]
    assert not store.posts.remove("twitter", "3") and not store.posts.remove("twitter", "9")
    assert store.posts.get("twitter", "3") is None
    assert store.posts.get("twitter", "3", deleted=True) is not None


def test_serials_rise_and_never_repeat_across_threads() -> None:
    store = Store()
    got: list[int] = []

    def take() -> None:
        got.extend(store.serial(epoch_ms=1288834974657, bits=22) for _ in range(200))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1600
    assert all(store.serial(bits=16) < store.serial(bits=16) for _ in range(200))


def test_a_handle_has_the_same_id_in_every_sandbox() -> None:
    first, second = Store(), Store()
    assert first.accounts.get("twitter", "Bob").id == second.accounts.get("twitter", "bob").id
    assert first.accounts.get("mastodon", "Bob").id != first.accounts.get("twitter", "Bob").id
    bob = first.accounts.get("twitter", "Bob")
    assert first.accounts.by_id("twitter", bob.id) == bob
    assert first.accounts.by_id("twitter", "0") is None
    assert isinstance(bob, Account)


def test_numbers_grow_with_age_and_can_be_set() -> None:
    young, old = post(1), post(1)
    old.at -= 48 * 3600
    assert counts(young)["impressions"] == 0 < counts(old)["impressions"]
    assert counts(old) == counts(old)
    old.extras["counts"] = {"likes": 9}
    assert counts(old, replies=2)["likes"] == 9 and counts(old, replies=2)["comments"] == 2


def test_a_window_refuses_what_is_over_and_opens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("app.sandbox.limits.time.time", lambda: now)
    limits = Limits()
    seen = [limits.hit("twitter", "a", "create", 2, 900) for _ in range(3)]
    assert [(w.remaining, w.refused) for w in seen] == [(1, False), (0, False), (0, True)]
    assert not limits.hit("twitter", "b", "create", 2, 900).refused
    now += 901
    assert not limits.hit("twitter", "a", "create", 2, 900).refused


def test_limits_are_lifted_for_benches_and_by_order() -> None:
    limits = Limits()
    assert not any(limits.hit("twitter", "bench1", "create", 1, 900).refused for _ in range(9))
    limits.set_limit("*", "*", "*", None)
    assert not any(limits.hit("twitter", "a", "create", 1, 900).refused for _ in range(9))
    limits.set_limit("twitter", "a", "create", 0)
    assert limits.hit("twitter", "A", "create", 1, 900).refused


def test_forgetting_everything_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.posts.add(post(1))
    store.grants.issue("twitter", "access", "alice")
    store.table("t").put("k", {})
    store.faults.order({"fault": "reset"})
    store.reset()
    assert list(store.posts.newest()) == [] and store.faults.all() == []
    assert store.table("t").items() == []
    store.close()
    assert list(Store(tmp_path / "s.db").posts.newest()) == []
