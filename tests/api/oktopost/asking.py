"""A client as the seed's documents write it, and a name server of the tests' own."""

from __future__ import annotations

import base64
import socket
import threading
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

from app import ids
from app.models.profiles import Profile
from tests.api.asking import Api
from tests.conftest import Browser


class Names:
    """A name server: ``records`` are CNAMEs; a name it does not know does not exist."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                sent, who = self.socket.recvfrom(4096)
            except OSError:
                return
            asked = dns.message.from_wire(sent)
            name = asked.question[0].name
            answer = dns.message.make_response(asked)
            target = self.records.get(str(name).rstrip(".").lower())
            if target:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", f"{target}."))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(), who)


class Basic(Api):
    """The key is the password of Basic auth."""

    user = ""

    def ask(self, method: str, path: str, body: Any = None, **rest: Any) -> Any:
        sent = base64.b64encode(f"{self.user}:{self.key}".encode()).decode()
        rest["headers"] = {**dict(rest.get("headers", {})), "Authorization": f"Basic {sent}"}
        if isinstance(body, dict):
            rest["data"], body = body, None
        key, self.key = self.key, ""
        try:
            return super().ask(method, path, body, **rest)
        finally:
            self.key = key


def basic(client: Browser, brand: Profile, key: str) -> Basic:
    found = Basic(client, key)
    found.user = ids.oktopost("001", brand.number)
    return found
