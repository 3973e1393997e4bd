"""The verbs of an owner: submit, wait, fetch; the rest is in test_windows."""

import asyncio
import io
import threading

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from ephemeral_tasks import (
    UnknownOperation,
    aresult,
    cancel,
    current_operation,
    dismiss,
    pool,
    result,
    retry,
    signals,
    submit,
    window,
    windows,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.errors import NotFinished, OperationCancelled, OperationFailed
from ephemeral_tasks.submission import end_owner, row, submit_once
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import settle


def test_a_submitted_operation_runs_and_its_result_is_fetched(owner):
    """Submission returns at once; the window names it and keeps its result."""
    handle = submit(owner, tasks.app_echo, "hello")

    drain()

    assert result(owner, handle.id) == "hello"
    assert [row.id for row in window(owner)] == [handle.id]


# -- waiting and fetching --------------------------------------------------------------


async def test_many_wait_for_one(owner, hold):
    """Each gets the value."""
    handle = submit(owner, tasks.app_held, hold, "value")
    waiters = [asyncio.ensure_future(aresult(owner, handle.id)) for _ in range(5)]
    await asyncio.sleep(0)
    hold.open()

    assert await asyncio.gather(*waiters) == ["value"] * 5


async def test_a_waiter_that_goes_away_cancels_nothing(owner, hold):
    """A closed tab is no wish to cancel."""
    handle = submit(owner, tasks.app_held, hold, "value")
    waiter = asyncio.ensure_future(aresult(owner, handle.id))
    await asyncio.to_thread(hold.entered)

    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    hold.open()

    assert await aresult(owner, handle.id) == "value"


async def test_a_wait_that_takes_too_long_says_so(owner, hold):
    """NotFinished, and the operation goes on."""
    handle = submit(owner, tasks.app_held, hold)

    with pytest.raises(NotFinished):
        await aresult(owner, handle.id, timeout=0.001)

    assert not row(owner, handle.id).is_finished


async def test_a_waiter_gets_the_cancellation(owner, hold):
    """OperationCancelled, never CancelledError."""
    handle = submit(owner, tasks.app_held, hold)
    await asyncio.to_thread(hold.entered)
    waiter = asyncio.ensure_future(aresult(owner, handle.id))
    await asyncio.sleep(0)

    cancel(owner, handle.id)

    with pytest.raises(OperationCancelled):
        await waiter


def test_a_result_that_is_not_there_yet_is_refused(owner, hold):
    """`result` never waits."""
    handle = submit(owner, tasks.app_held, hold)

    with pytest.raises(NotFinished):
        result(owner, handle.id)


# -- submitting once -------------------------------------------------------------------


def test_the_same_form_with_equal_input_is_one_operation(owner):
    """Two clicks, one operation."""
    first = submit_once(owner, tasks.app_echo, "key", {"value": "a"})
    second = submit_once(owner, tasks.app_echo, "key", {"value": "a"})
    drain()

    assert first == second
    assert pool.statistics().accepted == 1


@pytest.mark.parametrize(
    ("key", "value"), [("key", "b"), ("other", "a"), ("key", ["a"])]
)
def test_another_form_or_other_input_is_another_operation(owner, key, value):
    """The key and the input count together."""
    first = submit_once(owner, tasks.app_echo, "key", {"value": "a"})
    second = submit_once(owner, tasks.app_echo, key, {"value": value})

    assert first.id != second.id


def test_the_same_form_of_another_owner_is_another_operation(make_owner):
    """A key is no password."""
    first = submit_once(make_owner(), tasks.app_echo, "key", {"value": "a"})
    second = submit_once(make_owner(), tasks.app_echo, "key", {"value": "a"})

    assert first.id != second.id


def test_a_form_sent_again_after_its_operation_was_pushed_out_starts_anew(owner):
    """Nothing of it is remembered longer than its handle."""
    first = submit_once(owner, tasks.app_echo, "key", {"value": "a"})
    for number in range(5):
        submit(owner, tasks.app_echo, number)

    assert submit_once(owner, tasks.app_echo, "key", {"value": "a"}).id != first.id


def test_equal_input_is_equal_whatever_objects_it_is_made_of(owner):
    """One text twice, or two texts that are equal."""
    text = "".join(["a", "b"])
    first = submit_once(owner, tasks.app_echo, "key", {"value": [text, text]})
    second = submit_once(
        owner, tasks.app_echo, "key", {"value": [text, "".join(["a", "b"])]}
    )

    assert first == second


def test_a_file_is_equal_by_its_name_and_its_bytes(owner):
    """And it can still be read from its beginning."""

    def upload(name, content):
        file = io.BytesIO(content)
        file.name = name
        return submit_once(owner, tasks.app_echo, "key", {"value": file}), file

    (first, file), (again, _) = upload("a.md", b"text"), upload("a.md", b"text")
    others = [upload("b.md", b"text")[0], upload("a.md", b"other")[0]]

    assert first == again
    assert len({first.id, *(one.id for one in others)}) == 3
    assert file.read() == b"text"


def test_input_that_cannot_be_compared_is_never_equal(owner):
    """Better two operations than an error."""
    value = lambda: None  # noqa: E731
    handles = [
        submit_once(owner, tasks.app_echo, "key", {"value": value}) for _ in range(2)
    ]

    assert handles[0].id != handles[1].id


def test_a_double_click_in_two_threads_is_one_operation(owner):
    """Both requests are on their way at once."""
    gate, handles = threading.Barrier(8), []

    def click():
        gate.wait()
        handles.append(submit_once(owner, tasks.app_echo, "key", {"value": "a"}))

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert len({one.id for one in handles}) == 1
    assert len(handles) == 8


# -- failures --------------------------------------------------------------------------


def test_a_failure_shows_a_sentence_and_never_the_errors_text(owner):
    """The reference leads staff to the log."""
    handle = submit(owner, tasks.app_fails, "secret")
    drain()
    seen = row(owner, handle.id)

    assert seen.status is Status.FAILED
    assert seen.error.message == "The task failed."
    assert seen.error.reference == handle.id[:8]
    with pytest.raises(OperationFailed, match=r"^The task failed\.$") as raised:
        result(owner, handle.id)
    assert raised.value.reference == handle.id[:8]
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_a_body_may_fail_with_a_sentence_for_its_owner(owner):
    """TaskFailed."""
    handle = submit(owner, tasks.app_fails_politely, "No such language.")
    drain()

    assert row(owner, handle.id).error.message == "No such language."


def test_a_lazy_sentence_is_read_in_the_readers_language(owner):
    """Whatever language the body ran in."""
    handle = submit(owner, tasks.app_fails_politely, gettext_lazy("Yes"))
    drain()

    with translation.override("de"):
        assert row(owner, handle.id).error.message == "Ja"
        with pytest.raises(OperationFailed, match="Ja"):
            result(owner, handle.id)
    assert row(owner, handle.id).error.message == "Yes"


class Mute:
    """Something that has no words."""

    def __str__(self):
        raise ValueError("secret")


def test_a_sentence_that_cannot_be_read_is_replaced(owner):
    """The end of an operation hangs on no body's object."""
    handle = submit(owner, tasks.app_fails_politely, Mute())
    drain()

    assert row(owner, handle.id).error.message == "The task failed."


def test_an_attempt_that_takes_too_long_fails_with_a_sentence(
    task_clock, owner, make_hold
):
    """Per attempt; the body is told to end."""
    hold = make_hold()
    handle = submit(owner, tasks.app_timed, hold)
    hold.entered()
    task_clock.advance(30)
    drain()

    assert row(owner, handle.id).error.message == "The task took too long."


def test_a_failed_attempt_is_followed_by_another(task_clock, owner):
    """After the task's own pause; between attempts the row shows that it waits."""
    attempts = []

    async def body():
        attempts.append(current_operation().attempt)
        if len(attempts) < 3:
            raise ValueError
        return "third time lucky"

    handle = submit(owner, tasks.app_retried, body)
    settle()
    between = row(owner, handle.id)
    task_clock.advance(10)
    task_clock.advance(20)
    drain()

    assert (between.status, between.attempt) == (Status.READY, 1)
    assert between.position == 1
    assert between.actions == ("cancel",)
    assert attempts == [1, 2, 3]
    assert result(owner, handle.id) == "third time lucky"
    assert row(owner, handle.id).attempt == 3


def test_the_attempts_come_to_an_end(task_clock, owner):
    """The last error is the operation's."""

    async def fail():
        raise ValueError

    handle = submit(owner, tasks.app_retried, fail)
    task_clock.advance(60)
    drain()

    seen = row(owner, handle.id)
    assert (seen.status, seen.attempt) == (Status.FAILED, 3)


def test_an_operation_is_cancelled_between_attempts(task_clock, owner):
    """It shows CANCELLED at once and is never tried again."""
    attempts = []

    async def fail():
        attempts.append(1)
        raise ValueError

    handle = submit(owner, tasks.app_retried, fail)
    settle()
    cancel(owner, handle.id)

    assert row(owner, handle.id).status is Status.CANCELLED
    task_clock.advance(60)
    assert attempts == [1]
    assert pool.statistics().retrying == 0


def test_a_body_that_cannot_even_be_called_fails(owner, monkeypatch):
    """Whatever goes wrong at the start, the operation ends FAILED."""
    handle = submit(owner, tasks.app_call, lambda: None)  # awaits None
    drain()

    assert row(owner, handle.id).status is Status.FAILED


def test_an_unknown_id_is_unknown_before_there_is_a_pool(owner):
    """And asking starts none."""
    with pytest.raises(UnknownOperation):
        result(owner, "0" * 32)

    assert pool.current() is None


def is_free(lock):
    """Return whether another thread can take a lock now."""
    taken = []

    def take():
        taken.append(lock.acquire(blocking=False))
        if taken[0]:
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return taken == [True]


VERBS = {
    "submit": lambda owner, failed: submit(owner, tasks.app_echo, 1),
    "submit_once": lambda owner, failed: submit_once(
        owner, tasks.app_echo, "key", {"value": 1}
    ),
    "retry": lambda owner, failed: retry(owner, failed.id),
    "dismiss": lambda owner, failed: dismiss(owner, failed.id),
    "cancel": lambda owner, failed: cancel(owner, failed.id),
    "end_owner": lambda owner, failed: end_owner(owner),
}


@pytest.mark.parametrize("verb", VERBS)
def test_no_listener_is_called_under_a_lock(owner, hold, verb):
    """It may take locks of its own, and others wait for ours meanwhile."""
    if verb == "cancel":
        handle = submit(owner, tasks.app_held, hold)
    else:
        handle = submit(owner, tasks.app_fails, "text")
        drain()
    settle()
    caller, seen = threading.current_thread(), []

    def look(changed):
        if threading.current_thread() is caller:
            seen.append((is_free(windows.lock), is_free(pool.get().ledger._lock)))

    disconnect = signals.connect(changed=look, ended=look)
    try:
        VERBS[verb](owner, handle)
    finally:
        disconnect()

    assert seen
    assert set(seen) == {(True, True)}
