"""Bodies that ask their owner, and go on with the answer."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext_lazy

from ephemeral_tasks import (
    Conflict,
    NotAnswered,
    OperationCancelled,
    QueueFull,
    UnknownOperation,
    WindowFull,
    aask,
    ask,
    cancel,
    current_operation,
    pool,
    progress,
    result,
    retry,
    signals,
    submit,
    window,
)
from ephemeral_tasks.core import Status, for_each
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.errors import InvalidAnswer
from ephemeral_tasks.submission import answer, end_owner, row
from ephemeral_tasks.testing import drain, run_task
from tests.app import tasks
from tests.app.conftest import settle

CHOICES = ("Overwrite", "Keep")
BOTH = pytest.mark.parametrize("is_async", [True, False])


class AgeForm(forms.Form):
    """A form that may refuse."""

    age = forms.IntegerField(min_value=1)
    scan = forms.FileField(required=False)


class NumberForm(AgeForm):
    """A form with a field that is named as the question's number."""

    number = forms.IntegerField()


def asks(is_async, *, seen=None, options=None, body=None):
    """Return a task and a function that asks and returns the answer."""
    options = {"choices": CHOICES, **(options or {})}
    seen = [] if seen is None else seen

    async def ask_async():
        try:
            return await aask("Overwrite 3 files?", **options)
        except BaseException as error:
            seen.append(type(error))
            raise

    def ask_plain():
        try:
            return ask("Overwrite 3 files?", **options)
        except BaseException as error:
            seen.append(type(error))
            raise

    if is_async:
        return body or tasks.app_call, ask_async
    return body or tasks.app_plain_call, ask_plain


def until(is_so):
    """Wait until it is so; the loop turns meanwhile."""
    until_asked = threading.Event()
    for _ in range(2000):
        if is_so():
            return
        until_asked.wait(0.001)
        settle(1)
    raise AssertionError("it never was so")


def asked(owner, id, number=1):
    """Return the row once its question is open."""
    until(lambda: getattr(row(owner, id).question, "number", 0) == number)
    pool.get().ledger.check()
    return row(owner, id)


@contextmanager
def checked():
    """Check the ledger's books before and after."""
    pool.get().ledger.check()
    yield
    pool.get().ledger.check()


# -- asking and answering --------------------------------------------------------------


@BOTH
def test_a_body_goes_on_with_its_owners_answer(owner, is_async):
    """The row shows the question meanwhile, and offers to answer."""
    handle = submit(owner, *asks(is_async))
    seen = asked(owner, handle.id)
    after = answer(owner, handle.id, 1, "Keep")
    drain()

    assert (seen.status, seen.actions) == (Status.RUNNING, ("cancel", "answer"))
    question = seen.as_json()["question"]
    assert seen.question.asked_at.isoformat() == question.pop("asked_at")
    assert question == {
        "number": 1,
        "text": "Overwrite 3 files?",
        "choices": ["Overwrite", "Keep"],
    }
    assert after.question is None
    assert result(owner, handle.id) == "Keep"


@BOTH
def test_a_form_is_answered_with_its_cleaned_data(owner, is_async):
    """Uploads outlive the request; what the form refuses changes nothing."""
    upload = SimpleUploadedFile("scan.txt", b"content")
    handle = submit(owner, *asks(is_async, options={"choices": None, "form": AgeForm}))
    seen = asked(owner, handle.id)

    with pytest.raises(InvalidAnswer) as refused:
        answer(owner, handle.id, 1, data={"age": "0"})
    assert seen.question.form is AgeForm
    assert seen.as_json()["question"]["choices"] is None
    assert list(refused.value.fields) == ["age"]
    assert refused.value.form.is_bound
    answer(owner, handle.id, 1, data={"age": "7"}, files={"scan": upload})
    upload.close()
    drain()

    given = result(owner, handle.id)
    assert given["age"] == 7
    assert given["scan"].read() == b"content"


def test_a_site_may_make_the_form_itself(owner):
    """One that takes more than data and files."""
    made = []

    def make_form(form_class, **arguments):
        made.append(form_class)
        return form_class(**arguments)

    handle = submit(owner, *asks(True, options={"choices": None, "form": AgeForm}))
    asked(owner, handle.id)
    answer(owner, handle.id, 1, data={"age": "7"}, make_form=make_form)
    drain()

    assert made == [AgeForm]


