"""``manage.py task_pool``: host the machine's pool in a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management import BaseCommand, CommandError

from ... import pool
from ...machine import process


class Command(BaseCommand):
    """Host until a signal ends it; accepted work may go on then, as in a server."""

    help = (
        "Hosts the pool of all processes of this machine, and serves no pages. Waits "
        "while another process hosts. SIGTERM and Ctrl-C end it: what it has accepted "
        "may go on for DRAIN_SECONDS."
    )

    def handle(self, **options: Any) -> None:
        """Host from now on, or from the end of the host that there is."""
        if not process.is_shared():
            raise CommandError(
                "POOL is 'process': each process has a pool of its own. Set "
                'EPHEMERAL_TASKS = {"POOL": "machine"}.'
            )
        self._is_quiet = not options["verbosity"]
        with _signals_that_interrupt():
            try:
                self._host()
            except KeyboardInterrupt:
                self._say("Ending: no more is accepted.")
            pool.drain()

    def _host(self) -> None:
        """Host until a signal ends it."""
        if not process.try_host():
            self._say("Another process hosts the pool: waiting for its end.")
            process.wait_and_host()
        self._say(f"Hosting the pool (process {os.getpid()}).")
        threading.Event().wait()

    def _say(self, text: str) -> None:
        if not self._is_quiet:
            self.stdout.write(text)
            self.stdout.flush()


@contextmanager
def _signals_that_interrupt() -> Iterator[None]:
    """SIGTERM and SIGINT raise KeyboardInterrupt within the block.

    SIGINT, too: a shell script's program in the background begins by ignoring it.
    """
    before = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(ValueError):  # not the main thread: somebody else ends it
            before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
