"""The product and an unmodified PDS: what a person wrote in the composer is read back there.

``carillon up`` runs as an operator starts it, without the sandbox; a person signs up in a
Chromium, connects and publishes. What they wrote is compared with the record and the blobs
that the server gives to anybody.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask, Response, url_for
from PIL import Image, ImageChops
from playwright.sync_api import FilePayload, Page, expect

from app import images
from app.config import ROOT
from app.content import limits
from app.images import Info, Limits
from app.integrations.cards import THUMB
from app.networks.bluesky_check import CAPABILITIES
from app.up import descendants
from tests.journeys.test_main_job import sign_up
from tests.journeys.test_up import Run, alive
from tests.pds import walk
from tests.pds.server import Pds
from tests.pictures import PLACE, encoded, located_jpeg, photo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]

KIND = "app.bsky.richtext.facet"
FAMILY = "👩‍👩‍👧‍👦"  # one character, 7 code points, 25 bytes
LINK = "https://marram.example/menu?day=1"
BARE = "marram.coffee/beans"
ALT = "Six bronze bells in a row – the oldest is from 1742 🔔"
WAYS = {"app password": (walk.by_password, "alice.test"), "OAuth": (walk.by_oauth, "bob.test")}


@dataclass(frozen=True)
class Desk:
    """A person at a brand with one account: ``home`` is its address, ``did`` the account's."""

    page: Page
    home: str
    did: str
    other: str  # handle of somebody else there


