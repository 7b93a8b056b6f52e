"""Link cards, read from a real server on loopback through the guard (reliability §10, §11)."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from app import link_cards
from app.clock import now
from app.errors import NotFound, Unavailable
from app.extensions import db, queues
from app.integrations import cards
from app.integrations.storage import Storage
from app.jobs import media as jobs
from app.models.media import LinkCard
from app.services import links, media
from tests import pictures
from tests.pictures import PLACE, encoded, moving, opened, photo

PAGE = """<!doctype html><html><head><title>Plain title</title>
<meta property="og:title" content="Bells &amp; beans">
<meta property="og:description" content="  Six   bells
 at noon ">
<meta property="og:image" content="/photo.jpg">
</head><body>Hello</body></html>"""


class Site(ThreadingHTTPServer):
    """Pages by path: a body, or ``(status, headers, body)``, or a function of the handler."""

    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), Handler)
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    def url(self, path: str) -> str:
        return f"http://{self.server_address[0]}:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append({k.lower(): v for k, v in self.headers.items()})
        found = self.server.pages.get(self.path, (404, {}, b""))
        if callable(found):
            found(self)
            return
        status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # the reader had enough

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def own_settings(app, tmp_path, monkeypatch):
    """A media folder of this test alone; ``own_settings(SANDBOX=False)`` changes more."""

    def change(**values: Any) -> None:
        config = replace(app.config["CARILLON"], MEDIA_DIR=tmp_path / "media", **values)
        monkeypatch.setitem(app.config, "CARILLON", config)

    change()
    return change


def jpeg(**options: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "image/jpeg"}, encoded(photo(1600, 900), "JPEG", **options)


def stored_files(folder) -> list[str]:
    return [str(p) for p in folder.rglob("*") if p.is_file()]


# Reading a page


def test_a_card_has_title_description_and_a_small_clean_jpeg(site):
    raw = pictures.located_jpeg(6, (1600, 1200))
    site.pages = {"/": PAGE, "/photo.jpg": (200, {"Content-Type": "image/jpeg"}, raw)}
    card = links.fetch(site.url("/"))
    assert (card.title, card.description) == ("Bells & beans", "Six bells at noon")
    path = media.storage().path(card.image_key)
    image = opened(path)
    assert image.format == "JPEG" and card.image_mime == "image/jpeg"
    assert image.size == (card.image_width, card.image_height) == (900, 1200)
    assert path.stat().st_size <= 976 * 1024
    assert PLACE.encode() not in path.read_bytes()
    assert site.asked == ["/", "/photo.jpg"]
    assert "cookie" not in site.headers[0]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_a_picture_of_another_kind_becomes_a_jpeg(site, kind):
    raw = moving(3, (300, 200)) if kind == "GIF" else encoded(photo(2000, 1000, mode="RGBA"), kind)
    site.pages = {"/": PAGE, "/photo.jpg": (200, {"Content-Type": "image/x"}, raw)}
    card = links.fetch(site.url("/"))
    assert opened(media.storage().path(card.image_key)).format == "JPEG"


@pytest.mark.parametrize(
    "picture",
    [
        (404, {}, b""),
        (200, {"Content-Type": "image/svg+xml"}, b"<svg onload='alert(1)'/>"),
        (200, {"Content-Type": "image/jpeg"}, b"\xff\xd8\xff\xe0" + bytes(500)),
        (200, {"Content-Type": "image/png"}, pictures.bomb_png(7000, 6000)),
        (200, {"Content-Type": "image/jpeg"}, encoded(photo(90, 90), "JPEG") + bytes(5 * 1024**2)),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50 * 1024**2))),
        (200, {"Content-Encoding": "br"}, b"whatever"),
    ],
)  # fmt: skip
def test_a_picture_that_cannot_be_had_is_left_out(site, own_settings, picture):
    site.pages = {"/": PAGE, "/photo.jpg": picture}
    card = links.fetch(site.url("/"))
    assert (card.title, card.image_key) == ("Bells & beans", None)
    assert stored_files(media.storage().root) == []


def test_a_packed_page_and_picture_are_unpacked(site):
    packed = {"Content-Encoding": "gzip"}
    site.pages = {
        "/": (200, packed, gzip.compress(PAGE.encode())),
        "/photo.jpg": (200, packed, gzip.compress(jpeg()[2])),
    }
    assert links.fetch(site.url("/")).image_width == 1200


@pytest.mark.parametrize(
    "page",
    [
        (404, {}, PAGE),
        (500, {}, PAGE),
        (204, {}, b""),
        (200, {"Content-Type": "application/pdf"}, PAGE),
        (200, {"Content-Encoding": "gzip"}, b"not gzip at all"),
        (302, {"Location": "ftp://127.0.0.1/"}, b""),
        (302, {"Location": "http://user:secret@127.0.0.1/"}, b""),
        (302, {"Location": "/"}, b""),
    ],
)  # fmt: skip
def test_a_page_that_gives_no_card_is_not_asked_again_for_an_hour(site, page):
    site.pages = {"/": page}
    url = site.url("/")
    assert links.fetch(url) is None
    asked = len(site.asked)
    assert asked in (1, 4)
    assert links.fetch(url) is None and links.ask(url) is None
    assert links.read_wanted() == 0 and len(site.asked) == asked
    site.pages = {"/": PAGE}
    row = db.session.get(LinkCard, link_cards.key(url))
    row.fetched_at = now() - timedelta(minutes=61)
    db.session.commit()
    assert links.fetch(url).title == "Bells & beans"


def test_three_redirects_are_followed_and_relative_pictures_found_from_the_last(site):
    site.pages = {
        "/a": (301, {"Location": "/b"}, b""),
        "/b": (302, {"Location": site.url("/c")}, b""),
        "/c": (308, {"Location": "/deep/d"}, b""),
        "/deep/d": PAGE.replace("/photo.jpg", "photo.jpg"),
        "/deep/photo.jpg": jpeg(),
        "/z": (302, {"Location": "/a"}, b""),
    }
    card = links.fetch(site.url("/a"))
    assert card.url == site.url("/a") and card.image_width == 1200
    assert links.fetch(site.url("/z")) is None
    assert site.asked == ["/a", "/b", "/c", "/deep/d", "/deep/photo.jpg", "/z", "/a", "/b", "/c"]


def test_the_body_of_a_redirect_is_not_read(site):
    def endless(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/there")
        handler.end_headers()
        try:
            for _ in range(400):
                handler.wfile.write(bytes(1024 * 1024))
        except OSError:
            pass

    site.pages = {"/": endless, "/there": "<title>There</title>"}
    began = time.monotonic()
    assert links.fetch(site.url("/")).title == "There"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("way", ["endless", "swelling"])
def test_a_page_is_read_as_far_as_1_mib(site, way):
    head = b"<title>Long page</title>"

    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        try:
            handler.wfile.write(head)
            for _ in range(400):
                handler.wfile.write(b"a" * 1024 * 1024)
        except OSError:
            pass

    swelling = (200, {"Content-Encoding": "gzip"}, gzip.compress(head + b"a" * 200 * 1024**2, 1))
    site.pages = {"/": endless if way == "endless" else swelling}
    began = time.monotonic()
    assert links.fetch(site.url("/")).title == "Long page"
    assert time.monotonic() - began < 3


def test_a_page_that_drips_is_given_up_in_time(site, monkeypatch):
    monkeypatch.setattr(cards.egress, "TOTAL_SECONDS", 0.6)

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"<!-- -->")
                time.sleep(0.1)
        except OSError:
            pass

    site.pages = {"/": drip}
    began = time.monotonic()
    assert links.fetch(site.url("/")) is None
    assert time.monotonic() - began < 2


# The guard


def test_a_private_address_is_refused_without_the_sandbox(site, own_settings):
    own_settings(SANDBOX=False)
    site.pages = {"/": PAGE}
    assert links.fetch(site.url("/")) is None
    assert site.asked == []


@pytest.mark.parametrize("what", ["page", "picture"])
def test_a_redirect_to_a_private_address_is_refused(site, own_settings, what):
    inner = Site("127.0.0.2")
    threading.Thread(target=inner.serve_forever, args=(0.02,), daemon=True).start()
    inner.pages = {"/": PAGE, "/photo.jpg": jpeg()}
    own_settings(SANDBOX=False, EGRESS_ALLOW="127.0.0.1/32")
    away = (302, {"Location": inner.url("/" if what == "page" else "/photo.jpg")}, b"")
    site.pages = {"/": away} if what == "page" else {"/": PAGE, "/photo.jpg": away}
    card = links.fetch(site.url("/"))
    if what == "page":
        assert card is None
    else:
        assert card.title == "Bells & beans" and card.image_key is None
    assert inner.asked == []
    inner.shutdown()
    inner.server_close()


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "/here",
            "http://a.example/" + "x" * 2000],
)  # fmt: skip
def test_what_is_no_web_address_is_not_even_kept(url):
    assert links.fetch(url) is None and links.ask(url) is None
    assert db.session.scalars(select(LinkCard)).all() == []


# The table


def test_a_card_counts_for_a_day_and_is_better_stale_than_none(site):
    site.pages = {"/": PAGE, "/photo.jpg": jpeg()}
    url = site.url("/")
    card = links.fetch(url)
    card.fetched_at = now() - timedelta(hours=25)
    db.session.commit()
    assert links.card_for(url) is None
    assert link_cards.stored(db.session(), url, stale=True).title == "Bells & beans"
    site.pages = {}
    assert links.fetch(url) is None
    old = link_cards.stored(db.session(), url, stale=True)
    assert old.title == "Bells & beans" and old.image_key


def test_a_wanted_card_is_read_by_the_job_and_asked_for_once(site, monkeypatch):
    woken = []
    monkeypatch.setattr(queues, "wake", lambda job: woken.append(job) or True)
    site.pages = {"/": PAGE, "/photo.jpg": jpeg()}
    url = site.url("/")
    assert links.ask(url) is None and woken == ["media.cards"]
    assert links.card_for(url) is None
    jobs.cards()
    assert links.ask(url).title == "Bells & beans"
    assert woken == ["media.cards"] and site.asked.count("/") == 1


def test_a_card_is_taken_on_by_one_reader(site):
    url = site.url("/")
    links.ask(url)
    assert link_cards.claim(db.session(), url) is True
    assert link_cards.claim(db.session(), url) is False
    db.session.commit()
    assert links.ask(url) is None and link_cards.wanted(db.session(), 9) == []
    row = db.session.get(LinkCard, link_cards.key(url))
    row.fetched_at -= timedelta(minutes=2)  # that reader died
    db.session.commit()
    assert links.ask(url) is None
    assert link_cards.wanted(db.session(), 9) == [url]


def test_a_hanging_page_keeps_no_other_card_waiting(site, monkeypatch):
    monkeypatch.setattr(cards.egress, "TOTAL_SECONDS", 2.0)
    done: list[float] = []
    record = link_cards.record

    def timed(session, url, found):
        done.append(time.monotonic())
        record(session, url, found)

    monkeypatch.setattr(link_cards, "record", timed)
    site.pages = {"/slow": lambda handler: time.sleep(4)} | {
        f"/{n}": f"<title>Page {n}</title>" for n in range(6)
    }
    for path in site.pages:
        links.ask(site.url(path))
    began = time.monotonic()
    assert links.read_wanted() == 7
    assert [links.card_for(site.url(f"/{n}")).title for n in range(6)] == [
        f"Page {n}" for n in range(6)
    ]
    assert done[5] - began < 1.5 < done[6] - began < 3.5


def test_no_transaction_is_open_while_a_page_thinks(site):
    seen = []

    def look(handler: Handler) -> None:
        seen.append(db_in_transaction())
        handler.send_response(404)
        handler.end_headers()

    session = db.session()
    db_in_transaction = session.in_transaction
    site.pages = {"/": look, "/b": look}
    links.fetch(site.url("/"))
    links.ask(site.url("/b"))
    links.read_wanted()
    assert seen == [False, False]


def test_a_full_disk_is_no_judgement_about_the_page(site, monkeypatch):
    def full(self, path):
        raise Unavailable("full")

    site.pages = {"/": PAGE, "/photo.jpg": jpeg()}
    monkeypatch.setattr(Storage, "adopt", full)
    with pytest.raises(Unavailable):
        links.fetch(site.url("/"))
    links.ask(site.url("/"))
    assert links.read_wanted() == 1
    monkeypatch.undo()
    row = db.session.get(LinkCard, link_cards.key(site.url("/")))
    assert row.fetched_at < now() - timedelta(minutes=58)  # free again in a minute


def test_cards_nobody_asked_for_in_a_month_are_dropped(site):
    site.pages = {"/": "<title>Old</title>"}
    card = links.fetch(site.url("/"))
    card.fetched_at = now() - timedelta(days=31)
    db.session.commit()
    links.ask(site.url("/new"))
    jobs.sweep()
    assert db.session.scalars(select(LinkCard.url)).all() == [site.url("/new")]


def test_a_picture_is_shown_by_its_key_alone(site):
    site.pages = {"/": PAGE, "/photo.jpg": jpeg(), "/bare": "<title>Bare</title>"}
    card = links.fetch(site.url("/"))
    assert links.image(card.url_hash).image_key == card.image_key
    links.fetch(site.url("/bare"))
    for key in (link_cards.key(site.url("/bare")), "0" * 64):
        with pytest.raises(NotFound):
            links.image(key)
