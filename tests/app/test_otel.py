"""OpenTelemetry: spans of attempts and metrics of the pool."""

import asyncio
import contextvars
import os
import pickle
import re
import subprocess
import sys

import pytest
from asgiref.sync import sync_to_async
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ephemeral_tasks import (
    TaskFailed,
    aask,
    cancel,
    pool,
    progress,
    retry,
    submit,
    task,
    window,
    write,
)
from ephemeral_tasks.machine.surroundings import Surroundings
from ephemeral_tasks.otel import instrument, uninstrument
from ephemeral_tasks.otel.figures import FIGURES
from ephemeral_tasks.testing import Hold, answering, drain, inline
from tests.layers import ROOT

MARKER = "zebra-7391"
"""What must be in no span and in no metric."""

seen: dict[str, object] = {}
"""What bodies noted of their current span."""
holds: list[Hold] = []


def current():
    """The context of the span in which the caller runs."""
    return trace.get_current_span().get_span_context()


@task
async def otel_async(text=""):
    """Note the span inside, also of what the body calls in threads."""
    seen["body"] = current()
    seen["to_thread"] = await asyncio.to_thread(current)
    seen["sync_to_async"] = await sync_to_async(current)()


@task
def otel_plain(text=""):
    """Note the span in the body's thread."""
    seen["body"] = current()


@task(max_attempts=2, backoff=lambda attempt, error: 0)
def otel_fails_once():
    """Fail in the first attempt."""
    if seen.setdefault("attempts", 1) == 1:
        seen["attempts"] = 2
        raise ValueError(MARKER)


@task(timeout=10, queue_name="slow")
async def otel_held():
    """Stop at the hold."""
    await holds[0].body(None)


@task
async def otel_swallows():
    """Return although it was told to end."""
    try:
        await holds[0].body(None)
    except asyncio.CancelledError:
        return MARKER


@task(label=lambda text: text, shown=("text",))
async def otel_tells(text):
    """Do with a text whatever a body can do with one."""
    progress(1, 2, text)
    write(text)
    await aask(text, choices=(text, "no"))
    raise TaskFailed(text)


@pytest.fixture(autouse=True)
def instrumented():
    """Traced and observed, by providers of this test's own."""
    seen.clear()
    holds[:] = [Hold()]
    tracers, reader = TracerProvider(), InMemoryMetricReader()
    exporter = InMemorySpanExporter()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader])
    instrument(tracer_provider=tracers, meter_provider=meters)
    yield tracers.get_tracer("tests"), exporter, reader
    uninstrument()
    tracers.shutdown()
    meters.shutdown()


@pytest.fixture
def tracer(instrumented):
    """Makes the spans of requests."""
    return instrumented[0]


@pytest.fixture
def finished(instrumented):
    """The attempts' spans once nothing is unfinished, oldest first."""

    def finished():
        drain()
        spans = instrumented[1].get_finished_spans()
        return [span for span in spans if span.name.startswith("run ")]

    return finished


@pytest.fixture
def read(instrumented):
    """The metrics now: name and attribute's value → value."""

    def read():
        data = instrumented[2].get_metrics_data()
        if data is None:
            return {}
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        return {
            (metric.name, *point.attributes.values()): point.value
            for metric in scope.metrics
            for point in metric.data.data_points
        }

    return read


def status_of(span):
    """The attempt's status, and its error's class if it failed."""
    attributes = span.attributes
    return attributes["ephemeral_tasks.status"], attributes.get("error.type")


# -- spans -----------------------------------------------------------------------------


def test_an_attempt_is_linked_to_the_span_in_which_it_was_submitted(
    owner, tracer, finished
):
    """It is a trace of its own, since the request may be over when it starts."""
    pool.pause()
    with tracer.start_as_current_span("GET /") as request:
        handle = submit(owner, otel_held)
    holds[0].open()
    pool.resume()

    (span,) = finished()
    (link,) = span.links
    assert link.context == request.get_span_context()
    assert span.parent is None
    assert span.context.trace_id != link.context.trace_id
    assert span.kind is trace.SpanKind.CONSUMER
    assert span.name == "run otel_held"
    assert dict(span.attributes) == {
        "ephemeral_tasks.task": "otel_held",
        "ephemeral_tasks.queue": "slow",
        "ephemeral_tasks.reference": handle.id[:8],
        "ephemeral_tasks.attempt": 1,
        "ephemeral_tasks.status": "SUCCESSFUL",
    }


