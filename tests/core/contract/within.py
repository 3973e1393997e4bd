"""What a body may rely on."""

import asyncio

from ephemeral_tasks.core import current_operation, progress
from tests.core.bodies import (
    VARIABLE,
)


class Within:
    """What a body may rely on."""

    async def test_a_body_knows_its_operation(self, make, hold):
        """D2: id, attempt and key are the operation's."""
        seen = []

        async def body(item):
            here = current_operation()
            seen.append((here.id, here.attempt, here.key))

        operation = make(body).submit_nowait("item")
        await operation

        assert seen == [(operation.id, 1, operation.key)]

    async def test_progress_shows_in_the_next_snapshot(self, make, hold):
        """D2: a body reports, and the submitter sees."""

        async def body(item):
            progress(3, 10, "page 3")
            await hold.body(item)

        operation = make(body).submit_nowait(1)
        await hold.aentered(1)

        assert operation.snapshot().progress == (3, 10, "page 3")

    async def test_a_body_can_ask_whether_it_should_end(self, make, hold):
        """True from the moment it was told."""
        seen = []

        async def body(item):
            seen.append(current_operation().is_cancelled)
            try:
                await hold.body(item)
            finally:
                seen.append(current_operation().is_cancelled)

        operation = make(body).submit_nowait(1)
        await hold.aentered(1)
        operation.cancel()
        await asyncio.sleep(0)

        assert seen == [False, True]

    async def test_a_body_sees_its_submitters_variables(self, make):
        """As they were at the submission."""

        async def body(item):
            return VARIABLE.get()

        work = make(body)
        VARIABLE.set("then")
        operation = work.submit_nowait(1)
        VARIABLE.set("now")

        assert await operation == "then"

    async def test_what_a_body_sets_no_other_sees(self, make, clock):
        """Neither another operation nor its own next attempt."""
        seen = []

        async def body(item):
            seen.append(VARIABLE.get())
            VARIABLE.set("leaked")
            raise ValueError

        work = make(body, limit=1, max_attempts=2, backoff=lambda *_: 1, clock=clock)
        work.submit_nowait(1)
        work.submit_nowait(2)
        await clock.advance(5)

        assert seen == ["unset"] * 4
        assert VARIABLE.get() == "unset"
