"""What the log says of a finished operation: never content."""

import logging
import re

import pytest

from ephemeral_tasks import (
    TaskFailed,
    cancel,
    result,
    submit,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks


@pytest.fixture
def log(caplog):
    """What our logger says."""
    caplog.set_level(logging.INFO, "ephemeral_tasks")
    return caplog


def test_a_finished_operation_is_one_line(log, owner):
    """Id, task, status, attempt, duration."""
    handle = submit(owner, tasks.app_echo, "private")
    drain()

    (record,) = log.records
    assert re.fullmatch(
        rf"operation id={handle.id} task=app_echo status=SUCCESSFUL attempt=1 "
        r"duration=\d+\.\d{3}",
        record.getMessage(),
    )
    assert (record.name, record.levelname) == ("ephemeral_tasks", "INFO")


def test_a_cancelled_operation_is_one_line(log, owner, hold):
    """It is no error."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    cancel(owner, handle.id)
    drain()

    (record,) = log.records
    assert "status=CANCELLED" in record.getMessage()
    assert record.levelname == "INFO"


def test_a_failure_adds_where_it_was_raised(log, owner):
    """Class, file, line and function; not its text, not its objects."""
    handle = submit(owner, tasks.app_fails, "private")
    drain()

    (record,) = log.records
    line = record.getMessage()
    assert f"id={handle.id} task=app_fails status=FAILED attempt=1" in line
    assert re.search(
        r" error=builtins\.ValueError at=\S+/tasks\.py:\d+:app_fails$", line
    )
    assert record.levelname == "ERROR"
    assert record.exc_info is None


def test_a_failed_attempt_before_the_last_is_not_logged(log, task_clock, owner):
    """An operation is one line."""

    async def fail():
        raise ValueError("private")

    submit(owner, tasks.app_retried, fail)
    task_clock.advance(60)
    drain()

    (record,) = log.records
    assert "attempt=3" in record.getMessage()


def test_no_record_holds_content(settings, log, owner, hold):
    """Neither argument, result, error text, label nor owner, whatever the ending."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 30}
    for body in (tasks.app_echo, tasks.app_fails, tasks.app_fails_politely):
        submit(owner, body, "private")
    submit(owner, tasks.app_echo, "private" * 10)
    drain()
    submit(owner, tasks.app_held, hold, "private")
    hold.open()
    drain()

    assert len(log.records) == 5
    for record in log.records:
        said = repr(record.__dict__) + record.getMessage()
        assert "private" not in said
        assert owner not in said
        assert record.exc_info is None
        assert all(type(one) in {str, int, float, Status} for one in record.args)


class Collector(logging.Handler):
    """Takes what an error collector takes from a record while it is handled."""

    def __init__(self):
        super().__init__()
        self.taken = []

    def emit(self, record):
        kind = record.exc_info and record.exc_info[0].__name__
        self.taken.append((record.msg, kind, self.format(record)))


@pytest.fixture
def collector():
    """A handler of our logger."""
    handler, logger = Collector(), logging.getLogger("ephemeral_tasks")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_the_exception_is_logged_when_asked_for(settings, log, collector, owner):
    """LOG_ERRORS: with the one line, for handlers that want the exception itself."""
    settings.EPHEMERAL_TASKS = {"LOG_ERRORS": True}
    submit(owner, tasks.app_fails, "private")
    drain()

    ((_, kind, text),) = collector.taken
    assert kind == "ValueError"
    assert "Traceback (most recent call last)" in text
    assert text.endswith("ValueError: private")
    assert log.records[-1].exc_info is None  # afterwards nothing holds its frames


def test_failures_differ_by_task_class_and_place(log, collector, owner):
    """Collectors group by the message before its arguments are put in."""
    for body in (tasks.app_fails, tasks.app_fails, tasks.app_fails_politely):
        submit(owner, body, "private")
    drain()

    messages = {message for message, _, _ in collector.taken}
    assert len(messages) == 2
    assert any("task=app_fails status" in message for message in messages)


def test_a_sentence_for_the_owner_is_no_text_of_the_log(log, owner):
    """TaskFailed, too, is named by its class."""

    async def fail():
        raise TaskFailed("private")

    submit(owner, tasks.app_call, fail)
    drain()

    assert "error=ephemeral_tasks.errors.TaskFailed" in log.text
    assert "private" not in log.text


def test_a_logger_that_fails_harms_nobody(owner, caplog):
    """A site's filter with a mistake in it."""

    def fail(record):
        raise ValueError("filter")

    logger = logging.getLogger("ephemeral_tasks")
    logger.addFilter(fail)
    logger.setLevel(logging.INFO)
    try:
        handles = [submit(owner, tasks.app_echo, number) for number in range(3)]
        failed = submit(owner, tasks.app_fails, "text")
        drain()
    finally:
        logger.removeFilter(fail)
        logger.setLevel(logging.NOTSET)

    assert [result(owner, one.id) for one in handles] == [0, 1, 2]
    assert row(owner, failed.id).status is Status.FAILED


def test_a_logger_that_is_off_costs_nothing(owner, caplog, monkeypatch):
    """Not even the line's making."""
    caplog.set_level(logging.CRITICAL, "ephemeral_tasks")
    monkeypatch.setattr("ephemeral_tasks.pool.log.class_of", None)

    handle = submit(owner, tasks.app_echo, 1)
    drain()

    assert result(owner, handle.id) == 1
