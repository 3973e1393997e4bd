"""The pool keeps the promises of a ``django.tasks`` backend."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from ephemeral_tasks import ResultFile, pool
from ephemeral_tasks.compat import (
    DjangoTask,
    InvalidTask,
    TaskResultDoesNotExist,
    TaskResultStatus,
    task_enqueued,
    task_finished,
    task_started,
)
from ephemeral_tasks.core.errors import OperationCancelled, QueueFull
from ephemeral_tasks.testing import cancel_all, drain
from tests.backends import tasks

BACKEND = "ephemeral_tasks.backends.PoolBackend"


@pytest.fixture(autouse=True)
def pool_backend(settings):
    """The alias ``default`` is the pool."""
    settings.TASKS = {"default": {"BACKEND": BACKEND, "QUEUES": []}}


@pytest.fixture
def heard():
    """The signals that were sent, in order: name, id, status, thread."""
    sent = []

    def listen(name):
        def receiver(sender, task_result, **kwargs):
            thread = threading.current_thread().name
            sent.append((name, task_result.id, task_result.status, thread))

        return receiver

    receivers = {
        "enqueued": (task_enqueued, listen("enqueued")),
        "started": (task_started, listen("started")),
        "finished": (task_finished, listen("finished")),
    }
    for signal, receiver in receivers.values():
        signal.connect(receiver)
    yield sent
    for signal, receiver in receivers.values():
        signal.disconnect(receiver)


@pytest.mark.parametrize("pieces", ["backend_pieces", "backend_plain_pieces"])
def test_the_whole_output_of_a_generator_is_its_return_value(pieces):
    """As JSON would give it back: a text."""
    result = getattr(tasks, pieces).enqueue(3)
    drain()
    result.refresh()

    assert result.return_value == "0 1 2 "
    assert pool.statistics().kept_bytes == len("0 1 2 ")


def test_flags_are_all_true():
    """The pool can defer, await, prioritise and find results."""
    backend = tasks.backend_add.get_backend()

    assert backend.supports_defer
    assert backend.supports_async_task
    assert backend.supports_get_result
    assert backend.supports_priority


@pytest.mark.parametrize("task", [tasks.backend_add, tasks.backend_plain_add])
def test_result_is_right_before_and_after(task):
    """A new result is READY; after refresh it says all that Django's says."""
    result = task.enqueue(2, second=3)

    assert result.status == TaskResultStatus.READY
    assert (result.args, result.kwargs) == ([2], {"second": 3})
    assert result.enqueued_at is not None
    assert result.started_at is None
    assert result.attempts == 0

    drain()
    result.refresh()

    assert result.status == TaskResultStatus.SUCCESSFUL
    assert result.return_value == 5
    assert result.is_finished
    assert result.enqueued_at <= result.started_at <= result.finished_at
    assert result.last_attempted_at == result.started_at
    assert result.worker_ids == [pool.process_id()[0]]
    assert result.errors == []
    assert (result.args, result.kwargs) == ([2], {"second": 3})


async def test_async_twins_do_the_same():
    """aenqueue, arefresh and aget_result need no thread of their own."""
    result = await tasks.backend_add.aenqueue(2)
    drain()
    await result.arefresh()

    found = await tasks.backend_add.aget_result(result.id)

    assert result.return_value == found.return_value == 3


def test_djangos_own_task_runs():
    """A task of Django's own decorator goes to the pool as well."""
    result = tasks.backend_djangos_own.enqueue("word")
    drain()
    result.refresh()

    assert result.return_value == "WORD"


def test_values_are_as_json_gives_them_back():
    """A tuple comes back as a list, as with every backend."""
    result = tasks.backend_pair.enqueue()
    drain()
    result.refresh()

    assert result.return_value == [1, 2]


def test_a_file_is_given_back_as_it_is():
    """Though JSON cannot hold it: it is meant for people."""
    enqueued = tasks.backend_file.enqueue()
    drain()

    value = tasks.backend_file.get_result(enqueued.id).return_value
    assert value == ResultFile("a.csv", b"1,2", "text/csv")


def test_a_value_that_json_cannot_hold_fails_the_task():
    """What no other backend could return fails here, too."""
    result = tasks.backend_instant.enqueue()
    drain()
    result.refresh()

    assert result.status == TaskResultStatus.FAILED
    assert result.errors[0].exception_class is TypeError


