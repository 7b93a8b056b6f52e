"""A client that knows only the base URL and a key."""

from __future__ import annotations

from typing import Any

from tests.conftest import Browser


class Api:
    """Asks as an integrator's program does; every answer has to have the status expected."""

    def __init__(self, browser: Browser, key: str = "", *, header: str = "X-API-Key") -> None:
        self.browser, self.key, self.header = browser, key, header
        self.headers: dict[str, str] = {}  # of the last answer

    def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 200, **rest: Any
    ) -> Any:
        """The JSON of the answer; ``rest`` goes to the test client (``data``, ``headers`` …)."""
        headers = dict(rest.pop("headers", {}))
        if self.key and self.header == "X-API-Key":
            headers["X-API-Key"] = self.key
        elif self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            rest["json"] = body
        answer = self.browser.open(path, method=method, headers=headers, csrf=False, **rest)
        self.headers = dict(answer.headers)
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        return answer.get_json(silent=True)

    def get(self, path: str, **rest: Any) -> Any:
        return self.ask("GET", path, **rest)

    def post(self, path: str, body: Any = None, **rest: Any) -> Any:
        return self.ask("POST", path, body, **rest)

    def patch(self, path: str, body: Any = None, **rest: Any) -> Any:
        return self.ask("PATCH", path, body, **rest)

    def delete(self, path: str, body: Any = None, **rest: Any) -> Any:
        return self.ask("DELETE", path, body, **rest)
