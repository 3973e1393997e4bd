"""Sockets and polls under real servers: P5, P6, a socket's part of P7 and of P11."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from html import unescape
from statistics import quantiles

from websockets.asyncio.client import ClientConnection

from benchmarks.bodies import PAUSE_SECONDS, WORD_SECONDS
from benchmarks.measure import Compared, Cost, Figure, alternate, main
from benchmarks.served import COMMANDS, Served, Visitor, serve, set_up

_TOLD_AT = re.compile(r"at (\d+\.\d+)")
_OUR_SOCKET = "/ws/tasks/"


# -- P5 --------------------------------------------------------------------------------


def pushing(is_quick: bool) -> Iterator[Figure]:
    """P5: from a change in the pool to the frame in the client; and to all of them."""
    count = 20 if is_quick else 1_000
    for server in COMMANDS:
        with serve(server) as served:
            delays = asyncio.run(_delays(served, count, 3 if is_quick else 30))
            cuts = quantiles(delays, n=100)
            for part, value, target in (
                ("p50", cuts[49], 5.0),
                ("p99", cuts[98], 25.0),
            ):
                yield Figure(
                    measure="P5",
                    what=f"{server}: change to frame, {count:,} sockets, {part}",
                    value=1000 * value,
                    unit="ms",
                    target=target,
                    details={"frames": len(delays)},
                )
            compared = asyncio.run(_broadcasts(served, count, 1 if is_quick else 5))
        ratio = compared.ratio("layer", "registry")
        yield Figure(
            measure="P5",
            what=f"{server}: one frame to {count:,} sockets, "
            "in-memory channel layer / registry",
            value=ratio.wall,
            cpu=ratio.cpu,
            target=10.0,
            is_floor=True,
            details=compared.microseconds(),
        )


async def _delays(served: Served, count: int, ticks: int) -> list[float]:
    """Return the seconds from each change of ten owners to its frame."""
    visitors = [served.visitor() for _ in range(count)]
    busy = min(10, count)
    async with served.sockets(_OUR_SOCKET, visitors) as sockets:
        await asyncio.gather(*(socket.recv() for socket in sockets))  # the first table
        for number, visitor in enumerate(visitors[:busy]):
            # Past the frames of the submission itself, and not all at once.
            delay = 1 + PAUSE_SECONDS * number / busy
            await asyncio.to_thread(
                served.get, f"/tick/{visitor.owner}/{ticks}/?delay={delay}"
            )
        found = await asyncio.gather(
            *(_delays_of(socket, ticks) for socket in sockets[:busy])
        )
    return [delay for delays in found for delay in delays]


async def _delays_of(socket: ClientConnection, count: int) -> list[float]:
    """Return the delays until the operation has ended; a change may be passed over."""
    delays: dict[str, float] = {}
    frame = ""
    async with asyncio.timeout(30 + 2 * count * PAUSE_SECONDS):
        while "is-successful" not in frame:
            frame = str(await socket.recv())
            now = time.monotonic()
            if (match := _TOLD_AT.search(frame)) is not None:
                delays.setdefault(match[1], now - float(match[1]))
    return [*delays.values()]


async def _broadcasts(served: Served, count: int, rounds: int) -> Compared:
    visitors = [served.visitor()] * count
    async with (
        served.sockets("/registry/", visitors) as one,
        served.sockets("/layer/", visitors) as other,
    ):
        drains = [asyncio.create_task(_drain(socket)) for socket in (*one, *other)]

        def told(how: str) -> Cost:
            took = served.get(f"/told/{how}/")
            if took["sockets"] != count:
                raise RuntimeError(f"{took['sockets']} of {count} sockets are open")
            return Cost(wall=took["wall"], cpu=took["cpu"])

        compared = await asyncio.to_thread(
            alternate,
            rounds,
            registry=lambda: told("registry"),
            layer=lambda: told("layer"),
        )
        for drain in drains:
            drain.cancel()
    return compared


async def _drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


# -- P6 --------------------------------------------------------------------------------


def polling(is_quick: bool) -> Iterator[Figure]:
    """P6: a poll of five rows beside a view that does nothing.

    And one that brings the version shown, beside a view that reads the session.
    """
    for server in COMMANDS:
        for sessions in ("db", "signed_cookies"):
            with serve(server, sessions) as served:
                compared = _polls(served, is_quick=is_quick)
            for floor, target in (("empty", 0.75), ("visitor", None)):
                ratio = compared.ratio(floor, "poll")
                yield Figure(
                    measure="P6",
                    what=f"{server}, {sessions} sessions: polls a second / "
                    f"{_FLOORS[floor]}",
                    value=ratio.wall,
                    cpu=ratio.cpu,
                    target=target,
                    is_floor=True,
                    details=compared.microseconds(),
                )
            ratio = compared.ratio("unchanged", "visitor")
            yield Figure(
                measure="P6",
                what=f"{server}, {sessions} sessions: a poll that brings the version "
                f"shown / {_FLOORS['visitor']}",
                value=ratio.wall,
                cpu=ratio.cpu,
                target=1.2,
                details=compared.microseconds(),
            )


_FLOORS = {
    "empty": "an empty view",
    "visitor": "a view that only reads the session",
}


def _polls(served: Served, *, is_quick: bool) -> Compared:
    visitor = served.visitor()
    served.get(f"/hold/{visitor.owner}/")
    fragment = asyncio.run(served.fragment("/tasks/", visitor))
    if fragment.count(b"<tr ") != 5:
        raise RuntimeError("the poll does not show five rows")
    # Its table has not changed since: the five run on.
    unchanged = unescape(fragment.decode().partition('hx-get="')[2].partition('"')[0])
    seconds = 0.2 if is_quick else 1.5

    def asked(path: str) -> Cost:
        return asyncio.run(served.requests(path, visitor, seconds=seconds))

    return alternate(
        1 if is_quick else 7,
        poll=lambda: asked("/tasks/"),
        unchanged=lambda: asked(unchanged),
        empty=lambda: asked("/empty/"),
        visitor=lambda: asked("/visitor/"),
    )


# -- P7 --------------------------------------------------------------------------------


def sockets(is_quick: bool) -> Iterator[Figure]:
    """P7: what an idle socket adds to the server's memory."""
    count = 20 if is_quick else 1_000
    for server in COMMANDS:
        for compression, target in ((None, 32.0), ("deflate", None)):
            with serve(server) as served:
                size = asyncio.run(_resident_per_socket(served, count, compression))
            yield Figure(
                measure="P7",
                what=f"{server}: an idle socket"
                + (", compression offered as browsers do" if compression else ""),
                value=size / 1024,
                unit="KiB",
                target=target,
            )


