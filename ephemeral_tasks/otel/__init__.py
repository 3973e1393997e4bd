"""OpenTelemetry: a span for each attempt, and the pool's counters as metrics.

Needs the extra ``otel``. ``instrument()`` switches both on; before it nothing of this
is imported, and it costs nothing.
"""

from __future__ import annotations

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import TracerProvider, get_tracer

from .. import pool, tracing
from .metrics import Meters
from .spans import AttemptTracer

__all__ = ["instrument", "uninstrument"]

_SCOPE = "ephemeral_tasks"

_meters: Meters | None = None
"""None while nothing is observed. Changed while the site starts, by one thread."""


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> None:
    """Trace each attempt and observe the pool; a second call does nothing.

    Args:
        tracer_provider: The global one by default, also when it is set later.
        meter_provider: Likewise.

    Raises:
        RuntimeError: The pool has started: its first attempts would be missing.
    """
    global _meters
    if _meters is not None:
        return
    if pool.current() is not None:
        raise RuntimeError(
            "instrument() must be called before the first submission, "
            "for example in the ready() of an AppConfig"
        )
    tracing.use(AttemptTracer(get_tracer(_SCOPE, tracer_provider=tracer_provider)))
    _meters = Meters(get_meter(_SCOPE, meter_provider=meter_provider))


def uninstrument() -> None:
    """Observe no more; attempts are traced until the pool is another one."""
    global _meters
    if _meters is not None:
        _meters.close()
    _meters = None
    tracing.use(None)
