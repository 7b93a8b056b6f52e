"""One request in curl, Python and JavaScript; nothing but what each has of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pprint import pformat
from typing import Any

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
KEY = "CARILLON_KEY"  # the environment's variable that the snippets read
FILE = "photo.jpg"
WIDTH = 84


@dataclass(frozen=True)
class Call:
    """``kind`` is the body's content type (``""``: none), ``basic`` how the key travels."""

    base: str
    method: str
    path: str
    kind: str = ""
    example: Any = None
    basic: bool = False
    keyless: bool = False

    @property
    def url(self) -> str:
        """The address, ids as words to be replaced: ``…/posts/POST_ID``."""
        return self.base + re.sub(r"{(\w+)}", lambda found: found[1].upper(), self.path)

    @property
    def form(self) -> bool:
        """Whether the body is a form."""
        return self.kind == FORM

    @property
    def file(self) -> bool:
        """Whether the body is the bytes of a file."""
        return self.kind not in ("", JSON, FORM)

    def written(self) -> str:
        """The example as it is written into a console: JSON, or a form's fields line by line."""
        if not self.kind or self.file:
            return ""
        if self.form:
            return "\n".join(f"{name}={value}" for name, value in fields(self.example or {}))
        return json.dumps(self.example, indent=2, ensure_ascii=False)


def snippets(call: Call) -> dict[str, str]:
    """The three, by the name of the language."""
    return {"curl": curl(call), "Python": python(call), "JavaScript": javascript(call)}


def fields(given: dict[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    """A form's fields, what is inside of others as ``a[b]``."""
    for name, value in given.items():
        path = f"{under}[{name}]" if under else name
        if isinstance(value, dict):
            yield from fields(value, path)
        elif isinstance(value, list):
            yield from ((f"{path}[]", str(one)) for one in value)
        elif value is not None:
            yield path, str(value)


def curl(call: Call) -> str:
    """With the key from the environment."""
    lines = [f"curl -X {call.method} {call.url}" if call.method != "GET" else f"curl {call.url}"]
    if call.basic:
        lines.append(f'-u "$CARILLON_ACCOUNT:${KEY}"')
    elif not call.keyless:
        lines.append(f'-H "Authorization: Bearer ${KEY}"')
    if call.form:
        lines += [f"--data-urlencode {_quoted(f'{n}={v}')}" for n, v in fields(call.example or {})]
    elif call.file:
        lines += [f'-H "Content-Type: {call.kind}"', f"--data-binary @{FILE}"]
    elif call.kind:
        lines += [f'-H "Content-Type: {call.kind}"', f"-d {_quoted(call.written())}"]
    return " \\\n  ".join(lines)


def python(call: Call) -> str:
    """With ``urllib``, which needs no installation."""
    imports = ["import json"] + ([] if call.keyless else ["import os"])
    if call.basic:
        imports.insert(0, "from base64 import b64encode")
    if call.form:
        imports.append("from urllib.parse import urlencode")
    lines = [*sorted(imports, key=lambda one: one.startswith("from")),
             "from urllib.request import Request, urlopen", ""]  # fmt: skip
    if call.basic:
        lines.append(
            "pair = f\"{os.environ['CARILLON_ACCOUNT']}:{os.environ['CARILLON_KEY']}\".encode()"
        )
    headers, sent = _python_headers(call), ""
    if call.form:
        lines += [f"body = {pformat(list(fields(call.example or {})), width=WIDTH)}"]
        sent = ", data=urlencode(body).encode()"
    elif call.file:
        lines += [f'with open("{FILE}", "rb") as file:', "    body = file.read()"]
        sent = ", data=body"
    elif call.kind:
        lines += [f"body = {pformat(call.example, width=WIDTH, sort_dicts=False)}"]
        sent = ", data=json.dumps(body).encode()"
    lines += [
        "request = Request(", f'    "{call.url}",', f'    method="{call.method}"{sent},',
        f"    headers={{{headers}}},", ")", "with urlopen(request) as answer:",
        "    print(json.load(answer))",
    ]  # fmt: skip
    return "\n".join(lines)


def javascript(call: Call) -> str:
    """With ``fetch``, for Node 20 or newer: a key does not belong into a page."""
    headers = []
    if call.basic:
        headers.append(
            "Authorization: `Basic ${btoa(`${process.env.CARILLON_ACCOUNT}:"
            "${process.env.CARILLON_KEY}`)}`"
        )
    elif not call.keyless:
        headers.append("Authorization: `Bearer ${process.env.CARILLON_KEY}`")
    if call.kind and not call.form:
        headers.append(f"'Content-Type': '{call.kind}'")
    lines = [f"const answer = await fetch({json.dumps(call.url)}, {{"]
    if call.method != "GET":
        lines.append(f"  method: '{call.method}',")
    if headers:
        lines.append(f"  headers: {{ {', '.join(headers)} }},")
    if call.form:
        pairs = json.dumps([list(one) for one in fields(call.example or {})], ensure_ascii=False)
        lines.append(f"  body: new URLSearchParams({pairs}),")
    elif call.file:
        lines.append(f"  body: await (await import('node:fs/promises')).readFile('{FILE}'),")
    elif call.kind:
        body = call.written().replace("\n", "\n  ")
        lines.append(f"  body: JSON.stringify({body}),")
    return "\n".join([*lines, "});", "console.log(answer.status, await answer.json());"])


def _python_headers(call: Call) -> str:
    found = []
    if call.basic:
        found.append('"Authorization": "Basic " + b64encode(pair).decode()')
    elif not call.keyless:
        found.append('"Authorization": f"Bearer {os.environ[\'CARILLON_KEY\']}"')
    if call.kind and not call.form:
        found.append(f'"Content-Type": "{call.kind}"')
    if len(found) < 2:
        return "".join(found)
    return "".join(f"\n        {one}," for one in found) + "\n    "


def _quoted(text: str) -> str:
    """One argument of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
