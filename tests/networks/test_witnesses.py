"""Who bears witness of each network, and why some have fewer witnesses.

Two kinds: the network's own machine-readable description, held against what our client asks
(and, where it has them, what the sandbox answers); and somebody else's client, which the
sandbox serves for the calls that it shares with ours.
"""

from __future__ import annotations

import ast
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from app.networks import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
# Network → the test, and the package that carries the description or is made from it; a
# collection that no package carries is written down in the test itself.
DESCRIBED: dict[str, tuple[str, str]] = {
    "bluesky": ("tests/networks/test_bluesky_witness.py", "lexrpc"),
    "facebook": ("tests/networks/test_facebook_witness.py", "facebook-business"),
    "instagram": ("tests/networks/test_instagram_witness.py", "facebook-business"),
    "pinterest": ("tests/networks/test_pinterest_witness.py", "pinterestsdk"),
    "threads": ("tests/networks/test_threads_witness.py", ""),
    "twitter": ("tests/networks/test_x_witness.py", "xdk"),
    "youtube": ("tests/networks/test_youtube_witness.py", "google-api-python-client"),
}
NOT_DESCRIBED = {
    "linkedin": "There is no official description of the Posts, Images, Videos or Comments API; "
    "the official client is a transport that knows no call.",
    "mastodon": "The project documents its API in prose alone; descriptions of it are other "
    "people's readings of that prose.",
    "metricool": "The service publishes no description; its MCP server tells of its calls in "
    "prose and code.",
    "reddit": "Reddit documents its API in prose alone.",
    "tiktok": "TikTok describes its Business API, and not the Content Posting API that we call.",
}
CLIENTS: dict[str, tuple[str, str]] = {
    "bluesky": ("tests/sandbox/test_witness_atproto.py", "atproto"),
    "mastodon": ("tests/sandbox/test_witness_mastodon.py", "mastodon-py"),
    "reddit": ("tests/sandbox/test_witness_praw.py", "praw"),
    "twitter": ("tests/sandbox/test_witness_tweepy.py", "tweepy"),
    "youtube": ("tests/networks/test_youtube_witness.py", "google-api-python-client"),
}
NAMES = {"google-api-python-client": "googleapiclient", "facebook-business": "facebook_business",
         "mastodon-py": "mastodon"}  # fmt: skip
HELPERS = {"facebook_business": "witness_graph", "lexrpc": "witness_lexicon"}


def test_every_network_is_described_or_it_is_said_why_not() -> None:
    assert set(DESCRIBED) | set(NOT_DESCRIBED) == {*NETWORKS, "metricool"}
    assert not set(DESCRIBED) & set(NOT_DESCRIBED)
    assert all(len(why.split()) > 4 and why.endswith(".") for why in NOT_DESCRIBED.values())


@pytest.mark.parametrize("path, package", [*DESCRIBED.values(), *CLIENTS.values()])
def test_a_witness_is_heard(path: str, package: str) -> None:
    """Its test is there, uses it, and can fail: something in it has to be refused."""
    code = (ROOT / path).read_text(encoding="utf-8")
    assert [one for one in ast.parse(code).body if isinstance(one, ast.FunctionDef)
            and one.name.startswith("test_")]  # fmt: skip
    name = NAMES.get(package, package)
    assert re.search(rf"\b{HELPERS.get(name, name)}\b", code), f"{path} does not use {package}"
    assert "pytest.raises" in code or "pytest.fail" in code, f"{path} cannot say no"
    if package:
        assert version(package)  # raises where it is not installed
        assert f'"{package}~=' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
