"""The video service (``/bluesky/video``) and the tokens it is given (networks/bluesky.md §2).

A video is "encoded" for a fifth of a second; then its blob is on the account's server. What
an account's extras say (``POST /_sandbox/accounts``) changes that:

- ``{"video": "encoding_failure"}``: processing ends in that ``failureCode``; so does a file
  whose name holds one, and ``validation_failure`` is what anything but an MP4 gets
- ``{"video_seconds": 30}``: processing takes so long; the fault ``processing`` at ``upload`` or
  ``lookup`` makes it longer, too
- ``{"video_form": "wrapped"}``: answers to uploads are ``{"jobStatus": job}``
- ``{"daily_videos": 0}``, ``{"daily_bytes": 1000}``: what is allowed in 24 hours
- ``{"email_confirmed": false}``: no videos at all
- ``{"blob_limit": 5242880}``: what the account's server takes (of every file)
- ``{"service_auth": false}``: the account's server knows no service tokens
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.bluesky.blobs import LIMIT, give, held
from app.sandbox.bluesky.cids import of_bytes
from app.sandbox.bluesky.lexicon import VIDEO_BYTES
from app.sandbox.bluesky.names import NAME, did_of, person
from app.sandbox.bluesky.people import check_active
from app.sandbox.bluesky.session import SERVER_DID, caller
from app.sandbox.bluesky.words import ROOM, answer, bp, here, invalid, no
from app.sandbox.records import Grant
from app.sandbox.room import bearer, met
from app.sandbox.store import store

ENCODING_SECONDS = 0.2
STUCK_SECONDS = 60.0
DAILY_VIDEOS, DAILY_BYTES, DAY = 25, 10_000_000_000, 86_400
FAILURES = (
    "validation_failure", "encoding_failure", "pds_upload_failure",
    "pds_upload_unsupported_blob_size", "generic_failure",
)  # fmt: skip
STATES = ("CREATED", "ENCODING", "ENCODED", "SCANNING", "SCANNED", "UPLOADING")
UPLOAD, LIMITS = "com.atproto.repo.uploadBlob", "app.bsky.video.getUploadLimits"


def service_did() -> str:
    """The DID of the video service: that of its host."""
    parts = urlsplit(here())
    return f"did:web:{parts.hostname}{f'%3A{parts.port}' if parts.port else ''}"


@bp.get("/xrpc/com.atproto.server.getServiceAuth")
@ROOM.operation("token")
def service_auth() -> ResponseReturnValue:
    """A token with which ``aud`` may do ``lxm`` for the account, for an hour at most."""
    who = caller()
    if person(who.name).extras.get("service_auth") is False:
        raise no(501, "MethodNotImplemented", "Method Not Implemented")
    aud, lxm = request.args.get("aud", ""), request.args.get("lxm", "")
    if not aud.startswith("did:"):
        raise invalid("Invalid DID at $.aud")
    who.needs("rpc", lxm)
    left = request.args.get("exp", int(time.time()) + 60, type=int) - time.time()
    if left <= 0:
        raise no(400, "BadExpiration", "expiration is in past")
    if left > (3600 if lxm else 60):
        raise no(400, "BadExpiration", "cannot request a token with an expiration that far ahead")
    grant = store().grants.issue(
        NAME, "service", who.name, token=secrets.token_urlsafe(60), seconds=left,
        scopes=[aud, lxm],
    )  # fmt: skip
    return answer({"token": grant.token})


def _let_in(aud: str, lxm: str) -> Grant:
    """Who a service token speaks for; it must be made for this very call."""
    grant = store().grants.find(NAME, "service", bearer())
    if grant is None or not grant.live:
        raise no(401, "AuthenticationRequired", "jwt is missing, unknown or expired")
    if grant.scopes != [aud, lxm]:
        raise no(401, "BadJwtAudience", f"jwt is for {' '.join(grant.scopes)}")
    check_active(grant.handle)
    return grant


def _jobs(did: str) -> list[dict[str, Any]]:
    rows = [row for _, row in store().table("bluesky.jobs").items()]
    return [row for row in rows if row["did"] == did and row["made"] > time.time() - DAY]


def _limits(name: str) -> dict[str, Any]:
    extras, made = person(name).extras, _jobs(did_of(name))
    if extras.get("email_confirmed") is False:
        return {
            "canUpload": False, "error": "unconfirmed_email",
            "message": "Please confirm your email address to upload videos",
        }  # fmt: skip
    free = name.startswith("bench")
    left = extras.get("daily_videos", DAILY_VIDEOS) - (0 if free else len(made))
    room = extras.get("daily_bytes", DAILY_BYTES) - (0 if free else sum(r["size"] for r in made))
    told = {"remainingDailyVideos": max(left, 0), "remainingDailyBytes": max(room, 0)}
    if left <= 0 or room <= 0:
        message = "User has exceeded daily upload limit"
        return {"canUpload": False, **told, "error": "daily_limit", "message": message}
    return {"canUpload": True, **told}


@bp.get(f"/video/xrpc/{LIMITS}")
@ROOM.operation("account")
def limits() -> ResponseReturnValue:
    """What the account may still upload today."""
    return answer(_limits(_let_in(service_did(), LIMITS).handle))


@bp.post("/video/xrpc/app.bsky.video.uploadVideo")
@ROOM.operation("upload")
def upload_video() -> ResponseReturnValue:
    """Bytes in, a job out. A video it knows has a job, and maybe a blob, already."""
    name = _let_in(SERVER_DID, UPLOAD).handle
    did, file = request.args.get("did", ""), request.args.get("name", "")
    if did != did_of(name):
        raise no(401, "AuthenticationRequired", "did does not match the token's issuer")
    if not file:
        raise invalid('Missing required parameter "name"')
    if request.mimetype != "video/mp4":
        raise invalid(f"Wrong request encoding (Content-Type): {request.mimetype[:60]}")
    if not request.content_length:
        raise no(411, "InvalidRequest", "Content-Length is required")
    if request.content_length > VIDEO_BYTES:
        raise no(413, "PayloadTooLarge", "request entity too large")
    data = request.get_data()
    with store().lock:
        known = store().table("bluesky.films").get(f"{did}/{of_bytes(data)}")
        row = store().table("bluesky.jobs").get(str(known["job"])) if known else None
        if row is not None and not row["failure"]:
            return answer({**_told(row), "error": "already_exists"}, 409)
        allowed = _limits(name)
        if not allowed["canUpload"] or allowed["remainingDailyBytes"] < len(data):
            code = allowed.get("error", "daily_limit")
            raise no(400, code, allowed.get("message", "User has exceeded daily upload limit"))
        job = _told(_new(name, file, data))
    wrapped = person(name).extras.get("video_form") == "wrapped"
    return answer({"jobStatus": job} if wrapped else job)


def _new(name: str, file: str, data: bytes) -> dict[str, Any]:
    extras, did, cid = person(name).extras, did_of(name), of_bytes(data)
    hit = met()
    seconds = float(extras.get("video_seconds", ENCODING_SECONDS))
    if hit is not None and hit.kind == "processing":
        seconds = hit.seconds or STUCK_SECONDS
    row: dict[str, Any] = {
        "id": secrets.token_hex(10), "did": did, "name": name, "cid": cid, "size": len(data),
        "blob": store().put_blob(data, "video/mp4"), "made": time.time(), "seconds": seconds,
        "failure": _failure(extras, file, data), "given": False,
    }  # fmt: skip
    store().table("bluesky.jobs").put(row["id"], row)
    store().table("bluesky.films").put(f"{did}/{cid}", {"job": row["id"]})
    return row


def _failure(extras: dict[str, Any], file: str, data: bytes) -> str:
    """How this job will end, ``""`` for well."""
    named = next((code for code in FAILURES if code in file), "")
    wanted = str(extras.get("video") or named)
    if not wanted and data[4:8] != b"ftyp":
        return "validation_failure"
    if not wanted and len(data) > int(extras.get("blob_limit", LIMIT)):
        return "pds_upload_unsupported_blob_size"
    return wanted


@bp.get("/video/xrpc/app.bsky.video.getJobStatus")
@ROOM.operation("lookup")
def job_status() -> ResponseReturnValue:
    """How far a job is; anybody may ask."""
    with store().lock:
        row = store().table("bluesky.jobs").get(request.args.get("jobId", ""))
        if row is None:
            raise no(400, "job_not_found", "job not found")
        hit = met()
        if hit is not None and hit.kind == "processing":
            row = {**row, "seconds": time.time() - row["made"] + STUCK_SECONDS}
        return answer({"jobStatus": _told(row)})


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """``app.bsky.video.defs#jobStatus``; once it is done, the blob is on the server."""
    job = {"jobId": row["id"], "did": row["did"]}
    done = (time.time() - row["made"]) / row["seconds"] if row["seconds"] > 0 else 1.0
    if done < 1:
        state = STATES[int(done * len(STATES))]
        return {**job, "state": f"JOB_STATE_{state}", "progress": int(done * 100)}
    if row["failure"]:
        return {
            **job, "state": "JOB_STATE_FAILED", "failureCode": row["failure"],
            "error": row["failure"], "message": "Failed to process video",
        }  # fmt: skip
    if not row["given"]:  # once: a blob the server drops later is not brought again
        row["given"] = True
        store().table("bluesky.jobs").put(row["id"], row)
        give(row["did"], row["cid"], "video/mp4", row["size"], row["blob"])
    blob = held(row["cid"], "video/mp4", row["size"])
    return {**job, "state": "JOB_STATE_COMPLETED", "progress": 100, "blob": blob}
