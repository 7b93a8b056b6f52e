"""Videos on Bluesky: through its video service, else straight to the account's server (§2).

The service makes a video ready before the post is out, so readers never meet a gap. Where it
cannot be used (a server without service tokens, a service that is away) the file goes to the
account's server like a picture, and is made ready once the post is there.

``resume["videos"][<our media id>]`` is ``{"job", "since"}``: the service's job (``""``: the file
goes straight to the server) and when it began, in unix seconds. It is dropped for the blob under
``resume["blobs"]``. ``resume["keep"]["videos"]`` are media the service has given a blob for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app import egress
from app.clock import now
from app.networks import bluesky_video_errors as errors
from app.networks.base import Account, Category, Effect, Media, NetworkError
from app.networks.bluesky_identity import DID
from app.networks.bluesky_video_job import MIMES, Film, Job, did_web
from app.networks.bluesky_xrpc import Xrpc
from app.networks.figures import file_size
from app.networks.wire import Answer, unreadable

__all__ = ["MAX_BYTES", "MAX_SECONDS", "MIMES", "Videos"]

# Servers with the older lexicon refuse more than 100 MB (§4).
MAX_BYTES = 100_000_000
MAX_SECONDS = 180.0
SERVER_BYTES = 50 * 1024 * 1024  # what a server at Bluesky takes directly
SELF_HOSTED_BYTES = 5 * 1024 * 1024  # what one takes that nobody configured
UPLOAD_SECONDS = 600.0
TOKEN_SECONDS = 1800
# Waits between looks at a job; then publishing comes back (no try is used).
POLLS = (0.5, 1.0, 2.0, 3.0)
COME_BACK_SECONDS = 15.0
PATIENCE_SECONDS = 3600.0
UPLOAD_BLOB = "com.atproto.repo.uploadBlob"
LIMITS = "app.bsky.video.getUploadLimits"
_BROKEN_OFF = frozenset({"WriteError", "ReadError", "RemoteProtocolError", "WriteTimeout"})


@dataclass(frozen=True)
class Videos:
    """Uploads of videos; ``service`` is the base URL of the video service."""

    xrpc: Xrpc
    service: str
    sleep: Callable[[float], None] = time.sleep

    def prepare(
        self, account: Account, server: str, media: Media, kept: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Bring the video to a blob under ``kept["blobs"]``; yields the whole resume each step.

        Raises ``media_processing`` when the service needs longer than we wait at once.
        """
        jobs: dict[str, Any] = kept.setdefault("videos", {})
        if media.id not in jobs:
            job = None if _lost(media, kept) else self._hand_over(account, server, media)
            jobs[media.id] = {"job": job.id if job else "", "since": int(time.time())}
            if job and job.blob:
                self._made(media, job.blob, kept)
            yield deepcopy(kept)
        if media.id in jobs and jobs[media.id]["job"]:
            yield from self._wait(media, kept)
        if media.id in jobs:
            kept["blobs"][media.id] = self._straight(account, server, media)
            del jobs[media.id]
            yield deepcopy(kept)

    def _made(self, media: Media, blob: dict[str, Any], kept: dict[str, Any]) -> None:
        """The service has put the video on the account's server, under this blob."""
        kept["blobs"][media.id] = blob
        del kept["videos"][media.id]
        seen = kept["keep"].get("videos", [])
        kept["keep"]["videos"] = [*(one for one in seen if one != media.id), media.id]

    # The service
    def _hand_over(self, account: Account, server: str, media: Media) -> Job | None:
        """Give the video to the service; ``None`` where the account's server has to take it.

        A service that is away stops no post that the server itself can take.
        """
        film = Film(media)
        try:
            self._ask_limits(account, server, film)
            return self._upload(account, server, media, film)
        except NetworkError as error:
            away = error.category in (Category.NETWORK_ERROR, Category.UNKNOWN)
            if error.code == errors.NOT_SERVED or (away and film.size <= SERVER_BYTES):
                return None
            raise

    def _ask_limits(self, account: Account, server: str, film: Film) -> None:
        token = self._token(account, server, did_web(self.service), LIMITS, 60)
        answer = self.xrpc.call(
            self.service, "GET", LIMITS, headers=_bearer(token), judge=errors.service
        )
        refused = errors.limits(answer, film.size)
        if refused is not None:
            raise refused

    def _upload(self, account: Account, server: str, media: Media, film: Film) -> Job:
        """The service uploads to the server in our name: the token is the server's (§2)."""
        token = self._token(account, server, self._name(server), UPLOAD_BLOB, TOKEN_SECONDS)
        job = self._job(
            "POST", "app.bsky.video.uploadVideo", headers={**film.headers, **_bearer(token)},
            params={"did": account.external_id, "name": f"{media.id}.mp4"}, content=film,
            seconds=UPLOAD_SECONDS,
        )  # fmt: skip
        if job.known:
            return job
        raise errors.failed(job.failure, job.said, job.raw)

    def _job(self, method: str, nsid: str, **rest: Any) -> Job:
        """A call that tells of a job, also where its status says that something is amiss."""
        told: list[Job] = []

        def listen(answer: Answer) -> NetworkError | None:
            job = Job.of(answer)
            if job.known:
                told.append(job)
            return errors.service(answer)

        try:
            return Job.of(self.xrpc.call(self.service, method, nsid, judge=listen, **rest))
        except NetworkError:
            if not told:
                raise
            return told[0]

    def _token(self, account: Account, server: str, aud: str, lxm: str, seconds: int) -> str:
        """A token of the account's server with which ``aud`` may do ``lxm`` in its name."""
        answer = self.xrpc.call(
            server, "GET", "com.atproto.server.getServiceAuth", tokens=account.tokens,
            params={"aud": aud, "lxm": lxm, "exp": str(int(time.time()) + seconds)},
            judge=errors.service_auth,
        )  # fmt: skip
        token = answer.mapping().get("token")
        if not isinstance(token, str) or not token:
            raise unreadable(answer.status)
        return token

    def _name(self, server: str) -> str:
        """The DID the account's server goes by; as a rule its host name's."""
        try:
            answer = self.xrpc.call(server, "GET", "com.atproto.server.describeServer")
        except NetworkError:
            return did_web(server)
        did = answer.mapping().get("did")
        return did if isinstance(did, str) and DID.fullmatch(did) else did_web(server)

    def _wait(self, media: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Until the job has a blob. What the server did not take of it, we bring ourselves."""
        entry = kept["videos"][media.id]
        for seconds in (0.0, *POLLS):
            self._pause(seconds)
            job = self._status(str(entry["job"]))
            if job is None:
                continue
            if job.blob:
                self._made(media, job.blob, kept)
                yield deepcopy(kept)
                return
            if job.state == "JOB_STATE_FAILED":
                if job.failure not in errors.OF_THE_SERVER:
                    raise errors.failed(job.failure, job.said, job.raw)
                entry["job"] = ""
                yield deepcopy(kept)
                return
        if time.time() - float(entry["since"]) > PATIENCE_SECONDS:
            raise NetworkError(
                Category.MEDIA_ERROR, "The video was not made ready within an hour.",
                code="processing_stuck", retryable=True,
            )  # fmt: skip
        raise _unready()

    def _status(self, job: str) -> Job | None:
        """``None`` where the service cannot be asked just now: its work goes on."""
        try:
            return self._job("GET", "app.bsky.video.getJobStatus", params={"jobId": job})
        except NetworkError as error:
            if error.category is Category.MEDIA_ERROR:
                raise NetworkError(
                    Category.MEDIA_ERROR, "The video has to be uploaded again.",
                    code="job_gone", status=error.status, raw=error.raw, retryable=True,
                ) from error  # fmt: skip
            return None

    def _pause(self, seconds: float) -> None:
        wire = egress.current()
        try:
            if seconds:
                self.sleep(seconds if wire is None else wire.left(seconds))
        except TimeoutError as error:
            raise _unready() from error

    # The account's server
    def _straight(self, account: Account, server: str, media: Media) -> dict[str, Any]:
        """The server's blob; the same bytes have the same one."""
        film = Film(media)
        try:
            answer = self.xrpc.call(
                server, "POST", UPLOAD_BLOB, tokens=account.tokens, content=film,
                headers=film.headers, seconds=UPLOAD_SECONDS,
            )  # fmt: skip
        except NetworkError as error:
            raise _refused(error, film.size) from error
        blob = answer.mapping().get("blob")
        if not isinstance(blob, dict) or "ref" not in blob:
            raise unreadable(answer.status, answer.raw)
        return blob


def _refused(error: NetworkError, size: int) -> NetworkError:
    """A server's no to a video. Some hang up while too much is being sent (§4)."""
    if error.status == 413 or error.code == "PayloadTooLarge":
        return NetworkError(
            Category.MEDIA_ERROR,
            f"The account's server does not take a video of {file_size(size)}. Use a shorter or "
            "smaller one; self-hosted servers often stop at 5 MB.",
            status=error.status, code=error.code, raw=error.raw, retryable=False,
        )  # fmt: skip
    broken = error.code in _BROKEN_OFF and error.effect is Effect.UNKNOWN
    if broken and size > SELF_HOSTED_BYTES:
        return NetworkError(
            Category.NETWORK_ERROR,
            f"The account's server hung up while the video was sent. {file_size(size)} may be "
            "more than it takes.",
            effect=error.effect, code=error.code,
        )  # fmt: skip
    return error


def _lost(media: Media, kept: Mapping[str, Any]) -> bool:
    """Whether asking the service again would bring a blob that the server has dropped.

    It answers for a file it knows with the blob it made then; a server deletes what no post
    has named for a while. Then only new bytes help.
    """
    return media.id in kept["keep"].get("videos", ()) and media.size <= SERVER_BYTES


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _unready() -> NetworkError:
    return NetworkError(
        Category.MEDIA_PROCESSING, "The video is still being made ready.", code="processing",
        retry_at=now() + timedelta(seconds=COME_BACK_SECONDS),
    )  # fmt: skip
