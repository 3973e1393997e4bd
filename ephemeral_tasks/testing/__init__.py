"""A pytest plugin: a pool per test, time moved by hand, operations that run inline.

::

    # conftest.py
    pytest_plugins = ["ephemeral_tasks.testing"]

Each test then begins without a pool and without windows, and one that leaves an
unfinished operation behind fails. The functions serve other test runners, too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from .. import pool as pools
from ..core.testing import Hold
from .answers import answering, collect_output
from .clock import PoolClock, manual_clock
from .direct import arun_task, run_task
from .inline_pool import inline
from .leaks import cancel_all, drain, is_quiet, unfinished

__all__ = [
    "Hold",
    "PoolClock",
    "answering",
    "arun_task",
    "cancel_all",
    "collect_output",
    "drain",
    "inline",
    "manual_clock",
    "run_task",
    "unfinished",
]

_GRACE_SECONDS = 1.0  # what a test left may take so long to end by itself

_has_failed = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "leaves_operations: the test leaves unfinished operations on purpose",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed by itself."""
    report = yield
    if report.failed:
        item.stash[_has_failed] = True
    return report


@pytest.fixture(autouse=True)
def _pool_of_one_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start without a pool; end with one that has nothing unfinished."""
    yield
    left = _list_left_behind()
    if pools.current() is not None:
        pools.reset()
    is_meant = request.node.get_closest_marker("leaves_operations") is not None
    if left and not is_meant and not request.node.stash.get(_has_failed, False):
        lines = "\n  ".join(left)
        pytest.fail(f"the test left unfinished operations:\n  {lines}", pytrace=False)


def _list_left_behind() -> list[str]:
    pool = pools.current()
    if pool is not None and pool.loop.is_alive():
        is_quiet(pool, _GRACE_SECONDS)
    return unfinished()


@pytest.fixture
def task_clock() -> Iterator[PoolClock]:
    """The pool's clock, which stands still until ``task_clock.advance(seconds)``."""
    with manual_clock() as clock:
        yield clock


@pytest.fixture
def inline_tasks() -> Iterator[None]:
    """Operations run on their submitter's thread, before ``submit`` returns."""
    with inline():
        yield
