"""What the played Metricool looks at before it takes a post."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.sandbox.metricool.desk import NETWORKS

NEED_MEDIA = ("instagram", "pinterest", "youtube", "tiktok")
KINDS = {"facebook": ("POST", "REEL", "STORY"), "instagram": ("POST", "REEL", "STORY")}
VIDEOS = (".mp4", ".mov")


def moment(text: Any, zone: Any) -> float | None:
    """Unix seconds of a local time without offset in an IANA zone; ``None`` for anything else."""
    if not isinstance(text, str) or not isinstance(zone, str) or not zone:
        return None
    try:
        local = datetime.fromisoformat(text)
        return None if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone)).timestamp()
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        return None


def problems(asked: dict[str, Any]) -> tuple[float, dict[str, str]]:
    """When the post is due, and what is wrong with each field."""
    wrong: dict[str, str] = {}
    date = asked.get("publicationDate")
    given = date if isinstance(date, dict) else {}
    at = moment(given.get("dateTime"), given.get("timezone"))
    if at is None:
        wrong["publicationDate"] = "dateTime (local, without offset) and timezone are required."
    if not isinstance(asked.get("text", ""), str):
        wrong["text"] = "This is not a text."
    for name in ("autoPublish", "draft", "saveExternalMediaFiles"):
        if not isinstance(asked.get(name, False), bool):
            wrong[name] = "true or false."
    for name in ("media", "mediaAltText"):
        rows = asked.get(name) or []
        if not isinstance(rows, list) or not all(isinstance(one, str | None) for one in rows):
            wrong[name] = "A list of texts is required."
    after = asked.get("descendants") or []
    if not isinstance(after, list) or not all(isinstance(one, dict) for one in after):
        wrong["descendants"] = "A list of posts is required."
    else:
        wrong |= _following(after)
    providers = asked.get("providers")
    if not isinstance(providers, list) or not providers:
        wrong["providers"] = "At least one provider is required."
    elif not wrong:
        wrong |= _for_networks(asked, providers)
    return at or 0.0, wrong


def _following(after: list[dict[str, Any]]) -> dict[str, str]:
    """The further parts of a thread: each is a post like the first (§2)."""
    return {
        f"descendants[{place}].{field}": says
        for place, one in enumerate(after)
        for field, says in problems(one)[1].items()
    }


def _for_networks(asked: dict[str, Any], providers: list[Any]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for provider in providers:
        if isinstance(provider, str):
            continue  # taken, and nothing comes of it
        network = provider.get("network") if isinstance(provider, dict) else None
        if network not in NETWORKS:
            wrong["providers"] = f"There is no network {network!r}."
            continue
        data = asked.get(f"{network}Data") or {}
        if not isinstance(data, dict):
            wrong[f"{network}Data"] = "An object is required."
            continue
        if not asked.get("text") and not asked.get("media"):
            wrong["text"] = "A text or media is required."
        if network in NEED_MEDIA and not asked.get("media"):
            wrong["media"] = f"Media is required for {network}."
        wrong |= _own_rules(network, data, asked.get("media") or [])
    return wrong


def _own_rules(network: str, data: dict[str, Any], files: list[str]) -> dict[str, str]:
    kind = data.get("type", "POST")
    if network in KINDS and kind not in KINDS[network]:
        return {f"{network}Data.type": f"One of {', '.join(KINDS[network])}."}
    if kind == "REEL" and len(files) != 1:
        return {"media": "A reel has one video."}
    if network == "pinterest" and not data.get("boardId"):
        return {"pinterestData.boardId": "A board is required."}
    if network == "youtube":
        if not data.get("title"):
            return {"youtubeData.title": "A title is required."}
        if not isinstance(data.get("madeForKids"), bool):
            return {"youtubeData.madeForKids": "true or false."}
    return {}