def test_without_a_span_there_is_no_link(owner, finished):
    """What a script submits, for example."""
    submit(owner, otel_plain)

    assert [len(span.links) for span in finished()] == [0]


def test_each_attempt_has_a_span(owner, tracer, finished):
    """With its number and its own outcome, all linked to the same request."""
    with tracer.start_as_current_span("POST /"):
        submit(owner, otel_fails_once)

    spans = finished()
    assert [span.attributes["ephemeral_tasks.attempt"] for span in spans] == [1, 2]
    assert [*map(status_of, spans)] == [("FAILED", "ValueError"), ("SUCCESSFUL", None)]
    assert spans[0].links[0].context == spans[1].links[0].context


def test_try_again_is_linked_to_the_request_that_asked_for_it(owner, tracer, finished):
    """Not to the one that submitted the first operation."""
    pool.pause()
    handle = submit(owner, otel_plain)
    cancel(owner, handle.id)
    with tracer.start_as_current_span("POST retry/") as request:
        retry(owner, handle.id)
    pool.resume()

    (span,) = finished()
    assert span.links[0].context == request.get_span_context()


def test_what_is_enqueued_is_linked_too(settings, tracer, finished):
    """With the pool as a backend of ``django.tasks``."""
    backend = "ephemeral_tasks.backends.PoolBackend"
    settings.TASKS = {"default": {"BACKEND": backend}}
    with tracer.start_as_current_span("POST /") as request:
        otel_plain.enqueue()

    (span,) = finished()
    assert span.links[0].context == request.get_span_context()


def test_what_another_process_of_the_machine_submits_is_linked_too(
    owner, tracer, finished
):
    """What its call takes along to the host has the request's span."""
    with tracer.start_as_current_span("POST /") as request:
        taken_along = pickle.dumps(Surroundings.capture(has_variables=True))

    at_host = contextvars.Context()
    at_host.run(pickle.loads(taken_along).enter)
    at_host.run(submit, owner, otel_plain)

    (span,) = finished()
    assert span.links[0].context == request.get_span_context()


@pytest.mark.parametrize(
    ("submitted", "places"),
    [(otel_async, {"body", "to_thread", "sync_to_async"}), (otel_plain, {"body"})],
)
def test_the_attempts_span_is_the_current_one_in_the_body(
    owner, finished, submitted, places
):
    """Spans that the body starts are its children, in its threads, too."""
    submit(owner, submitted)

    (span,) = finished()
    assert seen == dict.fromkeys(places, span.context)


def test_operations_on_their_submitters_thread_have_spans_too(owner, finished):
    """In tests with ``inline()``; the attempt's span is the body's there as well."""
    with inline():
        submit(owner, otel_plain)

    (span,) = finished()
    assert seen == {"body": span.context}


def test_a_cancelled_attempt_says_so(owner, finished):
    """Whatever its body returns then; it is no error."""
    for number, submitted in enumerate((otel_held, otel_swallows), start=1):
        handle = submit(owner, submitted)
        holds[0].entered(number)
        cancel(owner, handle.id)
        drain()

    spans = finished()
    assert [*map(status_of, spans)] == [("CANCELLED", None)] * 2
    assert {span.status.status_code for span in spans} == {trace.StatusCode.UNSET}


def test_an_attempt_that_took_too_long_has_failed(owner, task_clock, finished):
    """With Python's own class for it, not with the interruption."""
    submit(owner, otel_held)
    holds[0].entered()
    task_clock.advance(10)

    (span,) = finished()
    assert status_of(span) == ("FAILED", "TimeoutError")
    assert span.status.status_code is trace.StatusCode.ERROR


