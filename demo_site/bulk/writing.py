"""Files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_IMODE
from tempfile import mkstemp


def write(path: Path, data: bytes, *, mode: int) -> None:
    """Replace a file in one step: a reader sees the old bytes or the new ones.

    An interruption at any point leaves the old ones.

    Args:
        path: In a folder that exists.
        data: All of the new bytes.
        mode: The permissions of a file that is new; an old one keeps its own.
    """
    if path.exists():
        mode = S_IMODE(path.stat().st_mode)
    # In the same folder, for a file system replaces only its own files in one step.
    handle, name = mkstemp(prefix=".translating-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(handle, mode)
        Path(name).replace(path)
    except BaseException:  # of Ctrl-C, too
        Path(name).unlink(missing_ok=True)
        raise