@pytest.mark.parametrize("wrong", ["keep", "", None, 1, ["Keep"]])
def test_an_answer_that_is_no_choice_changes_nothing(owner, wrong):
    """The question stays open."""
    handle = submit(owner, *asks(True))
    asked(owner, handle.id)

    with pytest.raises(InvalidAnswer) as refused:
        answer(owner, handle.id, 1, wrong)

    assert list(refused.value.fields) == ["answer"]
    assert row(owner, handle.id).question.number == 1
    answer(owner, handle.id, 1, "Keep")
    drain()


def test_stale_double_foreign_and_unknown_answers_change_nothing(owner, make_owner):
    """Each has an error of its own."""

    async def body():
        return [await aask("First?", choices=["a"]), await aask("2nd?", choices=["b"])]

    handle = submit(owner, tasks.app_call, body)
    asked(owner, handle.id)

    for number in (0, 2, None, "1"):
        with pytest.raises(Conflict, match="cannot answer"):
            answer(owner, handle.id, number, "a")
    with pytest.raises(UnknownOperation):
        answer(make_owner(), handle.id, 1, "a")
    with pytest.raises(UnknownOperation):
        answer(owner, "nothing", 1, "a")
    answer(owner, handle.id, 1, "a")
    with pytest.raises(Conflict):
        answer(owner, handle.id, 1, "a")
    asked(owner, handle.id, 2)
    with pytest.raises(Conflict):
        answer(owner, handle.id, 1, "a")
    answer(owner, handle.id, 2, "b")
    drain()
    with pytest.raises(Conflict):
        answer(owner, handle.id, 2, "b")

    assert result(owner, handle.id) == ["a", "b"]


