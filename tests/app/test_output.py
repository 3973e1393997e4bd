"""What a body writes, and how its owner reads it."""

import asyncio
import threading
import time
from contextvars import copy_context
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ephemeral_tasks import (
    OperationCancelled,
    OperationFailed,
    UnknownOperation,
    aoutput,
    aresult,
    cancel,
    current_operation,
    dismiss,
    output,
    pool,
    result,
    retry,
    submit,
    write,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.submission import end_owner, row
from ephemeral_tasks.testing import drain, run_task
from tests.app import tasks
from tests.app.conftest import settle

KIB = 2**10
BOTH = pytest.mark.parametrize("is_async", [True, False])


def writes(hold, is_async, *texts):
    """Return a task and a function that writes, stops at the hold, and writes more."""

    async def write_async():
        for text in texts:
            write(text)
        await hold.stop()
        write("later")
        return "value"

    def write_plain():
        for text in texts:
            write(text)
        hold.stop_plain()
        write("later")
        return "value"

    if is_async:
        return tasks.app_call, write_async
    return tasks.app_plain_call, write_plain


def kept_bytes():
    """Return what the pool says it keeps, after a check of its books."""
    pool.get().ledger.check()
    return pool.statistics().kept_bytes


async def follow(owner, id):
    """Read an output to its end as a reader that knows only places does."""
    text, place, attempt = "", 0, None
    while True:
        piece = await aoutput(owner, id, place, attempt, PATIENCE_SECONDS)
        text = text if piece.attempt == attempt else ""
        text, place, attempt = text + piece.text, piece.end, piece.attempt
        if piece.is_finished and not piece.text:
            return text


# -- reading ---------------------------------------------------------------------------


@BOTH
def test_an_owner_reads_what_a_running_body_has_written(owner, hold, is_async):
    """And the rest from there on, whatever the value is."""
    handle = submit(owner, *writes(hold, is_async, "one ", "two "))
    hold.entered()
    first = output(owner, handle.id)
    hold.open()
    drain()
    rest = output(owner, handle.id, first.end, first.attempt)

    assert (first.text, first.start, first.end) == ("one two ", 0, 8)
    assert (first.attempt, first.is_finished) == (1, False)
    assert (rest.text, rest.start, rest.end, rest.is_finished) == ("later", 8, 13, True)
    assert result(owner, handle.id) == "value"


def test_a_limit_cuts_what_is_given_not_what_is_kept(owner, hold):
    """The next read goes on at its end."""
    handle = submit(owner, *writes(hold, True, "abcdef"))
    hold.entered()

    assert output(owner, handle.id, 1, limit=2).text == "bc"
    assert output(owner, handle.id, 3, limit=200).text == "def"
    assert output(owner, handle.id, 700).end == 6


@pytest.mark.parametrize("start", [-1, "1", None, True])
def test_a_start_that_is_no_place_is_refused(owner, start):
    """The message names the rule."""
    handle = submit(owner, tasks.app_echo, 1)

    with pytest.raises((TypeError, ValueError), match="start must be"):
        output(owner, handle.id, start)
    drain()


async def test_another_owners_output_is_unknown(owner, make_owner, hold):
    """As unknown as one that never was."""
    handle = submit(owner, *writes(hold, True, "private"))

    with pytest.raises(UnknownOperation):
        output(make_owner(), handle.id)
    with pytest.raises(UnknownOperation):
        await aoutput(make_owner(), handle.id)
    with pytest.raises(UnknownOperation):
        output(owner, "nothing")


def test_a_row_tells_how_much_there_is_and_offers_it(owner, hold):
    """Never a character of it."""
    handle = submit(owner, *writes(hold, True, "private"))
    hold.entered()
    quiet = submit(owner, tasks.app_held, hold)
    hold.entered(2)

    seen = row(owner, handle.id)
    assert seen.output_size == seen.as_json()["output_size"] == 7
    assert seen.actions == ("cancel", "output")
    assert "private" not in repr(seen)
    assert row(owner, quiet.id).output_size == 0
    assert row(owner, quiet.id).actions == ("cancel",)
    hold.open()
    drain()
    assert row(owner, handle.id).actions == ("result", "dismiss", "output")


def test_a_thousand_writes_are_announced_once_until_a_row_is_read(owner, nudges, hold):
    """A socket that has not looked yet knows that there is something new."""

    async def body():
        for _ in range(1000):
            write("word ")
        await hold.stop()
        write("more")
        await hold.stop()

    handle = submit(owner, tasks.app_call, body)
    hold.entered()
    settle()
    before = len(nudges.changed)
    row(owner, handle.id)
    hold.pass_one()
    hold.entered(2)

    assert before <= 4  # accepted, started, and written
    assert len(nudges.changed) == before + 1


# -- waiting ---------------------------------------------------------------------------


@BOTH
async def test_a_reader_waits_for_more_and_for_the_end(owner, hold, is_async):
    """From any loop."""
    handle = submit(owner, *writes(hold, is_async, "begun "))
    begun = await aoutput(owner, handle.id)
    reader = asyncio.ensure_future(aoutput(owner, handle.id, begun.end, begun.attempt))
    await asyncio.to_thread(hold.entered)
    assert not reader.done()
    hold.open()
    more = await reader
    end = await aoutput(owner, handle.id, more.end, more.attempt)

    assert (begun.text, more.text) == ("begun ", "later")
    assert (end.text, end.is_finished) == ("", True)


async def test_a_reader_waits_at_most_its_time(owner, hold):
    """The text is then empty, and nothing of the reader is left."""
    handle = submit(owner, *writes(hold, True))
    await asyncio.to_thread(hold.entered)

    seen = await aoutput(owner, handle.id, timeout=0.01)

    assert (seen.text, seen.end, seen.is_finished) == ("", 0, False)
    assert pool.get().ledger.find(handle.id).buffer._waiters == {}


async def test_an_abandoned_reader_leaves_nothing_behind(owner, hold):
    """A closed tab."""
    handle = submit(owner, *writes(hold, True, "text"))
    await asyncio.to_thread(hold.entered)
    reader = asyncio.ensure_future(aoutput(owner, handle.id, 4, 1))
    buffer = pool.get().ledger.find(handle.id).buffer
    await asyncio.sleep(0)
    assert buffer._waiters

    reader.cancel()
    await asyncio.wait([reader])

    assert buffer._waiters == {}


async def test_a_reader_that_waits_before_the_start_gets_the_beginning(owner, hold):
    """It need not know that nothing ran yet."""
    pool.pause()
    handle = submit(owner, *writes(hold, True, "begun"))
    reader = asyncio.ensure_future(aoutput(owner, handle.id))
    await asyncio.sleep(0)
    pool.resume()

    assert (await reader).text == "begun"


async def test_a_reader_that_saw_no_attempt_is_answered_at_the_first(owner, hold):
    """It gave the 0 that it got; nothing was written yet, but the attempt is news."""
    handle = submit(owner, *writes(hold, True))
    await asyncio.to_thread(hold.entered)

    async with asyncio.timeout(PATIENCE_SECONDS):
        seen = await aoutput(owner, handle.id, 0, 0)

    assert (seen.text, seen.attempt, seen.is_finished) == ("", 1, False)


@pytest.mark.parametrize("is_stubborn", [False, True])
async def test_a_reader_of_what_was_forgotten_is_told_so(
    owner, hold, make_hold, is_stubborn
):
    """At once, also while the body goes on; and what it writes then is kept nowhere."""
    stop = make_hold()

    async def body():
        write("private")
        while True:
            try:
                await hold.stop()
            except asyncio.CancelledError:
                if not is_stubborn:
                    raise
                write("more")
                await stop.stop()
            return

    handle = submit(owner, tasks.app_call, body)
    reader = asyncio.ensure_future(aoutput(owner, handle.id, 7, 1))
    await asyncio.to_thread(hold.entered)
    operation = pool.get().ledger.find(handle.id)

    await asyncio.to_thread(end_owner, owner)

    with pytest.raises(UnknownOperation):
        await reader
    if is_stubborn:
        await asyncio.to_thread(stop.entered)
    await asyncio.to_thread(settle)
    assert operation.output_size == 0
    stop.open()


# -- attempts --------------------------------------------------------------------------


async def test_a_new_attempt_begins_with_an_empty_output(task_clock, owner):
    """A reader of the attempt before gets the new one from its start."""
    texts = iter(["first try", "second"])

    async def body():
        write(next(texts))
        raise ValueError

    handle = submit(owner, tasks.app_retried, body)
    first = await aoutput(owner, handle.id)
    await asyncio.to_thread(settle)
    between = output(owner, handle.id, first.end, first.attempt)
    reader = asyncio.ensure_future(aoutput(owner, handle.id, first.end, first.attempt))
    await asyncio.to_thread(task_clock.advance, 10)
    second = await reader
    assert (second.start, second.attempt) == (0, 2)
    if not second.text:  # it came at the start, before the body had written
        second = await aoutput(owner, handle.id, second.end, second.attempt)
    kept = kept_bytes()
    cancel(owner, handle.id)
    await asyncio.to_thread(drain)

    assert (first.text, first.attempt) == ("first try", 1)
    assert (between.text, between.is_finished) == ("", False)
    assert (second.text, second.start, second.attempt) == ("second", 0, 2)
    assert kept < 20 * KIB
    assert output(owner, handle.id).text == "second"


def test_a_late_write_of_an_earlier_attempt_is_ignored(owner):
    """A thread that a body left behind writes into no other's output."""
    contexts = []

    async def body():
        contexts.append(current_operation())
        contexts[0].write("x")
        raise ValueError

    handle = submit(owner, tasks.app_call, body)
    drain()
    contexts[0].write("late")

    assert output(owner, handle.id).text == "x"


@BOTH
def test_failed_and_cancelled_operations_keep_what_was_written(owner, hold, is_async):
    """As long as their handles; a retry starts with nothing."""
    handle = submit(owner, *writes(hold, is_async, "begun"))
    hold.entered()
    cancel(owner, handle.id)
    hold.open()
    drain()

    assert row(owner, handle.id).status is Status.CANCELLED
    assert output(owner, handle.id).text == "begun"
    assert row(owner, handle.id).actions == ("retry", "dismiss", "output")
    pool.pause()
    again = retry(owner, handle.id)
    assert output(owner, again.id).text == ""
    with pytest.raises(UnknownOperation):
        output(owner, handle.id)
    pool.resume()
    drain()


def test_a_plain_body_that_was_cancelled_ends_at_its_next_write(owner, hold):
    """As at its next progress."""
    seen = []

    def body():
        hold.stop_plain()
        try:
            write("text")
        except OperationCancelled as error:
            seen.append(error.id)
            raise

    handle = submit(owner, tasks.app_plain_call, body)
    hold.entered()
    cancel(owner, handle.id)
    hold.open()
    drain()

    assert seen == [handle.id]
    assert output(owner, handle.id).text == ""


def test_outside_an_operation_nothing_is_written():
    """Library code may write."""
    write("text")
    write(None)


# -- generators ------------------------------------------------------------------------


@pytest.mark.parametrize("body", [tasks.app_pieces, tasks.app_plain_pieces])
def test_the_output_of_a_generator_is_its_result(owner, hold, body):
    """Each piece is there while it runs; the whole is kept once."""
    handle = submit(owner, body, ["a" * 5000, "b" * 5000], hold)
    hold.entered()
    seen = output(owner, handle.id)
    hold.open()
    drain()

    assert seen.text == "a" * 5000 + "b" * 5000
    assert result(owner, handle.id) == seen.text + "end"
    assert output(owner, handle.id).text == result(owner, handle.id)
    assert kept_bytes() == 10_003


@pytest.mark.parametrize("body", [tasks.app_pieces, tasks.app_plain_pieces])
def test_a_generator_that_yields_nothing_has_an_empty_result(owner, body):
    """A text, as always."""
    assert run_task(body, [], None) == ""
    handle = submit(owner, body, [], None)
    drain()

    assert result(owner, handle.id) == ""


@pytest.mark.parametrize("body", [tasks.app_pieces, tasks.app_plain_pieces])
def test_a_generator_yields_texts_alone(owner, body):
    """Anything else is a mistake of its author."""
    handle = submit(owner, body, [7], None)
    drain()

    assert row(owner, handle.id).status is Status.FAILED


@pytest.mark.parametrize("body", [tasks.app_pieces, tasks.app_plain_pieces])
@pytest.mark.parametrize("way", ["cancelled", "too long"])
def test_a_generator_is_closed_when_it_is_told_to_end(
    task_clock, owner, make_hold, body, way
):
    """Its clean-up has run when the operation has ended."""
    hold, closed = make_hold(), []
    handle = submit(owner, body, ["begun"], hold, partial(closed.append, "closed"))
    hold.entered()
    if way == "cancelled":
        cancel(owner, handle.id)
    else:
        task_clock.advance(30)
    hold.open()
    drain()

    assert closed == ["closed"]
    expected = Status.CANCELLED if way == "cancelled" else Status.FAILED
    assert row(owner, handle.id).status is expected
    assert output(owner, handle.id).text == "begun"


def test_a_generator_that_never_waits_can_be_cancelled(owner):
    """It gives the loop its turns."""
    closed = []
    handle = submit(owner, tasks.app_endless_pieces, partial(closed.append, "closed"))
    while not row(owner, handle.id).output_size:
        settle()
    cancel(owner, handle.id)
    drain()

    assert closed == ["closed"]
    assert row(owner, handle.id).status is Status.CANCELLED


# -- bounds ----------------------------------------------------------------------------


@BOTH
def test_an_output_that_is_too_large_fails_its_operation(settings, owner, is_async):
    """With a sentence, without another attempt, also if the body goes on."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 10 * KIB}
    calls = []

    def write_much():
        calls.append(1)
        write("x" * 10 * KIB)
        try:
            write("y")
        except Exception:
            return "a value"

    async def write_much_async():
        return write_much()

    body = tasks.app_retried if is_async else tasks.app_plain_retried
    handle = submit(owner, body, write_much_async if is_async else write_much)
    drain()

    with pytest.raises(OperationFailed, match="The output is too large"):
        result(owner, handle.id)
    assert calls == [1]
    assert output(owner, handle.id).end == 10 * KIB


@BOTH
def test_an_error_made_of_a_refused_output_is_not_tried_again(
    settings, owner, is_async
):
    """The sentence is the output's, whatever the body raises then."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": KIB}
    calls = []

    def write_much():
        calls.append(1)
        try:
            write("x" * 2 * KIB)
        except Exception as error:
            raise RuntimeError from error

    async def write_much_async():
        write_much()

    body = tasks.app_retried if is_async else tasks.app_plain_retried
    handle = submit(owner, body, write_much_async if is_async else write_much)
    while row(owner, handle.id).status is Status.RUNNING:
        settle()

    with pytest.raises(OperationFailed, match="The output is too large"):
        result(owner, handle.id)
    assert calls == [1]


def test_an_output_counts_while_it_grows(settings, owner, hold):
    """In steps; exactly, once the operation has ended."""
    handle = submit(owner, *writes(hold, True, "x" * 100 * KIB))
    hold.entered()
    while_it_grows = kept_bytes()
    hold.open()
    drain()

    assert 100 * KIB <= while_it_grows <= 120 * KIB
    assert kept_bytes() == 100 * KIB + len("later") + len("value")
    dismiss(owner, handle.id)
    assert kept_bytes() == 0


def test_an_output_that_grows_evicts_what_has_finished(settings, owner, make_owner):
    """The oldest end goes first, as for arguments and results."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 64 * KIB}
    others = [make_owner() for _ in range(3)]
    for other in others:
        submit(other, tasks.app_echo, "x" * 20 * KIB)
        drain()

    async def body():
        for _ in range(30):
            write("x" * KIB)

    handle = submit(owner, tasks.app_call, body)
    drain()

    assert row(owner, handle.id).status is Status.SUCCESSFUL
    assert kept_bytes() <= 64 * KIB
    assert [bool(pool.get().ledger.memory.of(other)) for other in others] == [
        False,
        False,
        True,
    ]


def test_where_nothing_finished_can_go_the_writer_fails(settings, owner, make_hold):
    """With a sentence; other operations stay as they are."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 64 * KIB}
    hold = make_hold()
    held = submit(owner, *writes(hold, True, "x" * 40 * KIB))
    hold.entered()

    async def body():
        while True:
            write("x" * KIB)

    handle = submit(owner, tasks.app_call, body)

    with pytest.raises(OperationFailed, match="no memory left for the output"):
        asyncio.run(aresult(owner, handle.id, PATIENCE_SECONDS))
    assert kept_bytes() <= 64 * KIB
    hold.open()
    drain()
    assert row(owner, held.id).status is Status.SUCCESSFUL


def test_a_forgotten_output_counts_no_more(owner, hold):
    """Though its body still runs."""
    submit(owner, *writes(hold, False, "x" * 100 * KIB))
    hold.entered()

    end_owner(owner)

    assert kept_bytes() < KIB
    hold.open()
    drain()
    assert kept_bytes() == 0


# -- every kind of text, many readers --------------------------------------------------

PIECES = st.lists(st.text(st.characters(), max_size=20), max_size=100)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pieces=PIECES, limit=st.integers(1, 40), is_async=st.booleans())
def test_readers_get_what_was_written(owner, pieces, limit, is_async):
    """No piece is lost, doubled or torn, whatever the characters are."""
    body = tasks.app_pieces if is_async else tasks.app_plain_pieces
    handle = submit(owner, body, pieces, None)
    followed = asyncio.run(follow(owner, handle.id))
    drain()

    expected = "".join(one.encode(errors="replace").decode() for one in pieces)
    assert followed == expected
    assert result(owner, handle.id) == expected
    cut = [
        output(owner, handle.id, place, limit=limit).text
        for place in range(0, len(expected), limit)
    ]
    assert "".join(cut) == expected


