"""WorkCoordinator keeps the shared rules."""

from functools import partial

import pytest

from ephemeral_tasks.core import WorkCoordinator
from tests.core.contract import CoordinatorContract


class TestWorkCoordinator(CoordinatorContract):
    @pytest.fixture
    def make(self, make_work):
        """Make a coordinator with a limit of 4."""
        return make_work

    @pytest.fixture
    def make_from(self, build):
        """Make one that reads a source."""
        return partial(build, WorkCoordinator.from_iterable)

    @pytest.fixture
    def kind(self):
        """The class itself."""
        return WorkCoordinator
