"""Uploading a picture, and the files served to whoever is within reach (reliability §11)."""

from __future__ import annotations

import io
import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from app import images
from app.extensions import db
from app.integrations.cards import Found
from app.link_cards import key, record
from app.models.media import Media
from app.permissions import Role
from app.services import media
from tests import pictures
from tests.factories import actor_of, join, make_profile, make_user
from tests.pictures import PLACE, encoded, photo

JPEG, PNG, WEBP, GIF = images.MIMES
MB = 1024 * 1024


@pytest.fixture(autouse=True)
def folder(app, tmp_path, monkeypatch):
    """A media folder of this test alone."""
    config = replace(app.config["CARILLON"], MEDIA_DIR=tmp_path / "media")
    monkeypatch.setitem(app.config, "CARILLON", config)
    return tmp_path / "media"


@pytest.fixture
def maya(app):
    return make_user()


@pytest.fixture
def brand(maya):
    return make_profile(maya)


@pytest.fixture
def hers(signed_in, maya):
    return signed_in(maya)


UNSUPPORTED = "UNSUPPORTED_MEDIA_TYPE"


def send(hers, slug: str, *files: tuple[bytes, str, str | None], **more: Any):
    """Post these files as a form with pictures would."""
    data = {"file": [(io.BytesIO(raw), name, mime) for raw, name, mime in files]}
    return hers.post(
        f"/p/{slug}/media", data=data | more.pop("fields", {}),
        content_type="multipart/form-data", **more,
    )  # fmt: skip


def stored() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Media)) or 0


# Uploading