def test_arguments_that_json_cannot_hold_are_refused():
    """An argument that another backend could not take raises at once."""
    with pytest.raises(TypeError):
        tasks.backend_add.enqueue(datetime.now(UTC))

    assert pool.current() is None or pool.statistics().accepted == 0


def test_arguments_that_do_not_fit_are_refused():
    """A missing argument raises where it was forgotten."""
    with pytest.raises(TypeError, match="backend_add: missing a required argument"):
        tasks.backend_add.enqueue()


def test_each_attempt_leaves_its_error(task_clock):
    """Errors has class and traceback of each failed attempt, oldest first."""
    result = tasks.backend_fails.enqueue("why")
    task_clock.advance(0)
    result.refresh()
    assert result.status == TaskResultStatus.READY
    assert len(result.errors) == 1

    task_clock.advance(10)
    result.refresh()

    assert result.status == TaskResultStatus.FAILED
    assert [error.exception_class for error in result.errors] == [ValueError] * 2
    assert "ValueError: why" in result.errors[0].traceback
    assert result.attempts == 2
    with pytest.raises(ValueError, match="Task failed"):
        _ = result.return_value


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (tasks.backend_exits, SystemExit),
        (tasks.backend_plain_exits, SystemExit),
        (tasks.backend_plain_stops, StopIteration),
    ],
)
def test_an_error_that_no_loop_survives_fails_its_task_alone(task, kind):
    """Leaving the program ends the task with that error, and the next one runs."""
    result = task.enqueue("why")
    after = tasks.backend_add.enqueue(1)
    drain()
    result.refresh()
    after.refresh()

    assert result.status == TaskResultStatus.FAILED
    assert result.errors[0].exception_class is kind
    assert result.errors[0].traceback.endswith(f"{kind.__name__}: why\n")
    assert after.return_value == 2


@pytest.fixture
def django_log(caplog):
    """The texts that Django's own receivers log of ends, tracebacks included."""

    def texts():
        lines = [record for record in caplog.records if "state=" in record.message]
        return [caplog.handler.format(line) for line in lines]

    framework = DjangoTask.__module__.removesuffix(".base")
    with caplog.at_level("INFO", logger=framework):
        yield texts


def test_djangos_log_line_of_a_failure_has_no_content(django_log):
    """It names the error's class and place; the text is content."""
    tasks.backend_exits.enqueue("secret")
    drain()

    _, failed = django_log()
    assert "state=FAILED" in failed
    assert "builtins.SystemExit at " in failed
    assert "secret" not in failed


def test_djangos_log_line_has_the_traceback_where_errors_are_logged(
    django_log, settings
):
    """LOG_ERRORS governs Django's line as well as ours."""
    settings.EPHEMERAL_TASKS = {"LOG_ERRORS": True}
    tasks.backend_exits.enqueue("why")
    drain()

    _, failed = django_log()
    assert failed.endswith("SystemExit: why")


def test_djangos_log_line_says_what_was_cancelled(django_log):
    """Django's FAILED comes with our class, as in the result."""
    tasks.backend_held.enqueue(None)
    cancel_all()

    assert "OperationCancelled" in django_log()[-1]


def test_a_result_has_the_task_that_was_enqueued():
    """Django's own class stays Django's own, equal to what the caller has."""
    result = tasks.backend_djangos_own.enqueue("word")

    assert result.task == tasks.backend_djangos_own
    drain()


def test_no_start_is_sent_before_it_was_enqueued(heard):
    """A receiver of task_enqueued that takes its time is not overtaken."""

    def slow(sender, task_result, **kwargs):
        drain()  # all that the pool does by itself has happened
        heard.append("slow")

    task_enqueued.connect(slow)
    try:
        tasks.backend_add.enqueue(1)
        drain()
    finally:
        task_enqueued.disconnect(slow)

    names = [one if isinstance(one, str) else one[0] for one in heard]
    assert names == ["enqueued", "slow", "started", "finished"]


