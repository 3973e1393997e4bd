"""What tests of the core build with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from ephemeral_tasks.core import Coordinator, KeyedCoordinator, WorkCoordinator
from ephemeral_tasks.core.testing import Hold, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@pytest.fixture
def make_hold() -> Callable[[], Hold]:
    """Make one more hold."""
    return Hold


@pytest.fixture
async def hold() -> Hold:
    """A body that stops until the test lets it go on."""
    return Hold()


@pytest.fixture
async def build() -> AsyncIterator[Callable[..., Any]]:
    """Call a coordinator's class, or its ``from_iterable``; end what it made."""
    made: list[Coordinator[Any, Any]] = []

    def make(kind: Callable[..., Any], *args: Any, **options: Any) -> Any:
        coordinator = kind(*args, **{"limit": 4, **options})
        made.append(coordinator)
        return coordinator

    yield make
    for coordinator in made:
        async with asyncio.timeout(10):
            await coordinator.aclose()


@pytest.fixture
def make_work(build) -> Callable[..., WorkCoordinator[Any, Any]]:
    """Make a WorkCoordinator with a limit of 4."""
    return partial(build, WorkCoordinator)


@pytest.fixture
def make_keyed(build) -> Callable[..., KeyedCoordinator[Any, Any]]:
    """Make a KeyedCoordinator with a limit of 4, whose keys are the items."""

    def make(body: Any, **options: Any) -> KeyedCoordinator[Any, Any]:
        return build(KeyedCoordinator, body, **{"key": lambda item: item, **options})

    return make


async def turns(count: int = 10) -> None:
    """Let the loop turn a few times: what is ready has then happened."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def settle() -> Callable[..., Any]:
    """Let the loop turn a few times, in which nothing may happen."""
    return turns


@pytest.fixture
async def stubborn():
    """A body that ignores cancellation until it is released."""
    hold = Hold(is_stubborn=True)
    yield hold
    hold.open()
