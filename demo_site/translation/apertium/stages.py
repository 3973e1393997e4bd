"""The programs of one pipe as processes, from first to last."""

import asyncio
import os
import subprocess
import threading
import weakref
from collections.abc import Sequence

from demo_site.translation.errors import EngineBroken


class Stages:
    """Processes, each reading what the one before it writes.

    Plain `subprocess.Popen`: asyncio's own subprocesses need a watcher of children,
    which on Python 3.11 is a thread a process, and they cannot be started off the
    loop, where eleven programs take some 40 ms. Their end needs no watcher here: when
    any of them ends, those behind it see the end of their input and end too, and what
    remains is the end of our output.

    They get a process group of their own, so that Ctrl-C in a terminal is ours alone
    to act on, an environment without our secrets, and nowhere to write errors to: what
    they complain of may quote the text. When this process dies, however it does, the
    first one's input ends, and with it one after the other.
    """

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        """Start them; this blocks for some milliseconds each.

        Raises:
            EngineBroken: One cannot be started; none of them is left.
        """
        self._processes: list[subprocess.Popen[bytes]] = []
        # Runs when this is forgotten, and at the exit of the interpreter.
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
        """Their process ids, first to last."""
        return [process.pid for process in self._processes]

    def has_ended(self) -> bool:
        """Whether any of them has ended."""
        return any(process.poll() is not None for process in self._processes)

    def kill(self) -> None:
        """End them all at once; does not block, may be called again."""
        if not self._end.alive:
            return
        _kill(self._processes)
        # Their memory takes some 10 ms to be given back: not on the loop's time.
        threading.Thread(target=self._end, name="apertium-reaper", daemon=True).start()

    async def ended(self) -> None:
        """Wait until the system has forgotten them; `kill` comes first."""
        processes = self._processes
        await asyncio.to_thread(lambda: [process.wait() for process in processes])


async def start(commands: Sequence[Sequence[str]]) -> Stages:
    """Started stages, started off the loop.

    Raises:
        EngineBroken: One cannot be started; none of them is left.
    """
    starting = asyncio.get_running_loop().run_in_executor(None, Stages, commands)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_discard)
        raise


def _discard(started: asyncio.Future[Stages]) -> None:
    """End what nobody waits for any more."""
    if not started.cancelled() and not started.exception():
        started.result().kill()


def _kill(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    # One by one, not by their group: Popen knows which are gone, a group's number may
    # be another's by now.
    for process in processes:
        process.kill()


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Kill processes, wait for them and close what leads to them."""
    _kill(processes)
    for process in processes:
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
