"""The application factory: composes, nothing else."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, g, request

from app.config import ROOT, Config

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def create_app(config: Config | None = None, *, serving: bool = True) -> Flask:
    """The application; ``config`` is read from the environment when not given.

    Without ``serving`` it has neither pages nor contracts, which are two thirds of the start:
    for workers, the clock and commands.
    """
    from app import cli, extensions

    config = config or Config.from_env()
    app = Flask(__name__, template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.config.from_mapping(
        CARILLON=config,
        SECRET_KEY=config.SECRET_KEY,
        SQLALCHEMY_DATABASE_URI=config.DATABASE_URL,
        SQLALCHEMY_ENGINE_OPTIONS=extensions.engine_options(config),
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        MAX_FORM_PARTS=500,
        PERMANENT_SESSION_LIFETIME=timedelta(days=config.SESSION_MAX_DAYS),
        SESSION_COOKIE_NAME="__Host-session" if config.https else "session",
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    config.INSTANCE_DIR.mkdir(parents=True, exist_ok=True)

    @app.before_request
    def reads_do_not_lock() -> None:
        g.write_mark = extensions.write_mode.set(request.method not in SAFE_METHODS)

    @app.teardown_request
    def back_to_writing(error: BaseException | None) -> None:
        mark = g.pop("write_mark", None)
        if mark is not None:
            extensions.write_mode.reset(mark)

    extensions.db.init_app(app)
    extensions.migrate.init_app(app, extensions.db)
    for extension in (
        extensions.login_manager, extensions.csrf, extensions.queues, extensions.networks,
        extensions.safe,
    ):  # fmt: skip
        extension.init_app(app)
    if serving:
        from app import api, web

        api.init_app(app)
        web.init_app(app)
    cli.init_app(app)
    return app
