"""All tools, in the order in which an agent reads them."""

from __future__ import annotations

from importlib import import_module

from app.api.mcp.tool import KNOWN, Tool

# A file a kind of thing; what it declares is a tool.
FILES = ("places", "posts", "moves", "plan", "media", "templates", "recurring")

for _name in FILES:
    import_module(f"app.api.mcp.{_name}")

TOOLS: dict[str, Tool] = KNOWN
