"""django-tasks-monitor, which knows nothing of us, records what the pool runs."""

import pytest
from django.apps import apps

from ephemeral_tasks import pool
from ephemeral_tasks.testing import drain
from tests.backends import tasks
from tests.needs import lacks

if not apps.is_installed("tasks_monitor"):
    lacks("needs django-tasks-monitor: tox -e django-suite installs it")

from tasks_monitor.models import TaskRecord
from tasks_monitor.retry import retry
from tasks_monitor.signals import task_failed

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_success_is_recorded():
    """The row says what ran, where, with what and how it ended."""
    result = tasks.backend_add.enqueue(2, second=3)
    drain()

    record = TaskRecord.objects.get(result_id=result.id)
    assert record.task_path == "tests.backends.tasks.backend_add"
    assert record.backend == "default"
    assert record.status == "SUCCESSFUL"
    assert (record.args, record.kwargs) == ([2], {"second": 3})
    assert record.worker_ids == [pool.process_id()[0]]
    assert record.attempts == 1
    assert record.duration == record.finished_at - record.started_at
    assert record.enqueued_at == result.enqueued_at


def test_a_failure_is_recorded_with_its_error():
    """Each attempt counts, and the monitor's own alarm rings once."""
    alarms = []

    def ring(sender, record, **kwargs):
        alarms.append(record.result_id)

    task_failed.connect(ring)
    try:
        result = tasks.backend_exits.enqueue("why")
        drain()
    finally:
        task_failed.disconnect(ring)

    record = TaskRecord.objects.get(result_id=result.id)
    assert record.status == "FAILED"
    assert record.exception_class == "builtins.SystemExit"
    assert record.traceback.endswith("SystemExit: why\n")
    assert alarms == [result.id]


def test_what_waits_is_recorded_as_waiting():
    """A row is there before the start."""
    pool.pause()
    result = tasks.backend_add.using(priority=7, queue_name="slow").enqueue(1)

    record = TaskRecord.objects.get(result_id=result.id)
    assert (record.status, record.priority) == ("READY", 7)
    assert record.queue_name == "slow"
    pool.resume()
    drain()


def test_its_retry_runs_in_the_pool():
    """The monitor starts a failed task again with what it kept."""
    result = tasks.backend_exits.enqueue("why")
    drain()

    again = retry(TaskRecord.objects.get(result_id=result.id))
    drain()

    again.refresh_from_db()
    assert again.args == ["why"]
    assert again.status == "FAILED"
    assert again.retry_of.result_id == result.id


def test_it_can_be_told_to_keep_no_arguments(settings):
    """What we forget a monitor need not keep."""
    settings.TASKS_MONITOR = {"RECORD_ARGS": False}
    result = tasks.backend_add.enqueue(2, second=3)
    drain()

    record = TaskRecord.objects.get(result_id=result.id)
    assert (record.args, record.kwargs) == ([], {})
