"""Django's own tests of its backends hold for the pool, but for a list of exceptions.

Each runs twice: with tasks of Django's own class, and with tasks of the class that
Django's decorator makes where ``TASKS`` names the pool.
"""

import sys
import unittest
from importlib import import_module
from types import ModuleType

import pytest
from django.test import override_settings

from ephemeral_tasks.testing import cancel_all
from tests.django_suite.exceptions import EXCEPTIONS
from tests.django_suite.source import folder

DECLARED_BY = {
    "Django": "django.tasks.backends.immediate.ImmediateBackend",
    "Pool": "tests.django_suite.backends.ImmediateBackend",
}
MODULES = (
    "test_immediate_backend",
    "test_dummy_backend",
    "test_custom_backend",
    "test_tasks",
)


def load(backend: str) -> dict[str, ModuleType]:
    """Import Django's modules anew, while TASKS names a backend."""
    for name in names_of_theirs():
        del sys.modules[name]
    with override_settings(TASKS={"default": {"BACKEND": backend}}):
        for name in MODULES:
            import_module(f"tasks.{name}")
    return {name: sys.modules[name] for name in names_of_theirs()}


def names_of_theirs() -> list[str]:
    """Return the names of Django's modules that are imported now."""
    return [name for name in sys.modules if name.partition(".")[0] == "tasks"]


def cases(modules: dict[str, ModuleType]) -> list[type[unittest.TestCase]]:
    """Return the classes of tests that the modules define."""
    return [
        value
        for name, module in modules.items()
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, unittest.TestCase)
        and value.__module__ == name
    ]


def collected(
    theirs: type[unittest.TestCase], modules: dict[str, ModuleType], way: str
) -> type[unittest.TestCase]:
    """Return the class as pytest shall see it: listed exceptions must fail."""
    for name in unittest.TestLoader().getTestCaseNames(theirs):
        reason = EXCEPTIONS.get(f"{theirs.__name__}.{name}")
        if reason is not None:
            mark = pytest.mark.xfail(reason=reason, strict=True)
            setattr(theirs, name, mark(getattr(theirs, name)))
    return type(f"{theirs.__name__}{way}", (theirs,), {"modules": modules})


sys.path.insert(0, str(folder()))
KNOWN = set()
for way, backend in DECLARED_BY.items():
    loaded = load(backend)
    for case in cases(loaded):
        KNOWN |= {
            f"{case.__name__}.{name}"
            for name in unittest.TestLoader().getTestCaseNames(case)
        }
        globals()[f"{case.__name__}{way}"] = collected(case, loaded, way)
del case  # Django's own class would be collected, too


@pytest.fixture(autouse=True)
def modules_of_the_class(request, settings, monkeypatch):
    """Names lead to the modules that this class was imported with."""
    settings.EPHEMERAL_TASKS = {"LOG_ERRORS": True}  # Django's backends always do
    for name, module in getattr(request.cls, "modules", {}).items():
        monkeypatch.setitem(sys.modules, name, module)
    yield
    cancel_all()  # what waits in a pool that starts none


def test_the_suite_is_there():
    """Django's suite has not moved away from where these tests look for it."""
    assert len(KNOWN) > 70  # 76 in Django 6.0, more in 6.1


def test_each_exception_is_a_test_of_djangos():
    """The list names nothing that Django does not test any more."""
    assert set(EXCEPTIONS) - KNOWN == set()
