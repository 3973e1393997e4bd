"""The pool's counters as observable instruments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from .. import pool

OPERATION = "{operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """An instrument, and what it shows of ``pool.statistics()``."""

    name: str
    """Below ``ephemeral_tasks.``."""

    kind: Literal["counter", "up_down_counter", "gauge"]
    """A counter only grows; the values of an up-down counter may be added."""

    unit: str
    """By UCUM; in braces what is counted."""

    description: str
    """A line for people."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields of the statistics, by the value of the attribute that tells them apart."""

    attribute: str = ""
    """The attribute's name; empty where there is one field only."""


METRICS = (
    Metric(
        name="operation.count",
        kind="up_down_counter",
        unit=OPERATION,
        description="Unfinished operations.",
        attribute="state",
        fields={name: name for name in ("running", "asking", "waiting", "retrying")},
    ),
    Metric(
        name="operation.limit",
        kind="up_down_counter",
        unit=OPERATION,
        description="How many operations may be in the state at once.",
        attribute="state",
        fields={"running": "max_running", "waiting": "max_waiting"},
    ),
    Metric(
        name="operation.accepted",
        kind="counter",
        unit=OPERATION,
        description="Operations that were taken.",
        fields={"": "accepted"},
    ),
    Metric(
        name="operation.refused",
        kind="counter",
        unit=OPERATION,
        description="Submissions that were refused because a bound was reached.",
        fields={"": "refused"},
    ),
    Metric(
        name="operation.finished",
        kind="counter",
        unit=OPERATION,
        description="Operations that have ended.",
        attribute="status",
        fields={name.upper(): name for name in ("successful", "failed", "cancelled")},
    ),
    Metric(
        name="operation.oldest_wait",
        kind="gauge",
        unit="s",
        description="How long the oldest waiting operation has waited.",
        fields={"": "oldest_wait_seconds"},
    ),
    Metric(
        name="operation.stuck",
        kind="up_down_counter",
        unit=OPERATION,
        description="Bodies that still run 5 s after they were told to end.",
        fields={"": "stuck"},
    ),
    Metric(
        name="loop.lag",
        kind="gauge",
        unit="s",
        description="How late the pool's event loop is.",
        fields={"": "loop_lag_seconds"},
    ),
    Metric(
        name="owner.count",
        kind="up_down_counter",
        unit="{owner}",
        description="Owners with at least one operation.",
        fields={"": "owners"},
    ),
    Metric(
        name="memory.kept",
        kind="up_down_counter",
        unit="By",
        description="Arguments, outputs and results in memory, estimated.",
        fields={"": "kept_bytes"},
    ),
    Metric(
        name="pool.paused",
        kind="gauge",
        unit="1",
        description="1 while nothing starts, else 0.",
        fields={"": "is_paused"},
    ),
)


class Meters:
    """The instruments of one meter; each look reads the pool as it is then."""

    def __init__(self, meter: Meter) -> None:
        self._is_open = True
        """False once closed; a meter cannot take an instrument back."""
        makers: Mapping[str, Callable[..., object]] = {
            "counter": meter.create_observable_counter,
            "up_down_counter": meter.create_observable_up_down_counter,
            "gauge": meter.create_observable_gauge,
        }
        for metric in METRICS:
            makers[metric.kind](
                f"ephemeral_tasks.{metric.name}",
                callbacks=[partial(self._observe, metric)],
                unit=metric.unit,
                description=metric.description,
            )

    def close(self) -> None:
        """Observe nothing any more."""
        self._is_open = False

    def _observe(
        self, metric: Metric, options: CallbackOptions
    ) -> Iterable[Observation]:
        # Not pool.statistics(), which would start a pool that nobody has needed yet.
        found = pool.current()
        if found is None or not self._is_open:
            return
        statistics = found.statistics()
        for value, name in metric.fields.items():
            attributes = {metric.attribute: value} if metric.attribute else {}
            number = getattr(statistics, name)
            is_flag = isinstance(number, bool)
            yield Observation(int(number) if is_flag else number, attributes)
