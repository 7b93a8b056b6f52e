"""The block that heads a Markdown file, between two lines of three hyphens.

What is written is YAML that any program reads: one key a line, lists below their key. What is
read is that much of YAML and no more: no anchors, no tags, no types but text, so that a file from
anywhere can do nothing but be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

FENCE = "---"
MOST = 200  # lines of a block
_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 _./@+-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,39})\s*:(?:\s+(.*))?")

Item = str | dict[str, str]
Block = dict[str, str | list[Item]]


class Unreadable(ValueError):
    """The block is none, or says something that we do not read; the words are for people."""


def write(block: Mapping[str, str | Sequence[Item]]) -> str:
    """The block with its fences and a line end; empty values are left out."""
    lines = [FENCE]
    for key, value in block.items():
        if isinstance(value, str):
            lines += [f"{key}: {_scalar(value)}"] if value else []
        elif value:
            lines.append(f"{key}:")
            for item in value:
                lines += _item(item)
    return "\n".join([*lines, FENCE, ""])


def read(text: str) -> tuple[Block, str]:
    """The block and the text behind it. Raises ``Unreadable`` naming the line."""
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        raise Unreadable("The file does not begin with a block between two lines of ---.")
    ends = (n for n, line in enumerate(lines[1 : MOST + 2], 1) if line.rstrip() == FENCE)
    end = next(ends, 0)
    if not end:
        raise Unreadable("The block at the beginning has no end: a line of --- is missing.")
    return _block(lines[1:end]), "\n".join(lines[end + 1 :])


def _item(item: Item) -> list[str]:
    if isinstance(item, str):
        return [f"  - {_scalar(item)}"]
    made = [f"{key}: {_scalar(value)}" for key, value in item.items() if value]
    return [f"{'  - ' if n == 0 else '    '}{line}" for n, line in enumerate(made)]


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.strip() == text and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _block(lines: Sequence[str]) -> Block:
    found: Block = {}
    items: list[Item] | None = None
    for number, raw in enumerate(lines, 2):
        line = raw.rstrip()
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("- ") and items is not None:
            items.append(_entry(bare[2:].strip(), number))
        elif line[0] in " \t":
            _more(items, bare, number)
        else:
            key, value = _pair(bare, number)
            if key in found:
                raise Unreadable(f"Line {number}: “{key}” is there twice.")
            items = [] if not value else None
            found[key] = _value(value, number) if items is None else items
    return found


def _entry(text: str, number: int) -> Item:
    pair = None if text[:1] in "\"'" else _KEY.fullmatch(text)
    if pair is None:
        return _value(text, number)
    return {pair[1]: _value((pair[2] or "").strip(), number)}


def _more(items: list[Item] | None, text: str, number: int) -> None:
    last = items[-1] if items else None
    if not isinstance(last, dict):
        raise Unreadable(f"Line {number} stands further in than it may.")
    key, value = _pair(text, number)
    last[key] = _value(value, number)


def _pair(text: str, number: int) -> tuple[str, str]:
    pair = _KEY.fullmatch(text)
    if pair is None:
        raise Unreadable(f"Line {number} is not of the form “name: value”.")
    return pair[1].lower(), (pair[2] or "").strip()


def _value(text: str, number: int) -> str:
    if text.startswith('"'):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise Unreadable(f"Line {number}: the quotation marks do not match.") from error
        return str(found)
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise Unreadable(f"Line {number}: the quotation marks do not match.")
        return text[1:-1].replace("''", "'")
    if text[:1] in "&*!|>%@`[{":
        raise Unreadable(f"Line {number}: write this value between quotation marks.")
    return text
