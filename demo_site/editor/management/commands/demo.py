"""`manage.py demo`: prepare what the editor needs and serve it with Daphne."""

import asyncio
import re
import shlex
import sys
from argparse import ArgumentParser

from channels.routing import get_default_application
from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.management import BaseCommand, CommandError, call_command
from django.utils.crypto import get_random_string
from twisted.internet.defer import Deferred

from demo_site.translation import (
    InstallFailed,
    can_install,
    get_engine,
    install_apertium,
    install_command,
)
from ephemeral_tasks import pool

ADDRESS = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):)?(?P<port>\d{1,5})")
EVERYWHERE = {"0.0.0.0", "[::]"}  # noqa: S104  # only if the user types it


class DemoServer(Server):
    """Daphne that ends all of its applications when it stops.

    Daphne itself ends none while it knows a connection whose application has finished
    (its look at that one is a KeyError), and waits for the first one only. Those that
    stay pending may crash CPython before 3.11.8 and 3.12.2 when it collects them at its
    exit (github.com/python/cpython/issues/113566).
    """

    def kill_all_applications(self) -> Deferred[object]:
        """Cancel the application of each connection and wait until all have ended."""
        applications = [
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details
        ]
        for application in applications:
            application.cancel()
        end = asyncio.gather(*applications, return_exceptions=True)
        return Deferred.fromFuture(end)


class Command(BaseCommand):
    """Serve the demo until Ctrl-C or SIGTERM."""

    help = "Serves the translation editor, after preparing what it needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the address to serve, and ``--install``."""
        parser.add_argument(
            "address",
            nargs="?",
            default="127.0.0.1:8000",
            help="[host:]port, by default 127.0.0.1:8000; port 0 takes a free one",
        )
        parser.add_argument(
            "--install",
            action="store_true",
            help="install Apertium with apt-get if it is missing, without asking",
        )

    def handle(self, *, address: str, install: bool, **options: object) -> None:
        """Prepare engine, database and staff user, serve, and drain the pool."""
        host, port = _parse(address)
        self._prepare_engine(install=install)
        self._prepare_database()
        self._serve(host, port)
        self.stdout.write("\nStopping: running operations have a moment to finish.")
        pool.drain()

    def _prepare_engine(self, *, install: bool) -> None:
        if install or (get_engine().is_pseudo and self._is_wanted()):
            self._install()
            get_engine.cache_clear()
        if get_engine().is_pseudo:
            self.stdout.write(
                "No translation engine is installed: the page will only accent "
                f"letters.\nTo translate for real: {shlex.join(install_command())}"
            )

    def _is_wanted(self) -> bool:
        if not (can_install() and sys.stdin.isatty()):
            return False
        self.stdout.write("Apertium, which translates offline, is not installed.")
        answer = input(f"Run {shlex.join(install_command())}? [y/N] ")
        return answer.strip().lower() in {"y", "yes"}

    def _install(self) -> None:
        if not can_install():
            self.stderr.write("Installing needs Debian or Ubuntu, and root or sudo.")
            return
        try:
            install_apertium()
        except InstallFailed as error:
            self.stderr.write(f"{error}; the demo starts without it.")

    def _prepare_database(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        # Earlier operations ended with the process that ran them.
        Session.objects.all().delete()
        password = get_random_string(16)
        user, _ = get_user_model().objects.get_or_create(
            username="admin", defaults={"is_staff": True, "is_superuser": True}
        )
        user.set_password(password)
        user.save()
        self.stdout.write(
            f"Staff user: admin, password until the next start: {password}"
        )

    def _serve(self, host: str, port: int) -> None:
        if host not in EVERYWHERE:
            settings.ALLOWED_HOSTS.append(host)
        server = DemoServer(
            # Django itself serves static files only with DEBUG.
            ASGIStaticFilesHandler(get_default_application()),
            endpoints=build_endpoint_description_strings(host=host, port=port),
            ready_callable=lambda: self._announce(host, server.listening_addresses),
        )
        server.run()
        if server.abort_start:
            raise CommandError(f"cannot listen on {host}:{port}; is it in use?")

    def _announce(self, host: str, addresses: list[tuple[str, int]]) -> None:
        name = "localhost" if host in EVERYWHERE else host
        self.stdout.write(f"Translation editor: http://{name}:{addresses[0][1]}/")
        self.stdout.write("Press Ctrl-C to stop it.")
        self.stdout.flush()


def _parse(address: str) -> tuple[str, int]:
    """Return the host, as in a URL, and the port; the host defaults to 127.0.0.1."""
    match = ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > 65535:
        raise CommandError(f"address must be [host:]port, got {address!r}")
    return match["host"] or "127.0.0.1", int(match["port"])
