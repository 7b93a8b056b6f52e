"""Examples of bodies and answers: the seeds' own where they give one, else made of the schema.

An answer is made of its schema with the seeds' values, member by member, since ours hold more
members than one seed tells; so no example can be off its schema, nor miss for a new operation.
"""

from __future__ import annotations

from typing import Any

AT = "2026-04-12T09:00:00Z"
DEPTH = 8
POST = "0196b5f0-3f40-7c50-9d5e-2a7c31b0e4f1"
PROFILE = "0196b5ee-11a8-7a0e-8c39-6c1f5be07a22"
ACCOUNT = "0196b5ef-82d0-7e6b-b1a4-90f2c7d3e815"
SET = "0196b5ef-0c11-7f3d-a2b8-55e9d04c6b77"

# Bodies as the seeds write them, by method and path.
BODIES: dict[str, Any] = {
    "POST /api/v1/posts": {
        "content": {"text": "Hello from the API!", "media": [], "linkUrl": None,
                    "platformOverrides": {}},
        "platforms": ["threads"], "scheduledFor": None, "platformSetId": SET,
    },
    "PATCH /api/v1/posts/{post_id}": {"scheduledFor": AT},
    "POST /api/posts": {
        "text": "Building in public...", "platforms": ["threads"], "scheduledFor": None,
        "platformSetId": SET, "mediaUrls": ["https://cdn.example.com/product-shot.png"],
    },
    "POST /api/v1/posts/{post_id}/retry": {"platforms": ["threads"]},
    "POST /api/v1/api-keys": {"name": "My Integration Key", "profileId": PROFILE},
    "POST /api/v1/platform-sets": {"name": "My Brand Accounts"},
    "PATCH /api/v1/platform-sets/{set_id}": {"name": "Renamed Set"},
    "PATCH /api/v1/templates/{template_id}": {
        "name": "Updated Name", "content": "New content...", "is_favorite": True,
        "increment_usage": True,
    },
    "POST /api/v1/scheduled-posts/{target_id}/retry": {"profileId": PROFILE},
    "POST /v1/connect/metricool": {
        "token": "your_metricool_api_token", "blog_id": "your_blog_id", "user_id": "your_user_id",
    },
    "POST /api/v1/connect/init": {
        "platform": "twitter", "returnUrl": "https://your-app.com/callback",
    },
    "POST /api/v1/media/upload-url": {
        "profileId": PROFILE, "fileName": "photo.jpg", "contentType": "image/jpeg",
        "fileSize": 1234567,
    },
    "POST /api/v1/webhook-endpoints": {
        "profileId": PROFILE, "url": "https://your-app.com/webhook",
        "secret": "your_webhook_signing_secret",
        "events": ["post.published", "post.failed", "post.scheduled"], "maxRetries": 5,
    },
    "POST /api/v1/recurring-schedules": {
        "profileId": PROFILE, "name": "Monday Motivation",
        "content": "Happy Monday! Let's crush this week! 💪",
        "platforms": ["instagram", "facebook"], "recurrencePattern": "weekly",
        "recurrenceConfig": {"day_of_week": 1}, "timeOfDay": "09:00:00", "timezone": "UTC",
    },
    "PATCH /api/v1/recurring-schedules/{schedule_id}": {
        "name": "Updated Name", "isActive": False, "timeOfDay": "10:00:00",
        "recurrencePattern": "weekly", "recurrenceConfig": {"day_of_week": 3},
    },
    "POST /v2/integration": {"cnameId": "0CN000000000001", "type": "cd"},
    "POST /api/action/network-extra/update/": {
        "network_id": 123,
        "extra_data": {"bio": "Updated bio information", "website": "https://example.com",
                       "category": "fashion"},
    },
}  # fmt: skip

