"""The record beside translations: of what each of them was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE
from typing import Any, NamedTuple

from demo_site.bulk.writing import write

NAME = ".translations.json"

_VERSION = 1
_READABLE = 0o666


class Made(NamedTuple):
    """How a translation was made."""

    of: str
    """A digest of the source and of all else that decides what its translation is."""

    output: str
    """A digest of the file, to see whether somebody has changed it."""


class BadRecord(Exception):
    """A record cannot be read, or is of another kind."""


class Record:
    """The translations of a folder. Nothing is written before `save`."""

    def __init__(self, folder: Path, made: dict[tuple[str, str], Made]) -> None:
        """Set the folder with the record's file, and what that says."""
        self._path = folder / NAME
        self._made = made
        self._is_changed = False

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Return the record of a folder; an empty one if it has none.

        Raises:
            BadRecord: Its file is broken.
        """
        path = folder / NAME
        try:
            made = dict(_read(json.loads(path.read_text("utf-8"))))
        except FileNotFoundError:
            return cls(folder, {})
        except (OSError, ValueError, TypeError, AttributeError, LookupError):
            raise BadRecord(f"{path} cannot be read; mend or delete it") from None
        return cls(folder, made)

    def entries(self) -> Iterator[tuple[str, str]]:
        """Yield the source's name and the language of each translation."""
        yield from self._made

    def get(self, name: str, language: str) -> Made | None:
        """Return how a source's translation was made, if it is known."""
        return self._made.get((name, language))

    def note(self, name: str, language: str, made: Made) -> None:
        """Remember how a source's translation was made."""
        self._made[name, language] = made
        self._is_changed = True

    def save(self) -> None:
        """Write the record, whole or not at all, if it has changed."""
        if not self._is_changed:
            return
        files: dict[str, dict[str, Any]] = {}
        for (name, language), made in sorted(self._made.items()):
            files.setdefault(name, {})[language] = made._asdict()
        # Names that are not UTF-8 have surrogates, which ASCII can express.
        text = json.dumps({"version": _VERSION, "files": files}, indent=1)
        mode = S_IMODE(self._path.parent.stat().st_mode) & _READABLE
        write(self._path, f"{text}\n".encode(), mode=mode)
        self._is_changed = False


def _read(content: Any) -> Iterator[tuple[tuple[str, str], Made]]:
    """Yield the items of a record's file."""
    if content["version"] != _VERSION:
        raise ValueError(content["version"])
    for name, languages in content["files"].items():
        for language, made in languages.items():
            yield (name, language), Made(of=made["of"], output=made["output"])


def digest(*parts: object) -> str:
    """Return a digest of values that JSON can express, or of bytes alone."""
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return sha256(parts[0]).hexdigest()
    return sha256(json.dumps(parts).encode()).hexdigest()