def test_of_many_answers_at_once_one_counts(owner):
    """The first; all others hear that the question is closed."""
    handle = submit(owner, *asks(True, options={"choices": list("abcdefgh")}))
    asked(owner, handle.id)
    gate, given, refused = threading.Barrier(8), [], []

    def try_it(choice):
        gate.wait()
        try:
            answer(owner, handle.id, 1, choice)
            given.append(choice)
        except Conflict:
            refused.append(choice)

    threads = [threading.Thread(target=try_it, args=(one,)) for one in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    drain()

    assert len(given) == 1
    assert len(refused) == 7
    assert [result(owner, handle.id)] == given


def test_a_choice_is_returned_as_the_body_gave_it(owner):
    """A lazy translation, too, whatever the reader's language is."""
    lazy = gettext_lazy("Cancel")
    handle = submit(owner, *asks(True, options={"choices": [lazy, "Other"]}))
    seen = asked(owner, handle.id)
    answer(owner, handle.id, 1, seen.question.choices[0])
    drain()

    assert result(owner, handle.id) is lazy


def test_a_question_is_plain_text_of_500_characters(owner):
    """What UTF-8 cannot express is replaced."""

    async def body():
        await aask("\ud800" + "x" * 1000, choices=["a"])

    handle = submit(owner, tasks.app_call, body)
    text = asked(owner, handle.id).question.text
    cancel(owner, handle.id)
    drain()

    assert text == "?" + "x" * 498 + "…"


@BOTH
def test_numbers_go_on_over_attempts(task_clock, owner, is_async):
    """An answer to an earlier attempt's question never fits a later one's."""
    body = tasks.app_retried if is_async else tasks.app_plain_retried

    async def ask_async():
        await aask("Again?", choices=["a"])
        raise ValueError

    def ask_plain():
        ask("Again?", choices=["a"])
        raise ValueError

    handle = submit(owner, body, ask_async if is_async else ask_plain)
    asked(owner, handle.id)
    answer(owner, handle.id, 1, "a")
    until(lambda: row(owner, handle.id).status is Status.READY)
    task_clock.advance(10)

    assert asked(owner, handle.id, 2).attempt == 2
    cancel(owner, handle.id)
    drain()


def test_bodies_of_a_loop_ask_one_after_the_other(owner):
    """Their owner sees one question at a time."""
    answers = []

    async def part(item):
        answers.append((item, await aask(f"{item}?", choices=["yes", "no"])))

    async def body():
        await for_each("abc", part, limit=3)

    handle = submit(owner, tasks.app_call, body)
    texts = []
    for number in (1, 2, 3):
        texts.append(asked(owner, handle.id, number).question.text)
        answer(owner, handle.id, number, "yes")
    drain()

    assert sorted(texts) == ["a?", "b?", "c?"]
    assert sorted(answers) == [("a", "yes"), ("b", "yes"), ("c", "yes")]


def test_threads_of_a_plain_body_ask_one_after_the_other(owner):
    """As bodies of a loop do."""

    def body():
        with ThreadPoolExecutor(3) as executor:
            asking = [
                executor.submit(copy_context().run, ask, f"{one}?", choices=["yes"])
                for one in "abc"
            ]
            return [one.result() for one in asking]

    handle = submit(owner, tasks.app_plain_call, body)
    for number in (1, 2, 3):
        asked(owner, handle.id, number)
        answer(owner, handle.id, number, "yes")
    drain()

    assert result(owner, handle.id) == ["yes"] * 3


# -- slots -----------------------------------------------------------------------------


@BOTH
def test_an_unanswered_question_holds_no_slot(settings, owner, make_owner, is_async):
    """Others start, of the same owner too; answered, it goes on above the limit."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    other, hold_open = make_owner(), threading.Event()
    asking = [submit(owner, *asks(is_async)) for _ in range(3)]
    for one in asking:
        asked(owner, one.id)
    blocker = submit(other, tasks.app_plain_call, hold_open.wait)
    waiting = submit(owner, tasks.app_echo, "later")
    until(lambda: row(other, blocker.id).status is Status.RUNNING)
    statistics = pool.statistics()
    with checked():
        for one in asking:
            answer(owner, one.id, 1, "Keep")
        until(lambda: all(row(owner, one.id).is_finished for one in asking))

    assert (statistics.asking, statistics.running, statistics.waiting) == (3, 1, 1)
    assert row(owner, waiting.id).status is Status.READY
    hold_open.set()
    drain()
    assert pool.statistics().asking == 0
    assert result(owner, waiting.id) == "later"


def test_more_plain_bodies_ask_than_may_run(settings, make_owner):
    """Their threads are not those of others."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2}
    owners = [make_owner() for _ in range(20)]
    handles = [submit(one, *asks(False)) for one in owners]
    for one, handle in zip(owners, handles, strict=True):
        asked(one, handle.id)
    quick = submit(owners[0], tasks.app_plain_echo, "quick")
    until(lambda: row(owners[0], quick.id).is_finished)

    assert pool.statistics().asking == 20
    for one, handle in zip(owners, handles, strict=True):
        answer(one, handle.id, 1, "Keep")
    drain()
    pool.get().ledger.check()


def test_an_asking_operation_counts_as_unfinished(settings, owner):
    """It is not evicted, and a full window refuses."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 1, "WHEN_WINDOW_FULL": "refuse"}
    handle = submit(owner, *asks(True))
    asked(owner, handle.id)

    with pytest.raises(WindowFull):
        submit(owner, tasks.app_echo, 1)
    with pytest.raises(AssertionError, match="unfinished after"):
        drain(0.01)
    answer(owner, handle.id, 1, "Keep")
    drain()


def test_who_asks_gets_no_place_that_is_kept_for_new_visitors(
    settings, owner, make_owner, hold
):
    """An operation that asks is unfinished, though it is in no queue."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 10}
    handle = submit(owner, *asks(True))
    asked(owner, handle.id)
    for _ in range(9):  # one that runs, and eight that wait
        submit(make_owner(), tasks.app_held, hold)

    with pytest.raises(QueueFull, match="1 of them kept for new visitors"):
        submit(owner, tasks.app_echo, 1)
    submit(make_owner(), tasks.app_echo, 1)
    answer(owner, handle.id, 1, "Keep")
    hold.open()
    drain()


@BOTH
def test_no_more_operations_ask_than_may_wait(settings, make_owner, is_async):
    """Beside those that may run; an answer alone frees no place, an end does."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2, "MAX_WAITING": 5}
    asking = []
    for _ in range(7):
        other = make_owner()
        asking.append((other, submit(other, *asks(is_async))))
        asked(other, asking[-1][1].id)

    with pytest.raises(QueueFull, match="0 operations wait and 7 ask, MAX_WAITING is"):
        submit(make_owner(), tasks.app_echo, 1)
    assert not pool.get().is_healthy()
    (first, handle) = asking.pop(0)
    answer(first, handle.id, 1, "Keep")
    until(lambda: row(first, handle.id).is_finished)
    submit(make_owner(), tasks.app_echo, 1)
    for other, handle in asking:
        cancel(other, handle.id)
    drain()


def test_answers_make_no_places_for_bodies_that_ask_again(
    settings, make_owner, make_hold
):
    """What runs above the limit may ask again, so it keeps its place."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 2}
    hold, owners = make_hold(), [make_owner() for _ in range(3)]

    async def body():
        await aask("Go on?", choices=["a"])
        await hold.stop()

    handles = []
    for owner in owners:
        handles.append(submit(owner, tasks.app_call, body))
        asked(owner, handles[-1].id)
    for owner, handle in zip(owners, handles, strict=True):
        answer(owner, handle.id, 1, "a")
    hold.entered(3)

    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_echo, 1)
    pool.get().ledger.check()


