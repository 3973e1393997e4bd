"""A cache that takes no window: what was asked for is refused, and nothing changed."""

import pytest

from ephemeral_tasks import cancel, pool, retry, submit, window, windows
from ephemeral_tasks.core import Status
from ephemeral_tasks.pool.loop import LoopThread
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.caches import Boom, BrokenCache
from tests.app.conftest import settle


@pytest.fixture(autouse=True)
def _cache(settings):
    """Windows are kept in a cache that can fail."""
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "broken"}
    broken = {"BACKEND": "tests.app.caches.BrokenCache", "LOCATION": "failures"}
    settings.CACHES = {**settings.CACHES, "broken": broken}


def fail_to_write(monkeypatch, verb, *args):
    """Call a verb while the cache takes nothing."""
    with monkeypatch.context() as patch:
        patch.setattr(BrokenCache, "broken", ("set",))
        with pytest.raises(Boom):
            verb(*args)
    settle()


def test_a_full_window_loses_nothing_to_a_refused_submission(owner, monkeypatch):
    """The oldest leaves for an operation that is accepted, and for no other."""
    for number in range(5):
        submit(owner, tasks.app_echo, number)
    drain()
    before = window(owner)

    fail_to_write(monkeypatch, submit, owner, tasks.app_echo, 5)

    assert window(owner) == before
    pool.get().ledger.check()


def test_a_retry_that_is_refused_leaves_the_failed_one(owner, monkeypatch):
    """It can be tried again once the cache is back."""
    handle = submit(owner, tasks.app_fails, "text")
    drain()
    before = window(owner)

    fail_to_write(monkeypatch, retry, owner, handle.id)

    assert window(owner) == before
    assert retry(owner, handle.id).id != handle.id
    drain()


def test_a_refused_submission_supersedes_nothing(owner, hold, monkeypatch):
    """What runs goes on: no newer one came."""
    submit(owner, tasks.app_newest, hold)
    hold.entered()

    fail_to_write(monkeypatch, submit, owner, tasks.app_newest, hold)

    assert [row.status for row in window(owner)] == [Status.RUNNING]


@pytest.mark.parametrize("verb", ["submit", "retry"])
def test_the_loop_is_woken_once_the_lock_is_free(owner, hold, monkeypatch, verb):
    """It would wait for the lock at once; what was taken back is cancelled then."""
    handle = submit(owner, tasks.app_held, hold)
    cancel(owner, handle.id)
    drain()
    call = (submit, owner, tasks.app_held, hold)
    call = call if verb == "submit" else (retry, owner, handle.id)
    seen = []
    wake = LoopThread.wake
    with monkeypatch.context() as patch:
        patch.setattr(
            LoopThread,
            "wake",
            lambda loop: (seen.append(windows.lock._is_owned()), wake(loop)),
        )
        fail_to_write(monkeypatch, *call)

    assert seen
    assert not any(seen)
    drain()
