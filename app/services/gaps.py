"""Gaps: the ``{{variables}}`` of a text, where something goes in before it goes out.

A gap is a word of letters, digits, ``_`` and ``-`` between two pairs of braces. What is filled in
is put there as it is: braces in a value are no gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from app.models.posts import Post

GAP = re.compile(r"\{\{[ \t]{0,8}([^\W\d][\w-]{0,59})[ \t]{0,8}\}\}")


def names(text: str) -> list[str]:
    """The names of a text's gaps, each once, in their order."""
    return list(dict.fromkeys(found[1] for found in GAP.finditer(text)))


def spans(text: str) -> list[tuple[int, int]]:
    """Where a text's gaps begin and end."""
    return [found.span() for found in GAP.finditer(text)]


def of(post: Post) -> list[str]:
    """The gaps that are left in a post's texts, its networks' own ones too."""
    return list(dict.fromkeys(name for text in _texts(post) for name in names(text)))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the gaps filled that there are values for."""
    return GAP.sub(lambda found: values.get(found[1], found[0]), text)


def _texts(post: Post) -> Iterable[str]:
    yield from post.parts
    for variant in post.variants:
        yield from variant.parts
