"""What no handle names is gone at once, without the garbage collector's help."""

import asyncio
import gc
import logging
import os
import subprocess
import sys
import weakref

import pytest
from django.core.cache import caches

from ephemeral_tasks import (
    OperationFailed,
    TaskFailed,
    aask,
    aoutput,
    aresult,
    cancel,
    dismiss,
    pool,
    result,
    retry,
    submit,
    window,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.submission import end_owner, row, submit_once
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import settle
from tests.layers import ROOT

SWEEP = 600  # seconds; the default would mean hundreds of sweeps for each hour


class Content:
    """Somebody's text, which can be watched as it goes."""

    def __init__(self):
        self.text = "private"


class ContentError(Exception):
    """An error that carries content, as errors do."""

    def __init__(self, content):
        super().__init__("private")
        self.content = content


@pytest.fixture(autouse=True)
def _no_collector():
    """References must die by themselves."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _shared_cache(settings):
    """The windows are in a cache that the site can clear."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "forgetting",
            "OPTIONS": {"MAX_ENTRIES": 100},
        }
    }
    settings.EPHEMERAL_TASKS = {
        "CACHE_ALIAS": "default",
        "MAX_OWNERS": 3,
        "MAX_RUNNING": 2,
        "SWEEP_SECONDS": SWEEP,
    }
    yield
    caches["default"].clear()


# -- states ----------------------------------------------------------------------------


def start(owner, body, *args):
    """Submit a task with content and return its handle and a weak reference."""
    content = Content()
    return submit(owner, body, *args, content), weakref.ref(content)


def waiting(owner, hold):
    """Leave an operation that waits for its first start."""
    pool.pause()
    return start(owner, tasks.app_held, hold)


def running(owner, hold):
    """Leave an async body at the hold."""
    handle, content = start(owner, tasks.app_held, hold)
    hold.entered()
    return handle, content


def running_plain(owner, hold):
    """Leave a plain body at the hold."""
    handle, content = start(owner, tasks.app_plain_held, hold)
    hold.entered()
    return handle, content


def retrying(owner, hold):
    """Leave an operation between two attempts."""
    content = Content()

    async def fail(content=content):
        raise ContentError(content)

    handle = submit(owner, tasks.app_retried, fail)
    settle()
    assert row(owner, handle.id).attempt == 1
    return handle, weakref.ref(content)


def retrying_plain(owner, hold):
    """Leave a plain one between two attempts."""
    content = Content()

    def fail(content=content):
        raise ContentError(content)

    handle = submit(owner, tasks.app_plain_retried, fail)
    while not row(owner, handle.id).attempt or (
        row(owner, handle.id).status is Status.RUNNING
    ):
        settle()
    return handle, weakref.ref(content)


def failed(owner, hold):
    """Leave one that failed and holds its arguments for a retry."""
    handle, content = start(owner, tasks.app_fails)
    drain()
    return handle, content


def cancelled(owner, hold):
    """Leave one that was cancelled while it ran."""
    handle, content = running(owner, hold)
    cancel(owner, handle.id)
    drain()
    return handle, content


def successful(owner, hold):
    """Leave one whose result is content."""
    seen = []

    async def make():
        content = Content()
        seen.append(weakref.ref(content))
        return content

    handle = submit(owner, tasks.app_call, make)
    drain()
    return handle, seen[0]


def successful_plain(owner, hold):
    """Leave a plain one whose result is content."""
    seen = []

    def make():
        content = Content()
        seen.append(weakref.ref(content))
        return content

    handle = submit(owner, tasks.app_plain_call, make)
    drain()
    return handle, seen[0]


def successful_kept(owner, hold):
    """Leave one that ended well and keeps its arguments."""
    handle, content = start(owner, tasks.app_kept)
    drain()
    assert row(owner, handle.id).status is Status.SUCCESSFUL
    return handle, content


def writing(owner, hold, body=tasks.app_pieces):
    """Leave one that has written content and goes on; all of it, it cannot be freed."""
    handle = submit(owner, body, ["private"], hold)
    hold.entered()
    return handle, weakref.ref(pool.get().ledger.find(handle.id))


def written(owner, hold):
    """Leave one whose output is its result."""
    handle = submit(owner, tasks.app_plain_pieces, ["private"], None)
    drain()
    return handle, weakref.ref(pool.get().ledger.memory.get(handle.id))


