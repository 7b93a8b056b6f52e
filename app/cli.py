"""The ``carillon`` command; ``flask --app wsgi …`` offers the same (interfaces.md).

Every part is imported when its command runs: the supervisor and ``--help`` need none of them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from app import logs
from app.config import Config, ConfigError, app_url
from app.crypto import CryptoError
from app.errors import AppError

if TYPE_CHECKING:
    from flask import Flask

MIGRATION_LOCK = 0x0CA_1110  # any number, the same for all: PostgreSQL's advisory lock


class Failure(click.ClickException):
    """One clear sentence on stderr and exit code 1; never a traceback."""


class WrongSetting(Failure):
    """The same for a setting that cannot work."""

    exit_code = 2


class Command(click.Command):
    """Words errors an operator can act on; anything else is a bug and shows itself."""

    def invoke(self, ctx: click.Context) -> Any:
        from sqlalchemy.exc import DBAPIError

        try:
            return super().invoke(ctx)
        except (ConfigError, CryptoError) as error:
            raise WrongSetting(str(error)) from error
        except AppError as error:
            raise Failure(error.message) from error
        except DBAPIError as error:
            reason = logs.mask(str(error.orig).strip().splitlines()[0] if error.orig else "")
            raise Failure(f"The database refused: {reason}") from error


class Group(click.Group):
    """A group whose commands are ours."""

    command_class = Command
    group_class = type


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="carillon")
def cli() -> None:
    """Carillon: write once, publish on time, exactly once."""
    os.umask(0o077)  # database, secrets and media are this user's alone


@cli.command()
@click.option(
    "--processes", type=click.IntRange(1, 64), default=min(2, os.cpu_count() or 1),
    show_default=True, help="Worker processes; one keeps 32 deliveries in flight.",
)  # fmt: skip
def up(processes: int) -> None:
    """Run everything: web, worker, clock, embedded Redis and the sandbox."""
    from app import up as supervisor

    logs.setup()
    sys.exit(supervisor.up(Config.from_env(), processes))


@cli.command()
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True)
def web(workers: int, threads: int) -> None:
    """Serve the pages and the API on HOST and PORT."""
    from app import claimed, counting, serving

    logs.setup()
    config = Config.from_env()
    counting.share(config.INSTANCE_DIR / "metrics")
    with claimed.ports() as ports:
        ports.need(config.HOST, config.PORT, "PORT")
    sys.exit(serving.run(config, workers, threads))


@cli.command()
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
def worker(processes: int) -> None:
    """Deliver posts that are due."""
    from app import counting

    logs.setup()
    counting.share(Config.from_env().INSTANCE_DIR / "metrics")
    if processes > 1:
        from app.jobs import workers

        sys.exit(workers.run(processes))
    from app.jobs import worker as part

    sys.exit(part.run())


@cli.command()
def clock() -> None:
    """Look for due work every second; any number may run, extra ones share it safely."""
    from app import counting

    logs.setup()
    counting.share(Config.from_env().INSTANCE_DIR / "metrics")
    from app.jobs import clock as part

    sys.exit(part.run())


@cli.command()
def sandbox() -> None:
    """Play the networks on SANDBOX_PORT; its feed is a page at /."""
    from app import claimed
    from app.sandbox import serve

    logs.setup()
    config = Config.from_env()
    with claimed.ports() as ports:
        ports.need("127.0.0.1", config.SANDBOX_PORT, "SANDBOX_PORT")
    config.INSTANCE_DIR.mkdir(parents=True, exist_ok=True)
    sys.exit(serve.run(config.SANDBOX_PORT, config.INSTANCE_DIR / "sandbox.db"))


@cli.command()
def mcp() -> None:
    """Speak MCP on stdin and stdout, for an agent on this machine.

    Passes each message on to APP_URL with the key in CARILLON_API_KEY; needs no database.
    """
    from app.integrations import agents

    found = os.environ.get("CARILLON_API_KEY", "").strip()
    if not found:
        raise WrongSetting("Put an API key into CARILLON_API_KEY.")
    agents.speak(app_url(), found, sys.stdin, sys.stdout)


@cli.command()
def migrate() -> None:
    """Bring the database's schema up to date. Safe from several machines at once."""
    logs.setup()
    with application() as app:
        upgrade(app)


@cli.command()
@click.option("--first", is_flag=True, help="Only into an installation without people.")
def demo(first: bool) -> None:
    """Make demo data and print its log-in as JSON."""
    logs.setup()
    with application():
        from app.services import demo as part

        click.echo(json.dumps({} if first and _in_use(part.EMAIL) else part.seed(), default=str))


@cli.group()
def user() -> None:
    """People."""


