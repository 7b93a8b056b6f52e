"""A small application with the shell, the error pages and a kit page, for tests of the ground
that should not need a database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, FileSystemLoader
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired

from app.config import ROOT, Config
from app.errors import InvalidTransition, NotFound, RateLimited
from app.web import assets, errors, headers, htmx, navigation

LONDON = navigation.Brand("Marram Coffee", "marram", "Europe/London", accounts=7)
LARKFIELD = navigation.Brand("Larkfield Ceramics", "larkfield", "Europe/Paris", failing=True, hue=4)
MAYA = navigation.Person("Maya Okafor", "maya@marram.coffee")
SHELL = navigation.Shell(
    user=MAYA,
    profile=LONDON,
    profiles=(LONDON, LARKFIELD),
    counts={
        "drafts": navigation.Count(2),
        "connections": navigation.Count(1, tone="alarm"),
    },
)
ALERT = navigation.Alert(
    "3 posts are late.", "The oldest was due at 09:00.", action="See the plan", href="/plan"
)


class Form(FlaskForm):  # type: ignore[misc]
    """One field of each kind."""

    name = StringField("Posting time", validators=[DataRequired("Use a time like 09:30.")])
    zone = SelectField(
        "Time zone", choices=[SelectChoice("Europe/London", "Europe/London, 09:41 now")]
    )
    password = PasswordField("Password", render_kw={"autocomplete": "current-password"})
    keep = BooleanField("Keep me signed in")


def make(shell: navigation.Shell = SHELL, static: Path = ROOT / "static", **settings: Any) -> Flask:
    """The application. ``shell`` is what its layout shows; settings go to ``app.config``."""
    app = Flask("small", template_folder=str(ROOT / "templates"), static_folder=str(static))
    app.config.update(
        SECRET_KEY="k" * 40, CARILLON=Config(), WTF_CSRF_TIME_LIMIT=None, MAX_CONTENT_LENGTH=1000
    )
    app.config.update(settings)
    app.jinja_loader = ChoiceLoader(
        [app.jinja_loader, FileSystemLoader(ROOT / "tests/web/pages")]  # type: ignore[list-item]
    )
    CSRFProtect(app)
    for module in (headers, assets, errors, navigation):
        module.init_app(app)
    navigation.use(app, lambda: shell)
    _places(app)
    _pages(app)
    _failures(app)
    return app


def _places(app: Flask) -> None:
    """The sections of the shell, as their own blueprints would register them."""
    for key in ("calendar", "drafts", "connections", "settings"):

        def view(profile: str, key: str = key) -> str:
            return render_template("place.html", key=key, profile=profile, slim=key == "drafts")

        app.add_url_rule(f"/p/<profile>/{key}", f"{key}.index", view)
    app.add_url_rule("/p/<profile>/compose", "drafts.new", lambda profile: profile)
    app.add_url_rule("/login", "auth.login", lambda: render_template("signin.html"))
    app.add_url_rule("/logout", "auth.logout", lambda: "bye", methods=["POST"])
    app.add_url_rule("/me", "me.index", lambda: "you")
    app.add_url_rule("/docs", "docs.index", lambda: render_template("place.html", key="docs"))
    app.add_url_rule("/healthz", "health.live", lambda: "ok")


def _pages(app: Flask) -> None:
    @app.route("/kit", methods=["GET", "POST"])
    def kit() -> Response:
        form = Form()
        status = 200 if form.validate_on_submit() or request.method == "GET" else 422
        response = htmx.render("kit.html", fragment="_form.html", form=form)
        response.status_code = status
        return response

    @app.post("/done")
    def done() -> Response:
        answer = htmx.parts(
            htmx.part("_count.html", "#count", number=request.form.get("number", "7"))
        )
        return htmx.toast(answer, "Moved to Fri 15 May, 17:30. “Fertig”", undo="/undo")

    @app.post("/undo")
    def undo() -> Response:
        return htmx.toast(make_response("", 204), "Back where it was.")

    @app.post("/go")
    def go() -> Response:
        return htmx.toast(htmx.redirect(url_for("calendar.index", profile="marram")), "Scheduled.")

    @app.route("/leave", methods=["GET", "POST"])
    def leave() -> Response:
        return htmx.leave("https://social.example/oauth?x=1")

    @app.post("/me/theme", endpoint="me.theme")
    def theme() -> Response:
        return make_response("", 204)

    @app.get("/ask")
    def ask() -> str:
        return render_template("_dialog.html")

    @app.get("/old")
    def old() -> Any:
        return redirect(url_for("kit"))


def _failures(app: Flask) -> None:
    @app.route("/fail/<kind>", methods=["GET", "POST"])
    def fail(kind: str) -> str:
        if kind == "app":
            raise InvalidTransition("A published post can’t become a draft.")
        if kind == "missing":
            raise NotFound()
        if kind == "often":
            raise RateLimited("You tried to sign in too often.", retry_after=600)
        if kind == "slow":
            import time

            time.sleep(1.0)
            return "slow"
        raise RuntimeError(f"secret detail {kind}")


if __name__ == "__main__":
    make().run(port=int(sys.argv[1]), threaded=True)
