"""What a run is to do: each file into each language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from demo_site.bulk.crossings import linked, links
from demo_site.bulk.sources import Unreadable, decode, find, output_name, read


class Job(NamedTuple):
    """One file into one language."""

    name: str
    """Of the source, relative to the folder, with slashes."""

    target: str

    @property
    def output(self) -> str:
        """Return the name of the translation."""
        return output_name(self.name, self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to do."""

    jobs: Sequence[Job]
    """File by file, and language by language within a file."""

    linked: Mapping[str, frozenset[str]]
    """The ids of each file's headings that other files link to."""

    problems: Mapping[str, str]
    """Why a file or folder cannot be read, by its name."""


def make_plan(folder: Path, out: Path, targets: Sequence[str]) -> Plan:
    """Return the plan for a folder. It keeps no text.

    Raises:
        BadRecord: There is a record that is broken.
    """
    skipped = out.resolve() if out.resolve() != folder.resolve() else None
    found = find(folder, languages=targets, skipped=skipped)
    problems = dict(found.problems)
    crossing: set[tuple[str, str]] = set()
    names = []
    for name in found.names:
        try:
            crossing |= links(name, decode(read(folder / name)))
        except Unreadable as error:
            problems[name] = str(error)
        else:
            names.append(name)
    return Plan(
        jobs=list(_jobs(names, targets)),
        linked=linked(names, crossing),
        problems=problems,
    )


def _jobs(names: Sequence[str], targets: Sequence[str]) -> Iterator[Job]:
    for name in names:
        yield from (Job(name, target) for target in targets)
