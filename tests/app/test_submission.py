"""The verbs of an owner: submit, watch, cancel, dismiss, retry, fetch."""

from ephemeral_tasks import result, submit, window
from ephemeral_tasks.testing import drain
from tests.app import tasks


def test_a_submitted_operation_runs_and_its_result_is_fetched(owner):
    """Submission returns at once; the window names it and keeps its result."""
    handle = submit(owner, tasks.app_echo, "hello")

    drain()

    assert result(owner, handle.id) == "hello"
    assert [row.id for row in window(owner)] == [handle.id]
