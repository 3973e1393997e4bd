"""What the pool keeps in memory, and its bounds."""

import pytest

from ephemeral_tasks import (
    QueueFull,
    dismiss,
    pool,
    result,
    submit,
    window,
    windows,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.pool.call import size_of
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import settle

KIB = 2**10


def kept_bytes():
    """Return what the pool says it keeps."""
    return pool.statistics().kept_bytes


def named(owners):
    """Return how many of the owners have a window in the cache."""
    return sum(map(windows.exists, owners))


# -- estimates -------------------------------------------------------------------------


class Broken:
    """What cannot be pickled."""

    def __reduce__(self):
        raise TypeError("not to be pickled")


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("x" * 1000, 1000, 1000),
        (b"x" * 1000, 1000, 1000),
        (bytearray(1000), 1000, 1000),
        (None, 8, 8),
        (3.5, 8, 8),
        (["x" * 1000] * 2, 1000, 1100),
        ({"a": "x" * 1000}, 1000, 1100),
        (Broken(), 64, 64),
        (["x" * 1000, Broken()], 64, 1100),
    ],
)
def test_sizes_are_estimated(value, least, most):
    """The length of text and bytes, else pickled; what cannot be is not nothing."""
    assert least <= size_of(value) <= most


def test_an_estimate_makes_no_copy(monkeypatch):
    """A big value is measured as it passes, not in a second one."""
    import tracemalloc

    value = [b"x" * 2**20 for _ in range(16)]
    tracemalloc.start()
    size = size_of(value)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 16 * 2**20
    assert peak < 2**20


def test_arguments_that_are_kept_count_beside_the_result(owner):
    """As long as the handle; then nothing is counted."""
    handle = submit(owner, tasks.app_kept, "x" * 1000, size=500)
    drain()
    assert 1500 <= kept_bytes() <= 1600

    dismiss(owner, handle.id)

    assert kept_bytes() == 0


def test_arguments_that_nobody_can_ask_for_are_not_kept(settings):
    """An operation of `enqueue()` has no owner who could change them."""
    settings.TASKS = {"default": {"BACKEND": "ephemeral_tasks.backends.PoolBackend"}}
    found = tasks.app_kept.enqueue("x" * 1000)
    drain()

    assert found.status != "FAILED"
    assert kept_bytes() < 1000


def test_arguments_count_from_submission_and_results_from_the_end(owner, hold):
    """A successful operation drops its arguments at once."""
    submit(owner, tasks.app_held, hold, "x" * 1000)
    assert 1000 <= kept_bytes() <= 1100

    hold.open()
    drain()
    assert kept_bytes() == 1000

    submit(owner, tasks.app_echo, "y" * 500)
    drain()
    assert kept_bytes() == 1500


def test_a_failed_operation_keeps_its_arguments_for_a_retry(owner):
    """They count as long as its handle lives."""
    submit(owner, tasks.app_fails, "x" * 1000)
    drain()

    assert kept_bytes() == 1000


def test_what_is_forgotten_counts_no_more(owner):
    """Pushed out: five are left."""
    for _ in range(8):
        submit(owner, tasks.app_echo, "x" * 100)
    drain()

    assert kept_bytes() == 500


def test_a_forgotten_body_counts_until_it_has_ended(owner, make_hold):
    """A plain body still refers to its arguments."""
    hold = make_hold()
    submit(owner, tasks.app_plain_held, hold, "x" * 1000)
    hold.entered()
    for _ in range(5):
        submit(owner, tasks.app_echo, "")
    settle()

    assert 1000 <= kept_bytes() <= 1100
    hold.open()
    drain()
    assert kept_bytes() == 0


# -- floods ----------------------------------------------------------------------------


