"""Programs that some tests need: found, or the test says what to install."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE_ALL = "EPHEMERAL_TESTS_REQUIRE_ALL"
PROGRAMS = {
    "apertium": ("apertium",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "git": ("git",),
    "redis": ("redis-server", "valkey-server"),
}
APERTIUM_MODES = Path("/usr/share/apertium/modes")


def needs(name: str) -> str:
    """Return the path of a program, or end the test that cannot do without it.

    Without it the test is skipped; with ``EPHEMERAL_TESTS_REQUIRE_ALL=1``, as in
    ``.ci/run``, it fails. Works in a test, a fixture and at the top of a module.
    """
    found = (path for program in PROGRAMS[name] if (path := shutil.which(program)))
    return next(found, None) or lacks(
        f"needs {name}: apt-get install {PROGRAMS[name][0]}"
    )


def needs_apertium_pair(package: str, mode: str) -> Path:
    """Return the mode file of an Apertium language pair, or end the test likewise."""
    needs("apertium")
    path = APERTIUM_MODES / f"{mode}.mode"
    if not path.exists():
        lacks(f"needs {mode}: apt-get install {package}")
    return path


def needs_module(module: str, distribution: str) -> None:
    """End the test likewise if a Python module cannot be imported."""
    if find_spec(module) is None:
        lacks(f"needs {module}: pip install {distribution}")


def lacks(reason: str) -> NoReturn:
    """End the test that cannot do without something, as ``needs`` does."""
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
