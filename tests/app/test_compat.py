"""Each Django that the package supports, as the code sees it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ephemeral_tasks import Task
from ephemeral_tasks.compat import InvalidTask


def compat_body():
    """Stand in for a task's function."""


def test_a_task_needs_its_function_alone():
    """Django 6.0 has no defaults for these four fields of its class; ours has."""
    task = Task(func=compat_body)

    assert task.priority == 0
    assert task.backend == "default"
    assert task.queue_name == "default"
    assert task.run_after is None


@pytest.mark.parametrize(
    "fields", [{"backend": "nowhere"}, {"queue_name": "unheard of"}]
)
def test_a_declaration_asks_no_backend(settings, fields):
    """Django validates at the declaration; ours is for `submit`, which needs none."""
    settings.TASKS = {}

    assert Task(func=compat_body, **fields).func is compat_body


def test_a_changed_task_is_validated_by_its_backend():
    """`using` asks, on each Django: the default backend cannot defer."""
    later = timezone.now() + timedelta(days=1)

    with pytest.raises(InvalidTask):
        Task(func=compat_body).using(run_after=later)
