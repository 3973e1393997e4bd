"""The lock of the process that hosts the pool; the kernel frees it with its process."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

_FRESH_SECONDS = 3600.0
"""How old the file's times may be: cleaners of temporary folders remove old files."""


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
        if self._file is None:
            self._file = self._lock_file(is_patient=False)
        return self._file is not None

    def acquire(self) -> None:
        """Wait for the lock; what a signal's handler raises ends the wait."""
        if self._file is None:
            self._file = self._lock_file(is_patient=True)

    def renew(self) -> bool:
        """Hold the lock of the file that is at the path now; return whether it is held.

        The file may have been removed, and made again by another process. Where that
        process holds the lock of the new file, nothing changes.

        Raises:
            OSError: There is no such folder any more; nothing changed.
        """
        old = self._file
        if old is not None and self._is_in_place(old):
            _freshen(old)
            return True
        file = self._lock_file(is_patient=False)
        if file is None:
            return False
        self._file = file
        if old is not None:  # last: a process that waits for it looks at the path next
            os.close(old)
        return True

    def release(self) -> None:
        """Give the lock up if this process holds it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _lock_file(self, *, is_patient: bool) -> int | None:
        """Return the locked file's descriptor, None if another process has the lock."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _lock(file, is_patient=is_patient)
                if self._is_in_place(file):
                    return file
            except BaseException as error:  # a signal's handler may raise anything
                os.close(file)
                if isinstance(error, OSError) and error.errno in _TAKEN:
                    return None
                raise
            # Removed meanwhile: only the lock of the file at the path counts.
            os.close(file)

    def _is_in_place(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False


_TAKEN = (errno.EACCES, errno.EAGAIN)  # fcntl(2): which of them is the system's choice


def _lock(file: int, *, is_patient: bool) -> None:
    import fcntl  # here: Windows has none, where the site may still use "process"

    fcntl.lockf(file, fcntl.LOCK_EX | (0 if is_patient else fcntl.LOCK_NB))


def _freshen(file: int) -> None:
    """Keep a file from looking forgotten."""
    if time.time() - os.fstat(file).st_mtime > _FRESH_SECONDS:
        os.utime(file)