def test_a_picture_is_taken_and_can_be_seen_at_once(hers, brand, folder):
    raw = pictures.located_jpeg(6, (800, 600))
    answer = send(hers, brand.slug, (raw, "Harbour.jpg", JPEG))
    assert answer.status_code == 201
    told = answer.json["media"]
    assert (told["name"], told["mime"]) == ("Harbour.jpg", JPEG)
    assert (told["width"], told["height"]) == (600, 800)
    shown = hers.get(told["file"])
    assert shown.status_code == 200 and shown.content_type == JPEG
    assert len(shown.data) == told["size"] and PLACE.encode() not in shown.data
    thumb = hers.get(told["thumb"])
    assert thumb.content_type == WEBP and len(thumb.data) < len(shown.data)
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "files,status,code,word",
    [
        ([], 400, "VALIDATION_FAILED", "Choose a picture"),
        ([(b"", "a.png", PNG)], 400, UNSUPPORTED, "empty"),
        ([(b"x", "", PNG)], 400, "VALIDATION_FAILED", "Choose a picture"),
        ([(b"<svg/>", "a.svg", "image/svg+xml")], 400, UNSUPPORTED, "SVG"),
        ([(b"<html><script>1</script>", "a.jpg", JPEG)], 400, UNSUPPORTED, "This kind"),
        ([(encoded(photo(9, 9), "PNG"), "a.jpg", JPEG)], 400, UNSUPPORTED, "is a PNG"),
        ([(encoded(photo(9, 9), "PNG"), "a.png", PNG)] * 2, 400, "VALIDATION_FAILED", "one"),
        ([(pictures.bomb_png(7000, 6000), "a.png", PNG)], 400, UNSUPPORTED, "megapixels"),
        ([(bytes(20 * MB + 1), "a.jpg", JPEG)], 413, "PAYLOAD_TOO_LARGE", "larger than 20 MB"),
        ([(bytes(40 * MB), "a.jpg", JPEG)], 413, "PAYLOAD_TOO_LARGE", "larger than 20 MB"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_sentence_that_names_the_field(hers, brand, files, status, code, word):
    answer = send(hers, brand.slug, *files)
    assert answer.status_code == status
    said = answer.json
    assert word in said["error"] == said["message"]
    assert (said["success"], said["code"], said["field"]) == (False, code, "file")
    assert said["request_id"].startswith("req_")
    assert stored() == 0


def test_a_picture_of_nearly_20_mb_is_taken(hers, brand):
    raw = encoded(photo(60, 40), "PNG")
    padding = pictures.chunk(b"tEXt", b"Comment\x00" + bytes(20 * MB - len(raw) - 100))
    raw = raw[:33] + padding + raw[33:]
    assert 20 * MB - 100 < len(raw) <= 20 * MB
    answer = send(hers, brand.slug, (raw, "a.png", PNG))
    assert answer.status_code == 201 and answer.json["media"]["size"] < 100_000


def test_a_second_file_under_another_name_is_refused_too(hers, brand):
    raw = encoded(photo(9, 9), "PNG")
    extra = {"other": (io.BytesIO(raw), "b.png", PNG)}
    answer = send(hers, brand.slug, (raw, "a.png", PNG), fields=extra)
    assert answer.status_code == 400 and "one file" in answer.json["error"]


def test_an_upload_never_lies_in_memory_or_under_the_users_name(hers, brand, monkeypatch):
    seen = []
    upload = media.upload

    def looked(actor, profile_id, stream, name, mime):
        seen.append((stream.fileno(), name))
        return upload(actor, profile_id, stream, name, mime)

    monkeypatch.setattr(media, "upload", looked)
    raw = encoded(photo(9, 9), "PNG")
    answer = send(hers, brand.slug, (raw, "../../evil.png", PNG))
    assert answer.status_code == 201 and answer.json["media"]["name"] == "evil.png"
    assert seen[0][0] > 2


def test_the_larger_limit_is_this_routes_alone(hers, brand, client):
    big = {"file": (io.BytesIO(bytes(3 * MB)), "a.jpg", JPEG)}
    elsewhere = hers.post(
        f"/p/{brand.slug}/media/{uuid.uuid4()}/file", data=big, content_type="multipart/form-data"
    )
    assert elsewhere.status_code in (404, 405, 413)
    stranger = send(client, brand.slug, (bytes(3 * MB), "a.jpg", JPEG))
    assert stranger.status_code == 413


def test_no_transaction_is_open_while_the_body_comes_in(app, hers, brand):
    seen = []

    class Slow(io.BytesIO):
        def readinto(self, room):
            seen.append(db.session().in_transaction())
            return super().readinto(room)

    raw = encoded(photo(9, 9), "PNG")
    mark = b"mark"
    body = (
        b"--" + mark + b'\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + raw + b"\r\n--" + mark + b"--\r\n"
    )
    answer = hers.post(
        f"/p/{brand.slug}/media", input_stream=Slow(body), content_length=len(body),
        content_type="multipart/form-data; boundary=mark",
    )  # fmt: skip
    assert answer.status_code == 201
    assert seen and not any(seen)


def test_an_upload_needs_the_csrf_token(hers, brand):
    raw = encoded(photo(9, 9), "PNG")
    assert send(hers, brand.slug, (raw, "a.png", PNG), csrf=False).status_code == 400
    assert stored() == 0


def test_only_people_of_the_brand_may_upload(signed_in, client, brand):
    raw = encoded(photo(9, 9), "PNG")
    assert send(client, brand.slug, (raw, "a.png", PNG)).status_code in (302, 303, 401)
    stranger = signed_in(make_user())
    assert send(stranger, brand.slug, (raw, "a.png", PNG)).status_code == 404
    assert send(stranger, "no-such-brand", (raw, "a.png", PNG)).status_code == 404
    member = make_user()
    join(brand, member, Role.MEMBER)
    assert send(signed_in(member), brand.slug, (raw, "a.png", PNG)).status_code == 201
    assert stored() == 1


# Serving


@pytest.fixture
def picture(app, maya, brand):
    raw = encoded(photo(300, 200), "JPEG")
    return media.upload(actor_of(maya), brand.id, io.BytesIO(raw), "a.jpg", JPEG)


def test_a_file_is_served_so_that_it_can_do_nothing(hers, brand, picture):
    for what, mime in (("file", JPEG), ("thumb", WEBP)):
        answer = hers.get(f"/p/{brand.slug}/media/{picture.id}/{what}")
        assert answer.headers["Content-Type"] == mime
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "private" in answer.headers["Cache-Control"]
        assert "public" not in answer.headers["Cache-Control"]
        assert "no-store" not in answer.headers["Cache-Control"]
        assert "Content-Disposition" not in answer.headers


def test_ranges_and_what_the_browser_has_already_are_answered(hers, brand, picture):
    url = f"/p/{brand.slug}/media/{picture.id}/file"
    whole = hers.get(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = hers.get(url, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.data == whole.data[10:20]
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.data)}"
    assert part.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert hers.get(url, headers={"Range": "bytes=9999999-"}).status_code == 416
    again = hers.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    assert hers.head(url).headers["Content-Length"] == str(len(whole.data))


def test_a_picture_out_of_reach_is_as_if_it_did_not_exist(app, signed_in, client, maya, brand,
                                                          picture):  # fmt: skip
    other = make_profile(maya, name="Second")
    stranger = make_user()
    theirs = make_profile(stranger)
    mine, foreign = signed_in(maya), signed_in(stranger)
    for what in ("file", "thumb"):
        asked = [
            (foreign, f"/p/{brand.slug}/media/{picture.id}/{what}"),
            (foreign, f"/p/{theirs.slug}/media/{picture.id}/{what}"),
            (mine, f"/p/{other.slug}/media/{picture.id}/{what}"),
            (mine, f"/p/{brand.slug}/media/{uuid.uuid4()}/{what}"),
            (mine, f"/p/{brand.slug}/media/not-an-id/{what}"),
        ]
        assert [one.get(url).status_code for one, url in asked] == [404] * 5
        nobody = client.get(f"/p/{brand.slug}/media/{picture.id}/{what}")
        assert nobody.status_code in (302, 303, 401)
        assert b"JFIF" not in nobody.data


def test_a_deleted_picture_is_gone(hers, maya, brand, picture):
    media.delete(actor_of(maya), picture.id)
    for what in ("file", "thumb"):
        assert hers.get(f"/p/{brand.slug}/media/{picture.id}/{what}").status_code == 404


def test_the_picture_of_a_link_card_is_shown_to_the_brands_people(hers, client, brand):
    url = "https://marram.example/"
    raw = encoded(photo(60, 30), "JPEG")
    kept = media.storage().save(io.BytesIO(raw), MB)
    info = images.Info(JPEG, 60, 30, 1, len(raw))
    record(db.session(), url, Found("Marram", "", kept, info))
    db.session.commit()
    answer = hers.get(f"/p/{brand.slug}/cards/{key(url)}")
    assert answer.data == raw and answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert hers.get(f"/p/{brand.slug}/cards/{'0' * 64}").status_code == 404
    assert client.get(f"/p/{brand.slug}/cards/{key(url)}").status_code in (302, 303, 401)
    media.storage().delete(kept.key)
    assert hers.get(f"/p/{brand.slug}/cards/{key(url)}").status_code == 404


def test_over_a_real_socket_a_photo_comes_in_and_one_too_large_gets_its_answer(
    app, hers, brand
):  # fmt: skip
    """With a server that reads a body only as far as the application does."""
    import httpx2 as httpx

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    token = hers._token()
    headers = token | {"Cookie": f"session={hers.get_cookie('session').value}"}
    slug = brand.slug
    db.session.remove()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as http:
        for raw, status in ((encoded(photo(800, 600), "JPEG"), 201), (bytes(21 * MB), 413)):
            files = {"file": ("a.jpg", raw, JPEG)}
            answer = http.post(f"/p/{slug}/media", files=files, headers=headers)
            assert answer.status_code == status, answer.text
    server.shutdown()
