"""Verbs run where the pool is, and what crosses on the way there."""

import asyncio
import inspect
import os
import resource
import socket
import sys
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import SimpleNamespace

import pytest
from django import forms
from django.test import override_settings
from django.utils import translation

from ephemeral_tasks import (
    ask,
    asubmit,
    pool,
    result,
    starting,
    submission,
    submit,
    window,
)
from ephemeral_tasks.core.status import Status
from ephemeral_tasks.errors import Closed, OperationFailed, Unreachable
from ephemeral_tasks.machine import conversation, delivery, process
from ephemeral_tasks.machine import link as link_module
from ephemeral_tasks.machine.calls import ConnectionLost
from ephemeral_tasks.machine.folder import find_places
from ephemeral_tasks.machine.notices import CHANGED
from ephemeral_tasks.machine.table import find
from ephemeral_tasks.testing import drain
from ephemeral_tasks.web import connections
from tests.app import tasks
from tests.machine.wiring import machine_settings

TENANT = ContextVar("tenant")

VERBS = {
    *("starting._submit", "starting._submit_once", "submission.window"),
    *("submission.row", "submission.fetch", "submission.result", "submission.cancel"),
    *("submission.dismiss", "starting._retry", "submission.read_input"),
    *("submission.is_known", "submission.task_of", "submission.aresult"),
    *("submission.end_owner", "submission.keep_alive", "submission.list_ids"),
    *("answering.read_form", "answering.give_choice", "answering.give_values"),
    *("outputs.output", "outputs.see_output", "outputs.await_output"),
    *("backends.pool._enqueue", "backends.pool._find_result"),
    *("pool.statistics", "pool.health", "pool.pause", "pool.resume", "pool.resize"),
    *("operators.overview", "operators.cancel_operation", "operators.cancel_task"),
    *("web.connections._take", "web.connections._release", "web.push.close_owner"),
}


@pytest.mark.parametrize("name", sorted(VERBS))
def test_the_table_has_each_verb(name):
    """A host finds it by its name, in a module that it may not have needed so far."""
    found = find(f"ephemeral_tasks.{name}")

    assert found.__qualname__ == name.rpartition(".")[2]


def test_no_module_of_another_package_is_imported_for_a_verb():
    """The name comes from a client."""
    with pytest.raises(LookupError):
        find("antigravity.fly")

    assert "antigravity" not in sys.modules


def test_each_public_verb_of_a_pool_is_one_of_the_table():
    """A plain function among them would run in the wrong process."""
    composed = {"aanswer", "answer", "aoutput", "asubmit", "asubmit_once", "submit"}
    composed |= {"acancel", "adismiss", "aretry", "awindow", "retry", "submit_once"}
    plain = {
        name
        for name in submission.__all__
        if inspect.isfunction(getattr(submission, name))
    }

    assert plain == composed


def test_a_submission_takes_its_surroundings_along(wired, owner):
    """Language and context variables are the caller's."""
    variables = {"CONTEXT_VARS": [f"{__name__}.TENANT"]}
    with override_settings(EPHEMERAL_TASKS=variables), translation.override("de"):
        TENANT.set("blue")
        id = submit(owner, tasks.app_plain_call, see).id
        drain()

    assert result(owner, id) == ("de", "blue")


def see():
    """Return the body's language and tenant."""
    return translation.get_language(), TENANT.get()


def test_an_argument_that_cannot_cross_is_named(hosting, owner):
    """In the host's own process, too: who hosts is nothing a site can know."""
    with pytest.raises(TypeError, match="app_call: argument 'function' must be pick"):
        submit(owner, tasks.app_call, lambda: None)

    assert window(owner) == ()


def test_a_result_that_cannot_cross_fails_its_operation(hosting, owner):
    """With a sentence of its own, and it is not tried again."""
    id = submit(owner, tasks.app_retried, make_function).id
    drain()

    with pytest.raises(OperationFailed, match="of a kind that cannot be kept"):
        result(owner, id)
    assert window(owner)[0].attempt == 1


async def make_function():
    """Return what no other process could fetch."""
    return lambda: None


def test_a_form_that_cannot_cross_is_no_question(hosting, owner):
    """A client could not show it."""
    id = submit(owner, tasks.app_plain_call, ask_by_local_form).id
    drain()

    assert "form must be at the top of its module" in result(owner, id)


def ask_by_local_form():
    """Return what is said of a form class that is a function's own."""

    class Local(forms.Form):
        pass

    try:
        ask("Which?", form=Local)
    except TypeError as error:
        return str(error)


