"""The demo in a process of its own, as `manage.py demo` serves it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]


class DemoServer:
    """Runs from construction until `stop`; a context manager."""

    def __init__(self, folder, settings="tests.browser.settings"):
        """Has started and listens when this returns.

        Args:
            folder: Takes the database and what the server says.
            settings: The settings module; the tests' has an engine with gates.
        """
        self._log = Path(folder) / "demo.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "127.0.0.1:0"],
                cwd=ROOT,
                env=self.environment(folder, settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.said = self._until_it_listens()
        self.url = re.search(r"http://\S+", self.said)[0]

    @staticmethod
    def environment(folder, settings="tests.browser.settings"):
        """This process's, with the settings and a database in the folder."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": settings,
            "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3"),
            "PYTHONUNBUFFERED": "1",
        }

    def _until_it_listens(self):
        said = ""
        for line in self.process.stdout:
            said += line
            if "http://" in line:
                return said
        raise RuntimeError(f"the demo ended: {said}{self.log()}")

    def log(self):
        """What the server wrote to its standard error."""
        return self._log.read_text()

    def let_through(self, gate, count=1):
        """So many more paragraphs pass the gate."""
        with urlopen(f"{self.url}gates/{gate}/{count}/"):
            pass

    def stop(self, how=signal.SIGTERM):
        """The server was told to end, and has; returns its status and last words."""
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=20)
        return self.process.returncode, said

    def __enter__(self):
        """The running server."""
        return self

    def __exit__(self, *exception):
        """The server has ended, however the block did."""
        if self.process.poll() is None:
            self.stop()
