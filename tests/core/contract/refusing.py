"""What is not promised is refused, in words that name the way."""

import asyncio

import pytest

from tests.core.bodies import (
    echo,
    wait_for,
)


class Refusing:
    """What is not promised is refused, in words that name the way."""

    async def test_another_thread_is_refused(self, make):
        """The message names the two ways in."""
        work = make(echo)
        operation = work.submit_nowait(1)

        def elsewhere():
            for call in (
                lambda: work.submit_nowait(2),
                work.close,
                work.cancel_all,
                work.snapshots,
                operation.cancel,
                lambda: work.resize(2),
            ):
                with pytest.raises(RuntimeError, match="run_coroutine_threadsafe"):
                    call()

        await asyncio.to_thread(elsewhere)
        assert await operation == 1

    async def test_another_loop_is_refused(self, make, hold):
        """Awaiting an unfinished operation there, too; a finished one is free."""
        work = make(hold.body)
        operation = work.submit_nowait(1)

        def elsewhere():
            with pytest.raises(RuntimeError, match="belongs to another event loop"):
                asyncio.run(work.drain())
            with pytest.raises(RuntimeError, match="belongs to another event loop"):
                asyncio.run(wait_for(operation))

        await asyncio.to_thread(elsewhere)
        hold.open()
        await operation
        await asyncio.to_thread(asyncio.run, wait_for(operation))

    def test_a_loop_must_run(self, kind):
        """The message names the class."""
        with pytest.raises(RuntimeError, match="inside a running event loop"):
            kind(echo, limit=1)

    @pytest.mark.parametrize("body", [None, len, lambda item: item], ids=repr)
    async def test_a_body_must_be_a_coroutine_function(self, make, body):
        """A plain function would block the loop."""
        with pytest.raises(TypeError, match="body must be a coroutine function, got"):
            make(body)

    async def test_an_object_with_an_async_call_is_a_body(self, make):
        """And so is a bound method, or a partial."""

        class Body:
            async def __call__(self, item):
                return item

        assert await make(Body()).submit_nowait(1) == 1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"limit": 0}, "limit must be >= 1, got 0"),
            ({"capacity": -1}, "capacity must be >= 0, got -1"),
            ({"history": -1}, "history must be >= 0, got -1"),
            ({"echoes": -1}, "echoes must be >= 0, got -1"),
            ({"max_attempts": 0}, "max_attempts must be >= 1, got 0"),
            ({"timeout": 0}, "timeout must be > 0, got 0"),
            ({"max_age": float("nan")}, "max_age must be > 0, got nan"),
        ],
        ids=str,
    )
    async def test_a_bound_out_of_range_is_refused(self, make, options, message):
        """The argument, the rule and what came."""
        with pytest.raises(ValueError, match=message):
            make(echo, **options)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"limit": 1.5}, "limit must be an int, got 1.5"),
            ({"limit": True}, "limit must be an int, got True"),
            ({"timeout": "5"}, "timeout must be a number of seconds or None, got '5'"),
            ({"backoff": 3}, "backoff must be callable, got 3"),
            ({"retry_on": ValueError}, "retry_on must be a tuple of exception classes"),
        ],
        ids=str,
    )
    async def test_an_argument_of_the_wrong_kind_is_refused(
        self, make, options, message
    ):
        """The argument, the rule and what came."""
        with pytest.raises(TypeError, match=message):
            make(echo, **options)
