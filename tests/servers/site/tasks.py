"""What the tests submit: bodies that leave notes of what became of them."""

import asyncio
import time
from functools import partial

from django import forms

from ephemeral_tasks import pool, progress, task
from tests.servers.site.notes import is_noted, note

TICK_SECONDS = 0.01


class NameForm(forms.Form):
    name = forms.CharField()


def is_ending():
    """Whether this process takes no more work."""
    return pool.get().is_closed


async def until(is_reached):
    """Return once the function does; what it looks at can wake nobody."""
    while not is_reached():  # noqa: ASYNC110
        await asyncio.sleep(TICK_SECONDS)


@task(form=NameForm)
async def until_end(name):
    """Return only once the process was told to end."""
    note(name, "started")
    await until(is_ending)
    note(name, "finished")


@task(form=NameForm)
def plain_until_end(name):
    """Return only once the process was told to end, from a thread."""
    note(name, "started")
    while not is_ending():
        time.sleep(TICK_SECONDS)
    note(name, "finished")


@task(form=NameForm)
async def endless(name):
    """Go on until cancelled."""
    note(name, "started")
    try:
        await asyncio.Event().wait()
    finally:
        note(name, "cleaned")


@task(form=NameForm)
def plain_endless(name):
    """Go on until cancelled, from a thread."""
    note(name, "started")
    try:
        while True:
            progress(1)
            time.sleep(TICK_SECONDS)
    finally:
        note(name, "cleaned")


@task(form=NameForm)
async def until_noted(name):
    """Return once the test has noted ``go``."""
    note(name, "started")
    await until(partial(is_noted, name, "go"))
    note(name, "finished")
    return name