def test_a_flood_of_big_inputs_stays_below_the_bound(settings, make_owner):
    """MAX_KEPT_BYTES; the oldest finished ones go first."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 64 * KIB}
    owners = [make_owner() for _ in range(40)]
    most = 0
    for one in owners:
        submit(one, tasks.app_fails, "x" * 4 * KIB)  # arguments stay
        drain()
        most = max(most, kept_bytes())

    assert most <= 64 * KIB
    alive = [one for one in owners if window(one)]
    assert alive == owners[-16:]


def test_a_flood_of_big_results_stays_below_the_bound(settings, make_owner):
    """They count when they come."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 64 * KIB}
    owners = [make_owner() for _ in range(40)]

    async def grow():
        return b"x" * 4 * KIB

    for one in owners:
        submit(one, tasks.app_call, grow)
    drain()

    assert kept_bytes() <= 64 * KIB
    assert len([one for one in owners if window(one)]) == 16


def test_the_oldest_end_goes_first(settings, make_owner, make_hold):
    """Not the oldest submission."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 3 * KIB}
    late, early = make_owner(), make_owner()
    hold = make_hold()
    submit(late, tasks.app_held, hold, "x" * KIB)
    hold.entered()
    submit(early, tasks.app_echo, "x" * KIB)
    settle()
    hold.open()
    drain()

    submit(make_owner(), tasks.app_echo, "x" * 1500)

    assert window(early) == ()
    assert window(late)


def test_unfinished_operations_are_never_dropped_for_others(settings, make_owner, hold):
    """When all are unfinished a newcomer is refused."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 4 * KIB}
    first = make_owner()
    submit(first, tasks.app_held, hold, "x" * 3 * KIB)

    with pytest.raises(QueueFull, match="MAX_KEPT_BYTES is 4096"):
        submit(make_owner(), tasks.app_echo, "x" * 2 * KIB)

    assert window(first)
    assert pool.statistics().refused == 1
    assert submit(make_owner(), tasks.app_echo, "small")


def test_an_input_beyond_the_bound_is_refused_and_drops_nothing(settings, make_owner):
    """What could never fit makes no room."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 4 * KIB}
    first = make_owner()
    submit(first, tasks.app_echo, "x" * KIB)
    drain()

    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_echo, "x" * 5 * KIB)

    assert window(first)


def test_no_more_is_dropped_than_must_be(settings, make_owner):
    """Each that goes is one that somebody may still want."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 10 * KIB}
    owners = [make_owner() for _ in range(10)]
    for one in owners:
        submit(one, tasks.app_echo, "x" * KIB)
    drain()

    submit(make_owner(), tasks.app_echo, "x" * (2 * KIB))

    assert [bool(window(one)) for one in owners] == [False] * 2 + [True] * 8


def test_a_flood_of_new_owners_stays_below_the_bound(settings, make_owner):
    """MAX_OWNERS; those whose work ended first go first, their windows with them."""
    settings.EPHEMERAL_TASKS = {"MAX_OWNERS": 20}
    owners = [make_owner() for _ in range(100)]
    for one in owners:
        submit(one, tasks.app_echo, 1)
        drain()
        assert pool.statistics().owners <= 20
        assert named(owners) <= 20

    assert [bool(window(one)) for one in owners] == [False] * 80 + [True] * 20


def test_owners_with_unfinished_work_are_never_dropped(settings, make_owner, hold):
    """All have some: the next owner is refused, a known one is not."""
    settings.EPHEMERAL_TASKS = {"MAX_OWNERS": 3}
    owners = [make_owner() for _ in range(3)]
    for one in owners:
        submit(one, tasks.app_held, hold)

    with pytest.raises(QueueFull, match="MAX_OWNERS is 3"):
        submit(make_owner(), tasks.app_echo, 1)

    assert submit(owners[0], tasks.app_echo, 1)
    assert all(window(one) for one in owners)
    assert named(owners) == 3


def test_an_owner_goes_with_all_of_its_operations(settings, make_owner):
    """No half of a window stays."""
    settings.EPHEMERAL_TASKS = {"MAX_OWNERS": 2}
    first, second = make_owner(), make_owner()
    for number in range(3):
        submit(first, tasks.app_echo, number)
    drain()
    submit(second, tasks.app_echo, 1)
    drain()

    submit(make_owner(), tasks.app_echo, 1)

    assert window(first) == ()
    assert window(second)
    assert pool.get().ledger.memory.of(first) == []


