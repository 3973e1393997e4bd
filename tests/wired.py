"""A plugin: every call of a verb crosses the wire, from this process to itself.

``pytest -p tests.wired`` shows that callers of verbs do not know where the pool is: the
holds of the tests, their clocks and their bodies are those of the host.
"""

import pytest

from tests.machine.wiring import wire


@pytest.fixture(autouse=True)
def _wired(monkeypatch):
    with wire(monkeypatch) as wired:
        yield wired
