"""This process as the host: the lock, and the listener that it allows."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from ..errors import Unreachable
from . import site
from .folder import Places
from .listener import Listener
from .lock import HostLock


class Hosting:
    """Hosts at most once: who has retired is never elected again."""

    def __init__(
        self,
        make: Callable[[Places, bytes], Listener],
        on_host: Callable[[Listener], object],
        *,
        may_host: bool,
    ) -> None:
        """Set how the listener is made, and what is called before it answers."""
        self._make = make
        self._on_host = on_host
        self._may_host = may_host
        self._lock = Lock()
        """Guards the lines below; never held while a callback runs or a lock of the
        machine is waited for."""
        self._host_lock: HostLock | None = None
        self._listener: Listener | None = None
        """Set by who holds the host's lock; read by any thread."""
        self._is_retired = False

    @property
    def listener(self) -> Listener | None:
        """The host's end while this process hosts, or drains as a host."""
        return self._listener

    @property
    def is_current(self) -> bool:
        """Whether this process hosts and has not retired."""
        return self._listener is not None and not self._is_retired

    @property
    def has_retired(self) -> bool:
        """Whether this process will never host again."""
        return self._is_retired

    def try_host(self, places: Places) -> bool:
        """Host unless another process does; return whether this process hosts."""
        with self._lock:  # or two threads would lock and listen twice
            if self._is_retired or not self._may_host:
                return False
            if self._host_lock is not None and self._host_lock.is_held:
                return True
            lock = self._host_lock = HostLock(places.lock)
            if not lock.try_acquire():
                return False
        return self._begin(places, lock)

    def wait_and_host(self, places: Places) -> None:
        """Wait until no other process hosts, and host.

        What a signal's handler raises ends the wait.
        """
        lock = HostLock(places.lock)
        lock.acquire()
        with self._lock:
            self._host_lock = lock
        self._begin(places, lock)

    def retire(self) -> None:
        """Host no more and never again; the listener's clients are answered on."""
        with self._lock:
            self._is_retired = True
            listener, lock = self._listener, self._host_lock
        if listener is not None and lock is not None:
            _retire(listener, lock)

    def close(self) -> None:
        """End the listener, too."""
        self.retire()
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def abandon(self) -> None:
        """Close a forked child's copies of the descriptors; the parent goes on."""
        if self._listener is not None:
            self._listener.abandon()
        if self._host_lock is not None:
            self._host_lock.release()  # the lock itself stays with the parent

    def _begin(self, places: Places, lock: HostLock) -> bool:
        """Host with a lock that is held; return whether this process hosts then."""
        try:
            listener = self._make(places, site.key())
        except OSError as error:
            lock.release()
            raise Unreachable from error
        self._listener = listener  # first: the callback may look for the host itself
        try:
            self._on_host(listener)
            listener.start()  # a process may have no thread left
        except BaseException:  # of a listener of the site's: another may host
            self._listener = None
            listener.close()
            lock.release()
            raise
        with self._lock:
            is_retired = self._is_retired
        if is_retired:  # meanwhile
            _retire(listener, lock)
        return not is_retired


def _retire(listener: Listener, lock: HostLock) -> None:
    # In this order: the socket's file is removed while the lock is held, or that of the
    # next host would be.
    listener.retire()
    lock.release()
