"""Each attempt gets the arguments as they were submitted."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from ephemeral_tasks import result, submit, task
from ephemeral_tasks.core import Status
from ephemeral_tasks.pool.call import Call
from ephemeral_tasks.submission import retry, row
from ephemeral_tasks.testing import drain

seen = []


@pytest.fixture(autouse=True)
def nothing_seen():
    """What bodies of this test were called with."""
    seen.clear()


def read_all(value):
    """Use the argument up: read files to their end, empty lists and dicts."""
    if isinstance(value, dict):
        found = {name: read_all(one) for name, one in value.items()}
    elif isinstance(value, tuple):
        return tuple([read_all(one) for one in value])
    elif isinstance(value, list):
        found = [read_all(one) for one in value]
    elif isinstance(value, set | bytearray):
        found = value.copy()
    else:
        return (value.name, value.read()) if hasattr(value, "read") else value
    value.clear()
    return found


@task(max_attempts=2, backoff=lambda attempt, error: 0.0)
async def call_used_up(value):
    """Use the argument up and fail."""
    seen.append(read_all(value))
    raise ValueError


@task(max_attempts=2, backoff=lambda attempt, error: 0.0)
def call_used_up_plain(value):
    """Use the argument up in a thread and fail."""
    seen.append(read_all(value))
    raise ValueError


@task
async def call_gives_back(value):
    """Return the very argument."""
    return value


def upload():
    """Return a file as a form gives it."""
    return SimpleUploadedFile("a.txt", b"content", "text/plain")


def large_upload():
    """Return one that Django keeps on the disk."""
    file = TemporaryUploadedFile("a.txt", "text/plain", 7, None)
    file.write(b"content")
    return file


@pytest.mark.parametrize("body", [call_used_up, call_used_up_plain])
@pytest.mark.parametrize(
    ("make", "content"),
    [
        (upload, ("a.txt", b"content")),
        (lambda: [upload(), upload()], [("a.txt", b"content")] * 2),
        (large_upload, ("a.txt", b"content")),
        (lambda: (upload(), ["a"]), (("a.txt", b"content"), ["a"])),
        (lambda: {"a": {"b": [upload()]}}, {"a": {"b": [("a.txt", b"content")]}}),
        (lambda: ["a", "b"], ["a", "b"]),
        (lambda: {"a": ["b"]}, {"a": ["b"]}),
        (lambda: {1, 2}, {1, 2}),
        (lambda: bytearray(b"ab"), bytearray(b"ab")),
    ],
    ids=["file", "files", "large", "tuple", "deep", "list", "dict", "set", "bytearray"],
)
def test_each_attempt_and_each_retry_gets_all(owner, body, make, content):
    """However an earlier one has used them up."""
    handle = submit(owner, body, make())
    drain()
    assert row(owner, handle.id).status is Status.FAILED

    retry(owner, handle.id)
    drain()

    assert seen == [content] * 4


def test_a_file_outlives_its_request(owner):
    """Django closes an upload at the request's end; a body may come later."""
    given = upload()
    given.read()
    handle = submit(owner, call_used_up, given)
    given.close()
    drain()

    assert seen[0] == ("a.txt", b"content")
    assert row(owner, handle.id).status is Status.FAILED


def test_a_caller_may_change_what_it_has_submitted():
    """Also before the body begins."""
    given = [[1], [2]]
    call = Call(call_gives_back, (given,), {})

    given[0].clear()
    given.clear()

    assert call.function(lambda: None).args == ([[1], [2]],)


def test_other_objects_are_passed_as_they_are(owner):
    """No copy that a body would not expect."""
    given = object()
    handle = submit(owner, call_gives_back, given)
    drain()

    assert result(owner, handle.id) is given
