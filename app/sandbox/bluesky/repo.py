"""Records and blobs of the accounts here (networks/bluesky.md §2, §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox.bluesky import lexicon
from app.sandbox.bluesky.blobs import LIMIT, give, held
from app.sandbox.bluesky.cids import of_bytes, of_record, tid
from app.sandbox.bluesky.directory import described
from app.sandbox.bluesky.names import NAME, did_of, handle_of, person
from app.sandbox.bluesky.people import actor
from app.sandbox.bluesky.public import show, take_down
from app.sandbox.bluesky.session import Caller, body, caller, wanted
from app.sandbox.bluesky.words import ROOM, answer, bp, invalid, limited, no, too_many, wrong
from app.sandbox.store import store

HOUR_POINTS, COSTS = 5000, {"create": 3, "update": 2, "delete": 1}
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif")
)  # fmt: skip


@bp.post("/xrpc/com.atproto.repo.uploadBlob")
@ROOM.operation("upload")
def upload() -> ResponseReturnValue:
    """Bytes, named by their content; what they are is told by looking at them."""
    who = caller()
    declared = request.mimetype
    if not declared:
        raise invalid("Request encoding (Content-Type) required but not provided")
    who.needs("blob", declared)
    data = request.get_data()
    if len(data) > int(person(who.name).extras.get("blob_limit", LIMIT)):
        raise no(413, "PayloadTooLarge", "request entity too large")
    cid, mime = of_bytes(data), _looks_like(data) or declared
    give(who.did, cid, mime, len(data), store().put_blob(data, mime))
    return answer({"blob": held(cid, mime, len(data))})


def _looks_like(data: bytes) -> str:
    for magic, mime in _MAGIC:
        if data.startswith(magic):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "video/mp4" if data[4:8] == b"ftyp" else ""


@bp.get("/xrpc/com.atproto.sync.getBlob")
def get_blob() -> ResponseReturnValue:
    row = store().table("bluesky.blobs").get(
        f"{request.args.get('did', '')}/{request.args.get('cid', '')}"
    )  # fmt: skip
    found = store().blob(str(row["blob"])) if row else None
    if found is None:
        raise no(400, "BlobNotFound", "Blob not found")
    mime, data = found
    safe = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(data, mimetype=mime, headers=safe)


@bp.post("/xrpc/com.atproto.repo.putRecord")
@ROOM.operation("publish")
def put_record() -> ResponseReturnValue:
    """Make or replace a record. The same record again is no change, and answered alike; the
    comparison comes before ``swapRecord`` is looked at (§6.2)."""
    who, asked = caller(), body()
    collection, rkey = wanted(asked, "collection"), wanted(asked, "rkey")
    _own(who, asked)
    who.needs("repo", collection)
    record = asked.get("record")
    lexicon.check(collection, rkey, record, _blobs_of(who))
    with store().lock:
        before = _record(who.did, collection, rkey)
        if before is not None and before["cid"] == of_record(record):
            return answer(_written(before))
        if "swapRecord" in asked:
            _swap(asked["swapRecord"], before)
        headers = _spend(who, "update")
        return answer(_written(_write(who, collection, rkey, record), tid()), headers=headers)


@bp.post("/xrpc/com.atproto.repo.createRecord")
@ROOM.operation("publish")
def create_record() -> ResponseReturnValue:
    """Make a record. A key that is taken is told as a 500, and nothing else (§6.3)."""
    who, asked = caller(), body()
    collection = wanted(asked, "collection")
    rkey = wanted(asked, "rkey") if asked.get("rkey") is not None else tid()
    _own(who, asked)
    who.needs("repo", collection)
    record = asked.get("record")
    lexicon.check(collection, rkey, record, _blobs_of(who))
    with store().lock:
        if _record(who.did, collection, rkey) is not None:
            return wrong(500, "Internal Server Error")
        headers = _spend(who, "create")
        return answer(_written(_write(who, collection, rkey, record), tid()), headers=headers)


@bp.post("/xrpc/com.atproto.repo.deleteRecord")
@ROOM.operation("delete")
def delete_record() -> ResponseReturnValue:
    """Take a record down; one that is not there is no fault (§2)."""
    who, asked = caller(), body()
    collection, rkey = wanted(asked, "collection"), wanted(asked, "rkey")
    _own(who, asked)
    who.needs("repo", collection)
    with store().lock:
        before = _record(who.did, collection, rkey)
        if before is None:
            return answer({})
        if asked.get("swapRecord") is not None:
            _swap(asked["swapRecord"], before)
        headers = _spend(who, "delete")
        store().table("bluesky.records").pop(before["uri"])
        take_down(before["uri"])
    return answer({"commit": _commit(tid())}, headers=headers)


@bp.get("/xrpc/com.atproto.repo.getRecord")
@ROOM.operation("lookup")
def get_record() -> ResponseReturnValue:
    repo, collection, rkey = (request.args.get(k, "") for k in ("repo", "collection", "rkey"))
    did = did_of(actor(repo))
    found = _record(did, collection, rkey)
    if found is None or request.args.get("cid", found["cid"]) != found["cid"]:
        raise no(400, "RecordNotFound", f"Could not locate record: at://{did}/{collection}/{rkey}")
    return answer(found)


@bp.get("/xrpc/com.atproto.repo.listRecords")
@ROOM.operation("lookup")
def list_records() -> ResponseReturnValue:
    """Records of a collection, newest key first, in pages by ``cursor``."""
    prefix = f"at://{did_of(actor(request.args.get('repo', '')))}/{request.args.get('collection')}/"
    limit = request.args.get("limit", 50, type=int)
    if not 1 <= limit <= 100:
        raise invalid("limit must be from 1 to 100")
    upwards = request.args.get("reverse") == "true"
    rows = [row for key, row in store().table("bluesky.records").items() if key.startswith(prefix)]
    rows.sort(key=lambda row: str(row["uri"]), reverse=not upwards)
    if request.args.get("cursor"):
        last = prefix + request.args["cursor"]
        rows = [row for row in rows if row["uri"] != last and (row["uri"] > last) == upwards]
    page = rows[:limit]
    more = {"cursor": page[-1]["uri"].rpartition("/")[2]} if len(rows) > limit else {}
    return answer({"records": page, **more})


@bp.get("/xrpc/com.atproto.repo.describeRepo")
@ROOM.operation("lookup")
def describe_repo() -> ResponseReturnValue:
    name = actor(request.args.get("repo", ""))
    start = f"at://{did_of(name)}/"
    keys = [key for key, _ in store().table("bluesky.records").items() if key.startswith(start)]
    return answer(
        {
            "handle": handle_of(name), "did": did_of(name), "didDoc": described(name),
            "collections": sorted({key.split("/")[3] for key in keys}), "handleIsCorrect": True,
        }
    )  # fmt: skip


def _own(who: Caller, asked: dict[str, Any]) -> None:
    """A session writes to its own account only."""
    repo = wanted(asked, "repo")
    if repo != who.did and repo.lower() != handle_of(who.name):
        raise no(403, "AccountNotFound", "Account not found")


def _blobs_of(who: Caller) -> Callable[[str], lexicon.Blob | None]:
    return lambda cid: store().table("bluesky.blobs").get(f"{who.did}/{cid}")


def _record(did: str, collection: str, rkey: str) -> dict[str, Any] | None:
    return store().table("bluesky.records").get(f"at://{did}/{collection}/{rkey}")


def _swap(expected: Any, before: dict[str, Any] | None) -> None:
    """``swapRecord``: null means that there must be none yet."""
    found = before["cid"] if before else None
    if expected != found:
        raise no(400, "InvalidSwap", f"Record was at {found}")


def _write(who: Caller, collection: str, rkey: str, record: Any) -> dict[str, Any]:
    uri = f"at://{who.did}/{collection}/{rkey}"
    row = {"uri": uri, "cid": of_record(record), "value": record}
    store().table("bluesky.records").put(uri, row)
    if collection == lexicon.POST:
        show(who.name, row)
    return row


def _written(row: dict[str, Any], revision: str = "") -> dict[str, Any]:
    """The answer to a write; without ``commit`` where nothing changed."""
    told = {"uri": row["uri"], "cid": row["cid"]}
    commit = {"commit": _commit(revision)} if revision else {}
    return {**told, **commit, "validationStatus": "valid"}


def _commit(revision: str) -> dict[str, str]:
    return {"cid": of_record({"rev": revision}), "rev": revision}


def _spend(who: Caller, kind: str) -> dict[str, str]:
    """The hour's points, as calls of this kind (§4); the headers, or 429."""
    window = store().limits.hit(NAME, who.name, kind, HOUR_POINTS // COSTS[kind], 3600)
    if window.refused:
        raise too_many(window, f"{HOUR_POINTS};w=3600")
    return limited(window, f"{HOUR_POINTS // COSTS[kind]};w=3600")
