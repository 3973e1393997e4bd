"""The protocol of a pipe: one visitor's answers are never another's."""

import asyncio
import gc
import logging
import os
import select
import signal
import subprocess
import sys
import textwrap
import traceback
import weakref
from contextlib import suppress

import pytest

from demo_site.translation.apertium import pipe
from demo_site.translation.apertium.exchange import Exchange
from demo_site.translation.apertium.modes import Mode
from demo_site.translation.errors import EngineBroken, EngineError, EngineTimeout
from ephemeral_tasks.core.testing import ManualClock
from tests.demo.conftest import STAGE, is_gone, pipe_of, shouting, stopped, with_door

SECRET = "Zwetschgenkuchen"


@pytest.fixture
def started(monkeypatch):
    """The processes that a test starts."""
    processes = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return processes


async def test_answers_come_in_the_order_of_the_texts(make_engine):
    """However many requests they make, each text gets its own answer."""
    engine = make_engine([shouting(stages=3)])
    texts = [f"text {number} of many" for number in range(100)]

    answers = await engine.translate(texts, "en", "es")

    assert answers == [text.upper() for text in texts]


async def test_a_pipe_serves_request_after_request(make_engine):
    """Its programs are started once."""
    engine = make_engine([shouting()])
    await engine.translate(["one"], "en", "es")
    pids = pipe_of(engine).stages.pids

    await engine.translate(["two"], "en", "es")

    assert pipe_of(engine).stages.pids == pids


async def test_a_request_cancelled_in_the_middle_leaves_nothing_to_the_next(
    make_engine,
):
    """Two visitors interleave, one goes away: the other gets its own translation.

    The programs are the real ones; the first visitor's text is held between two of
    them when it is cancelled, while the second one waits for its turn.
    """
    engine = make_engine([with_door("eng-spa")])
    await engine.translate(["Hello."], "en", "es")
    first_pipe = pipe_of(engine, "eng-spa")
    first = asyncio.create_task(
        engine.translate(["The red house. stophere"], "en", "es")
    )
    await stopped(first_pipe.stages.pids[2])
    second = asyncio.create_task(engine.translate(["The old garden."], "en", "es"))
    await asyncio.sleep(0)

    first.cancel()

    assert await second == ["El jardín viejo."]
    assert first.cancelled()
    await first_pipe.stages.ended()
    assert all(map(is_gone, first_pipe.stages.pids))


async def test_many_visitors_of_whom_some_go_away_get_their_own(make_engine, door):
    """Twelve visitors at once, every third one cancelled while it is served."""
    engine = make_engine([shouting(stages=2, door=door)])
    leaving = range(0, 12, 3)

    async def visit(number: int) -> list[str]:
        texts = [f"visitor {number} text {text}" for text in range(40)]
        if number in leaving:
            texts[20] += f" stophere ({number})"
        return await engine.translate(texts, "en", "es")

    visits = [asyncio.create_task(visit(number)) for number in range(12)]
    for _ in leaving:
        request = await door.entered()
        visits[int(request.partition("(")[2].partition(")")[0])].cancel()

    answers = await asyncio.gather(*visits, return_exceptions=True)
    for number, answer in enumerate(answers):
        if number in leaving:
            assert isinstance(answer, asyncio.CancelledError)
        else:
            assert answer == [f"VISITOR {number} TEXT {text}" for text in range(40)]


async def test_an_answer_of_another_request_is_never_handed_out(make_engine):
    """A program that answers with the text before is found out by the nonce."""
    engine = make_engine([shouting()])
    await engine.translate([SECRET], "en", "es")

    with pytest.raises(EngineBroken, match=r"^the pipe answered something else"):
        await engine.translate(["previous"], "en", "es")

    assert await engine.translate(["mine"], "en", "es") == ["MINE"]


@pytest.mark.parametrize(
    ("misdeed", "message"),
    [
        ("diehere", "a program of the pipe has ended"),
        ("flood", "the pipe answered more than it was asked"),
        ("foreign", "the pipe answered something else than it was asked"),
    ],
)
async def test_whatever_goes_wrong_ends_the_pipe(make_engine, misdeed, message):
    """All its programs are killed and waited for; the next request gets new ones."""
    engine = make_engine([shouting(stages=3)])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)

    with pytest.raises(EngineBroken, match=f"^{message}"):
        await engine.translate([misdeed], "en", "es")

    await pipe.stages.ended()
    assert all(map(is_gone, pipe.stages.pids))
    assert await engine.translate(["after"], "en", "es") == ["AFTER"]


