"""An independent witness: Google's own client and its discovery document.

Their client publishes through the sandbox, so that the sandbox is not made for ours alone;
and what our client asks, and the sandbox answers, is held against the document that the
library carries: method, path, names in the query, body, scopes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import httplib2
import httpx2 as httpx
import pytest
from flask import Flask
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaFileUpload
from werkzeug.serving import BaseWSGIServer

from app.networks.base import Account
from app.networks.youtube import YouTube
from app.networks.youtube_about import SCOPES
from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import (
    BACK,
    QUARTER,
    Wire,
    asked,
    channel,
    consent,
    cover,
    film,
    item,
    order,
    prepared,
    publish,
    remark,
)

DOCUMENT: dict[str, Any] = json.loads(
    files("googleapiclient.discovery_cache.documents").joinpath("youtube.v3.json").read_text()
)
BODY = {
    "snippet": {"title": "Theirs", "description": "By another client", "tags": ["a", "b c"],
                "categoryId": "22"},
    "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False},
}  # fmt: skip


class Plain(httplib2.Http):
    """Their transport with the one change it needs here: no TLS towards loopback.

    The library joins ``https`` to the host of ``api_endpoint`` for uploads, whatever stands
    there, and drops the path.
    """

    base = ""

    def request(self, uri: str, *args: Any, **kwargs: Any) -> Any:
        if uri.startswith("https://127.0.0.1"):
            uri = self.base + "/" + uri.split("/", 3)[3]
        return super().request(uri, *args, **kwargs)


@pytest.fixture
def base(server: BaseWSGIServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("app.sandbox.youtube.videos.PROCESSING_SECONDS", 0.0)
    return f"http://127.0.0.1:{server.port}/youtube"


def theirs(base: str, credentials: Credentials) -> Any:
    """Google's client, pointed at the sandbox."""
    http = Plain()
    http.base = base
    # As their own ``build_http`` does it: 308 is not a redirect here.
    http.redirect_codes = http.redirect_codes - {308}
    return build(
        "youtube", "v3", http=AuthorizedHttp(credentials, http=http), static_discovery=True,
        client_options={"api_endpoint": base + "/"}, cache_discovery=False,
    )  # fmt: skip


@pytest.fixture
def client(base: str) -> Iterator[Any]:
    with theirs(base, Credentials("sandbox-walter")) as made:
        yield made


def test_their_client_uploads_in_pieces(client: Any, store: Store, tmp_path: Path) -> None:
    shot = film(tmp_path, 2 * QUARTER + 77)
    media = MediaFileUpload(shot.path, "video/mp4", chunksize=QUARTER, resumable=True)
    asking = client.videos().insert(part="snippet,status", body=BODY, media_body=media)
    seen, made = [], None
    while made is None:
        told, made = asking.next_chunk()
        seen.append(told.resumable_progress if told else None)
    assert seen == [QUARTER, 2 * QUARTER, None]
    assert made["snippet"]["title"] == "Theirs" and made["status"]["privacyStatus"] == "public"
    (post,) = store.posts.newest()
    assert (post.id, post.account) == (made["id"], "walter")
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", shot.path.read_bytes())


def test_their_client_finds_its_way_back_after_a_break(
    client: Any, store: Store, tmp_path: Path
) -> None:
    media = MediaFileUpload(film(tmp_path).path, "video/mp4", chunksize=QUARTER, resumable=True)
    asking = client.videos().insert(part="snippet,status", body=BODY, media_body=media)
    asking.next_chunk()
    order(store, "upload", "http_500")
    with pytest.raises(HttpError) as told:
        asking.next_chunk()
    assert told.value.status_code == 500
    assert asking.execute()["id"] and len(list(store.posts.newest())) == 1


