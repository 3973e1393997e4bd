"""Calls from a client to the host, and their answers."""

import asyncio
import os
import threading

import pytest

from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.errors import QueueFull, UnknownTask, Unreachable
from ephemeral_tasks.machine import messages
from ephemeral_tasks.machine.calls import Book, ConnectionLost
from ephemeral_tasks.machine.wire import Frame, Kind

STARTED_SECONDS = 1.0
"""Time enough for a busy machine to start a call that then times out."""


class Odd(Exception):
    """An error that pickles and does not unpickle."""

    def __init__(self, one, two):
        super().__init__("odd")


class Breaks:
    """A value that pickles and does not unpickle."""

    def __reduce__(self):
        return explode, ()


def explode():
    """Fail, as a class that has changed would."""
    raise LookupError("private")


def test_a_call_is_answered(link):
    """With the value that the verb returns."""
    assert link.call("echo", ([1, "ä"],)) == [1, "ä"]
    assert link.call("echo", (), {"value": None}) is None


def test_what_the_host_waits_for_is_answered(link):
    """A verb may return an awaitable."""
    assert link.call("later", ("x",)) == "x"


def test_large_values_cross_both_ways(link):
    """More than a socket takes at once."""
    value = os.urandom(5 * 2**20)

    assert link.call("echo", (value,)) == value


async def test_calls_of_a_loop_and_of_threads_share_the_connection(link):
    """Each gets its own answer."""
    in_thread = asyncio.to_thread(lambda: [link.call("echo", (i,)) for i in range(200)])

    found = await asyncio.gather(
        in_thread, *(link.acall("later", (i,)) for i in range(200))
    )

    assert found == [list(range(200)), *range(200)]


@pytest.mark.parametrize("verb", ["fail", "fail_later"])
def test_an_error_arrives_as_the_class_it_is(link, verb):
    """With its message and its fields; its traceback, cause and context stay."""
    error = QueueFull("full", retry_after_seconds=7)
    error.__cause__ = ValueError("private")

    with pytest.raises(QueueFull, match=r"^full$") as raised:
        link.call(verb, (error,))

    assert raised.value.retry_after_seconds == 7
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_errors_of_ours_keep_their_message(link):
    """Also where it is made from other arguments."""
    with pytest.raises(UnknownTask) as raised:
        link.call("fail", (UnknownTask("add", ["sum"]),))

    assert str(raised.value) == "no task named 'add'; known: sum"
    assert raised.value.name == "add"


@pytest.mark.parametrize("verb", ["fail", "fail_later"])
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_what_would_end_a_thread_arrives_as_an_error(link, verb, error):
    """At the host it ends nothing either."""
    with pytest.raises(RuntimeError, match=f"'{verb}' raised .*{type(error).__name__}"):
        link.call(verb, (error,))

    assert link.call("echo", (1,)) == 1


def test_what_cannot_be_pickled_is_refused_where_it_is_called(link, verbs):
    """The sentence says so; nothing was sent."""
    with pytest.raises(TypeError, match=r"^the arguments of 'echo' cannot be pickled"):
        link.call("echo", (lambda: 1,))

    assert verbs.asked == []


def make_lambda():
    """Return what cannot be pickled."""
    return lambda: 1


def raise_odd():
    """Raise what does not unpickle."""
    raise Odd(1, 2)


@pytest.mark.parametrize(
    ("verb", "value", "kind", "sentence"),
    [
        ("make", make_lambda, TypeError, "the answer to 'make' cannot be pickled"),
        ("make", Breaks, TypeError, "the answer to 'make' cannot be unpickled"),
        ("echo", Breaks(), TypeError, "the arguments of 'echo' cannot be unpickled"),
        ("make", raise_odd, RuntimeError, "'make' raised tests.*Odd, which cannot"),
    ],
)
def test_a_value_that_cannot_cross_is_an_error(link, verb, value, kind, sentence):
    """A clear one, without content; the connection goes on."""
    with pytest.raises(kind, match=f"^{sentence}") as raised:
        link.call(verb, (value,))

    assert "private" not in str(raised.value)
    assert link.call("echo", (1,)) == 1


def test_an_answer_above_the_limit_is_an_error(settings, make_listener, make_link):
    """The connection goes on."""
    make_listener()
    link = make_link()
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 1, "MAX_INPUT_BYTES": 1}
    small = make_link()
    size = 2 * 2**20

    assert len(link.call("make", (Large(size),))) == size
    with pytest.raises(RuntimeError, match=r"the answer to 'make' has 20.* bytes"):
        small.call("make", (Large(size),))
    with pytest.raises(TypeError, match=r"the arguments of 'echo' have 20.* bytes"):
        small.call("echo", (bytes(size),))
    assert small.call("echo", (1,)) == 1


