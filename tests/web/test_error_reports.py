"""Django's own error reports hold nothing that a visitor wrote or got."""

import inspect
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.defaultfilters import pprint
from django.test import AsyncClient
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

import ephemeral_tasks.web
from ephemeral_tasks.web.error_reports import hide_variables
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

# Where what a visitor wrote passes: our views, and what they call.
FOLDERS = tuple(
    str(Path(module.__file__).parent) for module in (ephemeral_tasks.web, json)
)
SECRET = "w0rd-0f-a-v1s1t0r"
START = "/tasks/start/web_echo/"


class Crash(Exception):
    """What goes wrong, somewhere."""


class Crashing:
    """A trace function that raises as the n-th call into the folders begins.

    A call begins anew where a coroutine goes on after an ``await``.
    """

    def __init__(self, number: int | None = None) -> None:
        self.number = number
        self.count = 0

    def __call__(self, frame: Any, event: str, arg: object) -> None:
        """Count a call, and raise when it is the one."""
        path = frame.f_code.co_filename
        # A turn that is never given back stops the test, and a generator that is
        # dropped begins anew, too.
        if (
            path.endswith("semaphore.py")
            or frame.f_code.co_flags & inspect.CO_GENERATOR
        ):
            return
        self.count += path.startswith(FOLDERS if self.count else FOLDERS[0])
        if self.count == self.number and path.startswith(FOLDERS):
            raise Crash(f"crash in {frame.f_code.co_name}")


@asynccontextmanager
async def tracing(crashing: Crashing):
    """Within the block the loop's thread, and the one of plain code, are traced."""
    before = sys.gettrace()
    await sync_to_async(sys.settrace)(crashing)
    sys.settrace(crashing)
    try:
        yield
    finally:
        sys.settrace(before)
        await sync_to_async(sys.settrace)(None)


class Reports(logging.Handler):
    """What Django would mail about the errors that it logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note each variable that the report shows, after its function."""
        reporter = ExceptionReporter(record.request, *record.exc_info)
        for frame in reporter.get_traceback_frames():
            for name, value in frame["vars"]:
                self.lines.append(f"{frame['function']}: {name} = {pprint(value)}")
        posted = reporter.filter.get_post_parameters(record.request)
        self.lines.append(f"POST: {dict(posted.lists())}")
        files = record.request.FILES.lists()
        self.lines += [f"FILES: {name} = {pprint(found)}" for name, found in files]
        self.lines += [f"error: {error!s}" for error in _chain(record.exc_info[1])]


def _chain(error: BaseException | None):
    """Yield an error and those before it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.fixture
def reports(monkeypatch):
    """The lines of what Django would report."""
    handler = Reports()
    logger = logging.getLogger("django.request")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [handler])
    return handler.lines


Ask = Callable[[], Awaitable[Any]]


async def a_first_form(visitor) -> Ask:
    """A newcomer's form, as a browser sends it."""

    def ask():
        visitor.client = AsyncClient(raise_request_exception=False)
        return visitor.post_page(START, {"text": SECRET, "language": "es"})

    return ask


async def a_form_with_a_key(visitor) -> Ask:
    """A form by htmx, on a page with a table."""
    await visitor.start("web_echo", text="a", language="es")
    data = {"text": SECRET, "language": "es", "key": "k"}
    headers = {"Ephemeral-Tasks-Tables": "ephemeral-tasks;live"}
    return lambda: visitor.post_htmx(START, data, **headers)


async def a_json(visitor) -> Ask:
    """A program's JSON."""
    await visitor.start("web_echo", text="a", language="es")
    return lambda: visitor.post_json(START, {"text": SECRET, "language": "es"})


async def a_refused_form(visitor) -> Ask:
    """A form by htmx that is shown again."""
    return lambda: visitor.post_htmx(START, {"text": SECRET, "language": "xx"})


async def a_refused_page(visitor) -> Ask:
    """A form by a browser that is shown again."""
    return lambda: visitor.post_page(START, {"text": SECRET, "language": "xx"})


async def a_refused_json(visitor) -> Ask:
    """JSON whose errors quote what was sent."""
    return lambda: visitor.post_json(START, {"text": "a", "language": SECRET})


async def a_broken_json(visitor) -> Ask:
    """JSON that cannot be parsed."""
    return lambda: visitor.post_json(START, f'{{"text": "{SECRET}"')


async def a_file(visitor) -> Ask:
    """A file in a form."""

    def ask():
        upload = SimpleUploadedFile("a.txt", SECRET.encode())
        return visitor.post("/tasks/start/web_upload/", {"document": upload})

    return ask


async def result_url(visitor) -> str:
    """Where a result is that holds what the visitor wrote."""
    tasks.results["r"] = {"text": SECRET}
    row = await visitor.start("web_give", name="r")
    await visitor.until_status("SUCCESSFUL")
    return f"/tasks/{row['id']}/result/"


async def a_result_page(visitor) -> Ask:
    """A result, for a browser."""
    url = await result_url(visitor)
    return lambda: visitor.get_page(url)


