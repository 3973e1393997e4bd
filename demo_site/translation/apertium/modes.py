"""The language pairs that Apertium has installed, and the programs of each."""

import shlex
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from demo_site.translation.languages import code

MODES = Path("/usr/share/apertium/modes")
"""Where the packages of Debian and Ubuntu put them."""

# Programs that answer at each NUL when told so with -z. A mode with any other one is
# left out: it would keep back its answer until its input ends.
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
    """One direction of a language pair."""

    name: str
    """As Apertium names it: ``eng-spa``."""

    source: str
    """A language code as Django writes it."""

    target: str
    """Likewise."""

    stages: tuple[tuple[str, ...], ...]
    """The commands of the pipe, first to last."""

    def is_runnable(self) -> bool:
        """Whether all programs and files of the pipe are there."""
        return all(
            shutil.which(program)
            and all(Path(each).exists() for each in arguments if each.startswith("/"))
            for program, *arguments in self.stages
        )


def find_modes(folder: Path = MODES) -> tuple[Mode, ...]:
    """The modes of a folder that can serve as a pipe, the first one of each pair."""
    modes: dict[tuple[str, str], Mode] = {}
    for path in sorted(folder.glob("*.mode")):
        if mode := _read(path):
            modes.setdefault((mode.source, mode.target), mode)
    return tuple(modes.values())


def _read(path: Path) -> Mode | None:
    """The mode of a file; None for variants, unknown languages and other programs."""
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
    """The commands of a mode file, told to flush and to leave unknown words unmarked.

    Raises:
        ValueError: It is no pipeline.
    """
    return tuple(
        (program, "-z", *_filled(arguments))
        for program, *arguments in _commands(line.strip())
    )


def _commands(line: str) -> Iterator[list[str]]:
    """The commands between the pipes of a shell's line."""
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


def _filled(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments with what Apertium's own script would put for ``$1`` and ``$2``."""
    for argument in arguments:
        if argument == "$1":
            yield "-n"  # the generator's option: no mark on unknown words
        elif argument != "$2":  # the tagger's: it would show ambiguous words
            yield argument