# -- time ------------------------------------------------------------------------------


@BOTH
def test_a_question_without_an_answer_in_time_raises(task_clock, owner, is_async):
    """NotAnswered in the body; a body that lets it pass fails with a sentence."""
    seen = []
    handle = submit(owner, *asks(is_async, seen=seen, options={"timeout": 60}))
    asked(owner, handle.id)
    task_clock.advance(59)
    assert row(owner, handle.id).question is not None
    task_clock.advance(1)
    drain()

    assert seen == [NotAnswered]
    failed = row(owner, handle.id)
    assert failed.status is Status.FAILED
    assert failed.error.message == "The question was not answered in time."
    with pytest.raises(Conflict):
        answer(owner, handle.id, 1, "Keep")


@BOTH
def test_the_tasks_own_time_stands_still_while_it_asks(
    task_clock, owner, make_hold, is_async
):
    """30 seconds are its own; an hour for its owner changes nothing."""
    hold, body = make_hold(), tasks.app_timed_call
    if not is_async:
        body = tasks.app_plain_timed_call

    async def ask_async():
        await hold.stop()
        await aask("Go on?", choices=["yes"])
        await hold.stop()

    def ask_plain():
        hold.stop_plain()
        ask("Go on?", choices=["yes"])
        hold.stop_plain()
        progress(1)

    handle = submit(owner, body, ask_async if is_async else ask_plain)
    hold.entered()
    task_clock.advance(20)
    hold.pass_one()
    asked(owner, handle.id)
    settle()
    task_clock.advance(3000)
    answer(owner, handle.id, 1, "yes")
    hold.entered(2)
    settle()
    task_clock.advance(9)
    assert row(owner, handle.id).status is Status.RUNNING
    task_clock.advance(1)
    hold.open()
    drain()

    assert row(owner, handle.id).error.message == "The task took too long."


def test_a_slow_loop_takes_none_of_the_tasks_time(task_clock, owner, make_hold, nudges):
    """Asked and answered before the loop came to stop the attempt's time."""
    hold, gate = make_hold(), threading.Event()

    def body():
        hold.stop_plain()
        ask("Go on?", choices=["yes"])
        hold.stop_plain()

    handle = submit(owner, tasks.app_plain_timed_call, body)
    hold.entered()
    pool.get().loop.post(lambda: gate.wait(PATIENCE_SECONDS))
    hold.pass_one()
    nudges.until(lambda: row(owner, handle.id).question)
    task_clock._clock._now += 20  # by hand: its loop stands still
    answer(owner, handle.id, 1, "yes")
    gate.set()
    hold.entered(2)
    task_clock.advance(29)

    assert not pool.get().ledger.find(handle.id).is_timed_out
    task_clock.advance(1)
    assert pool.get().ledger.find(handle.id).is_timed_out
    hold.open()
    drain()


# -- ending ----------------------------------------------------------------------------


def cancelled(owner, handle, clock):
    """Its owner cancels."""
    cancel(owner, handle.id)


def pushed_out(owner, handle, clock):
    """Five newer ones come."""
    for number in range(5):
        submit(owner, tasks.app_echo, number)


def logged_out(owner, handle, clock):
    """Its owner logs out."""
    end_owner(owner)


def idle(owner, handle, clock):
    """Nobody looks for an hour."""
    clock.advance(3600 + 30)


