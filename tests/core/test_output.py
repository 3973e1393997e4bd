"""The buffer of an output: places, blocks, waiters."""

import asyncio
import contextlib
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral_tasks.core import for_each, map_each, write
from ephemeral_tasks.core.output import OutputBuffer

PIECES = st.lists(st.text(st.characters(), max_size=30), max_size=60)
PLACES = st.lists(st.integers(0, 900), max_size=40)


def encodable(text):
    """Return what a reader can get of a text."""
    return text.encode(errors="replace").decode()


def follow(buffer, limits):
    """Read to the end, at most so many characters at once in turn."""
    text, place = "", 0
    while place < buffer.size:
        limit = limits[len(text) % len(limits)]
        piece, start, _ = buffer.read(place, 1, limit)
        assert start == place
        text, place = text + piece, place + len(piece)
    return text


@given(PIECES, PLACES, st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_every_slice_is_what_was_written(pieces, places, limits):
    """From any place on, with any limit, before and after pieces became blocks."""
    buffer = OutputBuffer(1)
    for piece in pieces * 20:
        buffer.add(1, encodable(piece))
    whole = encodable("".join(map(encodable, pieces * 20)))

    assert buffer.size == len(whole)
    assert follow(buffer, limits) == whole
    for place in places:
        start = min(place, len(whole))
        assert buffer.read(place, 1, None) == (whole[start:], start, 1)
        assert buffer.read(place, 1, 7) == (whole[start : start + 7], start, 1)
    assert buffer.whole() == whole
    assert follow(buffer, limits) == whole


def test_a_hundred_thousand_pieces_take_little_more_than_their_text():
    """They are joined as they come."""
    import tracemalloc

    tracemalloc.start()
    buffer = OutputBuffer(1)
    for number in range(100_000):
        buffer.add(1, f"{number % 10}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert buffer.size == 100_000
    assert kept < 2 * buffer.size


def test_pieces_of_many_threads_are_all_there():
    """None is lost or torn, and readers meanwhile see a beginning of the end."""
    buffer, gate = OutputBuffer(1), threading.Barrier(5)
    seen = []

    def write_some(letter):
        gate.wait()
        for number in range(2000):
            buffer.add(1, f"{letter}{number},")

    def read_some():
        gate.wait()
        while not seen or not seen[-1].endswith("end"):
            seen.append(buffer.read(0, 1, None)[0])

    writers = [threading.Thread(target=write_some, args=(one,)) for one in "abcd"]
    reader = threading.Thread(target=read_some)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join(30)
    buffer.add(1, "end")
    reader.join(30)

    text = buffer.whole()
    assert all(text.startswith(one) for one in seen)
    pieces = text.removesuffix("end").removesuffix(",").split(",")
    for letter in "abcd":
        own = [piece for piece in pieces if piece[0] == letter]
        assert own == [f"{letter}{number}" for number in range(2000)]


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts how often other code wakes it."""

    woken = 0

    def call_soon_threadsafe(self, *args, **options):
        """Count."""
        self.woken += 1
        return super().call_soon_threadsafe(*args, **options)


def test_a_thousand_readers_are_woken_by_one_call():
    """The writer makes one call for each loop, and then none for a while."""
    buffer, before = OutputBuffer(1), time.monotonic()

    async def read():
        waiters = [buffer.add_waiter() for _ in range(1000)]
        for _ in range(100):
            buffer.add(1, "text")
        await asyncio.wait(waiters)

    with contextlib.closing(CountingLoop()) as loop:
        loop.run_until_complete(read())

    assert loop.woken == 1
    rested = time.monotonic() + buffer.rest_seconds()
    assert rested > before  # a while after the wake-up, however slow this machine is


async def test_a_waiter_that_went_away_is_forgotten():
    """Its loop with it."""
    buffer = OutputBuffer(1)
    waiter = buffer.add_waiter()
    waiter.cancel()

    buffer.remove_waiter(waiter)
    buffer.remove_waiter(waiter)

    assert buffer._waiters == {}


def test_a_loop_that_was_closed_stops_no_writer():
    """Its readers are gone with it."""
    buffer, loop = OutputBuffer(1), asyncio.new_event_loop()

    async def wait():
        buffer.add_waiter()

    loop.run_until_complete(wait())
    loop.close()

    assert buffer.add(1, "text")


@pytest.mark.parametrize("options", [{}, {"key": str}])
async def test_bodies_of_a_loop_write_into_the_operation_that_runs_it(
    make_work, options
):
    """For a loop inside an operation; elsewhere nobody could read it."""

    async def part(item):
        write(f"{item} ")

    async def body(item):
        await for_each([1, 2], part, limit=1, **options)
        async for _ in map_each([3, 4], part, limit=1):
            pass

    operation = make_work(body).submit_nowait("item")
    await operation
    await for_each([1], part, limit=1, **options)

    assert operation.output_nowait().text == "1 2 3 4 "
