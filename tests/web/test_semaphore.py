"""A bound on what happens at once, whatever thread and loop it is on."""

import asyncio
import threading

import pytest

from ephemeral_tasks.web.semaphore import Semaphore

pytestmark = pytest.mark.timeout(20)


class Crowd:
    """Tasks that take a turn, note it, and hold it until they are let go."""

    def __init__(self, semaphore):
        self.semaphore = semaphore
        self.entered = []
        self.gates = {}

    async def hold(self, name):
        """Take a turn until the gate of this name opens."""
        gate = self.gates.setdefault(name, asyncio.Event())
        async with self.semaphore.hold():
            self.entered.append(name)
            await gate.wait()

    async def start(self, *names):
        """Start them in this order."""
        started = [asyncio.ensure_future(self.hold(name)) for name in names]
        await settle()
        return started


async def settle():
    """Whatever can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_few_at_once_and_the_others_in_order():
    """The third goes when one of the first two has gone."""
    crowd = Crowd(Semaphore(2))
    tasks = await crowd.start("a", "b", "c", "d")
    assert crowd.entered == ["a", "b"]

    crowd.gates["b"].set()
    await settle()
    assert crowd.entered == ["a", "b", "c"]

    for gate in crowd.gates.values():
        gate.set()
    await asyncio.gather(*tasks)
    assert crowd.entered == ["a", "b", "c", "d"]


async def test_an_error_gives_its_turn_back():
    """Whatever ends the block."""
    semaphore = Semaphore(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with semaphore.hold():
                raise ZeroDivisionError

    async with semaphore.hold():
        pass


async def test_who_is_cancelled_while_waiting_takes_no_turn():
    """Nor keeps one from the next."""
    crowd = Crowd(Semaphore(1))
    first, second, third = await crowd.start("a", "b", "c")

    second.cancel()
    await settle()
    for gate in crowd.gates.values():
        gate.set()
    await asyncio.gather(first, third)

    assert crowd.entered == ["a", "c"]


async def test_who_is_cancelled_as_the_turn_comes_passes_it_on():
    """It was given, and nobody was there to take it."""
    crowd = Crowd(Semaphore(1))
    async with crowd.semaphore.hold():
        second, third = await crowd.start("b", "c")

    second.cancel()  # the loop has had no turn since
    await settle()

    assert second.cancelled()
    assert crowd.entered == ["c"]
    crowd.gates["c"].set()
    await third


async def test_a_semaphore_is_shared_by_loops():
    """A server under WSGI has a loop for each request."""
    semaphore, inside, most = Semaphore(2), [], []
    lock = threading.Lock()

    async def work():
        async with semaphore.hold():
            with lock:
                inside.append(1)
                most.append(len(inside))
            await asyncio.to_thread(threading.Event().wait, 0.001)
            with lock:
                inside.pop()

    def in_a_loop():
        for _ in range(20):
            asyncio.run(work())

    threads = [threading.Thread(target=in_a_loop) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert len(most) == 120
    assert max(most) == 2
