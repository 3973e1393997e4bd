"""``python -m scripts.inside`` says how the package looks from inside."""

import subprocess
import sys

from scripts.inside import booleans_of
from tests.layers import PACKAGE, ROOT


def test_each_figure_is_printed():
    """Of this checkout: without circles, and with an operation that was run."""
    command = [sys.executable, "-m", "scripts.inside", "--root", ROOT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    found = dict(line.split(": ", 1) for line in done.stdout.splitlines())

    assert found.pop("modules in import circles at run time") == "[]"
    assert found.pop("modules in import circles with those for types") == "[]"
    assert int(found.pop("lock acquisitions of one operation")) <= 3
    assert found.pop("stored booleans of an operation").startswith("4 is_announced ")
    assert set(found) == {
        "modules in the app layer's root",
        "calls of one operation",
        "modules touched by one operation",
    }
    assert all(int(value) > 0 for value in found.values())


def test_a_boolean_is_found_by_name_and_by_value():
    """In slots and in assignments of operations; other classes do not count."""
    source = """
class PoolOperation:
    __slots__ = ("has_slot", "name")

    def __init__(self):
        self.ended = False
        self.name = ""

class Other:
    __slots__ = ("is_other",)
"""
    sources = {f"{PACKAGE}.pool.operation": (source, False)}

    assert booleans_of(sources) == ["ended", "has_slot"]
