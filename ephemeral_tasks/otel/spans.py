"""A span for each attempt, linked to the span in which it was submitted."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from opentelemetry import trace
from opentelemetry.context import Context, attach
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode

from ..core.context import CURRENT
from ..core.status import Status
from ..pool.contexts import PoolContext
from ..pool.operation import PoolOperation
from ..pool.threads import uncarry
from ..tracing import Run

_CANCELLED = (asyncio.CancelledError, GeneratorExit)


class AttemptTracer:
    """Makes the spans; no attribute has any content."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def capture(self) -> SpanContext | None:
        """Return the context of the caller's span; None outside of any."""
        context = trace.get_current_span().get_span_context()
        return context if context.is_valid else None

    def stand_in(self, origin: object) -> None:
        """Make a span of another process the current one of this context."""
        span = trace.NonRecordingSpan(cast("SpanContext", origin))
        attach(trace.set_span_in_context(span, Context()))

    def wrap(self, run: Run) -> Run:
        """Return a function that runs a call within a span."""

        async def run_traced(call: Any) -> Any:
            operation = cast("PoolContext", CURRENT.get()).operation
            span = self._start(operation)
            # Never detached: the variables are the attempt's own and end with it, and
            # a body that was left behind ends elsewhere, where a detach is an error.
            attach(trace.set_span_in_context(span, Context()))
            try:
                value = await run(call)
            except BaseException as error:  # an interruption ends the span as well
                _end(span, operation, uncarry(error))
                raise
            _end(span, operation, None)
            return value

        return run_traced

    def _start(self, operation: PoolOperation) -> Span:
        origin = operation.item.origin
        return self._tracer.start_span(
            f"run {operation.task.name}",
            # A trace of its own: it may start long after the request has ended.
            context=Context(),
            kind=SpanKind.CONSUMER,
            links=[] if origin is None else [Link(cast("SpanContext", origin))],
            attributes={
                "ephemeral_tasks.task": operation.task.name,
                "ephemeral_tasks.queue": operation.task.queue_name,
                "ephemeral_tasks.reference": operation.reference,
                "ephemeral_tasks.attempt": operation.attempt,
            },
        )


def _end(span: Span, operation: PoolOperation, error: BaseException | None) -> None:
    """End a span with the attempt's status; of an error it gets the class alone."""
    status = _status_of(operation, error)
    span.set_attribute("ephemeral_tasks.status", str(status))
    if status is Status.FAILED:
        cause = TimeoutError if operation.is_timed_out else type(error)
        span.set_attribute("error.type", _name_of(cause))
        span.set_status(StatusCode.ERROR)
    span.end()


def _status_of(operation: PoolOperation, error: BaseException | None) -> Status:
    """Return the attempt's status; a retry may follow one that failed.

    Once a body was asked to end, what it returns or raises no longer counts.
    """
    if operation.is_cancelling:
        return Status.CANCELLED
    if operation.is_timed_out:
        return Status.FAILED
    if error is None:
        return Status.SUCCESSFUL
    return Status.CANCELLED if isinstance(error, _CANCELLED) else Status.FAILED


def _name_of(error: type) -> str:
    # As OpenTelemetry writes it: the module, unless it is Python's own.
    name, module = error.__qualname__, error.__module__
    return name if module == "builtins" else f"{module}.{name}"
