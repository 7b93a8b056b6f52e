"""Faults by order."""

from typing import Any

import httpx2 as httpx
import pytest

from app.sandbox.faults import FAULTS, BadOrder, Faults, Hit
from app.sandbox.store import Store

ALICE = {"Authorization": "Bearer sandbox-alice"}
BOB = {"Authorization": "Bearer sandbox-bob"}


def order(http: httpx.Client, **wanted: Any) -> httpx.Response:
    return http.post("/_sandbox/faults", json={"network": "twitter", **wanted})


def post(http: httpx.Client, text: str, who: dict[str, str] = ALICE) -> httpx.Response:
    return http.post("/x/2/tweets", json={"text": text}, headers=who)


def texts(store: Store) -> set[str]:
    return {post.text for post in store.posts.newest()}


@pytest.mark.parametrize(
    ("fault", "status", "executed"),
    [
        ("http_500", 500, False),
        ("http_429", 429, False),
        ("revoked", 401, False),
        ("duplicate", 403, False),
        ("timeout", 504, False),
        ("reset", 504, False),
        ("hang_after_accept", 504, True),
        ("reset_after_accept", 504, True),
        ("http_500_after_accept", 500, True),
        ("invalid_json", 201, True),
        ("drip", 201, True),
        ("processing", 201, True),
    ],
)
def test_each_fault_does_what_its_table_says_and_once(
    http: httpx.Client, store: Store, fault: str, status: int, executed: bool
) -> None:
    assert order(http, operation="publish", fault=fault, delay_ms=1).status_code == 201
    assert post(http, "first").status_code == status
    assert texts(store) == ({"first"} if executed else set())
    assert post(http, "second").status_code == 201


def test_half_an_answer_breaks_off(http: httpx.Client, store: Store) -> None:
    order(http, operation="publish", fault="half_answer")
    answer = post(http, "first")
    assert len(answer.content) < int(answer.headers["content-length"])
    assert texts(store) == {"first"}


def test_broken_json_cannot_be_read(http: httpx.Client) -> None:
    order(http, operation="publish", fault="invalid_json")
    with pytest.raises(ValueError):
        post(http, "first").json()


def test_every_fault_is_covered_by_words_and_the_table() -> None:
    from app.sandbox import faults

    assert set(faults.WORDS) == {"", *FAULTS}
    assert all(name in (faults.__doc__ or "") for name in FAULTS)


def test_times_are_counted_and_minus_one_lasts_until_cleared(http: httpx.Client) -> None:
    order(http, operation="publish", fault="http_500", times=2)
    assert [post(http, str(n)).status_code for n in range(3)] == [500, 500, 201]
    order(http, operation="publish", fault="http_500", times=-1)
    assert [post(http, f"again {n}").status_code for n in range(4)] == [500] * 4
    assert http.delete("/_sandbox/faults").status_code == 204
    assert http.get("/_sandbox/faults").json() == {"faults": []}
    assert post(http, "fine").status_code == 201


def test_one_order_can_be_cleared_alone(http: httpx.Client) -> None:
    first = order(http, operation="publish", fault="http_500", times=-1).json()
    order(http, operation="delete", fault="http_500", times=-1)
    http.delete(f"/_sandbox/faults/{first['id']}")
    assert post(http, "fine").status_code == 201
    assert len(http.get("/_sandbox/faults").json()["faults"]) == 1


def test_an_order_meets_only_its_operation_network_and_account(http: httpx.Client) -> None:
    order(http, operation="delete", fault="http_500", times=-1)
    http.post("/_sandbox/faults", json={"network": "bluesky", "fault": "http_500", "times": -1})
    order(http, operation="*", fault="http_500", times=-1, account="Bob")
    assert post(http, "alice").status_code == 201
    assert post(http, "bob", BOB).status_code == 500


def test_slowness_and_a_fault_come_together(http: httpx.Client) -> None:
    order(http, operation="publish", delay_ms=30)
    order(http, operation="publish", fault="http_500", delay_ms=5)
    faults = Faults()
    faults.order({"operation": "publish", "delay_ms": 30})
    faults.order({"operation": "publish", "fault": "http_500", "delay_ms": 5})
    assert faults.take("twitter", "publish", str) == Hit("http_500", 0.035, 15)
    assert faults.take("twitter", "publish", str) == Hit("", 0.03, 15)
    assert post(http, "x").status_code == 500
    assert post(http, "x").elapsed.total_seconds() >= 0.03


def test_silence_lasts_two_minutes_unless_said_otherwise() -> None:
    faults = Faults()
    faults.order({"fault": "timeout"})
    hit = faults.take("mastodon", "publish", str)
    assert hit is not None and hit.seconds == 120.0


def test_the_reset_of_a_429_is_as_ordered(http: httpx.Client) -> None:
    import time

    order(http, operation="publish", fault="http_429", retry_after_s=90)
    answer = post(http, "x")
    assert answer.headers["x-rate-limit-remaining"] == "0"
    assert 88 <= int(answer.headers["x-rate-limit-reset"]) - time.time() <= 90


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"network": "myspace", "fault": "reset"}, "network"),
        ({"operation": "dance", "fault": "reset"}, "operation"),
        ({"fault": "explode"}, "fault"),
        ({}, "fault"),
        ({"fault": "reset", "times": 0}, "times"),
        ({"fault": "reset", "times": "many"}, "times"),
        ({"fault": "reset", "times": True}, "times"),
        ({"fault": "reset", "delay_ms": -1}, "delay_ms"),
        ({"fault": "reset", "delay_ms": 10**9}, "delay_ms"),
        ({"fault": "reset", "account": 7}, "account"),
        ({"fault": "reset", "colour": "red"}, "colour"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_by_its_field(
    http: httpx.Client, wanted: dict[str, Any], field: str
) -> None:
    answer = http.post("/_sandbox/faults", json=wanted)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    with pytest.raises(BadOrder):
        Faults().order(wanted)
    assert http.get("/_sandbox/faults").json() == {"faults": []}


@pytest.mark.parametrize("body", ["[]", "nonsense", '"x"'])
def test_an_order_is_a_json_object(http: httpx.Client, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert http.post("/_sandbox/faults", content=body, headers=headers).status_code == 400


def test_a_person_orders_and_clears_by_the_form(http: httpx.Client) -> None:
    form = {"network": "twitter", "operation": "publish", "fault": "http_500", "times": "-1",
            "delay_ms": "", "account": ""}  # fmt: skip
    assert http.post("/_sandbox/faults", data=form).status_code == 303
    page = http.get("/").text
    assert "X, publishing: answers 500 and does nothing, until cleared." in page
    assert post(http, "x").status_code == 500
    assert http.post("/_sandbox/faults", data={"clear": "1"}).status_code == 303
    assert "Every network behaves." in http.get("/").text


def test_a_wrong_form_says_why_beside_it(http: httpx.Client) -> None:
    answer = http.post("/_sandbox/faults", data={"fault": "", "times": "1"})
    page = http.get(answer.headers["location"]).text
    assert "Name a fault, or a delay_ms for plain slowness." in page
