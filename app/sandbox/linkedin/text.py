"""Little text as LinkedIn reads it: what is not escaped cuts the post off (§3)."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"\\(?P<escaped>[\\|{}@\[\]()<>#*_~])"
    r"|\{hashtag\|\\?(?P<sign>[#＃])\|(?P<value>(?:\\.|[^\\|{}@\[\]()<>#*_~])+)\}"
    r"|@\[(?P<name>(?:\\.|[^\\\[\]])+)\]\(urn:li:(?:person|organization):[\w-]+\)"
    r"|(?P<tag>#\w+)"
    r"|(?P<plain>[^\\|{}@\[\]()<>#*_~]+)"
)


def read(commentary: str) -> str:
    """What is shown: everything up to the first reserved character that means nothing."""
    shown, place = [], 0
    while place < len(commentary):
        found = _TOKEN.match(commentary, place)
        if found is None:
            break
        if found["sign"]:
            shown.append(found["sign"] + _bare(found["value"]))
        elif found["name"]:
            shown.append(_bare(found["name"]))
        else:
            shown.append(found["escaped"] or found["tag"] or found["plain"])
        place = found.end()
    return "".join(shown)


def _bare(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
