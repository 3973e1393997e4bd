"""A program of its own: started, listened to, told to end, and never left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.needs import lacks

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0
_TICK_SECONDS = 0.02


def until(is_reached, what, seconds=PATIENCE_SECONDS):
    """Return what the function returned, as soon as that is true.

    Raises:
        AssertionError: It was false all the time; the message says ``what``.
    """
    deadline = time.monotonic() + seconds
    while not (reached := is_reached()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {_said(what)}"
        time.sleep(_TICK_SECONDS)
    return reached


def _said(what):
    return what() if callable(what) else what


class Program:
    """Runs from construction until ``stop``; a context manager.

    It leads a process group of its own, so that Ctrl-C reaches what a terminal's
    would, and nothing that it started outlives the test.
    """

    def __init__(self, folder, command, **environment):
        """Has started when this returns.

        Args:
            folder: Takes what the program says.
            command: Run from the root of the repository; the first word may be the
                name of a program beside this Python.
            environment: Added to our own.
        """
        self.folder = Path(folder)
        """Takes notes of bodies, too."""
        self._log = self.folder / "log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [_found(command[0]), *command[1:]],
                cwd=ROOT,
                env={**_clean_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self):
        """What it has said so far, standard output and error."""
        return self._log.read_text(errors="replace")

    def terminate(self):
        """SIGTERM, to the process that was started, as supervisors send it."""
        self.process.terminate()

    def interrupt(self, *, whole_group=True):
        """SIGINT, to all processes of the group, as a terminal sends it on Ctrl-C."""
        send = os.killpg if whole_group else os.kill
        send(self.process.pid, signal.SIGINT)

    def exit_code(self, seconds=PATIENCE_SECONDS):
        """Wait for its end and return the code; negative for a signal's number."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"runs after {seconds:g} s:\n{self.log}") from None

    def note(self, name, word):
        """Tell a body that this is so."""
        (self.folder / f"{name}.{word}").touch()

    def is_noted(self, name, word):
        """Return the id of the process whose body noted this, as text; else empty."""
        path = self.folder / f"{name}.{word}"
        return path.read_text() if path.exists() else ""

    def until_noted(self, name, word):
        """Return the same once it is noted."""
        return until(
            lambda: self.is_noted(name, word), lambda: f"{name} {word}:\n{self.log}"
        )

    def kill(self):
        """Nothing of its group runs any more."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(PATIENCE_SECONDS)

    def __enter__(self):
        """The running program."""
        return self

    def __exit__(self, *exception):
        """It has ended, however the block did."""
        self.kill()


def _found(program):
    beside = Path(sys.executable).parent / program
    if beside.exists():
        return str(beside)
    return shutil.which(program) or lacks(f"needs {program}: pip install {program}")


def _clean_environment():
    # The runner's own settings would reach the servers; asyncio's debug mode is slow.
    mine = ("DJANGO_SETTINGS_MODULE", "PYTHONASYNCIODEBUG", "WEB_CONCURRENCY")
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    return {**kept, "PYTHONUNBUFFERED": "1"}
