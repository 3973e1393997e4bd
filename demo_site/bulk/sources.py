"""The Markdown files of a folder that are to be translated."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from stat import S_ISREG

from django.conf.locale import LANG_INFO

from demo_site.bulk.record import Record

SUFFIXES = (".md", ".markdown", ".mdx")


class Unreadable(Exception):
    """A file cannot be translated; the message says why, without its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is in a folder."""

    names: list[str] = field(default_factory=list)
    """Of the sources, relative to the folder, with slashes; sorted."""

    problems: dict[str, str] = field(default_factory=dict)
    """Why a folder could not be read, by its name."""


def output_name(name: str, language: str) -> str:
    """Return the name of a source's translation: ``a/b.md`` becomes ``a/b.es.md``."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{language}{path.suffix}"))


def find(folder: Path, *, languages: Collection[str], skipped: Path | None) -> Found:
    """Return the sources below a folder.

    Neither hidden files and folders are among them nor translations: files that a
    record names, and ``NAME.LANG.md`` beside ``NAME.md``. Links to folders are not
    followed.

    Args:
        folder: Where to look.
        languages: The codes that the name of a translation may have, besides those
            that Django knows.
        skipped: A folder in which there are translations only.
    """
    found = Found()
    ours: set[Path] = set()

    def on_error(error: OSError) -> None:
        name = _relative(Path(error.filename), folder)
        found.problems[name] = error.strerror or "cannot be read"

    for place, folders, names in _walk(folder, skipped, on_error):
        ours |= _recorded(place)
        for name in names:
            path = place / name
            if path not in ours and not _is_translation(name, names, languages):
                found.names.append(_relative(path, folder))
        folders.sort()
    found.names.sort()
    return found


def _walk(
    folder: Path, skipped: Path | None, on_error: Callable[[OSError], object]
) -> Iterator[tuple[Path, list[str], set[str]]]:
    """Yield folders, their folders (to be changed), and the names of their Markdown."""
    for place, folders, names in os.walk(folder, onerror=on_error):
        path = Path(place)
        if skipped is not None and path.resolve() == skipped:
            folders.clear()
            continue
        folders[:] = [each for each in folders if not each.startswith(".")]
        yield path, folders, {each for each in names if _is_markdown(each)}


def _is_markdown(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def _is_translation(
    name: str, names: Collection[str], languages: Collection[str]
) -> bool:
    """Return whether a file is ``NAME.LANG.md`` beside ``NAME.md``."""
    path = PurePosixPath(name)
    original, _, language = path.stem.rpartition(".")
    code = language.lower().replace("_", "-")
    is_language = code in languages or code in LANG_INFO
    return is_language and f"{original}{path.suffix}" in names


def _recorded(folder: Path) -> set[Path]:
    """Return the translations that the record of a folder names."""
    entries: Iterable[tuple[str, str]] = Record.load(folder).entries()
    return {folder / output_name(name, language) for name, language in entries}


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def read(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        Unreadable: It is no regular file, or the system refuses.
    """
    try:
        # A pipe would keep us waiting for whoever writes into it.
        if not S_ISREG(path.stat().st_mode):
            raise Unreadable("is not a regular file")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(error.strerror or "cannot be read") from None


def decode(data: bytes) -> str:
    """Return a file's text, line ends and byte order mark included.

    Raises:
        Unreadable: It is not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 (byte {error.start + 1})") from None
