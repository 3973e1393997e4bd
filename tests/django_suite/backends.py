"""The pool behind the manners of Django's two backends."""

from typing import Any

from ephemeral_tasks import pool
from ephemeral_tasks.backends import PoolBackend
from ephemeral_tasks.testing import drain


class ImmediateBackend(PoolBackend):
    """Runs a task in the pool and waits for its end."""

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """Return the result of a task that has ended."""
        result = super().enqueue(task, args, kwargs)
        drain()
        result.refresh()
        return result


class DummyBackend(PoolBackend):
    """Takes tasks into a pool that starts none."""

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self._ids: list[str] = []

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """Return the result of a task that waits."""
        pool.pause()
        result = super().enqueue(task, args, kwargs)
        self._ids.append(result.id)
        return result

    @property
    def results(self) -> list[Any]:
        """What was enqueued, oldest first."""
        return [self.get_result(id) for id in self._ids]

    def clear(self) -> None:
        """Nothing was ever enqueued."""
        self._ids.clear()
        pool.reset()
