"""The assembled application looks at itself: routes, migrations, wake-ups, commands."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import click
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from app import permissions
from app.cli import cli
from app.extensions import db

ROOT = Path(__file__).resolve().parents[2]


def test_every_route_says_who_may_use_it(installation: Flask) -> None:
    known = {"public", "signed_in", "operator", *(p.value for p in permissions.Permission)}
    guards = {
        str(rule): getattr(installation.view_functions[rule.endpoint], "guard", None)
        for rule in installation.url_map.iter_rules()
    }
    assert guards
    assert not {rule: guard for rule, guard in guards.items() if guard not in known}


def test_a_route_that_says_nothing_stops_the_start(installation: Flask) -> None:
    from app.web import guard

    app = Flask("bare")
    app.add_url_rule("/open", view_func=lambda: "")
    try:
        guard.check(app)
    except RuntimeError as error:
        assert "/open" in str(error)
    else:
        raise AssertionError("a route without a guard was let through")


def test_what_does_something_answers_to_post_alone(installation: Flask) -> None:
    """GET changes nothing (reliability §13); a page that asks first is a view of its own."""
    doing = re.compile(r"/(delete|cancel|retry|publish|logout|disconnect|pause|resume|discard)$")
    found = [
        str(rule)
        for rule in installation.url_map.iter_rules()
        if doing.search(str(rule)) and {"GET", "POST"} <= (rule.methods or set())
    ]
    assert not found


def test_the_migrations_have_one_head_and_make_what_the_models_say(app: Flask) -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    assert len(script.get_heads()) == 1
    with db.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_heads() == tuple(
            script.get_heads()
        )
    done = app.test_cli_runner().invoke(args=["db", "check"])
    assert done.exit_code == 0, done.output


def test_every_wake_up_names_a_job_and_a_queue_that_is_served() -> None:
    from app.jobs.worker import QUEUES

    served = {name for names in QUEUES for name in names}
    asked = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "wake"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                asked.add(str(node.args[0].value))
    assert asked
    for name in asked:
        queue, _, job = name.partition(".")
        assert queue in served, name
        assert callable(getattr(import_module(f"app.jobs.{queue}"), job)), name


def test_flask_offers_the_same_commands(installation: Flask) -> None:
    assert set(cli.commands) <= set(installation.cli.commands)


def test_every_command_says_what_it_does() -> None:
    def walk(command: click.Command, name: str) -> None:
        assert command.help, name
        for sub, inner in getattr(command, "commands", {}).items():
            walk(inner, f"{name} {sub}")

    walk(cli, "carillon")
