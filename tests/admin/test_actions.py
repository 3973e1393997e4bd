"""What operators do: confirmed, done, logged without content."""

import logging

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import DatabaseError

from ephemeral_tasks import pool, submit, window
from ephemeral_tasks.testing import drain
from ephemeral_tasks.web import operators_log
from tests.admin.conftest import PAGE
from tests.app import tasks


def messages_of(answer):
    """The sentences that the page after an action shows."""
    return [str(one) for one in answer.context["messages"]]


def test_pause_and_resume(operator, owner):
    """Nothing starts in between, and the page offers the other one."""
    first = operator.post(f"{PAGE}pause/", follow=True)
    id = submit(owner, tasks.app_echo, 1).id
    assert pool.statistics().waiting == 1
    assert b"resume/" in first.content

    second = operator.post(f"{PAGE}resume/", follow=True)

    drain()
    assert [row.id for row in window(owner)] == [id]
    assert window(owner)[0].status == "SUCCESSFUL"
    assert b"resume/" not in second.content


def test_resize(operator):
    """The limit holds from now on."""
    answer = operator.post(f"{PAGE}resize/", {"limit": 3}, follow=True)

    assert pool.statistics().max_running == 3
    assert messages_of(answer) == ["3 operations run at once from now on."]


@pytest.mark.parametrize("limit", ["", "0", "-1", "x", "10001", "1.5"])
def test_a_limit_that_is_none_is_refused(operator, limit):
    """The form says why, and nothing changes."""
    before = pool.statistics().max_running

    answer = operator.post(f"{PAGE}resize/", {"limit": limit})

    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    assert pool.statistics().max_running == before


def test_an_operation_of_anybody_is_cancelled(operator, owner, hold):
    """Its owner sees it."""
    id = submit(owner, tasks.app_held, hold).id
    hold.entered()

    answer = operator.post(f"{PAGE}cancel/{id}/", follow=True)

    assert messages_of(answer) == [f"Operation {id[:8]} is cancelled."]
    drain()
    assert window(owner)[0].status == "CANCELLED"


def test_all_of_a_task_are_cancelled(operator, settings, make_hold, owner):
    """Those of other tasks go on."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING_PER_OWNER": None}
    hold, other = make_hold(), make_hold()
    for _ in range(2):
        submit(owner, tasks.app_held, hold)
    submit(owner, tasks.app_call, other.stop)
    other.entered()

    answer = operator.post(f"{PAGE}cancel-task/app_held/", follow=True)

    expected = "2 operations of the task “app_held” are cancelled."
    assert messages_of(answer) == [expected]
    statuses = [row.status for row in window(owner)]
    assert statuses[0] == "RUNNING"


@pytest.mark.parametrize("path", ["cancel/none/", "cancel-task/none/"])
def test_what_is_gone_is_said_to_be_gone(operator, path, caplog):
    """Nothing was changed, so nothing is logged."""
    caplog.set_level(logging.INFO, "ephemeral_tasks")

    answer = operator.post(PAGE + path, follow=True)

    (message,) = answer.context["messages"]
    assert message.level_tag == "warning" or "0 operations" in str(message)
    assert "action=" not in caplog.text
    assert not LogEntry.objects.exists()


def test_a_finished_operation_stays_as_it_is(operator, owner):
    """The page says so."""
    id = submit(owner, tasks.app_echo, 1).id
    drain()

    answer = operator.post(f"{PAGE}cancel/{id}/", follow=True)

    assert messages_of(answer) == [f"Operation {id[:8]} had finished."]
    assert window(owner)[0].status == "SUCCESSFUL"


def test_an_action_leads_back_to_the_page_as_it_was_filtered(operator):
    """And to the admin's index for whoever may not see the page."""
    query = "?task=a%26b&state=running"

    answer = operator.post(f"{PAGE}pause/{query}")

    assert answer.headers["Location"] == PAGE + query
    assert f'href="{PAGE}?task=a%26b&amp;state=running"' in (
        operator.get(f"{PAGE}resume/{query}").content.decode()
    )


def test_an_operator_who_may_not_see_the_page_is_led_to_the_index(make_client):
    """Not to a refusal."""
    answer = make_client("pause").post(f"{PAGE}pause/")

    assert answer.headers["Location"] == "/admin/"


ACTIONS = [
    ("pause/", "action=pause pool"),
    ("resume/", "action=resume pool"),
    ("resize/", "action=resize pool limit=7"),
    ("cancel/{id}/", "action=cancel operation={reference}"),
    ("cancel-task/app_held/", "action=cancel_task task='app_held' count=1"),
]


@pytest.mark.parametrize(("path", "logged"), ACTIONS)
def test_an_action_is_logged_with_its_user(operator, owner, hold, caplog, path, logged):
    """In the log, and in the admin's history; neither holds content."""
    caplog.set_level(logging.INFO, "ephemeral_tasks")
    id = submit(owner, tasks.app_held, hold, "marker").id
    hold.entered()

    operator.post(PAGE + path.format(id=id), {"limit": 7})

    user = get_user_model().objects.get()
    line = logged.format(reference=id[:8])
    assert f"operators {line} user='{user}'" in caplog.text
    entry = LogEntry.objects.get()
    assert entry.user == user
    assert f"action={entry.change_message.split()[0]} {entry.object_repr}" in line
    assert "marker" not in caplog.text + str(entry)
    assert owner not in caplog.text + str(entry)
    index = operator.get("/admin/").content.decode()
    assert "Operations" in index


def test_a_users_name_cannot_begin_a_line_of_the_log(make_client, caplog):
    """It is written as a literal."""
    caplog.set_level(logging.INFO, "ephemeral_tasks")
    client = make_client("pause")
    get_user_model().objects.update(username="ann\noperators action=none")

    client.post(f"{PAGE}pause/")

    (record,) = [one for one in caplog.records if "action=" in one.getMessage()]
    assert "\n" not in record.getMessage()


def test_an_action_needs_no_history(operator, monkeypatch, caplog):
    """Where it cannot be written the action is done, and the log says so."""

    def fail(*args):
        raise DatabaseError

    monkeypatch.setattr(operators_log, "_add_entry", fail)

    answer = operator.post(f"{PAGE}pause/", follow=True)

    assert answer.status_code == 200
    assert pool.statistics().is_paused
    assert "action=pause not in the admin's log: DatabaseError" in caplog.text
