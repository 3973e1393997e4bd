"""Django's own error reports hold nothing that a visitor wrote or got."""

import logging
from contextlib import suppress

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.defaultfilters import pprint
from django.test import AsyncClient
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from ephemeral_tasks.web.error_reports import hide_variables
from tests.web.crash_cases import CASES, result_url
from tests.web.crashing import SECRET, Crash, Crashing, tracing

pytestmark = pytest.mark.urls("tests.web.urls")


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


@pytest.mark.parametrize("prepare", CASES)
async def test_no_error_report_holds_content(visitor, reports, prepare):
    """Whichever call fails, the report names it and quotes nobody."""
    visitor.client = AsyncClient(raise_request_exception=False)
    noting = Crashing()
    ask = await prepare(visitor)
    async with tracing(noting):
        await ask()
    assert len(noting.places) > 5
    assert reports == []

    for place in noting.places:
        async with tracing(Crashing(place)):
            await ask()

    assert any("crash in" in line for line in reports)
    leaks = {line for line in reports if SECRET in line}
    assert sorted(leaks) == []


async def use_a_socket(visitor, make_socket, place=None, *, is_json):
    """Open the table's socket and submit, as far as it goes; return the places."""
    crashing = Crashing(place)
    socket = make_socket(visitor, is_json=is_json)
    data = {"text": SECRET, "language": "xx"}
    message = {"type": "submit", "task": "web_echo", "data": data}
    with suppress(Crash):  # before the consumer has begun: it is its server's
        async with tracing(crashing):
            if (await socket.connect())[0]:
                first = await socket.receive_output()
                if first["type"] != "websocket.close":
                    await socket.send_json_to(message)
                    await socket.receive_output()
        await socket.disconnect()
    return crashing.places


# The crash may come between a coroutine's making and its start.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("is_json", [True, False], ids=["json", "html"])
async def test_no_log_of_a_socket_holds_content(visitor, make_socket, caplog, is_json):
    """Whichever call fails: neither what was written nor what the rows show."""
    await visitor.start("web_say", text=SECRET, language="es")
    await visitor.until_status("FAILED")
    places = await use_a_socket(visitor, make_socket, is_json=is_json)
    assert len(places) > 20
    caplog.clear()

    for place in places:
        await use_a_socket(visitor, make_socket, place, is_json=is_json)

    lines = [f"{record.getMessage()} {record.exc_text}" for record in caplog.records]
    assert any("Crash" in line for line in lines)
    assert [line for line in lines if SECRET in line] == []
    assert not any(record.exc_info for record in caplog.records)


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
