"""Looks for a marker in all that Python can reach; a script of its own process.

It says ``nothing``, or what still refers to the marker.
"""

import logging
import os
import secrets
import sys
import threading

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.contrib.admin import site  # noqa: E402
from django.test import RequestFactory  # noqa: E402

from ephemeral_tasks import (  # noqa: E402
    EphemeralTasksError,
    TaskFailed,
    aask,
    ask,
    cancel,
    dismiss,
    operators,
    output,
    pool,
    progress,
    result,
    retry,
    submit,
    task,
    window,
    write,
)
from ephemeral_tasks.submission import (  # noqa: E402
    answer,
    end_owner,
    read_input,
    submit_once,
)
from ephemeral_tasks.testing import Hold, drain  # noqa: E402
from ephemeral_tasks.web.operators_page import show_data, show_page  # noqa: E402
from tests import heap_search  # noqa: E402

# Held backwards, so that what holds it is not found.
BACKWARDS = secrets.token_hex(12)
OWNER, OTHER = "a" * 32, "b" * 32
RECORDS: list[logging.LogRecord] = []
LOOKS: list[object] = []
"""What operators were shown meanwhile."""


def marker() -> str:
    """Return the marker, made anew."""
    return BACKWARDS[::-1]


class Trouble(Exception):
    """An error whose text is content."""


@task
async def heap_echo(text):
    """Return the content in a container."""
    progress(1, 2, "half")
    return {"text": text, "bytes": text.encode()}


@task(keep_input=True)
async def heap_kept(text):
    """Return; the arguments are kept."""


@task
def heap_plain_echo(text):
    """Return the content from a thread."""
    progress(1, 2, "half")
    return [text]


@task(max_attempts=2, backoff=lambda attempt, error: 0.0)
async def heap_fails(text):
    """Fail with the content in text, cause and context."""
    try:
        raise Trouble(text)
    except Trouble as error:
        raise RuntimeError(text + "!") from error


@task
def heap_plain_fails(text):
    """Fail in a thread."""
    try:
        raise Trouble(text)
    except Trouble:
        raise RuntimeError(text + "!") from None


@task
async def heap_says(text):
    """Fail with a sentence that is content."""
    raise TaskFailed(text)


@task
async def heap_held(hold, text):
    """Wait at the hold."""
    await hold.stop()
    return text


@task
def heap_plain_held(hold, text):
    """Wait at the hold in a thread."""
    hold.stop_plain()
    return text


@task
async def heap_writes(hold, text):
    """Write the content, wait at the hold, and write more."""
    yield text
    write(text)
    await hold.stop()
    yield text


@task
def heap_plain_writes(hold, text):
    """Write the content from a thread, wait at the hold, and write more."""
    yield text
    hold.stop_plain()
    yield text


@task
async def heap_asks(text):
    """Ask with the content, and return the answer."""
    return await aask(text, choices=(text, "no"))


@task
def heap_plain_asks(text):
    """Ask with the content in a thread, and return the answer."""
    return ask(text, choices=(text, "no"))


class Operator:
    """Has every right."""

    def has_perm(self, name):
        """Return True."""
        return True


def look() -> None:
    """Keep what operators see now: the records, the page's live part, the JSON."""
    request = RequestFactory().get("/", headers={"HX-Request": "true"})
    request.user = Operator()
    page = show_page(request, site).render()
    LOOKS.extend((operators.overview(), page.content, show_data(request).content))


class Keeper(logging.Handler):
    """Keeps every record, as error trackers do."""

    def emit(self, record):
        RECORDS.append(record)


def work() -> None:
    """Let operations with the marker come to every kind of end."""
    for owner in (OWNER, OTHER):
        for body in (heap_echo, heap_plain_echo, heap_fails, heap_plain_fails):
            submit(owner, body, marker())
        submit_once(owner, heap_says, "key", {"text": marker()})
        drain()
        look()
        for row in window(owner):
            _read(owner, row.id)
        retry(owner, window(owner)[0].id)
        kept = submit(owner, heap_kept, marker())
        drain()
        assert read_input(owner, kept.id)[1] == {"text": marker()}
    hold = Hold()
    for owner in (OWNER, OTHER):
        submit(owner, heap_held, hold, marker())
        submit(owner, heap_plain_held, hold, marker())
    hold.entered(4)
    look()
    for row in window(OWNER)[:2]:
        cancel(OWNER, row.id)
    hold.open()
    drain()
    for row in window(OWNER):
        dismiss(OWNER, row.id)
    end_owner(OTHER)
    drain()
    work_with_outputs()


def work_with_outputs() -> None:
    """End outputs well, by a cancel, and forgotten while they grow."""
    hold, bodies = Hold(), (heap_writes, heap_plain_writes, heap_writes)
    for owner in (OWNER, OTHER):
        handles = [submit(owner, one, hold, marker()) for one in bodies]
    hold.entered(6)
    look()
    for one in handles:
        assert marker() in output(OTHER, one.id).text
    end_owner(OTHER)
    for row in window(OWNER)[:2]:
        cancel(OWNER, row.id)
    hold.open()
    drain()
    for row in window(OWNER):
        _read(OWNER, row.id)
        assert marker() in output(OWNER, row.id).text
        dismiss(OWNER, row.id)
    work_with_questions()


def turn_once() -> None:
    """Wait until the pool's loop has turned once."""
    turned = threading.Event()
    pool.get().loop.post(turned.set)
    assert turned.wait(10)


def work_with_questions() -> None:
    """End questions by an answer, by a cancel, and forgotten while open."""
    bodies = (heap_asks, heap_plain_asks)
    for owner in (OWNER, OTHER):
        for one in (*bodies, *bodies):
            submit(owner, one, marker())
    while pool.statistics().asking < 8:
        turn_once()
    look()
    assert marker() in window(OTHER)[0].question.text
    end_owner(OTHER)
    for row in window(OWNER)[:2]:
        answer(OWNER, row.id, 1, marker())
    for row in window(OWNER)[2:]:
        cancel(OWNER, row.id)
    drain()
    for row in window(OWNER):
        _read(OWNER, row.id)
        dismiss(OWNER, row.id)


def _read(owner: str, id: str) -> None:
    try:
        result(owner, id)
    except EphemeralTasksError as error:
        str(error)


def find() -> list[str]:
    """Return a line for each object that refers to the marker."""
    return heap_search.find(BACKWARDS)


def main() -> int:
    """Work, forget, look; the exit code says whether something was found."""
    logger = logging.getLogger("ephemeral_tasks")
    logger.addHandler(Keeper())
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    if sys.argv[1:] == ["control"]:  # is the search able to find it?
        kept = [marker()]  # noqa: F841
        return len(find())
    work()
    assert RECORDS
    assert b"heap_asks" in LOOKS[-1]
    assert pool.statistics().kept_bytes == 0
    found = find()
    sys.stdout.write("\n".join(found or ["nothing"]) + "\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
