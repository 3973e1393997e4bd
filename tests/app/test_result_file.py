"""What a ``ResultFile`` takes, and what it keeps."""

import pickle

import pytest

from ephemeral_tasks import ResultFile, pool, result, submit
from ephemeral_tasks.core import Status
from ephemeral_tasks.pool.call import size_of
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks

FILE = ResultFile("a.csv", b"1,2", "text/csv; charset=utf-8")


def returned(owner, value):
    """An operation that returned the value."""
    handle = submit(owner, tasks.app_echo, value)
    drain()
    return handle


def test_a_file_is_a_result_as_any_other(owner):
    """It is fetched, and compared, as it was returned."""
    assert result(owner, returned(owner, FILE).id) == FILE


def test_a_file_is_counted_by_its_bytes():
    """Not by what a pickle of it would take."""
    assert size_of(FILE) == len("a.csv") + 3


def test_a_file_over_the_bound_fails_its_operation(owner, settings):
    """With the sentence that other results get, too."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 1000}
    pool.reset()

    handle = returned(owner, ResultFile("a", bytes(1000), "text/csv"))

    assert row(owner, handle.id).status is Status.FAILED
    assert row(owner, handle.id).error.message == "The result is too large to be kept."


def test_text_is_refused_with_a_way_out():
    """No encoding is the right one for every file."""
    with pytest.raises(
        TypeError, match=r"data must be bytes, got str: encode the text"
    ):
        ResultFile("a.csv", "1,2", "text/csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, b"", "text/csv"), "name must be str, got NoneType"),
        (("a", bytearray(b"1"), "text/csv"), "data must be bytes, got bytearray"),
        (("a", b"", None), "content_type must be str, got NoneType"),
        (
            ("a", b"", ""),
            "content_type must be a media type such as 'text/csv', got ''",
        ),
        (("a", b"", "csv"), "content_type must be a media type"),
        (("a", b"", "text/csv\r\nX: y"), "content_type must be a media type"),
        (("a", b"", "text/csv; charset=é"), "content_type must be a media type"),
    ],
)
def test_a_field_is_checked_where_the_file_is_made(arguments, message):
    """In the body, whose traceback names the line."""
    with pytest.raises((TypeError, ValueError)) as raised:
        ResultFile(*arguments)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    "content_type",
    ["text/csv", 'text/csv;charset="utf-8"', "application/vnd.ms-excel; a=1 ; b=2"],
)
def test_parameters_are_part_of_a_media_type(content_type):
    """As RFC 9110 writes them."""
    assert ResultFile("a", b"", content_type).content_type == content_type


def test_a_files_content_is_in_no_repr():
    """A log line that names the file does not hold it."""
    assert "1,2" not in repr(FILE)


def test_a_file_crosses_processes():
    """As a pickle."""
    assert pickle.loads(pickle.dumps(FILE)) == FILE
