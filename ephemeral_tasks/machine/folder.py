"""The folder in which the processes of one machine meet, and the two files in it."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from ..conf import get_config
from . import credentials, site

_NAME = "ephemeral-tasks"
_ADDRESS_BYTES = 103
"""What the shortest ``sun_path`` holds beside its final zero: macOS has 104 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the processes of this site meet; both files stay empty."""

    lock: Path
    """Its lock is the host's; never removed by us, or two processes could lock two
    files."""
    socket: Path
    """Where the host listens."""


def find_places() -> Places:
    """Return the paths in the safe folder, which is made if it is missing.

    Raises:
        ImproperlyConfigured: The folder is not safe, cannot be made, or its path is too
            long for a socket; the message names it. Or the system is not fit.
    """
    if problem := credentials.find_problem():  # servers make no system checks
        raise ImproperlyConfigured(problem)
    folder = choose()
    ensure(folder)
    name = site.fingerprint()
    return Places(lock=folder / f"{name}.lock", socket=folder / f"{name}.socket")


def ensure(folder: Path) -> None:
    """Make a folder if it is missing.

    Raises:
        ImproperlyConfigured: As ``find_places``.
    """
    problem = find_problem(folder)
    if problem is None:
        _make(folder)
        problem = find_problem(folder)  # somebody else may have made it
    if problem is not None:
        raise ImproperlyConfigured(problem)


def choose() -> Path:
    """Return the path of ``POOL_DIR``, or of a folder below the user's own places."""
    if given := get_config().pool_dir:
        return Path(given)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and _is_ours(Path(runtime)):
        return Path(runtime) / _NAME
    return Path(tempfile.gettempdir()) / f"{_NAME}-{os.geteuid()}"


def find_problem(folder: Path) -> str | None:
    """Return why a folder is not fit, or None; changes nothing.

    One that is missing is fit, for it is made as it must be.
    """
    address = folder / f"{site.fingerprint()}.socket"
    size = len(os.fsencode(address))
    if size > _ADDRESS_BYTES:
        return (
            f"the path of a Unix socket has at most {_ADDRESS_BYTES} bytes, "
            f"{str(address)!r} has {size}"
        )
    try:
        found = folder.lstat()  # of a symbolic link itself, which others could replace
    except FileNotFoundError as error:
        return None if folder.parent.is_dir() else _say_unmade(folder, error)
    except OSError as error:
        return f"{_describe(folder)}: {error.strerror}"
    flaw = _flaw_of(found)
    return flaw and f"{_describe(folder)}, {flaw}"


def _flaw_of(found: os.stat_result) -> str | None:
    if not stat.S_ISDIR(found.st_mode):
        return "and it is no folder"
    if found.st_uid != os.geteuid():
        return f"and it belongs to user {found.st_uid}"
    if found.st_mode & 0o077:
        return f"and its mode is {stat.S_IMODE(found.st_mode):04o}"
    return None


def _describe(folder: Path) -> str:
    return (
        f"the folder of POOL = 'machine', {str(folder)!r}, must be a folder of mode "
        "0700 that this user owns"
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:  # perhaps made by another process just now
        pass
    except OSError as error:
        raise ImproperlyConfigured(_say_unmade(folder, error)) from None


def _say_unmade(folder: Path, error: OSError) -> str:
    return (
        f"the folder of POOL = 'machine', {str(folder)!r}, cannot be made: "
        f"{error.strerror}"
    )


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