def written_and_failed(owner, hold):
    """Leave one that failed after it had written."""
    handle = submit(owner, tasks.app_pieces, ["private", None], None)
    drain()
    return handle, weakref.ref(pool.get().ledger.memory.get(handle.id))


def asking(owner, hold):
    """Leave one that asks with content, and holds content."""

    async def ask_about(content):
        await aask(content.text, choices=["a"])

    content = Content()
    handle = submit(owner, tasks.app_call_with, ask_about, content)
    while row(owner, handle.id).question is None:
        settle()
    return handle, weakref.ref(content)


UNFINISHED = [asking, waiting, running, retrying, retrying_plain, writing]
FINISHED = [
    failed,
    cancelled,
    successful,
    successful_plain,
    successful_kept,
    written,
    written_and_failed,
]


# -- ways to end -----------------------------------------------------------------------


def pushed_out(owner, handle, clock):
    """Five newer ones come."""
    for number in range(5):
        submit(owner, tasks.app_echo, number)


def expired(owner, handle, clock):
    """Its hour passes without a use."""
    clock.advance(3600 + SWEEP)


def aged(owner, handle, clock):
    """Its six hours pass, though somebody looks."""
    for _ in range(7):
        clock.advance(3500)
        window(owner)
    clock.advance(SWEEP)


def owner_ended(owner, handle, clock):
    """Somebody logs out."""
    end_owner(owner)


def cache_cleared(owner, handle, clock):
    """The site clears its cache, and the sweep sees it."""
    caches["default"].clear()
    clock.advance(SWEEP)


def dismissed(owner, handle, clock):
    """Its owner needs it no more."""
    dismiss(owner, handle.id)


def evicted(owner, handle, clock):
    """Other owners need the memory."""
    for number in range(3):
        submit(f"other{number}", tasks.app_echo, 1)
        drain()


ALWAYS = [pushed_out, expired, aged, owner_ended, cache_cleared]


def is_forgotten(owner, handle):
    """Return whether neither window nor pool knows the operation."""
    return pool.get().ledger.memory.get(handle.id) is None and handle.id not in {
        one.id for one in window(owner)
    }


@pytest.mark.parametrize("way", ALWAYS)
@pytest.mark.parametrize("state", UNFINISHED)
def test_unfinished_operations_are_forgotten(task_clock, owner, hold, state, way):
    """Cancelled, and their arguments are dead at once."""
    handle, content = state(owner, hold)
    pool.pause()  # or it would be tried again meanwhile
    assert content() is not None

    way(owner, handle, task_clock)
    settle()

    assert is_forgotten(owner, handle)
    assert content() is None
    pool.resume()


@pytest.mark.parametrize("way", [*ALWAYS, dismissed, evicted])
@pytest.mark.parametrize("state", FINISHED)
def test_finished_operations_are_forgotten(task_clock, owner, hold, state, way):
    """Arguments that a retry would need, and results, are dead at once."""
    handle, content = state(owner, hold)
    assert content() is not None

    way(owner, handle, task_clock)
    settle()

    assert is_forgotten(owner, handle)
    assert content() is None


@pytest.mark.parametrize("way", ALWAYS)
def test_a_plain_body_is_forgotten_when_it_returns(task_clock, owner, hold, way):
    """A thread cannot be stopped; it is invisible at once."""
    handle, content = running_plain(owner, hold)

    way(owner, handle, task_clock)
    settle()

    assert is_forgotten(owner, handle)
    assert content() is not None
    hold.open()
    drain()
    settle()
    assert content() is None


@pytest.mark.parametrize("body", [tasks.app_echo, tasks.app_plain_echo])
def test_a_successful_operation_drops_its_arguments_at_once(owner, body):
    """Before anybody looks."""
    body = tasks.app_call if body is tasks.app_echo else tasks.app_plain_call

    def called(content):
        return "done"

    async def awaited(content):
        return "done"

    content = Content()
    seen = weakref.ref(content)
    if body is tasks.app_call:

        async def function(content=content):
            return await awaited(content)

    else:

        def function(content=content):
            return called(content)

    handle = submit(owner, body, function)
    del content, function
    drain()
    settle()

    assert row(owner, handle.id).status is Status.SUCCESSFUL
    assert seen() is None


