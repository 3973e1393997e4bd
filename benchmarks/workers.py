"""P12: polls a second of four workers with ``POOL = "machine"``, against one process.

python -m benchmarks.workers [polls] [--quick] [--json FILE]
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryDirectory

from benchmarks.measure import Cost, Figure, alternate, main
from benchmarks.served import Served, serve, set_up

WORKERS = 4
SESSIONS = "signed_cookies"  # to read them takes no turn of a database's


def polling(is_quick: bool) -> Iterator[Figure]:
    """P12: polls of five rows a second, four workers against one process."""
    seconds, rounds = (0.2, 1) if is_quick else (1.5, 5)
    machine = {"BENCHMARK_POOL": "machine"}
    many = ("--workers", str(WORKERS), "--timeout-worker-healthcheck", "60")
    with TemporaryDirectory() as folder:
        machine["BENCHMARK_POOL_DIR"] = folder
        with (
            serve("uvicorn", SESSIONS) as single,
            serve("uvicorn", SESSIONS, many, **machine) as several,
        ):
            compared = alternate(
                rounds,
                one=partial(_polls, single, seconds),
                four=partial(_polls, several, seconds),
            )
    yield Figure(
        measure="P12",
        what=f"polls a second, {WORKERS} uvicorn workers / one process",
        value=compared.ratio("one", "four").wall,
        details=compared.microseconds(),
    )


def _polls(served: Served, seconds: float) -> Cost:
    visitor = served.visitor()
    served.get(f"/hold/{visitor.owner}/")
    return asyncio.run(
        served.requests("/tasks/", visitor, seconds=seconds, connections=16)
    )


if __name__ == "__main__":
    with set_up():
        main({"polls": polling})
