"""``progress.track`` and ``progress.part``: one bar for a body of several parts."""

import asyncio
import contextvars
import threading

import pytest

from ephemeral_tasks.core import (
    WorkCoordinator,
    current_operation,
    for_each,
    map_each,
    progress,
)
from tests.core.test_loops import stream


@pytest.fixture
def watch(build):
    """Run a body as an operation and return each progress that was announced."""

    async def run(body):
        seen = []

        async def run_body(item):
            await body()

        work = build(WorkCoordinator, run_body, limit=1)
        work.on_progress = lambda operation: seen.append(operation.progress)
        await work.submit_nowait(None)
        return seen

    return run


def shares(seen):
    """How far the bar was at each report."""
    return [one.done for one in seen]


# -- track -----------------------------------------------------------------------------


async def test_a_list_is_tracked_with_its_length(watch):
    """An item is done when the next one is asked for."""

    async def body():
        for _ in progress.track("ab", "letters"):
            progress(7)

    whole = [(0, 2, "letters"), (7, None, ""), (1, 2, "letters")]
    assert await watch(body) == [*whole, (7, None, ""), (2, 2, "letters")]


async def test_an_iterator_is_tracked_without_a_total(watch):
    """Nobody knows how much is to come."""

    async def body():
        assert list(progress.track(iter("ab"))) == ["a", "b"]

    assert await watch(body) == [(0, None, ""), (1, None, ""), (2, None, "")]


async def test_an_async_iterable_is_tracked(watch):
    """By `async for`."""

    async def body():
        assert [item async for item in progress.track(stream("ab"))] == ["a", "b"]

    assert await watch(body) == [(0, None, ""), (1, None, ""), (2, None, "")]


class Late:
    """Countable once it was read, as a QuerySet of Django is in async code."""

    is_read = False

    def __iter__(self):
        return iter("ab")

    async def __aiter__(self):
        self.is_read = True
        yield "a"
        yield "b"

    def __len__(self):
        if not self.is_read:
            raise RuntimeError("you cannot call this from an async context")
        return 2


async def test_a_length_that_comes_later_is_used_then(watch):
    """And what has both kinds of iterators may be used in both kinds of loops."""

    async def body():
        tracked = progress.track(Late())
        assert [*tracked] == [item async for item in tracked]

    assert (await watch(body))[3:] == [(0, None, ""), (1, 2, ""), (2, 2, "")]


def test_outside_an_operation_items_just_come():
    """So that library code may track."""
    assert list(progress.track([1, 2])) == [1, 2]


def test_a_generator_is_closed_with_its_loop():
    """As by `yield from`; a loop that is left closes its source."""
    closed = []

    def source():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    items = source()
    for _ in progress.track(items):
        break

    assert closed == [True]


async def test_an_async_generator_is_closed_with_its_loop():
    """When the loop's own generator is."""
    closed = []

    async def source():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    items = source()
    loop = aiter(progress.track(items))
    await anext(loop)
    await loop.aclose()

    assert closed == [True]


def test_what_is_no_generator_stays_open(tmp_path):
    """A file belongs to whoever opened it."""
    path = tmp_path / "lines"
    path.write_text("a\nb\n")
    with path.open() as lines:
        for _ in progress.track(lines):
            break

        assert not lines.closed


def test_what_cannot_be_iterated_is_refused_at_the_call():
    """The error names the argument."""
    with pytest.raises(TypeError, match="items must be iterable, got int"):
        progress.track(3)


# -- part ------------------------------------------------------------------------------


async def test_parts_share_one_bar(watch):
    """Each report in a part moves the bar by the part's share."""

    async def body():
        with progress.part(0.25, "Parsing"):
            progress(1, 2)
        with progress.part(0.75, "Writing"):
            progress(1, 3, "chapter 1")

    assert await watch(body) == [
        (0, 100, "Parsing"),
        (12.5, 100, "Parsing"),
        (25, 100, "Parsing"),
        (25, 100, "Writing"),
        (50, 100, "chapter 1"),
        (100, 100, "Writing"),
    ]


async def test_a_part_of_a_part_is_a_share_of_a_share(watch):
    """With the words around it where it has none of its own."""

    async def body():
        with progress.part(0.5, "Export"):
            progress(1, 2)
            with progress.part(0.5):
                progress(1, 2)

    seen = await watch(body)

    assert shares(seen) == [0, 25, 25, 37.5, 50, 50]
    assert {one.message for one in seen} == {"Export"}


async def test_a_tracked_loop_fills_its_part(watch):
    """As any other report does."""

    async def body():
        with progress.part(0.5), progress.part(1):
            for _ in progress.track("abcd"):
                pass

    assert sorted({*shares(await watch(body))}) == [0, 12.5, 25, 37.5, 50]


async def test_shares_beyond_the_whole_get_the_rest(watch):
    """The bar ends at 100 and not above."""

    async def body():
        for share in (0.75, 0.75, 0.75):
            with progress.part(share):
                pass

    assert shares(await watch(body)) == [0, 75, 75, 100, 100, 100]