async def a_result_fragment(visitor) -> Ask:
    """A result, for htmx."""
    url = await result_url(visitor)
    return lambda: visitor.get_htmx(url)


async def a_result_as_json(visitor) -> Ask:
    """A result, for a program."""
    url = await result_url(visitor)
    return lambda: visitor.get(url)


async def a_large_result(visitor) -> Ask:
    """A result that waits for its turn, as a file."""
    tasks.results["r"] = SECRET * 10_000
    row = await visitor.start("web_give", name="r")
    await visitor.until_status("SUCCESSFUL")
    return lambda: visitor.get(f"/tasks/{row['id']}/result/?download")


async def a_failure(visitor) -> Ask:
    """The sentence of an operation that failed, for a browser."""
    row = await visitor.start("web_say", text=SECRET, language="es")
    await visitor.until_status("FAILED")
    return lambda: visitor.get_page(f"/tasks/{row['id']}/result/")


async def a_failure_as_json(visitor) -> Ask:
    """The sentence of an operation that failed, for a program."""
    row = await visitor.start("web_say", text=SECRET, language="es")
    await visitor.until_status("FAILED")
    return lambda: visitor.get(f"/tasks/{row['id']}/result/")


@pytest.mark.parametrize(
    "prepare",
    [
        a_first_form,
        a_form_with_a_key,
        a_json,
        a_refused_form,
        a_refused_page,
        a_refused_json,
        a_broken_json,
        a_file,
        a_result_page,
        a_result_fragment,
        a_result_as_json,
        a_large_result,
        a_failure,
        a_failure_as_json,
    ],
)
async def test_no_error_report_holds_content(visitor, reports, prepare):
    """Whichever call fails, the report names it and quotes nobody."""
    visitor.client = AsyncClient(raise_request_exception=False)
    counting = Crashing()
    ask = await prepare(visitor)
    async with tracing(counting):
        await ask()
    assert counting.count > 5
    assert reports == []

    for number in range(1, counting.count + 1):
        async with tracing(Crashing(number)):
            await ask()

    assert any("crash in" in line for line in reports)
    leaks = {line for line in reports if SECRET in line}
    assert sorted(leaks) == []


async def test_a_form_that_raises_is_reported_without_its_input(visitor, reports):
    """A site's own form fails in a field or in `clean()`."""
    visitor.client = AsyncClient(raise_request_exception=False)

    upload = SimpleUploadedFile(f"{SECRET}.txt", SECRET.encode())
    data = {"text": "type", "note": SECRET, "file": upload}

    answer = await visitor.post("/tasks/start/web_brittle/", data)

    assert answer.status_code == 500
    assert any(line.startswith("clean: ") for line in reports)
    assert [line for line in reports if SECRET in line] == []


@pytest.mark.parametrize("name", ["result", "result_fragment"])
async def test_a_template_that_raises_is_reported_without_the_result(
    visitor, reports, tmp_path, settings, name
):
    """A site's own template fails once it has shown the result."""
    folder = tmp_path / "ephemeral_tasks" / "web_give"
    folder.mkdir(parents=True)
    (folder / f"{name}.html").write_text('{{ result.text }}{% url "nowhere" %}')
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    url = await result_url(visitor)
    visitor.client.raise_request_exception = False

    ask = visitor.get_page if name == "result" else visitor.get_htmx
    answer = await ask(url)

    assert answer.status_code == 500
    assert any(line.startswith("render: ") for line in reports)
    assert [line for line in reports if SECRET in line] == []


def test_the_search_finds_what_is_not_hidden(reports, rf):
    """A variable of a function that says nothing of it."""

    def careless(text):
        raise Crash(len(text))

    try:
        careless(SECRET)
    except Crash:
        extra = {"request": rf.get("/")}
        logging.getLogger("django.request").exception("failed", extra=extra)

    assert f"careless: text = '{SECRET}'" in reports


class CookieFilter(SafeExceptionReporterFilter):
    """A site's own filter."""

    def get_safe_cookies(self, request):
        """Hide the values of all cookies."""
        return dict.fromkeys(request.COOKIES, "hidden")


def test_a_sites_own_filter_still_applies(rf):
    """Ours hides variables on top of it."""
    request = rf.get("/")
    request.COOKIES["a"] = "b"
    request.exception_reporter_filter = CookieFilter()

    hide_variables(request)

    reports_filter = ExceptionReporter(request, None, None, None).filter
    assert reports_filter.get_safe_cookies(request) == {"a": "hidden"}


@pytest.mark.parametrize("is_debug", [True, False])
def test_variables_are_shown_with_debug_alone(rf, settings, is_debug):
    """As Django's own filter shows what it would hide."""
    settings.DEBUG = is_debug
    request = rf.get("/")
    hide_variables(request)

    try:
        raise Crash(SECRET)
    except Crash as error:
        reporter = ExceptionReporter(request, Crash, error, error.__traceback__)

    [frame] = reporter.get_traceback_frames()
    assert (dict(frame["vars"])["is_debug"] is True) is is_debug