def write_from_four_threads(hold):
    """Write as a body does that has threads of its own."""

    def write_each(letter):
        for number in range(500):
            write(f"{letter}{number};")

    def start(letter):
        run = partial(copy_context().run, write_each, letter)
        return threading.Thread(target=run)

    hold.stop_plain()
    threads = [start(letter) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)


@pytest.mark.parametrize("debug", [False, True])
def test_hammered_outputs_reach_all_readers(make_owner, hold, debug):
    """Four bodies with four writing threads each, and readers on loops of their own."""
    owners, texts = [make_owner() for _ in range(4)], {}
    body = partial(write_from_four_threads, hold)
    handles = [submit(one, tasks.app_plain_call, body) for one in owners]

    def read(number):
        reading = follow(owners[number % 4], handles[number % 4].id)
        texts[number] = asyncio.run(reading, debug=debug)

    readers = [threading.Thread(target=read, args=(n,)) for n in range(8)]
    for reader in readers:
        reader.start()
    hold.open()
    for reader in readers:
        reader.join(30)
    drain()

    pool.get().ledger.check()
    for number in range(8):
        assert texts[number] == texts[number % 4]
        pieces = texts[number].removesuffix(";").split(";")
        for letter in "abcd":
            own = [piece for piece in pieces if piece[0] == letter]
            assert own == [f"{letter}{count}" for count in range(500)]


def test_a_hundred_outputs_grow_at_once(settings, make_owner):
    """No reader waits for another's output."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 100}
    owners = [make_owner() for _ in range(100)]
    handles = [submit(one, tasks.app_pieces, ["piece "] * 50, None) for one in owners]

    async def read_all():
        pairs = zip(owners, handles, strict=True)
        return await asyncio.gather(*[follow(one, handle.id) for one, handle in pairs])

    begun = time.monotonic()
    texts = asyncio.run(read_all())

    assert texts == ["piece " * 50] * 100
    assert time.monotonic() - begun < PATIENCE_SECONDS
    drain()
