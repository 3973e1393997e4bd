"""Tasks for the tests; what a body does, the test says."""

import asyncio

from ephemeral_tasks import TaskFailed, progress, task


@task
async def app_echo(value):
    """Return what came."""
    return value


@task
def app_plain_echo(value):
    """Return what came, from a thread."""
    return value


@task
async def app_call(function):
    """Await what the test gave, called without arguments."""
    return await function()


@task
def app_plain_call(function):
    """Call what the test gave, in a thread."""
    return function()


@task
async def app_held(hold, value=None):
    """Stop at the hold, then return the value."""
    await hold.stop()
    return value


@task
def app_plain_held(hold, value=None):
    """Stop at the hold in a thread, then return the value."""
    hold.stop_plain()
    return value


@task(cancellable=False)
async def app_steadfast(hold):
    """Stop at the hold; no owner may cancel it while it runs."""
    await hold.stop()


@task(shown=("language",), label=lambda language: f"Translate to {language}")
async def app_labelled(text, language="es"):
    """Return the text; only the language is shown."""
    return text


@task(unique=("document", "language"))
async def app_unique(hold, document, language="es", note=""):
    """Stop at the hold; one at a time for each document and language."""
    await hold.stop()


@task(unique=("document",), supersede=True)
async def app_newest_unique(hold, document):
    """Stop at the hold; another document's replaces it."""
    await hold.stop()


@task(supersede=True)
async def app_newest(hold, value=None):
    """Stop at the hold, then return the value; a later one replaces it."""
    await hold.stop()
    return value


@task(on_leave="cancel")
async def app_left(hold):
    """Stop at the hold, while its owner is there."""
    await hold.stop()


@task(keep_input=True)
async def app_kept(value, size=0):
    """Return so many bytes; the value is kept."""
    return bytes(size)


@task
async def app_stubborn(hold):
    """Stop at the hold and swallow whatever it is told meanwhile."""
    while True:
        try:
            await hold.stop()
        except asyncio.CancelledError:
            continue
        return "stubborn"


@task
async def app_fails(text):
    """Fail with an error that holds content."""
    raise ValueError(text)


@task
async def app_fails_politely(message):
    """Fail with a sentence for the owner."""
    raise TaskFailed(message)


@task(max_attempts=3, backoff=lambda attempt, error: 10.0 * attempt)
async def app_retried(function):
    """Try up to three times, 10 and 20 seconds apart."""
    return await function()


@task(max_attempts=2, backoff=lambda attempt, error: 10.0)
def app_plain_retried(function):
    """Try twice in a thread, 10 seconds apart."""
    return function()


@task(timeout=30)
async def app_timed(hold):
    """Stop at the hold for 30 seconds at most."""
    await hold.stop()


@task(timeout=30, max_attempts=2, backoff=lambda attempt, error: 1.0)
def app_plain_timed(hold):
    """Stop at the hold in a thread; told to end after 30 seconds, twice."""
    hold.stop_plain()


@task
def app_plain_progress(hold, done):
    """Stop at the hold, then report progress for ever."""
    hold.stop_plain()
    while True:
        progress(1, 2, "half")
        if done():
            return "done"


@task(priority=50)
async def app_urgent(function):
    """Await what the test gave, before what is not urgent."""
    return await function()


@task(timeout=30)
async def app_pieces(pieces, hold, on_close=None):
    """Yield texts; then stop at the hold, if there is one, and yield the end."""
    try:
        for piece in pieces:
            yield piece
        if hold is not None:
            await hold.stop()
            yield "end"
    finally:
        if on_close is not None:
            on_close()


@task(timeout=30)
def app_plain_pieces(pieces, hold, on_close=None):
    """Yield texts from a thread; then stop at the hold and yield the end."""
    try:
        yield from pieces
        if hold is not None:
            hold.stop_plain()
            yield "end"
    finally:
        if on_close is not None:
            on_close()


@task
async def app_endless_pieces(on_close):
    """Yield a text for ever, and never wait."""
    try:
        while True:
            yield "."
    finally:
        on_close()


@task(timeout=30)
async def app_timed_call(function):
    """Await what the test gave, for 30 seconds at most."""
    return await function()


@task(timeout=30)
def app_plain_timed_call(function):
    """Call what the test gave in a thread, for 30 seconds at most."""
    return function()


@task
async def app_call_with(function, value):
    """Await what the test gave, called with the value."""
    return await function(value)