# -- errors ----------------------------------------------------------------------------


def failing(content):
    """Return an async function that fails with an error that carries the content."""

    async def fail():
        try:
            raise ContentError(content)
        except ContentError as error:
            raise RuntimeError("private") from error

    return fail


def failing_plain(content):
    """Return a plain function that fails so."""

    def fail():
        try:
            raise ContentError(content)
        except ContentError:
            raise RuntimeError("private") from ContentError(content)

    return fail


@pytest.fixture
def records():
    """Every record that our logger makes, kept as some handlers do."""
    kept = []
    handler = logging.Handler()
    handler.emit = kept.append
    logger = logging.getLogger("ephemeral_tasks")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    yield kept
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.mark.parametrize("log_errors", [False, True])
@pytest.mark.parametrize("body", [tasks.app_call, tasks.app_plain_call])
def test_an_error_is_gone_when_it_was_reported(
    settings, owner, records, body, log_errors
):
    """Its traceback, its frames and its context with it; log records hold none."""
    settings.EPHEMERAL_TASKS = {"LOG_ERRORS": log_errors}
    content = Content()
    make = failing if body is tasks.app_call else failing_plain
    handle = submit(owner, body, make(content))
    seen = weakref.ref(content)
    del content
    drain()
    assert row(owner, handle.id).status is Status.FAILED

    dismiss(owner, handle.id)
    settle()

    assert records
    assert seen() is None


@pytest.mark.parametrize("body", [tasks.app_call, tasks.app_plain_call])
def test_an_error_that_is_raised_to_a_reader_keeps_nobodys_frames(owner, body):
    """Each reader gets an error of its own."""
    content = Content()
    make = failing if body is tasks.app_call else failing_plain
    handle = submit(owner, body, make(Content()))
    drain()

    def ask(request):
        with pytest.raises(OperationFailed):
            result(owner, handle.id)

    ask(content)
    seen = weakref.ref(content)
    del content

    assert seen() is None
    assert row(owner, handle.id)


def test_a_sentence_for_the_owner_goes_with_its_operation(owner):
    """It may hold content, too."""

    class Sentence(str):
        __slots__ = ("__weakref__",)

    seen = []

    async def fail():
        sentence = Sentence("private")
        seen.append(weakref.ref(sentence))
        raise TaskFailed(sentence)

    handle = submit(owner, tasks.app_call, fail)
    drain()

    assert seen[0]() is None  # a copy is kept, as plain text
    assert row(owner, handle.id).error.message == "private"
    dismiss(owner, handle.id)
    assert pool.get().ledger.memory.get(handle.id) is None


def test_the_error_of_an_attempt_is_gone_before_the_next(task_clock, owner):
    """Nothing of it waits for the operation's end."""
    seen = []

    async def fail():
        content = Content()
        seen.append(weakref.ref(content))
        raise ContentError(content)

    submit(owner, tasks.app_retried, fail)
    settle()

    assert len(seen) == 1
    assert seen[0]() is None
    task_clock.advance(60)


# -- what bodies leave behind ----------------------------------------------------------


async def leaves_a_timer(content):
    """Cancel a timer that asyncio keeps until it would have been due."""
    asyncio.get_running_loop().call_later(36000, id, 1).cancel()


async def leaves_a_timeout(content):
    """Use a time-out, as every HTTP client does."""
    async with asyncio.timeout(36000):
        await asyncio.sleep(0)


async def leaves_a_sleeper(content):
    """Start a task that outlives the body; it does not know the content."""
    asyncio.get_running_loop().create_task(asyncio.sleep(36000))


@pytest.mark.parametrize("leave", [leaves_a_timer, leaves_a_timeout, leaves_a_sleeper])
@pytest.mark.parametrize("what", ["arguments", "result"])
def test_what_a_body_left_on_the_loop_keeps_nothing_alive(owner, leave, what):
    """Its context would lead to the operation, and so to the content."""
    content = Content()
    seen = weakref.ref(content)

    async def body(content=content):
        await leave(content)
        if what == "arguments":
            raise ValueError
        return content

    handle = submit(owner, tasks.app_call, body)
    del content, body
    drain()
    assert seen() is not None

    dismiss(owner, handle.id)
    settle()

    assert seen() is None
    _end_sleepers()


