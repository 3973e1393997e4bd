"""Errors keep what they say and carry in another process."""

import copy
import pickle

import pytest

from ephemeral_tasks import errors
from ephemeral_tasks.core import errors as core_errors

MADE = [
    core_errors.BreakerOpen(retry_after_seconds=3),
    core_errors.SignalLoop(["a", "b"]),
    errors.ClientFull(3, retry_after_seconds=7),
    errors.Closed("closed", retry_after_seconds=7),
    errors.Conflict("cancel", "a1", "SUCCESSFUL"),
    errors.EphemeralTasksError("words"),
    errors.InvalidAnswer({"answer": ["no"]}),
    errors.NotAnswered(2),
    errors.NotFinished("a1"),
    errors.OperationCancelled("a1"),
    errors.OperationFailed("It failed.", "a1"),
    errors.QueueFull("full", retry_after_seconds=7),
    errors.ResultTooLarge("too large"),
    errors.ResultUnfit("not kept"),
    errors.TaskFailed("It failed."),
    errors.UnknownCoordinator("sum", ["add"]),
    errors.UnknownOperation("a1"),
    errors.UnknownTask("sum", ["add"]),
    errors.Unreachable("gone", retry_after_seconds=7),
    errors.WindowFull(5, retry_after_seconds=7),
]


def test_each_error_is_tried():
    """Those of the core among them."""
    known = {
        one
        for module in (core_errors, errors)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, errors.EphemeralTasksError)
    }

    assert {type(one) for one in MADE} == known


@pytest.mark.parametrize(
    "again", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))]
)
@pytest.mark.parametrize("error", MADE, ids=lambda one: type(one).__name__)
def test_message_and_fields_are_kept(error, again):
    """Pickled or copied, it is an error as it was."""
    made = again(error)

    assert type(made) is type(error)
    assert str(made) == str(error)
    assert made.args == error.args
    assert vars(made) == vars(error)
