"""Neither end keeps what has crossed."""

import gc
import subprocess
import sys
from contextlib import suppress

from ephemeral_tasks.errors import TaskFailed
from tests.layers import ROOT


def raise_failed():
    """Raise an error that no variable refers to."""
    raise TaskFailed("x")


def test_a_search_of_the_heap_finds_not_a_byte():
    """After answers, errors, time-outs, cancelled and broken calls, and notices."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.machine.heap"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "nothing\n", done.stdout + done.stderr


def test_calls_leave_nothing_behind(link, verbs):
    """After 20,000 there is what there was after 1,000; no cycle waits for Python."""

    def call(times):
        for _ in range(times):
            link.call("echo", ("x" * 1000,))
        for _ in range(times // 20):
            with suppress(TaskFailed):
                link.call("make", (raise_failed,))
        verbs.asked.clear()
        return gc.collect()

    call(1000)
    before = sys.getallocatedblocks()
    gc.disable()
    try:
        found = call(20_000)
    finally:
        gc.enable()

    assert found < 100
    assert sys.getallocatedblocks() - before < 1000
