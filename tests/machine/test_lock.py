"""One process at a time holds the host's lock."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ephemeral_tasks.machine.lock import HostLock
from tests.layers import ROOT

HOLDER = """
import sys
from pathlib import Path
from ephemeral_tasks.machine.lock import HostLock
print(HostLock(Path(sys.argv[1])).try_acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """The lock's file."""
    return tmp_path / "lock"


@pytest.fixture
def make_holder(path):
    """Starts processes that try to take the lock, and say whether they have."""
    made = []

    def make():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, path],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made.append(process)
        return process, process.stdout.readline().strip() == "True"

    yield make
    for process in made:
        process.kill()
        process.communicate()


def test_one_process_holds_it(path, make_holder):
    """Another one gets it when it is released."""
    lock = HostLock(path)
    assert lock.try_acquire()

    assert not make_holder()[1]

    lock.release()
    assert make_holder()[1]
    assert not lock.try_acquire()
    assert path.stat().st_size == 0


def count_open_files():
    """Return how many this process has."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_the_kernel_frees_it_with_its_process(path, make_holder):
    """Also when that was killed; a waiter gets it then."""
    process, is_held = make_holder()
    lock = HostLock(path)
    assert is_held
    open_files = count_open_files()
    assert not lock.try_acquire()
    assert count_open_files() == open_files

    process.kill()
    lock.acquire()

    assert lock.is_held
    lock.release()


def test_no_fork_inherits_it(path, make_holder):
    """A child that lives on keeps nobody from being the next host."""
    lock = HostLock(path)
    assert lock.try_acquire()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)

    lock.release()

    assert make_holder()[1]
    os.close(reading)
    os.close(writing)
    os.waitpid(child, 0)


def test_a_signal_ends_the_wait(path, make_holder):
    """What its handler raises goes through; the lock is not held."""
    assert make_holder()[1]
    lock = HostLock(path)

    def handle(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            lock.acquire()
    finally:
        signal.signal(signal.SIGALRM, before)

    assert not lock.is_held


def test_the_file_that_the_path_names_is_locked(path, make_holder, monkeypatch):
    """Also where it was removed while this process waited for the lock of another."""
    lockf = fcntl.lockf

    def remove_and_lock(file, mode):
        monkeypatch.undo()
        path.unlink()
        lockf(file, mode)

    monkeypatch.setattr(fcntl, "lockf", remove_and_lock)
    lock = HostLock(path)
    lock.acquire()

    assert not make_holder()[1]
    lock.release()
    assert make_holder()[1]


def test_a_removed_file_is_locked_anew(path, make_holder):
    """No other process gets the lock of the new one; nothing is left open."""
    lock = HostLock(path)
    lock.acquire()
    open_files = count_open_files()
    path.unlink()

    assert lock.renew()

    assert not make_holder()[1]
    assert count_open_files() == open_files + 2  # of the holder's pipes
    lock.release()


def test_a_lock_that_another_process_has_taken_anew_is_its_own(path, make_holder):
    """The old one stays with this process."""
    lock = HostLock(path)
    lock.acquire()
    path.unlink()
    assert make_holder()[1]

    assert not lock.renew()

    assert lock.is_held
    lock.release()


def test_a_file_in_use_does_not_look_forgotten(path, make_holder):
    """Cleaners of temporary folders remove old ones; the lock stays meanwhile."""
    lock = HostLock(path)
    lock.acquire()
    os.utime(path, (0, 0))

    assert lock.renew()

    assert path.stat().st_mtime > 0
    assert not make_holder()[1]
    lock.release()
