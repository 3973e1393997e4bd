"""Modes: Apertium's installed language pairs, and the programs of each."""

import shlex
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from demo_site.translation.languages import code

MODES = Path("/usr/share/apertium/modes")
"""The folder of Debian's and Ubuntu's packages."""

# Programs that with -z answer at each NUL. Others answer only at the end of their
# input; a mode with such a program is left out.
_FLUSHING = frozenset(
    {
        "apertium-anaphora",
        "apertium-extract-caps",
        "apertium-interchunk",
        "apertium-postchunk",
        "apertium-posttransfer",
        "apertium-pretransfer",
        "apertium-restore-caps",
        "apertium-tagger",
        "apertium-transfer",
        "cg-proc",
        "hfst-proc",
        "lrx-proc",
        "lsx-proc",
        "lt-proc",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A language pair in one direction."""

    name: str
    """Apertium's name of it: ``eng-spa``."""

    source: str
    """A language code as Django writes it."""

    target: str
    """Likewise."""

    stages: tuple[tuple[str, ...], ...]
    """The commands of the pipe, first to last."""

    def is_runnable(self) -> bool:
        """Return whether all programs and files of the pipe exist."""
        return all(
            shutil.which(program)
            and all(Path(each).exists() for each in arguments if each.startswith("/"))
            for program, *arguments in self.stages
        )


def find_modes(folder: Path = MODES) -> tuple[Mode, ...]:
    """Return a folder's modes that can run as a pipe, the first one of each pair."""
    modes: dict[tuple[str, str], Mode] = {}
    for path in sorted(folder.glob("*.mode")):
        if mode := _read(path):
            modes.setdefault((mode.source, mode.target), mode)
    return tuple(modes.values())


def _read(path: Path) -> Mode | None:
    """Return a file's mode; None for variants, unknown languages and programs."""
    source, *targets = map(code, path.stem.split("-"))
    if source is None or len(targets) != 1 or targets[0] is None:
        return None
    try:
        stages = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_flushing = all(command[0] in _FLUSHING for command in stages)
    mode = Mode(name=path.stem, source=source, target=targets[0], stages=stages)
    return mode if is_flushing and mode.is_runnable() else None


def parse(line: str) -> tuple[tuple[str, ...], ...]:
    """Return a mode file's commands, with options to flush and to mark no words.

    Raises:
        ValueError: It is not a pipeline.
    """
    return tuple(
        (program, "-z", *_fill(arguments))
        for program, *arguments in _commands(line.strip())
    )


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the commands between the pipes of a shell command line."""
    words = shlex.shlex(line, posix=True, punctuation_chars="|")
    words.whitespace_split, words.commenters = True, ""
    command: list[str] = []
    for word in words:
        if word == "|" and command:
            yield command
            command = []
        elif set(word) == {"|"}:
            raise ValueError("a mode is a pipeline of commands")
        else:
            command.append(word)
    if not command:
        raise ValueError("a mode is a pipeline of commands")
    yield command


def _fill(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the arguments, ``$1`` and ``$2`` replaced as Apertium's script does."""
    for argument in arguments:
        if argument == "$1":
            yield "-n"  # for the generator: do not mark unknown words
        elif argument != "$2":  # for the tagger: shows ambiguous words
            yield argument