@BOTH
@pytest.mark.parametrize("way", [cancelled, pushed_out, logged_out, idle])
def test_an_asking_operation_ends_as_any_other(task_clock, owner, way, is_async):
    """Its body is woken at once, and no answer is taken any more."""
    seen = []
    handle = submit(owner, *asks(is_async, seen=seen))
    asked(owner, handle.id)

    way(owner, handle, task_clock)
    drain()

    pool.get().ledger.check()
    expected = asyncio.CancelledError if is_async else OperationCancelled
    assert seen == [expected]
    assert pool.statistics().asking == 0
    assert pool.statistics().cancelled == 1
    with pytest.raises((Conflict, UnknownOperation)):
        answer(owner, handle.id, 1, "Keep")


@BOTH
def test_a_drain_cancels_what_asks_at_its_end(owner, is_async):
    """As what runs."""
    seen = []
    handle = submit(owner, *asks(is_async, seen=seen))
    asked(owner, handle.id)
    ledger = pool.get().ledger

    pool.drain(0)

    ledger.check()
    assert ledger.is_empty
    assert len(seen) == 1


def test_a_question_may_be_taken_back(owner):
    """A body that waits no longer; the next question has the next number."""

    async def body():
        try:
            async with asyncio.timeout(0):
                await aask("Quick?", choices=["a"])
        except TimeoutError:
            return await aask("Slow?", choices=["b"])

    handle = submit(owner, tasks.app_call, body)
    seen = asked(owner, handle.id, 2)
    answer(owner, handle.id, 2, "b")
    drain()

    assert seen.question.text == "Slow?"
    pool.get().ledger.check()


def test_a_question_that_a_body_left_ends_with_it(owner):
    """A task that the body started and did not wait for."""
    children = []

    async def body():
        asking = aask("Anyone?", choices=["a"])
        children.append(asyncio.get_running_loop().create_task(asking))
        await asyncio.sleep(0)
        return "done"

    handle = submit(owner, tasks.app_call, body)
    drain()
    settle()

    assert result(owner, handle.id) == "done"
    assert isinstance(children[0].exception(), OperationCancelled)
    assert pool.statistics().asking == 0
    pool.get().ledger.check()


def test_what_an_attempt_left_behind_asks_nothing_in_the_next(
    task_clock, owner, make_hold
):
    """A thread that comes to its question too late."""
    late, slow, second = [], make_hold(), make_hold()

    class SlowText:
        def __str__(self):
            slow.stop_plain()
            return "Too late?"

    def body():
        if current_operation().attempt == 1:
            late.append(executor.submit(copy_context().run, ask_late))
            slow.entered()
            raise ValueError
        second.stop_plain()

    def ask_late():
        ask(SlowText(), choices=["a"])

    with ThreadPoolExecutor(1) as executor:
        handle = submit(owner, tasks.app_plain_retried, body)
        until(lambda: row(owner, handle.id).status is Status.READY and late)
        task_clock.advance(10)
        second.entered()
        slow.open()
        until(lambda: late[0].done() or row(owner, handle.id).question)

        assert row(owner, handle.id).question is None
        assert isinstance(late[0].exception(), OperationCancelled)
        second.open()
        drain()


def test_an_answer_counts_though_its_operation_is_forgotten_meanwhile(owner):
    """A listener of the answer logs the owner out."""
    handle = submit(owner, *asks(True))
    asked(owner, handle.id)
    disconnect = signals.connect(changed=end_owner, ended=lambda owner: None)
    try:
        answered = answer(owner, handle.id, 1, "Keep")
    finally:
        disconnect()
    drain()

    assert (answered.id, answered.question) == (handle.id, None)


def test_a_retry_of_what_was_cancelled_while_it_asked_asks_again(owner):
    """A new operation, whose first question is number 1."""
    handle = submit(owner, *asks(True))
    asked(owner, handle.id)
    cancel(owner, handle.id)
    drain()
    again = retry(owner, handle.id)
    asked(owner, again.id)
    answer(owner, again.id, 1, "Keep")
    drain()

    assert result(owner, again.id) == "Keep"