def test_a_client_gets_the_next_change_of_an_owner_that_it_looked_at(wired, owner):
    """One notice for each look: what it keeps it got by looking."""
    submit(owner, tasks.app_echo, "a")
    drain()
    window(owner)  # behind the notices of what went before
    wired.notices.clear()
    in_process = starting._submit.function

    for text in "bc":
        in_process(owner, tasks.app_echo, (text,), {})
    drain()
    pool.statistics()

    assert wired.notices == [(CHANGED, owner)]


def test_a_client_knows_its_host_by_the_first_answer(wired, owner):
    """Pages compare it: another one has forgotten their operations."""
    window(owner)

    assert pool.process_id() == process.host_name()


def test_a_sync_call_stops_a_running_loop_for_a_moment_only(wired, owner, monkeypatch):
    """A host that does not answer must not stop a site's loop for two seconds."""
    given = wired.note_timeouts(monkeypatch)
    with wired.stalled():

        async def look():
            with pytest.raises(Unreachable):
                window(owner)

        asyncio.run(look())

    assert 0 < given[0] <= delivery.LOOP_SECONDS


def test_the_calls_after_one_that_waited_wait_for_a_moment_only(
    wired, owner, monkeypatch
):
    """Until the host says anything: a page with several tags costs two seconds."""
    given = wired.note_timeouts(monkeypatch)
    monkeypatch.setattr(link_module, "_STALL_SECONDS", 0.1)
    monkeypatch.setattr(delivery, "CALL_SECONDS", 0.15)
    with wired.stalled():
        for _ in range(2):
            with pytest.raises(Unreachable):
                window(owner)
    monkeypatch.setattr(delivery, "CALL_SECONDS", 10.0)
    settle_link(wired)
    window(owner)

    assert 0.1 < given[0] <= 0.15
    assert given[1] <= delivery.LOOP_SECONDS
    assert given[-1] > 1.0


def settle_link(wired):
    """Return once the host has said something."""
    for _ in range(100):
        if not wired.link.is_stalled:
            return
        with suppress(Unreachable):
            pool.health()


def test_async_code_waits_without_stopping_its_loop(wired, owner):
    """The loop turns while the host does not answer."""
    with wired.stalled():

        async def turn():
            call = asyncio.ensure_future(asubmit(owner, tasks.app_echo, "a"))
            turns = 0
            while not call.done() and turns < 100:
                await asyncio.sleep(0)
                turns += 1
            call.cancel()
            return turns

        assert asyncio.run(turn()) == 100


def test_a_conversation_stays_with_its_host(wired, owner):
    """Its later calls are refused once that host has gone, not answered by another."""
    with conversation.hold():
        window(owner)
        wired.lose()
        with pytest.raises(Unreachable, match="has ended"):
            window(owner)


def test_a_look_is_repeated_where_its_host_was_lost(wired, owner, monkeypatch):
    """The next host answers: nobody sees an error."""
    wired.lose_during(submission.window, monkeypatch)

    assert window(owner) == ()


def test_a_change_is_not_repeated_where_its_host_was_lost(wired, owner, monkeypatch):
    """The next host knows nothing of what was to be changed."""
    wired.lose_during(submission.end_owner, monkeypatch)

    with pytest.raises(Unreachable):
        submission.end_owner(owner)


def test_a_submission_that_was_answered_too_late_is_withdrawn(wired, owner):
    """Its submitter was told that there is none."""
    handle = submit(owner, tasks.app_echo, "a")

    wired.report_late(starting._submit, starting._Taken(handle, is_new=True))

    assert window(owner) == ()


def test_a_retry_that_was_answered_too_late_may_be_made_again(wired, owner):
    """It does not run, and nothing that it needs is lost."""
    pool.pause()
    id = submit(owner, tasks.app_echo, "a").id
    submission.cancel(owner, id)
    again = starting._retry(owner, id)

    wired.report_late(starting._retry, again)
    pool.resume()
    drain()

    assert [row.status for row in window(owner)] == [Status.CANCELLED]
    last = submission.retry(owner, again.handle.id)
    drain()
    assert result(owner, last.id) == "a"


def test_what_was_accepted_before_is_not_withdrawn(wired, owner):
    """A second click that was answered too late leaves the first one's operation."""
    submission.submit_once(owner, tasks.app_echo, "key", {"value": "a"})
    second = starting._submit_once(owner, tasks.app_echo, "key", {"value": "a"})

    wired.report_late(starting._submit_once, second)

    assert len(window(owner)) == 1


def test_an_owner_may_be_given_by_name(wired, owner):
    """As any argument of a function."""
    handle = submit(owner, tasks.app_echo, "a")

    assert submission.row(owner=owner, id=handle.id).id == handle.id


