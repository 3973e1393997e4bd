"""What tests of the app layer share."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest

from ephemeral_tasks import pool, signals
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.testing import Hold, drain


@pytest.fixture
def make_owner() -> Callable[[], str]:
    """Makes owner keys that nobody else has."""
    return lambda: uuid.uuid4().hex


@pytest.fixture
def make_hold() -> Iterator[Callable[[], Hold]]:
    """Makes holds that are open at the test's end, when everything has ended."""
    made: list[Hold] = []

    def make() -> Hold:
        made.append(Hold())
        return made[-1]

    yield make
    for hold in made:
        hold.open()
    drain()


@pytest.fixture
def hold(make_hold) -> Hold:
    """A hold that is open at the test's end."""
    return make_hold()


class Nudges:
    """Records the calls of a listener, and waits for the changes that they announce."""

    def __init__(self) -> None:
        self._called = threading.Condition()
        self.changed: list[str] = []
        self.ended: list[str] = []

    def on_changed(self, owner: str) -> None:
        with self._called:
            self.changed.append(owner)
            self._called.notify_all()

    def on_ended(self, owner: str) -> None:
        with self._called:
            self.ended.append(owner)
            self._called.notify_all()

    def until(self, is_so: Callable[[], object]) -> None:
        """Wait until it is so; asked again at each nudge."""
        with self._called:
            assert self._called.wait_for(is_so, PATIENCE_SECONDS), "it never was so"


@pytest.fixture
def nudges() -> Iterator[Nudges]:
    """The calls of a listener during this test."""
    nudges = Nudges()
    disconnect = signals.connect(changed=nudges.on_changed, ended=nudges.on_ended)
    yield nudges
    disconnect()


def on_loop(function: Callable[[], object]) -> object:
    """Call a function on the pool's loop, after all that was posted before."""
    answer: list[object] = []
    is_done = threading.Event()

    def call() -> None:
        answer.append(function())
        is_done.set()

    pool.get().loop.post(call)
    assert is_done.wait(PATIENCE_SECONDS)
    return answer[0]


def settle(turns: int = 20) -> None:
    """Let the pool's loop do what is due now."""

    async def turn() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    on_loop(lambda: None)
    loop = pool.get().loop.loop
    asyncio.run_coroutine_threadsafe(turn(), loop).result(PATIENCE_SECONDS)
