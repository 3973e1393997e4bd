"""Tasks that a command runs."""

import os
import signal
from datetime import date
from pathlib import Path

from django import forms

from ephemeral_tasks import ResultFile, TaskFailed, aask, progress, task


class RequestForm(forms.Form):
    """A form that is nothing without a request."""

    text = forms.CharField()

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)


@task(form=True, label=lambda since=None: f"Count since {since}", shown=("since",))
def command_count(since: date, upto: int = 2):
    """Report each step and return what came."""
    for number in progress.track(range(upto), "counting"):
        last = number
    return {"since": since, "last": last}


@task
async def command_text(text):
    """Return the text."""
    return text


@task
async def command_nothing():
    """Return nothing."""


@task
async def command_file(data):
    """Return a file."""
    return ResultFile("a.bin", bytes.fromhex(data), "application/octet-stream")


@task
async def command_fails(text):
    """Fail with a sentence."""
    raise TaskFailed(text)


@task
async def command_questions():
    """Ask, and never go on by itself."""
    return await aask("Which one?", choices=["a", "b"])


@task
async def command_stream(count):
    """Write as it goes."""
    for number in range(count):
        yield f"{number}\n"


@task(form=RequestForm)
async def command_asks(text):
    """Take a form that takes the request."""
    return text


@task
async def command_interrupted(hold):
    """Press Ctrl-C, and stay at the hold."""
    os.kill(os.getpid(), signal.SIGINT)
    await hold.stop()


@task
async def command_half(hold):
    """Report half of the work, and be done at the hold."""
    with progress.part(0.5):
        progress(1, 1)
        await hold.stop()


@task(cancellable=False)
async def command_steadfast(hold):
    """Press Ctrl-C, and go on."""
    os.kill(os.getpid(), signal.SIGINT)
    await hold.stop()
    return "done"


@task
def command_gate(begun, gate):
    """Say which process this is, and return once the gate was opened."""
    Path(begun).write_text(str(os.getpid()))
    return Path(gate).read_text()
