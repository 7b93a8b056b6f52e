"""Prints every figure with its floor and the ratio; nothing here fails on a slow machine."""

from __future__ import annotations

import argparse

from tests.bench import api, history, throughput


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("what", nargs="*", choices=["throughput", "history", "api"], default=[])
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    wanted = asked.what or ["throughput", "history", "api"]
    if "throughput" in wanted:
        throughput.run(asked.posts)
    if "history" in wanted:
        history.run(asked.rows)
    if "api" in wanted:
        api.run(asked.rows)


if __name__ == "__main__":
    main()
