"""Rounds that alternate between what is compared, their medians, a table and JSON."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

_PACKAGES = ("django", "channels", "daphne", "uvicorn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one thing took, or one of many."""

    wall: float
    """Seconds."""

    cpu: float
    """Seconds of processor time: less moved by what else the machine does."""

    def __truediv__(self, count: int) -> Cost:
        return Cost(wall=self.wall / count, cpu=self.cpu / count)


class Stopwatch:
    """Takes the time of a block; ``cost`` is its when the block has ended."""

    cost: Cost


@contextmanager
def stopwatch(cpu: Callable[[], float] = time.thread_time) -> Iterator[Stopwatch]:
    """Take the time of a block, and the processor time of its thread or, by
    ``time.process_time``, of its process."""
    watch = Stopwatch()
    cpu_before, before = cpu(), time.perf_counter()
    yield watch
    wall = time.perf_counter() - before
    watch.cost = Cost(wall=wall, cpu=cpu() - cpu_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number beside its target."""

    measure: str
    """As in the table of targets: P1."""

    what: str
    """What was measured, against what."""

    value: float
    """Median over the rounds."""

    target: float | None = None
    """None for a number that only explains others."""

    unit: str = "x"
    """x for a ratio."""

    is_floor: bool = False
    """True when more is better: the value is to reach the target."""

    cpu: float | None = None
    """The same in processor time."""

    details: Mapping[str, float] = field(default_factory=dict)
    """What the ratio was made of, by unit in the name."""

    @property
    def verdict(self) -> str:
        """Whether the target was met, or by how much it was missed."""
        if self.target is None:
            return ""
        is_met = (
            self.value >= self.target if self.is_floor else (self.value <= self.target)
        )
        if is_met:
            return "met"
        return f"missed by {abs(self.value / self.target - 1):.0%}"

    def cells(self) -> list[str]:
        """Return the row of a table."""
        sign = ">=" if self.is_floor else "<="
        target = "" if self.target is None else f"{sign} {self.target:g} {self.unit}"
        details = ", ".join(f"{k} {v:.3g}" for k, v in self.details.items())
        cpu = "" if self.cpu is None else f"{self.cpu:.2f}"
        value = f"{self.value:.3g} {self.unit}"
        return [self.measure, self.what, value, cpu, target, self.verdict, details]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Several things measured in alternating rounds."""

    costs: Mapping[str, Sequence[Cost]]

    def ratio(self, of: str, to: str) -> Cost:
        """Return the median of each round's ratio, in time and in processor time."""
        pairs = list(zip(self.costs[of], self.costs[to], strict=True))
        return Cost(
            wall=median(one.wall / other.wall for one, other in pairs),
            cpu=median(one.cpu / max(other.cpu, 1e-9) for one, other in pairs),
        )

    def microseconds(self) -> dict[str, float]:
        """Return each one's median time."""
        return {
            f"{name} µs": 1e6 * median(cost.wall for cost in costs)
            for name, costs in self.costs.items()
        }


def alternate(rounds: int, **things: Callable[[], Cost]) -> Compared:
    """Measure each thing once a round; every other round in reverse order.

    Whatever else the machine does then hits all of them, and no one always first. A
    round before the first is thrown away.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in things}
    for number in range(rounds + 1):
        names = list(things)
        for name in names if number % 2 else reversed(names):
            cost = things[name]()
            if number:
                costs[name].append(cost)
    return Compared(costs=costs)


Measure = Callable[[bool], Iterable[Figure]]
"""Takes whether it should be quick; gives what it found."""


def main(measures: Mapping[str, Measure]) -> None:
    """Run the measures that the command line names, print a table, write JSON."""
    options = _options(measures)
    figures: list[Figure] = []
    for name in options.names or measures:
        for figure in measures[name](options.quick):
            print(*figure.cells(), sep=" · ", file=sys.stderr)  # it may take minutes
            figures.append(figure)
    print(" · ".join(f"{key} {value}" for key, value in machine().items()))
    print(table([one.cells() for one in figures]))
    if options.json is not None:
        found = [asdict(one) | {"verdict": one.verdict} for one in figures]
        document = {"machine": machine(), "quick": options.quick, "figures": found}
        options.json.write_text(json.dumps(document, indent=2, ensure_ascii=False))


def _options(measures: Mapping[str, Measure]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="|".join(measures))
    parser.add_argument("--quick", action="store_true", help="tiny, to see it work")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures there")
    options = parser.parse_args()
    unknown = set(options.names) - set(measures)
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(measures)}")
    return options


def machine() -> dict[str, str]:
    """Return what the numbers depend on."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **versions,
    }


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows below a head, as Markdown."""
    head = ["", "measure", "value", "by CPU", "target", "", "made of"]
    everything = [head, *rows]
    widths = [max(len(row[i]) for row in everything) for i in range(len(head))]
    lines = [
        "| "
        + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        + " |"
        for row in everything
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on just now."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