def test_their_client_reads_comments_and_deletes(client: Any, store: Store, tmp_path: Path) -> None:
    media = MediaFileUpload(film(tmp_path, 1000).path, "video/mp4")  # one call, two halves
    made = client.videos().insert(part="snippet,status", body=BODY, media_body=media).execute()
    (mine,) = client.channels().list(part="snippet,contentDetails", mine=True).execute()["items"]
    uploads = mine["contentDetails"]["relatedPlaylists"]["uploads"]
    (row,) = (
        client.playlistItems().list(part="contentDetails", playlistId=uploads).execute()["items"]
    )
    assert row["contentDetails"]["videoId"] == made["id"]
    picture = MediaFileUpload(cover(tmp_path), "image/jpeg")
    assert client.thumbnails().set(videoId=made["id"], media_body=picture).execute()["items"]
    said = {"snippet": {"videoId": made["id"],
                        "topLevelComment": {"snippet": {"textOriginal": "Hello"}}}}  # fmt: skip
    thread = client.commentThreads().insert(part="snippet", body=said).execute()
    (row,) = client.commentThreads().list(part="snippet", videoId=made["id"]).execute()["items"]
    assert row["id"] == thread["id"]
    client.comments().delete(id=thread["id"]).execute()
    told = client.videos().list(part=["status", "statistics"], id=[made["id"]]).execute()
    assert told["items"][0]["status"]["uploadStatus"] == "processed"
    assert isinstance(told["items"][0]["statistics"]["viewCount"], str)
    client.videos().delete(id=made["id"]).execute()
    assert not client.videos().list(part="id", id=made["id"]).execute()["items"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"snippet": {"title": ""}}, 400, "invalidTitle"),
        ({"snippet": {"title": "a<b"}}, 400, "invalidTitle"),
        ({"snippet": {"title": "T", "categoryId": "999"}}, 400, "invalidCategoryId"),
        ({"snippet": {"title": "T"}, "status": {"privacyStatus": "public",
                                                 "publishAt": "2031-01-01T00:00:00Z"}},
         400, "invalidPublishAt"),
    ],
)  # fmt: skip
def test_their_client_understands_what_is_refused(
    client: Any, tmp_path: Path, body: Any, status: int, reason: str
) -> None:
    media = MediaFileUpload(film(tmp_path, 1000).path, "video/mp4", resumable=True)
    with pytest.raises(HttpError) as told:
        client.videos().insert(part="snippet,status", body=body, media_body=media).execute()
    assert told.value.status_code == status
    assert told.value.error_details[0]["reason"] == reason


def test_their_credentials_are_refreshed_and_end_when_revoked(
    base: str, store: Store, youtube: YouTube
) -> None:
    """Consent by our client, refresh by theirs, revoked by ours."""
    with httpx.Client() as http:
        youtube.http = http
        youtube.settings = type(youtube.settings)(
            "sandbox-youtube", "sandbox-youtube-secret", base, base, base
        )
        keys = youtube.register("", BACK)
        begun = youtube.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
        tokens = youtube.exchange(keys, begun.keep, consent(http, begun.url, "walter"), BACK)
        credentials = Credentials(
            "no-token", refresh_token=tokens.refresh, token_uri=f"{base}/token",
            client_id=keys.client_id, client_secret=keys.client_secret, scopes=list(SCOPES),
        )  # fmt: skip
        with theirs(base, credentials) as client:
            told = client.channels().list(part="snippet", mine=True).execute()
            assert told["items"][0]["snippet"]["customUrl"] == "@walter"
            assert credentials.token not in ("no-token", tokens.access)
            youtube.revoke(keys, tokens, "")
            with pytest.raises(RefreshError, match="invalid_grant"):
                client.channels().list(part="snippet", mine=True).execute()


# What our client asks, and what the sandbox answers, held against the document.
def methods(resources: Mapping[str, Any] = DOCUMENT["resources"]) -> Iterator[dict[str, Any]]:
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from methods(resource.get("resources", {}))


def described(request: httpx.Request) -> dict[str, Any]:
    """The method that a request calls; its path has to be there to the letter."""
    path = request.url.path.removeprefix("/youtube/")
    for one in methods():
        upload = one.get("mediaUpload", {}).get("protocols", {})
        ways = {one["path"], *(way["path"].lstrip("/") for way in upload.values())}
        if request.method == one["httpMethod"] and path in ways:
            return one
    raise AssertionError(f"the document has no {request.method} {path}")