class Large:
    """Makes many bytes where it is called."""

    def __init__(self, size):
        self.size = size

    def __call__(self):
        return bytes(self.size)


def test_a_call_that_timed_out_is_never_run(link, verbs):
    """The host was busy; when it is free again, it does not start the call."""
    blocked = threading.Thread(target=link.call, args=("block",))
    blocked.start()
    assert verbs.is_asked.acquire(timeout=PATIENCE_SECONDS)

    with pytest.raises(Unreachable):
        link.call("echo", (1,), timeout=0.05)
    verbs.gate.set()
    blocked.join()

    assert link.call("echo", (2,)) == 2
    assert verbs.asked == ["block", "echo"]


def test_an_answer_that_came_too_late_is_reported(make_listener, make_link, verbs):
    """The host had started the call in time, so that its caller can take it back."""
    make_listener()
    late = []
    has_come = threading.Event()

    def on_late(verb, value):
        late.append((verb, value))
        has_come.set()

    link = make_link(on_late=on_late)
    with pytest.raises(Unreachable):
        link.call("block", timeout=STARTED_SECONDS)
    verbs.gate.set()

    assert has_come.wait(PATIENCE_SECONDS)
    assert late == [("block", None)]


async def test_a_loop_is_never_blocked_by_a_host_that_does_not_read(link, verbs):
    """Not by sending either; calls of which nothing was sent leave nothing behind."""
    blocking = asyncio.ensure_future(link.acall("block"))
    await asyncio.to_thread(verbs.is_asked.acquire, timeout=PATIENCE_SECONDS)
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.ensure_future(turn())
    calls = [link.acall("echo", (bytes(2**20),), timeout=0.2) for _ in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    turning.cancel()

    assert {type(one) for one in answers} == {Unreachable}
    assert turns > 5
    assert link._outbox.kept_bytes < 2**20
    verbs.gate.set()
    await blocking
    assert await link.acall("echo", (1,)) == 1
    assert verbs.asked == ["block", "echo"]
    assert link._book._late == {}


async def test_cancelling_a_call_cancels_what_the_host_waits_for(link, verbs):
    """The waiter has gone, and so does its task at the host."""
    call = asyncio.ensure_future(link.acall("wait", timeout=None))
    await asyncio.to_thread(verbs.is_asked.acquire, timeout=PATIENCE_SECONDS)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert await asyncio.to_thread(verbs.has_ended.wait, PATIENCE_SECONDS)


def test_a_wait_that_times_out_ends_at_the_host(link, verbs):
    """Nothing waits there for nobody."""
    with pytest.raises(Unreachable):
        link.call("wait", timeout=STARTED_SECONDS)

    assert verbs.has_ended.wait(PATIENCE_SECONDS)


def test_a_broken_connection_ends_the_calls_that_wait(listener, make_link, verbs):
    """They may have been run; what is called afterwards was not."""
    closed = []
    link = make_link(on_closed=closed.append)
    errors = []

    def call():
        try:
            link.call("wait", timeout=None)
        except ConnectionLost as error:
            errors.append(error)

    waiting = threading.Thread(target=call)
    waiting.start()
    assert verbs.is_asked.acquire(timeout=PATIENCE_SECONDS)
    listener.close()
    waiting.join()

    assert errors[0].is_maybe_run
    assert closed == [link]
    assert link.is_closed
    with pytest.raises(ConnectionLost) as raised:
        link.call("echo", (1,))
    assert not raised.value.is_maybe_run


def test_a_callback_may_not_wait_for_the_host(make_listener, make_link):
    """It would wait for itself; the error says so."""
    listener = make_listener()
    raised = []
    is_done = threading.Event()

    def on_notice(kind, payload):
        try:
            link.call("echo", (1,))
        except RuntimeError as error:
            raised.append(str(error))
        is_done.set()

    link = make_link(on_notice=on_notice)
    link.call("echo", (1,))
    listener.broadcast("changed", None)

    assert is_done.wait(PATIENCE_SECONDS)
    assert raised == ["a callback of the link may not wait for the host"]


class Watched:
    """A lock that calls a function whenever it was left."""

    def __init__(self, on_left):
        self._on_left = on_left

    def __enter__(self):
        pass

    def __exit__(self, *error):
        self._on_left()


def end_by_answer(book, call):
    """Answer the call."""
    book.answer(Frame(Kind.ANSWER, call.number, messages.pack_answer("echo", 1)))


def end_by_loss(book, call):
    """Lose the connection."""
    book.close(set())


@pytest.mark.parametrize("end", [end_by_answer, end_by_loss])
def test_a_call_that_is_taken_out_has_its_outcome(end):
    """Who gives up in that instant reads it."""
    book = Book()
    call = book.open("echo", lambda: None)
    seen = []
    book._lock = Watched(lambda: seen.append((call.answer, call.error)))

    end(book, call)

    assert seen != [(None, None)]
