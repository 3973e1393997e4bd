"""Profiles and fixtures that the tests of every layer may use."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.layers import ROOT

pytest_plugins = ["ephemeral_tasks.testing"]

# A slow machine is no failure, and the same commit draws the same examples.
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=200, print_blob=True
)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> Iterator[None]:
    """A runner in the background of a script ignores SIGINT; servers would, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def owner() -> str:
    """An owner key that no other test has, of the length of real ones."""
    return uuid.uuid4().hex


@pytest.fixture(scope="session")
def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout as a release is."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    done = subprocess.run(
        [*command, "--outdir", folder, ROOT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (wheel,) = folder.glob("*.whl")
    return wheel