async def _resident_per_socket(
    served: Served, count: int, compression: str | None
) -> float:
    visitors = [served.visitor() for _ in range(count)]
    await _opened(served, visitors[:20], compression)  # what the first ones load
    before, after = await _opened(served, visitors, compression)
    return (after - before) / count


async def _opened(
    served: Served, visitors: Sequence[Visitor], compression: str | None
) -> tuple[int, int]:
    """Return the server's resident bytes before and with these sockets."""
    before = await asyncio.to_thread(served.get, "/usage/")
    async with served.sockets(
        _OUR_SOCKET, [*visitors], compression=compression
    ) as opened:
        await asyncio.gather(*(socket.recv() for socket in opened))
        await asyncio.sleep(1)
        after = await asyncio.to_thread(served.get, "/usage/")
    return before["resident"], after["resident"]


# -- P11 -------------------------------------------------------------------------------


def streaming(is_quick: bool) -> Iterator[Figure]:
    """P11: from a write to the text in the client that watches it; many at once."""
    count, words = (5, 20) if is_quick else (100, 200)
    for server in COMMANDS:
        with serve(server) as served:
            before = served.get("/usage/")["cpu"]
            delays = asyncio.run(_stream_delays(served, count, words))
            spent = served.get("/usage/")["cpu"] - before
        cuts = quantiles(delays, n=100)
        for part, value, target in (("p50", cuts[49], 100.0), ("p99", cuts[98], None)):
            yield Figure(
                measure="P11",
                what=f"{server}: write to text in the client, {count} streams of "
                f"{1 / WORD_SECONDS:.0f} words a second, {part}",
                value=1000 * value,
                unit="ms",
                target=target,
                details={"writes": len(delays), "cpu_seconds": spent},
            )


async def _stream_delays(served: Served, count: int, words: int) -> list[float]:
    """Return the seconds from each write to its text."""
    visitors = [served.visitor() for _ in range(count)]
    async with served.sockets(_OUR_SOCKET, visitors) as sockets:
        await asyncio.gather(*(socket.recv() for socket in sockets))
        ids = []
        for number, visitor in enumerate(visitors):
            delay = 2 + WORD_SECONDS * number / count  # not all at once
            path = f"/stream/{visitor.owner}/{words}/?delay={delay}"
            ids.append((await asyncio.to_thread(served.get, path))["id"])
        found = await asyncio.gather(*map(_read_stream, sockets, ids))
    return [delay for delays in found for delay in delays]


async def _read_stream(socket: ClientConnection, id: str) -> list[float]:
    """Return the delay of each time in the output, until its end."""
    await socket.send(json.dumps({"type": "watch", "id": id}))
    delays: list[float] = []
    async for frame in socket:
        now = time.monotonic()
        if not str(frame).startswith("{"):
            continue  # the row's
        message = json.loads(frame)
        delays += [now - float(at) for at in _TOLD_AT.findall(message["text"])]
        if message["is_finished"] and not message["text"]:
            break
    return delays


if __name__ == "__main__":
    with set_up():
        main({"P5": pushing, "P6": polling, "P7": sockets, "P11": streaming})