def test_deferred_task_starts_when_it_is_due(task_clock):
    """run_after takes an instant or a span; before it nothing runs."""
    instant = datetime.fromtimestamp(task_clock.time(), UTC) + timedelta(seconds=60)
    first = tasks.backend_add.using(run_after=instant).enqueue(1)
    span = tasks.backend_add.get_backend().enqueue(
        tasks.backend_add.using(run_after=timedelta(seconds=60)), (2,), {}
    )

    task_clock.advance(59)
    first.refresh()
    assert first.status == TaskResultStatus.READY

    task_clock.advance(1)
    first.refresh()
    span.refresh()
    assert (first.return_value, span.return_value) == (2, 3)


def test_cancelled_is_failed_with_our_class(task_clock):
    """Django has no word for it: FAILED, and the first error says what happened."""
    result = tasks.backend_held.enqueue(None)
    task_clock.advance(0)
    cancel_all()
    result.refresh()

    assert result.status == TaskResultStatus.FAILED
    assert result.errors[0].exception_class is OperationCancelled


def test_a_deferred_task_can_be_cancelled(task_clock):
    """What is not due yet ends at once, and its timer with it."""
    result = tasks.backend_add.using(run_after=timedelta(hours=1)).enqueue(1)
    operation = pool.get().ledger.memory.get(result.id)

    pool.get().coordinator.cancel_operation(operation)
    task_clock.advance(0)
    result.refresh()

    assert result.errors[0].exception_class is OperationCancelled
    assert pool.statistics().waiting == 0


@pytest.mark.parametrize(
    ("task", "args", "expected"),
    [
        (tasks.backend_context, (3,), [True, 1, [3]]),
        (tasks.backend_plain_context, (), 1),
    ],
)
def test_context_is_djangos_and_ours(task, args, expected):
    """takes_context gets Django's fields and the operation's own end."""
    result = task.enqueue(*args)
    drain()
    result.refresh()

    assert result.return_value == expected


def test_signals_come_in_order_off_the_loop(heard):
    """Receivers hear enqueued, started, finished, and never on the pool's loop."""
    result = tasks.backend_add.enqueue(1)
    drain()

    assert [(name, id, str(status)) for name, id, status, _ in heard] == [
        ("enqueued", result.id, "READY"),
        ("started", result.id, "RUNNING"),
        ("finished", result.id, "SUCCESSFUL"),
    ]
    assert "ephemeral-tasks" not in {thread for *_, thread in heard}


def test_a_broken_receiver_harms_nothing():
    """Signals are sent robustly: the task ends well all the same."""

    def broken(**kwargs):
        raise RuntimeError("a monitor's own")

    task_started.connect(broken)
    try:
        result = tasks.backend_add.enqueue(1)
        drain()
    finally:
        task_started.disconnect(broken)
    result.refresh()

    assert result.status == TaskResultStatus.SUCCESSFUL


def test_unknown_ids_do_not_exist(owner):
    """Neither a made-up id nor an operation with an owner is found."""
    from ephemeral_tasks import submit

    handle = submit(owner, tasks.backend_add, 1)
    drain()

    for id in ("made-up", handle.id):
        with pytest.raises(TaskResultDoesNotExist):
            tasks.backend_add.get_backend().get_result(id)


def test_only_the_newest_results_are_kept(settings):
    """UNOWNED_SIZE bounds what get_result finds."""
    settings.EPHEMERAL_TASKS = {"UNOWNED_SIZE": 2}
    results = [tasks.backend_add.enqueue(number) for number in range(3)]
    drain()

    with pytest.raises(TaskResultDoesNotExist):
        results[0].refresh()
    assert tasks.backend_add.get_result(results[1].id).return_value == 2
    assert pool.statistics().kept_bytes > 0


def test_results_end_with_their_ages(task_clock, settings):
    """An hour after its end a result is gone, without anybody's visit."""
    result = tasks.backend_add.enqueue(1)
    task_clock.advance(0)
    result.refresh()
    assert result.is_finished

    task_clock.advance(3600 + 30)

    with pytest.raises(TaskResultDoesNotExist):
        result.refresh()


