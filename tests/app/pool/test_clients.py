"""Bounds and turns by client, where one client may have many owners."""

import asyncio
import threading
from contextlib import suppress

import pytest

from ephemeral_tasks import (
    ClientFull,
    QueueFull,
    aask,
    aresult,
    pool,
    retry,
    submit,
    window,
)
from ephemeral_tasks.clients import Owner
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.testing import cancel_all, drain
from tests.app import tasks
from tests.app.conftest import settle


@pytest.fixture
def bounded(settings):
    """Sets limits beside ``CLIENT_OF``, which only the web layer calls."""

    def bound(**limits):
        settings.EPHEMERAL_TASKS = {"CLIENT_OF": "site.client_of", **limits}

    return bound


@pytest.fixture
def visit(make_owner):
    """Makes the owner of a new session of a client."""
    return lambda client: Owner.of(make_owner(), client)


def status_of(owner):
    """The status of the owner's newest operation."""
    return window(owner)[0].status


def test_all_owners_of_a_client_take_turns_as_one(bounded, visit, hold):
    """However many sessions a visitor makes, the next visitor waits for one task."""
    bounded(MAX_RUNNING=1)
    submit(visit("b"), tasks.app_held, hold)
    hold.entered()
    ran = []

    def note(name):
        async def body():
            ran.append(name)

        return body

    for number in range(3):
        submit(visit("a"), tasks.app_call, note(f"a{number}"))
    submit(visit("c"), tasks.app_call, note("c"))
    hold.open()
    drain()

    assert ran == ["a0", "c", "a1", "a2"]


def test_a_client_runs_no_more_than_an_owner_may(bounded, visit, hold):
    """Half of the slots by default; the next client starts at once."""
    bounded(MAX_RUNNING=4)
    greedy = [visit("a") for _ in range(4)]
    for owner in greedy:
        submit(owner, tasks.app_held, hold)
    other = visit("b")
    submit(other, tasks.app_held, hold)

    statuses = [status_of(owner) for owner in greedy]
    assert statuses == [Status.RUNNING] * 2 + [Status.READY] * 2
    assert status_of(other) is Status.RUNNING


def test_no_more_of_a_client_wait_than_may(bounded, visit, hold):
    """One more is refused, and nothing has changed; another client's is taken."""
    bounded(MAX_RUNNING=1, MAX_WAITING_PER_CLIENT=2)
    for _ in range(3):
        submit(visit("a"), tasks.app_held, hold)
    refused, other = visit("a"), visit("b")

    with pytest.raises(ClientFull, match="MAX_WAITING_PER_CLIENT is 2") as caught:
        submit(refused, tasks.app_held, hold)
    submit(other, tasks.app_held, hold)

    assert caught.value.retry_after_seconds > 0
    assert window(refused) == ()
    counted = pool.statistics()
    assert (counted.accepted, counted.refused, counted.waiting) == (4, 1, 3)


def test_what_asks_counts_for_its_client(bounded, visit):
    """As what waits: for its bound, and for the places of newcomers."""
    bounded(MAX_RUNNING=1, MAX_WAITING=3, MAX_WAITING_PER_CLIENT=2)

    async def ask():
        await aask("Well?", choices=["a"])

    for number in (1, 2):
        submit(visit("a"), tasks.app_call, ask)
        while pool.statistics().asking < number:
            settle()

    with pytest.raises(ClientFull, match="2 operations of this client wait or ask"):
        submit(visit("a"), tasks.app_echo, 1)
    submit(visit("b"), tasks.app_call, ask)
    while pool.statistics().asking < 3:
        settle()
    with pytest.raises(QueueFull, match="1 of them kept for new visitors"):
        submit(visit("b"), tasks.app_echo, 1)
    submit(visit("c"), tasks.app_echo, 1)
    pool.get().ledger.check()
    cancel_all()


def test_a_client_below_its_bound_of_running_ones_needs_no_place(bounded, visit, hold):
    """What starts at once does not wait, so no bound of waiting ones refuses it."""
    bounded(MAX_RUNNING=4, MAX_WAITING=0, MAX_WAITING_PER_CLIENT=1)

    for _ in range(2):
        submit(visit("a"), tasks.app_held, hold)

    assert pool.statistics().running == 2


def test_a_tenth_of_the_places_is_for_new_clients(bounded, visit, hold):
    """A new session of a busy client is no newcomer."""
    bounded(MAX_RUNNING=1, MAX_WAITING=10)
    for _ in range(10):
        submit(visit("a"), tasks.app_held, hold)

    with pytest.raises(QueueFull, match="1 of them kept for new visitors"):
        submit(visit("a"), tasks.app_held, hold)
    newcomer = visit("b")
    submit(newcomer, tasks.app_held, hold)

    assert status_of(newcomer) is Status.READY


def test_a_retry_keeps_its_client(bounded, visit, hold):
    """Whatever client it is asked for by."""
    bounded(MAX_RUNNING=1, MAX_WAITING_PER_CLIENT=1)
    owner = visit("a")
    failed = submit(owner, tasks.app_fails, "")
    drain()
    submit(visit("b"), tasks.app_held, hold)
    hold.entered()
    submit(visit("a"), tasks.app_held, hold)

    for asked in (owner, str(owner), Owner.of(owner, "c")):
        with pytest.raises(ClientFull):
            retry(asked, failed.id)

    assert status_of(owner) is Status.FAILED


def test_an_owner_has_one_client_as_long_as_anything_is_unfinished(
    bounded, make_owner, hold
):
    """A phone that changes its network, or a key without a client, gains no slot."""
    bounded(MAX_RUNNING=4)
    key = make_owner()
    for owner in (Owner.of(key, "a"), Owner.of(key, "b"), key):
        submit(owner, tasks.app_held, hold)

    assert [row.status for row in window(key)] == [
        Status.READY,
        Status.RUNNING,
        Status.RUNNING,
    ]


def test_threads_of_one_client_get_the_places_there_are(bounded, visit):
    """Not one more is accepted, however many submit at once."""
    bounded(MAX_WAITING_PER_CLIENT=20)
    pool.pause()
    outcomes = []

    def flood():
        for _ in range(10):
            try:
                submit(visit("a"), tasks.app_echo, 1)
            except ClientFull:
                outcomes.append("refused")
            else:
                outcomes.append("accepted")

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["accepted"] * 20 + ["refused"] * 60
    pool.get().ledger.check()
    pool.resume()


@pytest.mark.parametrize("count", [500, 1000])
def test_a_first_task_behind_a_flood_starts_after_those_that_run(
    bounded, visit, make_hold, count
):
    """The flood has no cookies, so each of its submissions has an owner of its own."""
    bounded(MAX_RUNNING=2, MAX_RUNNING_PER_OWNER=None, MAX_WAITING=400)
    flood, newcomer = make_hold(), visit("b")
    for _ in range(count):
        with suppress(ClientFull):
            submit(visit("a"), tasks.app_held, flood)
    flood.entered(2)

    handle = submit(newcomer, tasks.app_echo, 1)
    waiting = window(newcomer)[0]
    flood.pass_one()

    assert pool.statistics().accepted == 2 + 100 + 1
    assert (waiting.status, waiting.position) == (Status.READY, 1)
    assert asyncio.run(aresult(newcomer, handle.id, PATIENCE_SECONDS)) == 1
