"""Tasks that come through ``enqueue``."""

from datetime import UTC, datetime

from ephemeral_tasks import ResultFile, current_operation, progress, task
from ephemeral_tasks.compat import task as django_task


@task
async def backend_add(first, second=1):
    """Return the sum."""
    return first + second


@task
def backend_plain_add(first, second=1):
    """Return the sum, from a thread."""
    return first + second


@task
async def backend_pair():
    """Return a tuple, which JSON gives back as a list."""
    return (1, 2)


@task
async def backend_instant():
    """Return what JSON cannot hold."""
    return datetime.now(UTC)


@task
async def backend_file():
    """Return a file."""
    return ResultFile("a.csv", b"1,2", "text/csv")


@task(max_attempts=2, backoff=lambda attempt, error: 10.0)
async def backend_fails(text):
    """Fail, twice."""
    raise ValueError(text)


@task
async def backend_exits(text):
    """Leave as a program would."""
    raise SystemExit(text)


@task
def backend_plain_exits(text):
    """Leave as a program would, in a thread."""
    raise SystemExit(text)


@task
def backend_plain_stops(text):
    """Raise what a future refuses to hold."""
    raise StopIteration(text)


@task
async def backend_held(hold):
    """Never end by itself."""
    import asyncio

    await asyncio.get_running_loop().create_future()


@task(takes_context=True)
async def backend_context(context, upto):
    """Report through the context and return what it says."""
    context.operation.progress(1, upto)
    same = context.operation.id == current_operation().id == context.task_result.id
    return [same, context.attempt, context.task_result.args]


@task(takes_context=True)
def backend_plain_context(context):
    """Do the same in a thread."""
    progress(1)
    return context.attempt


@django_task
async def backend_djangos_own(word):
    """Django's own decorator made this one."""
    return word.upper()


@task
async def backend_colour():
    """Return the colour of the submitter's context."""
    from tests.app.pool.test_variables import colour

    return colour.get()


@task
async def backend_pieces(count):
    """Yield texts."""
    for number in range(count):
        yield f"{number} "


@task
def backend_plain_pieces(count):
    """Yield texts from a thread."""
    for number in range(count):
        yield f"{number} "
