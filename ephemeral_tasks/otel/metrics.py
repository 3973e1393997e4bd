"""The pool's statistics as observable instruments."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from .. import pool
from ..pool.counters import PoolStatistics
from .figures import FIGURES, Figure


class Meters:
    """The instruments of one meter; each collection reads the pool once."""

    def __init__(self, meter: Meter) -> None:
        self._is_open = True
        """False once closed; a meter cannot take an instrument back."""
        self._lock = threading.Lock()
        """Protects the next two: several readers may collect at once."""
        self._found: PoolStatistics | None = None
        """What the collection that goes on has read."""
        self._shown: set[str] = set()
        """The figures that this collection has shown."""
        makers: Mapping[str, Callable[..., object]] = {
            "counter": meter.create_observable_counter,
            "up_down_counter": meter.create_observable_up_down_counter,
            "gauge": meter.create_observable_gauge,
        }
        for figure in FIGURES:
            makers[figure.kind](
                f"ephemeral_tasks.{figure.name}",
                callbacks=[partial(self._observe, figure)],
                unit=figure.unit,
                description=figure.description,
            )

    def close(self) -> None:
        """Observe nothing any more."""
        self._is_open = False

    def _observe(
        self, figure: Figure, options: CallbackOptions
    ) -> Iterable[Observation]:
        statistics = self._look(figure) if self._is_open else None
        if statistics is not None:
            for number, attributes in figure.read(statistics):
                yield Observation(number, attributes)

    def _look(self, figure: Figure) -> PoolStatistics | None:
        """Return the statistics, read anew where this figure has shown them before.

        An instrument is asked once a collection, and the quantiles of each task are
        too much work to be made for each of them.
        """
        with self._lock:  # or a reader would show the figures of two instants
            if self._found is None or figure.name in self._shown:
                # Not pool.statistics(), which would start a pool that nothing needs.
                found = pool.current()
                self._found = None if found is None else found.statistics()
                self._shown = set()
            self._shown.add(figure.name)
            return self._found
