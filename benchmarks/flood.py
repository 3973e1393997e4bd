"""Submissions without a session, all at once, and a visitor who comes after them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import product

from benchmarks.measure import Figure, main
from benchmarks.served import COMMANDS, Served, serve, set_up

RUNNING, SECONDS = 4, 0.5  # slots, and how long each task of the flood takes one
SECRET = "a" * 32  # of the CSRF cookie, which anybody may make
CONNECTIONS = 16
FLOODER, HONEST = "127.0.0.2", "127.0.0.3"  # addresses, as the server sees them
CLIENTS = {
    "without CLIENT_OF": {},
    "with CLIENT_OF": {"BENCHMARK_CLIENT_OF": "benchmarks.site.clients.address_of"},
}


def flooding(is_quick: bool) -> Iterator[Figure]:
    """An honest visitor's first task, after a flood of others' first tasks."""
    counts = (40,) if is_quick else (500, 1_000)
    waiting = 10 if is_quick else 400
    small = {"BENCHMARK_RUNNING": str(RUNNING), "BENCHMARK_WAITING": str(waiting)}
    servers = [*filter(find_spec, COMMANDS)]
    pair = partial(zip, strict=False) if is_quick else product
    for (server, how), count in product(pair(servers, CLIENTS), counts):
        with serve(server, **small, **CLIENTS[how]) as served:
            yield asyncio.run(_flood(served, count, how))


async def _flood(served: Served, count: int, how: str) -> Figure:
    await asyncio.to_thread(_submit, served, 0, HONEST)  # what the first one loads
    before = await asyncio.to_thread(served.get, "/usage/")
    begin = time.perf_counter()
    gate = asyncio.Semaphore(CONNECTIONS)

    async def submit() -> int:
        async with gate:
            return (await asyncio.to_thread(_submit, served, SECONDS, FLOODER))[0]

    statuses = Counter(await asyncio.gather(*(submit() for _ in range(count))))
    took = time.perf_counter() - begin
    tries, started_after = await asyncio.to_thread(_be_honest, served)
    after = await asyncio.to_thread(served.get, "/usage/")
    return Figure(
        measure="flood",
        what=f"{served.server} {how}: {count:,} first submissions of {SECONDS:g} s "
        "from one address: start of the next visitor's task after",
        value=started_after,
        unit="s",
        details={
            "accepted": statuses[202],
            "refused": statuses[429] + statuses[503],
            "other": count - statuses[202] - statuses[429] - statuses[503],
            "next visitor's tries": tries,
            "flood s": took,
            "MiB before": before["resident"] / 2**20,
            "MiB after": after["resident"] / 2**20,
        },
    )


def _be_honest(served: Served) -> tuple[int, float]:
    """Submit as a new visitor who obeys ``Retry-After``.

    Returns:
        How many tries it took, and after how many seconds the task had started.
    """
    begin, tries = time.perf_counter(), 1
    while (answer := _submit(served, 0, HONEST))[0] != 202:
        time.sleep(float(answer[1]["retry-after"]))
        tries += 1
    _, headers, cookie = answer
    path = headers["location"]
    while _ask(served, "GET", path, cookie)[3]["started_at"] is None:
        time.sleep(0.01)
    return tries, time.perf_counter() - begin


def _submit(
    served: Served, seconds: float, address: str
) -> tuple[int, dict[str, str], str]:
    """Submit on a connection of its own, from this address, without a session."""
    path, body = "/tasks/start/work/", f"seconds={seconds}"
    status, headers, cookie, _ = _ask(served, "POST", path, "", body, address)
    return status, headers, cookie


def _ask(
    served: Served,
    method: str,
    path: str,
    cookie: str,
    body: str = "",
    address: str = HONEST,
) -> tuple[int, dict[str, str], str, dict[str, object]]:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"csrftoken={SECRET}; {cookie}",
        "X-CSRFToken": SECRET,
    }
    connection = HTTPConnection(
        "127.0.0.1", served.port, timeout=60, source_address=(address, 0)
    )
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    document = json.loads(response.read())
    connection.close()
    found = {name.lower(): value for name, value in response.getheaders()}
    session = found.get("set-cookie", "").partition(";")[0]
    return response.status, found, session, document


if __name__ == "__main__":
    with set_up():
        main({"flood": flooding})
