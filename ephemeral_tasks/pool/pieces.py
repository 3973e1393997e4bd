"""Generators as tasks: each piece is written, the whole output is the result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from functools import partial
from typing import Any, Protocol, cast

from ..core.context import CURRENT

_TURN = 100  # pieces after which the loop gets its turn


class Writing(Protocol):
    """What a generator's runner needs of the body's context."""

    def write(self, text: str) -> None:
        """Append a text to the operation's output."""

    def whole_output(self) -> str:
        """Return all that was written."""


def as_function(function: Callable[..., Any], *, is_async: bool) -> Callable[..., Any]:
    """Return a function that runs a generator to its end and returns the output."""
    return partial(_awrite_each if is_async else _write_each, function)


def _write_each(
    function: Callable[..., Generator[str, None, object]], /, *args: Any, **kwargs: Any
) -> str:
    """Write what a generator yields; return the whole output.

    The generator is closed in any case, so that its clean-up runs in this thread.
    """
    context = _current()
    with closing(function(*args, **kwargs)) as pieces:
        for piece in pieces:
            context.write(piece)
    return context.whole_output()


async def _awrite_each(
    function: Callable[..., AsyncGenerator[str, None]], /, *args: Any, **kwargs: Any
) -> str:
    """Write what an async generator yields; return the whole output."""
    context, count = _current(), 0
    async with aclosing(function(*args, **kwargs)) as pieces:
        async for piece in pieces:
            context.write(piece)
            count += 1
            if count % _TURN == 0:  # it may never wait, and could not be cancelled
                await asyncio.sleep(0)
    return context.whole_output()


def _current() -> Writing:
    return cast("Writing", CURRENT.get())
