"""``carillon doctor``, as an operator meets it."""

from __future__ import annotations

from tests.cli.test_commands import Carillon, carillon  # noqa: F401


def test_a_network_is_told_in_words_under_both_names(carillon: Carillon) -> None:  # noqa: F811
    for flask in (False, True):
        done = carillon("doctor", "network", "x", "--no-ask", flask=flask)
        assert done.returncode == 0, done.stderr
        assert "/oauth/twitter/callback" in done.stdout
        assert "X_CLIENT_ID" in done.stdout and "sandbox-twitter-secret" not in done.stdout


def test_wrong_keys_end_with_one(carillon: Carillon) -> None:  # noqa: F811
    done = carillon("doctor", "network", "facebook", FACEBOOK_CLIENT_ID="your_app_id",
                    FACEBOOK_CLIENT_SECRET="undefined")  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.count("WRONG") == 3 - 1 and "Not asked" in done.stdout
    assert "your_app_id" not in done.stdout


def test_a_network_nobody_knows_is_one_sentence(carillon: Carillon) -> None:  # noqa: F811
    done = carillon("doctor", "network", "myspace")
    assert done.returncode == 1 and done.stderr.startswith("Error: There is no network")


def test_the_whole_installation(carillon: Carillon) -> None:  # noqa: F811
    done = carillon("doctor", REDDIT_CLIENT_ID="<id>", REDDIT_CLIENT_SECRET="abcdefghijkl")
    assert done.returncode == 1  # no clock has run, and the key is an example's text
    assert "database   ok" in done.stdout and "REDDIT_CLIENT_ID" in done.stdout