def test_no_content_is_in_a_span_or_a_metric(owner, tracer, finished, instrumented):
    """Not an argument, label, message, output, question, error or result; no owner."""
    with tracer.start_as_current_span("POST /"), answering(MARKER):
        handle = submit(owner, otel_tells, text=MARKER)
        submit(owner, otel_fails_once)
        drain()
    row = next(row for row in window(owner) if row.id == handle.id)
    assert row.error.message == MARKER

    told = "".join(span.to_json() for span in finished())
    told += instrumented[2].get_metrics_data().to_json()

    assert "TaskFailed" in told
    for secret in (MARKER, owner, handle.id):
        assert secret not in told


# -- metrics ---------------------------------------------------------------------------


def test_metrics_are_the_pools_statistics(owner, make_owner, read):
    """Each with its state or status, at the instant of the look."""
    submit(owner, otel_plain)
    drain()
    submit(make_owner(), otel_held)
    holds[0].entered()
    pool.pause()
    submit(make_owner(), otel_plain)
    statistics = pool.statistics()

    found = read()

    assert found["ephemeral_tasks.operation.count", "running"] == 1
    assert found["ephemeral_tasks.operation.count", "waiting"] == 1
    assert found["ephemeral_tasks.operation.finished", "SUCCESSFUL"] == 1
    assert found["ephemeral_tasks.operation.accepted",] == 3
    assert found["ephemeral_tasks.operation.limit", "running"] == statistics.max_running
    assert found["ephemeral_tasks.memory.kept",] == statistics.kept_bytes
    assert found["ephemeral_tasks.owner.count",] == 3
    assert found["ephemeral_tasks.pool.paused",] == 1
    assert found["ephemeral_tasks.task.run", "otel_plain", "0.95"] > 0
    holds[0].open()
    pool.resume()
    drain()


def test_each_collection_reads_the_pool_once(owner, read, monkeypatch):
    """All figures are of one instant, and the next collection has another one."""
    submit(owner, otel_plain)
    drain()
    looks = []
    statistics = pool.current().statistics
    monkeypatch.setattr(
        pool.current(), "statistics", lambda: looks.append(1) or statistics()
    )

    accepted = [read()["ephemeral_tasks.operation.accepted",]]
    submit(owner, otel_plain)
    accepted.append(read()["ephemeral_tasks.operation.accepted",])

    assert accepted == [1, 2]
    assert len(looks) == 2
    drain()


def test_the_docs_list_each_metric():
    """With its kind, and no other."""
    page = (ROOT / "docs" / "opentelemetry.md").read_text()
    listed = re.findall(
        r"^\| `ephemeral_tasks\.(\w+\.\w+)` \| ([\w-]+ ?\w*)", page, re.MULTILINE
    )

    kinds = {
        figure.name: figure.kind.replace("up_down_", "up-down ") for figure in FIGURES
    }
    assert {name: kind.strip() for name, kind in listed} == kinds


def test_a_look_starts_no_pool(read):
    """Before the first submission there is nothing to see."""
    assert read() == {}
    assert pool.current() is None


# -- switching on ----------------------------------------------------------------------


def test_a_second_call_changes_nothing(owner, finished):
    """An attempt has one span."""
    instrument()
    submit(owner, otel_plain)

    assert len(finished()) == 1


def test_it_is_refused_once_the_pool_has_started(instrumented):
    """Some attempts would have no span."""
    uninstrument()
    pool.get()

    with pytest.raises(RuntimeError, match="before the first submission"):
        instrument()


def test_nothing_is_observed_any_more_after_uninstrument(owner, finished, read):
    """Neither spans of a new pool nor metrics."""
    uninstrument()
    submit(owner, otel_plain)

    assert finished() == []
    assert read() == {}


def test_without_it_nothing_of_opentelemetry_is_imported():
    """The extra costs a site nothing that does not use it, import time included."""
    code = (
        "import sys, django; django.setup()\n"
        "import tests.urls, ephemeral_tasks.pool.pool\n"
        "from ephemeral_tasks import tracing\n"
        "print([name for name in sys.modules if 'opentelemetry' in name])\n"
        "print(tracing.wrap(print) is print)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )

    assert done.stdout.split() == ["[]", "True"]
