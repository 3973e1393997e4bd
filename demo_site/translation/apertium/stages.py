"""The programs of one pipe, as processes."""

import asyncio
import os
import subprocess
import threading
import weakref
from collections.abc import Sequence

from demo_site.translation.errors import EngineBroken


class Stages:
    """Processes, each of which reads what the one before it writes.

    They are started with `subprocess.Popen`: asyncio's own subprocesses need a thread
    for each process on Python 3.11, and must be started on the loop, which eleven
    programs would block for some 40 ms. No watcher is needed: when one of them ends,
    the input of those behind it ends, so they end too, and then our output ends.

    They have a process group of their own, so that Ctrl-C in a terminal reaches only
    this process, and an environment without our secrets. Their standard error is
    discarded, because it may quote texts. When this process dies, the first one's
    input ends, and with it one after the other.
    """

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        """Start them; this blocks for some milliseconds each.

        Raises:
            EngineBroken: One could not be started; the others were ended.
        """
        self._processes: list[subprocess.Popen[bytes]] = []
        # Called when this is collected, and when the interpreter exits.
        self._end = weakref.finalize(self, _end, self._processes)
        try:
            for command in commands:
                self._start(command)
        except OSError:
            self._end()
            raise EngineBroken("a program of the pipe cannot be started") from None
        ends = self._processes[0].stdin, self._processes[-1].stdout
        self.input, self.output = (end.fileno() for end in ends if end)
        os.set_blocking(self.input, False)
        os.set_blocking(self.output, False)

    def _start(self, command: Sequence[str]) -> None:
        before = self._processes[-1] if self._processes else None
        self._processes.append(
            subprocess.Popen(
                command,
                bufsize=0,
                stdin=before.stdout if before else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                process_group=self._processes[0].pid if before else 0,
            )
        )
        if before and before.stdout:
            before.stdout.close()

    @property
    def pids(self) -> list[int]:
        """Return their process ids, first to last."""
        return [process.pid for process in self._processes]

    def has_ended(self) -> bool:
        """Return whether any of them has ended."""
        return any(process.poll() is not None for process in self._processes)

    def kill(self) -> None:
        """End them all, without blocking; later calls do nothing."""
        if not self._end.alive:
            return
        _kill(self._processes)
        # Releasing their memory takes some 10 ms, too long for the loop.
        threading.Thread(target=self._end, name="apertium-reaper", daemon=True).start()

    async def ended(self) -> None:
        """Wait until they have ended; call `kill` first."""
        processes = self._processes
        await asyncio.to_thread(lambda: [process.wait() for process in processes])


async def start(commands: Sequence[Sequence[str]]) -> Stages:
    """Start stages in a thread and return them.

    Raises:
        EngineBroken: One could not be started; the others were ended.
    """
    starting = asyncio.get_running_loop().run_in_executor(None, Stages, commands)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_discard)
        raise


def _discard(started: asyncio.Future[Stages]) -> None:
    """End stages that were started for a cancelled request."""
    if not started.cancelled() and not started.exception():
        started.result().kill()


def _kill(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    # One by one, not by their group: Popen knows which have ended, and the number of a
    # group may have been reused.
    for process in processes:
        process.kill()


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Kill processes, wait for them and close their pipes."""
    _kill(processes)
    for process in processes:
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
