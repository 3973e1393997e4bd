"""What may cross to the host: arguments, context variables, time zones."""

import io
import struct
import threading
from contextvars import ContextVar
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from ephemeral_tasks import submission, submit, window
from ephemeral_tasks.machine.table import FUNCTIONS
from ephemeral_tasks.testing import drain
from tests.app import tasks

TENANT = ContextVar("tenant")
PATH = f"{__name__}.TENANT"


@pytest.fixture
def lock(settings):
    """The value of a context variable that no other process could get."""
    settings.EPHEMERAL_TASKS = {"CONTEXT_VARS": [PATH]}
    settings.TASKS = {
        "default": {"BACKEND": "ephemeral_tasks.backends.PoolBackend"},
    }
    lock = threading.Lock()
    token = TENANT.set(lock)
    yield lock
    TENANT.reset(token)


@pytest.mark.parametrize("place", ["wired", "hosting"])
def test_a_variable_that_cannot_cross_is_named(place, lock, owner, request):
    """By all that submits; in the host's own process, too."""
    request.getfixturevalue(place)
    message = f"app_echo: CONTEXT_VARS '{PATH}' must be picklable with POOL = 'machine'"

    with pytest.raises(TypeError, match=message):
        submit(owner, tasks.app_echo, "a")
    with pytest.raises(TypeError, match=message):
        tasks.app_echo.enqueue("a")


def test_a_variable_that_cannot_cross_hinders_no_other_verb(wired, lock, owner):
    """They do not take it along."""
    assert window(owner) == ()
    submission.end_owner(owner)


@pytest.mark.parametrize("place", ["wired", "hosting"])
def test_arguments_that_are_too_large_together_are_refused(
    place, settings, owner, request
):
    """In the host's own process, too; the message names the one that is too much."""
    request.getfixturevalue(place)
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 1, "MAX_INPUT_BYTES": 1}
    submit(owner, tasks.app_labelled, "1234", "5678")

    with pytest.raises(TypeError, match=r"'language' must .* at most 8 bytes .* 9"):
        submit(owner, tasks.app_labelled, "1234", "56789")


def test_a_long_text_is_measured_as_it_crosses(hosting, settings, owner):
    """A character may take several bytes."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 4, "MAX_INPUT_BYTES": 4}

    submit(owner, tasks.app_echo, "x" * 30)
    with pytest.raises(TypeError, match="'value' must have"):
        submit(owner, tasks.app_echo, "中" * 30)


def test_the_active_time_zone_travels_with_a_call(wired, owner, monkeypatch):
    """The host's labels are in the caller's time."""
    monkeypatch.setitem(FUNCTIONS, submission.window.name, name_zone)
    with timezone.override("Asia/Tokyo"):
        assert window(owner) == "Asia/Tokyo"

    assert window(owner) == timezone.get_default_timezone_name()


def test_a_zone_without_a_name_is_the_default_one_at_the_host(
    wired, owner, monkeypatch
):
    """No other process could find it; the call is answered."""
    monkeypatch.setitem(FUNCTIONS, submission.window.name, name_zone)
    header = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    file = io.BytesIO(header + struct.pack(">lBB", 3600, 0, 0) + b"TST\0")
    with timezone.override(ZoneInfo.from_file(file)):
        assert window(owner) == timezone.get_default_timezone_name()


def name_zone(owner):
    """Return the zone that is active at the host."""
    return timezone.get_current_timezone_name()


def test_a_retry_from_elsewhere_keeps_the_variables(wired, settings, owner):
    """They are those of the submission; the retry itself takes none along."""
    settings.EPHEMERAL_TASKS = {"CONTEXT_VARS": [PATH]}
    seen.clear()
    token = TENANT.set("blue")
    id = submit(owner, tasks.app_plain_call, see_and_fail).id
    TENANT.reset(token)
    drain()

    submission.retry(owner, id)
    drain()

    assert seen == ["blue", "blue"]


seen = []


def see_and_fail():
    """Note the tenant, and fail so that the operation may be retried."""
    seen.append(TENANT.get())
    raise ValueError