async def test_ten_tenths_are_the_whole(watch):
    """Whatever binary fractions add up to."""

    async def body():
        for _ in range(10):
            with progress.part(0.1):
                progress(1, 3)

    assert shares(await watch(body))[-1] == 100


async def test_the_bar_never_moves_back(watch):
    """Neither in a part nor after it."""

    async def body():
        with progress.part(0.5):
            progress(3, 4)
            progress(1, 4)
            progress(-5, 4)
        progress(1, 10)
        progress(9, 4)

    assert shares(await watch(body)) == [0, 37.5, 37.5, 37.5, 50, 50, 100]


async def test_a_report_without_a_total_leaves_the_bar_where_it_is(watch):
    """Its words show."""

    async def body():
        with progress.part(0.5):
            progress(1, 2)
            progress(17, message="17 rows")

    assert (await watch(body))[2] == (25, 100, "17 rows")


async def test_a_part_that_fails_keeps_its_share(watch):
    """What it did not do is not done, and what comes after it moves on."""

    async def body():
        try:
            with progress.part(0.5):
                progress(1, 2)
                raise KeyError
        except KeyError:
            pass
        with progress.part(0.5):
            pass

    assert shares(await watch(body)) == [0, 25, 25, 75]


async def test_tasks_of_one_body_may_be_in_parts_at_the_same_time(watch):
    """What each has done counts by its share."""

    async def half(turns):
        with progress.part(0.5):
            for done in range(turns):
                await asyncio.sleep(0)
                progress(done + 1, turns)

    async def body():
        await asyncio.gather(half(2), half(5))

    seen = shares(await watch(body))
    assert seen == sorted(seen)
    assert seen[-1] == 100


async def test_threads_of_one_body_may_be_in_parts_at_the_same_time(watch):
    """The bar that readers see never moves back and ends at the whole."""

    def eighth(gate):
        gate.wait()
        with progress.part(1 / 8):
            for _ in progress.track(range(200)):
                pass

    async def body():
        gate = threading.Barrier(8)
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(eighth, gate))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        operation = current_operation()._operation
        while any(thread.is_alive() for thread in threads):
            seen.append(operation.progress)
        for thread in threads:
            thread.join()
        seen.append(operation.progress)

    seen = []
    await watch(body)

    done = shares(one for one in seen if one is not None)
    assert done == sorted(done)
    assert done[-1] == 100


async def test_a_tasks_own_part_ends_with_it(watch):
    """A task started in a part reports there; the body goes on in its own."""

    async def inner():
        with progress.part(0.5):
            progress(1, 1)

    async def body():
        with progress.part(0.5):
            await asyncio.create_task(inner())
            progress(1, 1)

    assert shares(await watch(body)) == [0, 0, 25, 25, 50, 50]


async def loop(items, body):
    """A loop over items without keys."""
    await for_each(items, body, limit=2)


async def keyed_loop(items, body):
    """A loop whose items have keys."""
    await for_each(items, body, limit=2, key=lambda item: item % 2)


async def mapping_loop(items, body):
    """A loop that gives results."""
    async for _ in map_each(items, body, limit=2):
        pass


@pytest.mark.parametrize("run", [loop, keyed_loop, mapping_loop])
async def test_a_loops_bodies_report_in_the_part_around_the_loop(watch, run):
    """A loop is one part of what its operation does, and its bodies share it out."""

    async def item(number):
        with progress.part(0.25):
            await asyncio.sleep(0)

    async def body():
        with progress.part(0.5):
            await run(range(4), item)

    assert sorted({*shares(await watch(body))}) == [0, 12.5, 25, 37.5, 50]


async def test_an_operation_submitted_in_a_part_has_a_bar_of_its_own(build, watch):
    """Its context is a copy of the submitter's."""
    seen = []

    async def inner(item):
        progress(1, 2)
        seen.append(current_operation()._operation.progress)
        with progress.part(0.5):
            seen.append(current_operation()._operation.progress)

    work = build(WorkCoordinator, inner)

    async def body():
        with progress.part(0.5):
            await work.submit_nowait(None)

    await watch(body)

    assert seen == [(1, 2, ""), (0, 100, "")]


async def test_a_second_attempt_begins_at_nothing(build):
    """The parts are an attempt's own."""
    seen = []

    async def body(item):
        with progress.part(0.5):
            seen.append(current_operation()._operation.progress.done)
            progress(1, 2)
            if len(seen) == 1:
                raise ValueError

    work = build(WorkCoordinator, body, max_attempts=2, backoff=lambda *_: 0)
    await work.submit_nowait(None)

    assert seen == [0, 0]


def test_a_part_outside_an_operation_does_nothing():
    """So that library code may have parts."""
    with progress.part(0.5, "Parsing"):
        progress(1, 2)


@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf"), "half", None])
def test_a_share_is_a_number(share):
    """Outside of operations, too; the error names the argument."""
    part = progress.part(share)

    with pytest.raises((TypeError, ValueError), match="share must be"), part:
        pass
