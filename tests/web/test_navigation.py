"""Where one can go from the shell."""

from __future__ import annotations

from dataclasses import replace

from flask import Flask

from app.web import navigation
from app.web.navigation import Entry, Shell
from tests.web import small


def keys(app: Flask, path: str = "/p/marram/calendar") -> list[str]:
    with app.test_request_context(path):
        return [way.entry.key for way in navigation.ways()]


def test_only_what_exists_is_shown() -> None:
    assert keys(small.make()) == ["calendar", "drafts", "connections", "settings"]


def test_a_page_that_comes_later_appears_by_itself_in_its_place() -> None:
    app = small.make()
    app.add_url_rule("/p/<brand>/analytics", "analytics.index", lambda brand: brand)
    assert keys(app) == ["calendar", "drafts", "analytics", "connections", "settings"]
    with app.test_request_context("/p/marram/calendar"):
        assert navigation.place("analytics.index") == "/p/marram/analytics"
        assert [way.entry.short for way in navigation.tab_bar()] == [
            "Calendar",
            "Drafts",
            "Results",
        ]


def test_the_operators_page_is_theirs_alone() -> None:
    for operator in (False, True):
        shell = replace(small.SHELL, user=replace(small.MAYA, operator=operator))
        app = small.make(shell)
        app.add_url_rule("/admin", "admin.index", lambda: "")
        assert ("admin" in keys(app)) is operator


def test_where_one_is_and_what_needs_a_person() -> None:
    with small.make().test_request_context("/p/marram/connections"):
        found = {way.entry.key: way for way in navigation.ways()}
    assert [key for key, way in found.items() if way.current] == ["connections"]
    assert found["connections"].count == navigation.Count(1, tone="alarm")
    assert found["calendar"].count is None


def test_another_brand_opens_in_the_same_section() -> None:
    app = small.make()
    with app.test_request_context("/p/marram/connections"):
        assert navigation.switch_to(small.LARKFIELD) == "/p/larkfield/connections"
    with app.test_request_context("/kit"):  # in no section
        assert navigation.switch_to(small.LARKFIELD) == "/p/larkfield/calendar"


def test_without_a_brand_there_is_nowhere_to_go_in_one() -> None:
    with small.make(Shell(user=small.MAYA)).test_request_context("/docs"):
        assert navigation.ways() == []
        assert navigation.place("docs.index") == "/docs"


def test_the_shell_is_built_once_and_only_for_those_who_look() -> None:
    app, built = small.make(), []

    def build() -> Shell:
        built.append(1)
        return small.SHELL

    navigation.use(app, build)
    client = app.test_client()
    client.get("/kit", headers={"HX-Request": "true"})
    assert built == []
    client.get("/kit")
    assert built == [1]


def test_the_shell_can_be_looked_at_anew_after_a_change() -> None:
    app = small.make()
    with app.test_request_context():
        assert navigation.current() is small.SHELL
        navigation.use(app, lambda: Shell())
        assert navigation.current() is small.SHELL
        navigation.forget()
        assert navigation.current() == Shell()


def test_a_theme_is_one_of_three() -> None:
    app = small.make()
    told = {"dark": "dark", "light": "light", '"><script>': "auto", "": "auto"}
    for cookie, theme in told.items():
        with app.test_request_context(headers={"Cookie": f"theme={cookie}"}):
            assert navigation.theme() == theme


def test_the_persons_own_theme_comes_before_the_browsers() -> None:
    shell = replace(small.SHELL, user=replace(small.MAYA, theme="light", shortcuts=False))
    client = small.make(shell).test_client()
    client.set_cookie("theme", "dark")
    page = client.get("/kit").text
    assert '<html lang="en-GB" data-theme="light" data-keys="off">' in page


def test_entries_are_told_apart_and_their_keys_too() -> None:
    entries: tuple[Entry, ...] = navigation.ENTRIES
    assert len({entry.key for entry in entries}) == len(entries)
    shortcuts = [entry.shortcut for entry in entries if entry.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)
