"""The floor: the same HTTP calls from 32 threads, with no database and no promises.

``python -m tests.bench.floor URL COUNT ACCOUNTS`` prints the seconds it took.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx

THREADS = 32


def main() -> None:
    url, count, accounts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    limits = httpx.Limits(max_connections=THREADS, max_keepalive_connections=THREADS)
    with httpx.Client(limits=limits, timeout=60) as http:

        def post(number: int) -> None:
            answer = http.post(
                f"{url}/api/v1/statuses",
                headers={
                    "Authorization": f"Bearer sandbox-bench{number % accounts}",
                    "Idempotency-Key": f"floor-{number}",
                },
                data={"status": f"Floor number {number}", "visibility": "public"},
            )
            answer.raise_for_status()

        began = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(post, range(count)))
        print(time.monotonic() - began)


if __name__ == "__main__":
    main()
