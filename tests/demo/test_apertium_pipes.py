"""The pipes of a loop: few, and only as long as they are used."""

import asyncio
import threading

from demo_site.translation.apertium import ApertiumEngine
from ephemeral_tasks.core.testing import ManualClock
from tests.demo.conftest import is_gone, pipe_of, shouting, stopped

TARGETS = ("ca", "es", "fr", "it", "pt")


async def test_an_idle_pipe_is_closed_after_five_minutes(make_engine):
    """Not before, and each request begins the five minutes anew."""
    clock = ManualClock()
    engine = make_engine([shouting()], clock=clock)
    await engine.translate(["one"], "en", "es")
    pipe = pipe_of(engine)
    await clock.advance(299)
    await engine.translate(["two"], "en", "es")
    await clock.advance(299)
    assert pipe.is_open

    await clock.advance(1)

    await pipe.stages.ended()
    assert all(map(is_gone, pipe.stages.pids))
    assert await engine.translate(["three"], "en", "es") == ["THREE"]


async def test_a_busy_pipe_is_not_idle(make_engine):
    """A request that takes its time keeps the pipe, however long it was idle before."""
    clock = ManualClock()
    engine = make_engine([shouting()], timeout=1000, clock=clock)
    await engine.translate(["one"], "en", "es")
    pipe = pipe_of(engine)
    request = asyncio.create_task(engine.translate(["stophere"], "en", "es"))
    await stopped(pipe.stages.pids[0])

    await clock.advance(500)

    assert pipe.is_open
    request.cancel()


async def test_the_fifth_pipe_takes_the_place_of_the_one_used_longest_ago(make_engine):
    """Four are kept."""
    engine = make_engine([shouting("en", target) for target in TARGETS])
    for target in ("ca", "es", "fr", "it", "ca"):
        await engine.translate(["word"], "en", target)

    await engine.translate(["word"], "en", "pt")

    assert set(engine.pipes().kept()) == {"en-ca", "en-fr", "en-it", "en-pt"}


async def test_a_busy_pipe_is_never_closed_for_another(make_engine):
    """The oldest idle one goes instead; with none idle there is one more."""
    engine = make_engine([shouting("en", each) for each in TARGETS], limit=1)
    await engine.translate(["word"], "en", "ca")
    busy = pipe_of(engine, "en-ca")
    request = asyncio.create_task(engine.translate(["stophere"], "en", "ca"))
    await stopped(busy.stages.pids[0])

    assert await engine.translate(["word"], "en", "es") == ["WORD"]

    assert set(engine.pipes().kept()) == {"en-ca"}
    request.cancel()


async def test_visitors_of_one_pipe_take_turns(make_engine):
    """A short text does not wait until a long document before it is done."""
    engine = make_engine([shouting()])
    order: list[str] = []

    async def visit(name: str, texts: list[str]) -> None:
        await engine.translate(texts, "en", "es")
        order.append(name)

    await asyncio.gather(
        visit("long", ["word"] * 500), visit("short", ["word"]), visit("third", ["x"])
    )

    assert order == ["short", "third", "long"]


def test_each_loop_has_pipes_of_its_own():
    """Loops of several threads share an engine, none waits for another's pipe."""
    engine = ApertiumEngine([shouting()])
    meeting = threading.Barrier(2, timeout=30)
    seen: list[list[int]] = []

    async def visit() -> None:
        assert await engine.translate(["word"], "en", "es") == ["WORD"]
        meeting.wait()
        seen.append(pipe_of(engine).stages.pids)
        await engine.aclose()

    threads = [threading.Thread(target=asyncio.run, args=[visit()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first, second = seen
    assert not set(first) & set(second)


def test_a_loop_that_ended_without_closing_leaves_no_programs():
    """The next use of the engine, on any loop, ends them."""
    engine = ApertiumEngine([shouting()])

    async def visit():
        await engine.translate(["word"], "en", "es")
        return pipe_of(engine)

    left = asyncio.run(visit())
    asyncio.run(engine.aclose())

    asyncio.run(left.stages.ended())
    assert all(map(is_gone, left.stages.pids))