# -- refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({}, TypeError, "either choices or a form"),
        ({"choices": ["a"], "form": AgeForm}, TypeError, "either choices or a form"),
        ({"choices": []}, ValueError, "choices must be 1 to 10, got 0"),
        ({"choices": list("abcdefghijk")}, ValueError, "must be 1 to 10, got 11"),
        ({"choices": ["a", "a"]}, ValueError, "choices must differ, got 'a' twice"),
        ({"choices": [""]}, ValueError, "1 to 100 characters, got 0"),
        ({"choices": ["x" * 101]}, ValueError, "1 to 100 characters, got 101"),
        ({"choices": [1]}, TypeError, "choices must be texts, got int"),
        ({"choices": "yes"}, TypeError, "choices must be a tuple of texts"),
        ({"choices": ["a\nb"]}, ValueError, r"must be one line, got 'a\nb'"),
        ({"choices": ["a\r\nb"]}, ValueError, r"must be one line, got 'a\r\nb'"),
        ({"form": int}, TypeError, "form must be a form class"),
        ({"form": NumberForm}, ValueError, "no field 'number', which names"),
        ({"form": AgeForm()}, TypeError, "form must be a form class"),
        ({"choices": ["a"], "timeout": 0}, ValueError, "timeout must be > 0"),
    ],
)
@BOTH
def test_a_question_keeps_the_rules(owner, options, kind, message, is_async):
    """The message names the rule; nothing was asked."""
    errors = []

    async def ask_async():
        try:
            await aask("Well?", **options)
        except kind as error:
            errors.append(str(error))

    def ask_plain():
        try:
            ask("Well?", **options)
        except kind as error:
            errors.append(str(error))

    if is_async:
        submit(owner, tasks.app_call, ask_async)
    else:
        submit(owner, tasks.app_plain_call, ask_plain)
    drain()

    assert len(errors) == 1
    assert message in errors[0]


async def test_outside_an_operation_nobody_is_asked():
    """Library code that asks needs an operation."""
    with pytest.raises(RuntimeError, match="must be called inside the body"):
        await aask("Well?", choices=["a"])
    with pytest.raises(RuntimeError, match="must be called inside the body"):
        ask("Well?", choices=["a"])


def test_an_operation_that_is_nobodys_asks_nobody():
    """Nor does one that a test runs without an owner."""

    def body():
        ask("Well?", choices=["a"])

    with pytest.raises(RuntimeError, match="needs an owner"):
        run_task(tasks.app_plain_call, body)


def test_an_async_body_does_not_block_its_loop(owner):
    """`ask` says what to write instead."""
    errors = []

    async def body():
        for call in (ask, None):
            try:
                if call is None:
                    await asyncio.to_thread(ask, "Well?", choices=["a"])
                else:
                    call("Well?", choices=["a"])
            except RuntimeError as error:
                errors.append(str(error))

    submit(owner, tasks.app_call, body)
    drain()

    assert len(errors) == 2
    assert all("await aask()" in one for one in errors)


# -- many at once ----------------------------------------------------------------------


async def ask_thrice():
    """Ask, and return the three answers."""
    return [await aask(f"{n}?", choices=["a", "b"]) for n in range(3)]


def ask_thrice_plain():
    """Ask from a thread, and return the three answers."""
    return [ask(f"{n}?", choices=["a", "b"]) for n in range(3)]


def click(owner, seen, *, cancels):
    """Click on what a row offers, as a hurried visitor does."""
    with suppress(Conflict, UnknownOperation):
        if seen.question:
            answer(owner, seen.id, seen.question.number, "a")
        elif cancels and seen.attempt and seen.id[0] in "01":
            cancel(owner, seen.id)


@pytest.mark.parametrize("debug", [False, True])
def test_hammered_questions_end_once_each(settings, make_owner, debug):
    """Answers, cancels and log-outs meet bodies of both kinds, and the books agree."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 3, "MAX_RUNNING_PER_OWNER": 2}
    owners = [make_owner() for _ in range(6)]
    pool.get().loop.loop.set_debug(debug)
    is_over = threading.Event()

    def click_everywhere(number):
        while not is_over.is_set():
            rows = [(owner, seen) for owner in owners for seen in window(owner)]
            for owner, seen in rows:
                click(owner, seen, cancels=number == 0)

    clickers = [threading.Thread(target=click_everywhere, args=(n,)) for n in range(3)]
    for clicker in clickers:
        clicker.start()
    for owner in owners * 10:
        submit(owner, tasks.app_call, ask_thrice)
        submit(owner, tasks.app_plain_call, ask_thrice_plain)
    end_owner(owners[0])
    drain(PATIENCE_SECONDS)
    is_over.set()
    for clicker in clickers:
        clicker.join(PATIENCE_SECONDS)

    pool.get().ledger.check()
    statistics = pool.statistics()
    assert (statistics.asking, statistics.running, statistics.failed) == (0, 0, 0)
    assert statistics.successful + statistics.cancelled == 120
