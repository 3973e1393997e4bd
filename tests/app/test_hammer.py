"""Many threads at once on one window."""

import threading

import pytest

from ephemeral_tasks import (
    UnknownOperation,
    cancel,
    dismiss,
    pool,
    retry,
    submit,
)
from ephemeral_tasks import window as window_of
from ephemeral_tasks.errors import Conflict
from ephemeral_tasks.pool.pool import Pool
from ephemeral_tasks.testing import drain
from tests.app import tasks

THREADS = 8
EACH = 400


def in_threads(work):
    """Run ``work(number)`` in eight threads at once and return what they gave."""
    gate = threading.Barrier(THREADS)
    given, errors = [], []

    def run(number):
        gate.wait()
        try:
            given.append(work(number))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert errors == []
    return given


def total_kept():
    """Return how many operations the pool keeps."""
    kept = pool.get().ledger.memory
    assert len(kept._operations) == sum(len(kept.of(one)) for one in kept.owners())
    return len(kept._operations)


@pytest.fixture
def accepted(monkeypatch):
    """The ids of what the pool took, in that order."""
    order = []
    accept = Pool.accept

    def remember(self, operation, **options):
        change = accept(self, operation, **options)
        order.append(operation.id)
        return change

    monkeypatch.setattr(Pool, "accept", remember)
    return order


@pytest.mark.parametrize("body", [tasks.app_echo, tasks.app_plain_echo])
def test_a_hammered_window_keeps_exactly_the_newest_five(owner, body, accepted):
    """Every operation that was pushed out was cancelled or had finished; none is left.

    The newest five are the five that were accepted last, in that order.
    """
    given = in_threads(lambda n: [submit(owner, body, n) for _ in range(EACH)])
    drain()

    handles = [one for some in given for one in some]
    rows = window_of(owner)
    statistics = pool.statistics()
    assert len({one.id for one in handles}) == THREADS * EACH
    assert [one.id for one in rows] == list(reversed(accepted[-5:]))
    assert all(one.status == "SUCCESSFUL" for one in rows)
    assert total_kept() == 5
    assert statistics.accepted == THREADS * EACH
    assert statistics.successful + statistics.cancelled == THREADS * EACH
    assert (statistics.running, statistics.waiting) == (0, 0)
    assert statistics.kept_bytes == 5 * 8
    assert pool.statistics().waiting == 0


def test_hammered_windows_of_many_owners_lose_nothing(make_owner):
    """Each thread has an owner of its own and shares a second one."""
    shared = make_owner()
    own = [make_owner() for _ in range(THREADS)]

    def work(number):
        for count in range(EACH // 4):
            last = submit(own[number], tasks.app_echo, count)
            submit(shared, tasks.app_echo, count)
        return last

    given = in_threads(work)
    drain()

    assert total_kept() == 5 * (THREADS + 1)
    assert {window_of(one)[0].id for one in own} == {one.id for one in given}


def test_hammered_verbs_leave_window_and_pool_in_step(owner):
    """Submit, cancel, dismiss, retry and look, all at once."""
    allowed = (Conflict, UnknownOperation)

    def work(number):
        for count in range(EACH // 8):
            body = (tasks.app_echo, tasks.app_fails, tasks.app_plain_echo)[count % 3]
            submit(owner, body, "text")
            for one in window_of(owner):
                verb = (cancel, dismiss, retry)[(count + number) % 3]
                try:
                    verb(owner, one.id)
                except allowed:
                    continue

    in_threads(work)
    drain()

    rows = window_of(owner)
    statistics = pool.statistics()
    assert len(rows) <= 5
    assert all(one.is_finished for one in rows)
    assert total_kept() == len(rows)
    ended = statistics.successful + statistics.failed + statistics.cancelled
    assert ended == statistics.accepted
    assert pool.statistics().waiting == 0


def test_what_was_cancelled_in_time_never_ends_otherwise(owner):
    """Cancel returned without a Conflict: then the operation ends CANCELLED."""
    wrong = []

    def work(number):
        cancelled = set()
        mine = owner[:-1] + str(number)
        for _ in range(EACH // 2):
            handle = submit(mine, tasks.app_echo, 1)
            try:
                cancel(mine, handle.id)
            except Conflict:
                continue
            cancelled.add(handle.id)
            wrong.extend(
                one
                for one in window_of(mine)
                if one.id in cancelled and one.status in {"SUCCESSFUL", "FAILED"}
            )

    in_threads(work)
    drain()

    assert wrong == []