def _end_sleepers():
    """Cancel what bodies started and left."""

    async def end():
        mine = asyncio.current_task()
        for one in asyncio.all_tasks() - {mine}:
            one.cancel()

    loop = pool.get().loop.loop
    asyncio.run_coroutine_threadsafe(end(), loop).result(10)


def test_a_sleeper_of_a_cancelled_body_keeps_nothing_alive(owner, make_hold):
    """A body that waits is cancelled in the middle of its timer."""
    content = Content()
    seen = weakref.ref(content)
    hold = make_hold()

    async def body(content=content):
        async with asyncio.timeout(36000):
            await hold.stop()

    handle = submit(owner, tasks.app_call, body)
    del content, body
    hold.entered()

    cancel(owner, handle.id)
    drain()
    dismiss(owner, handle.id)
    settle()

    assert seen() is None


@pytest.mark.parametrize("way", ALWAYS)
def test_what_a_plain_body_wrote_is_gone_before_it_returns(
    task_clock, owner, hold, way
):
    """Its arguments wait for its return, its output does not."""
    handle, operation = writing(owner, hold, tasks.app_plain_pieces)
    buffer = operation().buffer
    assert buffer.read(0, 1, None)[0] == "private"

    way(owner, handle, task_clock)

    assert buffer.read(0, 1, None)[0] == ""
    hold.open()
    drain()
    settle()
    assert operation() is None


# -- readers ---------------------------------------------------------------------------


async def test_a_reader_that_went_away_keeps_no_output_alive(owner, hold):
    """Nor does one that heard the end."""
    handle = submit(owner, tasks.app_pieces, ["private"], hold)
    await asyncio.to_thread(hold.entered)
    seen = weakref.ref(pool.get().ledger.find(handle.id))
    left = asyncio.ensure_future(aoutput(owner, handle.id, 7, 1))
    stays = asyncio.ensure_future(aoutput(owner, handle.id, 7, 1))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    hold.open()
    assert (await stays).text == "end"
    del stays, left
    await asyncio.to_thread(drain)

    dismiss(owner, handle.id)
    await asyncio.to_thread(settle)

    assert seen() is None


async def test_a_waiter_that_went_away_keeps_nothing_alive(owner, hold):
    """Nor does one that heard the end."""
    content = Content()
    seen = weakref.ref(content)
    handle = submit(owner, tasks.app_held, hold, content)
    del content
    left = asyncio.ensure_future(aresult(owner, handle.id))
    stays = asyncio.ensure_future(aresult(owner, handle.id))
    await asyncio.to_thread(hold.entered)
    left.cancel()
    await asyncio.wait([left])
    hold.open()
    assert (await stays).text == "private"
    del stays, left

    dismiss(owner, handle.id)
    await asyncio.to_thread(settle)

    assert seen() is None


def test_a_retry_takes_the_arguments_along(owner):
    """The old operation is gone; its content lives in the new one, until that ends."""
    handle, content = failed(owner, None)
    again = retry(owner, handle.id)
    drain()
    assert content() is not None

    dismiss(owner, again.id)
    settle()

    assert content() is None


def test_the_input_of_a_form_is_kept_as_a_digest(owner):
    """The one-time key remembers that it was equal, not what it was."""
    content = "private" * 3
    handle = submit_once(owner, tasks.app_echo, "key", {"value": content})
    drain()
    operation = pool.get().ledger.memory.get(handle.id)

    assert operation.item is None
    assert len(operation.form_key) == 32
    assert b"key" not in operation.form_key


def test_a_window_that_was_forgotten_leaves_no_line_in_the_queue(owner, hold):
    """An idle key is kept nowhere."""
    waiting(owner, hold)
    end_owner(owner)
    settle()

    assert pool.get().ledger._scheduler._queue._lines == {}
    pool.resume()


# -- the whole heap --------------------------------------------------------------------


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_search_of_the_whole_heap_finds_not_a_byte(debug):
    """End to end, after one collection; asyncio's debug mode keeps nothing either."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.heap"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=50,
        env={**os.environ, "PYTHONASYNCIODEBUG": debug},
    )

    assert (done.returncode, done.stdout) == (0, "nothing\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_the_search_would_find_it():
    """A control: what is kept is found."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.heap", "control"],
        check=False,
        cwd=ROOT,
        timeout=50,
    )

    assert done.returncode > 0
