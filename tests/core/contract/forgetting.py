"""Nothing of ours keeps what nobody refers to."""

import asyncio
import gc
import weakref

import pytest

from ephemeral_tasks.core import OperationCancelled
from tests.core.bodies import (
    complaints,
    echo,
    sizes,
)


class Forgetting:
    """Nothing of ours keeps what nobody refers to."""

    @pytest.mark.parametrize("ending", ["successful", "failed", "cancelled"])
    async def test_what_nobody_refers_to_is_gone_at_once(
        self, make, hold, settle, ending
    ):
        """No reference cycles: items and values die without a collection."""

        class Content:
            pass

        async def body(item):
            if ending == "failed":
                raise ValueError
            if ending == "cancelled":
                await hold.body("held")
            return Content()

        async def run(work):
            item = Content()
            operation = work.submit_nowait(item)
            dying = [weakref.ref(item)]
            del item
            await settle()
            if ending == "cancelled":
                operation.cancel()
            try:
                dying.append(weakref.ref(await operation))
            except (ValueError, OperationCancelled):
                operation = None
            return dying

        work = make(body, **self.by_identity)
        gc.collect()
        gc.disable()
        try:
            dying = await run(work)
            await settle()
            assert [reference() for reference in dying] == [None] * len(dying)
        finally:
            gc.enable()

    async def test_thousands_of_operations_leave_nothing(self, make, caplog):
        """No container grows with the work; the million is in benchmarks/core.py.

        asyncio's debug mode keeps a stack for each task: a tenth is run there.
        """
        work = make(echo, limit=50, capacity=100, history=10, echoes=10)
        for item in range(500):
            await work.submit(item)
        before = sizes(work)
        is_slow = asyncio.get_running_loop().get_debug()
        for item in range(2_000 if is_slow else 20_000):
            await work.submit(item % 1000)
        await work.drain()
        gc.collect()

        after = sizes(work)
        assert all(after[name] <= max(before[name], 100) for name in after), after
        assert complaints(caplog) == []
