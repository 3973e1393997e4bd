"""The tests' site with a monitor of tasks that somebody else published."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tasks_monitor"]
TASKS = {"default": {"BACKEND": "ephemeral_tasks.backends.PoolBackend", "QUEUES": []}}