def test_a_wait_ends_though_the_host_stalls(wired, owner, monkeypatch):
    """Soon after its own time; there is a connection all the while."""
    monkeypatch.setattr(delivery, "CALL_SECONDS", 0.05)
    with wired.stalled():

        async def wait():
            await submission.aresult(owner, "a", timeout=0.01)

        with pytest.raises(Unreachable):
            asyncio.run(wait())


def test_a_sync_call_looks_for_a_silent_host_for_a_moment_only(monkeypatch, tmp_path):
    """On a thread whose loop runs: the loop stands still meanwhile."""
    with machine_settings(monkeypatch, str(tmp_path / "pool")):
        places = find_places()
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(places.socket))
            silent.listen()

            given = []
            find = process.find

            def note_timeout(*, create, timeout):
                given.append(timeout)
                return find(create=create, timeout=timeout)

            monkeypatch.setattr(process, "find", note_timeout)

            async def look():
                with pytest.raises(Unreachable):
                    pool.health()

            asyncio.run(look())
        process.reset()

    assert 0 < given[0] <= delivery.LOOP_SECONDS


@pytest.mark.parametrize("free", [0, 1, 2])
async def test_a_process_without_a_free_descriptor_is_answered(
    monkeypatch, tmp_path, make_member, free
):
    """Whether it has none for the connection, or none for the thread that reads it."""
    make_member().ask("where")
    with machine_settings(monkeypatch, str(tmp_path / "pool")):
        with descriptors(free), pytest.raises(Unreachable):
            process.find(create=True, timeout=2.0)
        with descriptors(free), pytest.raises(Unreachable):
            await process.afind(create=True, timeout=2.0)
        assert process.find(create=True, timeout=2.0) is not None
        process.reset()


@contextmanager
def descriptors(count):
    """Leave so many descriptors free within the block."""
    lowest = os.dup(0)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_what_nobody_waits_for_is_done_once_the_host_turns_again(wired, owner):
    """A logout, for example, whose answer was sent long before."""
    await asubmit(owner, tasks.app_echo, "a")
    with pytest.MonkeyPatch.context() as patch, wired.stalled():
        patch.setattr(delivery, "CALL_SECONDS", 0.01)
        submission.end_owner.post(owner)
        await asyncio.sleep(0)  # it is sent
        with pytest.raises(Unreachable):
            await submission.awindow(owner)

    assert await submission.awindow(owner) == ()


def test_a_logout_of_a_thread_is_done_once_the_host_turns_again(wired, owner, caplog):
    """Its request has been answered; nothing else would end the operations."""
    submit(owner, tasks.app_echo, "a")
    with pytest.MonkeyPatch.context() as patch, wired.stalled():
        patch.setattr(delivery, "CALL_SECONDS", 0.05)
        submission.end_owner.post(owner)

    assert window(owner) == ()
    assert "was not done" not in caplog.text


async def test_the_look_for_a_host_and_the_call_share_two_seconds(
    wired, owner, monkeypatch
):
    """Also where they are made again, since the host was lost."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: clock.now))
    given = []

    async def find(*, create, timeout):
        given.append(timeout)
        clock.now += 0.75
        return Lost(given)

    monkeypatch.setattr(process, "afind", find)
    with pytest.raises(Unreachable):
        await submission.awindow(owner)

    assert given == [2.0, 1.25, 1.25, 0.5]


class Lost:
    """A link to a host that ends during each call."""

    is_draining = is_closed = False

    def __init__(self, given):
        self._given = given

    async def acall(self, verb, args, timeout):
        self._given.append(timeout)
        raise ConnectionLost(is_maybe_run=True)


async def test_what_is_posted_goes_to_the_host_of_its_conversation(
    wired, owner, monkeypatch
):
    """Not to whichever hosts when the block has ended."""
    looks = []

    async def find(**options):
        looks.append(options)
        return wired.link

    monkeypatch.setattr(process, "afind", find)
    place = await connections.take(owner)
    place.release()
    await asyncio.gather(*delivery._posted)

    assert len(looks) == 1
    assert connections._count_clients(owner) == 0


def test_a_process_that_hosts_no_more_begins_no_pool(hosting):
    """Nothing would drain it: what it accepted would end with its process."""
    process.try_host()
    process.retire()

    with pytest.raises(Closed):
        pool.statistics.function()


def test_nothing_of_it_exists_with_a_pool_of_the_process(owner):
    """No folder, no lock, no thread."""
    submit(owner, tasks.app_echo, "a")
    drain()

    assert process._membership is None
    assert window(owner)[0].status is Status.SUCCESSFUL
