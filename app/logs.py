"""Logs: one JSON object a line, and no secret in any of them (reliability §9, §12).

Fields are ``time`` (UTC), ``level``, ``event``, ``logger``, then what the caller gives or has
bound with ``bind``: ``request_id``, ``actor``, ``profile``, ``route`` (the template, never the
path), ``status``, ``ms``. Call codes and states ``error_code`` and ``status``: a field named
``code`` or ``state`` is taken for OAuth's and masked.

JSON escapes every control character, so a user's text cannot begin a line of its own.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

MASK = "***"
TEXT_LIMIT = 4_000
TRACE_LIMIT = 20_000
DEPTH_LIMIT = 6
REMEMBERED = 4_096
WORD = 20  # letters a plain word may have
SHORTEST = 8  # a shorter value would mask ordinary words

bind = structlog.contextvars.bind_contextvars
clear = structlog.contextvars.clear_contextvars

# Fields whose value is a secret whatever it looks like.
SECRET_FIELDS = frozenset(
    "authorization proxy_authorization cookie set_cookie code state password secret token key "
    "access_token refresh_token id_token client_secret api_key apikey x_api_key code_verifier "
    "signature app_password private_key dpop csrf_token otp totp recovery_code session_id".split()
)
_NAME = (
    r"(?:(?:[a-z0-9]{1,20}_){0,3}(?:token|secret|password|passwd|signature|assertion|verifier)"
    r"|api_?key|code|state|sig|request_uri)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # Whole headers, also inside a repr of them.
        (r"(\b(?:proxy-)?authorization['\"]?\s?[:=]\s?)[^\r\n,}]+", rf"\1{MASK}"),
        (r"(\b(?:set-)?cookie['\"]?\s?[:=]\s?)[^\r\n}]+", rf"\1{MASK}"),
        (r"(\bx-api-key['\"]?\s?[:=]\s?)[^\s,}]+", rf"\1{MASK}"),
        (r"\b(bearer|basic|dpop)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {MASK}"),
        # name=value in a query or form; "name": "value" in JSON or a repr.
        (rf"(?<![a-z0-9_])({_NAME}=)[^&\s\"'<>;,)]+", rf"\1{MASK}"),
        (rf"(['\"]{_NAME}['\"]\s?:\s?['\"])[^'\"]*", rf"\1{MASK}"),
        # Addresses that open something by themselves.
        (r"(/(?:invite|reset|verify|unsubscribe|upload|feeds|review)/)[A-Za-z0-9_.~%-]+",
         rf"\1{MASK}"),
        (r"(://)[^/@\s:]*:[^/@\s]+@", rf"\1{MASK}@"),
        # Keys and tokens known by their look.
        (r"\b(ak_|amp_live_|whsec_|sk_live_|sk_test_|rk_live_|rk_test_)[A-Za-z0-9+/=_-]{6,}",
         rf"\1{MASK}"),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?", MASK),
        (r"\bv1:[A-Za-z0-9_-]+:[A-Za-z0-9_-]{16}:[A-Za-z0-9_-]+", MASK),
    )
)  # fmt: skip

_known: OrderedDict[str, None] = OrderedDict()
_lock = threading.Lock()


def secret(value: str) -> None:
    """Never let this value, or a secret inside it, into a log of this process.

    A value that is a JSON object or list (tokens are stored so) counts by its strings.
    The last ``REMEMBERED`` values are kept.
    """
    with _lock:
        for part in _parts(value, DEPTH_LIMIT):
            _known[part] = None
            _known.move_to_end(part)
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)


def mask(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text with every secret replaced, cut at ``limit`` characters."""
    with _lock:
        known = list(_known)
    for value in known:
        if value in text:
            text = text.replace(value, MASK)
    # Cut before the patterns: their cost is bounded whatever a user sends.
    cut = text[:limit]
    for pattern, replacement in _PATTERNS:
        cut = pattern.sub(replacement, cut)
    return cut if len(text) <= limit else f"{cut}… ({len(text)} characters)"


def get(name: str) -> Any:
    """A logger: ``get(__name__).info("post_published", target=…)``. Cheap; keep it or not."""
    return structlog.stdlib.get_logger(name)


def setup(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to ``stream`` (stderr) as JSON lines.

    Every process calls it once; calling again replaces what was set. An exception nobody
    caught becomes such a line too.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                masked,
                ordered,
                render,
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if getattr(old, "carillon", False):
            root.removeHandler(old)
    handler.carillon = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = lambda args: _crashed(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    # These write every request with its whole URL, or every step of theirs.
    for name in ("httpx2", "httpcore2", "urllib3", "rq", "alembic", "werkzeug", "PIL", "authlib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        get("carillon").critical("crashed", exc_info=(kind, error, trace))


def masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor: plain JSON values without secrets."""
    return {str(name): _clean(str(name), value, DEPTH_LIMIT) for name, value in event.items()}


def ordered(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor: time, level and event first, so a line can be read."""
    first = ("time", "level", "event", "logger", "request_id", "actor", "profile", "route")
    return {n: event[n] for n in first if n in event} | dict(event)


def render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """A structlog processor: one line of ASCII JSON, whatever is inside."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":"))


def _clean(name: str, value: Any, depth: int) -> Any:
    if value is None or value == "":
        return value
    if _hidden(name):
        return MASK
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, str):
        return mask(value, TRACE_LIMIT if name in {"exception", "stack"} else TEXT_LIMIT)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if depth <= 0:
        return "…"
    if isinstance(value, Mapping):
        return {mask(str(k)): _clean(str(k), v, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item, depth - 1) for item in value]
    return mask(str(value))


def _hidden(name: str) -> bool:
    return name.lower().replace("-", "_") in SECRET_FIELDS


def _parts(value: str, depth: int) -> list[str]:
    """The strings of a stored secret that are secret themselves."""
    found = [value] if len(value) >= SHORTEST else []
    if depth <= 0 or value[:1] not in {"{", "["}:
        return found
    try:
        inside = json.loads(value)
    except (ValueError, RecursionError):
        return found
    waiting = [inside]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str) and not _harmless(item):
            found.extend(_parts(item, depth - 1))
    return found


def _harmless(text: str) -> bool:
    """Addresses, identifiers of people and dates lie beside tokens, and logs need them.

    So do plain words, a network's name say: no token is short and of small letters alone.
    """
    if len(text) < WORD and text.isascii() and text.isalpha() and text.islower():
        return True
    return text.startswith(("http://", "https://", "did:")) or bool(
        re.match(r"\d{4}-\d\d-\d\dT", text)
    )
