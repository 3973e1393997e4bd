"""Background work that a visitor starts, watches, cancels and fetches."""

from importlib import import_module
from typing import Any

# Each name is imported when it is first asked for: `@task` needs Django's settings, and
# an import of the package must cost next to nothing.
_HOMES = {
    "Closed": "errors",
    "Conflict": "errors",
    "EphemeralTasksError": "errors",
    "Handle": "windows",
    "NotFinished": "errors",
    "OperationCancelled": "errors",
    "OperationFailed": "errors",
    "QueueFull": "errors",
    "Row": "projection",
    "Task": "tasks",
    "TaskFailed": "errors",
    "UnknownCoordinator": "errors",
    "UnknownOperation": "errors",
    "UnknownTask": "errors",
    "WindowFull": "errors",
    "aowner_of": "web.owner",
    "aresult": "submission",
    "cancel": "submission",
    "coordinator": "hosted",
    "coordinators": "hosted",
    "current_operation": "core",
    "dismiss": "submission",
    "owner_of": "web.owner",
    "pool": "",
    "progress": "core",
    "result": "submission",
    "retry": "submission",
    "submit": "submission",
    "task": "tasks",
    "window": "submission",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two


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