@user.command("create")
@click.option("--email", required=True)
@click.option("--password", required=True)
@click.option("--name", default="", help="Shown to others; else the e-mail's first part.")
@click.option("--time-zone", default="UTC", show_default=True, help="Such as Europe/London.")
@click.option("--admin", is_flag=True, help="May run the installation (/admin).")
def user_create(email: str, password: str, name: str, time_zone: str, admin: bool) -> None:
    """Make a person with a brand; the e-mail address counts as verified. Prints JSON."""
    logs.setup()
    with application():
        from app.services import people

        made = people.create_user(email, password, name, admin, time_zone)
        click.echo(json.dumps(made, default=str))


@cli.group(invoke_without_command=True)
@click.pass_context
def doctor(context: click.Context) -> None:
    """Say in words what is wrong here; exit code 1 where something is."""
    if context.invoked_subcommand is not None:
        return
    logs.setup()
    with application():
        from app import prescriptions

        sys.exit(prescriptions.installation(click.echo))


@doctor.command("network")
@click.argument("name")
@click.option("--ask/--no-ask", default=True, help="Ask the network whether it knows the keys.")
def doctor_network(name: str, ask: bool) -> None:
    """One network: redirect address, keys, permissions, and what it is known to refuse."""
    logs.setup()
    with application():
        from app import prescriptions

        sys.exit(prescriptions.network(name, click.echo, ask=ask))


@cli.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--email", required=True, help="Whose key it is: it can do what they can.")
@click.option(
    "--kind",
    type=click.Choice(["account", "profile"]),
    required=True,
    help="For all their brands (amp_live_…), or for one (ak_…).",
)
@click.option("--profile", default="", help="The brand's id; else the person's first one.")
@click.option("--name", default="Command line", show_default=True)
@click.option(
    "--publishing",
    default="may_publish",
    show_default=True,
    type=click.Choice(["draft_only", "needs_confirmation", "may_publish"]),
    help="How far it may go without a person.",
)
@click.option("--notice", type=int, default=0, help="Minutes ahead, at least, for every post.")
@click.option("--posts-a-day", type=int, default=None, help="How many it may put on the clock.")
def key_create(
    email: str,
    kind: str,
    profile: str,
    name: str,
    publishing: str,
    notice: int,
    posts_a_day: int | None,
) -> None:
    """Make a key and print it as JSON. It is shown this once."""
    logs.setup()
    with application():
        from app.models.keys import KeyMode
        from app.services import keys
        from app.services.seat_belt import Belt

        belt = Belt(KeyMode(publishing), notice, posts_a_day)
        click.echo(json.dumps(keys.create_for(email, kind, profile, name, belt), default=str))


@cli.command()
@click.argument("account")
@click.option("--off", is_flag=True, help="Take it back.")
def partner(account: str, off: bool) -> None:
    """Let ACCOUNT (001 and 12 digits) make integrations where the installation bills."""
    logs.setup()
    with application():
        from app.services import integrations

        name = integrations.partner(account, yes=not off)
        click.echo(f"{name} is {'no longer' if off else 'now'} a partner.")


@cli.group()
def engine() -> None:
    """The publishing engine's switch."""


@engine.command("pause")
def engine_pause() -> None:
    """Start no delivery until resumed; what is under way finishes."""
    _switch("pause")


@engine.command("resume")
def engine_resume() -> None:
    """Deliver again; what became late follows each profile's late policy."""
    _switch("resume")


@engine.command("status")
def engine_status() -> None:
    """Whether the engine delivers, as JSON."""
    _switch("status")


def _switch(action: str) -> None:
    logs.setup()
    with application():
        from app.publishing import switch

        click.echo(json.dumps(getattr(switch, action)(), default=str))


@contextmanager
def application() -> Iterator[Flask]:
    """The application with its context: Flask's own command line has it already."""
    from flask import current_app, has_app_context

    if has_app_context():
        yield current_app._get_current_object()  # type: ignore[attr-defined]
        return
    from app import create_app

    app = create_app(serving=False)
    with app.app_context():
        yield app


def upgrade(app: Flask) -> None:
    """Migrate to the newest schema; only one process at a time does, the others wait."""
    from flask_migrate import upgrade as alembic
    from sqlalchemy import text

    from app.extensions import db

    if db.engine.dialect.name != "postgresql":
        import fcntl

        with (app.config["CARILLON"].INSTANCE_DIR / "migrate.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            alembic()
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET lock_timeout = 0"))  # another machine may take a while
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            alembic()
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.invalidate()  # its settings were for this alone


def _in_use(demo_email: str) -> bool:
    """Whether people live here but the demo's do not; half-made demo data may be finished."""
    from sqlalchemy import select

    from app.extensions import db
    from app.models.people import User

    anybody = db.session.scalar(select(User.id).limit(1))
    known = db.session.scalar(select(User.id).where(User.email_key == demo_email.lower()))
    return anybody is not None and known is None


def init_app(app: Flask) -> None:
    """Offer the same commands under ``flask``."""
    for command in cli.commands.values():
        app.cli.add_command(command)


def main() -> None:
    """The entry point of the ``carillon`` script."""
    cli(prog_name="carillon")


if __name__ == "__main__":
    main()