@pytest.fixture(scope="module")
def product(pds: Pds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """``carillon up`` whose Bluesky is that server; it has to end by itself, without an error."""
    run = Run(
        tmp_path_factory.mktemp("product") / "instance",
        {
            "SANDBOX": 0,
            "SECRET_KEY": "k" * 40,
            "ENCRYPTION_KEYS": "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            "BLUESKY_API_URL": pds.url,
            "PLC_URL": pds.plc,
            "EGRESS_ALLOW": "127.0.0.1/32",  # the page whose card is read
        },
    )
    try:
        yield run.wait()
        below = descendants(run.process.pid)
        assert run.end() == 0
        assert not alive(below)
        assert not [one for one in run.events() if one["level"] in ("error", "critical")]
    finally:
        if run.process.poll() is None:
            run.process.kill()  # its parts are tied to it
            run.process.wait()
        run.log.close()
        run.said.close()


people = count(1)


@pytest.fixture(params=WAYS)
def desk(request: pytest.FixtureRequest, product: Run, pds: Pds, page: Any) -> Desk:
    """Somebody new, signed up and connected in that way."""
    connect, handle = WAYS[request.param]
    base = f"http://127.0.0.1:{product.port}"
    home = f"{base}/p/{sign_up(page, base, f'ines{next(people)}@marram.example')}"
    connect(page, home, pds, handle)
    (other,) = pds.accounts.keys() - {handle}
    return Desk(page, home, pds.accounts[handle]["did"], other)


def record(pds: Pds, desk: Desk, rkey: str) -> dict[str, Any]:
    """The post as the server gives it to anybody; it was made within these minutes."""
    answer = httpx.get(
        f"{pds.url}/xrpc/com.atproto.repo.getRecord",
        params={"repo": desk.did, "collection": "app.bsky.feed.post", "rkey": rkey},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    found = dict(answer.json()["value"])
    age = datetime.now(UTC) - datetime.fromisoformat(found["createdAt"])
    assert timedelta(0) <= age < timedelta(minutes=3)
    return found


def blob(pds: Pds, desk: Desk, told: dict[str, Any]) -> bytes:
    """The file a record names; its type and size are as the record says."""
    answer = httpx.get(
        f"{pds.url}/xrpc/com.atproto.sync.getBlob",
        params={"did": desk.did, "cid": told["ref"]["$link"]},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    assert (answer.headers["content-type"], len(answer.content)) == (told["mimeType"], told["size"])
    return answer.content


def prepared(folder: Path, uploaded: bytes, to: Limits) -> tuple[bytes, Info]:
    """What cleaning and fitting make of a file, apart from the product's own run."""
    source, clean, fitted = folder / "source", folder / "clean", folder / "fitted"
    source.write_bytes(uploaded)
    images.clean(source, clean)
    info = images.fit(clean, fitted, to)
    return fitted.read_bytes(), info


def facet(text: str, shown: str, kind: str, **said: str) -> dict[str, Any]:
    """The mark over ``shown``, counted in bytes of UTF-8."""
    start = text.encode().index(shown.encode())
    assert start != text.index(shown) or not start  # or code points would do as well
    return {
        "index": {"byteStart": start, "byteEnd": start + len(shown.encode())},
        "features": [{"$type": f"{KIND}#{kind}", **said}],
    }


def heavy_jpeg() -> bytes:
    """A photo too heavy for Bluesky, with a position in it."""
    noise = Image.effect_noise((2400, 1350), 120).convert("RGB")
    image = Image.blend(photo(2400, 1350), noise, 0.5)
    return encoded(image, "JPEG", quality=95, comment=PLACE.encode())


@pytest.mark.parametrize("uploaded", [located_jpeg(), heavy_jpeg()], ids=["light", "heavy"])
def test_picture_link_mention_and_emoji_read_back_as_they_were_written(
    desk: Desk, pds: Pds, tmp_path: Path, uploaded: bytes
) -> None:
    heavy = len(uploaded) > CAPABILITIES.max_image_bytes
    text = (
        f"Opening week {FAMILY} ☕ at the roastery!\n\nMenu: {LINK}, beans: {BARE}. "
        f"Ask @{desk.other}, not @nobody.test. #Früh"
    )
    walk.compose(desk.page, desk.home)
    picture: FilePayload = {"name": "bells.jpg", "mimeType": "image/jpeg", "buffer": uploaded}
    walk.attach(desk.page, picture, ALT)
    desk.page.locator("#text-0").fill(text)
    expect(desk.page.locator("#preview .pv__text")).to_contain_text(f"Ask @{desk.other}")
    expect(desk.page.locator("#checks h2")).to_have_text("1 of 1 ready")
    found = record(pds, desk, walk.publish_now(desk.page, desk.home))

    assert found["text"] == text
    assert found["facets"] == [
        facet(text, LINK, "link", uri=LINK),
        facet(text, BARE, "link", uri=f"https://{BARE}"),
        facet(text, f"@{desk.other}", "mention", did=pds.accounts[desk.other]["did"]),
        facet(text, "#Früh", "tag", tag="Früh"),
    ]
    assert found["embed"]["$type"] == "app.bsky.embed.images"
    (image,) = found["embed"]["images"]
    assert image["alt"] == ALT
    sent = blob(pds, desk, image["image"])
    wanted, info = prepared(tmp_path, uploaded, limits(CAPABILITIES))
    assert sent == wanted
    shape = {"width": info.width, "height": info.height}
    assert image["aspectRatio"] == shape and image["image"]["mimeType"] == info.mime

    # And seen without our own code: the same picture, small enough, nothing hidden in it.
    assert PLACE.encode() in uploaded and PLACE.encode() not in sent
    shown, original = Image.open(io.BytesIO(sent)), Image.open(io.BytesIO(uploaded))
    assert shown.size == tuple(shape.values()) and not shown.getexif()
    assert len(sent) <= CAPABILITIES.max_image_bytes
    if heavy:
        assert shown.width / shown.height == pytest.approx(16 / 9, abs=0.01)
    else:
        assert ImageChops.difference(shown, original).getbbox() is None


def roastery(picture: bytes) -> Flask:
    """A site with one page that has what a card is made of."""
    app = Flask("roastery")

    @app.get("/beans")
    def beans() -> str:
        return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
            <title>Not this one</title>
            <meta property="og:title" content="Beans of May &amp; June – “new”">
            <meta property="og:description" content="Three of them ☕, roasted on Tuesday.">
            <meta property="og:image" content="{url_for("bag")}"></head></html>"""

    @app.get("/bag.png")
    def bag() -> Response:
        return Response(picture, mimetype="image/png")

    return app


def test_a_link_alone_reads_back_with_the_card_of_its_page(
    desk: Desk, pds: Pds, tmp_path: Path, serve: Callable[[Flask], str]
) -> None:
    picture = encoded(photo(1600, 840), "PNG")
    link = f"{serve(roastery(picture))}/beans"
    walk.compose(desk.page, desk.home)
    desk.page.locator("#text-0").fill(link)
    card = desk.page.locator("#preview .pv__card")
    expect(card).to_contain_text("Beans of May & June – “new”", timeout=20_000)
    expect(card).to_contain_text("Three of them ☕, roasted on Tuesday.")
    assert card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    found = record(pds, desk, walk.publish_now(desk.page, desk.home))

    assert found["text"] == link
    assert found["facets"] == [facet(link, link, "link", uri=link)]
    assert found["embed"]["$type"] == "app.bsky.embed.external"
    external = found["embed"]["external"]
    assert (external["uri"], external["title"], external["description"]) == (
        link,
        "Beans of May & June – “new”",
        "Three of them ☕, roasted on Tuesday.",
    )
    wanted, info = prepared(tmp_path, picture, THUMB)
    assert external["thumb"]["mimeType"] == info.mime == "image/jpeg"
    sent = blob(pds, desk, external["thumb"])
    assert sent == wanted
    assert Image.open(io.BytesIO(sent)).size == (1200, 630)
