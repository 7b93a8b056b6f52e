"""How the tests ask the played Mastodon: raw HTTP, as its documents say."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.sandbox.store import Store
from tests.playing import played

ROOT = "http://127.0.0.1:8090"
BASE = ROOT + "/mastodon"
BACK = "https://app.example/callback"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
OWN = {"client_id": "sandbox-mastodon", "client_secret": "sandbox-mastodon-secret"}
ANA = {"Authorization": "Bearer sandbox-ana"}
BOB = {"Authorization": "Bearer sandbox-bob"}
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def http(store: Store) -> Iterator[httpx.Client]:
    app = played(store)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE) as client:
        yield client


def get(http: httpx.Client, path: str, **more: Any) -> httpx.Response:
    return http.get(BASE + path, **{"headers": ANA, **more})


def post(http: httpx.Client, path: str, **more: Any) -> httpx.Response:
    return http.post(BASE + path, **{"headers": ANA, **more})


def say(http: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    answer = post(http, "/api/v1/statuses", json={"status": text, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def picture(form: str = "PNG", size: tuple[int, int] = (8, 6), frames: int = 1) -> bytes:
    kept = io.BytesIO()
    first, *rest = [Image.new("RGB", size, (n * 40, 90, 90)) for n in range(frames)]
    more = {"save_all": True, "append_images": rest} if rest else {}
    first.save(kept, form, **more)
    return kept.getvalue()


def upload(
    http: httpx.Client, data: bytes, mime: str = "image/png", /, **more: Any
) -> httpx.Response:
    return post(http, "/api/v2/media", files={"file": ("x", data, mime)}, **more)


def picture_id(http: httpx.Client) -> str:
    return str(upload(http, picture()).json()["id"])


def register(http: httpx.Client, **fields: Any) -> httpx.Response:
    body = {
        "client_name": "App", "redirect_uris": BACK, "scopes": "profile write:statuses",
        "website": "https://app.example", **fields,
    }  # fmt: skip
    return http.post(BASE + "/api/v1/apps", data={k: v for k, v in body.items() if v is not None})


def consent(http: httpx.Client, app: dict[str, Any], **fields: str) -> httpx.Response:
    """Press the button of the consent page."""
    kept = {
        "client_id": app["client_id"], "redirect_uri": BACK, "scope": "profile write:statuses",
        "state": "s", "code_challenge": CHALLENGE, **fields,
    }  # fmt: skip
    form = {f"keep_{k}": v for k, v in kept.items() if k not in ("handle", "decision")}
    form |= {"handle": fields.get("handle", "ana"), "decision": fields.get("decision", "allow")}
    return http.post(BASE + "/oauth/authorize", data=form)


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def exchange(
    http: httpx.Client, app: dict[str, Any], code: str, /, **fields: str
) -> httpx.Response:
    body = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "client_id": app["client_id"], "client_secret": app["client_secret"],
        "code_verifier": VERIFIER, **fields,
    }  # fmt: skip
    return http.post(BASE + "/oauth/token", data=body)
