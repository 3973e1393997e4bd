"""What a body writes, others read meanwhile and afterwards."""

import asyncio

import pytest

from ephemeral_tasks.core import OperationCancelled, current_operation, write


class Writing:
    """What a body writes, others read meanwhile and afterwards."""

    async def test_an_output_is_read_while_it_grows(self, make, hold):
        """Each reader goes on from the place that it was given."""

        async def body(item):
            write("one ")
            current_operation().write("two ")
            await hold.body(item)
            write("three")

        operation = make(body).submit_nowait(1)
        await hold.aentered(1)
        first = operation.output_nowait()
        hold.open()
        await operation
        rest = operation.output_nowait(first.end, first.attempt)

        assert (first.text, first.is_finished) == ("one two ", False)
        assert (rest.text, rest.start, rest.is_finished) == ("three", 8, True)

    async def test_a_reader_waits_for_more(self, make, hold):
        """It is woken by a write, and by the end."""

        async def body(item):
            await hold.body(item)
            write("text")

        operation = make(body).submit_nowait(1)
        await hold.aentered(1)
        reader = asyncio.ensure_future(operation.output())
        await asyncio.sleep(0)
        assert not reader.done()
        hold.open()
        output = await reader
        end = await operation.output(output.end, output.attempt)

        assert output.text == "text"
        assert (end.text, end.is_finished) == ("", True)

    async def test_a_new_attempt_begins_with_an_empty_output(self, make, clock):
        """A place of the attempt before is answered from the new one's start."""

        async def body(item):
            write(f"attempt {current_operation().attempt}")
            raise ValueError("failed")

        work = make(body, max_attempts=2, backoff=lambda *_: 10, clock=clock)
        operation = work.submit_nowait(1)
        first = await operation.output()
        reader = asyncio.ensure_future(operation.output(first.end, first.attempt))
        await clock.advance(10)
        second = await reader
        with pytest.raises(ValueError, match="failed"):
            await operation

        assert (first.text, first.attempt) == ("attempt 1", 1)
        assert (second.text, second.attempt, second.start) == ("attempt 2", 2, 0)

    async def test_a_cancelled_body_leaves_its_output(self, make, hold):
        """What was written stays, and nothing more comes."""
        here = []

        async def body(item):
            here.append(current_operation())
            write("begun")
            await hold.body(item)

        operation = make(body).submit_nowait(1)
        await hold.aentered(1)
        operation.cancel()
        with pytest.raises(OperationCancelled):
            await operation
        here[0].write(" too late")

        assert operation.output_nowait().text == "begun"

    @pytest.mark.parametrize("text", [None, 1, b"text"])
    async def test_what_is_no_text_is_refused(self, make, text):
        """The message names the rule."""

        async def body(item):
            write(text)

        operation = make(body).submit_nowait(1)

        with pytest.raises(TypeError, match="text must be a str, got"):
            await operation
        assert operation.output_nowait().text == ""

    async def test_an_operation_that_writes_nothing_has_an_empty_output(self, make):
        """Before its start, and at its end."""

        async def body(item):
            write("")

        work = make(body)
        work.pause()
        operation = work.submit_nowait(1)
        before = operation.output_nowait(7, 1)
        work.resume()
        after = await operation.output()

        assert (before.text, before.end, before.attempt) == ("", 0, 0)
        assert (after.text, after.attempt, after.is_finished) == ("", 1, True)
