"""The systems an integration speaks to, played by their documents, each at its own host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, jsonify, request

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
SECRET = "a-secret-of-theirs"
HOSTS = (
    "mautic.example", "login.example", "pi.pardot.com", "apps.net-results.com",
    "www.google-analytics.com", "analytics.clickdimensions.com",
)  # fmt: skip


class Systems:
    """``broken``: hosts that answer 503. ``asked``: paths in the order they were asked for."""

    def __init__(self, others: Wsgi) -> None:
        self.others, self.broken, self.asked = others, set[str](), list[str]()
        self.secret = SECRET
        self.app = Flask("systems")
        self.app.before_request(self._look)
        for method, rule, view in (
            ("POST", "/oauth/v2/token", self.token), ("GET", "/api/contacts", self.contacts),
            ("POST", "/services/oauth2/token", self.token),
            ("GET", "/api/v5/objects/prospects", self.prospects),
            ("POST", "/api/v2/rpc/server.php/Controller/Contact", self.rpc),
            ("POST", "/debug/mp/collect", self.collect), ("GET", "/ts.js", self.script),
        ):  # fmt: skip
            self.app.add_url_rule(rule, rule, view, methods=[method])

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        here = environ["HTTP_HOST"].partition(":")[0] in HOSTS
        return (self.app.wsgi_app if here else self.others)(environ, start)

    def _look(self) -> Response | None:
        self.asked.append(request.path)
        return Response("later", 503) if request.host in self.broken else None

    def token(self) -> Any:
        if request.form["grant_type"] != "client_credentials":
            return jsonify(error="unsupported_grant_type"), 400
        if request.form["client_secret"] != self.secret or not request.form["client_id"]:
            return jsonify(error="invalid_client"), 400
        return jsonify(access_token="played", token_type="bearer", expires_in=3600)

    def contacts(self) -> Any:
        if request.headers.get("Authorization") != "Bearer played":
            return jsonify(errors=[{"code": 401}]), 401
        return jsonify(total=1, contacts={})

    def prospects(self) -> Any:
        if request.headers.get("Pardot-Business-Unit-Id") != "0Uv000000000001AAA":
            return jsonify(code=181, message="Request must contain a valid header"), 400
        return jsonify(values=[])

    def rpc(self) -> Any:
        given = request.authorization
        if given is None or given.password != self.secret:
            return Response("", 401)
        body = request.get_json()
        assert (body["jsonrpc"], body["method"]) == ("2.0", "getMultiple")
        return jsonify(jsonrpc="2.0", id=body["id"], result={"totalRecords": 0})

    def collect(self) -> Any:
        wrong = not request.args["measurement_id"].startswith("G-")
        said = [{"fieldPath": "measurement_id", "description": "Measurement id is not valid."}]
        return jsonify(validationMessages=said if wrong else [])

    def script(self) -> Any:
        return Response("cdAnalytics", mimetype="text/javascript")
