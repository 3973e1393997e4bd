"""A process of its own with a membership, and a way to ask it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.layers import ROOT


class Member:
    """A process that does what it is asked, a line at a time."""

    def __init__(self, folder: Path, *, secret_key: str = "") -> None:
        self.folder = folder
        given = {
            "SECRET_KEY": secret_key or settings.SECRET_KEY,
            "SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.machine.member", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"MEMBER_SETTINGS": json.dumps(given)},
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, action: str, *args: Any) -> Any:
        """Return what the process answers."""
        self.begin(action, *args)
        return self.answer()

    def begin(self, action: str, *args: Any) -> None:
        """Ask without waiting for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([action, *args]) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Return the answer to what was asked."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Halt it until ``go_on``; it is halted on return."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it in whatever state it is."""
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
