"""The socket at which the host listens, and its file."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

_BACKLOG = 512


class Endpoint:
    """Listens at a path until ``close``, also after the file there was removed."""

    def __init__(self, path: Path) -> None:
        """Listen there; the host's lock is held, so a file there is stale.

        Raises:
            OSError: The socket cannot be made there.
        """
        self._path = path
        self.socket = _listen_at(path)
        """Non-blocking."""
        try:
            # No other file is taken for it while the socket is open, which holds it.
            self._file = path.stat()
        except BaseException:  # no other reference closes it
            self.socket.close()
            raise

    @property
    def is_in_place(self) -> bool:
        """Whether a connection to the path reaches this socket."""
        found = self._look()
        return found is not None and os.path.samestat(found, self._file)

    @property
    def is_replaced(self) -> bool:
        """Whether another process listens at the path, or did so last."""
        found = self._look()
        return found is not None and not os.path.samestat(found, self._file)

    def remove_file(self) -> None:
        """Remove the socket's file; another process's stays."""
        if self.is_in_place:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Listen no more; the file stays."""
        self.socket.close()

    def _look(self) -> os.stat_result | None:
        try:
            return self._path.stat()
        except FileNotFoundError:
            return None


def _listen_at(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except BaseException:  # interrupted, too: no other reference closes it
        with suppress(OSError):
            listening.close()
        raise
    return listening
