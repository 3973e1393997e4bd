"""From any thread to the loops of the sockets."""

import asyncio
import threading

from ephemeral_tasks import signals
from ephemeral_tasks.web import push


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts how often another thread has woken it."""

    def __init__(self):
        super().__init__()
        self.woken = 0

    def call_soon_threadsafe(self, callback, *arguments, context=None):
        """Wake the loop."""
        self.woken += 1
        return super().call_soon_threadsafe(callback, *arguments, context=context)


class Listener:
    """A socket that counts."""

    def __init__(self):
        self.wakes, self.codes = 0, []
        self.has_ended = asyncio.Event()

    def wake(self):
        """Count a change."""
        self.wakes += 1

    def end(self, code):
        """Keep the code."""
        self.codes.append(code)
        self.has_ended.set()


def test_a_burst_wakes_the_loop_once():
    """However many changes it has: they are delivered together."""
    loop = CountingLoop()

    async def burst():
        listener = Listener()
        unsubscribe = push.subscribe("owner", listener)
        before = loop.woken
        for _ in range(100):  # the loop gets no turn meanwhile
            signals.send_changed("owner")
        woken = loop.woken - before
        push.close_owner("owner", 4409)
        await listener.has_ended.wait()
        unsubscribe()
        return woken, listener.wakes, listener.codes

    try:
        assert loop.run_until_complete(burst()) == (1, 100, [4409])
    finally:
        loop.close()


def test_every_burst_wakes_the_loop():
    """The next one is not lost behind the first."""
    loop = CountingLoop()

    async def two_bursts():
        listener = Listener()
        unsubscribe = push.subscribe("owner", listener)
        before = loop.woken
        for code in (1, 2):
            listener.has_ended.clear()
            threading.Thread(target=push.close_owner, args=("owner", code)).start()
            await listener.has_ended.wait()
        unsubscribe()
        return loop.woken - before, listener.codes

    try:
        assert loop.run_until_complete(two_bursts()) == (2, [1, 2])
    finally:
        loop.close()


async def test_only_the_owners_sockets_are_closed():
    """By its key, in every loop of this process."""
    mine, another = Listener(), Listener()
    ends = [push.subscribe("mine", mine), push.subscribe("another", another)]

    push.close_owner("mine", 4409)
    await mine.has_ended.wait()
    for end in ends:
        end()

    assert (mine.codes, another.codes) == ([4409], [])
