"""A task's arguments: each attempt gets them as they were submitted."""

import pytest
from django.core.files.uploadedfile import (
    InMemoryUploadedFile,
    SimpleUploadedFile,
    TemporaryUploadedFile,
)

from ephemeral_tasks import result, retry, submit
from ephemeral_tasks.pool.call import Call
from ephemeral_tasks.testing import drain
from tests.app import tasks


def simple():
    """A file as forms give it in tests."""
    return SimpleUploadedFile("a.md", b"text", "text/markdown")


def temporary():
    """A large file, as Django keeps it."""
    file = TemporaryUploadedFile("a.md", "text/markdown", 4, None)
    file.write(b"text")
    return file


def in_memory():
    """A small one."""
    file = simple()
    return InMemoryUploadedFile(file.file, "f", "a.md", "text/markdown", 4, None)


def read(value):
    """The files of an argument, read to their ends."""
    if hasattr(value, "read"):
        return [(value.name, value.content_type, value.read())]
    values = value.values() if isinstance(value, dict) else value
    return [file for one in values for file in read(one)]


@pytest.mark.parametrize("make", [simple, temporary, in_memory])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda file: file,
        lambda file: [file],
        lambda file: (file, file),
        lambda file: {"one": {"two": [file]}},
    ],
)
def test_each_attempt_reads_an_upload_from_its_start(owner, make, wrap):
    """However often it is tried, and though Django closes it with the request."""
    file = make()
    file.read()
    seen = []

    def body(value):
        seen.append(read(value))
        raise ValueError

    handle = submit(owner, tasks.app_plain_apply, body, wrap(file))
    file.close()
    drain()
    retry(owner, handle.id)
    drain()

    assert seen[0] == seen[1]
    assert set(seen[0]) == {("a.md", "text/markdown", b"text")}


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ([1, 2], lambda value: value.clear()),
        ({"a": 1}, lambda value: value.clear()),
        ({1, 2}, lambda value: value.clear()),
        (bytearray(b"ab"), lambda value: value.clear()),
        ([[1], [2]], lambda value: value[0].clear()),
        (([1], 2), lambda value: value[0].clear()),
        ({"a": {"b": [1]}}, lambda value: value["a"]["b"].clear()),
    ],
)
def test_what_bodies_and_callers_change_is_theirs(owner, given, change):
    """The next attempt, and one that begins later, get what was submitted."""
    seen = []
    expected = repr(given)

    def body(value):
        seen.append(repr(value))
        change(value)
        raise ValueError

    handle = submit(owner, tasks.app_plain_apply, body, given)
    drain()
    retry(owner, handle.id)
    drain()

    assert seen == [expected] * 2
    assert repr(given) == expected


def test_a_caller_may_change_what_it_has_submitted():
    """Before the body begins, too."""
    given = [[1], [2]]
    call = Call(tasks.app_echo, (given,), {})

    given[0].clear()
    given.clear()

    assert call.function(lambda: None).args == ([[1], [2]],)


def test_other_objects_are_passed_as_they_are(owner):
    """A class of somebody's may not bear a copy."""
    given = object()

    handle = submit(owner, tasks.app_plain_apply, lambda value: value is given, given)
    drain()

    assert result(owner, handle.id) is True
