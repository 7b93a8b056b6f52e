"""Whether an answer looks as a seed's example does: its members, their types, their forms."""

from __future__ import annotations

import re
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# How the seeds write an example of each form, and how an answer has to.
FORMS = (
    (re.compile(r"\w+_uuid"), UUID),
    (
        re.compile(r"\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z"),
        re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z"),
    ),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z"), re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}(\.\d{3})?Z")),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),) * 2,
    (re.compile(r"\d{4}-\d\d-\d\d"),) * 2,
    (re.compile(r"\d\d:\d\d:\d\d"),) * 2,
    (re.compile(r"https?://.*"),) * 2,
    (re.compile(r"@\w+"), re.compile(r"@.+")),
    (re.compile(r"001\d{12}"),) * 2,
    (re.compile(r"014\d{12}"),) * 2,
)


def alike(told: Any, example: Any, at: str = "$") -> None:
    """Assert that an answer has every member of the seed's ``example``, each of its type and
    written in its form; every item of a list is held against the example's first. A ``None`` of
    the example says nothing of the answer."""
    if example is None:
        return
    if isinstance(example, dict):
        assert isinstance(told, dict), f"{at} is no object: {told!r}"
        missing = example.keys() - told.keys()
        assert not missing, f"{at} lacks {sorted(missing)}"
        for name, inner in example.items():
            alike(told[name], inner, f"{at}.{name}")
    elif isinstance(example, list):
        assert isinstance(told, list), f"{at} is no list: {told!r}"
        assert told or not example, f"{at} is empty"
        for index, one in enumerate(told if example else ()):
            alike(one, example[0], f"{at}[{index}]")
    else:
        _same(told, example, at)


def _same(told: Any, example: Any, at: str) -> None:
    kind = (int, float) if type(example) in (int, float) else type(example)
    fits = isinstance(told, kind) and isinstance(told, bool) == isinstance(example, bool)
    assert fits, f"{at} is {told!r}, and the seed has {example!r}"
    if not isinstance(example, str):
        return
    form = next((ours for theirs, ours in FORMS if theirs.fullmatch(example)), None)
    assert form is None or form.fullmatch(told), f"{at} is {told!r}, and the seed has {example!r}"
