"""What becomes of a text when a server fails: no part of it leaves its owner."""

import logging

import pytest
from django.test import RequestFactory
from django.views.debug import (
    SafeExceptionReporterFilter,
    get_exception_reporter_filter,
)
from django.views.decorators.debug import sensitive_variables

from demo_site.editor.tasks import translate
from demo_site.translation import translate_document
from demo_site.translation.remote import (
    ApyEngine,
    EasyNMTEngine,
    LibreTranslateEngine,
)
from ephemeral_tasks import pool, result, submit, window
from ephemeral_tasks.testing import drain
from tests.demo.servers import BEHAVIOURS, apy, easynmt, libretranslate, serving

MARKER = "zzmarker"
KEY = "zzkey"
BAD = sorted(set(BEHAVIOURS) - {"good", "another's answer"})
SERVERS = {
    LibreTranslateEngine: lambda: libretranslate(key=KEY),
    EasyNMTEngine: easynmt,
    ApyEngine: apy,
}


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    """By every logger, also those of libraries."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "asyncio", "ephemeral_tasks"):
        caplog.set_level(logging.DEBUG, logger=name)


@pytest.mark.parametrize("behaviour", BAD)
def test_no_failure_shows_a_text_or_a_key(use_engines, owner, caplog, behaviour):
    """D31, D32: not in a log, a row, a sentence or a statistic."""
    with serving(libretranslate(key=KEY)) as server:
        server.always = behaviour
        slow = {"silence", "drip"}
        timeout = 0.1 if behaviour in slow else 10.0
        engine = LibreTranslateEngine(server.url, api_key=KEY, timeout=timeout)
        service = use_engines(engine, patience_seconds=0.2)
        submit(owner, translate, f"The {MARKER} house.", "en", ["es"])
        drain()
        (row,) = window(owner)

    shown = [
        caplog.text,
        *(repr(vars(record)) for record in caplog.records),
        repr(row),
        str(row.as_json()),
        repr(pool.statistics()),
        repr(service.conditions()),
    ]
    assert row.is_finished
    assert server.translations
    assert [text for text in shown if MARKER in text] == []
    assert [text for text in shown if KEY in text] == []


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.kind)
@pytest.mark.parametrize("behaviour", ["reset", "half", "silence", "wrong count"])
def test_the_next_visitors_text_is_their_own(use_engines, owner, kind, behaviour):
    """D32: whatever became of the request before."""
    with serving(SERVERS[kind]()) as server:
        server.behave(behaviour)
        timeout = 0.3 if behaviour == "silence" else 10.0
        engine = kind(server.url, api_key=KEY, timeout=timeout)
        use_engines(engine, patience_seconds=5.0)
        first = submit(owner, translate, f"The {MARKER} house.", "en", ["es"])
        second = submit(f"{owner}x", translate, "The red door.", "en", ["es"])
        drain()

        assert result(f"{owner}x", second.id)["translations"] == {"es": "THE RED DOOR."}
        found = result(owner, first.id)["translations"]
        assert found == {"es": f"THE {MARKER.upper()} HOUSE."}


async def test_a_crash_page_hides_texts(use_engines):
    """Where a view translates and the code around it fails."""
    with serving(libretranslate()) as server:
        use_engines(LibreTranslateEngine(server.url), patience_seconds=5.0)

        def fail(done, total):
            if done:
                raise RuntimeError("of the view")

        with pytest.raises(RuntimeError) as caught:
            await _view(fail)

    request = RequestFactory().get("/")
    filtered = get_exception_reporter_filter(request)
    assert isinstance(filtered, SafeExceptionReporterFilter)
    shown = ""
    traceback = caught.value.__traceback__
    while traceback is not None:
        if "/demo_site/" in traceback.tb_frame.f_code.co_filename:
            variables = filtered.get_traceback_frame_variables(
                request, traceback.tb_frame
            )
            shown += repr(variables)
        traceback = traceback.tb_next
    assert "on_portion" in shown or "translated" in shown
    assert MARKER not in shown.lower()


@sensitive_variables()
async def _view(fail):
    text = f"The {MARKER} house."
    await translate_document(text, "en", "es", on_progress=fail)