def test_no_living_window_is_lost_to_the_caches_cull(settings, make_owner, hold):
    """Django would throw out a third of them at MAX_ENTRIES."""
    settings.EPHEMERAL_TASKS = {"MAX_OWNERS": 30, "MAX_RUNNING": 100}
    living = [make_owner() for _ in range(25)]
    for one in living:
        submit(one, tasks.app_held, hold)
    passing = [make_owner() for _ in range(200)]
    for one in passing:
        submit(one, tasks.app_echo, 1)
        drain_finished()

    assert all(window(one) for one in living)
    assert named(living + passing) <= 30


def drain_finished():
    """Let the loop finish what can finish."""
    settle(3)


def test_an_operation_that_went_for_others_is_announced(settings, make_owner, nudges):
    """Its owner's table looks again and shows it no more."""
    settings.EPHEMERAL_TASKS = {"MAX_OWNERS": 1}
    first = make_owner()
    submit(first, tasks.app_echo, 1)
    drain()
    heard = nudges.changed.count(first)

    submit(make_owner(), tasks.app_echo, 1)

    assert nudges.changed.count(first) == heard + 1


# -- results ---------------------------------------------------------------------------


@pytest.mark.parametrize("body", [tasks.app_echo, tasks.app_plain_echo])
def test_a_result_beyond_its_bound_fails_with_a_sentence(settings, owner, body):
    """MAX_RESULT_BYTES; the bound itself is allowed."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 1000}
    small = submit(owner, body, "x" * 1000)
    large = submit(owner, body, "x" * 1001)
    drain()

    assert result(owner, small.id) == "x" * 1000
    seen = row(owner, large.id)
    assert seen.status is Status.FAILED
    assert seen.error.message == "The result is too large to be kept."


def test_a_result_that_could_never_be_kept_fails_instead_of_vanishing(settings, owner):
    """MAX_KEPT_BYTES may be the smaller bound."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 1000}
    handle = submit(owner, tasks.app_call, _kilobyte)
    drain()

    assert row(owner, handle.id).error.message == "The result is too large to be kept."


async def _kilobyte():
    return "x" * 1001


def test_a_result_that_is_too_large_is_not_made_again(settings, owner):
    """Another attempt would make the same."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 10}
    attempts = []

    async def body():
        attempts.append(1)
        return "x" * 11

    submit(owner, tasks.app_retried, body)
    drain()

    assert attempts == [1]


def test_a_result_is_measured_once(owner, monkeypatch):
    """A big one costs its pickling once, and text nothing."""
    counted = []

    class Counted:
        def __reduce__(self):
            counted.append(1)
            return (object, ())

    async def body():
        return Counted()

    submit(owner, tasks.app_call, body)
    drain()

    assert counted == [1]


def test_retrying_at_the_bound_evicts_the_old_one(settings, owner):
    """The operation that is tried again goes for its own sake."""
    from ephemeral_tasks import retry

    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 1500}
    failed = submit(owner, tasks.app_fails, "x" * 1000)
    drain()

    again = retry(owner, failed.id)
    drain()

    assert [one.id for one in window(owner)] == [again.id]
    assert kept_bytes() == 1000


def test_the_books_balance(settings, make_owner, hold):
    """After everything has gone, nothing is counted."""
    from ephemeral_tasks.submission import end_owner

    settings.EPHEMERAL_TASKS = {"MAX_RUNNING_PER_OWNER": 2, "MAX_RUNNING": 4}
    owners = [make_owner() for _ in range(5)]
    for one in owners:
        for body in (tasks.app_echo, tasks.app_fails, tasks.app_plain_echo):
            submit(one, body, "text")
        for _ in range(3):
            submit(one, tasks.app_held, hold, "text")
    for one in owners:
        end_owner(one)
    hold.open()
    drain()

    ledger = pool.get().ledger
    ledger.check()
    memory = ledger.memory
    assert ledger.is_empty
    assert (memory.bytes, memory.owner_count(), memory.unowned()) == (0, 0, [])
    assert named(owners) == 0
