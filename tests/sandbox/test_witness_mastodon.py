"""The real Mastodon.py against the played Mastodon, for the calls we share."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from mastodon import Mastodon, MastodonNotFoundError, MastodonUnauthorizedError

from tests.sandbox.witnesses import png, port, posted

__all__ = ["port"]

BACK = "http://127.0.0.1:8000/back"


@pytest.fixture(scope="module")
def base(port: int) -> str:
    return f"http://127.0.0.1:{port}/mastodon"


@pytest.fixture(scope="module")
def mina(base: str) -> Mastodon:
    return Mastodon(access_token="sandbox-mina", api_base_url=base, ratelimit_method="throw")


def test_an_app_is_made_and_a_person_lets_it_in(base: str) -> None:
    client_id, secret = Mastodon.create_app(
        "Witness", api_base_url=base, redirect_uris=BACK, scopes=["read", "write"]
    )
    app = Mastodon(client_id=client_id, client_secret=secret, api_base_url=base)
    allowed = {"scopes": ["read", "write"], "allow_http": True}
    url = app.auth_request_url(redirect_uris=BACK, state="abc", **allowed)
    asked = dict(parse_qsl(urlsplit(url).query))
    kept = {f"keep_{name}": text for name, text in asked.items() if name != "response_type"}
    answer = requests.post(
        url.split("?")[0], data={**kept, "handle": "olga", "decision": "allow"},
        allow_redirects=False, timeout=5,
    )  # fmt: skip
    code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
    app.log_in(code=code, redirect_uri=BACK, **allowed)
    assert app.account_verify_credentials().username == "olga"
    app.revoke_access_token(allow_http=True)
    with pytest.raises(MastodonUnauthorizedError):
        Mastodon(access_token="invented", api_base_url=base).account_verify_credentials()


def test_who_it_is_and_what_its_server_takes(mina: Mastodon) -> None:
    assert mina.account_verify_credentials().username == "mina"
    limits = mina.instance().configuration
    assert limits.statuses.max_characters == 500


def test_a_post_with_a_picture_is_made_read_answered_and_deleted(mina: Mastodon) -> None:
    shot = mina.media_post(
        png(), mime_type="image/png", description="A green one", synchronous=True
    )
    made = mina.status_post("Look & see", media_ids=[shot.id], idempotency_key="one")
    again = mina.status_post("Look & see", media_ids=[shot.id], idempotency_key="one")
    assert again.id == made.id
    reply = mina.status_post("And more", in_reply_to_id=made.id)
    kept = {post.id: post for post in posted("mastodon")}
    assert [m["alt"] for m in kept[str(made.id)].media] == ["A green one"]
    read = mina.status(made.id)
    assert (read.replies_count, read.media_attachments[0].description) == (1, "A green one")
    assert str(mina.status(reply.id).in_reply_to_id) == str(made.id)
    mina.status_delete(made.id)
    with pytest.raises(MastodonNotFoundError):
        mina.status(made.id)