@pytest.mark.parametrize(
    ("misdeed", "message"),
    [
        ("twice", "the pipe answered more than it was asked"),
        ("unended", "the pipe answered out of turn"),
    ],
)
async def test_what_comes_beside_the_answers_ends_the_pipe(
    make_engine, misdeed, message
):
    """It would be taken for the beginning of the next answer."""
    engine = make_engine([shouting()])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)

    with pytest.raises(EngineBroken, match=f"^{message}"):
        await engine.translate([misdeed], "en", "es")

    assert not pipe.is_open


async def test_what_comes_after_the_answers_ends_the_pipe(make_engine):
    """Where it comes too late for an error, before there is a next request."""
    engine = make_engine([shouting(stages=2)])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)

    with suppress(EngineBroken):
        await engine.translate(["twice"], "en", "es")

    await pipe.stages.ended()
    assert not pipe.is_open


@pytest.mark.parametrize("stage", [0, 1, 2])
async def test_the_death_of_any_program_ends_a_request(make_engine, stage):
    """First, middle or last: the request fails and no program remains."""
    engine = make_engine([shouting(stages=3)])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)
    request = asyncio.create_task(engine.translate(["stophere"], "en", "es"))
    await stopped(pipe.stages.pids[0])

    os.kill(pipe.stages.pids[stage], signal.SIGKILL)
    os.kill(pipe.stages.pids[0], signal.SIGCONT)

    with pytest.raises(EngineBroken):
        await request
    await pipe.stages.ended()
    assert all(map(is_gone, pipe.stages.pids))


async def test_a_pipe_that_broke_between_requests_is_replaced(make_engine):
    """The next visitor does not notice."""
    engine = make_engine([shouting(stages=3)])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)

    os.kill(pipe.stages.pids[1], signal.SIGKILL)
    await asyncio.to_thread(
        os.waitid, os.P_PID, pipe.stages.pids[1], os.WEXITED | os.WNOWAIT
    )

    assert await engine.translate(["after"], "en", "es") == ["AFTER"]
    assert pipe_of(engine) is not pipe


async def test_a_pipe_that_breaks_while_idle_is_closed_at_once(make_engine):
    """No program is left over that waits for the next request."""
    engine = make_engine([shouting(stages=3)])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)

    os.kill(pipe.stages.pids[2], signal.SIGKILL)
    await pipe.stages.ended()

    assert not pipe.is_open
    assert engine.pipes().kept() == {}


async def test_a_request_that_takes_too_long_ends_the_pipe(make_engine):
    """The visitor gets an error that says so, the next one a new pipe."""
    clock = ManualClock()
    engine = make_engine([shouting(stages=2)], timeout=30, clock=clock)
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)
    request = asyncio.create_task(engine.translate(["stophere"], "en", "es"))
    await stopped(pipe.stages.pids[0])

    await clock.advance(30)

    with pytest.raises(EngineTimeout, match=r"^no answer within 30 seconds$"):
        await request
    await pipe.stages.ended()
    assert all(map(is_gone, pipe.stages.pids))
    assert await engine.translate(["after"], "en", "es") == ["AFTER"]


async def test_an_answer_in_time_stops_the_clock(make_engine):
    """A request's time is its own: an idle pipe lives on when it is over."""
    clock = ManualClock()
    engine = make_engine([shouting()], timeout=30, idle_seconds=1000, clock=clock)
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)

    await clock.advance(60)

    assert await engine.translate(["after"], "en", "es") == ["AFTER"]
    assert pipe_of(engine) is pipe


async def test_big_requests_do_not_wait_for_themselves(make_engine):
    """Answers are read while requests are written, more than any buffer holds."""
    engine = make_engine([shouting(stages=2)])
    await engine.translate(["before"], "en", "es")
    lines = ["word " * 100_000 + str(number) for number in range(4)]

    answers = await pipe_of(engine).translate(lines, timeout=30)

    assert answers == [line.upper() for line in lines]


async def test_what_programs_complain_of_goes_nowhere(make_engine, capfd):
    """A megabyte of it neither holds the pipe up nor quotes the text anywhere."""
    engine = make_engine([shouting(stages=2)])

    assert await engine.translate([f"complain {SECRET}"], "en", "es")

    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


async def test_programs_get_no_secrets_of_ours(make_engine, monkeypatch):
    """Of the environment they see where programs are, and a locale."""
    monkeypatch.setenv("SECRET_KEY", "not for them")
    engine = make_engine([shouting()])

    (names,) = await engine.translate(["environment"], "en", "es")

    assert set(names.split()) <= {"PATH", "LC_ALL", "LC_CTYPE"}


async def test_ctrl_c_in_a_terminal_is_not_for_the_programs(make_engine):
    """They are a process group of their own, one a pipe."""
    engine = make_engine([shouting(stages=3)])
    await engine.translate(["before"], "en", "es")

    groups = set(map(os.getpgid, pipe_of(engine).stages.pids))

    assert groups == {pipe_of(engine).stages.pids[0]}


