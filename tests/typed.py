"""What a type checker sees of the public names: a site's own code, checked strictly.

mypy reads this file as it reads the package, ``test_public_names`` imports it.
"""

from typing import Any, assert_type

from django import forms
from django.http import HttpRequest

import ephemeral_tasks
from ephemeral_tasks import (
    ClientFull,
    Handle,
    OperationFailed,
    QueueFull,
    ResultFile,
    Row,
    Task,
    TaskFailed,
    aowner_of,
    aresult,
    cancel,
    coordinator,
    coordinators,
    current_operation,
    dismiss,
    operation_finished,
    owner_of,
    pool,
    progress,
    result,
    retry,
    submit,
    task,
    window,
)
from ephemeral_tasks.core import KeyedCoordinator, PriorityCoordinator, SignalHub


class TypedForm(forms.Form):
    language = forms.CharField()


@task(label="Translate", form=TypedForm, shown=("language",), timeout=120)
async def typed_translate(language: str) -> str:
    """Return the language after some progress."""
    progress(1, 2, "half")
    assert_type(current_operation().id, str)
    if not language:
        raise TaskFailed("No language.")
    return language


def may_translate(user: Any) -> bool:
    """Whether a task exists for a user."""
    return bool(user.is_staff)


@task(
    permission=may_translate,
    unique=("language",),
    supersede=True,
    on_leave="cancel",
)
async def typed_policies(language: str) -> None:
    """A task with policies."""


def on_finished(sender: Task, id: str, duration_seconds: float, **facts: Any) -> None:
    """A receiver, as sites write them."""


operation_finished.connect(on_finished, sender=typed_policies)
operation_finished.disconnect(on_finished, sender=typed_policies)


@task
def typed_plain() -> None:
    """A plain function without policies."""


@task
async def typed_file(lines: list[str]) -> ResultFile:
    """Return a file that was made in parts."""
    with progress.part(0.5, "Joining"):
        joined = "".join(line for line in progress.track(lines))
    return ResultFile("joined.txt", joined.encode(), "text/plain")


@coordinator("typed", limit=2)
async def typed_length(text: str) -> int:
    """Return the length of the text."""
    return len(text)


@coordinator(
    "typed-keyed",
    kind=KeyedCoordinator,
    key=lambda item: item[0],
    limit_per_key=2,
    priority=len,
    urgent_first=True,
    limit=4,
    hub=SignalHub(),
)
async def typed_keyed(text: str) -> int:
    """Return the length of the text."""
    return len(text)


@coordinator(
    "typed-lanes",
    kind=PriorityCoordinator,
    lanes={"now": None, "later": 10},
    lane=lambda item: "later",
    share={"later": 0.1},
    limit=2,
)
async def typed_lanes(text: str) -> int:
    """Return the length of the text."""
    return len(text)


assert_type(typed_translate, Task)
assert_type(typed_plain, Task)


def started(request: HttpRequest) -> str:
    """Start, look, act: what a view does."""
    owner = owner_of(request)
    assert_type(owner, str)
    assert_type(owner_of(request, create=False), str | None)
    try:
        handle = submit(owner, typed_translate, language="es")
    except (ClientFull, QueueFull) as full:
        assert_type(full.retry_after_seconds, float)
        raise
    assert_type(handle, Handle)
    assert_type(window(owner), tuple[Row, ...])
    assert_type(result(owner, handle.id), Any)
    cancel(owner, handle.id)
    dismiss(owner, handle.id)
    return retry(owner, handle.id).id


async def waited(request: HttpRequest) -> object:
    """Wait for the end: what an async view does."""
    owner = await aowner_of(request)
    try:
        return await aresult(owner, window(owner)[0].id, timeout=5)
    except OperationFailed as failure:
        assert_type(failure.reference, str)
        return failure.message


def steered() -> tuple[int, int, Any]:
    """Look at the pool and at what it hosts."""
    pool.resize(4)
    length = typed_length.submit("text").result(timeout=1)
    assert_type(length, int)
    assert_type(typed_keyed.submit("text").result(timeout=1), int)
    typed_keyed.emit("server.busy", key="a")
    assert_type(typed_lanes.submit("text", lane="now").result(timeout=1), int)
    assert_type(typed_lanes.waiting_by_lane(), dict[str, int])
    return pool.statistics().running, length, coordinators["typed"]


def misspelt(owner: str) -> None:
    """A name that is not there is an error, not Any."""
    ephemeral_tasks.submitt(owner, typed_plain)  # type: ignore[attr-defined]
    submit(owner)  # type: ignore[call-arg]
    task(lable="Translate")  # type: ignore[call-overload]
    task(on_leave="stop")  # type: ignore[call-overload]
    coordinator("a", kind=KeyedCoordinator, limit=1)  # type: ignore[arg-type]
    coordinator("a", kind=PriorityCoordinator, limit=1)  # type: ignore[arg-type]
    coordinator("a", key=len, limit=1)  # type: ignore[call-overload]
    typed_length.submit("text", lane="now")  # type: ignore[call-arg]