def test_results_end_with_the_age_of_their_submission(task_clock, settings):
    """MAX_AGE_SECONDS counts from the submission, however short the idleness."""
    settings.EPHEMERAL_TASKS = {"MAX_AGE_SECONDS": 100, "IDLE_SECONDS": 3600}
    result = tasks.backend_add.enqueue(1)
    task_clock.advance(0)
    result.refresh()

    task_clock.advance(100 + 30)

    with pytest.raises(TaskResultDoesNotExist):
        result.refresh()


def test_what_is_unfinished_is_found_however_old(task_clock, settings):
    """Ages count for what has ended; a deferred task has not."""
    settings.EPHEMERAL_TASKS = {"MAX_AGE_SECONDS": 100, "UNOWNED_SIZE": 0}
    result = tasks.backend_add.using(run_after=timedelta(days=1)).enqueue(1)

    task_clock.advance(3600)
    result.refresh()

    assert result.status == TaskResultStatus.READY
    cancel_all()


def test_the_end_of_the_process_cancels_what_is_not_due(task_clock):
    """A deferred task would hold up the process; the others drain."""
    due = tasks.backend_add.enqueue(1)
    later = tasks.backend_add.using(run_after=timedelta(days=1)).enqueue(1)

    pool.drain(10)
    due.refresh()
    later.refresh()

    assert due.return_value == 2
    assert later.errors[0].exception_class is OperationCancelled


@pytest.mark.django_db(transaction=True)
def test_a_receiver_may_use_the_database():
    """Signals of starts and ends come in a thread, where nothing is async."""
    made = []

    def note(sender, task_result, **kwargs):
        user = User.objects.create(username=task_result.id)
        made.append(user.username)

    task_finished.connect(note)
    try:
        result = tasks.backend_add.enqueue(1)
        drain()
    finally:
        task_finished.disconnect(note)

    assert made == [result.id]


def test_a_worker_is_named_once_for_each_attempt(task_clock):
    """The process's random name, as often as it tried."""
    result = tasks.backend_fails.enqueue("why")
    task_clock.advance(0)
    task_clock.advance(10)
    result.refresh()

    assert result.worker_ids == [pool.process_id()[0]] * 2


def test_a_context_shows_nothing_of_an_owners_arguments(owner):
    """The body has them already, and nobody else is meant to."""
    from ephemeral_tasks import result, submit

    handle = submit(owner, tasks.backend_context, 3)
    drain()

    assert result(owner, handle.id) == [True, 1, []]


def test_urgent_goes_first(settings, task_clock):
    """Among those that wait the most urgent starts first."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    pool.pause()
    slow = tasks.backend_add.using(priority=-5).enqueue(1)
    quick = tasks.backend_add.using(priority=5).enqueue(2)
    pool.resume()
    drain()
    slow.refresh()
    quick.refresh()

    assert quick.finished_at <= slow.started_at


@pytest.mark.parametrize("priority", [-101, 101])
def test_priorities_have_bounds(priority):
    """A priority beyond Django's bounds is refused."""
    with pytest.raises(InvalidTask):
        tasks.backend_add.using(priority=priority).enqueue(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": 3.1},
        {"queue_name": "unknown"},
        {"run_after": datetime(2030, 1, 1)},  # naive
    ],
)
def test_using_refuses_what_the_backend_could_not_run(settings, changes):
    """As Django's tasks do, where the mistake is made and not at the enqueue."""
    settings.TASKS = {"default": {"BACKEND": BACKEND, "QUEUES": ["default"]}}

    with pytest.raises(InvalidTask):
        tasks.backend_add.using(**changes)


def test_using_takes_a_span(task_clock):
    """A timedelta counts from the enqueue, not from here."""
    later = tasks.backend_add.using(run_after=timedelta(seconds=60))
    task_clock.advance(30)
    result = later.enqueue(1)

    task_clock.advance(59)
    result.refresh()
    assert result.status == TaskResultStatus.READY

    task_clock.advance(1)
    result.refresh()
    assert result.return_value == 2


def test_a_full_queue_refuses(settings):
    """QueueFull comes out of enqueue, and nothing was kept."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 2}  # one reserved
    tasks.backend_held.enqueue(None)
    tasks.backend_add.enqueue(1)

    with pytest.raises(QueueFull):
        tasks.backend_add.enqueue(2)

    assert pool.statistics().accepted == 2
    assert pool.statistics().refused == 1
    cancel_all()