async def test_a_program_that_cannot_be_started_leaves_none_behind(
    make_engine, started
):
    """Those before it are ended, and the error names nothing."""
    mode = Mode(name="x", source="en", target="es", stages=(STAGE, ("/no/such",)))
    engine = make_engine([mode])

    with pytest.raises(
        EngineBroken, match=r"^a program of the pipe cannot be started$"
    ):
        await engine.translate(["text"], "en", "es")

    assert [process.returncode for process in started] == [-signal.SIGKILL]


async def test_closing_ends_a_running_request_and_all_programs(make_engine):
    """The visitor gets an error, and the engine works as before."""
    engine = make_engine([shouting(stages=2)])
    await engine.translate(["before"], "en", "es")
    pipe = pipe_of(engine)
    request = asyncio.create_task(engine.translate(["stophere"], "en", "es"))
    await stopped(pipe.stages.pids[0])

    await engine.aclose()

    assert all(map(is_gone, pipe.stages.pids))
    with pytest.raises(EngineBroken, match=r"^the pipe was closed$"):
        await request
    assert await engine.translate(["after"], "en", "es") == ["AFTER"]


async def test_cancelling_while_the_programs_start_leaves_none(make_engine, started):
    """What was being started is ended as soon as it is there."""
    engine = make_engine([shouting(stages=5)])
    request = asyncio.create_task(engine.translate(["text"], "en", "es"))
    await asyncio.sleep(0)

    request.cancel()
    await asyncio.wait([request])
    await asyncio.get_running_loop().shutdown_default_executor()

    assert request.cancelled()
    assert [process.wait() for process in started] == [-signal.SIGKILL] * 5


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux has pidfds")
def test_programs_die_with_their_parent():
    """Killed outright, a process leaves no program behind."""
    script = textwrap.dedent(f"""
        import signal
        from demo_site.translation.apertium.stages import Stages
        stages = Stages([{STAGE!r}] * 3)
        print(*stages.pids, flush=True)
        signal.pause()
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    descriptors = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]

    parent.kill()
    parent.communicate()

    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 30)[0]  # it can be read once gone
        os.close(descriptor)


async def _cancelled(engine, clock):
    request = asyncio.create_task(engine.translate([f"{SECRET} stophere"], "en", "es"))
    await stopped(pipe_of(engine).stages.pids[0])
    request.cancel()
    await request


async def _late(engine, clock):
    request = asyncio.create_task(engine.translate([f"{SECRET} stophere"], "en", "es"))
    await stopped(pipe_of(engine).stages.pids[0])
    await clock.advance(30)
    await request


def _misdeed(word):
    async def misdeed(engine, clock):
        await engine.translate([f"{SECRET} {word} \ud800 {SECRET}"], "en", "es")

    return misdeed


@pytest.mark.parametrize(
    "fail",
    [
        _cancelled,
        _late,
        *map(_misdeed, ["diehere", "twice", "foreign", "previous", "flood"]),
    ],
)
async def test_no_failure_tells_a_word_of_the_text(make_engine, caplog, capfd, fail):
    """Not in the error, not in what caused it, not in any log at any level."""
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    clock = ManualClock()
    engine = make_engine([shouting()], timeout=30, clock=clock)
    await engine.translate([SECRET], "en", "es")

    with pytest.raises((EngineError, asyncio.CancelledError)) as caught:
        await fail(engine, clock)
    await engine.aclose()

    told = [caplog.text, *capfd.readouterr(), repr(caught.value)]
    told += traceback.format_exception(caught.value)
    told += map(repr, [engine, *engine.pipes().kept().values()])
    assert not [each for each in told if SECRET.lower() in each.lower()]


async def _answered(engine, clock):
    await engine.translate([SECRET], "en", "es")


@pytest.mark.parametrize("end", [_answered, _cancelled, _late, _misdeed("diehere")])
async def test_a_request_is_forgotten_as_soon_as_it_is_over(
    make_engine, monkeypatch, end
):
    """No timer, watcher or error holds on to it, with the collector off."""
    exchanges = []

    class Noted(Exchange):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            exchanges.append(weakref.ref(self))

    monkeypatch.setattr(pipe, "Exchange", Noted)
    clock = ManualClock()
    engine = make_engine([shouting()], timeout=30, clock=clock)
    await engine.translate(["before"], "en", "es")
    gc.disable()
    try:
        with suppress(EngineError, asyncio.CancelledError):
            await end(engine, clock)
        assert [exchange() for exchange in exchanges] == [None, None]
    finally:
        gc.enable()
