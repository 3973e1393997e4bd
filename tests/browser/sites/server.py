"""The sites in a process of their own, which can be ended and started again."""

import socket
from urllib.error import URLError
from urllib.request import urlopen

from tests.servers.process import Program, until


class SitesServer:
    """Serves from construction until the block ends; a context manager."""

    def __init__(self, folder):
        """Has made its database and answers.

        Args:
            folder: Takes the database and what the server says.
        """
        self._folder = folder
        self._environment = {
            "DJANGO_SETTINGS_MODULE": "tests.browser.sites.settings",
            "SITES_DATABASE": str(folder / "sites.sqlite3"),
        }
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        migrate = ["python", "-m", "django", "migrate", "--verbosity", "0"]
        with Program(folder, migrate, **self._environment) as program:
            assert program.exit_code() == 0, program.log
        self.start()

    def start(self):
        """Serve, from now on, as before at the same address."""
        command = ["uvicorn", "tests.browser.sites.asgi:application"]
        options = ["--port", str(self._port), "--timeout-graceful-shutdown", "1"]
        self._program = Program(self._folder, [*command, *options], **self._environment)
        until(self._answers, lambda: self._program.log)

    def restart(self):
        """Another process serves, which knows nothing of what this one had."""
        self._program.kill()
        self.start()

    def _answers(self):
        try:
            with urlopen(f"{self.url}login/") as answer:
                return answer.status == 200
        except URLError:
            return False

    def let_through(self, gate, count=1):
        """So many more operations pass the gate."""
        with urlopen(f"{self.url}gates/{gate}/{count}/"):
            pass

    def __enter__(self):
        """The running server."""
        return self

    def __exit__(self, *exception):
        """The server has ended."""
        self._program.kill()
        assert "Traceback" not in self._program.log


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
