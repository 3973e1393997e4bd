"""The lock of the process that hosts the pool; the kernel frees it with its process."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path


class HostLock:
    """A record lock on one file, of this process alone.

    ``lockf`` and not ``flock``: a record lock belongs to the process, so that no fork
    inherits it, also not one that runs no hooks of Python's (uWSGI). The price is that
    closing any descriptor of the file in this process would free it: nothing but this
    class may open the file, and a process has one instance of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        """The locked file's descriptor while this process holds the lock; guarded by
        the caller's lock."""

    @property
    def is_held(self) -> bool:
        """Whether this process holds it."""
        return self._file is not None

    def try_acquire(self) -> bool:
        """Take the lock unless another process holds it; return whether it is held."""
        return self._acquire(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def acquire(self) -> None:
        """Wait for the lock; what a signal's handler raises ends the wait."""
        self._acquire(fcntl.LOCK_EX)

    def release(self) -> None:
        """Give the lock up if this process holds it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _acquire(self, mode: int) -> bool:
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(file, mode)
        except BaseException as error:  # a signal's handler may raise anything
            os.close(file)
            if isinstance(error, OSError) and error.errno in _TAKEN:
                return False
            raise
        self._file = file
        return True


_TAKEN = (errno.EACCES, errno.EAGAIN)  # fcntl(2): which of them is the system's choice