def fits(value: Any, schema: Mapping[str, Any], where: str) -> None:
    """Assert that a JSON value is as the document's schema says."""
    if "$ref" in schema:
        schema = DOCUMENT["schemas"][schema["$ref"]]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
             "number": int | float, "any": object}  # fmt: skip
    assert isinstance(value, kinds[schema["type"]]), where
    if schema["type"] == "object" and "properties" in schema:
        unknown = set(value) - set(schema["properties"])
        assert not unknown, f"{where}: {unknown}"
        for name, inner in value.items():
            fits(inner, schema["properties"][name], f"{where}.{name}")
    for inner in value if schema["type"] == "array" else ():
        fits(inner, schema["items"], f"{where}[]")
    assert "enum" not in schema or value in schema["enum"], f"{where}: {value}"
    if schema.get("format") == "uint64":
        assert value.isdigit(), where


def query_fits(request: httpx.Request, method: Mapping[str, Any]) -> None:
    known = {**DOCUMENT["parameters"], **method["parameters"]}
    for name, value in request.url.params.multi_items():
        assert name in known, f"{method['id']} takes no {name}"
        if known[name]["type"] == "boolean":
            assert value in ("true", "false"), name
        assert "enum" not in known[name] or value in known[name]["enum"], name
    missing = {n for n, p in method["parameters"].items() if p.get("required")}
    assert missing <= set(request.url.params), method["id"]


class Held(Wire):
    """The sandbox; everything that passes is held against the document."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.seen: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = super().handle_request(request)
        response.read()
        if "upload_id" in request.url.params:  # the session's own address, given by the server
            if response.status_code == 200:
                fits(response.json(), {"$ref": "Video"}, "upload")
            return response
        method = described(request)
        self.seen.add(method["id"])
        query_fits(request, method)
        assert set(SCOPES) & set(method["scopes"]), method["id"]
        if request.headers.get("content-type", "").startswith("application/json"):
            fits(json.loads(request.content), method["request"], method["id"])
        if response.status_code == 200 and response.content:
            fits(response.json(), method["response"], f"{method['id']} answer")
        return response


def test_everything_our_client_asks_stands_in_the_document(
    youtube: YouTube, sandbox: Flask, store: Store, tmp_path: Path
) -> None:
    held = Held(sandbox)
    with httpx.Client(transport=held) as http:
        youtube.http = http
        alice: Account = channel(youtube)
        shot = film(tmp_path, 1000, cover=cover(tmp_path))
        one = item(
            youtube, "All of it\nwith words", shot, tags=["a", "b c"], privacyStatus="public",
            thumbnail=True, notifySubscribers=False, containsSyntheticMedia=True,
        )  # fmt: skip
        out = publish(youtube, alice, one)
        publish(youtube, alice, item(youtube, "Later", film(tmp_path, 900),
                                     publishAt="2031-01-01T00:00:00+01:00"))  # fmt: skip
        kept = prepared(youtube, alice, one)
        for upload_id, _ in store.table("youtube.sessions").items():
            store.table("youtube.sessions").pop(upload_id)
        asked(youtube, alice, one, kept)  # the listing, with the files' sizes
        said = remark("First", out)
        comment = youtube.commit(alice, said, {})
        assert asked(youtube, alice, said, {}).published == comment
        youtube.metrics(alice, [out.external_id])
        youtube.delete(alice, comment)
        youtube.delete(alice, out)
    assert held.seen == {
        "youtube.channels.list", "youtube.videos.insert", "youtube.videos.list",
        "youtube.videos.delete", "youtube.thumbnails.set", "youtube.playlistItems.list",
        "youtube.commentThreads.insert", "youtube.commentThreads.list", "youtube.comments.delete",
    }  # fmt: skip


def test_a_request_that_does_not_fit_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        fits({"snippet": {"titel": "T"}}, {"$ref": "Video"}, "video")
    with pytest.raises(AssertionError):
        fits({"status": {"privacyStatus": "secret"}}, {"$ref": "Video"}, "video")
    with pytest.raises(AssertionError):
        described(httpx.Request("GET", "http://127.0.0.1/youtube/youtube/v3/video"))
    with pytest.raises(AssertionError):
        request = httpx.Request("DELETE", "http://127.0.0.1/youtube/youtube/v3/videos?ids=1")
        query_fits(request, described(request))
