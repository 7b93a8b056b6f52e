"""Addresses at which an S3 bucket takes one file: Signature Version 4 in the query string.

After AWS's "Authenticating Requests: Using Query Parameters"; the address is in path style. Type
and length are among the signed headers, so the bucket itself refuses any other file.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Where:
    """A bucket and who we are there. ``endpoint`` has no final slash; AWS's own where empty."""

    bucket: str
    endpoint: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)

    @property
    def base(self) -> str:
        """The address below which its objects lie."""
        server = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        return f"{server}/{self.bucket}"


def put(where: Where, name: str, mime: str, size: int, seconds: int, at: datetime) -> str:
    """Where the object ``name`` may be put, from ``at`` on for so many seconds."""
    parts = urlsplit(f"{where.base}/{quote(name)}")
    headers = {
        "content-length": str(size), "content-type": mime,
        "host": _host(parts.scheme, parts.hostname or "", parts.port),
    }  # fmt: skip
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{where.region}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{where.key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": ";".join(headers),
    } | ({"X-Amz-Security-Token": where.token} if where.token else {})
    asked = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(query.items()))
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(
        ["PUT", parts.path, asked, lines, ";".join(headers), "UNSIGNED-PAYLOAD"]
    )  # fmt: skip
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join([ALGORITHM, stamp, scope, digest])
    signature = hmac.new(_key(where, stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{parts.scheme}://{headers['host']}{parts.path}?{asked}&X-Amz-Signature={signature}"


def _key(where: Where, day: str) -> bytes:
    key = f"AWS4{where.secret}".encode()
    for part in (day, where.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _host(scheme: str, name: str, port: int | None) -> str:
    """The Host header a client sends there."""
    host = f"[{name}]" if ":" in name else name
    return host if port in (None, DEFAULT_PORTS[scheme]) else f"{host}:{port}"
