"""This process as the host: the lock, and the listener that it allows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock

from django.core.exceptions import ImproperlyConfigured

from ..errors import Unreachable
from . import folder, site
from .folder import Places
from .listener import Listener
from .lock import HostLock

logger = logging.getLogger("ephemeral_tasks")

_CARE_SECONDS = 1.0
"""How often a host looks after its files."""


class Hosting:
    """Hosts at most once: a process that has retired is never elected again."""

    def __init__(
        self,
        make: Callable[[Places, bytes], Listener],
        on_host: Callable[[Listener], object],
        on_replaced: Callable[[], object],
        *,
        may_host: bool,
    ) -> None:
        """Set how the listener is made, and what is called before it answers.

        ``on_replaced`` is called on the listener's thread once another process hosts in
        this one's place, which may be elected again.
        """
        self._make = make
        self._on_host = on_host
        self._on_replaced = on_replaced
        self._may_host = may_host
        self._lock = Lock()
        """Guards the lines below; never held while a callback runs or a lock of the
        machine is waited for."""
        self._host_lock: HostLock | None = None
        self._listener: Listener | None = None
        """Set by the thread that holds the host's lock; read by any thread."""
        self._is_retired = False
        self._is_waiting = False
        """Whether a thread waits for the machine's lock: no other may ask for it."""

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
            if self._is_retired or self._is_waiting or not self._may_host:
                return False
            if self._is_held():
                return True
            lock = self._host_lock = HostLock(places.lock)
            if not lock.try_acquire():
                return False
        return self._begin(places, lock)

    def wait_and_host(self, places: Places, is_hosted: Callable[[], bool]) -> None:
        """Wait until no other process hosts, and host.

        What a signal's handler raises ends the wait. ``is_hosted`` asks at the socket:
        a host whose lock's file was removed locks the new one, which is left to it.
        """
        with self._lock:  # or another thread would lock the same file
            if self._is_held():
                return
            self._is_waiting = True
        lock = HostLock(places.lock)
        try:
            lock.acquire()
            while is_hosted():
                lock.release()
                time.sleep(_CARE_SECONDS)  # meanwhile the host locks the new file
                lock.acquire()
            with self._lock:
                self._host_lock = lock
        except BaseException:  # a signal's handler ends the wait
            lock.release()
            raise
        finally:
            self._is_waiting = False
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

    def look_after(self, places: Places) -> None:
        """Keep lock and socket in their places; on the listener's thread.

        A cleaner of temporary folders may have removed them. Where another process has
        taken both places meanwhile, this one hosts no more, until it is elected again.
        """
        with self._lock:  # or a host that retires meanwhile would listen anew
            listener, lock = self._listener, self._host_lock
            if self._is_retired or listener is None or lock is None:
                return
            is_held = True
            # Without a folder now, or without descriptors: tried again in a second.
            with suppress(OSError, ImproperlyConfigured):
                is_held = _renew(lock, places)
                if is_held:
                    listener.renew()
            # The lock alone may be held by a process that asks at this socket next.
            if is_held or not listener.is_replaced:
                return
            self._listener = None
        _retire(listener, lock)
        listener.end()
        with suppress(Exception, SystemExit):  # of a handler of the site's own
            logger.warning("another process has become the host of the machine's pool")
        self._on_replaced()

    def _is_held(self) -> bool:
        """Return whether this process holds the lock; under the lock of this object."""
        return self._host_lock is not None and self._host_lock.is_held

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
            with suppress(RuntimeError):  # another thread has closed it
                listener.repeat(_CARE_SECONDS, partial(self.look_after, places))
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


def _renew(lock: HostLock, places: Places) -> bool:
    """Hold the lock at its place; return whether it is held."""
    with suppress(FileNotFoundError):
        return lock.renew()
    folder.ensure(places.lock.parent)
    return lock.renew()


def _retire(listener: Listener, lock: HostLock) -> None:
    # In this order: the socket's file is removed while the lock is held, or that of the
    # next host would be.
    listener.retire()
    lock.release()
