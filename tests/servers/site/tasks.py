"""What the tests submit: bodies that leave notes of what became of them."""

import asyncio
import threading
import time
from functools import partial

from asgiref.sync import sync_to_async
from django import forms
from django.contrib.auth import get_user_model
from django.db import connection

from ephemeral_tasks import pool, progress, task, write
from tests.servers.site.notes import is_noted, note

TICK_SECONDS = 0.01


class NameForm(forms.Form):
    name = forms.CharField()


class BrokenForm(forms.Form):
    def clean(self):
        raise OSError("the site's disk is away")


def is_ending():
    """Whether this process takes no more work."""
    return pool.get().ledger.is_closed


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


@task(form=NameForm)
async def rush(name):
    """Tell of ten thousand steps and return at once."""
    for done in range(10_000):
        progress(done, 10_000)


@task(form=NameForm)
def plain_rush(name):
    """Tell of ten thousand steps and return at once, from a thread."""
    for done in range(10_000):
        progress(done, 10_000)


@task(form=NameForm)
def deaf(name):
    """Go on whatever it is told."""
    note(name, "started")
    while not is_noted(name, "go"):
        time.sleep(TICK_SECONDS)


@task(form=NameForm)
async def deaf_executor(name):
    """Wait for a thread that goes on whatever it is told."""
    await sync_to_async(deaf.func)(name)


@task(form=NameForm)
async def deaf_thread(name):
    """Wait for a thread of the loop that goes on whatever it is told."""
    await asyncio.to_thread(deaf.func, name)


@task(form=NameForm)
async def patient(name):
    """Go on until cancelled, and note when the process takes no more work."""
    note(name, "started")
    try:
        await until(is_ending)
        note(name, "closed")
        await asyncio.Event().wait()
    finally:
        note(name, "cleaned")


_together = threading.Barrier(4)


def _query():
    """Return which connection answered, once three others have theirs."""
    list(get_user_model().objects.all())
    _together.wait(20)
    return id(connection.connection)


@task(form=NameForm)
async def query(name):
    """Ask the database with the async ORM, while three others hold a connection."""
    note(name, "started")
    users = get_user_model().objects
    await users.acount()
    answered = await sync_to_async(_query)()
    note(f"{name}-{answered}", "asked")


@task(form=NameForm)
def plain_query(name):
    """Ask the database from a thread, while three others hold a connection."""
    note(name, "started")
    note(f"{name}-{_query()}", "asked")


def _begin(name):
    """Begin a transaction and leave it open."""
    connection.set_autocommit(False)
    list(get_user_model().objects.all())
    note(name, "started")


@task(form=NameForm)
async def holding(name):
    """Hold a connection of the executor until cancelled."""
    await sync_to_async(_begin)(name)
    await asyncio.Event().wait()


@task(form=NameForm)
def plain_holding(name):
    """Hold a connection of the thread until cancelled."""
    _begin(name)
    while True:
        progress(1)
        time.sleep(TICK_SECONDS)


@task(form=BrokenForm)
async def broken():
    """Return; its form raises."""


@task(form=NameForm)
async def say(name):
    """Write, tell and return what was given."""
    write(name)
    progress(1, 2, name)
    return {"name": name}


@task(form=NameForm)
async def break_down(name):
    """Fail with what was given."""
    raise ValueError(name)


@task(form=NameForm)
async def ponder(name):
    """Write and tell what was given, and go on until cancelled."""
    write(name)
    progress(1, 2, name)
    await asyncio.Event().wait()