# What the seeds write where a member has this name; the first that fits its schema.
VALUES: dict[str, tuple[Any, ...]] = {
    "success": (True,), "error": (None, "The post was refused."), "held": (None,),
    "error_message": (None,), "error_category": (None,), "errorCategory": (None,),
    "errorCode": (None,), "next_retry_at": (None,), "nextRetryAt": (None,), "total": (42,),
    "id": (POST,), "post_id": (POST,), "postId": (POST,), "name": ("My Brand Accounts",),
    "profileId": (PROFILE,), "profile_id": (PROFILE,), "account_id": (ACCOUNT, "123456789"),
    "accountId": (ACCOUNT,), "platformSetId": (SET,), "platform": ("twitter",),
    "network": ("instagram",), "platforms": (["threads", "instagram"],),
    "username": ("@handle",), "displayName": ("Twitter / X", "Your Brand"),
    "display_name": ("Your Brand",), "content": ("Hello world!",), "text": ("Hello world!",),
    "textPreview": ("Building in public...",), "status": ("published", "success", "active"),
    "external_post_id": ("123456789",), "externalId": ("123456789",),
    "externalAccountId": ("123456789",), "externalAccountName": ("@handle",),
    "publishedUrl": ("https://threads.net/user/post/123",), "key": ("...abc12345",),
    "kind": ("profile",), "role": ("owner",), "timezone": ("Europe/London",),
    "email": ("teammate@example.com",), "job_type": ("publish",), "duration_ms": (2500,),
    "attempt_number": (1,), "attempts": (1,), "date": ("2024-01-15",), "slug": ("marram-coffee",),
    "url": ("https://example.com/image.jpg",), "public_url": ("https://example.com/image.jpg",),
    "mime_type": ("image/jpeg",), "mimeType": ("image/jpeg",), "file_size": (1234567,),
    "sizeBytes": (248120,), "width": (1600,), "height": (900,), "file_name": ("photo.jpg",),
    "filename": ("product-shot.png",), "file_path": ("user_uuid/profile_uuid/photo.jpg",),
    "alt_text": ("Product dashboard with the publish flow open.",), "category": ("internal",),
    "altText": ("Product dashboard with the publish flow open.",), "usage_count": (15,),
    "description": ("Weekly team update template",), "variables": (["achievement"], {}),
    "message": ("Done.",), "scopes": (["tweet.read", "tweet.write"],), "blog_id": ("blog_xxx",),
    "blog_name": ("Your Brand",), "latency_ms": (234,), "rate_limit_remaining": (450,),
    "api_version": ("v1",), "connectionCount": (3,), "via": ("native",), "type": ("image",),
    "platform_metadata": ({},), "platformMetadata": ({},), "token_health": ("healthy",),
    "Result": (True,), "Total": (1,), "Id": ("014000000000001",), "limit": (20,), "days": (30,),
    "AccountId": ("001000000000001",), "user_id": (PROFILE,), "userId": (PROFILE,),
}  # fmt: skip
UNKNOWN = object()


class Maker:
    """Makes examples of schemas; ``schemas`` are the document's own."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas

    def body(self, place: str, schema: dict[str, Any]) -> Any:
        """What may be sent to ``POST /path``: the seed's, the model's own, or what is required."""
        if place in BODIES:
            return BODIES[place]
        return self.made(schema, sent=True)

    def made(
        self, schema: dict[str, Any], name: str = "", depth: int = 0, sent: bool = False
    ) -> Any:
        """A value as the schema describes it."""
        schema = self.whole(schema)
        for given in schema.get("examples", ()):
            return given
        found = self._named(schema, name)
        if found is not UNKNOWN:
            return found
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        return self._of_type(schema, name, depth, sent)

    def whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema itself: what it refers to, and the first of several that is not null."""
        while True:
            if "$ref" in schema:
                schema = self.schemas[schema["$ref"].rpartition("/")[2]]
            elif "anyOf" in schema:
                several = [one for one in schema["anyOf"] if one.get("type") != "null"]
                rest = {key: value for key, value in schema.items() if key != "anyOf"}
                nullable = len(several) < len(schema["anyOf"])
                schema = {**rest, **self.whole(several[0]), "nullable": nullable}
            else:
                return schema

    def _named(self, schema: dict[str, Any], name: str) -> Any:
        for value in VALUES.get(name, ()):
            if value is None and schema.get("nullable"):
                return None
            if value is not None and _fits(value, schema):
                return value
        return UNKNOWN

    def _of_type(self, schema: dict[str, Any], name: str, depth: int, sent: bool) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "")
        if kind == "object":
            return self._object(schema, depth, sent)
        if kind == "array":
            inner = schema.get("items", {})
            return [] if depth > DEPTH or not inner else [self.made(inner, name, depth + 1, sent)]
        if kind == "string":
            return _text(schema, name)
        if kind in ("integer", "number"):
            return max(schema.get("default") or 1, schema.get("minimum", 0))
        return True if kind == "boolean" else {}

    def _object(self, schema: dict[str, Any], depth: int, sent: bool) -> Any:
        inside = schema.get("properties", {})
        if depth > DEPTH:
            return {}
        names = list(inside)
        if sent:
            names = schema.get("required") or names[:2]
        return {one: self.made(inside[one], one, depth + 1, sent) for one in names}


def _text(schema: dict[str, Any], name: str) -> str:
    form = schema.get("format", "")
    if form == "uuid":
        return POST
    if form == "date-time" or name.endswith(("_at", "At", "scheduledFor", "Date", "_sync")):
        return AT
    if isinstance(schema.get("default"), str) and schema["default"]:
        return str(schema["default"])
    words = form == "uri" or name.lower().endswith("url")
    found = "https://example.com/" if words else (name or "text")
    found = found.ljust(schema.get("minLength", 0), "x")
    return found[: schema.get("maxLength", 200)]


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value of the table is what the schema takes here."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
        "object": dict,
    }  # fmt: skip
    kind = kinds.get(schema.get("type", ""), ())
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return False
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if schema.get("format") == "uuid":
        return len(str(value)) == 36
    if schema.get("type") == "array":
        inner = schema.get("items", {})
        return inner.get("type") == "string" and inner.get("format") is None
    return "pattern" not in schema
