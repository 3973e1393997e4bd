"""What is wrong, each with the setting to change."""

from dataclasses import replace

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from ephemeral_tasks import QueueFull, operators, pool, submit
from ephemeral_tasks.web import processes
from ephemeral_tasks.web.operators_warnings import is_asgi, list_warnings
from tests.admin.conftest import PAGE
from tests.app import tasks


def warnings(overview):
    """What is wrong over ASGI, by its code."""
    return {one.code: one for one in list_warnings(overview, is_asgi=True)}


def overview(**changed):
    """The overview of a pool that was just started, with changed statistics."""
    pool.get()
    found = operators.overview()
    statistics = {"loop_lag_seconds": 0.0, **changed}
    return replace(found, statistics=replace(found.statistics, **statistics))


def test_a_sound_pool_has_no_warning():
    """Nor has a process without a pool."""
    assert warnings(operators.overview()) == {}
    assert warnings(overview()) == {}


@pytest.mark.parametrize(
    ("changed", "code", "names"),
    [
        ({"loop_lag_seconds": 0.3}, "loop_blocked", "LAG_WARNING_SECONDS"),
        ({"stuck": 1}, "stuck", "MAX_RUNNING"),
        ({"stuck": 2}, "stuck", "MAX_RUNNING"),
        ({"waiting": 900, "asking": 100}, "queue_full", "MAX_WAITING MAX_RUNNING"),
        (
            {"kept_bytes": 250 * 2**20},
            "memory",
            "MAX_KEPT_BYTES MAX_RESULT_BYTES IDLE_SECONDS",
        ),
        ({"owners": 18_000}, "owners", "MAX_OWNERS IDLE_SECONDS"),
    ],
)
def test_a_bound_that_is_near_is_named(changed, code, names):
    """With its settings, and nothing else is wrong then."""
    (warning,) = warnings(overview(**changed)).values()

    assert warning.code == code
    assert warning.settings == tuple(names.split())
    assert "%" not in warning.sentence


def test_refusals_name_the_settings_that_refused(
    settings, make_hold, owner, task_clock
):
    """Of the last 15 minutes, not of before."""
    settings.EPHEMERAL_TASKS = {"MAX_WAITING": 0, "MAX_RUNNING": 1}
    submit(owner, tasks.app_held, make_hold())
    with pytest.raises(QueueFull):
        submit(owner, tasks.app_echo, 1)
    task_clock.advance(5)

    found = warnings(operators.overview())["refused"]

    assert found.settings == ("MAX_WAITING",)
    assert found.sentence == "1 submission was refused in the last 15 minutes."
    task_clock.advance(15 * 60)
    assert "refused" not in warnings(operators.overview())


def test_several_processes_are_named(monkeypatch):
    """Once a page has proved them."""
    monkeypatch.setattr(processes, "_is_proved", True)

    assert [*warnings(overview())] == ["several_processes"]


def test_a_process_that_ends_says_so(owner):
    """It accepts nothing more."""
    pool.drain(0)
    found = replace(operators.overview(), is_closed=True)

    assert "closed" in warnings(found)


def test_a_page_over_wsgi_says_that_there_are_no_sockets(operator):
    """Django's test client is WSGI, as runserver without daphne is."""
    content = operator.get(PAGE).content.decode()

    assert "<code>ASGI_APPLICATION</code>" in content


@pytest.mark.parametrize(
    ("factory", "is_so"), [(RequestFactory, False), (AsyncRequestFactory, True)]
)
def test_a_request_knows_its_server(factory, is_so):
    """One with a scope came through an ASGI server."""
    assert is_asgi(factory().get(PAGE)) is is_so
