"""Background work that a visitor starts, watches, cancels and fetches."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # What type checkers see; tests/test_public_names.py holds it to the list below.
    from . import pool as pool
    from .core import Output as Output
    from .core import current_operation as current_operation
    from .core import progress as progress
    from .core import write as write
    from .errors import ClientFull as ClientFull
    from .errors import Closed as Closed
    from .errors import Conflict as Conflict
    from .errors import EphemeralTasksError as EphemeralTasksError
    from .errors import NotAnswered as NotAnswered
    from .errors import NotFinished as NotFinished
    from .errors import OperationCancelled as OperationCancelled
    from .errors import OperationFailed as OperationFailed
    from .errors import QueueFull as QueueFull
    from .errors import TaskFailed as TaskFailed
    from .errors import UnknownCoordinator as UnknownCoordinator
    from .errors import UnknownOperation as UnknownOperation
    from .errors import UnknownTask as UnknownTask
    from .errors import Unreachable as Unreachable
    from .errors import WindowFull as WindowFull
    from .pool.asking import aask as aask
    from .pool.asking import ask as ask
    from .pool.coordinators import coordinator as coordinator
    from .pool.coordinators import coordinators as coordinators
    from .registry import task as task
    from .result_file import ResultFile as ResultFile
    from .row import Row as Row
    from .signals import operation_finished as operation_finished
    from .submission import acancel as acancel
    from .submission import adismiss as adismiss
    from .submission import aoutput as aoutput
    from .submission import aresult as aresult
    from .submission import aretry as aretry
    from .submission import asubmit as asubmit
    from .submission import awindow as awindow
    from .submission import cancel as cancel
    from .submission import dismiss as dismiss
    from .submission import output as output
    from .submission import result as result
    from .submission import retry as retry
    from .submission import submit as submit
    from .submission import window as window
    from .tasks import Task as Task
    from .web.owner import aowner_of as aowner_of
    from .web.owner import owner_of as owner_of
    from .windows import Handle as Handle

# Each name is imported when it is first asked for: `@task` needs Django's settings, and
# an import of the package must cost next to nothing.
_HOMES = {
    "ClientFull": "errors",
    "Closed": "errors",
    "Conflict": "errors",
    "EphemeralTasksError": "errors",
    "Handle": "windows",
    "NotAnswered": "errors",
    "NotFinished": "errors",
    "OperationCancelled": "errors",
    "OperationFailed": "errors",
    "Output": "core",
    "QueueFull": "errors",
    "ResultFile": "result_file",
    "Row": "row",
    "Task": "tasks",
    "TaskFailed": "errors",
    "UnknownCoordinator": "errors",
    "UnknownOperation": "errors",
    "UnknownTask": "errors",
    "Unreachable": "errors",
    "WindowFull": "errors",
    "aowner_of": "web.owner",
    "aask": "pool.asking",
    "acancel": "submission",
    "adismiss": "submission",
    "aretry": "submission",
    "asubmit": "submission",
    "awindow": "submission",
    "aoutput": "submission",
    "aresult": "submission",
    "ask": "pool.asking",
    "cancel": "submission",
    "coordinator": "pool.coordinators",
    "coordinators": "pool.coordinators",
    "current_operation": "core",
    "dismiss": "submission",
    "operation_finished": "signals",
    "output": "submission",
    "owner_of": "web.owner",
    "pool": "",
    "progress": "core",
    "result": "submission",
    "retry": "submission",
    "submit": "submission",
    "task": "registry",
    "window": "submission",
    "write": "core",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two


if not TYPE_CHECKING:  # or a name that is not there would pass for Any

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if not _HOMES[name]:
            return import_module(f"{__name__}.{name}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
